//! The API and the command line of the world's Nabat.

use std::process::Output;

use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::nabat::command;
use super::{World, http};

impl World {
    /// Asks the API; returns the status and the answer.
    pub(crate) async fn api(&self, method: Method, path: &str) -> (StatusCode, Value) {
        let file = self.nabat.data_dir().join("api-token");
        let token = std::fs::read_to_string(file).unwrap();
        let request = http::client().request(method, self.nabat.url(path));
        let answer = request.bearer_auth(token.trim()).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
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
