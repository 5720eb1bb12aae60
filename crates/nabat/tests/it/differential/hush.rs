//! What mutes an alert at one moment: silences, and the rules by which others inhibit it.
//!
//! It has to be known of alerts that are over too, which no list shows.

use nabat_core::alert::Labels;
use nabat_core::inhibition::Rule;
use nabat_core::matcher::{Matcher, Operator};
use serde_json::Value;

pub(super) struct Hush {
    silences: Vec<Vec<Matcher>>,
    rules: Vec<Rule>,
    firing: Vec<Labels>,
}

impl Hush {
    /// What mutes by these lists, as Alertmanager shows them.
    pub(super) fn of(alerts: &Value, silences: &Value, rules: &[Rule]) -> Self {
        let silences = silences.as_array().unwrap().iter();
        let active = silences.filter(|silence| silence["status"]["state"] == "active");
        Self {
            silences: active.map(matchers).collect(),
            rules: rules.to_vec(),
            firing: alerts.as_array().unwrap().iter().map(labels).collect(),
        }
    }

    /// Whether an alert is muted.
    pub(super) fn mutes(&self, alert: &Value) -> bool {
        let target = labels(alert);
        let all =
            |matchers: &[Matcher], labels: &Labels| matchers.iter().all(|m| m.matches(labels));
        let silenced = self.silences.iter().any(|silence| all(silence, &target));
        silenced
            || self.rules.iter().any(|rule| {
                let both = all(&rule.source, &target);
                all(&rule.target, &target)
                    && self.firing.iter().any(|source| {
                        let equal = |name: &str| source.value(name) == target.value(name);
                        all(&rule.source, source)
                            && rule.equal.iter().all(|name| equal(name))
                            && !(both && all(&rule.target, source))
                    })
            })
    }
}

fn labels(alert: &Value) -> Labels {
    let labels = alert["labels"].as_object().unwrap().iter();
    labels
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect()
}

fn matchers(silence: &Value) -> Vec<Matcher> {
    let matchers = silence["matchers"].as_array().unwrap().iter();
    let matchers = matchers.map(|matcher| {
        let operator = match (matcher["isEqual"] == true, matcher["isRegex"] == true) {
            (true, false) => Operator::Equal,
            (false, false) => Operator::NotEqual,
            (true, true) => Operator::Matches,
            (false, true) => Operator::MatchesNot,
        };
        let [name, value] = ["name", "value"].map(|field| matcher[field].as_str().unwrap());
        Matcher::new(name, operator, value).unwrap()
    });
    matchers.collect()
}
