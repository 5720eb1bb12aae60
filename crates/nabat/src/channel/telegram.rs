//! Telegram chats as a channel.

pub mod render;
