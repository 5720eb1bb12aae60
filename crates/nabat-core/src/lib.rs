//! The decisions of Nabat: data in, decisions out.
#![warn(missing_docs)]
