//! The command line. One file for each command.

mod alert;
mod api;
mod bar;
mod bots;
mod check;
mod completions;
mod deliveries;
mod demo;
mod file;
mod idle;
mod import;
mod incidents;
mod mon;
mod monitor;
mod output;
mod ping;
mod place;
mod routes;
mod run;
mod schema;
mod serve;
mod silence;
mod table;
mod token;
mod whoami;
mod words;

use std::io::{self, Write};
use std::process::{self, ExitCode};

use clap::{Parser, Subcommand};
use tokio::runtime::{self, Runtime};

/// What a run of a command came to.
pub type Outcome = Result<(), Failure>;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The configuration, or how the command was called: exit code 2.
    Usage(String),
    /// Anything else: exit code 1.
    Other(anyhow::Error),
    /// It was said already why: exit code 1.
    Said,
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

/// Nabat brings alerts to people, in Telegram, by e-mail and by webhooks, and loses none.
#[derive(Debug, Parser)]
#[command(name = "nabat", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take alerts and tell people
    Serve(Box<serve::Serve>),
    /// Try Nabat with an emulated Telegram in the browser: no token, no account
    Demo(demo::Demo),
    /// Look for mistakes in a configuration, without starting anything
    Check(check::Check),
    /// See what waits to be sent and what became of the rest; retry or drop it
    Deliveries(Box<deliveries::Deliveries>),
    /// See what fires; send an alert
    Alert(Box<alert::Alert>),
    /// Hold alerts back for a time; see, extend and end what holds them back
    Silence(Box<silence::Silence>),
    /// Watch devices and services; see how they stand
    Monitor(Box<monitor::Monitor>),
    /// Watch something and tell a chat of it; prints the ID
    #[command(alias = "add_mon")]
    AddMon(Box<mon::AddMon>),
    /// List what is watched: ID, type, address, status, chat
    #[command(alias = "list_mon")]
    ListMon(Box<mon::ListMon>),
    /// Watch something no more, by its ID
    #[command(alias = "del_mon")]
    DelMon(Box<mon::DelMon>),
    /// List the bots, those that came in with monitors among them, and whether they work
    Bots(Box<bots::Bots>),
    /// Run a job and tell Nabat that it began and how it ended
    Run(run::Run),
    /// Make tokens for programs that use the API, list and remove them
    Token(Box<token::Token>),
    /// Make a `nabat.yml` of another program's configuration
    Import(import::Import),
    /// See what fires and what fired, for how long, and who was told
    Incidents(Box<incidents::Incidents>),
    /// See who is told about which alerts, and who would be told about one
    Routes(Box<routes::Routes>),
    /// Ping hosts now and see how they answer
    Ping(ping::Ping),
    /// Print the JSON Schema of the configuration, for editors
    Schema(schema::Schema),
    /// Print what a shell needs to complete the commands and options of Nabat
    Completions(completions::Completions),
}

/// Runs the command that the process was called with.
pub fn run() -> ExitCode {
    let outcome = match Cli::parse_from(mon::arguments(std::env::args_os())).command {
        Command::Serve(serve) => serve.run(),
        Command::Demo(demo) => demo.run(),
        Command::Check(check) => check.run(),
        Command::Deliveries(deliveries) => deliveries.run(),
        Command::Alert(alert) => alert.run(),
        Command::Silence(silence) => silence.run(),
        Command::Monitor(monitor) => monitor.run(),
        Command::AddMon(wanted) => wanted.run(),
        Command::ListMon(wanted) => wanted.run(),
        Command::DelMon(wanted) => wanted.run(),
        Command::Bots(bots) => bots.run(),
        Command::Run(run) => match run.run() {
            Ok(code) => return ExitCode::from(code),
            Err(failure) => Err(failure),
        },
        Command::Token(token) => token.run(),
        Command::Import(import) => import.run(),
        Command::Incidents(incidents) => incidents.run(),
        Command::Routes(routes) => routes.run(),
        Command::Ping(ping) => ping.run(),
        Command::Schema(schema) => schema.run(),
        Command::Completions(completions) => completions.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(text)) => {
            complain(&text);
            ExitCode::from(2)
        }
        Err(Failure::Other(error)) => {
            complain(&format!("nabat: {}", chain(&error)));
            match error.is::<api::Misunderstood>() {
                true => ExitCode::from(2),
                false => ExitCode::FAILURE,
            }
        }
        Err(Failure::Said) => ExitCode::FAILURE,
    }
}

/// An error with its causes, each said once.
fn chain(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.ends_with(&cause) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause);
    }
    text
}

/// Prints to standard output. A reader that went away, as in `nabat schema | head`, is no failure;
/// any other ends the command at once, so that nobody takes half an output for the whole.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(&format!(
                "nabat: failed to write what was asked for: {error}"
            ));
            process::exit(1);
        }
        _ => {}
    }
}

/// Tells what is wrong, in lines that do not steer the terminal, whoever wrote them.
fn complain(text: &str) {
    let mut err = io::stderr().lock();
    for line in text.trim_end().lines() {
        let _ = writeln!(err, "{}", table::clean(line));
    }
}

/// A runtime for the commands that ask something and end.
fn runtime() -> io::Result<Runtime> {
    built(runtime::Builder::new_current_thread())
}

/// A runtime for those that serve others.
fn server_runtime() -> io::Result<Runtime> {
    built(runtime::Builder::new_multi_thread())
}

/// A runtime with TLS ready to use.
fn built(mut builder: runtime::Builder) -> io::Result<Runtime> {
    // Fails only if a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    builder.enable_all().build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
