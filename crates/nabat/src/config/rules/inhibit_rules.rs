//! What ties the settings of an inhibition rule together.

use std::collections::HashSet;

use serde_json::Value;

use super::{entries, matchers, note};
use crate::config::check::Check;
use crate::config::environment::join;

const SIDES: [[&str; 3]; 2] = [
    ["source_matchers", "source_match", "source_match_re"],
    ["target_matchers", "target_match", "target_match_re"],
];

/// Looks at all rules.
pub(super) fn apply(check: &mut Check<'_>, value: &Value) {
    for (path, rule) in entries(value, "/inhibit_rules") {
        for keys in SIDES {
            matchers::apply(check, &path, rule, keys);
        }
        equal(check, &join(&path, "equal"), rule.get("equal"));
    }
}

/// `equal` names each label once.
fn equal(check: &mut Check<'_>, path: &str, names: Option<&Value>) {
    let mut known = HashSet::new();
    let names = names.and_then(Value::as_array).into_iter().flatten();
    for (i, name) in names.enumerate() {
        let place = format!("{path}[{i}]");
        let Some(name) = name.as_str() else {
            continue;
        };
        if name.is_empty() {
            let found = "nothing".to_owned();
            note(check, &place, found, "the name of a label", None);
        } else if !known.insert(name) {
            let found = format!("{} again", check.written(&place));
            note(check, &place, found, "each label once", None);
        }
    }
}
