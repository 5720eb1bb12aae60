//! Finds the active silences that cover an alert.
//!
//! Most silences ask for the exact value of some label. Each of those is kept under one such pair,
//! the one that fewest others are kept under, so that an alert is compared only with silences that
//! share a pair with it, and with the few that ask for none.

use std::sync::Arc;

use super::{Silence, SilenceId};
use crate::alert::Labels;
use crate::matcher::pairs::ByPair;

/// Silences, arranged so that those of an alert are found quickly.
#[derive(Debug, Clone, Default)]
pub struct Cover {
    by_pair: ByPair<Arc<Silence>>,
    others: Vec<Arc<Silence>>,
}

impl Cover {
    /// Adds a silence that is not in it.
    pub fn add(&mut self, silence: Arc<Silence>) {
        let kept = Arc::clone(&silence);
        match pairs(&kept).min_by_key(|(name, value)| self.by_pair.at(name, value).len()) {
            Some((name, value)) => self.by_pair.add(name, value, silence),
            None => self.others.push(silence),
        }
    }

    /// Takes a silence out, given as it was added.
    pub fn remove(&mut self, silence: &Silence) {
        let others = |known: &Arc<Silence>| known.id != silence.id;
        self.others.retain(others);
        for (name, value) in pairs(silence) {
            self.by_pair.retain_at(name, value, others);
        }
    }

    /// Those that cover an alert with these labels, in no order.
    pub fn of(&self, labels: &Labels) -> impl Iterator<Item = &Silence> {
        let candidates = self.by_pair.of(labels).chain(&self.others);
        candidates
            .map(Arc::as_ref)
            .filter(|silence| silence.covers(labels))
    }

    /// The numbers of those that cover an alert with these labels, in order.
    pub fn ids(&self, labels: &Labels) -> Vec<SilenceId> {
        let mut ids: Vec<SilenceId> = self.of(labels).map(|silence| silence.id).collect();
        ids.sort_unstable();
        ids
    }
}

/// The pairs of a label and the value that it asks for.
fn pairs(silence: &Silence) -> impl Iterator<Item = (&str, &str)> {
    let matchers = silence.matchers.iter();
    matchers.filter_map(|matcher| Some((&*matcher.name, matcher.only_value()?)))
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
