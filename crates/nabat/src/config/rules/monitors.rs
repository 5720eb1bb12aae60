//! What ties the settings of `monitors` together.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;

use serde_json::Value;

use super::{DAY, entries, given, matchers, note, period, text};
use crate::config::check::Check;
use crate::config::environment::join;
use crate::config::group::Group;
use crate::config::mistake::quote;
use crate::config::monitor::{KINDS, circle};
use crate::config::period::Period;
use crate::config::suggest;
use crate::probe::{Condition, ShortOrLong};

const YEAR: Period = Period::from_minutes(365 * DAY);
/// The bounds of a monitor's periods.
const BOUNDS: [(&str, (Period, Period)); 6] = [
    (
        "interval",
        (Period::from_seconds(1), Period::from_minutes(DAY)),
    ),
    (
        "timeout",
        (Period::from_millis(100), Period::from_minutes(1)),
    ),
    (
        "slow_after",
        (Period::from_millis(1), Period::from_minutes(1)),
    ),
    ("heartbeat.period", (Period::from_seconds(1), YEAR)),
    ("heartbeat.grace", (Period::from_seconds(1), YEAR)),
    (
        "retries",
        (Period::from_millis(100), Period::from_minutes(10)),
    ),
];
/// The kinds that Nabat does not look at by itself.
const NOT_PROBED: [&str; 2] = ["heartbeat", "group"];
/// What is said of looks, and of what stands behind what: nothing for groups.
const NOT_OF_GROUPS: [&str; 7] = [
    "interval",
    "timeout",
    "retries",
    "failures_needed",
    "recoveries_needed",
    "slow_after",
    "parents",
];
/// What a kind does not heed without another setting: kind, setting, and what goes with it.
const IDLE_WITHOUT: [(&str, &str, &[&str]); 5] = [
    ("postgres", "query", &["password", "password_file"]),
    ("postgres", "matches", &["query"]),
    ("mysql", "query", &["password", "password_file"]),
    ("mysql", "matches", &["query"]),
    ("redis", "username", &["password", "password_file"]),
];
/// The kinds that speak TLS from the start (`tls`) or after a word (`starttls`).
const TLS_EITHER_WAY: [&str; 2] = ["tcp", "smtp"];
/// The labels that Nabat gives to the alert of a monitor itself.
const OWN_LABELS: [&str; 5] = ["alertname", "monitor", "kind", "instance", "severity"];

/// Names by which paths of the API lead elsewhere.
const PATHS: [&str; 3] = [".", "..", "apply"];
/// The most labels of a monitor, and how long their names and values may be together, in bytes.
const LABELS_MAX: usize = 64;
const LABELS_BYTES_MAX: usize = 32 << 10;

/// Looks at all monitors of a configuration.
pub(super) fn apply(check: &mut Check<'_>, value: &Value) {
    let monitors = entries(value, "/monitors");
    let mut first: HashMap<&str, &str> = HashMap::new();
    for (path, monitor) in &monitors {
        one(check, path, monitor);
        let Some(name) = text(monitor, "name") else {
            continue;
        };
        if let Some(earlier) = first.insert(name, path) {
            let place = join(path, "name");
            let found = format!("{} again", check.written(&place));
            let hint = Some(format!("{earlier} has it too"));
            note(
                check,
                &place,
                found,
                "a name of its own for each monitor",
                hint,
            );
        }
    }
    keys(check, value, &monitors);
    relations(check, &monitors);
    witnesses(check, value);
}

