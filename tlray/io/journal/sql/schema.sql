-- The journal: what must survive. Moments are seconds since the epoch (wall clock).
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS batches (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    batch_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    priority INTEGER NOT NULL,
    options TEXT NOT NULL,              -- JSON: manners, attempts, what is kept
    request_key TEXT UNIQUE,            -- the submitter's own id of this submission: repeated, it makes no second batch
    created_at REAL NOT NULL,
    finished_at REAL,
    n_duplicates INTEGER NOT NULL DEFAULT 0,
    n_rejected INTEGER NOT NULL DEFAULT 0,
    n_sets INTEGER NOT NULL DEFAULT 0,
    n_tracks INTEGER NOT NULL DEFAULT 0,
    n_retries INTEGER NOT NULL DEFAULT 0,
    n_blocked INTEGER NOT NULL DEFAULT 0,
    n_answered INTEGER NOT NULL DEFAULT 0, -- items that results of other batches answered
    elapsed_s REAL NOT NULL DEFAULT 0,  -- time spent running, over all sessions
    is_dormant INTEGER NOT NULL DEFAULT 0, -- nobody has asked this coordinator to go on with it
    owner TEXT NOT NULL DEFAULT '',        -- whose it is; '' where nobody is asked
    counts TEXT,                           -- JSON: items by state, when it was finished
    version INTEGER NOT NULL DEFAULT 1,    -- of its last snapshot, when it was finished
    first_item INTEGER,                    -- its items lie between these two ids, others' maybe too
    last_item INTEGER,
    n_items INTEGER,                       -- so many items the list made, and pages that list sets; one that is missing is noticed
    n_found INTEGER NOT NULL DEFAULT 0,    -- sets that pages of lists have added
    n_lists INTEGER NOT NULL DEFAULT 0     -- further pages of lists that they have added
);

CREATE INDEX IF NOT EXISTS batches_owner ON batches (owner);

CREATE TABLE IF NOT EXISTS domains (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    robots_text TEXT,
    robots_at REAL,
    crawl_delay_s REAL,
    cool_until REAL,
    cool_reason TEXT,
    n_blocks INTEGER NOT NULL DEFAULT 0,
    last_fetch_at REAL,
    set_rate REAL,                      -- what a person has set for it: fetches a second,
    set_concurrency INTEGER,            -- fetches at once,
    is_paused INTEGER NOT NULL DEFAULT 0, -- nothing of it is leased
    used_in INTEGER                     -- the last incarnation that may have fetched from it
);

