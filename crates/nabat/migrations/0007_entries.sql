-- What happened to incidents beside their beginning and their end, for the history.
CREATE TABLE entries (
    incident INTEGER NOT NULL,
    id       INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    what     TEXT NOT NULL,
    PRIMARY KEY (incident, id)
) STRICT, WITHOUT ROWID;
