-- Samples that no chunk holds yet, as they came: what a start begins with.
CREATE TABLE journal (
    number  INTEGER PRIMARY KEY,
    hour    INTEGER NOT NULL,
    samples BLOB NOT NULL
) STRICT;

-- `number` counts the hours or days of UTC since 1970. It comes first: what is written at the same
-- time lies side by side, and what goes at the same time too.
CREATE TABLE chunks (
    number  INTEGER NOT NULL,
    monitor INTEGER NOT NULL,
    samples BLOB NOT NULL,
    PRIMARY KEY (number, monitor)
) STRICT, WITHOUT ROWID;

-- Latencies in microseconds.
CREATE TABLE hours (
    number   INTEGER NOT NULL,
    monitor  INTEGER NOT NULL,
    up       INTEGER NOT NULL,
    degraded INTEGER NOT NULL,
    down     INTEGER NOT NULL,
    unknown  INTEGER NOT NULL,
    loss     REAL,
    min      INTEGER,
    max      INTEGER,
    mean     INTEGER,
    p50      INTEGER,
    p95      INTEGER,
    p99      INTEGER,
    PRIMARY KEY (number, monitor)
) STRICT, WITHOUT ROWID;

CREATE TABLE days (
    number   INTEGER NOT NULL,
    monitor  INTEGER NOT NULL,
    up       INTEGER NOT NULL,
    degraded INTEGER NOT NULL,
    down     INTEGER NOT NULL,
    unknown  INTEGER NOT NULL,
    loss     REAL,
    min      INTEGER,
    max      INTEGER,
    mean     INTEGER,
    p50      INTEGER,
    p95      INTEGER,
    p99      INTEGER,
    PRIMARY KEY (number, monitor)
) STRICT, WITHOUT ROWID;

-- Days of which an hour was sealed since they were summed up.
CREATE TABLE days_due (
    number INTEGER PRIMARY KEY
) STRICT;
