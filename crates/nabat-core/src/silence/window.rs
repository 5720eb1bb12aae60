//! Maintenance windows: silences that the configuration says come again and again.
//!
//! Each window has one silence, active while the window is open and pending until it opens next.
//! It is stored like any other, so that a restart neither forgets that it began nor begins it twice.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::SilenceId;
use crate::alert::Fingerprint;
use crate::cron::Cron;
use crate::matcher::{self, Matcher};
use crate::time::{Timestamp, format_period};

/// A window of the configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// What it is called; unique.
    pub name: String,
    /// Which alerts: those that fulfil all.
    pub matchers: Vec<Matcher>,
    /// When it opens.
    pub start: Cron,
    /// For how long.
    pub duration: Duration,
    /// By the clocks of which place.
    pub zone: TimeZone,
}

impl Window {
    /// The number of its silence: below zero, and the same for the same name.
    pub fn id(&self) -> SilenceId {
        /// What names of silences have room for.
        const BITS: u64 = (1 << 60) - 1;
        let hash = Fingerprint::of([("", self.name.as_str())].into_iter()).to_bits() & BITS;
        SilenceId(-1 - hash.cast_signed())
    }

    /// Everything that it says, to notice when it says something else.
    pub fn rule(&self) -> String {
        format!(
            "{} {} {} {}",
            self.start,
            format_period(self.duration),
            self.zone.iana_name().unwrap_or("UTC"),
            matcher::list_text(&self.matchers)
        )
    }

    /// When it opens and closes: the first time that it is open later than `after`.
    pub fn open_after(&self, after: Timestamp) -> Option<(Timestamp, Timestamp)> {
        self.opens_after(after.before(self.duration))
    }

    /// When it opens and closes: the first time that it opens later than `after`.
    pub fn opens_after(&self, after: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let start = self.start.next(after, &self.zone)?;
        Some((start, start.after(self.duration)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_open_from_its_start_for_its_duration() {
        let window = Window {
            name: "backups".into(),
            matchers: matcher::parse_list("team=db").unwrap(),
            start: "0 2 * * sun".parse().unwrap(),
            duration: Duration::from_secs(5_400),
            zone: TimeZone::UTC,
        };
        let at = |text| Timestamp::parse_rfc3339(text).unwrap().unwrap();
        let first = (at("2026-11-22T02:00:00Z"), at("2026-11-22T03:30:00Z"));
        let second = (at("2026-11-29T02:00:00Z"), at("2026-11-29T03:30:00Z"));
        for (now, expected) in [
            ("2026-11-20T00:00:00Z", first),
            ("2026-11-22T02:00:00Z", first),
            ("2026-11-22T03:29:59Z", first),
            ("2026-11-22T03:30:00Z", second),
        ] {
            assert_eq!(window.open_after(at(now)), Some(expected), "{now}");
        }
        assert_eq!(window.opens_after(first.0), Some(second));
        assert!(window.id() < SilenceId(0));
        assert_eq!(window.rule(), "0 2 * * sun 1h30m UTC {team=\"db\"}");
    }
}
