//! How commands talk to a Nabat that runs: over its REST API, with its token, and over
//! Alertmanager's, which asks for one only where `intake.auth` does.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use clap::Args;
use reqwest::{Method, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::words::address;
use crate::config::Secret;
use crate::web::api::token;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest answer that is read: more than all alerts that Nabat keeps.
const ANSWER_MAX_BYTES: usize = 512 << 20;

/// Which Nabat, and what admits to it.
#[derive(Debug, Args)]
pub(super) struct Target {
    /// Where Nabat listens
    #[arg(
        long,
        env = "NABAT_URL",
        default_value = "http://127.0.0.1:8080",
        value_parser = address
    )]
    url: Url,
    /// The file with the API's token [default: `api-token` in the data folder]
    #[arg(long, env = "NABAT_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Where that Nabat keeps its store
    #[arg(
        long,
        env = "NABAT_DATA_DIR",
        default_value = "nabat-data",
        value_name = "DIR"
    )]
    data_dir: PathBuf,
}

/// Speaks to one Nabat.
pub(super) struct Api {
    http: reqwest::Client,
    url: String,
    /// Or why there is none.
    token: Result<Secret, String>,
    token_file: PathBuf,
}

/// Nabat made no sense of a request: the command was called wrongly.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Misunderstood(String);

/// What was asked for is not there.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NotFound(String);

/// Those parameters of a query that have a value.
pub(super) fn given<const N: usize>(
    parameters: [(&str, Option<String>); N],
) -> Vec<(&str, String)> {
    let parameters = parameters.into_iter();
    parameters
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// `text` as one segment of a path.
pub(super) fn segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                segment.push(char::from(byte));
            }
            byte => segment.push_str(&format!("%{byte:02X}")),
        }
    }
    segment
}

/// What Telegram refuses was asked for as it should be.
const TELEGRAM_REFUSED: &str = "telegram_refused";

/// A refusal: in an envelope of Nabat's, or in one of the shapes of Alertmanager's API.
#[derive(Deserialize)]
#[serde(untagged)]
enum Refusal {
    Ours { error: Problem },
    Coded { message: String },
    Said(String),
}

#[derive(Deserialize)]
struct Problem {
    code: String,
    message: String,
    hint: String,
}

impl Target {
    /// The Nabat at `url`.
    pub(super) const fn of(url: Url, token_file: Option<PathBuf>, data_dir: PathBuf) -> Self {
        Self {
            url,
            token_file,
            data_dir,
        }
    }

    /// Reads the token. Whoever named no file for it may do without: not everything asks for it.
    pub(super) fn open(self) -> anyhow::Result<Api> {
        let named = self.token_file.is_some();
        let file = self
            .token_file
            .unwrap_or_else(|| self.data_dir.join(token::FILE));
        let token = match token::read(&file) {
            Ok(token) if token.expose().bytes().all(|byte| byte.is_ascii_graphic()) => Ok(token),
            Ok(_) => Err(format!(
                "{} holds no token; say where `api-token` is with --data-dir or --token-file",
                file.display()
            )),
            Err(error) => Err(format!(
                "failed to read the API's token from {}: {}; `nabat serve` keeps it in its data folder: say where with --data-dir or --token-file",
                file.display(),
                said(&error)
            )),
        };
        if let Err(problem) = &token
            && named
        {
            return Err(anyhow!(problem.clone()));
        }
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Api {
            http,
            url: self.url.as_str().trim_end_matches('/').to_owned(),
            token,
            token_file: file,
        })
    }
}

