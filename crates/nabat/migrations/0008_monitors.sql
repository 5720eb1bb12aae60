-- What Nabat watches by itself. `state` is what is known of a monitor, in JSON.
CREATE TABLE monitors (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    origin     TEXT NOT NULL,
    definition TEXT NOT NULL,
    key        TEXT UNIQUE,
    made_at    INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    state      TEXT
) STRICT;

-- From `at` on a monitor has this status, until its next edge.
CREATE TABLE edges (
    monitor INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    status  TEXT NOT NULL,
    words   TEXT NOT NULL,
    PRIMARY KEY (monitor, at)
) STRICT, WITHOUT ROWID;

-- The last signs of life of heartbeats.
CREATE TABLE pings (
    monitor     INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    said        TEXT NOT NULL,
    took_millis INTEGER,
    came_from   TEXT NOT NULL,
    body        TEXT NOT NULL,
    PRIMARY KEY (monitor, number)
) STRICT, WITHOUT ROWID;

-- Up to when monitors have been watched.
CREATE TABLE watched (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    until INTEGER NOT NULL
) STRICT;
