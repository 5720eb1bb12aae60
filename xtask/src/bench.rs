//! `cargo xtask bench`: the same load on Nabat and on Alertmanager, in one run on one machine.
//!
//! What is compared: how fast alerts are taken in, how long one takes from the POST to the
//! message at Telegram, memory, start-up. The rounds alternate between the two programs, so
//! that a busy machine hurts both; the table shows medians. Nabat has every alert on disk
//! before it answers, Alertmanager keeps alerts in memory: the intake figures must be read so.

mod alerts;
mod http;
mod intake;
mod latency;
mod options;
mod server;
mod sink;
mod subject;
mod table;

use anyhow::Result;

use options::Options;
use sink::Sink;
use subject::{Audience, Subject};

/// What one round on one program measured.
pub(crate) struct Figures {
    startup_ms: f64,
    idle_mib: f64,
    fresh: intake::Figures,
    repeated: intake::Figures,
    loaded_mib: f64,
    latency: latency::Figures,
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let Some(options) = Options::parse(args)? else {
        print!("{}", options::USAGE);
        return Ok(());
    };
    let subjects = options.subjects()?;
    let mut rounds: Vec<Vec<Figures>> = subjects.iter().map(|_| Vec::new()).collect();
    for round in 1..=options.rounds {
        for (subject, figures) in subjects.iter().zip(&mut rounds) {
            println!("round {round} of {}: {}", options.rounds, subject.name());
            figures.push(measure(subject, &options)?);
        }
    }
    table::print(&subjects, &rounds, &options);
    Ok(())
}

/// Two lives of the program: one without anybody to tell, for the intake alone, and one that
/// tells every alert to a chat.
fn measure(subject: &Subject, options: &Options) -> Result<Figures> {
    let sink = Sink::start()?;
    let server = subject.start(&sink, Audience::Nobody)?;
    let (startup_ms, idle_mib) = (server.startup_ms, server.memory_mib()?);
    let fresh = intake::measure(&server, subject, options, intake::Pass::Fresh)?;
    let repeated = intake::measure(&server, subject, options, intake::Pass::Repeated)?;
    let loaded_mib = server.memory_mib()?;
    drop(server);
    // A new one: on the old one the program that was just killed still waits for updates.
    let sink = Sink::start()?;
    let server = subject.start(&sink, Audience::Chats)?;
    let latency = latency::measure(&server, subject, &sink, options)?;
    Ok(Figures {
        startup_ms,
        idle_mib,
        fresh,
        repeated,
        loaded_mib,
        latency,
    })
}
