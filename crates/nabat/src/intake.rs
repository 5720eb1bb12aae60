//! The ways in: what others send is checked here and becomes news for the engine.

pub mod access;
pub mod alertmanager;
pub mod parts;
pub mod prometheus;
