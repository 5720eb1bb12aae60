//! The emulator as a client sees it, over real HTTP.

mod chats;
mod control;
mod faults;
mod messages;
mod polling;
mod world;
