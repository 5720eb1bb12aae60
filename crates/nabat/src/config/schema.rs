//! The JSON Schema of the configuration, and how the rest of the loader reads it.
//!
//! All is inlined, so that a schema node can be read by itself, save what holds itself: that is
//! [`resolved`]. Some words mean more than in the standard: `format` names a check of `format.rs`,
//! `writeOnly` marks a secret, `x-for-admins` what only those see who administer Nabat,
//! `x-secret-if-wrong` what may hold a secret by mistake, `x-expected` says in words what may stand there, and `x-unsupported`
//! names the keys of Alertmanager that Nabat does not know yet, with what to do instead.

use std::sync::LazyLock;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::modules::Modules;
use super::monitor::Monitor;
use super::settings::Config;
use super::{format, suggest};

/// The JSON Schema (2020-12) of the configuration file, for editors: wherever a pattern is asked
/// for, a text with `${NAME}` is right too.
pub fn json_schema() -> Value {
    let mut schema = filled_in();
    allow_variables(&mut schema);
    schema
}

/// The schema of a file whose variables are filled in, for the loader.
pub(super) fn filled_in() -> Value {
    let mut schema = of::<Config>();
    // A chat of its own is made sure of when a monitor is made; the configuration has its routes.
    if let Some(Value::Object(settings)) = schema.pointer_mut(SETTINGS_OF_MONITORS) {
        settings.remove("tell");
    }
    schema
}

/// The schema of one monitor: made once, since it takes as long as many probes.
pub(super) fn of_monitor() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(of::<Monitor>);
    &SCHEMA
}

/// The schema of a file of modules.
pub(super) fn of_modules() -> Value {
    of::<Modules>()
}

fn of<T: JsonSchema>() -> Value {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

/// Where the settings of the configuration's monitors stand.
const SETTINGS_OF_MONITORS: &str = "/properties/monitors/items/properties";

/// Marks what by itself lets somebody act, or may hold a secret among other things.
const FOR_ADMINS: &str = "x-for-admins";

/// Marks a setting into which people put the secret that belongs beside it.
const SECRET_IF_WRONG: &str = "x-secret-if-wrong";

/// The value of `x-unsupported`: keys, and for each what to do instead, if there is something.
pub(super) fn unsupported<const N: usize>(keys: [(&str, &str); N]) -> Value {
    let keys = keys.map(|(key, hint)| (key.to_owned(), Value::from(hint)));
    Value::Object(Map::from_iter(keys))
}

/// The schema itself, or the one of `root` to which it refers.
pub(super) fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let reference = schema.get("$ref").and_then(Value::as_str);
    let pointer = reference.and_then(|reference| reference.strip_prefix('#'));
    pointer
        .and_then(|pointer| root.pointer(pointer))
        .unwrap_or(schema)
}

fn allow_variables(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(pattern)) = map.get_mut("pattern") {
                pattern.push_str("|\\$\\{[A-Za-z_]");
            }
            map.values_mut().for_each(allow_variables);
        }
        Value::Array(list) => list.iter_mut().for_each(allow_variables),
        _ => {}
    }
}

/// One of the shapes that a setting may have; `anyOf` and `oneOf` are taken apart beforehand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape<'a>(&'a Map<String, Value>);

/// The shapes that `schema` allows, in its order. "Nothing" is not among them: an empty setting is
/// an absent one.
pub(super) fn shapes(schema: &Value) -> Vec<Shape<'_>> {
    let Some(map) = schema.as_object() else {
        return Vec::new();
    };
    let choices = map
        .get("anyOf")
        .or_else(|| map.get("oneOf"))
        .and_then(Value::as_array);
    match choices {
        Some(choices) => choices.iter().flat_map(shapes).collect(),
        None if map.get("type").and_then(Value::as_str) == Some("null") => Vec::new(),
        None => vec![Shape(map)],
    }
}

/// Whether `schema` allows "nothing" in so many words.
pub(super) fn is_optional(schema: &Value) -> bool {
    let null = |value: &Value| value.as_str() == Some("null");
    let choices = schema
        .get("anyOf")
        .or_else(|| schema.get("oneOf"))
        .and_then(Value::as_array);
    schema.get("type").is_some_and(|kind| {
        null(kind) || kind.as_array().is_some_and(|kinds| kinds.iter().any(null))
    }) || choices.is_some_and(|choices| choices.iter().any(is_optional))
}

/// Whether the value of `schema` must never be shown.
pub(super) fn is_secret(schema: &Value) -> bool {
    says(schema, "writeOnly")
}

/// Whether the value of `schema` is shown only to those who administer Nabat.
pub(super) fn is_for_admins(schema: &Value) -> bool {
    says(schema, FOR_ADMINS)
}