impl Api {
    /// Asks for `path`, which begins with `/`.
    ///
    /// # Errors
    /// When nobody listens, when it is refused, when the answer makes no sense.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
    ) -> anyhow::Result<T> {
        self.send(self.request(method, path).query(query)).await
    }

    /// Sends `body` as JSON to `path`.
    ///
    /// # Errors
    /// As [`Api::ask`].
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl serde::Serialize,
    ) -> anyhow::Result<T> {
        self.say(Method::POST, path, body).await
    }

    /// Sends `body` as JSON to `path`.
    ///
    /// # Errors
    /// As [`Api::ask`].
    pub(super) async fn say<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl serde::Serialize,
    ) -> anyhow::Result<T> {
        self.send(self.request(method, path).json(body)).await
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Ok(token) => request.bearer_auth(token.expose()),
            Err(_) => request,
        }
    }

    async fn send<T: DeserializeOwned>(
        &self,
        request: reqwest::RequestBuilder,
    ) -> anyhow::Result<T> {
        let answer = request
            .send()
            .await
            .map_err(|error| self.unanswered(&error))?;
        let status = answer.status();
        let body = whole(answer)
            .await
            .map_err(|error| self.unanswered(&error))?
            .ok_or_else(|| anyhow!("{} answers more than Nabat ever does", self.url))?;
        if status.is_success() {
            // Where there is nothing to say, nothing is said.
            let body: &[u8] = if body.is_empty() { b"null" } else { &body };
            return serde_json::from_slice(body).with_context(|| self.strange(status));
        }
        if status == StatusCode::UNAUTHORIZED {
            return Err(self.not_admitted());
        }
        let words = match serde_json::from_slice(&body) {
            Ok(Refusal::Ours { error }) => {
                let words = format!("{}\nhint: {}", of_options(&error.message), error.hint);
                if error.code == TELEGRAM_REFUSED {
                    return Err(anyhow!(words));
                }
                words
            }
            Ok(Refusal::Said(message) | Refusal::Coded { message }) => message,
            Err(_) if body.is_empty() && status == StatusCode::NOT_FOUND => "not found".to_owned(),
            Err(_) => return Err(anyhow!(self.strange(status))),
        };
        match status {
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => {
                Err(Misunderstood(words).into())
            }
            StatusCode::NOT_FOUND => Err(NotFound(words).into()),
            _ => Err(anyhow!(words)),
        }
    }

    fn not_admitted(&self) -> anyhow::Error {
        let (url, file) = (&self.url, self.token_file.display());
        match &self.token {
            Ok(_) => anyhow!(
                "the Nabat at {url} does not accept the token in {file}; give its own with --data-dir or --token-file"
            ),
            Err(problem) => anyhow!("the Nabat at {url} asks for a token; {problem}"),
        }
    }

    fn unanswered(&self, error: &reqwest::Error) -> anyhow::Error {
        let (url, why) = (&self.url, why(error));
        match error.is_connect() {
            true => anyhow!(
                "no Nabat listens at {url} ({why}); start it with `nabat serve`, or say where it listens with --url"
            ),
            false => anyhow!("the Nabat at {url} did not answer ({why})"),
        }
    }

    fn strange(&self, status: StatusCode) -> String {
        format!(
            "{} answered {status}, but not as this version of Nabat would; is it another program, or another version?",
            self.url
        )
    }
}

/// Mistakes in a body without their places in it: who called a command wrote no body, but options.
/// What each has to say under its place follows it.
fn of_options(message: &str) -> String {
    if !message.starts_with("the body:") {
        return message.to_owned();
    }
    let mut mistakes: Vec<String> = Vec::new();
    for line in message.lines() {
        let place = |c: char| c.is_ascii_digit() || c == ':';
        if let Some(mistake) = line.strip_prefix("the body:") {
            mistakes.push(mistake.trim_start_matches(place).trim_start().to_owned());
        } else if let Some((margin, pointer)) = line.split_once('|')
            && margin.trim().is_empty()
            && let Some(last) = mistakes.last_mut()
        {
            let hint = pointer.trim_start_matches([' ', '^']);
            last.push_str(if hint.is_empty() { "" } else { "; " });
            last.push_str(hint);
        }
    }
    mistakes.join("\n")
}

/// All of an answer; nothing if it is too long.
async fn whole(mut answer: reqwest::Response) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        if body.len() + piece.len() > ANSWER_MAX_BYTES {
            return Ok(None);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Some(body))
}

/// Why there is no answer, in a few words.
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("it took longer than {} s", PATIENCE.as_secs());
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return said(error);
        }
        cause = error.source();
    }
    "the connection broke".to_owned()
}

/// What the system says, without its numbers.
fn said(error: &io::Error) -> String {
    match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::NotFound, _) => "there is no such file".to_owned(),
        (kind, Some(_)) => kind.to_string(),
        (_, None) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_in_a_body_are_told_to_who_wrote_options() {
        let path = std::path::Path::new("the body");
        let body = br#"{"name": "a|b", "ping": "10.0.0.1", "intervall": "1s", "tell": {"chat": 1, "token": "1:x"}}"#;
        let mistakes = crate::config::parse_monitor(path, body)
            .err()
            .unwrap()
            .to_string();
        let told = of_options(&mistakes);
        assert_eq!(told.lines().count(), 2, "{told}");
        assert!(
            told.starts_with("found the unknown key `intervall`"),
            "{told}"
        );
        assert!(told.contains("; did you mean `interval`?\n"), "{told}");
        assert!(told.contains("\ntell.token: found"), "{told}");
        assert_eq!(
            of_options("there is no monitor `x`"),
            "there is no monitor `x`"
        );
    }
}
