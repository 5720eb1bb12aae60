//! What `nabat check` says about a configuration without mistakes.

use std::fmt::Write;
use std::path::Path;

use super::settings::{Auth, Bot, Config};

impl Config {
    /// What is allowed but probably not meant, one sentence each.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.telegram.bots.is_empty() {
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
}

/// A calm summary of `config`, read from `file`: one line, then one for each warning.
pub fn report(file: &Path, config: &Config) -> String {
    let bots = bots(&config.telegram.bots);
    let intake = intake(config.intake.auth.as_ref());
    let mut text = format!(
        "{} is fine: {bots}, intake {intake}, store {}\n",
        file.display(),
        config.store
    );
    for warning in config.warnings() {
        // Writing to a string does not fail.
        let _ = writeln!(text, "warning: {warning}");
    }
    text
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
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host != "localhost" && !address.is_ok_and(|address| address.is_loopback())
}
