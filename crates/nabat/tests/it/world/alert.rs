//! An alert as an Alertmanager posts it.

use serde_json::{Value, json};

#[derive(Clone, Debug)]
pub(crate) struct Alert {
    pub(crate) name: String,
    pub(crate) summary: String,
    group: String,
    severity: &'static str,
    starts_at: String,
}

impl Alert {
    /// A warning that begins now, in a group of its own name.
    pub(crate) fn warning(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            group: name.clone(),
            name,
            summary: String::new(),
            severity: "warning",
            starts_at: jiff::Timestamp::now().to_string(),
        }
    }

    /// The same, critical.
    pub(crate) fn critical(name: impl Into<String>) -> Self {
        Self {
            severity: "critical",
            ..Self::warning(name)
        }
    }

    /// The same in another group.
    pub(crate) fn in_group(self, group: impl Into<String>) -> Self {
        Self {
            group: group.into(),
            ..self
        }
    }

    /// The same with a summary.
    pub(crate) fn saying(self, summary: impl Into<String>) -> Self {
        Self {
            summary: summary.into(),
            ..self
        }
    }

    /// The webhook that says that it fires.
    pub(crate) fn firing(&self) -> Value {
        self.webhook("firing", "0001-01-01T00:00:00Z")
    }

    /// The webhook that says that it has ended, now.
    pub(crate) fn resolved(&self) -> Value {
        self.webhook("resolved", &jiff::Timestamp::now().to_string())
    }

    fn webhook(&self, status: &str, ends_at: &str) -> Value {
        json!({
            "version": "4",
            "status": status,
            "receiver": "nabat",
            "groupLabels": { "group": self.group },
            "alerts": [{
                "status": status,
                "labels": { "alertname": self.name, "severity": self.severity },
                "annotations": { "summary": self.summary },
                "startsAt": self.starts_at,
                "endsAt": ends_at,
            }],
        })
    }
}
