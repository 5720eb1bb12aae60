//! `cargo xtask bench`: the same load on Nabat and on Alertmanager, in one run on one machine.
//!
//! Each [`Part`] measures one thing and starts the program anew for it. The rounds alternate
//! between the two programs, so that a busy machine hurts both; the table shows medians. A part
//! in which something goes wrong, or in which alerts are not shown that were posted, gives no
//! figures and is named at the end. Nabat has every alert on disk before it answers, Alertmanager
//! keeps alerts in memory: what it costs to take them must be read so.
//!
//! Where both can do the same, both are given the same `alertmanager.yml` and are talked to in the
//! same API; only what Nabat alone has, or does in another way, is asked of it in its own way.

mod alerts;
mod api;
mod blackbox;
mod build;
mod cost;
pub(crate) mod door;
mod figures;
mod groups;
mod http;
mod inhibition;
mod intake;
mod latency;
mod load;
mod options;
mod pace;
mod pings;
mod reads;
mod routes;
pub(crate) mod server;
mod setting;
mod shown;
mod sink;
mod stored;
mod storm;
mod subject;
mod table;
mod watch;
mod webhooks;

use anyhow::{Result, ensure};

use figures::Figures;
use options::Options;
use subject::Subject;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Api,
    Reads,
    Routes,
    Groups,
    Inhibition,
    Webhooks,
    Intake,
    Stored,
    Latency,
    Pace,
    Storm,
    Pings,
    Watch,
}

impl Part {
    pub(crate) const ALL: [Self; 13] = [
        Self::Api,
        Self::Reads,
        Self::Routes,
        Self::Groups,
        Self::Inhibition,
        Self::Webhooks,
        Self::Intake,
        Self::Stored,
        Self::Latency,
        Self::Pace,
        Self::Storm,
        Self::Pings,
        Self::Watch,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Reads => "reads",
            Self::Routes => "routes",
            Self::Groups => "groups",
            Self::Inhibition => "inhibition",
            Self::Webhooks => "webhooks",
            Self::Intake => "intake",
            Self::Stored => "stored",
            Self::Latency => "latency",
            Self::Pace => "pace",
            Self::Storm => "storm",
            Self::Pings => "pings",
            Self::Watch => "watch",
        }
    }

    fn measure(self, subject: &Subject, options: &Options, figures: &mut Figures) -> Result<()> {
        match self {
            Self::Api => api::measure(subject, options, figures),
            Self::Reads => reads::measure(subject, options, figures),
            Self::Routes => routes::measure(subject, options, figures),
            Self::Groups => groups::measure(subject, options, figures),
            Self::Inhibition => inhibition::measure(subject, options, figures),
            Self::Webhooks => webhooks::measure(subject, options, figures),
            Self::Intake => intake::measure(subject, options, figures),
            Self::Stored => stored::measure(subject, options, figures),
            Self::Latency => latency::measure(subject, options, figures),
            Self::Pace => pace::measure(subject, figures),
            Self::Storm => storm::measure(subject, options, figures),
            Self::Pings => pings::measure(subject, figures),
            Self::Watch => watch::measure(subject, figures),
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
    let mut problems = Vec::new();
    for round in 1..=options.rounds {
        for (subject, of_subject) in subjects.iter().zip(&mut rounds) {
            for part in &options.parts {
                let (rounds, subject_name) = (options.rounds, subject.name());
                let what = format!("round {round} of {rounds}: {subject_name}, {}", part.name());
                println!("{what}");
                let mut figures = Figures::default();
                match part.measure(subject, &options, &mut figures) {
                    Ok(()) => of_subject.push(figures),
                    Err(error) => problems.push(format!("{what}: {error:#}")),
                }
            }
        }
    }
    table::print(&subjects, &rounds, &options);
    ensure!(
        problems.is_empty(),
        "without the figures of\n{}",
        problems.join("\n")
    );
    Ok(())
}
