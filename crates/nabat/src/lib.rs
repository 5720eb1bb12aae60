//! The program: everything that touches the world.

pub mod channel;
pub mod clock;
pub mod config;
pub mod courier;
pub mod engine;
pub mod intake;
pub mod metrics;
pub mod store;
