//! Finds the subscriptions of an alert.
//!
//! Asking each of ten thousand expressions costs tens of milliseconds per alert. Three tables
//! make it microseconds: label matchers with `=` are found by the pair they ask for; expressions
//! by a literal text that a matching title must contain (one Aho-Corasick automaton over all of
//! them); the few that offer neither are asked one by one. Equal selectors are asked once,
//! whoever subscribed with them.
//!
//! The automaton is built anew only when some dozens of selectors have come since: until then the
//! fresh ones are asked one by one.

use std::collections::HashMap;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex_automata::meta::Regex;

use super::expression::{self, fold};
use super::{Selector, SubscriptionId};
use crate::alert::Labels;
use crate::matcher::Matcher;
use crate::matcher::pairs::ByPair;

/// How many selectors are asked one by one before the tables are built anew.
const FRESH_MAX: usize = 64;
/// Shorter texts occur in nearly every title and select nothing.
const NEEDLE_BYTES_MIN: usize = 2;

/// All subscriptions, arranged so that those of an alert are found quickly.
#[derive(Debug, Default)]
pub struct Index {
    entries: Vec<Entry>,
    by_selector: HashMap<(&'static str, String), usize>,
    tables: Tables,
    /// Entries that are in no table yet.
    fresh: Vec<usize>,
}

#[derive(Debug)]
struct Entry {
    selector: Selector,
    subscriptions: Vec<SubscriptionId>,
    compiled: OnceLock<Regex>,
}

#[derive(Debug, Default)]
struct Tables {
    all: Vec<usize>,
    by_pair: ByPair<usize>,
    needles: Option<AhoCorasick>,
    /// For each needle the entries that it makes candidates.
    by_needle: Vec<Vec<Candidate>>,
    /// Entries that no table can find.
    unfiltered: Vec<usize>,
}

/// An entry that may match a title which contains a certain needle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    entry: usize,
    /// Whether the needle is all that the entry asks for.
    sufficient: bool,
    /// Of each of these sets of needles the title contains one too, or it does not match.
    also: Vec<Vec<usize>>,
}

impl Index {
    /// An index of these subscriptions.
    pub fn new<'a>(
        subscriptions: impl IntoIterator<Item = (SubscriptionId, &'a Selector)>,
    ) -> Self {
        let mut index = Self::default();
        for (id, selector) in subscriptions {
            index.enter(id, selector);
        }
        index.rebuild();
        index
    }

    /// Adds a subscription.
    pub fn add(&mut self, id: SubscriptionId, selector: &Selector) {
        self.enter(id, selector);
        if self.fresh.len() > FRESH_MAX {
            self.rebuild();
        }
    }

    fn enter(&mut self, id: SubscriptionId, selector: &Selector) {
        let next = self.entries.len();
        let at = *self.by_selector.entry(selector.to_stored()).or_insert(next);
        if at == next {
            self.entries.push(Entry {
                selector: selector.clone(),
                subscriptions: Vec::new(),
                compiled: OnceLock::new(),
            });
            self.fresh.push(at);
        }
        if let Some(entry) = self.entries.get_mut(at) {
            entry.subscriptions.push(id);
        }
    }

    /// Takes a subscription out.
    pub fn remove(&mut self, id: SubscriptionId, selector: &Selector) {
        if let Some(at) = self.by_selector.get(&selector.to_stored())
            && let Some(entry) = self.entries.get_mut(*at)
        {
            entry.subscriptions.retain(|known| *known != id);
        }
    }

    /// The subscriptions that select an alert with these labels and this title.
    pub fn find(&self, labels: &Labels, title: &str) -> Vec<SubscriptionId> {
        let mut found = Vec::new();
        let mut take = |at: usize| {
            if let Some(entry) = self.entries.get(at) {
                found.extend_from_slice(&entry.subscriptions);
            }
        };
        self.tables.all.iter().copied().for_each(&mut take);
        let asked = self.tables.by_pair.of(labels);
        let asked = asked.chain(&self.tables.unfiltered).chain(&self.fresh);
        asked
            .copied()
            .filter(|at| self.selects(*at, labels, title))
            .for_each(&mut take);
        for (at, sufficient) in self.candidates_by_needle(title) {
            if sufficient || self.selects(at, labels, title) {
                take(at);
            }
        }
        found
    }

    fn selects(&self, at: usize, labels: &Labels, title: &str) -> bool {
        let Some(entry) = self.entries.get(at) else {
            return false;
        };
        if entry.subscriptions.is_empty() {
            return false;
        }
        match &entry.selector {
            Selector::Title(text) => expression::found(
                entry.compiled.get_or_init(|| expression::compile(text)),
                title,
            ),
            other => other.selects(labels, title),
        }
    }

