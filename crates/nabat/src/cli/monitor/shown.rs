//! Monitors as people read them at a terminal.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use jiff::Zoned;
use jiff::tz::TimeZone;
use nabat_core::message::words::Locale;
use nabat_core::monitor::{Status, view};
use nabat_core::time::{Timestamp, parse_period};

use super::changes::Changes;
use crate::cli::table::{Table, age, clean, cut, span};
use crate::web::api::shape::monitor::{Applied, History, Monitor, Report, Uptime};

/// How many of the last intervals of one monitor are shown.
const INTERVALS_SHOWN: usize = 10;
/// How much of a name is shown whatever else has to give way: it is what other commands take.
const NAME_MAX: usize = 32;

/// A line for each, problems first, no wider than `width` if that can be.
pub(super) fn list(
    monitors: &[Monitor],
    counts: &BTreeMap<String, usize>,
    now: Timestamp,
    width: Option<usize>,
) -> String {
    let mut sorted: Vec<&Monitor> = monitors.iter().collect();
    sorted.sort_by_key(|monitor| (place(&status(monitor)), monitor.name.clone()));
    let rows = sorted.into_iter().map(|monitor| {
        [
            status(monitor),
            age(&monitor.since, now),
            latency(monitor),
            match width {
                Some(_) => cut(&clean(&monitor.name), NAME_MAX),
                None => clean(&monitor.name),
            },
            monitor.kind.clone(),
            clean(&monitor.target),
            clean(words(monitor)),
        ]
    });
    let table = Table {
        head: ["STATUS", "FOR", "LATENCY", "NAME", "KIND", "TARGET", "SEEN"],
        flexible_from: 4,
        rows: rows.collect(),
    };
    let mut text = table.text(width);
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by_key(|(status, _)| place(status));
    let counts = counts
        .iter()
        .map(|(status, count)| format!("{count} {status}"));
    let _ = writeln!(text, "{}", counts.collect::<Vec<_>>().join(", "));
    text
}

/// Everything about one.
pub(super) fn one(monitor: &Monitor, history: &History, now: Timestamp) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<11} {}", clean(value));
    };
    line(
        "monitor",
        &format!("{} (number {})", monitor.name, monitor.id),
    );
    line(&monitor.kind, &monitor.target);
    let flaps = if monitor.flaps { ", flaps" } else { "" };
    line(
        "status",
        &format!(
            "{}{flaps} for {}",
            status(monitor),
            age(&monitor.since, now)
        ),
    );
    line("seen", words(monitor));
    if let Some(last) = &monitor.last {
        line("looked at", &format!("{} ago", age(&last.at, now)));
    }
    if let Some(members) = members(monitor) {
        line("members", &members);
    }
    if let Some(until) = &monitor.maintenance_until {
        line("maintenance", &format!("until {until}"));
    }
    if let Some(due) = due(monitor) {
        line("due", &due);
    }
    if let Some(url) = &monitor.ping_url {
        line("calls", url);
    }
    line("severity", &monitor.severity);
    for (name, value) in &monitor.labels {
        line("label", &format!("{name}={value}"));
    }
    if let Some((chat, bot)) = told(monitor) {
        line("tells", &format!("the chat {chat} by the bot {bot}"));
    }
    if !monitor.parents.is_empty() {
        line("behind", &monitor.parents.join(", "));
    }
    match &monitor.made_by {
        Some(by) => line("made", &format!("by {by}, {}", monitor.made_at)),
        None => line("made", "in the configuration"),
    }
    let mut before = None;
    for uptime in &history.uptime {
        // Of one that is younger than a period longer ones would say the same.
        if before.replace(uptime.watched_ms) != Some(uptime.watched_ms) {
            line("uptime", &share(uptime));
        }
    }
    let skipped = history.intervals.len().saturating_sub(INTERVALS_SHOWN);
    for interval in history.intervals.iter().skip(skipped) {
        let status = serde_json::to_value(interval.status).unwrap_or_default();
        let status = status.as_str().unwrap_or_default();
        line(
            "",
            &format!("{} {status} {}", interval.from, interval.words),
        );
    }
    text
}

/// The chat that a monitor tells by itself, with `/TOPIC` if it is one, and the bot that does.
pub(in crate::cli) fn told(monitor: &Monitor) -> Option<(String, i64)> {
    let tell = &monitor.definition["tell"];
    let chat = tell["chat"].as_i64()?;
    let chat = match tell["topic"].as_i64() {
        Some(topic) => format!("{chat}/{topic}"),
        None => chat.to_string(),
    };
    Some((chat, tell["bot"].as_i64()?))
}