/// Looks at one monitor by itself, wherever it is written.
pub(in crate::config) fn one(check: &mut Check<'_>, path: &str, monitor: &Value) {
    let kinds = KINDS.into_iter().filter(|kind| given(check, path, kind));
    match kinds.collect::<Vec<_>>()[..] {
        [_] => {}
        [] => {
            let found = "no kind".to_owned();
            let expected = format!("one of {}", suggest::one_of(KINDS));
            note(check, path, found, &expected, None);
        }
        [.., last] => {
            let found = format!("`{last}` beside another kind");
            let expected = "one kind for each monitor";
            note(check, &join(path, last), found, expected, None);
        }
    }
    for (key, bounds) in BOUNDS {
        let place = join(path, key);
        let found = key
            .split('.')
            .try_fold(monitor, |value, key| value.get(key));
        match found {
            Some(Value::Array(list)) => {
                for (i, item) in list.iter().enumerate() {
                    period(check, &format!("{place}[{i}]"), Some(item), bounds);
                }
            }
            found => period(check, &place, found, bounds),
        }
    }
    conditions(check, path, monitor);
    called(check, path, monitor);
    timeout(check, path, monitor);
    needed(check, path, monitor);
    heartbeat(check, path, monitor);
    group(check, path, monitor);
    labels(check, path, monitor);
    unheeded(check, path, monitor);
}

/// Settings that a probe would not heed: whoever wrote them would take for looked at what is not.
fn unheeded(check: &mut Check<'_>, path: &str, monitor: &Value) {
    for (kind, key, needed) in IDLE_WITHOUT {
        let settings = join(path, kind);
        let is_needed = needed.iter().any(|needed| given(check, &settings, needed));
        if given(check, &settings, key) && !is_needed {
            let needed = suggest::one_of(needed.iter().copied());
            let found = format!("`{key}` alone");
            let expected = format!("{needed} beside it");
            note(check, &join(&settings, key), found, &expected, None);
        }
    }
    for kind in TLS_EITHER_WAY {
        let is_on = |key| {
            let value = monitor.get(kind).and_then(|settings| settings.get(key));
            value.is_some_and(|value| *value != Value::Bool(false))
        };
        if is_on("tls") && is_on("starttls") {
            let found = "`starttls` beside `tls`".to_owned();
            let place = join(&join(path, kind), "starttls");
            note(check, &place, found, "one of them", None);
        }
    }
}

/// Each speaks of what is seen of this kind, and fits together.
fn conditions(check: &mut Check<'_>, path: &str, monitor: &Value) {
    let place = join(path, "conditions");
    let conditions = monitor.get("conditions").and_then(Value::as_array);
    let conditions = conditions.into_iter().flatten().filter_map(Value::as_str);
    let kind = KINDS.into_iter().find(|kind| monitor.get(kind).is_some());
    for (i, text) in conditions.enumerate() {
        let place = format!("{place}[{i}]");
        let Some(kind) = kind else {
            return;
        };
        if NOT_PROBED.contains(&kind) {
            let found = format!("a condition on a {kind}");
            return note(check, &place, found, "none: nothing is looked at", None);
        }
        let Err(problem) = Condition::read(text, kind) else {
            continue;
        };
        if !check.is_literal(&place) {
            // What the environment holds is not told.
            let expected = "a condition in CEL such as `latency < 300`";
            note(check, &place, check.written(&place), expected, None);
        } else if let Some(spot) = check.spot_within(&place, text, problem.at) {
            let (found, hint) = (problem.found, problem.hint);
            check.fault(&place, &spot, found, problem.expected, hint);
        }
    }
}

/// By its name a monitor is asked for and told from others.
fn called(check: &mut Check<'_>, path: &str, monitor: &Value) {
    let Some(name) = text(monitor, "name") else {
        return;
    };
    let place = join(path, "name");
    if PATHS.contains(&name) {
        let expected = "another name: by this one it could not be asked for";
        note(check, &place, check.written(&place), expected, None);
    }
    if let Some(unseen) = name.chars().find(|c| is_unseen(*c)) {
        let found = format!("a name with the character {}", unseen.escape_unicode());
        note(check, &place, found, "only characters that are seen", None);
    }
}

/// Whether a character is not seen, or changes how others are: by such a name one monitor can look
/// like another.
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// A look that takes longer than the time to the next one would make that one late.
fn timeout(check: &mut Check<'_>, path: &str, monitor: &Value) {
    let of = |key| text(monitor, key).and_then(|text| text.parse::<Period>().ok());
    if let (Some(timeout), Some(interval)) = (of("timeout"), of("interval"))
        && timeout > interval
    {
        let place = join(path, "timeout");
        let expected = format!("at most the interval, `{interval}`");
        note(check, &place, check.written(&place), &expected, None);
    }
}

