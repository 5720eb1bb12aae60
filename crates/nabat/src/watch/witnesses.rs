//! The hosts by which Nabat knows whether it sees anything at all.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use nabat_core::alert::{News, Status};
use nabat_core::monitor::Witness;
use nabat_core::time::Timestamp;

use super::alarms;
use crate::probe::Target;
use crate::probe::ping::Ping;

/// What stands for this machine's own router.
const GATEWAY: &str = "gateway";
/// How long a witness may take to answer.
pub(super) const TIMEOUT: Duration = Duration::from_secs(1);

/// The hosts by which Nabat knows whether it sees anything at all. Which router this machine has at a
/// moment is an argument.
#[derive(Debug, Default)]
pub(super) struct Witnesses {
    /// As the configuration names them.
    named: Vec<String>,
    /// Those that can be asked: the gateway counts from when there was one.
    hosts: Vec<String>,
}

impl Witnesses {
    /// Those that are named.
    pub(super) fn named(named: &[String], router: Option<IpAddr>) -> Self {
        let usable = |host: &&String| *host != GATEWAY || router.is_some();
        Self {
            named: named.to_owned(),
            hosts: named.iter().filter(usable).cloned().collect(),
        }
    }

    /// Whether these are those that are named so.
    pub(super) fn are(&self, named: &[String]) -> bool {
        self.named == named
    }

    /// Counts the router in that was not there before, as where Nabat began before its network. Whether
    /// there are more now.
    pub(super) fn grow(&mut self, router: impl FnOnce() -> Option<IpAddr>) -> bool {
        let grows = self.hosts.len() < self.named.len() && router().is_some();
        if grows {
            self.hosts.clone_from(&self.named);
        }
        grows
    }

    /// What each is called, and whether it stands only for the network next to this machine.
    pub(super) fn each(&self, router: Option<IpAddr>) -> Vec<Witness> {
        let witness = |host: &String| {
            let router = router.filter(|_| host == GATEWAY);
            Witness {
                name: router.map_or_else(|| host.clone(), |at| format!("{host} ({at})")),
                link: host == GATEWAY,
            }
        };
        self.hosts.iter().map(witness).collect()
    }

    /// What is to be looked at for each; the router may be another one by now, or none.
    pub(super) fn targets(&self, router: Option<IpAddr>) -> Vec<Option<Arc<Target>>> {
        let target = |host: &String| {
            let host = match host.as_str() {
                GATEWAY => router?.to_string(),
                host => host.to_owned(),
            };
            Some(Arc::new(Target::Ping(Arc::new(Ping::new(host)))))
        };
        self.hosts.iter().map(target).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_router_counts_from_when_there_is_one_and_does_not_answer_when_there_is_none() {
        let router: Option<IpAddr> = Some([10, 0, 0, 1].into());
        let named = [GATEWAY.to_owned(), "one.example".to_owned()];
        let mut witnesses = Witnesses::named(&named, None);
        let names = |witnesses: &Witnesses, router| {
            let each = witnesses.each(router).into_iter();
            each.map(|witness| witness.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&witnesses, None), ["one.example"]);
        assert!(!witnesses.grow(|| None));
        assert!(witnesses.grow(|| router));
        assert!(!witnesses.grow(|| router), "once");
        assert_eq!(
            names(&witnesses, router),
            ["gateway (10.0.0.1)", "one.example"]
        );
        let asked = |router| {
            witnesses
                .targets(router)
                .iter()
                .map(Option::is_some)
                .collect()
        };
        let (there, gone): (Vec<bool>, Vec<bool>) = (asked(router), asked(None));
        assert_eq!((there, gone), (vec![true, true], vec![false, true]));
    }
}
