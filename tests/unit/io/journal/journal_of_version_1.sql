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
    elapsed_s REAL NOT NULL DEFAULT 0,  -- time spent running, over all sessions
    is_dormant INTEGER NOT NULL DEFAULT 0  -- nobody has asked this coordinator to go on with it
);

CREATE TABLE IF NOT EXISTS domains (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    robots_text TEXT,
    robots_at REAL,
    crawl_delay_s REAL,
    cool_until REAL,
    cool_reason TEXT,
    n_blocks INTEGER NOT NULL DEFAULT 0,
    last_fetch_at REAL
);

CREATE TABLE IF NOT EXISTS items (
    id INTEGER PRIMARY KEY,
    batch INTEGER NOT NULL,
    line INTEGER NOT NULL,
    domain INTEGER NOT NULL,
    url TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    fetch_url TEXT,                     -- where redirects have led, if anywhere
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 1,
    n_lost INTEGER NOT NULL DEFAULT 0,
    n_hops INTEGER NOT NULL DEFAULT 0,
    due_at REAL,
    snoozed_since REAL,
    reason TEXT,
    part TEXT                           -- the part that has its row
);
CREATE UNIQUE INDEX IF NOT EXISTS items_fingerprint ON items (batch, fingerprint);
CREATE INDEX IF NOT EXISTS items_lane ON items (batch, domain, id);

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
