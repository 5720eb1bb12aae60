//! The configuration as Alertmanager would have read it, for `amtool config routes`.
//!
//! Only what routes and who is told, in the words of Alertmanager 0.25, which reads nothing else.
//! Addresses of webhooks are secrets, and are replaced by one that leads nowhere.

use std::fmt::{Display, Write as _};

use nabat_core::engine::SUBSCRIBERS;

use crate::config::integration::{Integration, Kind};
use crate::config::{Config, Route};

/// Stands for the address of a webhook.
const REDACTED_URL: &str = "http://redacted.invalid/";

/// The configuration as YAML.
pub(super) fn of(config: &Config) -> String {
    let mut yaml = Yaml::default();
    yaml.line(0, "global:");
    let timeout = config.global.resolve_timeout();
    yaml.pair(
        1,
        "resolve_timeout",
        nabat_core::time::format_period(timeout),
    );
    yaml.line(0, "route:");
    match &config.route {
        Some(root) => yaml.route(1, root),
        None => {
            yaml.pair(1, "receiver", SUBSCRIBERS);
            yaml.pair(1, "group_by", r#"["alertname"]"#);
        }
    }
    yaml.line(0, "receivers:");
    if config.route.is_none() {
        yaml.pair(0, "- name", SUBSCRIBERS);
    }
    let integrations = config.integrations();
    for receiver in &config.receivers {
        yaml.pair(0, "- name", quoted(&receiver.name));
        let own: Vec<&Integration> = integrations
            .iter()
            .filter(|integration| *integration.receiver == *receiver.name)
            .collect();
        yaml.integrations(&own);
    }
    yaml.0
}

/// Lines of YAML.
#[derive(Default)]
struct Yaml(String);

impl Yaml {
    fn line(&mut self, depth: usize, text: impl Display) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{:indent$}{text}", "", indent = depth * 2);
    }

    fn pair(&mut self, depth: usize, key: &str, value: impl Display) {
        self.line(depth, format_args!("{key}: {value}"));
    }

    fn route(&mut self, depth: usize, route: &Route) {
        if let Some(receiver) = &route.receiver {
            self.pair(depth, "receiver", quoted(receiver));
        }
        if let Some(names) = &route.group_by {
            let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
            self.pair(depth, "group_by", format_args!("[{}]", names.join(", ")));
        }
        let all = [&route.r#match, &route.match_re, &route.matchers];
        let matchers: Vec<_> = all.into_iter().flatten().collect();
        if !matchers.is_empty() {
            self.line(depth, "matchers:");
            for matcher in matchers {
                self.line(depth, format_args!("- {}", quoted(&matcher.to_string())));
            }
        }
        for (key, period) in [
            ("group_wait", route.group_wait),
            ("group_interval", route.group_interval),
            ("repeat_interval", route.repeat_interval),
        ] {
            if let Some(period) = period {
                self.pair(depth, key, period);
            }
        }
        if route.continues {
            self.pair(depth, "continue", true);
        }
        if !route.routes.is_empty() {
            self.line(depth, "routes:");
        }
        for child in &route.routes {
            // A list's entry that begins with a line of its own stays valid however it goes on.
            self.line(depth, "-");
            self.route(depth + 1, child);
        }
    }

    fn integrations(&mut self, integrations: &[&Integration]) {
        let mut last = "";
        for integration in integrations {
            let key = match &integration.kind {
                Kind::Email(_) => "email_configs:",
                Kind::Webhook(_) => "webhook_configs:",
            };
            if key != last {
                self.line(1, key);
                last = key;
            }
            self.pair(1, "- send_resolved", integration.send_resolved);
            match &integration.kind {
                Kind::Email(email) => {
                    self.pair(2, "to", quoted(&email.to.to_string()));
                    self.pair(2, "from", quoted(&email.from.to_string()));
                    self.pair(2, "smarthost", quoted(&email.smarthost.to_string()));
                }
                Kind::Webhook(webhook) => {
                    self.pair(2, "url", REDACTED_URL);
                    if let Some(most) = webhook.max_alerts {
                        self.pair(2, "max_alerts", most);
                    }
                }
            }
        }
    }
}

/// A text in double quotes: those of JSON are those of YAML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
