//! The decisions of Nabat: data in, decisions out.
//!
//! Nothing here reads a clock, waits, draws a random number, opens a socket or knows a database.
//! Time and randomness are arguments, so that a test can live through a week in a millisecond.
//!
//! In reading order: [`time`], [`alert`], [`incident`]; [`matcher`], [`subscription`]; [`chat`],
//! [`command`], [`message`]; [`card`], [`delivery`], [`history`]; [`engine`], which puts them together, and
//! [`change`], what it asks the store to keep; and beside it [`monitor`], what Nabat watches by itself.
#![warn(missing_docs)]

pub mod alert;
pub mod card;
pub mod change;
pub mod chat;
pub mod command;
pub mod cron;
pub mod delivery;
pub mod destination;
pub mod engine;
pub mod history;
pub mod incident;
pub mod inhibition;
pub mod listed;
pub mod matcher;
pub mod message;
pub mod monitor;
pub mod notification;
pub mod route;
pub(crate) mod shards;
pub(crate) mod sieve;
pub mod silence;
pub mod subscription;
pub mod time;
pub mod time_interval;
pub mod token;
