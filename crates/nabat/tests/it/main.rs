//! Nabat from outside: real programs that talk over 127.0.0.1, and nothing of ours replaced
//! by a stand-in.
//!
//! There is one test binary, because each further one is linked with everything again.
//! [`world`] starts and stops what a test needs. The modules say `cfg(test)`, though nothing
//! else is ever built here, because clippy lets only such code `unwrap`.

#[cfg(test)]
mod api_v2;
#[cfg(test)]
mod blackbox;
#[cfg(test)]
mod bots;
#[cfg(test)]
mod chain;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod deliveries;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod email;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod health;
#[cfg(test)]
mod hold;
#[cfg(test)]
mod incidents;
#[cfg(test)]
mod intake;
#[cfg(test)]
mod monitors;
#[cfg(test)]
mod names;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod ping;
#[cfg(test)]
mod probes;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod reach;
#[cfg(test)]
mod receivers;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod rest;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod silences;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod swap;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod webhook;
#[cfg(test)]
mod world;
