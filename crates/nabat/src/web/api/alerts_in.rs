//! `/api/v1/webhook/alertmanager`: alerts, as Alertmanager and Grafana send them. Who may is for
//! `intake.auth` to say, not for the API's tokens.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::operation::{self, Operation};
use crate::web::webhook;

/// Alerts of one group: what is read of Alertmanager's webhook (version 4) and of Grafana's.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(
    dead_code,
    reason = "says what the intake reads, which has a reader of its own"
)]
struct AlertGroup {
    /// How an alert is that does not say it itself: `firing` or `resolved`.
    status: Option<String>,
    /// By what the sender groups: one message tells of a group.
    group_labels: Option<BTreeMap<String, String>>,
    /// The alerts.
    alerts: Vec<Alert>,
}

/// An alert.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "as above")]
struct Alert {
    /// `firing` or `resolved`.
    status: Option<String>,
    /// Its identity; `alertname` is its name.
    labels: BTreeMap<String, String>,
    /// What is said about it.
    annotations: Option<BTreeMap<String, String>>,
    /// Since when it fires, in RFC 3339.
    starts_at: Option<String>,
    /// When it ended, or when it ends unless more is heard of it.
    ends_at: Option<String>,
}

/// What can be asked.
pub(super) fn operations() -> [Operation; 2] {
    [
        taking(operation::post(
            "/api/v1/webhook/alertmanager",
            webhook::open,
        ))
        .named("postAlerts", "Take alerts"),
        taking(operation::post(
            "/api/v1/webhook/alertmanager/{secret}",
            webhook::secret,
        ))
        .named("postAlertsBySecret", "Take alerts, by a secret in the path")
        .segment(
            "secret",
            "What `intake.auth.secret_path` in the configuration says.",
            json!({"type": "string", "minLength": 1}),
        ),
    ]
}

fn taking(operation: Operation) -> Operation {
    operation
        .about("As Alertmanager (`webhook_configs`) and Grafana send them. Where `intake.auth` asks for it, the request bears what it names; the API's tokens are not for this.")
        .takes::<AlertGroup>("The alerts.")
        .gives_nothing(StatusCode::OK, "They are on disk.")
        .fails(StatusCode::UNAUTHORIZED, "`intake.auth` asks for something else.")
}
