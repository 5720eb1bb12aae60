//! Random configurations that both programs read: a tree of routes, receivers, inhibitions.

use std::time::Duration;

use nabat_core::inhibition::Rule;
use nabat_core::matcher::classic::parse_one;
use nabat_core::matcher::{Matcher, Operator};
use serde_json::{Value, json};

use crate::world::dice::Dice;

/// The labels of alerts, and their values. Routes, rules, silences and filters ask for these.
pub(super) const LABELS: [(&str, &[&str]); 5] = [
    ("alertname", &["DiskFull", "HostDown", "Slow"]),
    ("team", &["", "db", "web", "ops"]),
    ("severity", &["", "critical", "warning"]),
    ("instance", &["", "a:1", "b:1"]),
    ("job", &["", "node"]),
];
/// The most routes below one, and the greatest depth of the tree.
const CHILDREN_MAX: usize = 3;
const DEPTH_MAX: usize = 3;

/// When groups speak.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    pub(super) group_wait: Duration,
    pub(super) group_interval: Duration,
}

/// What is in a configuration, whatever the address for webhooks.
#[derive(Debug)]
pub(super) struct Config {
    route: Value,
    receivers: usize,
    /// Receivers that want no ends.
    only_firing: Vec<usize>,
    inhibit_rules: Vec<Value>,
    rules: Vec<Rule>,
}

impl Config {
    pub(super) fn random(dice: &mut Dice, timing: Timing) -> Self {
        let mut receivers = 1;
        let mut route = route(dice, 0, &mut receivers);
        route["receiver"] = "r0".into();
        let text = |duration: Duration| format!("{}ms", duration.as_millis());
        route["group_wait"] = text(timing.group_wait).into();
        route["group_interval"] = text(timing.group_interval).into();
        route["repeat_interval"] = "1d".into();
        let only_firing = (0..receivers).filter(|_| dice.one_in(5)).collect();
        let mut inhibit_rules = Vec::new();
        let rules = (0..dice.below(3)).map(|_| inhibit_rule(dice, &mut inhibit_rules));
        let rules = rules.collect();
        Self {
            route,
            receivers,
            only_firing,
            inhibit_rules,
            rules,
        }
    }

    /// The configuration with webhooks to `url`.
    pub(super) fn with_webhooks(&self, url: &str) -> Value {
        let receiver = |number: usize| {
            let webhook = json!({
                "url": format!("{url}r{number}"),
                "send_resolved": !self.only_firing.contains(&number),
            });
            json!({ "name": format!("r{number}"), "webhook_configs": [webhook] })
        };
        let hours = |name: &str, years: &str| json!({ "name": name, "time_intervals": [{ "years": [years] }] });
        json!({
            "route": self.route,
            "receivers": (0..self.receivers).map(receiver).collect::<Vec<_>>(),
            "inhibit_rules": self.inhibit_rules,
            "time_intervals": [hours("always", "2020:2200"), hours("never", "2020")],
        })
    }

    /// Which alerts inhibit which.
    pub(super) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub(super) fn sends_resolved(&self, receiver: &str) -> bool {
        let number = receiver.trim_start_matches('r').parse().unwrap();
        !self.only_firing.contains(&number)
    }
}

/// A route at this depth, 0 for the root. Where several routes may take the same alert, each tells
/// a receiver of its own: Nabat tells a receiver of an alert in one group only.
fn route(dice: &mut Dice, depth: usize, receivers: &mut usize) -> Value {
    let mut route = json!({});
    let groupings: [&[&str]; 5] = [
        &["alertname"],
        &["team", "instance"],
        &["..."],
        &["severity"],
        &["absent"],
    ];
    if dice.one_in(2) {
        route["group_by"] = json!(dice.pick(&groupings));
    }
    if depth > 0 {
        let goes_on = dice.one_in(3);
        route["continue"] = goes_on.into();
        if goes_on || dice.one_in(2) {
            route["receiver"] = format!("r{receivers}").into();
            *receivers += 1;
        }
        ask_for(dice, &mut route, ["match", "match_re", "matchers"]);
        match dice.below(8) {
            0 => route["mute_time_intervals"] = json!(["always"]),
            1 => route["active_time_intervals"] = json!(["never", "always"]),
            2 => route["mute_time_intervals"] = json!(["never"]),
            _ => {}
        }
    }
    if depth < DEPTH_MAX {
        let children = dice.below(CHILDREN_MAX + 1);
        let children = (0..children).map(|_| self::route(dice, depth + 1, receivers));
        route["routes"] = children.collect();
    }
    route
}

fn inhibit_rule(dice: &mut Dice, rendered: &mut Vec<Value>) -> Rule {
    let mut rule = json!({});
    let source = ask_for(
        dice,
        &mut rule,
        ["source_match", "source_match_re", "source_matchers"],
    );
    let target = ask_for(
        dice,
        &mut rule,
        ["target_match", "target_match_re", "target_matchers"],
    );
    let equal: [&[&str]; 4] = [&[], &["team"], &["instance", "team"], &["absent"]];
    let equal = dice.pick(&equal);
    rule["equal"] = json!(equal);
    rendered.push(rule);
    Rule {
        source,
        target,
        equal: equal.iter().map(|name| (*name).into()).collect(),
    }
}

/// Says in one of three ways which alerts are meant; returns it as matchers.
fn ask_for(dice: &mut Dice, of: &mut Value, [equal, regex, matchers]: [&str; 3]) -> Vec<Matcher> {
    let (name, values) = dice.pick(&LABELS);
    let value = dice.pick(values);
    match dice.below(4) {
        0 => {
            of[equal] = json!({ name: value });
            vec![Matcher::equal(name, value)]
        }
        1 => {
            let value = format!("{value}|d.+");
            of[regex] = json!({ name: value });
            vec![Matcher::new(name, Operator::Matches, &value).unwrap()]
        }
        _ => {
            let texts: Vec<String> = (0..=dice.below(2)).map(|_| matcher(dice)).collect();
            of[matchers] = json!(texts);
            let read = texts.iter().map(|text| parse_one(text).unwrap());
            read.collect()
        }
    }
}

/// A matcher that says something of the labels of [`LABELS`].
pub(super) fn matcher(dice: &mut Dice) -> String {
    let (name, values) = dice.pick(&LABELS);
    let (one, other) = (dice.pick(values), dice.pick(values));
    match dice.below(7) {
        0 => format!("{name}={one}"),
        1 => format!("{name}!=\"{one}\""),
        2 => format!("{name}=~\"{one}|{other}\""),
        3 => format!("{name}!~\"{one}.*\""),
        4 => format!("{name}=~\".+\""),
        5 => "absent=\"\"".to_owned(),
        _ => format!("{name} = \"{one}\" "),
    }
}
