//! Who is told about which alerts, and how they are grouped: the tree of Alertmanager.
//!
//! The tree is read from the configuration ([`Spec`]), in which children inherit what they do not
//! set themselves, and then only asked ([`Route::find`], [`Route::group`]). Semantics and the form
//! of group keys are those of Alertmanager's `dispatch/route.go`.

mod hours;
mod takers;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::alert::Labels;
use crate::alert::quote::Quoted;
use crate::chat::ChatKey;
use crate::destination::IntegrationId;
use crate::incident::GroupKey;
use crate::matcher::Matcher;

pub use hours::{Calendar, Hours};
pub(crate) use takers::Sorter;
pub use takers::Takers;

/// The routing in force: the tree and the receivers it names.
#[derive(Debug, Clone)]
pub struct Routing {
    /// The root, which takes every alert.
    pub root: Arc<Route>,
    /// The time intervals that routes name.
    pub calendar: Calendar,
    integrations: HashMap<IntegrationId, Integration>,
    by_receiver: HashMap<Arc<str>, Vec<IntegrationId>>,
    chats: HashMap<Arc<str>, Vec<ChatKey>>,
}

impl Routing {
    /// The routing with this tree, and with the integrations of all receivers that it names. Its
    /// calendar is empty.
    pub fn new(root: Arc<Route>, integrations: impl IntoIterator<Item = Integration>) -> Self {
        let mut routing = Self {
            root,
            calendar: Calendar::default(),
            integrations: HashMap::new(),
            by_receiver: HashMap::new(),
            chats: HashMap::new(),
        };
        for integration in integrations {
            let of_receiver = routing.by_receiver.entry(integration.receiver.clone());
            of_receiver.or_default().push(integration.id);
            routing.integrations.insert(integration.id, integration);
        }
        routing
    }

    /// The same, with chats that receivers tell.
    #[must_use]
    pub fn with_chats(mut self, chats: impl IntoIterator<Item = (Arc<str>, ChatKey)>) -> Self {
        for (receiver, chat) in chats {
            self.chats.entry(receiver).or_default().push(chat);
        }
        self
    }

    /// Whether there are routes at all, and not only receivers that stand in for others.
    pub fn has_routes(&self) -> bool {
        !self.root.receiver.is_empty()
    }

    /// The chats of a receiver, in the order of the configuration.
    pub fn chats_of(&self, receiver: &str) -> &[ChatKey] {
        self.chats.get(receiver).map_or(&[], Vec::as_slice)
    }

    /// The routes that tell a chat, in the order of the configuration.
    pub fn leading_to(&self, chat: ChatKey) -> Vec<&Route> {
        let mut ahead = vec![&self.root];
        let mut found = Vec::new();
        while let Some(route) = ahead.pop() {
            if self.chats_of(&route.receiver).contains(&chat) {
                found.push(&**route);
            }
            ahead.extend(route.routes.iter().rev());
        }
        found
    }

    /// The integration with this number.
    pub fn integration(&self, id: IntegrationId) -> Option<&Integration> {
        self.integrations.get(&id)
    }

    /// The integrations of a receiver, in the order of the configuration.
    pub fn of(&self, receiver: &str) -> impl Iterator<Item = &Integration> {
        let ids = self.by_receiver.get(receiver).into_iter().flatten();
        ids.filter_map(|id| self.integrations.get(id))
    }
}

/// One integration of a receiver, as far as deciding needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// Its number.
    pub id: IntegrationId,
    /// The name of its receiver.
    pub receiver: Arc<str>,
    /// What it is called for people: `ops: e-mail to a@example.org`. Holds no secret.
    pub name: Arc<str>,
    /// Whether ends are told.
    pub send_resolved: bool,
}

/// When a group of a route speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// How long the first alert waits for others.
    pub group_wait: Duration,
    /// How long news waits after something was told.
    pub group_interval: Duration,
    /// After how long what still fires is told again.
    pub repeat_interval: Duration,
}

impl Default for Timing {
    /// Alertmanager's.
    fn default() -> Self {
        Self {
            group_wait: Duration::from_secs(30),
            group_interval: Duration::from_secs(5 * 60),
            repeat_interval: Duration::from_secs(4 * 3_600),
        }
    }
}

/// By which labels alerts are grouped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupBy {
    /// By all: every alert for itself (`['...']`).
    All,
    /// By these; by none if there are none.
    Labels(Vec<Box<str>>),
}

/// A route as it is configured.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// The receiver's name; inherited.
    pub receiver: Option<Arc<str>>,
    /// By which labels alerts are grouped; inherited.
    pub group_by: Option<GroupBy>,
    /// Which alerts it takes: those that fulfil all.
    pub matchers: Vec<Matcher>,
    /// Whether the siblings that follow are asked too when it takes an alert.
    pub continues: bool,
    /// See [`Timing`]; inherited.
    pub group_wait: Option<Duration>,
    /// See [`Timing`]; inherited.
    pub group_interval: Option<Duration>,
    /// See [`Timing`]; inherited.
    pub repeat_interval: Option<Duration>,
    /// When it tells nothing new; not inherited.
    pub hours: Hours,
    /// Finer routes, asked in this order.
    pub routes: Vec<Spec>,
}

