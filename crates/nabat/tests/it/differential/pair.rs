//! Alertmanager and Nabat side by side, with the same configuration and asked the same.

use std::fmt;
use std::net::SocketAddr;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::world::alertmanager::{self, Alertmanager};
use crate::world::http;
use crate::world::nabat::Nabat;
use crate::world::recorder::Recorder;

pub(super) const ALERTS: &str = "/api/v2/alerts";
pub(super) const GROUPS: &str = "/api/v2/alerts/groups";
pub(super) const SILENCES: &str = "/api/v2/silences";

/// A request to both. In its path and body `silence-N` stands for the id of the silence made as
/// number N, and `start-of-silence-N` for the start that each shows of it.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<String>,
}

impl Ask {
    pub(super) fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn new(method: Method, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            query: Vec::new(),
            body: None,
        }
    }

    pub(super) fn post(path: &str, body: &Value) -> Self {
        Self {
            body: Some(body.to_string()),
            ..Self::new(Method::POST, path)
        }
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        for (index, (name, value)) in self.query.iter().enumerate() {
            let sign = if index == 0 { '?' } else { '&' };
            write!(f, "{sign}{name}={value}")?;
        }
        write!(f, " {}", self.body.as_deref().unwrap_or_default())
    }
}

/// What one of them answered, with the tokens of [`Ask`] for the ids of silences.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// JSON, or what was said instead as a text.
    pub(super) body: Value,
}

/// What Alertmanager answered, and what Nabat did.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    pub(super) theirs: Answer,
    pub(super) ours: Answer,
}

pub(super) struct Pair {
    theirs: Side,
    ours: Side,
    // Programs end before the folder with their files goes.
    _alertmanager: Alertmanager,
    _nabat: Nabat,
    _folder: TempDir,
}

/// One of both programs.
struct Side {
    url: String,
    client: reqwest::Client,
    /// The ids of silences in order of their making.
    silences: Vec<String>,
    recorder: Recorder,
}

impl Pair {
    /// Starts both with the configuration that `config` makes of the address for their webhooks.
    pub(super) async fn start(config: impl Fn(&str) -> Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let recorders = [Recorder::start().await, Recorder::start().await];
        let [their_config, mut our_config] =
            recorders.each_ref().map(|recorder| config(&recorder.url()));
        our_config["external_url"] = alertmanager::EXTERNAL_URL.into();
        let (alertmanager, nabat) = tokio::join!(
            Alertmanager::with_config(folder.path(), "alertmanager", &their_config),
            Nabat::start_as_alertmanager(folder.path(), &our_config)
        );
        let [their_hook, our_hook] = recorders;
        Self {
            theirs: Side::new(alertmanager.address(), their_hook),
            ours: Side::new(nabat.address(), our_hook),
            _alertmanager: alertmanager,
            _nabat: nabat,
            _folder: folder,
        }
    }

    /// Asks both at the same moment.
    pub(super) async fn ask(&mut self, ask: &Ask) -> Answers {
        let (theirs, ours) = tokio::join!(self.theirs.ask(ask), self.ours.ask(ask));
        let made = |answer: &Answer| answer.body["silenceID"].as_str().map(str::to_owned);
        // What only one of them made anew keeps its own id, by which the answers differ.
        if let (Some(theirs), Some(ours)) = (made(&theirs), made(&ours))
            && ![&theirs, &ours].iter().any(|id| id.starts_with("silence-"))
        {
            self.theirs.silences.push(theirs);
            self.ours.silences.push(ours);
        }
        Answers {
            theirs: self.theirs.with_tokens(&theirs),
            ours: self.ours.with_tokens(&ours),
        }
    }

    /// How many silences were made.
    pub(super) fn silences(&self) -> usize {
        self.theirs.silences.len()
    }

    /// Where Alertmanager's webhooks arrived, and where Nabat's did.
    pub(super) fn recorders(&self) -> [&Recorder; 2] {
        [&self.theirs.recorder, &self.ours.recorder]
    }
}

impl Side {
    fn new(address: SocketAddr, recorder: Recorder) -> Self {
        Self {
            url: format!("http://{address}"),
            client: http::client(),
            silences: Vec::new(),
            recorder,
        }
    }

    async fn ask(&self, ask: &Ask) -> Answer {
        let path = self.without_tokens(&ask.path).await;
        let request = self
            .client
            .request(ask.method.clone(), format!("{}{path}", self.url));
        let mut request = request.query(&ask.query);
        if let Some(body) = &ask.body {
            let body = self.without_tokens(body).await;
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or_else(|_| json!(text));
        self.with_tokens(&Answer { status, body })
    }

    async fn without_tokens(&self, text: &str) -> String {
        let mut text = text.to_owned();
        // From the last, so that `silence-1` is not found in `silence-10`.
        for (number, id) in self.silences.iter().enumerate().rev() {
            let start = format!("start-of-silence-{number}");
            if text.contains(&start) {
                let url = format!("{}/api/v2/silence/{id}", self.url);
                let answer = self.client.get(url).send().await.unwrap();
                let shown: Value = answer.json().await.unwrap();
                text = text.replace(&start, shown["startsAt"].as_str().unwrap());
            }
            text = text.replace(&format!("silence-{number}"), id);
        }
        text
    }

    fn with_tokens(&self, answer: &Answer) -> Answer {
        let mut text = answer.body.to_string();
        for (number, id) in self.silences.iter().enumerate() {
            text = text.replace(id, &format!("silence-{number}"));
        }
        let body = serde_json::from_str(&text).unwrap();
        Answer { body, ..*answer }
    }
}