fn needed(check: &mut Check<'_>, path: &str, monitor: &Value) {
    let retries = monitor.get("retries").and_then(Value::as_array);
    let looks = retries.map_or(4, |retries| retries.len() as u64 + 1);
    let needed = monitor.get("failures_needed").and_then(Value::as_u64);
    if needed.is_some_and(|needed| needed > looks) {
        let place = join(path, "failures_needed");
        let expected = format!("at most {looks}, the first look and those of `retries`");
        note(check, &place, check.written(&place), &expected, None);
    }
}

fn heartbeat(check: &mut Check<'_>, path: &str, monitor: &Value) {
    let Some(heartbeat) = monitor.get("heartbeat") else {
        return;
    };
    let place = join(path, "heartbeat");
    let (period, cron) = (given(check, &place, "period"), given(check, &place, "cron"));
    if period == cron {
        let found = match period {
            true => "both `period` and `cron`",
            false => "neither `period` nor `cron`",
        };
        note(check, &place, found.to_owned(), "one of them", None);
    }
    if heartbeat.get("time_zone").is_some() && !cron {
        let place = join(&place, "time_zone");
        note(
            check,
            &place,
            "`time_zone` without `cron`".to_owned(),
            "both, or neither",
            None,
        );
    }
}

/// Nothing of a group is looked at: it goes by its members.
fn group(check: &mut Check<'_>, path: &str, monitor: &Value) {
    let Some(group) = monitor.get("group") else {
        return;
    };
    let place = join(path, "group");
    matchers::list(check, &join(&place, "matchers"), group.get("matchers"));
    let is_empty = |key| {
        let list = group.get(key).and_then(Value::as_array);
        list.is_none_or(Vec::is_empty)
    };
    if group.is_object() && is_empty("members") && is_empty("matchers") {
        let found = "neither `members` nor `matchers`".to_owned();
        note(check, &place, found, "one of them at least", None);
    }
    for key in NOT_OF_GROUPS {
        if check.places.contains_key(&join(path, key)) {
            let found = format!("`{key}` of a group");
            let expected = "that of its members, which are looked at";
            note(check, &join(path, key), found, expected, None);
        }
    }
    let mut seen = HashSet::new();
    for member in members(monitor) {
        if seen.contains(&member) {
            let found = format!("`{member}` more than once");
            note(check, &join(path, "group"), found, "each member once", None);
        }
        seen.insert(member);
    }
}

fn labels(check: &mut Check<'_>, path: &str, monitor: &Value) {
    let labels = monitor.get("labels").and_then(Value::as_object);
    let labels_place = join(path, "labels");
    let count = labels.map_or(0, |labels| labels.len());
    if count > LABELS_MAX {
        let (found, expected) = (format!("{count} labels"), format!("at most {LABELS_MAX}"));
        note(check, &labels_place, found, &expected, None);
    }
    let bytes = labels.into_iter().flatten();
    let bytes = bytes.map(|(name, value)| name.len() + value.as_str().map_or(0, str::len));
    if bytes.sum::<usize>() > LABELS_BYTES_MAX {
        let expected = format!("at most {LABELS_BYTES_MAX} bytes of names and values");
        note(
            check,
            &labels_place,
            "longer labels".to_owned(),
            &expected,
            None,
        );
    }
    for name in labels.into_iter().flat_map(|labels| labels.keys()) {
        let mut letters = name.chars();
        let begins = letters
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        if !begins || !letters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
            let expected = "a name of letters, digits and `_` that begins with no digit";
            let found = format!("the label {}", quote(name));
            note(check, &join(&labels_place, name), found, expected, None);
        }
        if OWN_LABELS.contains(&name.as_str()) {
            let place = join(&join(path, "labels"), name);
            let found = format!("the label `{name}`");
            let hint = (name == "severity").then(|| "set `severity` beside `labels`".to_owned());
            note(check, &place, found, "other names than Nabat's own", hint);
        }
    }
}

