//! `nabat monitor`: what Nabat watches by itself, made, shown, changed and removed.

mod apply;
mod changes;
mod files;
mod looks;
pub(super) mod shown;

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use nabat_core::monitor::{Outcome as Seen, Status, shorthand};
use nabat_core::time::format_period;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::api::{Api, NotFound, given, segment};
use super::output::{How, Output, json as print_json};
use super::table::width;
use super::words::{pairs, period};
use super::{Failure, Outcome, complain, print, runtime};
use crate::clock;
use crate::config::monitor::KINDS;
use crate::config::suggest;
use crate::web::api::shape::monitor::{History, Maintenance, Monitor as Shown, Monitors, Report};
use crate::web::api::shape::routes::Told;

pub(super) const PATH: &str = "/api/v1/monitors";
/// How many monitors are asked for at a time.
const PAGE: usize = 1_000;

/// Watch devices and services; see how they stand
#[derive(Debug, Args)]
pub(super) struct Monitor {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Watch something
    Add(Add),
    /// List the monitors and how they stand
    List(List),
    /// Show one: what was seen last, how it stood
    Show(One),
    /// Watch these no more, and forget their history
    Remove(Several),
    /// Look at these no more until they are resumed
    Pause(Several),
    /// Look at these again
    Resume(Several),
    /// Tell nobody of these for a time
    Maintain(Maintain),
    /// Look now and say what is seen: at a monitor, or at what is none. Fails unless it is up
    Test(One),
    /// Bring monitors to be as files say: shows what is to be done, does it, and how that stands then
    Apply(apply::ApplyFiles),
    /// Print all monitors as a file that `apply` takes; secrets are left out
    Export(Export),
}

