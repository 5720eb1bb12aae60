//! The emulator as a client sees it, over real HTTP.
#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on panics, in its helpers too"
)]

mod chats;
mod control;
mod faults;
mod messages;
mod polling;
mod world;
