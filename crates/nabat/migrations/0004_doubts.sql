-- Whether a destination may have seen a message of an incident that is held back now, although
-- nothing was told for sure.
ALTER TABLE ledger ADD COLUMN maybe INTEGER NOT NULL DEFAULT 0;
