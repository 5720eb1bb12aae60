//! The decisions of Nabat: data in, decisions out.
//!
//! Nothing here reads a clock, waits, draws a random number, opens a socket or knows a database.
//! Time and randomness are arguments, so that a test can live through a week in a millisecond.
//!
//! In reading order: [`time`], [`alert`], [`incident`], [`message`].
#![warn(missing_docs)]

pub mod alert;
pub mod card;
pub mod change;
pub mod chat;
pub mod command;
pub mod delivery;
pub mod engine;
pub mod incident;
pub mod message;
pub mod time;
