//! What `nabat check` says about a configuration without mistakes.

use std::collections::HashSet;
use std::fmt::Write;
use std::path::Path;

use jiff::Zoned;
use nabat_core::matcher::list_text;
use nabat_core::silence::window::Window;
use nabat_core::time::{Timestamp, format_period};

use super::integration::{Encryption, Integration, Kind};
use super::route::Route;
use super::settings::{Auth, Bot, Config};
use super::tree::tree;

impl Config {
    /// What is allowed but probably not meant, one sentence each.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = self.notes.iter().map(ToString::to_string).collect();
        let integrations = self.integrations();
        let routed = self.route.is_some() && !integrations.is_empty();
        if self.telegram.bots.is_empty() && !routed {
            warnings.push(
                "there are no bots: alerts are kept and shown, but nobody is told".to_owned(),
            );
        }
        for bot in &self.telegram.bots {
            for api in bot.api_url.iter().filter(|api| is_open_http(&api.url)) {
                warnings.push(format!(
                    "the token of bot {} goes to {} unencrypted",
                    bot.name, api.url
                ));
            }
        }
        warnings.extend(integrations.iter().filter_map(open_password));
        warnings.extend(self.unused_receivers());
        warnings.extend(self.unused_intervals());
        let auth = self.intake.auth.as_ref();
        if let Some(token) = auth.and_then(|auth| auth.bearer_token.as_ref())
            && token.expose().len() < 16
        {
            warnings.push(
                "intake.auth.bearer_token has fewer than 16 characters and can be guessed"
                    .to_owned(),
            );
        }
        warnings
    }

    fn routes(&self) -> Vec<&Route> {
        let mut found = Vec::new();
        let mut routes: Vec<&Route> = self.route.iter().collect();
        while let Some(route) = routes.pop() {
            found.push(route);
            routes.extend(&route.routes);
        }
        found
    }

    fn unused_intervals(&self) -> impl Iterator<Item = String> {
        let routes = self.routes().into_iter();
        let of = |route: &Route| {
            let names = route.mute_time_intervals.iter();
            names
                .chain(&route.active_time_intervals)
                .cloned()
                .collect::<Vec<_>>()
        };
        let used: HashSet<String> = routes.flat_map(of).collect();
        let named = self.time_intervals.iter().chain(&self.mute_time_intervals);
        named
            .map(|named| &named.name)
            .filter(move |name| !used.contains(*name))
            .map(|name| format!("time interval {name} is named by no route"))
    }

    fn unused_receivers(&self) -> impl Iterator<Item = String> {
        let routes = self.routes().into_iter();
        let mut used: HashSet<&str> = routes
            .filter_map(|route| route.receiver.as_deref())
            .collect();
        let of_bots = self.telegram.bots.iter().map(|bot| &bot.fallback);
        let of_receivers = self.receivers.iter().map(|receiver| &receiver.fallback);
        let fallbacks = of_bots.chain(of_receivers).flatten();
        used.extend(fallbacks.map(|fallback| fallback.receiver.as_str()));
        let names = self.receivers.iter().map(|receiver| &receiver.name);
        let unused: Vec<_> = names.filter(|name| !used.contains(name.as_str())).collect();
        unused
            .into_iter()
            .map(|name| format!("receiver {name} is named by no route and no fallback"))
    }
}

/// Whether the password of a mail server may be read on the way, in words.
fn open_password(integration: &Integration) -> Option<String> {
    let Kind::Email(email) = &integration.kind else {
        return None;
    };
    let open = email.encryption == Encryption::StartTls { required: false };
    (open && email.login.is_some() && !is_loopback(&email.smarthost.host)).then(|| {
        format!(
            "{}: nothing will be sent there, because the password would go to {} unencrypted; \
                     let `require_tls` be true, or leave user name and password out",
            integration.name, email.smarthost
        )
    })
}

/// A calm summary of `config`, read from `file`: one line, then the routing, then the maintenance
/// windows as they are `now`, then one line for each warning.
pub fn report(file: &Path, config: &Config, now: Timestamp) -> String {
    let bots = bots(&config.telegram.bots);
    let intake = intake(config.intake.auth.as_ref());
    let mut text = format!(
        "{} is fine: {bots}, {}intake {intake}, store {}\n",
        file.display(),
        watched(config),
        config.store
    );
    text.push_str(&tree(config));
    for known in config.windows() {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}", window(&known, now));
    }
    for warning in config.warnings() {
        let _ = writeln!(text, "warning: {warning}");
    }
    text
}

/// `maintenance backups: {team="db"} for 1h30m, next at 2026-11-22 02:00 (Europe/Berlin)`.
fn window(window: &Window, now: Timestamp) -> String {
    let clock = |at: Timestamp| -> Zoned { at.in_zone(&window.zone) };
    let when = match window.open_after(now) {
        None => "never".to_owned(),
        Some((start, end)) if start <= now => {
            format!("open until {}", clock(end).strftime("%Y-%m-%d %H:%M"))
        }
        Some((start, _)) => format!("next at {}", clock(start).strftime("%Y-%m-%d %H:%M")),
    };
    format!(
        "maintenance {}: {} for {}, {when} ({})",
        window.name,
        list_text(&window.matchers),
        format_period(window.duration),
        window.zone.iana_name().unwrap_or("UTC")
    )
}

/// `40 monitors, 3 modules for /probe, `: what there is of them.
fn watched(config: &Config) -> String {
    let modules = config.modules.as_ref().map_or(0, |file| file.modules.len());
    let counts = [
        (config.monitors.len(), "monitor", ""),
        (modules, "module", " for /probe"),
    ];
    let given = counts.into_iter().filter(|(count, ..)| *count > 0);
    let texts = given.map(|(count, what, whose)| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {what}{plural}{whose}, ")
    });
    texts.collect()
}

fn bots(bots: &[Bot]) -> String {
    let names: Vec<&str> = bots.iter().map(|bot| bot.name.as_str()).collect();
    match names.len() {
        0 => "no bots".to_owned(),
        1 => format!("1 bot ({})", names[0]),
        count => format!("{count} bots ({})", names.join(", ")),
    }
}

fn intake(auth: Option<&Auth>) -> String {
    let Some(auth) = auth else {
        return "open to everyone who can reach it".to_owned();
    };
    let proofs = [
        (auth.bearer_token.is_some(), "a bearer token"),
        (auth.basic.is_some(), "a name and password"),
        (auth.secret_path.is_some(), "a secret path"),
    ];
    let given: Vec<&str> = proofs
        .iter()
        .filter(|(given, _)| *given)
        .map(|(_, proof)| *proof)
        .collect();
    format!("for those with {}", given.join(" or "))
}

/// Whether what is sent to `url` can be read on the way.
fn is_open_http(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return false;
    };
    let host = reqwest::Url::parse(url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned));
    let host = host.unwrap_or_else(|| rest.to_owned());
    !is_loopback(host.trim_matches(['[', ']']))
}

fn is_loopback(host: &str) -> bool {
    let address = host.parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
