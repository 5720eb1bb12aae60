//! Stories of alerts and of people, told by the real program to the emulated Telegram.

mod alerts;
mod chats;
mod commands;
mod monitors;
mod people;
mod routed;
mod silences;
mod subscriptions;