/// When a heartbeat should be heard.
fn due(monitor: &Monitor) -> Option<String> {
    let heartbeat = &monitor.definition["heartbeat"];
    let said = |key: &str| heartbeat[key].as_str();
    let mut due = match (said("period"), said("cron")) {
        (Some(period), _) => format!("every {period}"),
        (None, cron) => format!("by cron, {}", cron?),
    };
    for (key, before) in [("time_zone", " in "), ("grace", ", late after ")] {
        if let Some(value) = said(key) {
            due.push_str(before);
            due.push_str(value);
        }
    }
    Some(due)
}

/// The names of a group's members: it is defined by them alone, or says more.
fn members(monitor: &Monitor) -> Option<String> {
    let group = &monitor.definition["group"];
    let names = group["members"].as_array().map(|names| {
        let names = names.iter().filter_map(|name| name.as_str());
        names.collect::<Vec<_>>().join(", ")
    });
    names.or_else(|| group.as_str().map(str::to_owned))
}

/// What one look came to, in one line.
pub(super) fn seen(report: &Report) -> String {
    let outcome = serde_json::to_value(report.outcome).unwrap_or_default();
    let outcome = outcome.as_str().unwrap_or_default();
    match report.latency_ms {
        Some(ms) => format!("{outcome} · {} · {}", millis(ms), clean(&report.words)),
        None => format!("{outcome} · {}", clean(&report.words)),
    }
}

/// What one look saw.
pub(super) fn report(report: &Report) -> String {
    let mut text = String::new();
    let word = |outcome| serde_json::to_value(outcome).unwrap_or_default();
    for finding in &report.findings {
        let outcome = word(finding.outcome);
        let outcome = outcome.as_str().unwrap_or_default();
        let _ = writeln!(text, "{outcome:<9} {}", clean(&finding.words));
    }
    for phase in &report.phases {
        let _ = writeln!(text, "{:>12} {}", millis(phase.ms), phase.name);
    }
    if let Some(address) = report.address {
        let _ = writeln!(text, "address   {address}");
    }
    text
}

/// Until when it is worked on: a time of day, with the day if that is another.
pub(super) fn maintained(monitor: &Monitor) -> String {
    let until = monitor.maintenance_until.as_deref();
    let until = until.and_then(|until| until.parse::<jiff::Timestamp>().ok());
    let Some(until) = until else {
        return "maintenance ended".to_owned();
    };
    let until = until.to_zoned(TimeZone::system());
    let is_today = until.date() == Zoned::now().date();
    let how = if is_today { "%H:%M" } else { "%Y-%m-%d %H:%M" };
    format!("in maintenance until {}", until.strftime(how))
}

/// What is to be done, a line for each monitor, below it what changes.
pub(super) fn planned(applied: &Applied, changes: &Changes) -> String {
    let mut text = String::new();
    for (sign, names) in [
        ('+', &applied.created),
        ('~', &applied.changed),
        ('-', &applied.removed),
    ] {
        for name in names {
            let _ = writeln!(text, "{sign} {}", clean(name));
            for change in changes.get(name).into_iter().flatten() {
                let _ = writeln!(text, "    {}", clean(change));
            }
        }
    }
    text
}

/// How much was done, or would be.
pub(super) fn applied(applied: &Applied, dry_run: bool) -> String {
    let done = if dry_run { "would be " } else { "" };
    format!(
        "{} {done}created, {} {done}changed, {} {done}removed, {} the same\n",
        applied.created.len(),
        applied.changed.len(),
        applied.removed.len(),
        applied.same
    )
}

fn place(status: &str) -> usize {
    let mut all = Status::ALL.into_iter();
    let place = all.position(|known| known.word() == status);
    place.unwrap_or(Status::ALL.len())
}

/// How it stands, in a word.
pub(in crate::cli) fn status(monitor: &Monitor) -> String {
    monitor.status.word().to_owned()
}

fn latency(monitor: &Monitor) -> String {
    let latency = monitor.last.as_ref().and_then(|last| last.latency_ms);
    latency.map_or("-".to_owned(), millis)
}

/// Milliseconds; of what is near, the microseconds count.
fn millis(ms: f64) -> String {
    match ms {
        ..1.0 => format!("{ms:.3} ms"),
        _ => format!("{ms:.1} ms"),
    }
}

/// What was seen: of what stands well, the last time.
fn words(monitor: &Monitor) -> &str {
    match &monitor.last {
        Some(last) if monitor.alarm.is_none() => &last.words,
        _ => &monitor.words,
    }
}

