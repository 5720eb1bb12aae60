//! The decisions of Nabat: data in, decisions out.
//!
//! Nothing here reads a clock, waits, draws a random number, opens a socket or knows a database.
//! Time and randomness are arguments, so that a test can live through a week in a millisecond.
//!
//! In reading order: [`time`], [`alert`], [`incident`], [`matcher`], [`subscription`].
#![warn(missing_docs)]

pub mod alert;
pub mod chat;
pub mod incident;
pub mod matcher;
pub mod message;
pub mod subscription;
pub mod time;
