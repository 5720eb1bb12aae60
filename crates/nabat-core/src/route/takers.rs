//! The routes that take an alert: looked for once for all alerts that are the same to every
//! matcher, and kept once for all that the same routes take.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::{Route, Routing};
use crate::alert::Labels;

/// The routes that take an alert, in the order of [`Route::find`]. Every alert holds one, so it is
/// as small as can be: one pointer.
pub type Takers = Arc<Vec<Arc<Route>>>;

/// How many sets of routes are kept before it is looked whether any alert still needs them.
const KEPT_MIN: usize = 64;
/// Of how many alerts that differ to some matcher the routes are remembered: half a megabyte, and
/// more than there are where matchers ask for names, teams and severities.
const ALIKE_MAX: usize = 4_096;

/// Finds the routes of alerts.
#[derive(Debug)]
pub(crate) struct Sorter {
    routing: Arc<Routing>,
    /// By the addresses of the routes, which live as long as they are in here.
    known: HashMap<Box<[usize]>, Takers>,
    /// How many are known when those that nobody needs are forgotten.
    sweep_at: usize,
    /// The labels that matchers ask for.
    asked: BTreeSet<Box<str>>,
    /// By those labels of an alert that matchers ask for.
    alike: HashMap<Labels, Takers>,
}

impl Sorter {
    /// One that goes by these routes.
    pub(crate) fn new(routing: Arc<Routing>) -> Self {
        let mut asked = BTreeSet::new();
        ask(&routing.root, &mut asked);
        Self {
            routing,
            known: HashMap::new(),
            sweep_at: KEPT_MIN,
            asked,
            alike: HashMap::new(),
        }
    }

    /// The routes it goes by.
    pub(crate) fn routing(&self) -> &Arc<Routing> {
        &self.routing
    }

    /// The routes that take an alert with these labels.
    pub(crate) fn takers(&mut self, labels: &Labels) -> Takers {
        let pairs = labels.iter();
        let decisive: Labels = pairs
            .filter(|(name, _)| self.asked.contains(*name))
            .collect();
        if let Some(known) = self.alike.get(&decisive) {
            return Arc::clone(known);
        }
        let takers = self.find(labels);
        if self.alike.len() >= ALIKE_MAX {
            self.alike.clear();
        }
        self.alike.insert(decisive, Arc::clone(&takers));
        takers
    }

    fn find(&mut self, labels: &Labels) -> Takers {
        let found = self.routing.root.find(labels);
        let addresses: Vec<usize> = found
            .iter()
            .map(|route| Arc::as_ptr(route).addr())
            .collect();
        if let Some(known) = self.known.get(addresses.as_slice()) {
            return Arc::clone(known);
        }
        let takers: Takers = Arc::new(found.into_iter().cloned().collect());
        if self.known.len() >= self.sweep_at {
            self.alike.clear();
            self.known.retain(|_, known| Arc::strong_count(known) > 1);
            self.sweep_at = KEPT_MIN.max(self.known.len() * 2);
        }
        let kept = Arc::clone(&takers);
        self.known.insert(addresses.into_boxed_slice(), kept);
        takers
    }
}

/// Adds the labels that the matchers of a route, and of all below it, ask for.
fn ask(route: &Route, asked: &mut BTreeSet<Box<str>>) {
    let names = route.matchers.iter().map(|matcher| matcher.name.clone());
    asked.extend(names);
    for route in &route.routes {
        ask(route, asked);
    }
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::matcher::parse_list;
    use crate::route::Spec;

    fn sorter(hosts: Range<usize>) -> Sorter {
        let child = |host: usize| Spec {
            matchers: parse_list(&format!("host=~\"h{host}.*\"")).unwrap(),
            ..Spec::default()
        };
        let root = Spec {
            receiver: Some("all".into()),
            routes: hosts.map(child).collect(),
            ..Spec::default()
        };
        Sorter::new(Arc::new(Routing::new(Route::root(root), [])))
    }

    fn host(name: &str) -> Labels {
        [("host", name)].into_iter().collect()
    }

    #[test]
    fn alerts_that_the_same_routes_take_share_them() {
        let mut sorter = sorter(100..1_000);
        let one = sorter.takers(&host("h101-a"));
        assert_eq!(&*one[0].key, r#"{}/{host=~"h101.*"}"#);
        assert!(Arc::ptr_eq(&one, &sorter.takers(&host("h101-b"))));
        let other = sorter.takers(&host("h102"));
        assert!(!Arc::ptr_eq(&one, &other));
        let none = sorter.takers(&host("x"));
        assert_eq!(&*none[0].key, "{}");
    }

    #[test]
    fn what_no_matcher_asks_for_does_not_count() {
        let mut sorter = sorter(100..103);
        let alert = |seq: usize, host: &str| -> Labels {
            let pairs = [("seq", seq.to_string()), ("host", host.to_owned())];
            pairs.into_iter().collect()
        };
        for seq in 0..ALIKE_MAX * 2 {
            assert_eq!(&*sorter.takers(&alert(seq, "h101"))[0].receiver, "all");
        }
        assert_eq!(sorter.alike.len(), 1);
        for seq in 0..ALIKE_MAX * 2 {
            sorter.takers(&alert(seq, &format!("other{seq}")));
        }
        assert!(sorter.alike.len() <= ALIKE_MAX);
        let found = sorter.takers(&alert(7, "h102"));
        assert_eq!(&*found[0].key, r#"{}/{host=~"h102.*"}"#);
    }

    #[test]
    fn routes_that_no_alert_needs_are_forgotten() {
        let mut sorter = sorter(100..1_000);
        let kept: Vec<Takers> = (100..110)
            .map(|number| sorter.takers(&host(&format!("h{number}"))))
            .collect();
        for number in 110..1_000 {
            drop(sorter.takers(&host(&format!("h{number}"))));
        }
        assert!(sorter.known.len() <= KEPT_MIN, "{}", sorter.known.len());
        for (takers, number) in kept.iter().zip(100..) {
            let again = sorter.takers(&host(&format!("h{number}")));
            assert!(Arc::ptr_eq(takers, &again), "{number}");
        }
    }
}
