//! `nabat deliveries`: what waits to be sent and what became of the rest.

mod table;

use std::io::{IsTerminal as _, Write as _};

use anyhow::anyhow;
use clap::{Args, Subcommand};
use reqwest::Method;

use super::api::{Api, given};
use super::output::{How, Output, json};
use super::table::width;
use super::words::number;
use super::{Failure, Outcome, complain, print, runtime};
use crate::clock;
use crate::web::api::shape::{Delivery, Done, Page, State};

const PATH: &str = "/api/v1/deliveries";

/// See what waits to be sent and what became of the rest; retry or drop it
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Deliveries {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List deliveries: those that wait, then the newest
    List(List),
    /// Show one with all its attempts
    Show(One),
    /// Try one now that waits; tell a chat that took no messages what it missed
    Retry(One),
    /// Drop one that waits: it is never sent
    Drop(Drop),
}

#[derive(Debug, Args)]
struct List {
    /// Only those in this state; several with commas: waiting, sent, uncertain, failed,
    /// unreachable, dropped, moved
    #[arg(long, value_delimiter = ',', value_name = "STATE")]
    state: Vec<State>,
    /// Only those of one destination, written as `show` shows it
    #[arg(long, value_name = "DESTINATION")]
    destination: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000), value_name = "N")]
    limit: u16,
    /// Go on from where an earlier list ended
    #[arg(long, value_name = "PLACE")]
    before: Option<String>,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct One {
    /// The delivery's number
    #[arg(value_parser = number)]
    id: i64,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct Drop {
    #[command(flatten)]
    one: One,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl Deliveries {
    pub(super) fn run(self) -> Outcome {
        runtime()?.block_on(async {
            match self.action {
                None => list(self.list).await,
                Some(Action::List(wanted)) => list(wanted).await,
                Some(Action::Show(one)) => show(one).await,
                Some(Action::Retry(one)) => retry(one).await,
                Some(Action::Drop(wanted)) => remove(wanted).await,
            }
        })
    }
}

async fn list(wanted: List) -> Outcome {
    let api = wanted.how.target.open()?;
    let states: Vec<String> = wanted.state.iter().map(State::to_string).collect();
    let query = given([
        ("limit", Some(wanted.limit.to_string())),
        (
            "state",
            Some(states.join(",")).filter(|all| !all.is_empty()),
        ),
        ("destination", wanted.destination),
        ("before", wanted.before),
    ]);
    let page: Page = api.ask(Method::GET, PATH, &query).await?;
    if wanted.how.output == Output::Json {
        return json(&page);
    }
    if page.deliveries.is_empty() {
        complain("no deliveries");
        return Ok(());
    }
    print(&table::list(&page.deliveries, clock::now(), width()));
    if let Some(next) = page.next {
        complain(&format!("there is more: --before {next}"));
    }
    Ok(())
}

async fn show(one: One) -> Outcome {
    let api = one.how.target.open()?;
    let delivery = fetch(&api, one.id).await?;
    let text = |delivery: &Delivery| table::one(delivery, clock::now());
    one.how.output.show(&delivery, text)
}

async fn retry(one: One) -> Outcome {
    let api = one.how.target.open()?;
    let path = format!("{PATH}/{}/retry", one.id);
    tell(&api.ask(Method::POST, &path, &[]).await?, one.how.output)
}

async fn remove(wanted: Drop) -> Outcome {
    let One { id, how } = wanted.one;
    let api = how.target.open()?;
    if !wanted.yes {
        if !std::io::stdin().is_terminal() {
            let text = "nabat: there is nobody to ask whether to drop it; say --yes";
            return Err(Failure::Usage(text.to_owned()));
        }
        let delivery = fetch(&api, id).await?;
        if !confirmed(&delivery)? {
            return Err(anyhow!("delivery {id} was not dropped").into());
        }
    }
    let path = format!("{PATH}/{id}");
    tell(&api.ask(Method::DELETE, &path, &[]).await?, how.output)
}

async fn fetch(api: &Api, id: i64) -> anyhow::Result<Delivery> {
    api.ask(Method::GET, &format!("{PATH}/{id}"), &[]).await
}

/// Asks whoever sits at the terminal.
fn confirmed(delivery: &Delivery) -> std::io::Result<bool> {
    let mut err = std::io::stderr().lock();
    write!(err, "{}", table::one(delivery, clock::now()))?;
    write!(err, "Drop it, so that it is never sent? [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn tell(done: &Done, output: Output) -> Outcome {
    output.show(done, |done| format!("{}\n", done.message))
}
