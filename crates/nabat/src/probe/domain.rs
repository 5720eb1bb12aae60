//! Asks the registry until when a domain is registered, by RDAP (RFC 9083).
//!
//! Registries answer few questions from one address, and their answer changes once a year. So it is
//! remembered, and asked for again after hours only. That a registry does not answer is no fault of
//! the domain.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::condition::Fact;
use super::http::{Http, WebAddress, fetch};
use super::trace::Trace;
use super::{Finding, Manner, Report, Short, Tools};
use crate::config::Period;

/// Who knows which registry to ask.
const BOOTSTRAP: &str = "https://rdap.org/domain/";

/// How long an answer holds.
const KNOWN_FOR: Duration = Duration::from_secs(12 * 60 * 60);

/// How long it is left at that there was none.
const UNKNOWN_FOR: Duration = Duration::from_secs(30 * 60);

/// The most bytes of an answer.
const MAX_ANSWER: usize = 1024 * 1024;

const DAY: i64 = 86_400;

/// The registration of a domain. A text alone stands for its `name`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// The domain, such as `example.org`.
    #[schemars(
        length(min = 3, max = 253), regex(pattern = r"^[^\s/:?#@.]+(\.[^\s/:?#@.]+)+$"),
        extend("x-expected" = "a domain such as `example.org`")
    )]
    pub name: String,
    /// How long before its end a registration is told as degraded.
    #[serde(default = "a_month")]
    #[schemars(extend("default" = "30d"))]
    pub expires_within: Period,
    /// Who is asked: an address of RDAP, to which the domain is appended. Without it
    /// `https://rdap.org/domain/`, which knows the registries.
    pub rdap: Option<WebAddress>,
}

const fn a_month() -> Period {
    Period::from_minutes(30 * 24 * 60)
}

impl Short for Domain {
    fn short(text: &str) -> Result<Self, String> {
        Ok(Self {
            name: text.to_owned(),
            expires_within: a_month(),
            rdap: None,
        })
    }

    fn text_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^[^\s/:?#@.]+(\.[^\s/:?#@.]+)+$",
            "maxLength": 253,
            "x-expected": "a domain such as `example.org`",
        })
    }
}

/// What registries said so far, by the address that was asked.
#[derive(Debug, Default)]
pub(super) struct Registries(Mutex<HashMap<String, Said>>);

#[derive(Debug, Clone)]
struct Said {
    /// When it was asked last.
    at: Instant,
    /// The last end that was told, in seconds since 1970.
    end: Option<i64>,
    /// Why there was no answer the last time.
    trouble: Option<String>,
}

/// Asks the registry, if it is time to.
pub async fn probe(settings: &Domain, tools: &Tools, manner: Manner) -> Report {
    let mut trace = Trace::new(manner);
    let result = look(settings, tools, &mut trace).await;
    trace.finish(result)
}

async fn look(settings: &Domain, tools: &Tools, trace: &mut Trace) -> Result<(), Finding> {
    let base = settings
        .rdap
        .as_ref()
        .map_or(BOOTSTRAP, |rdap| rdap.url().as_str());
    let address = format!("{base}{}", settings.name);
    let known = tools.registries.known(&address);
    let lasts = known.as_ref().is_some_and(|said| {
        let lasts = if said.trouble.is_some() {
            UNKNOWN_FOR
        } else {
            KNOWN_FOR
        };
        said.at.elapsed() < lasts
    });
    let said = match known {
        Some(said) if lasts => said,
        older => {
            let asked = ask(&address, tools, trace).await;
            let before = older.and_then(|said| said.end);
            let said = Said {
                at: Instant::now(),
                end: asked.as_ref().ok().copied().or(before),
                trouble: asked.err().map(|finding| finding.words),
            };
            tools.registries.remember(address, said.clone());
            said
        }
    };
    match (said.end, said.trouble) {
        (Some(end), _) => {
            trace.note(judge(end, settings));
            let at = Timestamp::from_second(end).unwrap_or(Timestamp::MAX);
            trace.keep("expires", Fact::Text(at.strftime("%Y-%m-%d").to_string()));
            let left = end - Timestamp::now().as_second();
            trace.keep("days", Fact::Number(left.div_euclid(DAY)));
            Ok(())
        }
        (None, trouble) => Err(Finding::unknown(trouble.unwrap_or_default())),
    }
}

/// The end of the registration, in seconds since 1970.
async fn ask(address: &str, tools: &Tools, trace: &mut Trace) -> Result<i64, Finding> {
    let url: WebAddress = address.parse().map_err(Finding::unknown)?;
    let mut http = Http::new(url);
    http.max_body = MAX_ANSWER;
    let answer = fetch(&http, true, tools, trace).await?;
    let status = answer.head.status.as_u16();
    if status == 404 {
        return Err(Finding::unknown(
            "no registry knows the domain (status 404)",
        ));
    }
    if status != 200 {
        return Err(Finding::unknown(format!(
            "no answer of the registry: status {status}"
        )));
    }
    let parsed: Option<Rdap> = serde_json::from_slice(&answer.body).ok();
    let end = parsed.and_then(|rdap| rdap.events.iter().find_map(Event::expiration));
    end.ok_or_else(|| Finding::unknown("the registry does not say when the registration ends"))
}

fn judge(end: i64, settings: &Domain) -> Finding {
    let left = end - Timestamp::now().as_second();
    let at = Timestamp::from_second(end).unwrap_or(Timestamp::MAX);
    let day = at.strftime("%Y-%m-%d");
    let days = left / DAY;
    let notice = i64::try_from(settings.expires_within.duration().as_secs()).unwrap_or(i64::MAX);
    if left <= 0 {
        return Finding::down(format!("registration ended on {day}"));
    }
    if left < notice {
        let notice = notice / DAY;
        let words =
            format!("registration ends on {day} (in {days} days), expected {notice} days at least");
        return Finding::degraded(words);
    }
    Finding::up(format!("registered until {day} ({days} days)"))
}

#[derive(Deserialize)]
struct Rdap {
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "eventAction", default)]
    action: String,
    #[serde(rename = "eventDate", default)]
    date: String,
}

impl Event {
    fn expiration(&self) -> Option<i64> {
        let date: Option<Timestamp> = self.date.parse().ok();
        date.filter(|_| self.action == "expiration")
            .map(Timestamp::as_second)
    }
}

impl Registries {
    fn known(&self, address: &str) -> Option<Said> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(address).cloned()
    }

    fn remember(&self, address: String, said: Said) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Domains that nobody asks for any more are forgotten with time.
        all.retain(|_, said| said.at.elapsed() < 2 * KNOWN_FOR);
        all.insert(address, said);
    }
}
