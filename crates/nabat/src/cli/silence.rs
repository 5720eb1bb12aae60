//! `nabat silence`: what holds alerts back, made, shown, extended and ended.

mod shown;

use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use reqwest::Method;

use nabat_core::matcher;
use nabat_core::time::Timestamp;

use super::api::Api;
use super::output::{How, Output, json};
use super::table::width;
use super::whoami::whoami;
use super::words::{filters, hence, matchers, period};
use super::{Failure, Outcome, complain, print, runtime};
use crate::clock;
use crate::web::alertmanager::silences::shape::{
    Gettable, Made, Matcher, Postable, PostableMatcher, RESOLVED, State, UNTIL,
};

const LIST: &str = "/api/v2/silences";
const ONE: &str = "/api/v2/silence";
/// For how long something is silenced where nobody says for how long.
const DURATION: Duration = Duration::from_secs(3_600);
const DURATION_UNTIL_RESOLVED: Duration = Duration::from_secs(86_400);

/// Hold alerts back for a time; see, extend and end what holds them back
#[derive(Debug, Args)]
pub(super) struct Silence {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Silence what fulfils all matchers; prints the silence's id
    Add(Add),
    /// List the silences that are active or to come
    List(List),
    /// Show one
    Show(One),
    /// End silences now
    Expire(Expire),
    /// Let silences last longer
    Extend(Extend),
}

#[derive(Debug, Args)]
struct Add {
    /// Which alerts, as in `team=db` or 'severity=~"warning|info"'; a first one without an
    /// operator is the alert's name
    #[arg(required = true, value_name = "MATCHER")]
    matchers: Vec<String>,
    /// For how long, as in `2h` [default: 1h, with --until-resolved 1d]
    #[arg(short, long, value_parser = period)]
    duration: Option<Duration>,
    /// Why
    #[arg(short, long, default_value = "")]
    comment: String,
    /// From when on: in `2h`, or a time as in `2026-11-21T22:00:00Z` [default: now]
    #[arg(long, value_name = "TIME", value_parser = hence)]
    start: Option<Timestamp>,
    /// Who wants it [default: the user who calls this]
    #[arg(short, long)]
    author: Option<String>,
    /// Only until the last alert that it covers is resolved
    #[arg(long)]
    until_resolved: bool,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct List {
    /// Only those that have these matchers
    #[arg(value_name = "MATCHER")]
    matchers: Vec<String>,
    /// Those that are over as well
    #[arg(long)]
    expired: bool,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct One {
    /// The silence's id
    id: String,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct Expire {
    /// The silences' ids
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct Extend {
    /// The silences' ids
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// How much longer, as in `2h`
    #[arg(short, long, value_parser = period)]
    duration: Duration,
    #[command(flatten)]
    how: How,
}

impl Silence {
    pub(super) fn run(self) -> Outcome {
        runtime()?.block_on(async {
            match self.action {
                Action::Add(wanted) => add(wanted).await,
                Action::List(wanted) => list(wanted).await,
                Action::Show(one) => show(one).await,
                Action::Expire(wanted) => expire(wanted).await,
                Action::Extend(wanted) => extend(wanted).await,
            }
        })
    }
}

async fn add(wanted: Add) -> Outcome {
    let matchers = matchers(&wanted.matchers)?;
    let api = wanted.how.target.open()?;
    let starts_at = wanted.start.unwrap_or_else(clock::now);
    let usual = match wanted.until_resolved {
        true => DURATION_UNTIL_RESOLVED,
        false => DURATION,
    };
    let ends_at = starts_at.after(wanted.duration.unwrap_or(usual));
    let until = || [(UNTIL.to_owned(), RESOLVED.to_owned())].into();
    let posted = Postable {
        id: None,
        comment: Some(wanted.comment),
        created_by: Some(wanted.author.unwrap_or_else(whoami)),
        ends_at: Some(ends_at.to_string()),
        matchers: Some(matchers.iter().map(posted).collect()),
        starts_at: Some(starts_at.to_string()),
        annotations: wanted.until_resolved.then(until),
    };
    let made = api.post(LIST, &posted).await?;
    tell(&made, wanted.how.output)
}

async fn list(wanted: List) -> Outcome {
    let mut query = filters(&wanted.matchers)?;
    let api = wanted.how.target.open()?;
    query.push(("expired", wanted.expired.to_string()));
    let silences: Vec<Gettable> = api.ask(Method::GET, LIST, &query).await?;
    if wanted.how.output == Output::Json {
        return json(&silences);
    }
    if silences.is_empty() {
        complain("no silences");
        return Ok(());
    }
    print(&shown::list(&silences, clock::now(), width()));
    Ok(())
}

async fn show(one: One) -> Outcome {
    let api = one.how.target.open()?;
    let silence = fetch(&api, &one.id).await?;
    let text = |silence: &Gettable| shown::one(silence, clock::now());
    one.how.output.show(&silence, text)
}

async fn expire(wanted: Expire) -> Outcome {
    let api = wanted.how.target.open()?;
    let mut failed = 0;
    for id in &wanted.ids {
        let path = format!("{ONE}/{id}");
        let ended: anyhow::Result<()> = api.ask(Method::DELETE, &path, &[]).await;
        let ended = ended.map(|()| Made { id: id.clone() });
        failed += note(id, ended, wanted.how.output)?;
    }
    all_done(failed)
}

async fn extend(wanted: Extend) -> Outcome {
    let api = wanted.how.target.open()?;
    let mut failed = 0;
    for id in &wanted.ids {
        let extended = extend_one(&api, id, wanted.duration).await;
        failed += note(id, extended, wanted.how.output)?;
    }
    all_done(failed)
}

/// Moves the end of a silence.
async fn extend_one(api: &Api, id: &str, by: Duration) -> anyhow::Result<Made> {
    let silence = fetch(api, id).await?;
    if silence.status.state == State::Expired {
        bail!("it is over; make another one with `nabat silence add`");
    }
    let ends_at = Timestamp::parse_rfc3339(&silence.ends_at)?.unwrap_or_default();
    let matchers = silence.matchers.into_iter().map(Matcher::postable);
    let posted = Postable {
        id: Some(silence.id),
        comment: Some(silence.comment),
        created_by: Some(silence.created_by),
        ends_at: Some(ends_at.max(clock::now()).after(by).to_string()),
        matchers: Some(matchers.map(Some).collect()),
        starts_at: Some(silence.starts_at),
        annotations: None,
    };
    api.post(LIST, &posted).await
}

async fn fetch(api: &Api, id: &str) -> anyhow::Result<Gettable> {
    let silence = api.ask(Method::GET, &format!("{ONE}/{id}"), &[]).await;
    silence.with_context(|| format!("failed to show the silence {id}"))
}

fn tell(made: &Made, output: Output) -> Outcome {
    output.show(made, |made| format!("{}\n", made.id))
}

/// Prints the id of a silence with which something was done, or why not. Returns how many failed.
fn note(id: &str, done: anyhow::Result<Made>, output: Output) -> Result<usize, Failure> {
    match done {
        Ok(made) => {
            tell(&made, output)?;
            Ok(0)
        }
        Err(error) => {
            complain(&format!("{id}: {}", super::chain(&error)));
            Ok(1)
        }
    }
}

fn all_done(failed: usize) -> Outcome {
    match failed {
        0 => Ok(()),
        _ => Err(Failure::Said),
    }
}

fn posted(matcher: &matcher::Matcher) -> Option<PostableMatcher> {
    Some(Matcher::from(matcher).postable())
}