/// `99.93 % in 7d`, `100 % of the 3h watched in 1d`.
fn share(uptime: &Uptime) -> String {
    let period = parse_period(&uptime.period).unwrap_or_default();
    let watched = Duration::from_millis(uptime.watched_ms);
    let known = view::Uptime::new(period, uptime.ratio, watched);
    let Some(millipercent) = known.millipercent else {
        return format!("not known in {}", uptime.period);
    };
    let percent = Locale::english().percent(millipercent);
    match known.of_less() {
        None => format!("{percent} in {}", uptime.period),
        Some(watched) => {
            let watched = span(watched);
            format!("{percent} of the {watched} watched in {}", uptime.period)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn monitor(name: &str) -> Monitor {
        let monitor = json!({
            "id": 1,
            "name": name,
            "kind": "http",
            "target": "https://shop.example.org/a/long/way/down/to/health",
            "status": "down",
            "since": "2026-11-20T15:04:05Z",
            "words": "connection refused by 192.0.2.10:443",
            "flaps": false,
            "paused": false,
            "severity": "critical",
            "labels": {},
            "parents": [],
            "configured": false,
            "made_by": "ann",
            "made_at": "2026-11-20T15:04:05Z",
            "changed_at": "2026-11-20T15:04:05Z",
            "definition": {},
        });
        serde_json::from_value(monitor).unwrap()
    }

    #[test]
    fn names_stay_whole_in_a_narrow_terminal() {
        let name = "shop.example.org health";
        let now = Timestamp::parse_rfc3339("2026-11-20T15:05:05Z").unwrap();
        let list = |name: &str, width| {
            let counts = BTreeMap::from([("down".to_owned(), 1)]);
            list(&[monitor(name)], &counts, now.unwrap(), width)
        };
        let narrow = list(name, Some(80));
        assert!(narrow.contains(&format!("  {name}  ")), "{narrow}");
        for width in [80, 200] {
            let all = list(&"x".repeat(100), Some(width));
            assert!(
                all.lines().all(|line| line.chars().count() <= width),
                "{all}"
            );
        }
        let whole = list(&"x".repeat(100), None);
        assert!(whole.contains(&"x".repeat(100)), "nothing is cut: {whole}");
    }

    #[test]
    fn a_heartbeat_says_when_it_is_due() {
        for (heartbeat, said) in [
            (json!({"period": "1d"}), "every 1d"),
            (
                json!({"period": "1d", "grace": "2h"}),
                "every 1d, late after 2h",
            ),
            (
                json!({"cron": "0 3 * * *", "time_zone": "Europe/Moscow"}),
                "by cron, 0 3 * * * in Europe/Moscow",
            ),
        ] {
            let mut monitor = monitor("backup");
            monitor.definition = json!({"heartbeat": heartbeat});
            assert_eq!(due(&monitor).as_deref(), Some(said));
        }
        assert_eq!(due(&monitor("shop")), None);
    }

    #[test]
    fn what_is_near_does_not_take_no_time() {
        assert_eq!(
            [0.0449, 1.04, 812.26].map(millis),
            ["0.045 ms", "1.0 ms", "812.3 ms"]
        );
    }

    #[test]
    fn uptimes_that_say_the_same_are_said_once() {
        let uptime = |period, watched_ms| json!({"period": period, "ratio": 0.9, "coverage": 1.0, "watched_ms": watched_ms, "down_ms": 0});
        let history = json!({
            "uptime": [uptime("1d", 86_400_000), uptime("7d", 90_000_000), uptime("30d", 90_000_000)],
            "intervals": [],
        });
        let history: History = serde_json::from_value(history).unwrap();
        let now = Timestamp::parse_rfc3339("2026-11-20T15:05:05Z").unwrap();
        let text = one(&monitor("shop"), &history, now.unwrap());
        let uptimes: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("uptime"))
            .collect();
        assert_eq!(uptimes.len(), 2, "{text}");
        assert!(
            uptimes[1].contains("90 % of the 1d watched in 7d"),
            "{text}"
        );
    }

    #[test]
    fn an_uptime_says_of_how_long_it_is() {
        const HOUR_MS: u64 = 3_600_000;
        for (period, ratio, watched_ms, expected) in [
            ("1d", Some(1.0), 24 * HOUR_MS, "100 % in 1d"),
            ("1d", Some(0.999_999_99), 24 * HOUR_MS, "99.99 % in 1d"),
            (
                "1d",
                Some(1.0),
                3 * HOUR_MS,
                "100 % of the 3h watched in 1d",
            ),
            (
                "7d",
                Some(0.5),
                50 * HOUR_MS,
                "50 % of the 2d watched in 7d",
            ),
            ("7d", None, 0, "not known in 7d"),
        ] {
            let uptime = Uptime {
                period: period.to_owned(),
                ratio,
                coverage: 1.0,
                watched_ms,
                down_ms: 0,
            };
            assert_eq!(share(&uptime), expected);
        }
    }
}
