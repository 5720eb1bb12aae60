-- Bots that are not of the configuration: their tokens came in by the API.
CREATE TABLE bots (
    id       INTEGER PRIMARY KEY,
    username TEXT NOT NULL,
    token    TEXT NOT NULL,
    made_at  INTEGER NOT NULL
) STRICT;

-- The monitor of which the chat is the own one: the subscription goes with it.
ALTER TABLE subscriptions ADD COLUMN monitor INTEGER;
