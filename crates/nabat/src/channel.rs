//! The places messages go to, one module per kind.

pub mod telegram;
