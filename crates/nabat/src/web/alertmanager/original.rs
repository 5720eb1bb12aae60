//! The configuration as Alertmanager would have read it, for `amtool config routes`.
//!
//! Only what routes and who is told, in the words of Alertmanager 0.25, which reads nothing else.
//! Addresses of webhooks and tokens of bots are secrets, and are replaced by what leads nowhere.

use std::fmt::{Display, Write as _};

use nabat_core::engine::SUBSCRIBERS;
use nabat_core::matcher::Matcher;

use crate::config::integration::{Integration, Kind};
use crate::config::{Config, InhibitRule, Interval, Route, TelegramConfig};

/// Stands for the address of a webhook.
const REDACTED_URL: &str = "http://redacted.invalid/";
/// Stands for the token of a bot, as in Alertmanager.
const REDACTED_TOKEN: &str = "<secret>";

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
        yaml.chats(&receiver.telegram_configs);
    }
    if !config.inhibit_rules.is_empty() {
        yaml.line(0, "inhibit_rules:");
    }
    for rule in &config.inhibit_rules {
        yaml.rule(rule);
    }
    let named: Vec<_> = config
        .time_intervals
        .iter()
        .chain(&config.mute_time_intervals)
        .collect();
    if !named.is_empty() {
        yaml.line(0, "time_intervals:");
    }
    for intervals in named {
        yaml.pair(0, "- name", quoted(&intervals.name));
        yaml.line(1, "time_intervals:");
        for interval in &intervals.time_intervals {
            yaml.interval(interval);
        }
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
            self.list(depth, "group_by", names);
        }
        let all = [&route.r#match, &route.match_re, &route.matchers];
        self.matchers(depth, "matchers", all);
        for (key, period) in [
            ("group_wait", route.group_wait),
            ("group_interval", route.group_interval),
            ("repeat_interval", route.repeat_interval),
        ] {
            if let Some(period) = period {
                self.pair(depth, key, period);
            }
        }
        for (key, names) in [
            ("mute_time_intervals", &route.mute_time_intervals),
            ("active_time_intervals", &route.active_time_intervals),
        ] {
            if !names.is_empty() {
                self.list(depth, key, names);
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

    /// Texts in brackets.
    fn list<T: ToString>(&mut self, depth: usize, key: &str, texts: &[T]) {
        let texts: Vec<String> = texts.iter().map(|text| quoted(&text.to_string())).collect();
        self.pair(depth, key, format_args!("[{}]", texts.join(", ")));
    }

    fn matchers(&mut self, depth: usize, key: &str, all: [&Vec<Matcher>; 3]) {
        let all: Vec<&Matcher> = all.into_iter().flatten().collect();
        if !all.is_empty() {
            self.list(depth, key, &all);
        }
    }

    fn rule(&mut self, rule: &InhibitRule) {
        self.line(0, "-");
        let sources = [
            &rule.source_match,
            &rule.source_match_re,
            &rule.source_matchers,
        ];
        self.matchers(1, "source_matchers", sources);
        let targets = [
            &rule.target_match,
            &rule.target_match_re,
            &rule.target_matchers,
        ];
        self.matchers(1, "target_matchers", targets);
        self.list(1, "equal", &rule.equal);
    }

    fn interval(&mut self, interval: &Interval) {
        self.pair(
            1,
            "- location",
            quoted(interval.location.iana_name().unwrap_or("UTC")),
        );
        if let Some(times) = &interval.times {
            self.line(2, "times:");
            for range in times {
                self.pair(2, "- start_time", quoted(&range.start_time.to_string()));
                self.pair(3, "end_time", quoted(&range.end_time.to_string()));
            }
        }
        if let Some(days) = &interval.weekdays {
            self.list(2, "weekdays", days);
        }
        if let Some(days) = &interval.days_of_month {
            self.list(2, "days_of_month", days);
        }
        if let Some(months) = &interval.months {
            self.list(2, "months", months);
        }
        if let Some(years) = &interval.years {
            self.list(2, "years", years);
        }
    }

    /// The topic within a chat is newer than 0.25, which would refuse it.
    fn chats(&mut self, chats: &[TelegramConfig]) {
        if !chats.is_empty() {
            self.line(1, "telegram_configs:");
        }
        for chat in chats {
            self.pair(1, "- bot_token", quoted(REDACTED_TOKEN));
            self.pair(2, "chat_id", chat.chat_id);
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
