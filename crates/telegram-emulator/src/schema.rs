//! Checks a request against the generated description of the Bot API (`schema/bot-api.json`).
//!
//! Parameters from forms and queries come as text; [`check`] turns them into what the schema says. Unlike Telegram
//! it refuses unknown parameters and values of the wrong type, because both are mistakes of the caller that
//! Telegram would hide. Where Telegram has words of its own for a mistake, these are used.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// Parameters of a request, by name.
pub(crate) type Params = Map<String, Value>;

#[derive(Deserialize)]
struct Schema {
    methods: BTreeMap<String, Fields>,
    types: BTreeMap<String, Type>,
    not_emulated: Vec<String>,
}

type Fields = BTreeMap<String, Field>;

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Type {
    Fields(Fields),
    Union(Vec<String>),
}

#[derive(Deserialize)]
struct Field {
    #[serde(rename = "type")]
    types: Vec<String>,
    #[serde(default)]
    required: bool,
    min: Option<usize>,
    max: Option<usize>,
    unit: Option<String>,
}

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../schema/bot-api.json"))
        .expect("the committed schema is well-formed")
});

/// Whether the Bot API has a method, and the emulator too.
#[derive(Debug, PartialEq)]
pub(crate) enum Method {
    Emulated(&'static str),
    NotEmulated(&'static str),
    Unknown,
}

/// Finds a method by its name in any case, as Telegram does.
pub(crate) fn method(name: &str) -> Method {
    if let Some(known) = SCHEMA
        .methods
        .keys()
        .find(|known| known.eq_ignore_ascii_case(name))
    {
        return Method::Emulated(known);
    }
    match SCHEMA
        .not_emulated
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name))
    {
        Some(known) => Method::NotEmulated(known),
        None => Method::Unknown,
    }
}

/// A value that does not fit, and where.
struct Misfit {
    path: String,
    problem: String,
    /// Telegram's own words, where it has some.
    words: Option<&'static str>,
}

/// Checks the parameters of an emulated method and gives them their types.
pub(crate) fn check(method: &str, given: Params, strict: bool) -> Result<Params, Refusal> {
    let Some(fields) = SCHEMA.methods.get(method) else {
        return Err(Refusal::new(404, "Not Found: method not found"));
    };
    let mut checked = Params::new();
    for (name, value) in given {
        let Some(field) = fields.get(&name) else {
            if strict {
                return Err(Refusal::bad(format!(
                    "unknown parameter \"{name}\" of {method} [emulator: strict]"
                )));
            }
            continue;
        };
        let value = typed(&name, value, field)?;
        field.check(&name, &value).map_err(Misfit::into_refusal)?;
        checked.insert(name, value);
    }
    match fields
        .iter()
        .find(|(name, field)| field.required && !checked.contains_key(*name))
    {
        Some((name, _)) => Err(missing(name)),
        None => Ok(checked),
    }
}

/// Whether a value is what the Bot API calls `kind`: `Message`, `Update[]` and so on. Says what does not fit.
pub fn describes(kind: &str, value: &Value) -> Result<(), String> {
    check_type(kind, kind, value).map_err(|misfit| format!("{} {}", misfit.path, misfit.problem))
}

fn missing(name: &str) -> Refusal {
    Refusal::bad(match name {
        "chat_id" => "chat_id is empty".to_owned(),
        "text" => "message text is empty".to_owned(),
        "message_id" => "message identifier is not specified".to_owned(),
        "user_id" => "invalid user_id specified".to_owned(),
        "photo" => "there is no photo in the request".to_owned(),
        "document" => "there is no document in the request".to_owned(),
        "commands" => "can't parse commands: expected an Array".to_owned(),
        _ => format!("parameter \"{name}\" is required"),
    })
}

/// Gives a value that came as text the type that the schema expects.
fn typed(name: &str, value: Value, field: &Field) -> Result<Value, Refusal> {
    let Value::String(text) = &value else {
        return Ok(value);
    };
    let accepts = |kind: &str| field.types.iter().any(|known| known == kind);
    if accepts("number")
        && let Ok(number) = text.trim().parse::<i64>()
    {
        return Ok(number.into());
    }
    if accepts("string") || accepts("file") {
        return Ok(value);
    }
    if accepts("boolean") || accepts("true") {
        return match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(true.into()),
            "false" | "no" | "0" | "" => Ok(false.into()),
            _ => Err(Refusal::bad(format!(
                "parameter \"{name}\" must be a Boolean, not \"{text}\" [emulator: strict]"
            ))),
        };
    }
    let is_data = field
        .types
        .iter()
        .any(|known| known.ends_with("[]") || SCHEMA.is_object(known));
    if !is_data {
        return Ok(value);
    }
    serde_json::from_str(text).map_err(|_| {
        Refusal::bad(format!(
            "can't parse {} JSON object",
            name.replace('_', " ")
        ))
    })
}

