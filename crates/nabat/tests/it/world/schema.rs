//! Whether a value is as a JSON Schema says: as much of it as Nabat's document uses.
//!
//! A keyword that is not known here fails the test, so that none goes unchecked.

use serde_json::{Map, Value};

/// What says nothing of the value.
const NOTES: [&str; 5] = ["description", "title", "default", "format", "examples"];

/// What is wrong with `value`, and where.
pub(crate) fn mistakes(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    match schema {
        Value::Bool(true) => Vec::new(),
        Value::Object(schema) => Checker { document, at }.object(schema, value),
        _ => vec![format!("{at}: nothing may stand here")],
    }
}

struct Checker<'d> {
    document: &'d Value,
    at: &'d str,
}

impl Checker<'_> {
    fn object(&self, schema: &Map<String, Value>, value: &Value) -> Vec<String> {
        let known = schema
            .iter()
            .filter(|(key, _)| !NOTES.contains(&key.as_str()));
        known
            .flat_map(|(key, says)| self.keyword(schema, key, says, value))
            .collect()
    }

    fn keyword(
        &self,
        schema: &Map<String, Value>,
        key: &str,
        says: &Value,
        value: &Value,
    ) -> Vec<String> {
        let is_right = match key {
            "$ref" => return self.below(self.referred(says), value, self.at),
            "type" => match says {
                Value::Array(kinds) => kinds.iter().any(|kind| is(kind, value)),
                kind => is(kind, value),
            },
            "enum" => says.as_array().is_some_and(|words| words.contains(value)),
            "const" => says == value,
            "minimum" => value
                .as_f64()
                .is_none_or(|number| number >= says.as_f64().unwrap()),
            "maximum" => value
                .as_f64()
                .is_none_or(|number| number <= says.as_f64().unwrap()),
            "required" => {
                let names = says.as_array().into_iter().flatten();
                let mut names = names.filter_map(Value::as_str);
                !value.is_object() || names.all(|name| value.get(name).is_some())
            }
            "anyOf" | "oneOf" => {
                let choices = says.as_array().into_iter().flatten();
                let fits = choices.filter(|choice| self.below(choice, value, self.at).is_empty());
                let fits = fits.count();
                fits == 1 || key == "anyOf" && fits > 1
            }
            "allOf" => {
                let all = says.as_array().into_iter().flatten();
                return all
                    .flat_map(|one| self.below(one, value, self.at))
                    .collect();
            }
            "items" => {
                let items = value.as_array().into_iter().flatten();
                return items
                    .flat_map(|item| self.below(says, item, "items"))
                    .collect();
            }
            "properties" => {
                let properties = says.as_object().into_iter().flatten();
                return properties
                    .filter_map(|(name, schema)| Some((name, schema, value.get(name)?)))
                    .flat_map(|(name, schema, value)| self.below(schema, value, name))
                    .collect();
            }
            "additionalProperties" => {
                let named = schema.get("properties");
                let others = value.as_object().into_iter().flatten();
                return others
                    .filter(|(name, _)| named.is_none_or(|named| named.get(name).is_none()))
                    .flat_map(|(name, value)| self.below(says, value, name))
                    .collect();
            }
            _ => panic!("the tests do not know the keyword `{key}`"),
        };
        match is_right {
            true => Vec::new(),
            false => vec![format!("{}: not `{key}: {says}`: {value}", self.at)],
        }
    }

    fn below(&self, schema: &Value, value: &Value, name: &str) -> Vec<String> {
        let at = match name == self.at {
            true => name.to_owned(),
            false => format!("{}.{name}", self.at),
        };
        mistakes(self.document, schema, value, &at)
    }

    fn referred(&self, reference: &Value) -> &Value {
        let pointer = reference.as_str().and_then(|text| text.strip_prefix('#'));
        let found = pointer.and_then(|pointer| self.document.pointer(pointer));
        found.unwrap_or_else(|| panic!("the document has no {reference}"))
    }
}

fn is(kind: &Value, value: &Value) -> bool {
    match kind.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => panic!("there is no type {kind}"),
    }
}
