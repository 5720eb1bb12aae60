//! Finds the active silences that cover an alert.
//!
//! Most silences ask for the exact value of some label. Each of those is kept under one such pair,
//! the one that fewest others are kept under, so that an alert is compared only with silences that
//! share a pair with it, and with the few that ask for none.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Silence, SilenceId};
use crate::alert::Labels;
use crate::matcher::{Matcher, Operator};

/// Silences, arranged so that those of an alert are found quickly.
#[derive(Debug, Clone, Default)]
pub struct Cover {
    by_pair: HashMap<Box<str>, HashMap<Box<str>, Vec<Arc<Silence>>>>,
    others: Vec<Arc<Silence>>,
}

impl Cover {
    /// Adds a silence that is not in it.
    pub fn add(&mut self, silence: Arc<Silence>) {
        let rarest = pairs(&silence).min_by_key(|matcher| self.at(matcher).len());
        let Some(Matcher { name, value, .. }) = rarest.cloned() else {
            self.others.push(silence);
            return;
        };
        let of_name = self.by_pair.entry(name).or_default();
        of_name.entry(value).or_default().push(silence);
    }

    /// Takes a silence out, given as it was added.
    pub fn remove(&mut self, silence: &Silence) {
        let others = |known: &Arc<Silence>| known.id != silence.id;
        self.others.retain(others);
        for matcher in pairs(silence) {
            let Some(of_name) = self.by_pair.get_mut(&matcher.name) else {
                continue;
            };
            if let Some(kept) = of_name.get_mut(&matcher.value) {
                kept.retain(others);
                if kept.is_empty() {
                    of_name.remove(&matcher.value);
                }
            }
            if of_name.is_empty() {
                self.by_pair.remove(&matcher.name);
            }
        }
    }

    /// Those that cover an alert with these labels, in no order.
    pub fn of(&self, labels: &Labels) -> impl Iterator<Item = &Silence> {
        let by_pair = labels
            .iter()
            .filter_map(|(name, value)| self.by_pair.get(name)?.get(value))
            .flatten();
        by_pair
            .chain(&self.others)
            .map(Arc::as_ref)
            .filter(|silence| silence.covers(labels))
    }

    /// The numbers of those that cover an alert with these labels, in order.
    pub fn ids(&self, labels: &Labels) -> Vec<SilenceId> {
        let mut ids: Vec<SilenceId> = self.of(labels).map(|silence| silence.id).collect();
        ids.sort_unstable();
        ids
    }

    fn at(&self, matcher: &Matcher) -> &[Arc<Silence>] {
        let of_name = self.by_pair.get(&matcher.name);
        of_name
            .and_then(|of_name| of_name.get(&matcher.value))
            .map_or(&[], Vec::as_slice)
    }
}

/// The pairs of a label and a value that it asks for. A label that has to be missing is none.
fn pairs(silence: &Silence) -> impl Iterator<Item = &Matcher> {
    let matchers = silence.matchers.iter();
    matchers.filter(|matcher| matcher.operator == Operator::Equal && !matcher.value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matcher::parse_list;
    use crate::silence::{Origin, Phase};
    use crate::time::Timestamp;
    use proptest::prelude::*;

    fn silence(id: i64, matchers: &str) -> Arc<Silence> {
        Arc::new(Silence {
            id: SilenceId(id),
            matchers: parse_list(matchers).unwrap(),
            starts_at: Timestamp::default(),
            ends_at: Timestamp::default(),
            updated_at: Timestamp::default(),
            created_by: String::new(),
            comment: String::new(),
            annotations: Labels::default(),
            until_resolved: false,
            phase: Phase::Active { since: 0 },
            origin: Origin::Api,
        })
    }

    fn matchers() -> impl Strategy<Value = String> {
        let one = (
            "[abc]",
            prop::sample::select(vec!["=", "!=", "=~", "!~"]),
            "[xy]?",
        );
        let one = one.prop_map(|(name, operator, value)| format!("{name}{operator}\"{value}\""));
        prop::collection::vec(one, 1..4).prop_map(|all| all.join(","))
    }

    proptest! {
        #[test]
        fn it_finds_what_asking_each_one_finds(
            all in prop::collection::vec((matchers(), any::<bool>()), 0..12),
            labels in prop::collection::btree_map("[abc]", "[xy]", 0..4),
        ) {
            let labels: Labels = labels.into_iter().collect();
            let mut cover = Cover::default();
            let mut expected = Vec::new();
            for (id, (matchers, gone)) in (0..).zip(&all) {
                let silence = silence(id, matchers);
                cover.add(Arc::clone(&silence));
                if *gone {
                    cover.remove(&silence);
                } else if silence.covers(&labels) {
                    expected.push(SilenceId(id));
                }
            }
            prop_assert_eq!(cover.ids(&labels), expected);
        }
    }
}
