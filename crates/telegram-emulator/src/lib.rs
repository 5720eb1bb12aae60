//! The Telegram Bot API as it behaves, stricter than the original: for tests and for `nabat demo`.
//!
//! [`Emulator::start`] serves the Bot API, a control API and a chat page on one port of the loopback interface. The
//! handle makes bots, people and groups, lets people write and press buttons, shows what the bots did, and orders
//! faults. In reading order: `model` and `world` are what exists; `api` is what bots may do; `schema`, `html`,
//! `keyboard` and `limits` are what requests are measured by; `server` is the wire.
//!
//! It keeps everything in memory and checks nothing about who uses the control API: never expose it.
#![warn(missing_docs)]

mod api;
mod control;
mod detect;
mod emulator;
mod faults;
mod html;
mod image;
mod keyboard;
mod limits;
mod model;
mod page;
mod refusal;
mod request;
mod schema;
mod server;
mod updates;
mod webhook;
mod wire;
mod world;

pub use emulator::{Emulator, Settings, TimedOut};
pub use faults::{Fault, FaultKind, Filter};
pub use html::{Entity, text_of};
pub use limits::Limits;
pub use model::{
    ANONYMOUS, BotInfo, Button, CallbackAnswer, Command, File, Message, Place, Request, Status,
    User,
};
pub use schema::describes;
pub use world::WorldError;
