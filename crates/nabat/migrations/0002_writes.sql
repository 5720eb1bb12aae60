-- How many transactions were written under the lease: by it the loss of the last ones is noticed.
ALTER TABLE leases ADD COLUMN writes INTEGER NOT NULL DEFAULT 0;