    /// Candidates by the needles in the title, each once; `true` if nothing else need be asked.
    fn candidates_by_needle(&self, title: &str) -> Vec<(usize, bool)> {
        let Some(needles) = &self.tables.needles else {
            return Vec::new();
        };
        // Folding unites a few letters that expressions tell apart, all of them beyond ASCII.
        let exact = title.is_ascii();
        let folded = fold(title);
        let mut hits: Vec<usize> = needles
            .find_overlapping_iter(folded.as_ref())
            .map(|hit| hit.pattern().as_usize())
            .collect();
        hits.sort_unstable();
        hits.dedup();
        let contains = |needle: &usize| hits.binary_search(needle).is_ok();
        let mut candidates: Vec<(usize, bool)> = hits
            .iter()
            .filter_map(|hit| self.tables.by_needle.get(*hit))
            .flatten()
            .filter(|candidate| candidate.also.iter().all(|set| set.iter().any(contains)))
            .map(|candidate| (candidate.entry, candidate.sufficient && exact))
            .collect();
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }

    fn rebuild(&mut self) {
        self.drop_unused();
        self.fresh.clear();
        let mut tables = Tables::default();
        let mut haystack = Haystack::default();
        for (at, entry) in self.entries.iter().enumerate() {
            match &entry.selector {
                Selector::All => tables.all.push(at),
                Selector::Labels(matchers) => tables.enter_labels(at, matchers),
                Selector::Title(text) if !haystack.enter(at, text) => tables.unfiltered.push(at),
                Selector::Title(_) => {}
            }
        }
        let (needles, by_needle) = haystack.finish();
        tables.needles = automaton(needles);
        if tables.needles.is_some() {
            tables.by_needle = by_needle;
        } else {
            // Without an automaton every expression is asked: slower, never wrong.
            let entries = by_needle.into_iter().flatten();
            tables
                .unfiltered
                .extend(entries.map(|candidate| candidate.entry));
            tables.unfiltered.sort_unstable();
            tables.unfiltered.dedup();
        }
        self.tables = tables;
    }

    fn drop_unused(&mut self) {
        self.entries.retain(|entry| !entry.subscriptions.is_empty());
        self.by_selector = self
            .entries
            .iter()
            .enumerate()
            .map(|(at, entry)| (entry.selector.to_stored(), at))
            .collect();
    }
}

impl Tables {
    fn enter_labels(&mut self, at: usize, matchers: &[Matcher]) {
        let mut matchers = matchers.iter();
        match matchers.find_map(|matcher| Some((&*matcher.name, matcher.only_value()?))) {
            Some((name, value)) => self.by_pair.add(name, value, at),
            None => self.unfiltered.push(at),
        }
    }
}

/// All needles while the tables are built.
#[derive(Debug, Default)]
struct Haystack {
    numbers: HashMap<String, usize>,
    /// How many entries look for each needle.
    wanted: Vec<usize>,
    /// The entries with their sets of needles.
    entries: Vec<(usize, Vec<Vec<usize>>, bool)>,
}

impl Haystack {
    /// Notes the needles of an expression; false if it has none that sort anything out.
    fn enter(&mut self, at: usize, text: &str) -> bool {
        let Some(needles) = expression::needles(text) else {
            return false;
        };
        let long = |set: &Vec<String>| set.iter().all(|needle| needle.len() >= NEEDLE_BYTES_MIN);
        let sets: Vec<Vec<usize>> = needles
            .sets
            .into_iter()
            .filter(long)
            .map(|set| set.into_iter().map(|needle| self.number(needle)).collect())
            .collect();
        let useful = !sets.is_empty();
        if useful {
            self.entries.push((at, sets, needles.sufficient));
        }
        useful
    }

    fn number(&mut self, needle: String) -> usize {
        let next = self.numbers.len();
        let number = *self.numbers.entry(needle).or_insert(next);
        if number == next {
            self.wanted.push(0);
        }
        if let Some(wanted) = self.wanted.get_mut(number) {
            *wanted += 1;
        }
        number
    }

