//! The routes that take an alert: looked for once for each, and kept once for all that the same
//! routes take.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Route, Routing};
use crate::alert::Labels;

/// The routes that take an alert, in the order of [`Route::find`]. Every alert holds one, so it is
/// as small as can be: one pointer.
pub type Takers = Arc<Vec<Arc<Route>>>;

/// How many sets of routes are kept before it is looked whether any alert still needs them.
const KEPT_MIN: usize = 64;

/// Finds the routes of alerts.
#[derive(Debug)]
pub(crate) struct Sorter {
    routing: Arc<Routing>,
    /// By the addresses of the routes, which live as long as they are in here.
    known: HashMap<Box<[usize]>, Takers>,
    /// How many are known when those that nobody needs are forgotten.
    sweep_at: usize,
}

impl Sorter {
    /// One that goes by these routes.
    pub(crate) fn new(routing: Arc<Routing>) -> Self {
        Self {
            routing,
            known: HashMap::new(),
            sweep_at: KEPT_MIN,
        }
    }

    /// The routes it goes by.
    pub(crate) fn routing(&self) -> &Arc<Routing> {
        &self.routing
    }

    /// The routes that take an alert with these labels.
    pub(crate) fn takers(&mut self, labels: &Labels) -> Takers {
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
            self.known.retain(|_, known| Arc::strong_count(known) > 1);
            self.sweep_at = KEPT_MIN.max(self.known.len() * 2);
        }
        let kept = Arc::clone(&takers);
        self.known.insert(addresses.into_boxed_slice(), kept);
        takers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matcher::parse_list;
    use crate::route::Spec;

    fn sorter() -> Sorter {
        let child = |host: usize| Spec {
            matchers: parse_list(&format!("host=~\"h{host}.*\"")).unwrap(),
            ..Spec::default()
        };
        let root = Spec {
            receiver: Some("all".into()),
            routes: (100..1_000).map(child).collect(),
            ..Spec::default()
        };
        Sorter::new(Arc::new(Routing::new(Route::root(root), [])))
    }

    fn host(name: &str) -> Labels {
        [("host", name)].into_iter().collect()
    }

    #[test]
    fn alerts_that_the_same_routes_take_share_them() {
        let mut sorter = sorter();
        let one = sorter.takers(&host("h101-a"));
        assert_eq!(&*one[0].key, r#"{}/{host=~"h101.*"}"#);
        assert!(Arc::ptr_eq(&one, &sorter.takers(&host("h101-b"))));
        let other = sorter.takers(&host("h102"));
        assert!(!Arc::ptr_eq(&one, &other));
        let none = sorter.takers(&host("x"));
        assert_eq!(&*none[0].key, "{}");
    }

    #[test]
    fn routes_that_no_alert_needs_are_forgotten() {
        let mut sorter = sorter();
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
