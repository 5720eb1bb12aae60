//! What the API's answers about incidents look like.

use std::collections::BTreeMap;

use nabat_core::alert::{Labels, Links};
use nabat_core::delivery::Fate;
use nabat_core::history::What;
use nabat_core::incident::{self, Acknowledgement, Ending, Severity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words;

/// An incident: one life of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    /// Its number.
    pub id: i64,
    /// The identity of its alert: 16 hexadecimal digits, as in Prometheus.
    pub fingerprint: String,
    /// The alert's name and its summary.
    pub title: String,
    /// How important it is.
    #[schemars(schema_with = "words::severity")]
    pub severity: Severity,
    /// Where it stands.
    pub state: State,
    /// The alert's labels.
    #[schemars(with = "BTreeMap<String, String>")]
    pub labels: Labels,
    /// What was said about it last.
    #[schemars(with = "BTreeMap<String, String>")]
    pub annotations: Labels,
    /// Where it can be looked at.
    #[schemars(schema_with = "words::links")]
    pub links: Links,
    /// Since when it fires, according to its source, in RFC 3339.
    pub starts_at: String,
    /// When Nabat learnt of it.
    pub opened_at: String,
    /// When it ended.
    pub ended_at: Option<String>,
    /// For how long it fired, in seconds; up to now if it is open.
    pub seconds: u64,
    /// How many earlier lives of its alert ended just before it began.
    pub flaps: u32,
    /// Who has it in hand, if it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<Taken>,
    /// Who was told and who took it, if one incident was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<Vec<Happened>>,
}

/// Where an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "IncidentState")]
pub enum State {
    /// It fires.
    Firing,
    /// It fires as far as anyone knows, but its source has said nothing for long.
    Stale,
    /// Its source said that it is over.
    Resolved,
    /// Its source fell silent and the end time it had given came.
    Expired,
    /// It is looked at no more; nobody said that all is well.
    Closed,
}

/// Somebody's word that they see to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Acknowledgement")]
pub struct Taken {
    /// Who.
    pub by: String,
    /// Since when, in RFC 3339.
    pub at: String,
    /// Until when.
    pub until: String,
}

/// One thing that happened to an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Happened {
    /// When, in RFC 3339.
    pub at: String,
    /// What.
    #[serde(flatten)]
    pub what: Kind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum Kind {
    /// A destination was told of it for the first time.
    Told(Told),
    /// A destination was told that it is over.
    ToldEnd(Told),
    /// Somebody took it.
    Acknowledged {
        /// Who.
        by: String,
        /// Until when, in RFC 3339.
        until: String,
    },
    /// Nobody sees to it any more.
    Unattended,
    /// A silence held it back from then on.
    Silenced {
        /// Which: its UUID.
        silence: String,
        /// Who made it.
        by: String,
        /// Until when, as it was then, in RFC 3339.
        until: String,
    },
}

/// Who was told, and how that went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Told {
    /// Where: `chat/BOT/CHAT[/TOPIC]` or `integration/NUMBER`.
    pub destination: String,
    /// What that is called now.
    pub destination_name: String,
    /// In which delivery.
    pub delivery: i64,
    /// Whether it arrived, as far as anyone knows.
    #[schemars(schema_with = "words::fate")]
    pub fate: Fate,
}

/// Some incidents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Incidents {
    /// The one that was opened last first.
    pub incidents: Vec<Incident>,
    /// What to send as `before` to get more; `None`: there is no more. There may be more even after
    /// a page that is not full.
    pub next: Option<String>,
}

impl State {
    /// Whether it is over.
    pub fn over(self) -> bool {
        matches!(self, Self::Resolved | Self::Expired | Self::Closed)
    }
}

impl From<incident::State> for State {
    fn from(state: incident::State) -> Self {
        match state {
            incident::State::Firing => Self::Firing,
            incident::State::Stale => Self::Stale,
            incident::State::Ended { how, .. } => match how {
                Ending::Resolved => Self::Resolved,
                Ending::Expired => Self::Expired,
                Ending::Closed => Self::Closed,
            },
        }
    }
}

impl From<&Acknowledgement> for Taken {
    fn from(acknowledged: &Acknowledgement) -> Self {
        Self {
            by: acknowledged.by.clone(),
            at: acknowledged.at.to_string(),
            until: acknowledged.until.to_string(),
        }
    }
}

impl Kind {
    /// What happened, where `name` is what its destination is called, or its silence.
    pub fn of(what: What, name: String) -> Self {
        match what {
            What::Told {
                destination,
                delivery,
                fate,
                ended,
            } => {
                let told = Told {
                    destination: destination.to_string(),
                    destination_name: name,
                    delivery: delivery.0,
                    fate,
                };
                if ended {
                    Self::ToldEnd(told)
                } else {
                    Self::Told(told)
                }
            }
            What::Acknowledged { by, until } => Self::Acknowledged {
                by,
                until: until.to_string(),
            },
            What::Unattended => Self::Unattended,
            What::Silenced { by, until, .. } => Self::Silenced {
                silence: name,
                by,
                until: until.to_string(),
            },
        }
    }
}
