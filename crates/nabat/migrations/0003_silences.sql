-- What there is to know of silences that are to come, that are over, that programs made, that come
-- again. Those of before were active from the moment at which they were made.
ALTER TABLE silences ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE silences ADD COLUMN annotations TEXT NOT NULL DEFAULT '{}';
ALTER TABLE silences ADD COLUMN until_resolved INTEGER NOT NULL DEFAULT 0;
ALTER TABLE silences ADD COLUMN phase TEXT NOT NULL DEFAULT 'active'
    CHECK (phase = 'pending' OR phase = 'active' OR phase = 'expired');
-- If it is active: incidents with a greater number opened since it was.
ALTER TABLE silences ADD COLUMN since INTEGER;
ALTER TABLE silences ADD COLUMN origin TEXT NOT NULL DEFAULT '"api"';
UPDATE silences SET updated_at = starts_at, since = id;
