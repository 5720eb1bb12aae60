//! When a route tells nothing new: in the time intervals that mute it, and outside of those in
//! which it is active.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;
use crate::time_interval::TimeInterval;

/// The hours of a route, by the names of its time intervals.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Hours {
    /// It tells nothing new while any of these contains the moment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mute: Vec<Box<str>>,
    /// If there are any, it tells nothing new while none of these contains the moment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub active: Vec<Box<str>>,
}

impl Hours {
    /// Whether the route tells at any time.
    pub fn are_all(&self) -> bool {
        self.mute.is_empty() && self.active.is_empty()
    }
}

/// The time intervals of a configuration by their names; a name stands for several.
#[derive(Debug, Clone, Default)]
pub struct Calendar(HashMap<Box<str>, Vec<TimeInterval>>);

impl FromIterator<(Box<str>, Vec<TimeInterval>)> for Calendar {
    fn from_iter<I: IntoIterator<Item = (Box<str>, Vec<TimeInterval>)>>(named: I) -> Self {
        Self(named.into_iter().collect())
    }
}

impl Calendar {
    /// The names of the time intervals because of which a route with these hours tells nothing new:
    /// those that mute it now, or all in which it would be active. A name that the configuration
    /// has no more holds nothing back.
    pub fn muting<'h>(&self, hours: &'h Hours, now: Timestamp) -> Vec<&'h str> {
        let contains = |name: &&str| {
            let mut intervals = self.0.get(*name).into_iter().flatten();
            intervals.any(|interval| interval.contains(now))
        };
        let mut muting: Vec<&str> = texts(&hours.mute).filter(contains).collect();
        let known = texts(&hours.active).filter(|name| self.0.contains_key(*name));
        let active: Vec<&str> = known.collect();
        if !active.iter().any(contains) {
            muting.extend(active);
        }
        muting
    }

    /// When a route with these hours that tells nothing new now does so again, or `horizon` if it does
    /// not before; `None` if it tells now.
    pub fn muted_until(
        &self,
        hours: &Hours,
        now: Timestamp,
        horizon: Timestamp,
    ) -> Option<Timestamp> {
        let mut at = now;
        while at < horizon && !self.muting(hours, at).is_empty() {
            at = self.steady_until(hours, at, horizon)?;
        }
        (at > now).then_some(at)
    }

    /// Until when [`Calendar::muting`] goes on saying what it says now, at least: `horizon` if
    /// nothing changes before, `None` if nothing ever does.
    pub fn steady_until(
        &self,
        hours: &Hours,
        now: Timestamp,
        horizon: Timestamp,
    ) -> Option<Timestamp> {
        let names = hours.mute.iter().chain(&hours.active);
        let intervals = names.filter_map(|name| self.0.get(name)).flatten();
        intervals
            .map(|interval| interval.steady_until(now, horizon))
            .min()
    }
}

fn texts(names: &[Box<str>]) -> impl Iterator<Item = &str> {
    names.iter().map(|name| &**name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time_interval::Times;

    fn names(names: &str) -> Vec<Box<str>> {
        names.split_whitespace().map(Into::into).collect()
    }

    fn at(text: &str) -> Timestamp {
        let text = format!("2026-11-20T{text}:00Z");
        Timestamp::parse_rfc3339(&text).unwrap().unwrap()
    }

    fn calendar() -> Calendar {
        let span = |from: &str, to: &str| TimeInterval {
            times: Some(vec![
                Times::new(from.parse().unwrap(), to.parse().unwrap()).unwrap(),
            ]),
            ..TimeInterval::default()
        };
        let night = vec![span("00:00", "06:00"), span("22:00", "24:00")];
        let office = vec![span("09:00", "17:00")];
        let lunch = vec![span("12:00", "13:00")];
        let all = [("night", night), ("office", office), ("lunch", lunch)];
        all.map(|(name, intervals)| (name.into(), intervals))
            .into_iter()
            .collect()
    }

    #[test]
    fn a_route_is_muted_as_in_alertmanager() {
        for (mute, active, now, expected) in [
            ("", "", "12:00", ""),
            ("night", "", "21:59", ""),
            ("night", "", "22:00", "night"),
            ("lunch night", "", "05:59", "night"),
            ("lunch office", "", "12:30", "lunch office"),
            ("", "office", "08:59", "office"),
            ("", "office", "09:00", ""),
            ("", "office night", "23:00", ""),
            ("", "office night", "20:00", "office night"),
            ("lunch", "office", "12:30", "lunch"),
            ("lunch", "office", "11:00", ""),
            ("lunch", "office", "18:00", "office"),
            ("gone", "", "12:00", ""),
            ("", "gone", "12:00", ""),
            ("", "gone office", "20:00", "office"),
        ] {
            let (mute, active) = (names(mute), names(active));
            let hours = Hours { mute, active };
            let muting = calendar().muting(&hours, at(now)).join(" ");
            assert_eq!(muting, expected, "{hours:?} at {now}");
        }
    }

    #[test]
    fn a_route_is_muted_until_the_last_of_its_intervals_lets_it_speak() {
        for (mute, active, now, expected) in [
            ("night", "", "12:00", None),
            ("", "gone", "12:00", None),
            ("night", "", "05:00", Some("06:00")),
            ("night", "office", "05:00", Some("09:00")),
            ("lunch", "office", "12:00", Some("13:00")),
            ("lunch night", "", "23:00", Some("23:30")),
        ] {
            let (mute, active) = (names(mute), names(active));
            let hours = Hours { mute, active };
            let until = calendar().muted_until(&hours, at(now), at("23:30"));
            assert_eq!(until, expected.map(at), "{hours:?} at {now}");
        }
    }

    #[test]
    fn a_route_is_looked_at_again_when_any_of_its_intervals_changes() {
        for (mute, active, now, expected) in [
            ("", "", "12:00", None),
            ("gone", "", "12:00", None),
            ("night", "", "12:00", Some("22:00")),
            ("night", "office", "07:00", Some("09:00")),
            ("lunch", "office", "10:00", Some("12:00")),
            ("lunch", "", "14:00", Some("23:30")),
        ] {
            let (mute, active) = (names(mute), names(active));
            let hours = Hours { mute, active };
            let until = calendar().steady_until(&hours, at(now), at("23:30"));
            assert_eq!(until, expected.map(at), "{hours:?} at {now}");
        }
    }
}