    /// The needles in order of their numbers, and for each the entries it makes candidates: an
    /// entry is found by the set that the fewest others look for.
    fn finish(self) -> (Vec<String>, Vec<Vec<Candidate>>) {
        let mut by_needle = vec![Vec::new(); self.numbers.len()];
        let wanted = |set: &Vec<usize>| -> usize {
            set.iter()
                .filter_map(|needle| self.wanted.get(*needle))
                .sum()
        };
        for (entry, mut sets, sufficient) in self.entries {
            sets.sort_by_key(wanted);
            let first = sets.remove(0);
            let candidate = Candidate {
                entry,
                sufficient,
                also: sets,
            };
            for needle in first {
                if let Some(candidates) = by_needle.get_mut(needle) {
                    candidates.push(candidate.clone());
                }
            }
        }
        let mut needles: Vec<(String, usize)> = self.numbers.into_iter().collect();
        needles.sort_unstable_by_key(|(_, number)| *number);
        let needles = needles.into_iter().map(|(needle, _)| needle);
        (needles.collect(), by_needle)
    }
}

fn automaton(needles: Vec<String>) -> Option<AhoCorasick> {
    if needles.is_empty() {
        return None;
    }
    AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .match_kind(MatchKind::Standard)
        .build(needles)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn selector(text: &str) -> Selector {
        text.strip_prefix('{').map_or_else(
            || Selector::title(text).unwrap(),
            |_| Selector::labels(text).unwrap(),
        )
    }

    fn found(selectors: &[&str], labels: &[(&str, &str)], title: &str) -> Vec<i64> {
        let selectors: Vec<Selector> = selectors.iter().map(|text| selector(text)).collect();
        let ids = (0..).map(SubscriptionId);
        let index = Index::new(ids.zip(&selectors));
        let labels: Labels = labels.iter().copied().collect();
        let mut found: Vec<i64> = index.find(&labels, title).iter().map(|id| id.0).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn each_kind_of_selector_is_found() {
        let selectors = [
            "all",
            "mem|cpu",
            "^high",
            "x?",
            "{severity=critical}",
            "{team=~\"d.\"}",
            "диск",
            "{severity=critical,team=web}",
        ];
        let labels = [("severity", "critical"), ("team", "db")];
        assert_eq!(found(&selectors, &labels, "HighCPU"), [0, 1, 2, 3, 4, 5]);
        assert_eq!(found(&selectors, &[], "ДИСК полон"), [0, 3, 6]);
        assert_eq!(found(&selectors, &[], "nothing of it"), [0, 3]);
        assert_eq!(found(&[], &labels, "HighCPU"), [] as [i64; 0]);
    }

    #[test]
    fn letters_beyond_ascii_are_asked_exactly() {
        // Folding unites the dotless ı with i, the expression does not.
        assert_eq!(found(&["disk"], &[], "dısk"), [] as [i64; 0]);
        assert_eq!(found(&["disk"], &[], "DISK"), [0]);
    }

    #[test]
    fn subscriptions_come_and_go_between_rebuilds() {
        let mut index = Index::default();
        let count = i64::try_from(FRESH_MAX).unwrap() * 3;
        for id in 0..count {
            index.add(SubscriptionId(id), &selector(&format!("host-{id}$")));
        }
        for id in 0..count {
            let title = format!("down: host-{id}");
            assert_eq!(index.find(&Labels::default(), &title), [SubscriptionId(id)]);
        }
        index.remove(SubscriptionId(7), &selector("host-7$"));
        assert!(index.find(&Labels::default(), "host-7").is_empty());
        index.add(SubscriptionId(1_000), &selector("host-7$"));
        assert_eq!(
            index.find(&Labels::default(), "host-7"),
            [SubscriptionId(1_000)]
        );
    }

    proptest! {
        #[test]
        fn the_index_finds_what_asking_each_would(
            texts in proptest::collection::vec("[a-c(|).*ж]{1,6}|\\{[ab](=|!=|=~|!~)[xy]?\\}", 0..90),
            a in "[xy]?", b in "[xy]?", title in "[a-cA-CжЖ ]{0,10}",
        ) {
            let selectors: Vec<Selector> = texts.iter().filter_map(|text| {
                if text.starts_with('{') { Selector::labels(text).ok() } else { Selector::title(text).ok() }
            }).collect();
            let labels: Labels = [("a", a), ("b", b)].into_iter().collect();
            let mut index = Index::default();
            for (id, selector) in (0..).map(SubscriptionId).zip(&selectors) {
                index.add(id, selector);
            }
            let mut got = index.find(&labels, &title);
            got.sort_unstable();
            let expected: Vec<SubscriptionId> = (0..).map(SubscriptionId).zip(&selectors)
                .filter(|(_, selector)| selector.selects(&labels, &title))
                .map(|(id, _)| id).collect();
            prop_assert_eq!(got, expected);
        }
    }
}
