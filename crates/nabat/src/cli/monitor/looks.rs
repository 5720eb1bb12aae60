//! The first looks at monitors that were made or changed: whether what was added works.
//!
//! Heartbeats are not waited for, since nobody looks at them, nor is what is paused. One that fails
//! is looked at again before it counts as down, as ever.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::pin::pin;
use std::time::{Duration, Instant};

use nabat_core::listed::listed;
use nabat_core::monitor::Status;
use nabat_core::time::{Timestamp, format_period};

use super::all;
use crate::cli::api::Api;
use crate::cli::bar::{Line, bar};
use crate::cli::table::clean;
use crate::web::api::shape::monitor::{Applied, Monitor};

/// How often it is asked how they stand; of thousands less often, so that asking stays a small part.
const ASK_PERIOD: Duration = Duration::from_millis(500);
const ASKING_SHARE: u32 = 4;
/// How many monitors are named that are not looked at yet.
const NAMED_MAX: usize = 10;

/// How those stand that are waited for.
#[derive(Debug, Default)]
pub(super) struct Looks {
    counts: BTreeMap<Status, usize>,
    /// What is wrong, a line for each.
    troubles: Vec<String>,
    /// The names of those of which nothing is known for sure.
    waiting: Vec<String>,
    /// How many call by themselves.
    callers: usize,
    end: End,
}

/// Why the waiting ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum End {
    #[default]
    AllSeen,
    TimeUp(Duration),
    Left,
}

impl Looks {
    /// Waits until all that was made or changed has been looked at, `patience` is over or somebody
    /// presses Ctrl-C. What was applied stays so in any case.
    pub(super) async fn wait(
        api: &Api,
        applied: &Applied,
        patience: Duration,
        mut line: Line,
    ) -> anyhow::Result<Self> {
        let names = applied.created.iter().chain(&applied.changed);
        let names: HashSet<&str> = names.map(String::as_str).collect();
        if names.is_empty() {
            return Ok(Self::default());
        }
        let begun = Instant::now();
        let mut stop = pin!(tokio::signal::ctrl_c());
        loop {
            let asked = Instant::now();
            let (known, _) = all(api, None, None, None).await?;
            let looks = Self::of(known.iter().filter(|known| names.contains(&*known.name)));
            if looks.waiting.is_empty() {
                return Ok(looks);
            }
            line.draw(&format!("{} {}", looks.bar(), looks.summary()));
            let left = patience.saturating_sub(begun.elapsed());
            let pause = ASK_PERIOD.max(asked.elapsed() * ASKING_SHARE).min(left);
            let end = tokio::select! {
                _ = &mut stop => End::Left,
                () = tokio::time::sleep(pause) => match left.is_zero() {
                    true => End::TimeUp(patience),
                    false => continue,
                },
            };
            return Ok(Self { end, ..looks });
        }
    }

    fn of<'a>(monitors: impl Iterator<Item = &'a Monitor>) -> Self {
        let mut looks = Self::default();
        for monitor in monitors.filter(|monitor| !monitor.paused) {
            if monitor.kind == "heartbeat" {
                looks.callers += 1;
            } else if is_seen(monitor) {
                *looks.counts.entry(monitor.status).or_default() += 1;
                looks.troubles.extend(trouble(monitor));
            } else {
                looks.waiting.push(clean(&monitor.name));
            }
        }
        looks
    }

    /// Whether nothing is wrong or in doubt.
    pub(super) fn all_well(&self) -> bool {
        self.troubles.is_empty() && self.waiting.is_empty()
    }

    fn seen(&self) -> usize {
        self.counts.values().sum()
    }

    fn bar(&self) -> String {
        bar(self.seen(), self.seen() + self.waiting.len())
    }

    /// `31 of 40 looked at: 29 up, 2 down`.
    fn summary(&self) -> String {
        let all = self.seen() + self.waiting.len();
        let mut text = format!("{} of {all} looked at", self.seen());
        // What is well comes first.
        let known = Status::ALL.into_iter().rev();
        let known = known.filter_map(|status| Some((status, self.counts.get(&status)?)));
        for (place, (status, count)) in known.enumerate() {
            let before = if place == 0 { ":" } else { "," };
            let _ = write!(text, "{before} {count} {}", status.word());
        }
        text
    }

    /// What came of it, for people; nothing if nothing was looked at.
    pub(super) fn report(&self) -> String {
        let mut text = String::new();
        if self.seen() + self.waiting.len() > 0 {
            let _ = writeln!(text, "{}", self.summary());
        }
        for trouble in &self.troubles {
            let _ = writeln!(text, "{trouble}");
        }
        if self.callers > 0 {
            let calls = match self.callers {
                1 => "1 heartbeat calls by itself".to_owned(),
                many => format!("{many} heartbeats call by themselves"),
            };
            let _ = writeln!(text, "{calls}");
        }
        let why = match self.end {
            End::AllSeen => return text,
            End::TimeUp(patience) => format!("after {}", format_period(patience)),
            End::Left => "left before the end; everything was applied and is watched".to_owned(),
        };
        let waiting = listed(self.waiting.iter().map(String::as_str), NAMED_MAX);
        let _ = writeln!(
            text,
            "{why}, not known yet: {waiting}; `nabat monitor list` shows how they stand"
        );
        text
    }
}