impl Schema {
    fn is_object(&self, name: &str) -> bool {
        match self.types.get(name) {
            Some(Type::Fields(_)) => true,
            Some(Type::Union(members)) => members.iter().any(|member| self.is_object(member)),
            None => false,
        }
    }
}

impl Field {
    fn check(&self, path: &str, value: &Value) -> Result<(), Misfit> {
        check_any(&self.types, path, value)?;
        let (Some(text), Some(max)) = (value.as_str(), self.max) else {
            return Ok(());
        };
        let bytes = self.unit.as_deref() == Some("bytes");
        let length = if bytes {
            text.len()
        } else {
            text.chars().count()
        };
        let min = self.min.unwrap_or(0);
        if (min..=max).contains(&length) {
            return Ok(());
        }
        let unit = if bytes { "bytes" } else { "characters" };
        Err(Misfit {
            path: path.to_owned(),
            problem: format!("must be {min}-{max} {unit} long, not {length}"),
            words: words_for_length(path),
        })
    }
}

fn words_for_length(path: &str) -> Option<&'static str> {
    let mut names = path.rsplit('.');
    match (names.next()?, names.next()) {
        ("callback_data", _) => Some("BUTTON_DATA_INVALID"),
        ("command", _) => Some("BOT_COMMAND_INVALID"),
        ("description", _) => Some("BOT_COMMAND_DESCRIPTION_INVALID"),
        ("text", Some("copy_text")) => Some("BUTTON_COPY_TEXT_INVALID"),
        ("text", None) => Some("MESSAGE_TOO_LONG"),
        _ => None,
    }
}

/// The value must fit one of the types; otherwise the misfit that lies deepest tells most.
fn check_any(types: &[String], path: &str, value: &Value) -> Result<(), Misfit> {
    let mut deepest: Option<Misfit> = None;
    for kind in types {
        match check_type(kind, path, value) {
            Ok(()) => return Ok(()),
            Err(misfit)
                if deepest
                    .as_ref()
                    .is_none_or(|known| misfit.path.len() > known.path.len()) =>
            {
                deepest = Some(misfit);
            }
            Err(_) => {}
        }
    }
    match deepest {
        Some(misfit) if types.len() > 1 && misfit.path == path => Err(Misfit {
            problem: format!("must be one of: {}", types.join(", ")),
            ..misfit
        }),
        Some(misfit) => Err(misfit),
        None => Ok(()),
    }
}

fn check_type(kind: &str, path: &str, value: &Value) -> Result<(), Misfit> {
    let misfit = |problem: String| {
        Err(Misfit {
            path: path.to_owned(),
            problem,
            words: None,
        })
    };
    if let Some(inner) = kind.strip_suffix("[]") {
        let Some(items) = value.as_array() else {
            return misfit("must be an Array".to_owned());
        };
        return items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| check_type(inner, &format!("{path}[{index}]"), item));
    }
    let fits = match kind {
        "number" => value.is_number(),
        "string" | "file" => value.is_string(),
        "boolean" => value.is_boolean(),
        "true" => value == &Value::Bool(true),
        _ if kind.starts_with('"') => value.as_str() == Some(kind.trim_matches('"')),
        _ => {
            return match SCHEMA.types.get(kind) {
                Some(Type::Union(members)) => check_any(members, path, value),
                Some(Type::Fields(fields)) => check_object(kind, fields, path, value),
                None => misfit(format!("has the unknown type {kind}")),
            };
        }
    };
    if fits {
        Ok(())
    } else {
        misfit(format!("must be {kind}"))
    }
}

fn check_object(kind: &str, fields: &Fields, path: &str, value: &Value) -> Result<(), Misfit> {
    let misfit = |path: String, problem: String| {
        Err(Misfit {
            path,
            problem,
            words: None,
        })
    };
    let Some(object) = value.as_object() else {
        return misfit(path.to_owned(), format!("must be a {kind}"));
    };
    if let Some(name) = object.keys().find(|name| !fields.contains_key(*name)) {
        return misfit(format!("{path}.{name}"), format!("is unknown in {kind}"));
    }
    if let Some((name, _)) = fields
        .iter()
        .find(|(name, field)| field.required && !object.contains_key(*name))
    {
        return misfit(path.to_owned(), format!("lacks \"{name}\" of {kind}"));
    }
    object
        .iter()
        .try_for_each(|(name, value)| match fields.get(name) {
            Some(field) => field.check(&format!("{path}.{name}"), value),
            None => Ok(()),
        })
}

impl Misfit {
    fn into_refusal(self) -> Refusal {
        match self.words {
            Some(words) => Refusal::bad(words),
            None => Refusal::bad(format!(
                "parameter \"{}\" {} [emulator: schema]",
                self.path, self.problem
            )),
        }
    }
}

#[cfg(test)]
mod tests;
