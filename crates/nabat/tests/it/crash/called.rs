//! What a webhook was told of the alerts of [`super::load`], each in a group of its own.

use std::collections::{HashMap, HashSet};

use super::load::Case;
use crate::world::recorder::Request;

/// How a webhook's picture differs from the truth.
#[derive(Debug, Default)]
pub(super) struct Differences {
    /// Alerts that fire and of which it was told nothing.
    missing: Vec<String>,
    /// Alerts of which it was told last what is not so.
    wrong: Vec<String>,
    /// What it was told again under another key, so that it can't know that it knows it.
    pub(super) repeats: Vec<String>,
}

impl Differences {
    /// Whether its picture is true.
    pub(super) fn none(&self) -> bool {
        self.missing.is_empty() && self.wrong.is_empty()
    }
}

/// Compares what came with the truth.
pub(super) fn differences(requests: &[Request], cases: &[Case]) -> Differences {
    let mut last: HashMap<String, bool> = HashMap::new();
    let mut keys: HashMap<(String, bool), HashSet<String>> = HashMap::new();
    for request in requests.iter().filter(|request| request.status == 200) {
        let body = request.json();
        for alert in body["alerts"].as_array().unwrap() {
            let name = alert["labels"]["alertname"].as_str().unwrap().to_owned();
            let over = alert["status"] == "resolved";
            let key = request.header("idempotency-key").to_owned();
            keys.entry((name.clone(), over)).or_default().insert(key);
            last.insert(name, over);
        }
    }
    let mut found = Differences::default();
    for case in cases {
        let name = &case.alert.name;
        match last.get(name) {
            // What began and ended before its turn came need not be told.
            None if case.ended.is_none() => found.missing.push(name.clone()),
            Some(over) if *over != case.ended.is_some() => found.wrong.push(name.clone()),
            _ => {}
        }
    }
    let again = keys.into_iter().filter(|(_, keys)| keys.len() > 1);
    found.repeats = again.map(|((name, _), _)| name).collect();
    found
}
