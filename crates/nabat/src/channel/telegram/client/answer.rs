//! Reads what came back: Telegram's JSON envelope, or whatever stood in for it.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{CallError, Refusal};
use crate::channel::http::chain;

/// The largest answer that is read, in bytes. A hundred updates are far below it.
pub(super) const ANSWER_MAX_BYTES: usize = 16 * 1024 * 1024;
/// So much of Telegram's words is kept, in characters.
const DESCRIPTION_MAX_CHARS: usize = 500;

/// Whoever stands in for Telegram can't silence a chat for longer at once, in seconds.
const RETRY_AFTER_MAX: u64 = 3_600;

#[derive(Deserialize)]
struct Envelope {
    ok: bool,
    #[serde(default)]
    result: Value,
    error_code: Option<u16>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

/// The result in the answer.
pub(super) async fn read<R: DeserializeOwned>(response: reqwest::Response) -> Result<R, CallError> {
    let status = response.status();
    let header = response.headers().get(RETRY_AFTER);
    let header_seconds: Option<u64> = header.and_then(|value| value.to_str().ok()?.parse().ok());
    let body = match body(response).await {
        Ok(body) => body,
        Err(reason) if status.is_success() => return Err(CallError::Lost { reason }),
        Err(_) => Vec::new(),
    };
    let Ok(envelope) = serde_json::from_slice::<Envelope>(&body) else {
        return Err(CallError::Garbled {
            status: status.as_u16(),
        });
    };
    if envelope.ok {
        return serde_json::from_value(envelope.result).map_err(|error| CallError::Lost {
            reason: format!("the result is not what the Bot API describes: {error}"),
        });
    }
    let seconds = envelope.parameters.retry_after.or(header_seconds);
    Err(CallError::Refused(Refusal {
        code: envelope.error_code.unwrap_or(status.as_u16()),
        description: envelope
            .description
            .chars()
            .take(DESCRIPTION_MAX_CHARS)
            .collect(),
        retry_after: seconds.map(|seconds| Duration::from_secs(seconds.min(RETRY_AFTER_MAX))),
        migrate_to: envelope.parameters.migrate_to_chat_id,
    }))
}

async fn body(mut response: reqwest::Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > ANSWER_MAX_BYTES => {
                return Err(format!("it is longer than {ANSWER_MAX_BYTES} bytes"));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(body),
            Err(error) => return Err(chain(&error.without_url())),
        }
    }
}
