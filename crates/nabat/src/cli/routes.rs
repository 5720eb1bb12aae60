//! `nabat routes`: who is told about which alerts, and why.

mod text;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use nabat_core::alert::Labels;
use reqwest::Method;

use super::file::Choice;
use super::output::How;
use super::words::labels;
use super::{Outcome, runtime};
use crate::clock;
use crate::web::api::shape::routes::{Routes as Shown, Told};

const PATH: &str = "/api/v1/routes";

/// See who is told about which alerts, and who would be told about one
#[derive(Debug, Args)]
pub(super) struct Routes {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Draw the tree of routes: of a file, or of the Nabat that runs
    Show(Show),
    /// Say which receivers, groups and subscriptions would get an alert, and why: by a file, which
    /// knows no subscriptions, or by the Nabat that runs
    Test(Test),
}

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    file: Choice,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Args)]
struct Test {
    /// The labels of the alert: DiskFull severity=critical; a first one without `=` is its name
    #[arg(value_name = "LABEL")]
    labels: Vec<String>,
    /// Fail unless it goes to these receivers in this order; several with commas
    #[arg(
        long,
        alias = "verify.receivers",
        value_delimiter = ',',
        value_name = "RECEIVER"
    )]
    receivers: Option<Vec<String>>,
    #[command(flatten)]
    file: Choice,
    #[command(flatten)]
    how: How,
}

impl Routes {
    pub(super) fn run(self) -> Outcome {
        match self.action {
            Action::Show(show) => show.run(),
            Action::Test(test) => test.run(),
        }
    }
}

impl Show {
    fn run(self) -> Outcome {
        let shown = match self.file.load()? {
            Some((_, config)) => Shown::of(&config, clock::now()),
            None => runtime()?.block_on(async {
                let api = self.how.target.open()?;
                api.ask(Method::GET, PATH, &[]).await
            })?,
        };
        self.how.output.show(&shown, text::routes)
    }
}

impl Test {
    /// Fails if the receivers are not those that were expected.
    fn run(self) -> Outcome {
        let labels = labels(&self.labels)?;
        let told: Told = match self.file.load()? {
            Some((_, config)) => {
                let labels: Labels = labels
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str()))
                    .collect();
                Told::of(&config, &labels, None, clock::now())
            }
            None => runtime()?.block_on(async {
                let api = self.how.target.open()?;
                let labels: Vec<(&str, String)> = labels
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.clone()))
                    .collect();
                api.ask(Method::GET, &format!("{PATH}/test"), &labels).await
            })?,
        };
        self.how.output.show(&told, text::told)?;
        let receivers = told.routes.iter().map(|taken| &taken.receiver);
        match self.receivers {
            Some(expected) if !receivers.clone().eq(&expected) => {
                let got: Vec<&str> = receivers.map(String::as_str).collect();
                Err(anyhow!(
                    "it goes to {}, not to {}",
                    got.join(", "),
                    expected.join(", ")
                )
                .into())
            }
            _ => Ok(()),
        }
    }
}
