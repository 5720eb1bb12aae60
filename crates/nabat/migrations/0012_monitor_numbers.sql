-- The last number that was given to a monitor: one that is gone leaves its number to nobody.
CREATE TABLE monitor_numbers (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    used INTEGER NOT NULL
) STRICT;
INSERT INTO monitor_numbers SELECT 1, coalesce(max(id), 0) FROM monitors;
