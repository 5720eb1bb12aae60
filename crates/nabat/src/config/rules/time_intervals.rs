//! What ties the settings of `time_intervals` together, and the names by which routes refer to
//! them.

use std::collections::BTreeMap;

use nabat_core::time_interval::Times;
use serde_json::Value;

use super::{entries, given, note, text};
use crate::config::check::Check;
use crate::config::environment::join;
use crate::config::suggest;

/// The lists that give names to spans of time.
const LISTS: [&str; 2] = ["time_intervals", "mute_time_intervals"];
/// More names than this are not listed where one is wrong.
const NAMES_SHOWN_MAX: usize = 20;

/// The names of all time intervals, each with the place where it is given.
pub(super) struct Names<'v> {
    places: BTreeMap<&'v str, String>,
    /// Some names are wrong, so that nobody knows which there would be.
    incomplete: bool,
}

impl Names<'_> {
    /// Looks whether there is everything that the list at `path` names.
    pub(super) fn look_up(&self, check: &mut Check<'_>, path: &str, list: Option<&Value>) {
        let list = list.and_then(Value::as_array).into_iter().flatten();
        for (i, name) in list.enumerate() {
            let unknown = |name: &&str| !self.incomplete && !self.places.contains_key(name);
            let Some(name) = name.as_str().filter(unknown) else {
                continue;
            };
            let names = || self.places.keys().copied();
            let expected = match self.places.len() {
                0 => "the name of a time interval, but `time_intervals` is empty".to_owned(),
                1..=NAMES_SHOWN_MAX => {
                    format!("the name of a time interval: {}", suggest::one_of(names()))
                }
                count => format!("the name of one of the {count} time intervals"),
            };
            let place = format!("{path}[{i}]");
            let hint = suggest::did_you_mean(name, names());
            note(check, &place, check.written(&place), &expected, hint);
        }
    }
}

/// Looks at the time intervals.
pub(super) fn apply<'v>(check: &mut Check<'_>, value: &'v Value) -> Names<'v> {
    let mut names = Names {
        places: BTreeMap::new(),
        incomplete: LISTS
            .iter()
            .any(|list| given(check, "", list) && value.get(list).is_none()),
    };
    for list in LISTS {
        for (path, named) in entries(value, &format!("/{list}")) {
            spans(check, &path, named);
            let Some(name) = text(named, "name") else {
                names.incomplete = true;
                continue;
            };
            let place = join(&path, "name");
            if let Some(earlier) = names.places.get(name) {
                let found = format!("{} again", check.written(&place));
                let hint = format!("{earlier} has it too; one name may hold several intervals");
                let expected = "a name of its own for each of them";
                note(check, &place, found, expected, Some(hint));
            } else {
                names.places.insert(name, path);
            }
        }
    }
    names
}

/// Each part of a day ends after it begins.
fn spans(check: &mut Check<'_>, path: &str, named: &Value) {
    let intervals = named.get("time_intervals").and_then(Value::as_array);
    for (i, interval) in intervals.into_iter().flatten().enumerate() {
        let times = interval.get("times").and_then(Value::as_array);
        for (k, times) in times.into_iter().flatten().enumerate() {
            let time = |key| text(times, key).and_then(|text| text.parse().ok());
            let (Some(from), Some(to)) = (time("start_time"), time("end_time")) else {
                continue;
            };
            if let Err(why) = Times::new(from, to) {
                let place = format!("{}[{i}].times[{k}].end_time", join(path, "time_intervals"));
                let found = check.written(&place);
                let expected = format!("a time after `{from}`");
                note(check, &place, found, &expected, Some(why.to_string()));
            }
        }
    }
}