/// Two heartbeats with one address would each take the other's signs of life.
fn keys(check: &mut Check<'_>, value: &Value, monitors: &[(String, &Value)]) {
    let shared = value.pointer("/watch/ping_key").and_then(Value::as_str);
    let mut first: HashMap<&str, &str> = HashMap::new();
    first.extend(shared.map(|shared| (shared, "watch.ping_key")));
    for (path, monitor) in monitors {
        let key = monitor.pointer("/heartbeat/key").and_then(Value::as_str);
        if let Some(key) = key
            && let Some(earlier) = first.insert(key, path)
        {
            let place = join(path, "heartbeat.key");
            let hint = Some(format!("{earlier} has it too"));
            note(
                check,
                &place,
                "the same key again".to_owned(),
                "a key of its own",
                hint,
            );
        }
    }
}

/// All parents and members exist, nobody stands behind themselves, and no group is in itself or a
/// parent.
fn relations(check: &mut Check<'_>, monitors: &[(String, &Value)]) {
    let groups: HashSet<&str> = monitors
        .iter()
        .filter(|(_, monitor)| monitor.get("group").is_some())
        .filter_map(|(_, monitor)| text(monitor, "name"))
        .collect();
    for (key, of, words) in [
        (
            "parents",
            parents as fn(&Value) -> Vec<String>,
            "parents by which it stands behind itself",
        ),
        ("group.members", members, "members by which it is in itself"),
    ] {
        let known: BTreeMap<&str, Vec<String>> = monitors
            .iter()
            .filter_map(|(_, monitor)| Some((text(monitor, "name")?, of(monitor))))
            .collect();
        let others_of = |name: &str| known.get(name).map(Vec::as_slice).unwrap_or_default();
        let round = circle(known.keys().copied(), others_of).unwrap_or_default();
        for (path, monitor) in monitors {
            let place = join(path, key);
            // All members may stand in one text.
            let is_list = check.places.contains_key(&place);
            for (i, other) in of(monitor).iter().enumerate() {
                let place = match is_list {
                    true => format!("{place}[{i}]"),
                    false => join(path, "group"),
                };
                let found = match check.is_literal(&place) {
                    true => format!("`{other}`"),
                    false => check.written(&place),
                };
                if !known.contains_key(other.as_str()) {
                    let hint = suggest::did_you_mean(other, known.keys().copied());
                    let expected = "the name of a monitor in this file";
                    note(check, &place, found, expected, hint);
                } else if key == "parents" && groups.contains(other.as_str()) {
                    let found = format!("the group {found}");
                    note(check, &place, found, "its members as parents", None);
                }
            }
            if text(monitor, "name").is_some_and(|name| round.contains(&name)) {
                let place = match is_list {
                    true => place,
                    false => join(path, "group"),
                };
                note(check, &place, words.to_owned(), "no circle", None);
            }
        }
    }
}

fn parents(monitor: &Value) -> Vec<String> {
    let parents = monitor.get("parents").and_then(Value::as_array);
    let names = parents.into_iter().flatten().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

fn members(monitor: &Value) -> Vec<String> {
    let group = monitor.get("group");
    let group = group.and_then(|group| serde_json::from_value(group.clone()).ok());
    group.map_or_else(Vec::new, |group: ShortOrLong<Group>| {
        group.0.members.clone()
    })
}

fn witnesses(check: &mut Check<'_>, value: &Value) {
    for (path, witness) in entries(value, "/watch/witnesses") {
        let Some(host) = witness.as_str() else {
            continue;
        };
        let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if host.parse::<IpAddr>().is_err() && (host.is_empty() || !host.chars().all(name)) {
            let expected = "`gateway`, an address or the name of a host";
            note(check, &path, check.written(&path), expected, None);
        }
    }
}
