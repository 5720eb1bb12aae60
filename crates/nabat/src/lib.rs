//! The program: everything that touches the world.

pub mod app;
pub mod blackbox;
pub mod bot;
pub mod channel;
pub mod cli;
pub mod clock;
pub mod config;
pub mod courier;
pub mod engine;
pub mod intake;
pub mod lifecycle;
pub mod metrics;
pub mod probe;
pub mod samples;
pub mod state_log;
pub mod store;
pub mod telemetry;
pub mod watch;
pub mod web;
