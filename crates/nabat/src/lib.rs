//! The program: everything that touches the world.

pub mod channel;
pub mod store;
