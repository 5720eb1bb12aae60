-- Answers of the API that are given again to whoever sends the same request with the same key.
-- `asker` and `print` are SHA-256s: of a token with what it may do, and of a request.
CREATE TABLE given (
    number INTEGER PRIMARY KEY,
    asker  BLOB NOT NULL,
    key    TEXT NOT NULL,
    print  BLOB NOT NULL,
    at     INTEGER NOT NULL,
    status INTEGER NOT NULL,
    body   BLOB NOT NULL,
    UNIQUE (asker, key)
) STRICT;
