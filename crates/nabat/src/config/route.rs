//! The settings of `route`: which alerts go to which receiver, in Alertmanager's own words.

use nabat_core::matcher::Matcher;
use nabat_core::route::{GroupBy, Hours, Spec};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::matchers;
use super::period::Period;
use super::schema::unsupported;

/// What stands for all labels in `group_by`.
pub(super) const ALL_LABELS: &str = "...";

/// Which alerts go to which receiver. The first route takes every alert; each alert goes down into
/// the first of `routes` that takes it, as deep as it can, and that one's receiver is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(extend("x-unsupported" = unsupported([
    ("labels", ""),
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
    #[serde(deserialize_with = "matchers::lists")]
    #[schemars(schema_with = "matchers::lists_schema")]
    pub matchers: Vec<Matcher>,
    /// Labels and the values that they must have: the older way to write matchers with `=`.
    #[serde(deserialize_with = "matchers::equal")]
    #[schemars(schema_with = "matchers::labels_schema")]
    pub r#match: Vec<Matcher>,
    /// Labels and the expressions that their values must match as a whole: the older way to write
    /// matchers with `=~`.
    #[serde(deserialize_with = "matchers::expressions")]
    #[schemars(schema_with = "matchers::labels_schema")]
    pub match_re: Vec<Matcher>,
    /// The names of `time_intervals` during which it tells nothing new; what still fires is told when
    /// they end. Not inherited, and not for the first route.
    #[schemars(schema_with = "hours_schema")]
    pub mute_time_intervals: Vec<String>,
    /// The names of `time_intervals` outside of which it tells nothing new. Not inherited, and not
    /// for the first route.
    #[schemars(schema_with = "hours_schema")]
    pub active_time_intervals: Vec<String>,
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
        let names = |names: &Vec<String>| names.iter().map(|name| name.as_str().into()).collect();
        let expressions: Vec<Matcher> = self.match_re.iter().map(anchored).collect();
        let all = [&self.r#match, &expressions, &self.matchers];
        Spec {
            receiver: self.receiver.as_deref().map(Into::into),
            group_by: self.group_by.as_ref().map(group_by),
            matchers: all.into_iter().flatten().cloned().collect(),
            continues: self.continues,
            group_wait: self.group_wait.map(Period::duration),
            group_interval: self.group_interval.map(Period::duration),
            repeat_interval: self.repeat_interval.map(Period::duration),
            hours: Hours {
                mute: names(&self.mute_time_intervals),
                active: names(&self.active_time_intervals),
            },
            routes: self.routes.iter().map(Self::spec).collect(),
        }
    }
}

/// What `match_re` says as Alertmanager's group keys show it, which programs compare.
fn anchored(matcher: &Matcher) -> Matcher {
    let value = format!("^(?:{})$", matcher.value);
    let anchored = Matcher::new(&matcher.name, matcher.operator, &value);
    anchored.unwrap_or_else(|_| matcher.clone())
}

fn group_by_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": ["array", "null"],
        "items": {"type": "string", "x-expected": "the name of a label"},
        "maxItems": 100,
    })
}

fn hours_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "items": {"type": "string", "x-expected": "the name of a time interval"},
        "maxItems": 100,
        "default": [],
    })
}

/// The routes below one are written like it, so the schema refers to itself.
fn routes_schema(generator: &mut SchemaGenerator) -> Schema {
    let mut route = generator.subschema_for::<Route>();
    route.insert("x-expected".into(), "a mapping like this one".into());
    json_schema!({"type": "array", "items": route, "maxItems": 10_000, "default": []})
}
