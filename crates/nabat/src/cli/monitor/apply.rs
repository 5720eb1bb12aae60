//! `nabat monitor apply`: says what would be done, does it, and waits for the first looks.

use std::path::PathBuf;
use std::pin::pin;
use std::time::{Duration, Instant};

use clap::Args;

use super::looks::Looks;
use super::{PATH, all, changes, files, shown};
use crate::cli::api::Api;
use crate::cli::bar::Line;
use crate::cli::output::{How, Output};
use crate::cli::words::period;
use crate::cli::{Failure, Outcome, complain, print};
use crate::web::api::shape::monitor::{Applied, Apply};

/// How often it is said that something goes on.
const PROGRESS_PERIOD: Duration = Duration::from_millis(500);

#[derive(Debug, Args)]
pub(super) struct ApplyFiles {
    /// A file with monitors, or a folder of such (`*.yml`, `*.yaml`, `*.json`)
    #[arg(short, long = "file", required = true, value_name = "PATH")]
    files: Vec<PathBuf>,
    /// Remove those that are in no file
    #[arg(long)]
    prune: bool,
    /// Only show what would be done
    #[arg(long, conflicts_with = "wait")]
    dry_run: bool,
    /// Wait until all that was made or changed has been looked at, and fail unless all of it is up.
    /// Without it that is shown at a terminal
    #[arg(
        long,
        value_name = "PERIOD",
        value_parser = period,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "2m"
    )]
    wait: Option<Duration>,
    #[command(flatten)]
    how: How,
}

/// How long the first looks are waited for at a terminal.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) async fn apply(wanted: ApplyFiles) -> Outcome {
    let monitors = files::read(&wanted.files)?;
    let api = wanted.how.target.open()?;
    let is_text = wanted.how.output == Output::Text;
    let mut body = Apply {
        monitors,
        prune: wanted.prune,
        dry_run: wanted.dry_run || is_text,
    };
    let mut applied = send(&api, &body).await?;
    if is_text {
        let known = all(&api, None, None, None).await?.0;
        let changes = changes::between(&known, &body.monitors);
        print(&shown::planned(&applied, &changes));
    }
    let is_done = applied.is_nothing() || wanted.dry_run || !is_text;
    if !is_done {
        body.dry_run = false;
        applied = send(&api, &body).await?;
    }
    wanted
        .how
        .output
        .show(&applied, |applied| shown::applied(applied, wanted.dry_run))?;
    if wanted.dry_run {
        return Ok(());
    }
    first_looks(&api, &applied, wanted.wait, is_text).await
}

async fn send(api: &Api, body: &Apply) -> anyhow::Result<Applied> {
    let path = format!("{PATH}/apply");
    progress(body.monitors.len(), api.post(&path, body)).await
}

/// Says at a terminal that it goes on, and for how long already.
async fn progress<T>(count: usize, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut line = Line::new();
    let begun = Instant::now();
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(PROGRESS_PERIOD), if line.is_live => {
                let took = begun.elapsed().as_secs();
                line.draw(&format!("{count} monitors are being read and kept: {took} s"));
            }
        }
    }
}

/// Waits for the first looks if somebody asked for them or sees the bar, and says what came of them.
async fn first_looks(
    api: &Api,
    applied: &Applied,
    wait: Option<Duration>,
    is_text: bool,
) -> Outcome {
    let line = Line::new();
    if wait.is_none() && !line.is_live {
        return Ok(());
    }
    let looks = Looks::wait(api, applied, wait.unwrap_or(PATIENCE), line).await?;
    let report = looks.report();
    match is_text {
        true => print(&report),
        // Standard output is for a program.
        false => complain(&report),
    }
    match looks.all_well() || wait.is_none() {
        true => Ok(()),
        false => Err(Failure::Said),
    }
}
