-- Times are milliseconds since 1970 in UTC; identities are numbers that the engine gives.

-- One life of an alert. Open ones and those a chat must still hear of are kept in memory too.
-- The checks are written with OR: SQLite makes a table of every longer IN list for each row.
CREATE TABLE incidents (
    id          INTEGER PRIMARY KEY,
    revision    INTEGER NOT NULL,
    edition     INTEGER NOT NULL,
    loud        INTEGER NOT NULL,
    flaps       INTEGER NOT NULL,
    fingerprint INTEGER NOT NULL,
    labels      TEXT NOT NULL,
    annotations TEXT NOT NULL,
    links       TEXT NOT NULL,
    group_key   TEXT NOT NULL,
    starts_at   INTEGER NOT NULL,
    opened_at   INTEGER NOT NULL,
    seen_at     INTEGER NOT NULL,
    expires_at  INTEGER,
    acknowledged TEXT,
    state       TEXT NOT NULL CHECK (state = 'firing' OR state = 'stale' OR state = 'ended'),
    ended_at    INTEGER CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
    ending      TEXT CHECK (ending = 'resolved' OR ending = 'expired' OR ending = 'closed')
) STRICT;
CREATE INDEX incidents_open ON incidents (id) WHERE ended_at IS NULL;
CREATE INDEX incidents_ended ON incidents (ended_at) WHERE ended_at IS NOT NULL;

-- Where the bots speak. `topic` is 0 for the chat itself.
CREATE TABLE chats (
    bot             INTEGER NOT NULL,
    chat            INTEGER NOT NULL,
    topic           INTEGER NOT NULL,
    title           TEXT NOT NULL,
    language        TEXT,
    zone            TEXT,
    muted_until     INTEGER,
    disabled_at     INTEGER,
    disabled_reason TEXT,
    PRIMARY KEY (bot, chat, topic)
) STRICT, WITHOUT ROWID;

CREATE TABLE people (
    id    INTEGER PRIMARY KEY,
    name  TEXT NOT NULL,
    role  TEXT NOT NULL CHECK (role IN ('member', 'owner')),
    since INTEGER NOT NULL
) STRICT;

-- Open invitations; the code itself is not kept.
CREATE TABLE invites (
    code_hash  BLOB PRIMARY KEY,
    admits     TEXT NOT NULL CHECK (admits IN ('member', 'owner', 'group')),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE subscriptions (
    id         INTEGER PRIMARY KEY,
    bot        INTEGER NOT NULL,
    chat       INTEGER NOT NULL,
    topic      INTEGER NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('all', 'title', 'labels')),
    text       TEXT NOT NULL,
    created_by INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- What one destination is told of one alert group. A destination is `chat/BOT/CHAT[/TOPIC]` or
-- `integration/NUMBER`; `routed` is there if a route made the card.
CREATE TABLE cards (
    id          INTEGER PRIMARY KEY,
    destination TEXT NOT NULL,
    group_key   TEXT NOT NULL,
    routed      TEXT,
    message_id  INTEGER,
    behind      INTEGER NOT NULL
) STRICT;

-- What a destination has been told of an incident; edition 0: nothing yet.
CREATE TABLE ledger (
    card     INTEGER NOT NULL,
    incident INTEGER NOT NULL,
    edition  INTEGER NOT NULL,
    ended    INTEGER NOT NULL,
    PRIMARY KEY (card, incident)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_by_incident ON ledger (incident);

-- What waits to be sent.
CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY,
    destination TEXT NOT NULL,
    content     TEXT NOT NULL,
    priority    TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    last_error  TEXT
) STRICT;

-- What was sent, given up or dropped: the history of the outbox.
CREATE TABLE deliveries (
    id          INTEGER PRIMARY KEY,
    destination TEXT NOT NULL,
    subject     TEXT NOT NULL,
    priority    TEXT NOT NULL,
    fate        TEXT NOT NULL,
    attempts    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    done_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX deliveries_done ON deliveries (done_at);

-- Attempts that did not go through, with the provider's words.
CREATE TABLE attempts (
    delivery INTEGER NOT NULL,
    number   INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    fate     TEXT NOT NULL,
    words    TEXT NOT NULL,
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;

-- What is not told for a time.
CREATE TABLE silences (
    id         INTEGER PRIMARY KEY,
    matchers   TEXT NOT NULL,
    starts_at  INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    comment    TEXT NOT NULL
) STRICT;

-- How far each bot's updates have been dealt with.
CREATE TABLE offsets (
    bot       INTEGER PRIMARY KEY,
    update_id INTEGER NOT NULL,
    at        INTEGER NOT NULL
) STRICT;

-- No number up to this one is free.
CREATE TABLE numbers (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    used INTEGER NOT NULL
) STRICT;
INSERT INTO numbers VALUES (1, 0);

-- What tells this store from others: it is part of the marks by which receivers know a repeat.
CREATE TABLE instance (
    name TEXT NOT NULL
) STRICT;
INSERT INTO instance VALUES (lower(hex(randomblob(8))));

-- Who may write. A writer carries the epoch it was given; an older one is refused.
CREATE TABLE leases (
    name   TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    epoch  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
