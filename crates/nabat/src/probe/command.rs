//! Runs a program and takes its exit code as Nagios plugins mean it.
//!
//! The program gets nothing of Nabat's environment, which may hold secrets. It is the head of a
//! process group, and when its time is over the whole group is killed.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command as Program};

use super::condition::Fact;
use super::trace::Trace;
use super::{Finding, Manner, Report, Short, Tools, evidence};
use crate::config::Secret;

/// How much of what a program writes is kept, in bytes. The rest is read and forgotten.
const MAX_OUTPUT: usize = 10_000;

/// How long it may take until all that a program wrote before its end has arrived. What it left
/// running may hold the pipe open for ever.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Where programs are found.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:\
                    /usr/lib/nagios/plugins:/usr/lib64/nagios/plugins";

/// A program that looks for itself, such as a Nagios plugin: exit code 0 is up, 1 degraded, 2 down,
/// anything else unknown. A text alone is a line for the shell. Only the configuration file may have
/// one.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program and its arguments, one by one.
    #[schemars(length(min = 1, max = 100))]
    pub run: Vec<String>,
    /// Variables of its environment, beside `PATH` and `LANG`. Their values are never shown.
    #[serde(default)]
    pub environment: BTreeMap<String, Secret>,
}

impl Short for Command {
    fn short(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("there is no command".to_owned());
        }
        Ok(Self {
            run: vec!["sh".to_owned(), "-c".to_owned(), text.to_owned()],
            environment: BTreeMap::new(),
        })
    }

    fn text_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "minLength": 1, "maxLength": 10_000})
    }
}

/// Runs it once.
pub async fn probe(settings: &Command, _: &Tools, manner: Manner) -> Report {
    let mut trace = Trace::new(manner);
    for value in settings.environment.values() {
        trace.hide(value.expose());
    }
    let result = trace.phase("command", run(settings)).await;
    let result = result.map(|ended| {
        trace.note(finding(ended.status, &ended.output, &ended.errors));
        let code = ended.status.code().map(|code| Fact::Number(code.into()));
        if let Some(code) = code {
            trace.keep("exit_code", code);
        }
        trace.keep("output", Fact::text(&ended.output));
    });
    trace.finish(result)
}

/// A program that has ended, and the beginning of what it wrote.
struct Ended {
    status: ExitStatus,
    output: Vec<u8>,
    errors: Vec<u8>,
}

async fn run(settings: &Command) -> Result<Ended, Finding> {
    let Some((program, arguments)) = settings.run.split_first() else {
        return Err(Finding::unknown("there is no command"));
    };
    let cannot = |error| Finding::unknown(format!("{program} cannot be run: {error}"));
    let variables = settings.environment.iter();
    let child = Program::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .env("LANG", "C.UTF-8")
        .envs(variables.map(|(name, value)| (name, value.expose())))
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(cannot)?;
    let mut group = Group(child);
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let (from_output, from_errors) = (group.0.stdout.take(), group.0.stderr.take());
    let listening = async {
        tokio::join!(
            read(from_output, &mut output),
            read(from_errors, &mut errors)
        );
    };
    let status = end(&mut group.0, listening).await.map_err(cannot)?;
    Ok(Ended {
        status,
        output,
        errors,
    })
}

/// Waits for the end of `child` while somebody is `listening` to it.
async fn end(child: &mut Child, listening: impl Future<Output = ()>) -> io::Result<ExitStatus> {
    let mut listening = std::pin::pin!(listening);
    tokio::select! {
        () = &mut listening => child.wait().await,
        status = child.wait() => {
            // Whatever it started may write on, but is not waited for.
            let _ = tokio::time::timeout(LAST_WORDS, listening).await;
            status
        }
    }
}

/// Keeps the beginning of what comes, until nothing more does.
async fn read(source: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut source) = source else {
        return;
    };
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = source.read(&mut chunk).await {
        let room = MAX_OUTPUT - kept.len();
        kept.extend_from_slice(&chunk[..count.min(room)]);
    }
}

/// What an exit code and the first line mean. Nagios plugins write figures behind a bar.
fn finding(status: ExitStatus, output: &[u8], errors: &[u8]) -> Finding {
    let first = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let line = text.lines().find(|line| !line.trim().is_empty());
        let line = line.and_then(|line| line.split('|').next());
        line.map(|line| evidence::line(line.trim()))
    };
    let said = first(output).or_else(|| first(errors));
    let how = match status.code() {
        Some(code) => format!("exit code {code}"),
        None => status.to_string(),
    };
    match (status.code(), said) {
        (Some(0), said) => Finding::up(said.unwrap_or(how)),
        (Some(1), said) => Finding::degraded(said.unwrap_or(how)),
        (Some(2), said) => Finding::down(said.unwrap_or(how)),
        (Some(3), Some(said)) => Finding::unknown(said),
        (_, Some(said)) => Finding::unknown(format!("{how}: {said}")),
        (_, None) => Finding::unknown(how),
    }
}

/// A program and all that it starts.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        // It has a number only until its end was seen; afterwards that may be another's.
        let id = self.0.id().and_then(|id| i32::try_from(id).ok());
        if let Some(id) = id {
            // It may have ended by itself.
            let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
    }
}
