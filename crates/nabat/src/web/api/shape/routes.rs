//! Routes as the API shows them: the tree, and who would be told about an alert.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use nabat_core::alert::Labels;
use nabat_core::chat::ChatKey;
use nabat_core::engine::Subscribed;
use nabat_core::matcher::Matcher;
use nabat_core::route::{Calendar, GroupBy, Route, Routing, Timing};
use nabat_core::time::{Timestamp, format_period};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Config;

/// For a route that tells nothing new for longer than this it is not said until when.
const HORIZON: Duration = Duration::from_secs(400 * 86_400);

/// The routing in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Routes {
    /// The first route; none if only those are told who subscribe.
    pub route: Option<Branch>,
    /// Whom each receiver tells.
    pub receivers: BTreeMap<String, Vec<String>>,
}

/// A route with everything it inherited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Route")]
pub struct Branch {
    /// Which alerts it takes; all without any.
    pub matchers: Vec<String>,
    /// The name of the receiver.
    pub receiver: String,
    /// Whether the routes beside it that follow are asked too.
    #[serde(rename = "continue")]
    pub continues: bool,
    /// How it groups, and when its groups speak.
    #[serde(flatten)]
    pub manner: Manner,
    /// When it keeps quiet.
    #[serde(flatten)]
    pub hours: Hours,
    /// Finer routes.
    pub routes: Vec<Branch>,
}

/// How a route groups, and when its groups speak; periods as Prometheus writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Manner {
    /// The labels of its groups; `...` for all.
    pub group_by: Vec<String>,
    /// How long the first alert waits for others.
    pub group_wait: String,
    /// How often a group may speak.
    pub group_interval: String,
    /// After how long what fires is told again.
    pub repeat_interval: String,
}

/// The hours of a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hours {
    /// The time intervals in which it tells nothing new.
    pub mute_time_intervals: Vec<String>,
    /// The time intervals outside of which it tells nothing new; it may at any time without any.
    pub active_time_intervals: Vec<String>,
    /// Why it tells nothing new now; none if it does.
    pub muted: Option<Muted>,
}

/// Why a route tells nothing new now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Muted {
    /// Because of which time intervals.
    pub by: Vec<String>,
    /// Until when; none if there is no end in sight.
    pub until: Option<String>,
}

/// Who would be told about an alert, if no group were open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WhoIsTold")]
pub struct Told {
    /// The routes that take it, in order.
    pub routes: Vec<Taken>,
    /// The subscriptions that take it; none can be known without a running Nabat.
    pub subscriptions: Option<Vec<Subscription>>,
}

/// A route that takes an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RouteTaken")]
pub struct Taken {
    /// The name of the receiver.
    pub receiver: String,
    /// Whom that tells, as soon as the route may speak.
    pub told: Vec<String>,
    /// The chats that it tells in other cases: this alert they are told sooner by a subscription or
    /// by another of these routes.
    pub told_otherwise: Vec<String>,
    /// What each route asks for on the way down to it, the first route's nothing left out.
    pub way: Vec<String>,
    /// The key of the alert's group.
    pub group: String,
    /// How it groups, and when its groups speak.
    #[serde(flatten)]
    pub manner: Manner,
    /// When it keeps quiet.
    #[serde(flatten)]
    pub hours: Hours,
}

/// A subscription that takes an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Subscription {
    /// Its number.
    pub id: i64,
    /// What its chat is called.
    pub chat: String,
    /// Which alerts it is about.
    pub selector: String,
}

impl Routes {
    /// The routing of a configuration.
    pub fn of(config: &Config, now: Timestamp) -> Self {
        let names = config.receivers.iter().map(|receiver| &receiver.name);
        Self {
            route: config.route.as_ref().and_then(|_| {
                let routing = config.routing()?;
                Some(Branch::of(&routing.root, &routing.calendar, now))
            }),
            receivers: names
                .map(|name| (name.clone(), everyone(config, name)))
                .collect(),
        }
    }
}

impl Branch {
    fn of(route: &Route, calendar: &Calendar, now: Timestamp) -> Self {
        let below = |route: &Arc<Route>| Self::of(route, calendar, now);
        Self {
            matchers: texts(route.matchers()),
            receiver: route.receiver.to_string(),
            continues: route.continues(),
            manner: Manner::of(route),
            hours: Hours::of(route, calendar, now),
            routes: route.routes().iter().map(below).collect(),
        }
    }
}

impl Manner {
    fn of(route: &Route) -> Self {
        let Timing {
            group_wait,
            group_interval,
            repeat_interval,
        } = route.timing;
        Self {
            group_by: match &route.group_by {
                GroupBy::All => vec!["...".to_owned()],
                GroupBy::Labels(names) => names.iter().map(ToString::to_string).collect(),
            },
            group_wait: format_period(group_wait),
            group_interval: format_period(group_interval),
            repeat_interval: format_period(repeat_interval),
        }
    }
}

impl Hours {
    fn of(route: &Route, calendar: &Calendar, now: Timestamp) -> Self {
        let horizon = now.after(HORIZON);
        let until = calendar.muted_until(&route.hours, now, horizon);
        let by = calendar.muting(&route.hours, now).into_iter();
        Self {
            mute_time_intervals: route.hours.mute.iter().map(ToString::to_string).collect(),
            active_time_intervals: route.hours.active.iter().map(ToString::to_string).collect(),
            muted: until.map(|until| Muted {
                by: by.map(str::to_owned).collect(),
                until: (until < horizon).then(|| until.to_string()),
            }),
        }
    }
}

