//! `nabat alert`: what fires, and alerts of one's own, through Alertmanager's API.

use std::collections::BTreeMap;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use nabat_core::alert::NAME;
use nabat_core::time::Timestamp;

use super::output::{self, How, Output};
use super::table::{Table, age, clean, width};
use super::words::{ago, filters, hence, labels, pairs};
use super::{Outcome, complain, print, runtime};
use crate::clock;

const PATH: &str = "/api/v2/alerts";

/// See what fires; send an alert
#[derive(Debug, Args)]
pub(super) struct Alert {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Send an alert that fires, or the end of one
    Add(Add),
    /// List what fires
    List(List),
}

#[derive(Debug, Args)]
struct Add {
    /// Its labels, as in `severity=critical`; a first one without `=` is the alert's name
    #[arg(required = true, value_name = "LABEL")]
    labels: Vec<String>,
    /// What is said about it, as in `summary="the disk is full"`
    #[arg(long, value_name = "NAME=TEXT")]
    annotation: Vec<String>,
    /// Since when it fires: `10m` ago, or a time as in `2026-11-21T22:00:00Z` [default: now]
    #[arg(long, value_name = "TIME", value_parser = ago)]
    start: Option<Timestamp>,
    /// Until when: in `10m`, or a time; one that has passed, such as `0s`, ends it [default: until
    /// Nabat hears nothing of it for `resolve_timeout`]
    #[arg(long, value_name = "TIME", value_parser = hence)]
    end: Option<Timestamp>,
    /// Where it can be looked at
    #[arg(long, value_name = "URL")]
    generator_url: Option<String>,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct List {
    /// Only those that fulfil these matchers; a first one without an operator is the alert's name
    #[arg(value_name = "MATCHER")]
    matchers: Vec<String>,
    /// Not those that a silence or another alert holds back
    #[arg(long)]
    active: bool,
    /// Only those of receivers whose name matches this expression
    #[arg(long, value_name = "EXPRESSION")]
    receiver: Option<String>,
    #[command(flatten)]
    how: How,
}

/// As much of an alert as is shown in a line.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    starts_at: String,
    status: Status,
}

#[derive(Debug, Deserialize)]
struct Status {
    state: String,
}

impl Alert {
    pub(super) fn run(self) -> Outcome {
        runtime()?.block_on(async {
            match self.action {
                Action::Add(wanted) => add(wanted).await,
                Action::List(wanted) => list(wanted).await,
            }
        })
    }
}

async fn add(wanted: Add) -> Outcome {
    let labels = labels(&wanted.labels)?;
    let annotations = pairs(&wanted.annotation)?;
    let mut alert = json!({ "labels": labels, "annotations": annotations });
    let now = clock::now();
    // To Alertmanager's API, what has an end and no start begins at its end.
    let fires = wanted.end.is_some_and(|end| end > now);
    let start = wanted.start.or(fires.then_some(now));
    let times = [("startsAt", start), ("endsAt", wanted.end)];
    for (name, time) in times {
        if let Some(time) = time {
            alert[name] = json!(time.to_string());
        }
    }
    if let Some(url) = &wanted.generator_url {
        alert["generatorURL"] = json!(url);
    }
    let api = wanted.how.target.open()?;
    let () = api.post(PATH, &[&alert]).await?;
    match wanted.how.output {
        Output::Json => output::json(&alert),
        Output::Text => Ok(()),
    }
}

async fn list(wanted: List) -> Outcome {
    let mut query = filters(&wanted.matchers)?;
    if wanted.active {
        query.extend(["silenced", "inhibited"].map(|name| (name, false.to_string())));
    }
    query.extend(wanted.receiver.map(|name| ("receiver", name)));
    let api = wanted.how.target.open()?;
    let alerts: Vec<Value> = api.ask(Method::GET, PATH, &query).await?;
    if wanted.how.output == Output::Json {
        return output::json(&alerts);
    }
    if alerts.is_empty() {
        complain("nothing fires");
        return Ok(());
    }
    let shown: Vec<Shown> = serde_json::from_value(Value::Array(alerts))
        .context("the answer holds an alert that is none of Nabat's")?;
    print(&text(&shown, clock::now(), width()));
    Ok(())
}

/// A line for each, no wider than `width` if that can be.
fn text(alerts: &[Shown], now: Timestamp, width: Option<usize>) -> String {
    let rows = alerts.iter().map(|alert| {
        let said = |name: &str| alert.annotations.get(name).map(String::as_str);
        let labels = alert.labels.iter().filter(|(name, _)| *name != NAME);
        let labels: Vec<String> = labels
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        [
            clean(alert.labels.get(NAME).map_or("", String::as_str)),
            clean(&alert.status.state),
            age(&alert.starts_at, now),
            clean(&labels.join(" ")),
            clean(said("summary").or(said("description")).unwrap_or_default()),
        ]
    });
    let table = Table {
        head: ["ALERT", "STATE", "AGE", "LABELS", "SUMMARY"],
        flexible_from: 3,
        rows: rows.collect(),
    };
    table.text(width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fires_is_shown() {
        let alert = Shown {
            labels: [("alertname", "Disk"), ("host", "a")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            annotations: [("summary".to_owned(), "full\u{1b}".to_owned())].into(),
            starts_at: "2026-11-20T15:00:00.000Z".to_owned(),
            status: Status {
                state: "active".to_owned(),
            },
        };
        let now = Timestamp::parse_rfc3339("2026-11-20T15:03:20Z");
        assert_eq!(
            text(&[alert], now.unwrap().unwrap(), None),
            "ALERT  STATE   AGE  LABELS  SUMMARY\nDisk   active  3m   host=a  full\n"
        );
    }
}
