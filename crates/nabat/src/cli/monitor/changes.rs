//! Which settings of monitors would change; secrets are not shown.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::config::masking::masked;
use crate::web::api::shape::monitor::Monitor;

/// What of each monitor, by its name.
pub(super) type Changes = BTreeMap<String, Vec<String>>;

/// What differs between monitors as they are and as they are wanted.
pub(super) fn between(known: &[Monitor], wanted: &[Value]) -> Changes {
    let known = known.iter().map(|known| (&*known.name, &known.definition));
    let known: BTreeMap<&str, &Value> = known.collect();
    let of = |wanted: &Value| {
        let name = wanted.get("name")?.as_str()?;
        let known = masked(known.get(name)?, true);
        let mut changes = Vec::new();
        compare("", Some(&known), Some(&masked(wanted, true)), &mut changes);
        Some((name.to_owned(), changes))
    };
    wanted.iter().filter_map(of).collect()
}

fn compare(path: &str, known: Option<&Value>, wanted: Option<&Value>, changes: &mut Vec<String>) {
    if known == wanted {
        return;
    }
    let (Some(Value::Object(before)), Some(Value::Object(after))) = (known, wanted) else {
        let text = |value: Option<&Value>| value.map_or("none".to_owned(), Value::to_string);
        changes.push(format!("{path}: {} → {}", text(known), text(wanted)));
        return;
    };
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let path = match path {
            "" => key.clone(),
            path => format!("{path}.{key}"),
        };
        compare(&path, before.get(key), after.get(key), changes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_differs_is_named_and_secrets_are_not() {
        let mut changes = Vec::new();
        let known =
            json!({"name": "a", "http": {"url": "http://h/", "password": "…"}, "interval": "10s"});
        let wanted = json!({"name": "a", "http": {"url": "http://h/", "password": "P"}, "labels": {"a": "b"}});
        compare("", Some(&known), Some(&masked(&wanted, true)), &mut changes);
        assert_eq!(
            changes,
            ["interval: \"10s\" → none", "labels: none → {\"a\":\"b\"}"]
        );
    }
}