/// Whether a wrong value of `schema` may be a secret that belongs elsewhere.
pub(super) fn is_secret_if_wrong(schema: &Value) -> bool {
    says(schema, SECRET_IF_WRONG)
}

fn says(schema: &Value, key: &str) -> bool {
    let yes = Some(&Value::Bool(true));
    schema.get(key) == yes || shapes(schema).iter().any(|shape| shape.0.get(key) == yes)
}

impl<'a> Shape<'a> {
    /// The shape as a schema of its own.
    pub(super) fn to_value(self) -> Value {
        Value::Object(self.0.clone())
    }

    /// Whether the shape is of the JSON type `kind`.
    pub(super) fn is(self, kind: &str) -> bool {
        match self.0.get("type") {
            Some(Value::String(only)) => only == kind,
            Some(Value::Array(kinds)) => kinds.iter().any(|k| k == kind),
            _ => kind == "string" && !self.words().is_empty(),
        }
    }

    /// The words among which one must choose; empty where any text may stand.
    pub(super) fn words(self) -> Vec<&'a str> {
        let several = self
            .0
            .get("enum")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        self.0
            .get("const")
            .into_iter()
            .chain(several)
            .filter_map(Value::as_str)
            .collect()
    }

    pub(super) fn properties(self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let properties = self.0.get("properties").and_then(Value::as_object);
        properties
            .into_iter()
            .flatten()
            .map(|(name, schema)| (name.as_str(), schema))
    }

    pub(super) fn property(self, name: &str) -> Option<&'a Value> {
        self.0.get("properties")?.get(name)
    }

    /// The schema of values whose keys are free to choose.
    pub(super) fn free(self) -> Option<&'a Value> {
        self.0
            .get("additionalProperties")
            .filter(|schema| schema.is_object())
    }

    /// What the keys that are free to choose look like.
    pub(super) fn names(self) -> Option<Shape<'a>> {
        self.0.get("propertyNames")?.as_object().map(Shape)
    }

    /// Whether `key` is one of Alertmanager's that Nabat does not know yet, and what to do instead.
    pub(super) fn unsupported(self, key: &str) -> Option<&'a str> {
        self.0.get("x-unsupported")?.get(key)?.as_str()
    }

    pub(super) fn requires(self, name: &str) -> bool {
        let required = self.0.get("required").and_then(Value::as_array);
        required.is_some_and(|names| names.iter().any(|n| n == name))
    }

    pub(super) fn items(self) -> Option<&'a Value> {
        self.0.get("items")
    }

    pub(super) fn text(self, keyword: &str) -> Option<&'a str> {
        self.0.get(keyword).and_then(Value::as_str)
    }

    pub(super) fn number(self, keyword: &str) -> Option<i64> {
        self.0.get(keyword).and_then(Value::as_i64)
    }

    /// The one number that is not allowed although it lies within the bounds.
    pub(super) fn excluded(self) -> Option<i64> {
        self.0.get("not")?.get("const")?.as_i64()
    }

    /// The shape in words, to stand after "expected".
    pub(super) fn describe(self) -> String {
        if let Some(words) = self.text("x-expected") {
            return words.to_owned();
        }
        if let Some(words) = self.text("format").and_then(format::expected) {
            return words.to_owned();
        }
        if self.is("integer") {
            return self.describe_number();
        }
        if self.is("boolean") {
            return "`true` or `false`".to_owned();
        }
        if self.is("array") {
            return "a list".to_owned();
        }
        if self.is("object") {
            let keys: Vec<String> = self
                .properties()
                .map(|(name, _)| format!("`{name}`"))
                .collect();
            return match keys.split_last() {
                Some((last, [])) => format!("a mapping with the key {last}"),
                Some((last, rest)) => {
                    format!("a mapping with the keys {} and {last}", rest.join(", "))
                }
                None => "a mapping".to_owned(),
            };
        }
        "text".to_owned()
    }

    fn describe_number(self) -> String {
        let bounds = match (self.number("minimum"), self.number("maximum")) {
            (Some(least), Some(most)) => format!("a whole number from {least} to {most}"),
            _ => "a whole number".to_owned(),
        };
        match self.excluded() {
            Some(number) => format!("{bounds} other than {number}"),
            None => bounds,
        }
    }
}

/// All `shapes` in words: `a`, `b` or a list.
pub(super) fn describe(shapes: &[Shape<'_>]) -> String {
    let words: Vec<&str> = shapes.iter().flat_map(|shape| shape.words()).collect();
    let mut parts = if words.is_empty() {
        Vec::new()
    } else {
        vec![suggest::one_of(words)]
    };
    for shape in shapes.iter().filter(|shape| shape.words().is_empty()) {
        let part = shape.describe();
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts.join(" or ")
}