/// Whether it was looked at since it was made or changed, and what came of that is sure.
fn is_seen(monitor: &Monitor) -> bool {
    let is_sure = !matches!(
        monitor.status,
        Status::Pending | Status::Suspect | Status::Recovering
    );
    let moment = |text: &str| Timestamp::parse_rfc3339(text).ok().flatten();
    let is_new = || match &monitor.last {
        Some(last) => moment(&last.at) >= moment(&monitor.changed_at),
        None => monitor.kind == "group" || monitor.status == Status::Maintenance,
    };
    is_sure && is_new()
}

/// What is wrong with it, if something is: as it was seen last, not when that was told.
fn trouble(monitor: &Monitor) -> Option<String> {
    let seen = match &monitor.last {
        Some(last) => &last.words,
        None => &monitor.words,
    };
    match monitor.status {
        Status::Up | Status::Degraded | Status::Maintenance => None,
        status => {
            let (name, seen) = (clean(&monitor.name), clean(seen));
            Some(format!("{name} is {}: {seen}", status.word()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const CHANGED: &str = "2026-11-20T12:00:00Z";

    fn monitor(name: &str, kind: &str, status: &str, looked_at: Option<&str>) -> Monitor {
        let last = looked_at.map(|at| json!({"at": at, "outcome": "down", "words": "refused"}));
        let monitor = json!({
            "id": 1, "name": name, "kind": kind, "target": "h", "status": status,
            "since": CHANGED, "words": "refused", "flaps": false, "paused": status == "paused",
            "last": last, "severity": "critical", "labels": {}, "parents": [],
            "configured": false, "made_at": CHANGED, "changed_at": CHANGED, "definition": {},
        });
        serde_json::from_value(monitor).unwrap()
    }

    #[test]
    fn what_is_known_for_sure_is_counted_and_what_is_wrong_is_named() {
        let (before, after) = ("2026-11-20T11:59:59.999Z", "2026-11-20T12:00:00.001Z");
        let monitors = [
            monitor("a", "ping", "up", Some(after)),
            monitor("b", "ping", "up", Some(before)),
            monitor("c", "ping", "suspect", Some(after)),
            monitor("d", "ping", "pending", None),
            monitor("e", "ping", "down", Some(after)),
            monitor("f", "group", "up", None),
            monitor("g", "heartbeat", "pending", None),
            monitor("h", "ping", "paused", None),
        ];
        let mut looks = Looks::of(monitors.iter());
        assert_eq!(looks.summary(), "3 of 6 looked at: 2 up, 1 down");
        assert_eq!(looks.bar().matches('█').count(), 12);
        assert!(!looks.all_well());
        looks.end = End::TimeUp(Duration::from_secs(90));
        assert_eq!(
            looks.report(),
            "3 of 6 looked at: 2 up, 1 down\ne is down: refused\n\
             1 heartbeat calls by itself\n\
             after 1m30s, not known yet: b, c, d; `nabat monitor list` shows how they stand\n"
        );
        let well = Looks::of([monitor("a", "ping", "up", Some(after))].iter());
        assert!(well.all_well());
        assert_eq!(well.report(), "1 of 1 looked at: 1 up\n");
        assert_eq!(Looks::default().report(), "");
    }
}
