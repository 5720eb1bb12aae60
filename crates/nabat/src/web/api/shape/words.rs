//! Schemas of what is the core's own, which knows none.

use nabat_core::delivery::{Fate, Priority};
use nabat_core::incident::Severity;
use nabat_core::token::Role;
use schemars::{Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;

/// How urgent a delivery is.
pub(super) fn priority(_: &mut SchemaGenerator) -> Schema {
    one_of(&Priority::ALL)
}

/// What became of a delivery or of one attempt.
pub(super) fn fate(_: &mut SchemaGenerator) -> Schema {
    one_of(&[
        Fate::Sent,
        Fate::Retry,
        Fate::Uncertain,
        Fate::Failed,
        Fate::Unreachable,
        Fate::Moved,
        Fate::Dropped,
    ])
}

/// How important an alert is.
pub(super) fn severity(_: &mut SchemaGenerator) -> Schema {
    one_of(&[
        Severity::Info,
        Severity::Warning,
        Severity::Error,
        Severity::Critical,
    ])
}

/// What somebody may do.
pub(super) fn role(_: &mut SchemaGenerator) -> Schema {
    one_of(&Role::ALL)
}

/// Where an alert can be looked at; what there is not is left out.
pub(super) fn links(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "properties": {
            "generator": {"type": "string"},
            "dashboard": {"type": "string"},
            "runbook": {"type": "string"},
            "silence": {"type": "string"},
        },
    })
}

fn one_of<T: Serialize>(all: &[T]) -> Schema {
    let words = all.iter().filter_map(|one| serde_json::to_value(one).ok());
    json_schema!({"type": "string", "enum": words.collect::<Vec<Value>>()})
}
