-- The catalogue. It is rebuilt from the journal and the parts where this file is of another version.
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Batches as far as their results are in the catalogue.
CREATE TABLE batches (
    number INTEGER PRIMARY KEY,
    batch_id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    finished_at REAL                    -- its end, once all of its results were read
);

-- The newest version of every set, for each user who has it in a batch of theirs.
CREATE TABLE sets (
    id INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    source_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    is_newest INTEGER NOT NULL,         -- no other user has a newer version
    seq INTEGER NOT NULL,               -- the number of the result
    batch INTEGER NOT NULL,
    item_id INTEGER NOT NULL,
    set_index INTEGER NOT NULL,
    url TEXT NOT NULL,
    title TEXT NOT NULL,
    date TEXT,
    djs TEXT NOT NULL,                  -- JSON
    sources TEXT NOT NULL,              -- JSON
    quality REAL,
    issues TEXT NOT NULL,               -- JSON: their names, without numbers
    track_count INTEGER NOT NULL,
    identified_count INTEGER NOT NULL,
    cued_count INTEGER NOT NULL,
    parser TEXT NOT NULL,
    fetched_at REAL,
    digest BLOB NOT NULL,               -- of the content
    n_versions INTEGER NOT NULL DEFAULT 1,
    n_changes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (site, source_id, owner)
);
CREATE INDEX sets_batch ON sets (batch);

-- What a search counts by: a narrow copy, because a count of 100,000 sets reads each of them.
CREATE TABLE facets (id INTEGER PRIMARY KEY, owner TEXT NOT NULL, is_newest INTEGER NOT NULL, date TEXT, quality REAL);
CREATE TRIGGER facets_of_new AFTER INSERT ON sets BEGIN
    INSERT INTO facets VALUES (new.id, new.owner, new.is_newest, new.date, new.quality);
END;
CREATE TRIGGER facets_of_changed AFTER UPDATE OF is_newest, date, quality ON sets BEGIN
    UPDATE facets SET is_newest = new.is_newest, date = new.date, quality = new.quality WHERE id = new.id;
END;

-- What two versions are compared by, compressed (content.py).
CREATE TABLE contents (set_id INTEGER PRIMARY KEY, content BLOB NOT NULL);

-- Sets, their quality and their issues, counted: of all newest versions, of a user's, of a batch's (tally.py).
CREATE TABLE tallies (scope TEXT NOT NULL, name TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (scope, name)) WITHOUT ROWID;

CREATE TABLE versions (
    set_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    set_index INTEGER NOT NULL,
    batch INTEGER NOT NULL,
    item_id INTEGER NOT NULL,
    parser TEXT NOT NULL,
    fetched_at REAL,
    digest BLOB NOT NULL,
    quality REAL,
    track_count INTEGER NOT NULL,
    identified_count INTEGER NOT NULL,
    cued_count INTEGER NOT NULL,
    PRIMARY KEY (set_id, seq, set_index)
) WITHOUT ROWID;

CREATE TABLE changes (
    seq INTEGER PRIMARY KEY,            -- grows for ever, and is the same after a rebuild: the result's number and a place
    set_id INTEGER NOT NULL,
    batch INTEGER NOT NULL,             -- of the newer version
    kind TEXT NOT NULL,
    cause TEXT NOT NULL,
    index_before INTEGER,
    index_after INTEGER,
    artist TEXT NOT NULL,
    title TEXT NOT NULL,
    cue_s REAL,
    before TEXT,
    after TEXT,
    parser_before TEXT NOT NULL,
    parser TEXT NOT NULL,
    changed_at REAL                     -- when the newer version was fetched
);
CREATE INDEX changes_set ON changes (set_id, seq);

-- Results that could not be read: they are tried again.
CREATE TABLE unread (seq INTEGER PRIMARY KEY, batch INTEGER NOT NULL, item_id INTEGER NOT NULL, reason TEXT NOT NULL);

CREATE VIRTUAL TABLE words USING fts5 (
    title, djs, artists, tracks, labels, sources, content = '', tokenize = 'unicode61 remove_diacritics 2'
);

-- What sets of different sites are compared by (tlray.core.linking) …
CREATE TABLE performances (
    set_id INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    day INTEGER,
    djs TEXT NOT NULL,                  -- JSON
    places TEXT NOT NULL,               -- JSON
    numbered TEXT NOT NULL,             -- JSON
    tracks BLOB NOT NULL                -- 32 bits each
);

-- … where their candidates are looked for: new rows, recent ones, and all others (block_index.py) …
CREATE TABLE blocks_new (block INTEGER NOT NULL, set_id INTEGER NOT NULL, PRIMARY KEY (block, set_id)) WITHOUT ROWID;
CREATE TABLE blocks_recent (block INTEGER NOT NULL, set_id INTEGER NOT NULL, PRIMARY KEY (block, set_id)) WITHOUT ROWID;
CREATE TABLE blocks (block INTEGER NOT NULL, set_id INTEGER NOT NULL, PRIMARY KEY (block, set_id)) WITHOUT ROWID;

-- … and those that may be the same performance, each pair in both directions. Reasons and groups are derived when they are asked
-- for: the groups depend on whose sets are looked at.
CREATE TABLE links (
    one INTEGER NOT NULL, other INTEGER NOT NULL, score REAL NOT NULL, PRIMARY KEY (one, other)
) WITHOUT ROWID;
