//! The hosts by which Nabat knows whether it sees anything at all.

use std::sync::Arc;
use std::time::Duration;

use nabat_core::alert::{News, Status};
use nabat_core::monitor::Witness;
use nabat_core::time::Timestamp;

use super::{alarms, gateway};
use crate::probe::Target;
use crate::probe::ping::Ping;

/// What stands for this machine's own router.
const GATEWAY: &str = "gateway";
/// How long a witness may take to answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(1);

/// The hosts by which Nabat knows whether it sees anything at all.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Witnesses {
    hosts: Vec<String>,
}

impl Witnesses {
    /// Those that are named; `gateway` counts if there is one.
    pub(super) fn named(named: &[String]) -> Self {
        let usable = |host: &&String| *host != GATEWAY || gateway::gateway().is_some();
        Self {
            hosts: named.iter().filter(usable).cloned().collect(),
        }
    }

    /// What each is called, and whether it stands only for the network next to this machine.
    pub(super) fn each(&self) -> Vec<Witness> {
        let witness = |host: &String| {
            let router = gateway::gateway().filter(|_| host == GATEWAY);
            Witness {
                name: router.map_or_else(|| host.clone(), |at| format!("{host} ({at})")),
                link: host == GATEWAY,
            }
        };
        self.hosts.iter().map(witness).collect()
    }

    /// What is to be looked at for each; the router may be another one by now.
    pub(super) fn targets(&self) -> Vec<(usize, Arc<Target>)> {
        let target = |(index, host): (usize, &String)| {
            let host = match host.as_str() {
                GATEWAY => gateway::gateway()?.to_string(),
                host => host.to_owned(),
            };
            Some((index, Arc::new(Target::Ping(Arc::new(Ping::new(host))))))
        };
        self.hosts.iter().enumerate().filter_map(target).collect()
    }

    /// The alert that none of them answers.
    pub(super) fn blind(&self, since: Timestamp) -> News {
        let words = format!(
            "none of the witnesses ({}) answers since {}: what fails meanwhile is unknown",
            self.hosts.join(", "),
            since.to_minute()
        );
        let firing = Status::Firing { expires: None };
        let words = Some(("description", words.as_str()));
        News {
            starts_at: Some(since),
            ..News::about_itself(alarms::BLIND, &[], words, firing)
        }
    }
}
