//! The settings of `route`: which alerts go to which receiver, in Alertmanager's own words.

use std::collections::BTreeMap;

use nabat_core::matcher::{Matcher, MatcherError, parse_list};
use nabat_core::route::{GroupBy, Spec};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

use super::period::Period;
use super::schema::unsupported;

/// What stands for all labels in `group_by`.
pub(super) const ALL_LABELS: &str = "...";

/// Which alerts go to which receiver. The first route takes every alert; each alert goes down into
/// the first of `routes` that takes it, as deep as it can, and that one's receiver is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-unsupported" = unsupported([
    ("active_time_intervals", ""),
    ("labels", ""),
    ("mute_time_intervals", ""),
])))]
pub struct Route {
    /// Who is told: the name of a receiver. Inherited by `routes`; the first route needs one.
    #[schemars(extend("x-expected" = "the name of a receiver"))]
    pub receiver: Option<String>,
    /// The labels by which alerts are grouped into one notification; `['...']` makes each alert its
    /// own, `[]` puts all into one. Inherited; `[]` if no route says so.
    #[schemars(schema_with = "group_by_schema")]
    pub group_by: Option<Vec<String>>,
    /// How long the first alert of a group waits for others. Inherited; `30s` if no route says so.
    pub group_wait: Option<Period>,
    /// How long further news of a group wait after something was told. Inherited; `5m` if no route
    /// says so.
    pub group_interval: Option<Period>,
    /// After how long what still fires is told again. Inherited; `4h` if no route says so.
    pub repeat_interval: Option<Period>,
    /// Which alerts the route takes: those that fulfil every matcher, such as `severity="critical"`
    /// or `team=~"db|web"`. Each entry may hold several.
    #[serde(deserialize_with = "matchers")]
    #[schemars(schema_with = "matchers_schema")]
    pub matchers: Vec<Matcher>,
    /// Labels and the values that they must have: the older way to write matchers with `=`.
    #[serde(deserialize_with = "equal")]
    #[schemars(schema_with = "labels_schema")]
    pub r#match: Vec<Matcher>,
    /// Labels and the expressions that their values must match as a whole: the older way to write
    /// matchers with `=~`.
    #[serde(deserialize_with = "expressions")]
    #[schemars(schema_with = "labels_schema")]
    pub match_re: Vec<Matcher>,
    /// Whether an alert that this route takes is offered to the routes beside it that follow.
    #[serde(rename = "continue")]
    pub continues: bool,
    /// Finer routes, asked in this order; what none of them takes stays here.
    #[schemars(schema_with = "routes_schema")]
    pub routes: Vec<Route>,
}

impl Route {
    /// The route as the engine reads it.
    pub(super) fn spec(&self) -> Spec {
        let group_by = |names: &Vec<String>| match names.as_slice() {
            [all] if all == ALL_LABELS => GroupBy::All,
            names => GroupBy::Labels(names.iter().map(|name| name.as_str().into()).collect()),
        };
        let all = [&self.r#match, &self.match_re, &self.matchers];
        Spec {
            receiver: self.receiver.as_deref().map(Into::into),
            group_by: self.group_by.as_ref().map(group_by),
            matchers: all.into_iter().flatten().cloned().collect(),
            continues: self.continues,
            group_wait: self.group_wait.map(Period::duration),
            group_interval: self.group_interval.map(Period::duration),
            repeat_interval: self.repeat_interval.map(Period::duration),
            routes: self.routes.iter().map(Self::spec).collect(),
        }
    }
}

/// `name=~"value"`.
///
/// # Errors
/// What is wrong with the expression, with its place within `value`.
pub(super) fn expression(name: &str, value: &str) -> Result<Vec<Matcher>, MatcherError> {
    let escaped = |text: &str| {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"");
        text.replace('\n', "\\n")
    };
    let before = format!("\"{}\"=~", escaped(name));
    parse_list(&format!("{before}\"{}\"", escaped(value))).map_err(|error| MatcherError {
        at: error.at.saturating_sub(before.len()).min(value.len()),
        problem: error.problem,
    })
}

pub(super) fn matchers<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Matcher>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let lists = texts.iter().map(|text| parse_list(text));
    let lists: Vec<Vec<Matcher>> = lists.collect::<Result<_, _>>().map_err(de::Error::custom)?;
    Ok(lists.into_iter().flatten().collect())
}

fn equal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Matcher>, D::Error> {
    let labels = BTreeMap::<String, String>::deserialize(deserializer)?;
    let equal = |(name, value): (&String, &String)| Matcher::equal(name, value);
    Ok(labels.iter().map(equal).collect())
}

fn expressions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Matcher>, D::Error> {
    let labels = BTreeMap::<String, String>::deserialize(deserializer)?;
    let mut matchers = Vec::new();
    for (name, value) in &labels {
        matchers.extend(expression(name, value).map_err(de::Error::custom)?);
    }
    Ok(matchers)
}

fn group_by_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": ["array", "null"],
        "items": {"type": "string", "x-expected": "the name of a label"},
        "maxItems": 100,
    })
}

pub(super) fn matchers_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {"type": "string", "x-expected": "a matcher such as `severity=\"critical\"`"},
        "maxItems": 100,
        "default": [],
    })
}

fn labels_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "additionalProperties": {"type": "string"},
        "x-expected": "a mapping of labels to texts",
        "default": {},
    })
}

/// The routes below one are written like it, so the schema refers to itself.
fn routes_schema(generator: &mut SchemaGenerator) -> Schema {
    let mut route = generator.subschema_for::<Route>();
    route.insert("x-expected".into(), "a mapping like this one".into());
    json_schema!({"type": "array", "items": route, "maxItems": 10_000, "default": []})
}
