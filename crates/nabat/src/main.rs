//! The `nabat` command.
fn main() {}
