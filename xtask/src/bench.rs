//! `cargo xtask bench`: the same load on Nabat and on Alertmanager, in one run on one machine.
//!
//! Each [`Part`] measures one thing and starts the program anew for it. The rounds alternate
//! between the two programs, so that a busy machine hurts both; the table shows medians. Nabat
//! has every alert on disk before it answers, Alertmanager keeps alerts in memory: the intake
//! figures must be read so.

mod alerts;
mod build;
mod figures;
mod http;
mod intake;
mod latency;
mod load;
mod options;
mod pace;
mod server;
mod sink;
mod stored;
mod storm;
mod subject;
mod table;
mod webhooks;

use anyhow::Result;

use figures::Figures;
use options::Options;
use subject::Subject;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Intake,
    Stored,
    Latency,
    Pace,
    Webhooks,
    Storm,
}

impl Part {
    pub(crate) const ALL: [Self; 6] = [
        Self::Intake,
        Self::Stored,
        Self::Latency,
        Self::Pace,
        Self::Webhooks,
        Self::Storm,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Stored => "stored",
            Self::Latency => "latency",
            Self::Pace => "pace",
            Self::Webhooks => "webhooks",
            Self::Storm => "storm",
        }
    }

    fn measure(self, subject: &Subject, options: &Options, figures: &mut Figures) -> Result<()> {
        match self {
            Self::Intake => intake::measure(subject, options, figures),
            Self::Stored => stored::measure(subject, options, figures),
            Self::Latency => latency::measure(subject, options, figures),
            Self::Pace => pace::measure(subject, figures),
            Self::Webhooks => webhooks::measure(subject, options, figures),
            Self::Storm => storm::measure(subject, options, figures),
        }
    }
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let Some(options) = Options::parse(args)? else {
        print!("{}", options::USAGE);
        return Ok(());
    };
    let subjects = options.subjects()?;
    let mut rounds: Vec<Vec<Figures>> = subjects.iter().map(|_| Vec::new()).collect();
    for round in 1..=options.rounds {
        for (subject, of_subject) in subjects.iter().zip(&mut rounds) {
            let mut figures = Figures::default();
            for part in &options.parts {
                let (rounds, subject_name) = (options.rounds, subject.name());
                println!("round {round} of {rounds}: {subject_name}, {}", part.name());
                part.measure(subject, &options, &mut figures)?;
            }
            of_subject.push(figures);
        }
    }
    table::print(&subjects, &rounds, &options);
    Ok(())
}
