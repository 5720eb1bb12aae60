//! A request refused, in Telegram's wire form.

use serde_json::{Map, Value, json};

/// What a refused request is answered: HTTP status and `error_code`, description, parameters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) code: u16,
    pub(crate) description: String,
    pub(crate) parameters: Option<Value>,
}

impl Refusal {
    pub(crate) fn new(code: u16, description: impl Into<String>) -> Refusal {
        Refusal {
            code,
            description: description.into(),
            parameters: None,
        }
    }

    /// 400 `Bad Request: …`
    pub(crate) fn bad(reason: impl AsRef<str>) -> Refusal {
        Refusal::new(400, format!("Bad Request: {}", reason.as_ref()))
    }

    /// 403 `Forbidden: …`
    pub(crate) fn forbidden(reason: impl AsRef<str>) -> Refusal {
        Refusal::new(403, format!("Forbidden: {}", reason.as_ref()))
    }

    /// 409 `Conflict: …`
    pub(crate) fn conflict(reason: impl AsRef<str>) -> Refusal {
        Refusal::new(409, format!("Conflict: {}", reason.as_ref()))
    }

    /// 429, to be tried again after so many seconds.
    pub(crate) fn too_many(retry_after: u64) -> Refusal {
        Refusal {
            code: 429,
            description: format!("Too Many Requests: retry after {retry_after}"),
            parameters: Some(json!({ "retry_after": retry_after })),
        }
    }

    /// 400 of a group that lives on as the supergroup `id`.
    pub(crate) fn migrated(id: i64) -> Refusal {
        Refusal {
            parameters: Some(json!({ "migrate_to_chat_id": id })),
            ..Refusal::bad("group chat was upgraded to a supergroup chat")
        }
    }

    pub(crate) fn retry_after(&self) -> Option<u64> {
        self.parameters.as_ref()?.get("retry_after")?.as_u64()
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("ok".into(), json!(false));
        fields.insert("error_code".into(), json!(self.code));
        fields.insert("description".into(), json!(self.description));
        if let Some(parameters) = &self.parameters {
            fields.insert("parameters".into(), parameters.clone());
        }
        Value::Object(fields)
    }
}
