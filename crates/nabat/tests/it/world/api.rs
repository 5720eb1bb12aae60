//! The API and the command line of the world's Nabat. Every answer is compared with what the API's
//! own document says of it.

use std::process::Output;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::nabat::command;
use super::{World, http, schema};

impl World {
    /// The token that is there from the first start on.
    pub(crate) fn token(&self) -> String {
        let file = self.nabat.data_dir().join("api-token");
        std::fs::read_to_string(file).unwrap().trim().to_owned()
    }

    /// Asks the API; returns the status and the answer.
    pub(crate) async fn api(&self, method: Method, path: &str) -> (StatusCode, Value) {
        self.api_as(&self.token(), method, path, None).await
    }

    /// Asks the API with another token, and with a body if there is one.
    pub(crate) async fn api_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> (StatusCode, Value) {
        let request = http::client().request(method.clone(), self.nabat.url(path));
        let request = request.bearer_auth(token);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let (status, answer) = (answer.status(), answer.json().await.unwrap());
        self.compare(&method, path, status, &answer).await;
        (status, answer)
    }

    /// The OpenAPI document.
    pub(crate) async fn document(&self) -> &Value {
        let asked = async || {
            let url = self.nabat.url("/api/v1/openapi.json");
            let answer = http::client().get(url).send().await.unwrap();
            answer.json().await.unwrap()
        };
        self.document.get_or_init(asked).await
    }

    /// Fails unless the document foresees an answer.
    async fn compare(&self, method: &Method, path: &str, status: StatusCode, answer: &Value) {
        let document = self.document().await;
        let paths = document["paths"].as_object().unwrap();
        let path = path.split('?').next().unwrap_or_default();
        let described = paths
            .iter()
            .filter(|(pattern, _)| fits(pattern, path))
            // One that is spelled out goes first.
            .min_by_key(|(pattern, _)| pattern.matches('{').count());
        let Some((pattern, operations)) = described else {
            return;
        };
        let operation = &operations[method.as_str().to_ascii_lowercase()];
        if operation.is_null() {
            assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {pattern}");
            return;
        }
        let response = &operation["responses"][status.as_str()];
        assert!(
            !response.is_null(),
            "{method} {pattern} answers {status}, which its document does not know: {answer}"
        );
        let schema = &response["content"]["application/json"]["schema"];
        let mistakes = schema::mistakes(document, schema, answer, "answer");
        assert!(
            mistakes.is_empty(),
            "{method} {pattern}: {mistakes:#?}\n{answer}"
        );
    }

    /// Asks the API with a body; returns the status and the answer, a null where there is none.
    pub(crate) async fn api_with(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> (StatusCode, Value) {
        let file = self.nabat.data_dir().join("api-token");
        let token = std::fs::read_to_string(file).unwrap();
        let request = http::client().request(method, self.nabat.url(path));
        let request = request.bearer_auth(token.trim()).json(body);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    /// Runs a command of `nabat` against the world's Nabat.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = command();
        command.args(arguments);
        command.args(["--url", &self.nabat.url("")]);
        command.arg("--data-dir").arg(self.nabat.data_dir());
        command.env_remove("NABAT_TOKEN_FILE");
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }
}

/// Whether a path is one of those that a pattern such as `/x/{id}` stands for.
fn fits(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(part), Some(given)) if part.starts_with('{') && !given.is_empty() => {}
            (Some(part), Some(given)) if part == given => {}
            _ => return false,
        }
    }
}
