-- Whether `expires_at` is only how long Nabat waits for a source that gave no end.
ALTER TABLE incidents ADD COLUMN presumed INTEGER NOT NULL DEFAULT 0;
