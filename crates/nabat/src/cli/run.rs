//! `nabat run -- COMMAND`: runs a job and tells Nabat that it began and how it ended.
//!
//! The job comes first: whatever becomes of the reports, it runs, its output goes where it would
//! have gone, and its exit code is that of this command.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use reqwest::Url;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::signal::unix::{Signal as Listener, SignalKind, signal};

use super::words::address;
use super::{Failure, complain, runtime};

/// How long one try of a report may take, and how often it is tried.
const PATIENCE: Duration = Duration::from_secs(10);
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);
/// How long, when the job has ended, its beginning and then its end may take to be reported.
const LATE_BEGINNING: Duration = Duration::from_secs(3);
const END: Duration = Duration::from_secs(7);
/// How much of the end of the job's output goes along, in bytes.
const OUTPUT_MAX: usize = 9_000;
/// Why a report came to nothing, in words.
const SILENT: &str = "it did not answer";
/// As shells count: a job that a signal ended.
const SIGNALED: i32 = 128;

/// Run a job and tell Nabat that it began and how it ended
#[derive(Debug, Args)]
pub(super) struct Run {
    /// The address of the heartbeat, as `nabat monitor show` prints it
    #[arg(long, env = "NABAT_PING_URL", value_name = "URL", value_parser = address)]
    ping: Url,
    /// The name of the heartbeat, if the address ends with the key that all share (`watch.ping_key`)
    #[arg(long, value_name = "NAME")]
    slug: Option<String>,
    /// Have the heartbeat made if there is none of this name
    #[arg(long)]
    create: bool,
    /// Leave out the end of the job's output
    #[arg(long)]
    no_output: bool,
    /// The job and its arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Run {
    /// Runs the job; returns its exit code.
    pub(super) fn run(self) -> Result<u8, Failure> {
        runtime()?.block_on(self.watch())
    }

    async fn watch(self) -> Result<u8, Failure> {
        let reporter = Reporter::new(self.address())?;
        let mut stops = Stops::new()?;
        let mut begun = tokio::spawn(reporter.clone().report("start", Vec::new()));
        let tail = Arc::new(Mutex::new(Tail::default()));
        let ended = match self.start() {
            Ok(child) => follow(child, &tail, &mut stops).await,
            Err(error) => {
                let program = self.command[0].display();
                complain(&format!("nabat: failed to run {program}: {error}"));
                tail.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .add(format!("failed to run {program}: {error}").as_bytes());
                Ok(match error.kind() {
                    io::ErrorKind::NotFound => 127,
                    _ => 126,
                })
            }
        };
        let code = ended.context("failed to wait for the job")?;
        let output = match self.no_output {
            true => Vec::new(),
            false => tail.lock().unwrap_or_else(PoisonError::into_inner).take(),
        };
        let reported = async {
            // In order: an end that comes before its beginning would end nothing.
            if tokio::time::timeout(LATE_BEGINNING, &mut begun)
                .await
                .is_err()
            {
                begun.abort();
                not_reported("start", SILENT);
            }
            let what = code.to_string();
            let end = reporter.report(&what, output);
            if tokio::time::timeout(END, end).await.is_err() {
                not_reported(&what, SILENT);
            }
        };
        tokio::select! {
            () = reported => {}
            _ = stops.next() => not_reported(&code.to_string(), "it was stopped before"),
        }
        Ok(code)
    }

    /// The address of the heartbeat, whole.
    fn address(&self) -> Url {
        let mut address = match &self.slug {
            Some(slug) => below(&self.ping, slug),
            None => self.ping.clone(),
        };
        let says_so = address.query_pairs().any(|(key, _)| key == "create");
        if self.create && !says_so {
            address.query_pairs_mut().append_pair("create", "1");
        }
        address
    }

    fn start(&self) -> io::Result<Child> {
        let (program, arguments) = self.command.split_first().ok_or(io::ErrorKind::NotFound)?;
        Command::new(program)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }
}

