//! `nabat token`: by which programs and people use the API, made, shown and removed.

use clap::{Args, Subcommand};
use nabat_core::matcher::list_text;
use nabat_core::time::Timestamp;
use nabat_core::token::Role;
use reqwest::Method;

use super::output::{How, Output, json};
use super::table::{Table, age, clean, left, width};
use super::words::{hence, matchers};
use super::{Failure, Outcome, complain, print, runtime};
use crate::clock;
use crate::web::api::shape::Done;
use crate::web::api::shape::token::{List as Page, Made, Shown, Wanted};

const PATH: &str = "/api/v1/tokens";

/// Make tokens for programs that use the API, list and remove them
#[derive(Debug, Args)]
pub(super) struct Token {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a token; prints it, once
    Add(Add),
    /// List the tokens: what each may do, until when, and when it was used last
    List(List),
    /// Remove tokens: they admit to nothing from then on
    Remove(Remove),
}

#[derive(Debug, Args)]
struct Add {
    /// What it is for, as in `grafana`
    name: String,
    /// viewer: look; operator: also silence, acknowledge, pause, send again; admin: everything
    #[arg(short, long)]
    role: Role,
    /// Only for alerts and monitors whose labels fulfil all of these, as in 'team="db"'
    #[arg(short, long, value_name = "MATCHER")]
    scope: Vec<String>,
    /// Until when: in `30d`, or a time as in `2026-12-31T00:00:00Z` [default: for ever]
    #[arg(short, long, value_name = "TIME", value_parser = hence)]
    expires: Option<Timestamp>,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct Remove {
    /// The tokens' names
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    how: How,
}

impl Token {
    pub(super) fn run(self) -> Outcome {
        runtime()?.block_on(async {
            match self.action {
                Action::Add(wanted) => add(wanted).await,
                Action::List(wanted) => list(wanted).await,
                Action::Remove(wanted) => remove(wanted).await,
            }
        })
    }
}

async fn add(wanted: Add) -> Outcome {
    if let Some(word) = wanted.scope.iter().find(|word| !word.contains(['=', '!'])) {
        let problem = format!("nabat: `{word}` is no matcher, such as 'team=\"db\"'");
        return Err(Failure::Usage(problem));
    }
    let scope = matchers(&wanted.scope)?;
    let api = wanted.how.target.open()?;
    let body = Wanted {
        name: wanted.name,
        role: wanted.role,
        scope: (!scope.is_empty()).then(|| list_text(&scope)),
        expires_at: wanted.expires.map(|at| at.to_string()),
    };
    let made: Made = api.post(PATH, &body).await?;
    if wanted.how.output == Output::Json {
        return json(&made);
    }
    print(&format!("{}\n", made.token));
    complain("keep it now: it is shown only this once");
    Ok(())
}

async fn list(wanted: List) -> Outcome {
    let api = wanted.how.target.open()?;
    let query = [("limit", "1000".to_owned())];
    let page: Page = api.ask(Method::GET, PATH, &query).await?;
    if wanted.how.output == Output::Json {
        return json(&page);
    }
    if page.tokens.is_empty() {
        complain("no tokens; the one in the file `api-token` is for everything");
        return Ok(());
    }
    let now = clock::now();
    let table = Table {
        head: ["NAME", "ROLE", "EXPIRES", "USED", "SCOPE"],
        flexible_from: 4,
        rows: page.tokens.iter().map(|token| row(token, now)).collect(),
    };
    print(&table.text(width()));
    Ok(())
}

fn row(token: &Shown, now: Timestamp) -> [String; 5] {
    let expires =
        token.expires_at.as_deref().map_or(
            "never".to_owned(),
            |at| match Timestamp::parse_rfc3339(at).ok().flatten() {
                Some(at) if at > now => format!("in {}", left(at.since(now))),
                _ => "expired".to_owned(),
            },
        );
    let used = token.used_at.as_deref();
    let used = used.map_or("never".to_owned(), |at| format!("{} ago", age(at, now)));
    [
        clean(&token.name),
        token.role.to_string(),
        expires,
        used,
        clean(token.scope.as_deref().unwrap_or("everything")),
    ]
}

async fn remove(wanted: Remove) -> Outcome {
    let api = wanted.how.target.open()?;
    let mut failed = false;
    for name in &wanted.names {
        let path = format!("{PATH}/{name}");
        let removed: anyhow::Result<Done> = api.ask(Method::DELETE, &path, &[]).await;
        match removed {
            Ok(done) if wanted.how.output == Output::Json => json(&done)?,
            Ok(done) => print(&format!("{}\n", done.message)),
            Err(error) => {
                failed = true;
                complain(&format!("nabat: {error}"));
            }
        }
    }
    match failed {
        true => Err(Failure::Said),
        false => Ok(()),
    }
}
