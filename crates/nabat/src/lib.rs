//! The program: everything that touches the world.

pub mod bot;
pub mod channel;
pub mod clock;
pub mod config;
pub mod engine;
pub mod store;