#[derive(Debug, Args)]
struct Add {
    /// What to watch: `10.0.0.1` (ping), `db-1:5432` (tcp), `https://shop.example.org`,
    /// `tls://HOST:PORT`, `dns://NAME` and so on; `heartbeat://1d`: a job that calls once a day
    target: String,
    /// What it is called [default: made of the target]
    #[arg(short, long)]
    name: Option<String>,
    /// How often it is looked at, as in `10s` [default: 30s]
    #[arg(short, long, value_parser = period)]
    interval: Option<Duration>,
    /// How long one look may take
    #[arg(long, value_parser = period)]
    timeout: Option<Duration>,
    /// From which time on an answer is slow
    #[arg(long, value_parser = period)]
    slow_after: Option<Duration>,
    /// What has to hold of what is seen, as in `latency < 300`
    #[arg(short, long = "condition", value_name = "CEL")]
    conditions: Vec<String>,
    /// A label of its alert, as in `team=db`
    #[arg(short, long = "label", value_name = "NAME=VALUE")]
    labels: Vec<String>,
    /// The severity of its alert [default: critical]
    #[arg(long)]
    severity: Option<String>,
    /// A monitor behind which it stands
    #[arg(long = "parent", value_name = "NAME")]
    parents: Vec<String>,
    /// Other settings of a monitor, in JSON, as in '{"failures_needed": 2}'
    #[arg(long, value_name = "JSON")]
    settings: Option<String>,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct List {
    /// Only those whose name or target contains this
    text: Option<String>,
    /// Only those with one of these statuses, as in `down,suspect`
    #[arg(
        short,
        long,
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(Status::ALL.map(Status::word)),
        hide_possible_values = true
    )]
    status: Vec<String>,
    /// Only those of this kind
    #[arg(
        short,
        long,
        value_parser = PossibleValuesParser::new(KINDS),
        hide_possible_values = true
    )]
    kind: Option<String>,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct One {
    /// The monitor's name, or for `test` a target
    name: String,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct Several {
    /// The monitors' names
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct Maintain {
    /// The monitors' names
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// For how long, as in `2h`; `0`: no longer
    #[arg(short, long = "for", value_name = "PERIOD", default_value = "1h")]
    duration: String,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct Export {
    #[command(flatten)]
    how: How,
}

impl Monitor {
    pub(super) fn run(self) -> Outcome {
        runtime()?.block_on(async {
            match self.action {
                Action::Add(wanted) => add(wanted).await,
                Action::List(wanted) => list(wanted).await,
                Action::Show(one) => show(one).await,
                Action::Remove(several) => each(several, Method::DELETE, "", "removed").await,
                Action::Pause(several) => each(several, Method::POST, "/pause", "paused").await,
                Action::Resume(several) => each(several, Method::POST, "/resume", "resumed").await,
                Action::Maintain(wanted) => maintain(wanted).await,
                Action::Test(one) => test(one).await,
                Action::Apply(wanted) => apply::apply(wanted).await,
                Action::Export(wanted) => export(wanted).await,
            }
        })
    }
}

async fn add(wanted: Add) -> Outcome {
    let (name, kind, what) = kind(&wanted.target, wanted.name)?;
    let mut definition = match wanted.settings.as_deref().map(serde_json::from_str) {
        None => Map::new(),
        Some(Ok(Value::Object(settings))) => settings,
        Some(_) => {
            let usage = "nabat: --settings is no JSON object such as '{\"failures_needed\": 2}'";
            return Err(Failure::Usage(usage.to_owned()));
        }
    };
    let mut set = |key: &str, value: Option<Value>| {
        definition.extend(value.map(|value| (key.to_owned(), value)));
    };
    let text = |period: Duration| Value::from(format_period(period));
    set("name", Some(name.into()));
    set(kind, Some(what));
    set("interval", wanted.interval.map(text));
    set("timeout", wanted.timeout.map(text));
    set("slow_after", wanted.slow_after.map(text));
    set("severity", wanted.severity.map(Value::from));
    let labels = pairs(&wanted.labels)?;
    set("labels", (!labels.is_empty()).then(|| json!(labels)));
    let conditions = wanted.conditions;
    set(
        "conditions",
        (!conditions.is_empty()).then(|| json!(conditions)),
    );
    let parents = wanted.parents;
    set("parents", (!parents.is_empty()).then(|| json!(parents)));
    let api = wanted.how.target.open()?;
    let made: Shown = api.post(PATH, &definition).await?;
    if wanted.how.output == Output::Json {
        return print_json(&made);
    }
    print(&format!("{} (number {})\n", made.name, made.id));
    if let Some(url) = &made.ping_url {
        print(&format!("the job calls {url} when it is done\n"));
    }
    // It is watched, whatever comes of what follows.
    if let Ok(seen) = look(&api, &made.name).await {
        print(&format!("{}\n", shown::seen(&seen)));
    }
    if told(&api, &made).await == Some(false) {
        complain(&format!(
            "nobody is told of it yet; in a chat with the bot: /subscribe monitor=\"{}\", or, for all \
             monitors, /subscribe alertname=~\"Monitor.+\"",
            made.name
        ));
    }
    Ok(())
}

/// Looks at a monitor now.
async fn look(api: &Api, name: &str) -> anyhow::Result<Report> {
    let path = format!("{}/probe", path(name));
    api.post(&path, &json!({})).await
}

/// Whether anybody would be told if a monitor were down, if this token may know that.
async fn told(api: &Api, monitor: &Shown) -> Option<bool> {
    let own = [
        ("alertname", "MonitorDown"),
        ("monitor", &monitor.name),
        ("kind", &monitor.kind),
        ("instance", &monitor.target),
        ("severity", &monitor.severity),
    ];
    let given = monitor.labels.iter();
    let given = given.map(|(name, value)| (name.as_str(), value.clone()));
    let own = own.map(|(name, value)| (name, value.to_owned()));
    let labels: Vec<(&str, String)> = given.chain(own).collect();
    let told: Told = api
        .ask(Method::GET, "/api/v1/routes/test", &labels)
        .await
        .ok()?;
    let routed = told.routes.iter().any(|route| !route.told.is_empty());
    Some(routed || !told.subscriptions?.is_empty())
}

async fn list(wanted: List) -> Outcome {
    let api = wanted.how.target.open()?;
    let status = (!wanted.status.is_empty()).then(|| wanted.status.join(","));
    let is_choice = status.is_some() || wanted.text.is_some() || wanted.kind.is_some();
    let (all, counts) = all(&api, wanted.text, status, wanted.kind).await?;
    if wanted.how.output == Output::Json {
        return print_json(&all);
    }
    if all.is_empty() {
        complain(match is_choice {
            true => "no monitor matches",
            false => "no monitors; `nabat monitor add 10.0.0.1` watches one",
        });
        return Ok(());
    }
    // Below a choice stands what is in it.
    let counts = if is_choice { counted(&all) } else { counts };
    print(&shown::list(&all, &counts, clock::now(), width()));
    Ok(())
}

/// How many of these stand how.
fn counted(monitors: &[Shown]) -> Counts {
    let mut counts = Counts::new();
    for monitor in monitors {
        *counts.entry(shown::status(monitor)).or_default() += 1;
    }
    counts
}

type Counts = std::collections::BTreeMap<String, usize>;

/// All monitors that are wanted, page after page.
pub(super) async fn all(
    api: &Api,
    text: Option<String>,
    status: Option<String>,
    kind: Option<String>,
) -> anyhow::Result<(Vec<Shown>, Counts)> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let query = given([
            ("text", text.clone()),
            ("status", status.clone()),
            ("kind", kind.clone()),
            ("limit", Some(PAGE.to_string())),
            ("after", after),
        ]);
        let page: Monitors = api.ask(Method::GET, PATH, &query).await?;
        all.extend(page.monitors);
        after = page.next;
        if after.is_none() {
            return Ok((all, page.counts));
        }
    }
}

async fn show(one: One) -> Outcome {
    let api = one.how.target.open()?;
    let path = path(&one.name);
    let monitor: anyhow::Result<Shown> = api.ask(Method::GET, &path, &[]).await;
    let monitor = match monitor {
        Ok(monitor) => monitor,
        Err(error) => return Err(meant(&api, &one.name, error).await.into()),
    };
    let history: History = api
        .ask(Method::GET, &format!("{path}/history"), &[])
        .await?;
    if one.how.output == Output::Json {
        return print_json(&json!({"monitor": monitor, "history": history}));
    }
    print(&shown::one(&monitor, &history, clock::now()));
    Ok(())
}

/// Does the same with several monitors.
async fn each(several: Several, method: Method, what: &str, done: &str) -> Outcome {
    let api = several.how.target.open()?;
    let mut failed = false;
    for name in &several.names {
        let path = format!("{}{what}", path(name));
        let outcome: anyhow::Result<Value> = api.ask(method.clone(), &path, &[]).await;
        failed |= match outcome {
            Ok(_) => tell(name, Ok(done)),
            Err(error) => tell(name, Err(meant(&api, name, error).await)),
        };
    }
    all_done(failed)
}

/// The error, and which monitor may have been meant if there is none of this name.
async fn meant(api: &Api, name: &str, error: anyhow::Error) -> anyhow::Error {
    if !error.is::<NotFound>() {
        return error;
    }
    let Ok((all, _)) = all(api, None, None, None).await else {
        return error;
    };
    let names = all.iter().map(|monitor| monitor.name.as_str());
    match suggest::did_you_mean(name, names) {
        Some(hint) => anyhow!("there is no monitor `{name}`; {hint}"),
        None => error,
    }
}

async fn maintain(wanted: Maintain) -> Outcome {
    let api = wanted.how.target.open()?;
    let body = Maintenance {
        duration: wanted.duration,
    };
    let mut failed = false;
    for name in &wanted.names {
        let path = format!("{}/maintenance", path(name));
        let outcome: anyhow::Result<Shown> = api.post(&path, &body).await;
        failed |= match outcome {
            Ok(monitor) => tell(name, Ok(&shown::maintained(&monitor))),
            Err(error) => tell(name, Err(meant(&api, name, error).await)),
        };
    }
    all_done(failed)
}

async fn test(one: One) -> Outcome {
    let api = one.how.target.open()?;
    let of_monitor = look(&api, &one.name).await;
    let report: Report = match (of_monitor, shorthand::read(&one.name)) {
        (Ok(report), _) => report,
        // Only what is no monitor may be meant as a target.
        (Err(error), _) if !error.is::<NotFound>() => return Err(error.into()),
        (Err(_), Some(target)) => {
            let definition = json!({"name": target.name, target.kind: target.target});
            api.post("/api/v1/probe", &definition).await?
        }
        (Err(error), None) => return Err(meant(&api, &one.name, error).await.into()),
    };
    one.how.output.show(&report, shown::report)?;
    match report.outcome {
        Seen::Up | Seen::Degraded => Ok(()),
        Seen::Down | Seen::Unknown => Err(Failure::Said),
    }
}

async fn export(wanted: Export) -> Outcome {
    let api = wanted.how.target.open()?;
    let (all, _) = all(&api, None, None, None).await?;
    let made = all.into_iter().filter(|monitor| !monitor.configured);
    let definitions: Vec<Value> = made.map(|monitor| monitor.definition).collect();
    // JSON is YAML as well.
    print_json(&json!({"monitors": definitions}))
}

/// What a monitor of this target is called, its kind, and what its definition says of that. A
/// heartbeat has no target, but how often its job runs.
fn kind(text: &str, name: Option<String>) -> Result<(String, &'static str, Value), Failure> {
    if let Some(period) = text.strip_prefix("heartbeat://") {
        let nameless =
            || Failure::Usage("nabat: a heartbeat needs a name: --name backup".to_owned());
        let name = name.ok_or_else(nameless)?;
        return Ok((name, "heartbeat", json!({"period": period})));
    }
    let target = target(text)?;
    Ok((
        name.unwrap_or(target.name),
        target.kind,
        target.target.into(),
    ))
}

fn target(text: &str) -> Result<shorthand::Shorthand, Failure> {
    shorthand::read(text).ok_or_else(|| {
        Failure::Usage(format!(
            "nabat: `{text}` is nothing to watch; give an address or a name such as `10.0.0.1`, `db-1:5432` or `https://shop.example.org`"
        ))
    })
}

pub(super) fn path(name: &str) -> String {
    format!("{PATH}/{}", segment(name))
}

/// Says what became of one of several. Returns whether it failed.
fn tell(name: &str, outcome: anyhow::Result<&str>) -> bool {
    match outcome.with_context(|| name.to_owned()) {
        Ok(done) => {
            print(&format!("{name}: {done}\n"));
            false
        }
        Err(error) => {
            complain(&super::chain(&error));
            true
        }
    }
}

fn all_done(failed: bool) -> Outcome {
    match failed {
        false => Ok(()),
        true => Err(Failure::Said),
    }
}
