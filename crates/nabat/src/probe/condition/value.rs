//! What a probe saw, as values of CEL.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString,
};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::facts::{Fact, Facts};
use crate::probe::Report;

/// The longest body that is read as JSON, in bytes: its values take many times its size.
const MAX_JSON: usize = 1024 * 1024;

type Value<'f> = Box<dyn Val + 'f>;

/// The variables of conditions.
pub(super) struct Values<'f> {
    known: Vec<(&'static str, Value<'f>)>,
    /// Why there is no `json`.
    no_json: Option<String>,
}

impl<'f> Values<'f> {
    /// All that `report` and `facts` tell; the body as JSON only if that `is_json`.
    pub(super) fn of(report: &'f Report, facts: &'f Facts, is_json: bool) -> Self {
        let mut values = Self {
            known: Vec::with_capacity(facts.seen.len() + 4),
            no_json: None,
        };
        let latency = report.latency.unwrap_or_default();
        values.add("latency", Box::new(CelDouble::from(millis(latency))));
        if let Some(address) = report.address {
            values.add("address", text(address.to_string()));
        }
        let phases = report.phases.iter();
        values.add(
            "phases",
            map(phases.map(|(name, took)| {
                let took: Value<'f> = Box::new(CelDouble::from(millis(*took)));
                ((*name).into(), took)
            })),
        );
        if let Some(loss) = report.loss_percent {
            values.add("loss", int(loss.into()));
        }
        for (name, fact) in &facts.seen {
            if let (Fact::Body { bytes, is_cut }, true) = (fact, is_json) {
                match json(bytes, *is_cut) {
                    Ok(json) => values.add("json", json),
                    Err(why) => values.no_json = Some(why),
                }
            }
            values.add(name, value(fact));
        }
        values
    }

    fn add(&mut self, name: &'static str, value: Value<'f>) {
        self.known.push((name, value));
    }

    /// Why there is no variable of this name.
    pub(super) fn missing(&self, name: &str) -> String {
        match (&self.no_json, name) {
            (Some(why), "json") => why.clone(),
            (_, "certificate") => "no certificate was seen".to_owned(),
            (_, name) => format!("no `{name}` was seen"),
        }
    }
}

impl VariableResolver for Values<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let found = self.known.iter().find(|(name, _)| *name == variable);
        found.map(|(_, value)| CowVal::Borrowed(&**value))
    }
}

/// In milliseconds, with three digits behind the point.
fn millis(took: Duration) -> f64 {
    (took.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

fn value(fact: &Fact) -> Value<'_> {
    match fact {
        Fact::Number(number) => int(*number),
        Fact::Text(text) => Box::new(CelString::from(text.as_str())),
        Fact::Texts(texts) => list(texts),
        Fact::Headers(headers) => {
            let mut all: HashMap<&str, String> = HashMap::new();
            for (name, value) in headers {
                let value = String::from_utf8_lossy(value.as_bytes());
                let known = all.entry(name.as_str()).or_default();
                if !known.is_empty() {
                    known.push_str(", ");
                }
                known.push_str(&value);
            }
            map(all
                .into_iter()
                .map(|(name, value)| (name.into(), text(value))))
        }
        Fact::Body { bytes, .. } => Box::new(CelString::from(String::from_utf8_lossy(bytes))),
        Fact::Certificate {
            days,
            expires,
            issuer,
            names,
        } => map([
            ("days".into(), int(*days)),
            ("expires".into(), text(expires.clone())),
            ("issuer".into(), text(issuer.clone())),
            ("names".into(), list(names)),
        ]),
    }
}

fn int<'f>(number: i64) -> Value<'f> {
    Box::new(CelInt::from(number))
}

fn text<'f>(text: String) -> Value<'f> {
    Box::new(CelString::from(text))
}

fn list(texts: &[String]) -> Value<'_> {
    let texts = texts
        .iter()
        .map(|text| -> Value<'_> { Box::new(CelString::from(text.as_str())) });
    Box::new(CelList::from(texts.collect::<Vec<_>>()))
}

fn map<'f>(entries: impl IntoIterator<Item = (CelMapKey<'f>, Value<'f>)>) -> Value<'f> {
    Box::new(CelMap::from(entries.into_iter().collect::<HashMap<_, _>>()))
}

/// The body as JSON, or why it is none.
fn json<'f>(bytes: &[u8], is_cut: bool) -> Result<Value<'f>, String> {
    if is_cut || bytes.len() > MAX_JSON {
        let read = bytes.len().min(MAX_JSON);
        return Err(format!("the body is longer than {read} bytes"));
    }
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err("the body is empty".to_owned());
    }
    let parsed: Result<Json, _> = serde_json::from_slice(bytes);
    let parsed = parsed.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("the body is no JSON (line {line}, column {column})")
    });
    parsed.map(|json| json.0)
}

/// JSON as a value of CEL, all numbers of which are doubles: whether a program writes 1 or 1.0 makes
/// no difference.
struct Json(Value<'static>);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        AnyJson.deserialize(deserializer).map(Self)
    }
}

struct AnyJson;

impl<'de> DeserializeSeed<'de> for AnyJson {
    type Value = Value<'static>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyJson {
    type Value = Value<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Box::new(CelBool::from(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Box::new(CelDouble::from(value as f64)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Box::new(CelDouble::from(value as f64)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Box::new(CelDouble::from(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(text(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Box::new(CelNull))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Self)? {
            items.push(item);
        }
        Ok(Box::new(CelList::from(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut all: HashMap<CelMapKey<'static>, Value<'static>> = HashMap::new();
        while let Some(key) = entries.next_key::<String>()? {
            all.insert(key.into(), entries.next_value_seed(Self)?);
        }
        Ok(Box::new(CelMap::from(all)))
    }
}
