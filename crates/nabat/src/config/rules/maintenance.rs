//! What ties the settings of `maintenance` together.

use std::collections::HashMap;

use nabat_core::matcher::{Operator, classic};
use serde_json::Value;

use super::{DAY, entries, matchers, note, period, text};
use crate::config::check::Check;
use crate::config::environment::join;
use crate::config::period::Period;

/// How long a window may be open.
const DURATIONS: (Period, Period) = (Period::from_minutes(1), Period::from_minutes(31 * DAY));

/// Looks at all windows.
pub(super) fn apply(check: &mut Check<'_>, value: &Value) {
    let mut first: HashMap<String, String> = HashMap::new();
    for (path, window) in entries(value, "/maintenance") {
        let place = join(&path, "duration");
        period(check, &place, window.get("duration"), DURATIONS);
        matchers::apply(check, &path, window, ["matchers", "match", "match_re"]);
        asks_for_something(check, &path, window);
        let Some(name) = text(window, "name") else {
            continue;
        };
        if let Some(earlier) = first.insert(name.to_owned(), path.clone()) {
            let place = join(&path, "name");
            let found = format!("{} again", check.written(&place));
            let hint = Some(format!("{earlier} has it too"));
            note(check, &place, found, "a name of its own for each", hint);
        }
    }
}

/// A window that asks for no value would hush what nobody thought of.
fn asks_for_something(check: &mut Check<'_>, path: &str, window: &Value) {
    let texts = window.get("matchers").and_then(Value::as_array);
    let Some(texts) = texts else {
        return;
    };
    let lists: Option<Vec<_>> = texts
        .iter()
        .map(|text| classic::parse_list(text.as_str()?).ok())
        .collect();
    // What can't be read was told already.
    let Some(lists) = lists else {
        return;
    };
    let nothing = Default::default();
    let asks = lists.iter().flatten().any(|matcher| {
        let positive = matches!(matcher.operator, Operator::Equal | Operator::Matches);
        !positive || !matcher.matches(&nothing)
    });
    if !asks {
        let place = join(path, "matchers");
        let found = match texts.is_empty() {
            true => "no matcher".to_owned(),
            false => "only matchers of missing labels".to_owned(),
        };
        let expected = "a matcher such as `team=\"db\"`";
        note(check, &place, found, expected, None);
    }
}