/// Waits for the job's end; what stops this command is passed on to it.
async fn follow(mut child: Child, tail: &Arc<Mutex<Tail>>, stops: &mut Stops) -> io::Result<u8> {
    let out = child
        .stdout
        .take()
        .map(|out| pass_on(out, io::stdout(), tail));
    let err = child
        .stderr
        .take()
        .map(|err| pass_on(err, io::stderr(), tail));
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    let pass = |signal| {
        if let Some(pid) = pid {
            // It may have ended already.
            let _ = kill(Pid::from_raw(pid), signal);
        }
    };
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            stop = stops.next() => pass(stop),
        }
    };
    for reading in out.into_iter().chain(err) {
        // Somebody whom the job left behind may hold its output open for ever.
        let _ = tokio::time::timeout(Duration::from_secs(1), reading).await;
    }
    Ok(code(status))
}

/// The signals that stop this command: while the job runs they are the job's.
struct Stops {
    terminated: Listener,
    interrupted: Listener,
}

impl Stops {
    fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("failed to listen to signals");
        Ok(Self {
            terminated: listen(SignalKind::terminate())?,
            interrupted: listen(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminated.recv() => Signal::SIGTERM,
            _ = self.interrupted.recv() => Signal::SIGINT,
        }
    }
}

fn code(status: ExitStatus) -> u8 {
    let code = match (status.code(), status.signal()) {
        (Some(code), _) => code,
        (None, Some(signal)) => SIGNALED + signal,
        (None, None) => 1,
    };
    u8::try_from(code).unwrap_or(u8::MAX)
}

/// Writes on what the job writes, and keeps its end.
fn pass_on(
    mut from: impl AsyncRead + Unpin + Send + 'static,
    mut to: impl io::Write + Send + 'static,
    tail: &Arc<Mutex<Tail>>,
) -> tokio::task::JoinHandle<()> {
    let tail = Arc::clone(tail);
    tokio::spawn(async move {
        let mut buffer = vec![0; 8_192];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            let read = &buffer[..count];
            // Nobody may read it any more; the job goes on.
            let _ = to.write_all(read).and_then(|()| to.flush());
            tail.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .add(read);
        }
    })
}

/// The end of what was written.
#[derive(Debug, Default)]
struct Tail(VecDeque<u8>);

impl Tail {
    fn add(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
        let beyond = self.0.len().saturating_sub(OUTPUT_MAX);
        self.0.drain(..beyond);
    }

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0).into()
    }
}

/// An address with one more word at the end of its path; its query stays behind it.
fn below(address: &Url, word: &str) -> Url {
    let mut below = address.clone();
    // Addresses of servers have paths.
    if let Ok(mut path) = below.path_segments_mut() {
        path.pop_if_empty().push(word);
    }
    below
}

/// Tells Nabat.
#[derive(Debug, Clone)]
struct Reporter {
    http: reqwest::Client,
    ping: Url,
    run: String,
}

impl Reporter {
    fn new(ping: Url) -> anyhow::Result<Self> {
        let mut run = [0; 16];
        getrandom::fill(&mut run).context("there are no random numbers")?;
        let http = reqwest::Client::builder().timeout(PATIENCE).build()?;
        Ok(Self {
            http,
            ping,
            run: run.iter().map(|byte| format!("{byte:02x}")).collect(),
        })
    }

    /// Tries several times, and says if it was in vain.
    async fn report(self, what: &str, output: Vec<u8>) {
        let mut problem = String::new();
        for attempt in 0..TRIES {
            if attempt > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let mut url = below(&self.ping, what);
            url.query_pairs_mut().append_pair("rid", &self.run);
            match self.http.post(url).body(output.clone()).send().await {
                Ok(answer) if answer.status().is_success() => return,
                Ok(answer) if answer.status().is_client_error() => {
                    problem = format!("it answered {}", answer.status());
                    break;
                }
                Ok(answer) => problem = format!("it answered {}", answer.status()),
                // Its text would hold the address, and so the key.
                Err(error) if error.is_connect() => problem = "nobody listens there".to_owned(),
                Err(error) if error.is_timeout() => problem = SILENT.to_owned(),
                Err(_) => problem = "the connection broke".to_owned(),
            }
        }
        not_reported(what, &problem);
    }
}

fn not_reported(what: &str, problem: &str) {
    complain(&format!(
        "nabat: the job's `{what}` could not be reported ({problem}); is the address of --ping right?"
    ));
}
