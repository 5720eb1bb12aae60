//! Where a program takes alerts in, and the form in which they are posted there.

use serde_json::{Value, json};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// Alertmanager's API, which both programs have: what Prometheus posts.
    Api,
    /// Nabat's webhook for an Alertmanager in front of it.
    Webhook,
}

impl Door {
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Api => "/api/v2/alerts",
            Self::Webhook => "/api/v1/webhook/alertmanager",
        }
    }

    /// Firing alerts as they are posted here.
    pub(crate) fn body(self, alerts: Vec<Value>) -> Vec<u8> {
        let body = match self {
            Self::Api => Value::from(alerts),
            Self::Webhook => json!({
                "version": "4",
                "groupKey": "{}:{}",
                "receiver": "nabat",
                "status": "firing",
                // As with `group_by: ['...']`: an alert that comes alone is its own group.
                "groupLabels": match alerts.as_slice() {
                    [alone] => alone["labels"].clone(),
                    _ => json!({}),
                },
                "commonLabels": {},
                "commonAnnotations": {},
                "externalURL": "http://alertmanager.example.org:9093",
                "alerts": alerts.into_iter().map(as_firing).collect::<Vec<_>>(),
            }),
        };
        body.to_string().into_bytes()
    }
}

/// A webhook marks each alert as firing and gives no end to those that do.
fn as_firing(mut alert: Value) -> Value {
    alert["status"] = Value::from("firing");
    alert["endsAt"] = Value::from("0001-01-01T00:00:00Z");
    alert
}