-- The last rests of each domain (io/journal/sql/domains.py).
CREATE TABLE IF NOT EXISTS rests (
    id INTEGER PRIMARY KEY,
    domain INTEGER NOT NULL,
    began_at REAL NOT NULL,
    until REAL NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS rests_domain ON rests (domain, id);

CREATE TABLE IF NOT EXISTS items (
    id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL,
    line INTEGER NOT NULL,
    domain INTEGER NOT NULL,
    url TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    fetch_url TEXT,                     -- where redirects have led, if anywhere; of a file: where it is opened
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 1,
    n_lost INTEGER NOT NULL DEFAULT 0,
    n_hops INTEGER NOT NULL DEFAULT 0,
    due_at REAL,
    snoozed_since REAL,
    reason TEXT,
    part TEXT,                          -- the part that has its row
    from_public INTEGER NOT NULL DEFAULT 0, -- a redirect from a public address led to fetch_url
    fetched_at REAL,                    -- when its page was fetched, by itself or by the item that answers it
    answered_by INTEGER,                -- the item whose fetch gave its row; NULL: its own
    peer TEXT,                          -- the address that gave its page
    done_seq INTEGER,                   -- grows over the home: the order in which items succeeded; NULL: it has no set
    dead_at INTEGER,                    -- when it became a dead letter, in milliseconds; every transaction has a later one
    found_on INTEGER,                   -- the item of the page that lists it; NULL: a line of the list names it
    list_depth INTEGER NOT NULL DEFAULT 0 -- of a page on which a list goes on: 1 more than the pages in a row without a new set
);
CREATE UNIQUE INDEX IF NOT EXISTS items_fingerprint ON items (batch, fingerprint);
CREATE INDEX IF NOT EXISTS items_line ON items (batch, line);
CREATE INDEX IF NOT EXISTS items_lane ON items (batch, domain, id);
CREATE INDEX IF NOT EXISTS items_kept ON items (fingerprint) WHERE state = 'succeeded';
CREATE INDEX IF NOT EXISTS items_dead ON items (fingerprint) WHERE state = 'dead';
CREATE INDEX IF NOT EXISTS items_dead_of ON items (batch, id) WHERE state = 'dead';
CREATE INDEX IF NOT EXISTS items_found ON items (batch, id) WHERE found_on IS NOT NULL;
CREATE INDEX IF NOT EXISTS items_dead_by ON items (batch, domain, reason, dead_at) WHERE state = 'dead';
CREATE INDEX IF NOT EXISTS items_done ON items (batch, done_seq) WHERE done_seq IS NOT NULL;

-- Results whose rows were read again from the archive: the number of the newest reading, from the same count as done_seq.
CREATE TABLE IF NOT EXISTS revisions (
    item INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    seq INTEGER NOT NULL,               -- of an item that was a dead letter: also its done_seq
    PRIMARY KEY (item)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS revisions_seq ON revisions (seq, batch);
CREATE INDEX IF NOT EXISTS revisions_batch ON revisions (batch, seq);

CREATE TABLE IF NOT EXISTS refused_lines (
    batch INTEGER NOT NULL,
    line INTEGER NOT NULL,
    text TEXT NOT NULL,
    reason TEXT NOT NULL,
    first_line INTEGER,                 -- of a duplicate: the line that has the same page
    PRIMARY KEY (batch, line)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS attempts (
    id INTEGER PRIMARY KEY,
    item INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    started_at REAL,
    node TEXT,
    kind TEXT NOT NULL,
    reason TEXT,
    status INTEGER,
    latency_s REAL,
    part TEXT,                          -- where the raw page lies
    raw_offset INTEGER,
    raw_length INTEGER
);
CREATE INDEX IF NOT EXISTS attempts_item ON attempts (item);

CREATE TABLE IF NOT EXISTS parts (
    stem TEXT PRIMARY KEY,
    batch INTEGER NOT NULL,
    n_sets INTEGER NOT NULL,
    n_tracks INTEGER NOT NULL,
    n_bytes INTEGER NOT NULL,
    has_rows INTEGER NOT NULL,
    has_pages INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS parts_batch ON parts (batch);

-- Bearer tokens of the service; of each only the SHA-256.
CREATE TABLE IF NOT EXISTS tokens (
    digest TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,          -- what a person sees of it
    user TEXT NOT NULL,
    scopes TEXT NOT NULL,               -- separated by spaces
    created_at REAL NOT NULL,
    last_used_at REAL,                  -- to the minute
    revoked_at REAL
) WITHOUT ROWID;

-- What was sent under an idempotency key (requests), so that another list under the same key is seen to be another.
CREATE TABLE IF NOT EXISTS requests (request_key TEXT PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID;

-- The pieces of a list that comes in pieces: which lines each had, so that one that comes again is the same.
CREATE TABLE IF NOT EXISTS pieces (
    batch INTEGER NOT NULL,
    piece INTEGER NOT NULL,
    first_line INTEGER NOT NULL,
    n_lines INTEGER NOT NULL,
    n_items INTEGER NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (batch, piece)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS templates (
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    said TEXT NOT NULL,                 -- JSON: URLs, options, defaults
    PRIMARY KEY (owner, name)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS schedules (
    schedule_id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    cron TEXT NOT NULL,
    timezone TEXT NOT NULL,
    overlap TEXT NOT NULL,
    catch_up TEXT NOT NULL,
    is_paused INTEGER NOT NULL DEFAULT 0,
    created_at REAL NOT NULL,
    since REAL NOT NULL,                -- every occurrence up to here is dealt with
    waiting_at REAL,                    -- the occurrence that waits for the end of an earlier one's batch
    last_run_at REAL,
    last_batch TEXT,
    n_runs INTEGER NOT NULL DEFAULT 0,
    n_passed_over INTEGER NOT NULL DEFAULT 0,
    trouble TEXT,                       -- why the last occurrence made no batch
    work TEXT NOT NULL                  -- JSON: what a run submits
);

-- Who is to be told what. Written with the change that it tells of; the same id at every attempt.
CREATE TABLE IF NOT EXISTS notices (
    id INTEGER PRIMARY KEY,
    notice_id TEXT NOT NULL UNIQUE,
    batch INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,              -- what of that kind: a domain, a moment; of each there is one notice
    channel TEXT NOT NULL,
    target TEXT NOT NULL,
    about TEXT NOT NULL,                -- JSON
    state TEXT NOT NULL,
    made_at REAL NOT NULL,
    due_at REAL,                        -- NULL: it is not tried any more
    n_attempts INTEGER NOT NULL DEFAULT 0,
    body TEXT,                          -- what it says; NULL until it is first tried
    UNIQUE (batch, kind, subject, channel)
);
CREATE INDEX IF NOT EXISTS notices_due ON notices (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY,
    notice INTEGER NOT NULL,
    at REAL NOT NULL,
    took_s REAL NOT NULL,
    status INTEGER,
    why TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS deliveries_notice ON deliveries (notice);

CREATE TABLE IF NOT EXISTS webhook_secrets (
    owner TEXT PRIMARY KEY,
    secret TEXT NOT NULL,
    older TEXT,                         -- the one before; it signs too, for a day
    changed_at REAL NOT NULL
) WITHOUT ROWID;

-- Events for a message broker, in the order of their commits; dropped when it has confirmed them (io/journal/sql/events.py).
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, -- part of an event's id: never used twice
    kind TEXT NOT NULL,
    batch INTEGER NOT NULL,
    item INTEGER,
    about TEXT NOT NULL,                -- JSON
    made_at REAL NOT NULL
);

CREATE TRIGGER IF NOT EXISTS events_of_items AFTER UPDATE OF state ON items
WHEN NEW.state IN ('succeeded', 'dead', 'skipped') AND NEW.state != OLD.state
    AND (SELECT CAST(value AS REAL) FROM meta WHERE key = 'events_until') > CAST(strftime('%s', 'now') AS REAL)
BEGIN
    INSERT INTO events (kind, batch, item, about, made_at) VALUES (
        'item.' || NEW.state, NEW.batch, NEW.id, json_object('reason', NEW.reason, 'attempt', NEW.attempt),
        (julianday('now') - 2440587.5) * 86400.0
    );
END;

CREATE TRIGGER IF NOT EXISTS events_of_batches AFTER UPDATE OF state ON batches
WHEN NEW.state NOT IN ('receiving', 'cancelling') AND NEW.state != OLD.state
    AND (SELECT CAST(value AS REAL) FROM meta WHERE key = 'events_until') > CAST(strftime('%s', 'now') AS REAL)
BEGIN
    INSERT INTO events (kind, batch, about, made_at) VALUES (
        'batch.' || NEW.state, NEW.id,
        json_object('counts', json(NEW.counts), 'sets', NEW.n_sets, 'tracks', NEW.n_tracks, 'retries', NEW.n_retries,
            'blocked', NEW.n_blocked, 'duplicates', NEW.n_duplicates, 'rejected', NEW.n_rejected),
        (julianday('now') - 2440587.5) * 86400.0
    );
END;