impl Told {
    /// Who is told by a configuration, and by these subscriptions if they are known.
    pub fn of(
        config: &Config,
        labels: &Labels,
        subscribed: Option<Vec<Subscribed>>,
        now: Timestamp,
    ) -> Self {
        let mut routes = Vec::new();
        if let Some(routing) = config.route.as_ref().and_then(|_| config.routing()) {
            let known = subscribed.as_deref().unwrap_or_default();
            let subscribed = known.iter().map(|known| known.place).collect();
            let chats = told_by(&routing, labels, &subscribed, now);
            for way in ways(&routing.root, labels) {
                routes.extend(Taken::of(config, &routing, labels, &way, &chats, now));
            }
        }
        let subscription = |known: Subscribed| Subscription {
            id: known.id.0,
            chat: known.chat,
            selector: known.selector,
        };
        Self {
            routes,
            subscriptions: subscribed.map(|all| all.into_iter().map(subscription).collect()),
        }
    }
}

impl Taken {
    fn of(
        config: &Config,
        routing: &Routing,
        labels: &Labels,
        way: &[&Route],
        chats: &HashMap<ChatKey, &Route>,
        now: Timestamp,
    ) -> Option<Self> {
        let route: &Route = way.last()?;
        let (group, _) = route.group(labels);
        let names = chats_of(config, &route.receiver).into_iter();
        let keys = routing.chats_of(&route.receiver).iter();
        let by_this = |key: &ChatKey| chats.get(key).is_some_and(|by| std::ptr::eq(*by, route));
        let (own, others): (Vec<_>, Vec<_>) = keys.zip(names).partition(|(key, _)| by_this(key));
        let name = |(_, name)| name;
        let mut told = integrations_of(config, &route.receiver);
        told.extend(own.into_iter().map(name));
        Some(Self {
            receiver: route.receiver.to_string(),
            told,
            told_otherwise: others.into_iter().map(name).collect(),
            way: way
                .iter()
                .skip(1)
                .map(|route| match route.matchers() {
                    [] => "everything".to_owned(),
                    matchers => texts(matchers).join(" "),
                })
                .collect(),
            group: group.to_string(),
            manner: Manner::of(route),
            hours: Hours::of(route, &routing.calendar, now),
        })
    }
}

/// The ways from a route down to those that take the alert, in the order of [`Route::find`].
fn ways<'r>(root: &'r Arc<Route>, labels: &Labels) -> Vec<Vec<&'r Route>> {
    let found = root.find(labels);
    let way = |route: &'r Route| {
        let mut way = Vec::new();
        descend(root, route, &mut way);
        way
    };
    found.into_iter().map(|route| way(route)).collect()
}

/// Adds the way from `from` to `to`, both included; says whether there is one.
fn descend<'r>(from: &'r Route, to: &Route, way: &mut Vec<&'r Route>) -> bool {
    way.push(from);
    if std::ptr::eq(from, to) || from.routes().iter().any(|below| descend(below, to, way)) {
        return true;
    }
    way.pop();
    false
}

/// By which route each chat is told that is not `subscribed`: the one that can soonest. A chat is told
/// an alert once; an integration is told of each of its groups.
fn told_by<'r>(
    routing: &'r Routing,
    labels: &Labels,
    subscribed: &BTreeSet<ChatKey>,
    now: Timestamp,
) -> HashMap<ChatKey, &'r Route> {
    let muted = |route: &Route| !routing.calendar.muting(&route.hours, now).is_empty();
    let mut routes = routing.root.find(labels);
    routes.sort_by_key(|route| (muted(route), route.timing.group_wait));
    let mut chats: HashMap<ChatKey, &Route> = HashMap::new();
    for route in routes {
        for chat in routing.chats_of(&route.receiver) {
            if !subscribed.contains(chat) {
                chats.entry(*chat).or_insert(route);
            }
        }
    }
    chats
}

/// Whom a receiver tells.
fn everyone(config: &Config, receiver: &str) -> Vec<String> {
    let mut everyone = integrations_of(config, receiver);
    everyone.extend(chats_of(config, receiver));
    everyone
}

/// The integrations of a receiver, without its name before each.
fn integrations_of(config: &Config, receiver: &str) -> Vec<String> {
    let start = format!("{receiver}: ");
    let integrations = config.integrations();
    let own = integrations
        .iter()
        .filter(|integration| *integration.receiver == *receiver)
        .filter_map(|integration| integration.name.strip_prefix(&start));
    own.map(str::to_owned).collect()
}

/// The chats of a receiver, in the order of [`Routing::chats_of`].
fn chats_of(config: &Config, receiver: &str) -> Vec<String> {
    let known = config.receivers.iter().find(|known| known.name == receiver);
    let chats = known.map_or(&[][..], |known| &known.telegram_configs);
    chats.iter().map(ToString::to_string).collect()
}

fn texts(matchers: &[Matcher]) -> Vec<String> {
    matchers.iter().map(ToString::to_string).collect()
}
