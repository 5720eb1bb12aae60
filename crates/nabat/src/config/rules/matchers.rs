//! Matchers, which the schema can't check.

use nabat_core::matcher::{Matcher, MatcherError, Operator, classic};
use serde_json::Value;

use super::{given, note};
use crate::config::check::Check;
use crate::config::environment::join;

/// Looks at one list of matchers and its two older forms, by the names of the settings.
pub(super) fn apply(check: &mut Check<'_>, path: &str, value: &Value, keys: [&str; 3]) {
    let [lists, equal, expressions] = keys;
    list(check, &join(path, lists), value.get(lists));
    let place = join(path, expressions);
    let labels = value.get(expressions).and_then(Value::as_object);
    for (name, text) in labels.into_iter().flatten() {
        if let Some(text) = text.as_str().filter(|_| !name.is_empty())
            && let Err(error) = Matcher::new(name, Operator::Matches, text)
        {
            let (at, problem) = (error.at, error.problem);
            misread(
                check,
                &join(&place, name),
                text,
                &MatcherError { at, problem },
            );
        }
    }
    for key in [equal, expressions] {
        let place = join(path, key);
        if given(check, &place, "") {
            let found = "a label without a name".to_owned();
            note(check, &place, found, "the name of a label", None);
        }
    }
}

/// Looks at a list of matchers at `place`, if there is one.
pub(super) fn list(check: &mut Check<'_>, place: &str, value: Option<&Value>) {
    let texts = value.and_then(Value::as_array);
    for (i, text) in texts.into_iter().flatten().enumerate() {
        let place = format!("{place}[{i}]");
        let Some(text) = text.as_str() else {
            continue;
        };
        match classic::parse_list(text) {
            Ok(list) if list.is_empty() => {
                let expected = "a matcher such as `severity=\"critical\"`";
                note(check, &place, "no matcher".to_owned(), expected, None);
            }
            Ok(_) => {}
            Err(error) => misread(check, &place, text, &error),
        }
    }
}

/// Points at the place within the text. The problem may quote the text, so what the environment
/// holds is not told.
fn misread(check: &mut Check<'_>, path: &str, text: &str, error: &MatcherError) {
    let Some(spot) = check.spot_within(path, text, error.at) else {
        return;
    };
    let found = check.written(path);
    let hint = check.is_literal(path).then(|| error.problem.clone());
    let expected = "a matcher such as `severity=\"critical\"` or `team=~\"db|web\"`".to_owned();
    check.fault(path, &spot, found, expected, hint);
}