/// A route with everything it inherited.
#[derive(Debug, Clone)]
pub struct Route {
    /// What group keys begin with: the matchers of the way from the root.
    pub key: Arc<str>,
    /// Who is told.
    pub receiver: Arc<str>,
    /// By which labels alerts are grouped.
    pub group_by: GroupBy,
    /// When groups speak.
    pub timing: Timing,
    /// When groups tell nothing new.
    pub hours: Hours,
    matchers: Vec<Matcher>,
    continues: bool,
    routes: Vec<Arc<Route>>,
}

impl Route {
    /// The tree of a configured root.
    pub fn root(spec: Spec) -> Arc<Self> {
        let nobody = Self {
            key: "".into(),
            receiver: "".into(),
            group_by: GroupBy::Labels(Vec::new()),
            timing: Timing::default(),
            hours: Hours::default(),
            matchers: Vec::new(),
            continues: false,
            routes: Vec::new(),
        };
        Arc::new(nobody.child(spec))
    }

    fn child(&self, spec: Spec) -> Self {
        let inherited = self.timing;
        let own = key_of(&spec.matchers);
        let mut route = Self {
            key: match &*self.key {
                "" => own.into(),
                parent => format!("{parent}/{own}").into(),
            },
            receiver: spec.receiver.unwrap_or_else(|| Arc::clone(&self.receiver)),
            group_by: spec.group_by.unwrap_or_else(|| self.group_by.clone()),
            timing: Timing {
                group_wait: spec.group_wait.unwrap_or(inherited.group_wait),
                group_interval: spec.group_interval.unwrap_or(inherited.group_interval),
                repeat_interval: spec.repeat_interval.unwrap_or(inherited.repeat_interval),
            },
            hours: spec.hours,
            matchers: spec.matchers,
            continues: spec.continues,
            routes: Vec::new(),
        };
        route.routes = spec
            .routes
            .into_iter()
            .map(|spec| Arc::new(route.child(spec)))
            .collect();
        route
    }

    /// Which alerts it takes: those that fulfil all.
    pub fn matchers(&self) -> &[Matcher] {
        &self.matchers
    }

    /// Whether the siblings that follow are asked too when it takes an alert.
    pub fn continues(&self) -> bool {
        self.continues
    }

    /// Finer routes.
    pub fn routes(&self) -> &[Arc<Self>] {
        &self.routes
    }

    /// The routes that take an alert: depth first, in order; a route with children takes what none
    /// of them does.
    pub fn find(self: &Arc<Self>, labels: &Labels) -> Vec<&Arc<Route>> {
        let mut found = Vec::new();
        self.collect(labels, &mut found);
        found
    }

    fn collect<'a>(self: &'a Arc<Self>, labels: &Labels, found: &mut Vec<&'a Arc<Self>>) -> bool {
        if !self.matchers.iter().all(|matcher| matcher.matches(labels)) {
            return false;
        }
        let mut taken = false;
        for route in &self.routes {
            let takes = route.collect(labels, found);
            taken |= takes;
            if takes && !route.continues {
                break;
            }
        }
        if !taken {
            found.push(self);
        }
        true
    }

    /// The labels by which an alert of this route is grouped.
    pub fn group_labels(&self, labels: &Labels) -> Labels {
        match &self.group_by {
            GroupBy::All => labels.clone(),
            GroupBy::Labels(names) => {
                let wanted = |name: &str| names.iter().any(|wanted| **wanted == *name);
                labels.iter().filter(|(name, _)| wanted(name)).collect()
            }
        }
    }

    /// The group of an alert of this route: its key and its labels.
    pub fn group(&self, labels: &Labels) -> (GroupKey, Labels) {
        let common = self.group_labels(labels);
        let mut pairs: Vec<String> = common
            .iter()
            .map(|(name, value)| format!("{name}={}", Quoted(value)))
            .collect();
        // Not by name: `a1="…"` comes before `a="…"`, as there.
        pairs.sort_unstable();
        let key = format!("{}:{{{}}}", self.key, pairs.join(", "));
        (key.into(), common)
    }
}

/// `{a="x",b=~"y"}`, sorted as Alertmanager does.
fn key_of(matchers: &[Matcher]) -> String {
    let mut sorted: Vec<&Matcher> = matchers.iter().collect();
    sorted.sort_by(|a, b| {
        let of = |matcher: &Matcher| (matcher.name.clone(), matcher.value.clone());
        (of(a), a.operator as u8).cmp(&(of(b), b.operator as u8))
    });
    let texts: Vec<String> = sorted.iter().map(ToString::to_string).collect();
    format!("{{{}}}", texts.join(","))
}
