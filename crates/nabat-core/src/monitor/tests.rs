//! What is decided of monitors.

mod table;
