//! The real `nabat serve`, as a process with its own configuration and data folder.
//!
//! It keeps its port and its data over [`Nabat::restart`], so that whoever posts to it finds
//! it again and nothing that it promised may be forgotten.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use super::process::Process;
use super::{http, wait};

/// What the program writes to its log, followed by its address, once it accepts connections.
const LISTENING: &str = "listening on http://127.0.0.1:";

/// Whose configuration file it goes by.
#[derive(Clone, Copy)]
enum Form {
    Nabats,
    Alertmanagers,
}

pub(crate) struct Nabat {
    folder: PathBuf,
    form: Form,
    port: u16,
    process: Process,
    client: reqwest::Client,
}

impl Nabat {
    /// Starts it with its files in `folder`, and waits until it is ready.
    pub(crate) async fn start(folder: &Path, config: &Value) -> Self {
        Self::start_with(Form::Nabats, folder, config).await
    }

    /// The same with an `alertmanager.yml`.
    pub(crate) async fn start_as_alertmanager(folder: &Path, config: &Value) -> Self {
        Self::start_with(Form::Alertmanagers, folder, config).await
    }

    async fn start_with(form: Form, folder: &Path, config: &Value) -> Self {
        configure(form, folder, config);
        let (process, port) = launch(form, folder, 0).await;
        let nabat = Self {
            folder: folder.to_owned(),
            form,
            port,
            process,
            client: http::client(),
        };
        nabat.ready().await;
        nabat
    }

    /// Waits until `/-/ready` answers 200.
    pub(crate) async fn ready(&self) {
        let url = self.url("/-/ready");
        wait::until("Nabat to be ready", async || {
            http::is_ok(&self.client, &url).await.then_some(())
        })
        .await;
    }

    /// Writes a changed configuration; it takes effect by a reload or a restart.
    pub(crate) fn configure(&self, config: &Value) {
        configure(self.form, &self.folder, config);
    }

    /// Writes a changed configuration and asks for it to be read; returns the answer.
    pub(crate) async fn reload(&self, config: &Value) -> (StatusCode, String) {
        self.configure(config);
        let request = self.client.post(self.url("/-/reload"));
        let answer = request.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    /// Ends it as a crash would.
    pub(crate) fn kill9(&mut self) {
        self.process.kill9();
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        self.process.signal("TERM");
        self.process.ended().await
    }

    /// Waits until it has ended by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        self.process.ended().await
    }

    /// Sends a signal by its name without `SIG`, such as `HUP`.
    pub(crate) fn signal(&self, signal: &str) {
        self.process.signal(signal);
    }

    /// Starts it again on the same port and data, and ends it as a crash would `after` that
    /// time, however far it has come.
    pub(crate) async fn start_and_kill9(&mut self, after: Duration) {
        self.process.kill9();
        self.process = spawn(self.form, &self.folder, self.port);
        tokio::time::sleep(after).await;
        self.process.kill9();
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Where it keeps its state.
    pub(crate) fn data_dir(&self) -> PathBuf {
        data_dir(&self.folder)
    }

    /// Starts it again on the same port and data, after a crash if it still runs, and waits
    /// until it is ready.
    pub(crate) async fn restart(&mut self) {
        self.process.kill9();
        (self.process, _) = launch(self.form, &self.folder, self.port).await;
        self.ready().await;
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Where an Alertmanager posts to.
    pub(crate) fn webhook(&self) -> String {
        self.url("/api/v1/webhook/alertmanager")
    }

    /// Posts a body to the webhook. An error is a broken connection; every answer is `Ok`.
    pub(crate) async fn post_alerts(&self, body: &Value) -> reqwest::Result<reqwest::Response> {
        self.client.post(self.webhook()).json(body).send().await
    }

    /// The metrics page.
    pub(crate) async fn metrics(&self) -> String {
        let get = || self.client.get(self.url("/metrics")).send();
        let answer = match get().await {
            // An idle connection may be closed at the moment at which it is used again.
            Err(_) => get().await.unwrap(),
            Ok(answer) => answer,
        };
        answer.error_for_status().unwrap().text().await.unwrap()
    }

    /// The value of one metric, written as on the page with its labels: `x_total{kind="y"}`.
    pub(crate) async fn metric(&self, name: &str) -> Option<f64> {
        let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
        self.metrics().await.lines().find_map(value)
    }

    /// What it has logged since it was started last.
    pub(crate) fn log(&self) -> String {
        self.process.log()
    }
}

/// The program, to be run with arguments of the test's own.
pub(crate) fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_nabat"))
}

impl Form {
    /// The option that names its file, and the file.
    fn file(self, folder: &Path) -> (&'static str, PathBuf) {
        let (option, name) = match self {
            Self::Nabats => ("-c", "nabat.yml"),
            Self::Alertmanagers => ("--alertmanager.config", "nabats-alertmanager.yml"),
        };
        (option, folder.join(name))
    }
}

fn configure(form: Form, folder: &Path, config: &Value) {
    // JSON is YAML.
    std::fs::write(form.file(folder).1, config.to_string()).unwrap();
}

fn data_dir(folder: &Path) -> PathBuf {
    folder.join("data")
}

async fn launch(form: Form, folder: &Path, port: u16) -> (Process, u16) {
    let mut process = spawn(form, folder, port);
    let port = process.word_after(LISTENING).await;
    (process, port.trim_end_matches('/').parse().unwrap())
}

fn spawn(form: Form, folder: &Path, port: u16) -> Process {
    let mut command = command();
    let (option, file) = form.file(folder);
    command.arg("serve").arg(option).arg(file);
    command.arg("--data-dir").arg(data_dir(folder));
    command.args(["-p", &port.to_string()]);
    Process::start("nabat", folder, &mut command)
}
