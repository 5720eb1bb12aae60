//! Telegram chats as a channel.
//!
//! `render` turns a message into what the Bot API takes, `client` speaks to it, `outcome` says
//! what a failed call means for the message, `introduction` whether a bot may write in a chat.

pub mod client;
pub mod introduction;
pub mod outcome;
pub mod render;
#[cfg(test)]
pub(crate) mod testing;
