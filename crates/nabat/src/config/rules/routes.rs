//! What ties the settings of `route` together.

use std::collections::HashSet;

use serde_json::Value;

use super::receivers::Receivers;
use super::time_intervals::Names;
use super::{matchers, note, text, unknown_receiver};
use crate::config::check::Check;
use crate::config::environment::join;
use crate::config::period::Period;
use crate::config::route::ALL_LABELS;

/// The most routes above one another, the first included.
const MAX_LEVELS: usize = 30;
/// The most routes of all, because each alert is held against them.
const MAX_ROUTES: usize = 10_000;
/// The settings that name time intervals.
const HOURS: [&str; 2] = ["mute_time_intervals", "active_time_intervals"];

/// What the names in a route refer to.
pub(super) struct Known<'v> {
    pub(super) receivers: Receivers<'v>,
    pub(super) intervals: Names<'v>,
}

/// Looks at all routes.
pub(super) fn apply(check: &mut Check<'_>, value: &Value, known: &Known<'_>) {
    let Some(root) = value.get("route") else {
        return;
    };
    for key in ["matchers", "match", "match_re"] {
        let some = |value: &Value| match value {
            Value::Array(list) => !list.is_empty(),
            other => other.as_object().is_some_and(|map| !map.is_empty()),
        };
        if root.get(key).is_some_and(some) {
            let hint = "the first route takes every alert; put it into `routes`".to_owned();
            let found = format!("`{key}` in the first route");
            note(check, &join("route", key), found, "none there", Some(hint));
        }
    }
    if root.get("continue") == Some(&Value::Bool(true)) {
        let found = "`continue` in the first route".to_owned();
        let hint = "there is no route beside the first".to_owned();
        note(check, "route.continue", found, "none there", Some(hint));
    }
    for key in HOURS {
        if let Some([_, ..]) = root.get(key).and_then(Value::as_array).map(Vec::as_slice) {
            let found = format!("`{key}` in the first route");
            let hint = "put it into one of `routes`; the first takes what no other does".to_owned();
            note(check, &join("route", key), found, "none there", Some(hint));
        }
    }
    let mut count = 0;
    route(check, "route", root, known, 1, &mut count);
    if count > MAX_ROUTES {
        let expected = format!("at most {MAX_ROUTES}");
        note(check, "route", format!("{count} routes"), &expected, None);
    }
}

fn route(
    check: &mut Check<'_>,
    path: &str,
    value: &Value,
    known: &Known<'_>,
    level: usize,
    count: &mut usize,
) {
    *count += 1;
    let place = join(path, "receiver");
    if let Some(name) = text(value, "receiver").filter(|name| !known.receivers.has(name)) {
        unknown_receiver(check, &place, name, &known.receivers);
    }
    grouping(check, path, value);
    for key in ["group_interval", "repeat_interval"] {
        let period = text(value, key).and_then(|text| text.parse::<Period>().ok());
        if period.is_some_and(|period| period.duration().is_zero()) {
            let place = join(path, key);
            let found = check.written(&place);
            note(check, &place, found, "a period longer than 0", None);
        }
    }
    matchers::apply(check, path, value, ["matchers", "match", "match_re"]);
    for key in HOURS {
        known
            .intervals
            .look_up(check, &join(path, key), value.get(key));
    }
    let place = join(path, "routes");
    let routes = value.get("routes").and_then(Value::as_array);
    let Some(routes) = routes.filter(|routes| !routes.is_empty()) else {
        return;
    };
    if level == MAX_LEVELS {
        let found = format!("routes on level {}", level + 1);
        let expected = format!("at most {MAX_LEVELS} levels of routes");
        note(check, &place, found, &expected, None);
        return;
    }
    for (i, below) in routes.iter().enumerate() {
        let path = format!("{place}[{i}]");
        route(check, &path, below, known, level + 1, count);
    }
}

/// `group_by` names each label once, or all of them and nothing else.
fn grouping(check: &mut Check<'_>, path: &str, value: &Value) {
    let Some(names) = value.get("group_by").and_then(Value::as_array) else {
        return;
    };
    let mut known = HashSet::new();
    for (i, name) in names.iter().enumerate() {
        let place = format!("{}[{i}]", join(path, "group_by"));
        let Some(name) = name.as_str() else {
            continue;
        };
        if name == ALL_LABELS && names.len() > 1 {
            let found = "`...` beside other labels".to_owned();
            note(
                check,
                &place,
                found,
                "`...` alone, or names of labels",
                None,
            );
        } else if name.is_empty() {
            note(
                check,
                &place,
                "nothing".to_owned(),
                "the name of a label",
                None,
            );
        } else if !known.insert(name) {
            let found = format!("{} again", check.written(&place));
            note(check, &place, found, "each label once", None);
        }
    }
}
