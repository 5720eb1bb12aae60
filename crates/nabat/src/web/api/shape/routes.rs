//! Routes as the API shows them: the tree, and who would be told about an alert.

use std::collections::BTreeMap;
use std::sync::Arc;

use nabat_core::alert::Labels;
use nabat_core::engine::Subscribed;
use nabat_core::matcher::Matcher;
use nabat_core::route::{GroupBy, Route, Timing};
use nabat_core::time::format_period;
use serde::{Deserialize, Serialize};

use crate::config::Config;

/// The routing in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routes {
    /// The first route; none if only those are told who subscribe.
    pub route: Option<Branch>,
    /// Whom each receiver tells.
    pub receivers: BTreeMap<String, Vec<String>>,
}

/// A route with everything it inherited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// The time intervals, by their names, in which a route keeps quiet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// Those in which it does.
    pub mute_time_intervals: Vec<String>,
    /// Those outside of which it does, if there are any.
    pub active_time_intervals: Vec<String>,
}

/// Who would be told about an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The routes that take it, in order.
    pub routes: Vec<Taken>,
    /// The subscriptions that take it; none can be known without a running Nabat.
    pub subscriptions: Option<Vec<Subscription>>,
}

/// A route that takes an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The name of the receiver.
    pub receiver: String,
    /// Whom that tells.
    pub told: Vec<String>,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    pub fn of(config: &Config) -> Self {
        let names = config.receivers.iter().map(|receiver| &receiver.name);
        Self {
            route: config.route.as_ref().and_then(|_| {
                let routing = config.routing()?;
                Some(Branch::of(&routing.root))
            }),
            receivers: names
                .map(|name| (name.clone(), told(config, name)))
                .collect(),
        }
    }
}

impl Branch {
    fn of(route: &Route) -> Self {
        Self {
            matchers: texts(route.matchers()),
            receiver: route.receiver.to_string(),
            continues: route.continues(),
            manner: Manner::of(route),
            hours: Hours::of(route),
            routes: route.routes().iter().map(|below| Self::of(below)).collect(),
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
    fn of(route: &Route) -> Self {
        let names = |names: &[Box<str>]| names.iter().map(ToString::to_string).collect();
        Self {
            mute_time_intervals: names(&route.hours.mute),
            active_time_intervals: names(&route.hours.active),
        }
    }
}

impl Told {
    /// Who is told by a configuration, and by these subscriptions if they are known.
    pub fn of(config: &Config, labels: &Labels, subscribed: Option<Vec<Subscribed>>) -> Self {
        let mut routes = Vec::new();
        if let Some(routing) = config.route.as_ref().and_then(|_| config.routing()) {
            for way in ways(&routing.root, labels) {
                routes.extend(Taken::of(config, labels, &way));
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
    fn of(config: &Config, labels: &Labels, way: &[&Route]) -> Option<Self> {
        let route = way.last()?;
        let (group, _) = route.group(labels);
        Some(Self {
            receiver: route.receiver.to_string(),
            told: told(config, &route.receiver),
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
            hours: Hours::of(route),
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

/// Whom a receiver tells, without its name before each.
fn told(config: &Config, receiver: &str) -> Vec<String> {
    let start = format!("{receiver}: ");
    let integrations = config.integrations();
    let own = integrations
        .iter()
        .filter(|integration| *integration.receiver == *receiver)
        .filter_map(|integration| integration.name.strip_prefix(&start));
    let mut told: Vec<String> = own.map(str::to_owned).collect();
    let known = config.receivers.iter().find(|known| known.name == receiver);
    let chats = known.map_or(&[][..], |known| &known.telegram_configs);
    told.extend(chats.iter().map(ToString::to_string));
    told
}

fn texts(matchers: &[Matcher]) -> Vec<String> {
    matchers.iter().map(ToString::to_string).collect()
}
