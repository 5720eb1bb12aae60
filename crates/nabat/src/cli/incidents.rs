//! `nabat incidents`: what fires and what fired, for how long, who was told and who took it.

mod table;

use clap::{Args, Subcommand, ValueEnum};
use nabat_core::matcher::list_text;
use reqwest::Method;

use super::api::given;
use super::output::{How, Output, json};
use super::table::width;
use super::words::{matchers, number};
use super::{Outcome, complain, print, runtime};
use crate::clock;
use crate::web::api::shape::incident::{Incident, Incidents as Page};

const PATH: &str = "/api/v1/incidents";

/// See what fires and what fired, for how long, and who was told
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Incidents {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List incidents, the one that was opened last first
    List(List),
    /// Show one: its labels, who was told when, who took it
    Show(One),
}

#[derive(Debug, Args)]
struct List {
    /// Only those whose labels fulfil all: DiskFull severity=critical 'team=~"db|web"'; a first
    /// word alone is the alert's name
    #[arg(value_name = "MATCHER")]
    matchers: Vec<String>,
    /// Only those in whose title (name and summary) this expression is found
    #[arg(long, value_name = "EXPR", conflicts_with = "matchers")]
    title: Option<String>,
    /// Only those that are open, or that ended
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Only those that were open then or later: `24h` ago, or a time as 2026-11-20T15:00:00Z
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only those that were opened by then
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000), value_name = "N")]
    limit: u16,
    /// Go on from where an earlier list ended
    #[arg(long, value_name = "PLACE")]
    before: Option<String>,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    Open,
    Ended,
}

#[derive(Debug, Args)]
struct One {
    /// The incident's number
    #[arg(value_parser = number)]
    id: i64,
    #[command(flatten)]
    how: How,
}

impl Incidents {
    pub(super) fn run(self) -> Outcome {
        runtime()?.block_on(async {
            match self.action {
                None => list(self.list).await,
                Some(Action::List(wanted)) => list(wanted).await,
                Some(Action::Show(one)) => show(one).await,
            }
        })
    }
}

async fn list(wanted: List) -> Outcome {
    let api = wanted.how.target.open()?;
    let state = wanted.state.map(|state| match state {
        State::Open => "open".to_owned(),
        State::Ended => "ended".to_owned(),
    });
    let matchers = matchers(&wanted.matchers)?;
    let filter = (!matchers.is_empty()).then(|| list_text(&matchers));
    let query = given([
        ("limit", Some(wanted.limit.to_string())),
        ("state", state),
        ("filter", filter),
        ("title", wanted.title),
        ("since", wanted.since),
        ("until", wanted.until),
        ("before", wanted.before),
    ]);
    let page: Page = api.ask(Method::GET, PATH, &query).await?;
    if wanted.how.output == Output::Json {
        return json(&page);
    }
    if page.incidents.is_empty() {
        complain("no incidents");
    } else {
        print(&table::list(&page.incidents, clock::now(), width()));
    }
    if let Some(next) = page.next {
        complain(&format!("there is more: --before {next}"));
    }
    Ok(())
}

async fn show(one: One) -> Outcome {
    let api = one.how.target.open()?;
    let path = format!("{PATH}/{}", one.id);
    let incident: Incident = api.ask(Method::GET, &path, &[]).await?;
    let text = |incident: &Incident| table::one(incident, clock::now());
    one.how.output.show(&incident, text)
}
