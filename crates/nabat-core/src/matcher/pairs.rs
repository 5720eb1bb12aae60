//! What is looked for under pairs of a label and its value: an alert finds it by its own pairs.

use std::collections::HashMap;

use crate::alert::Labels;

/// Items, each kept under one or several pairs of a label's name and its value.
#[derive(Debug, Clone)]
pub struct ByPair<T>(pub(super) HashMap<Box<str>, HashMap<Box<str>, Vec<T>>>);

impl<T> Default for ByPair<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> ByPair<T> {
    /// Keeps an item under a pair.
    pub fn add(&mut self, name: &str, value: &str, item: T) {
        let of_name = self.0.entry(name.into()).or_default();
        of_name.entry(value.into()).or_default().push(item);
    }

    /// Keeps under a pair only what `keep` is true of.
    pub fn retain_at(&mut self, name: &str, value: &str, keep: impl Fn(&T) -> bool) {
        let Some(of_name) = self.0.get_mut(name) else {
            return;
        };
        if let Some(kept) = of_name.get_mut(value) {
            kept.retain(keep);
            if kept.is_empty() {
                of_name.remove(value);
            }
        }
        if of_name.is_empty() {
            self.0.remove(name);
        }
    }

    /// What is kept under a pair.
    pub fn at(&self, name: &str, value: &str) -> &[T] {
        let of_name = self.0.get(name);
        let kept = of_name.and_then(|of_name| of_name.get(value));
        kept.map_or(&[], Vec::as_slice)
    }

    /// What is kept under the pairs of these labels.
    pub fn of<'a>(&'a self, labels: &Labels) -> impl Iterator<Item = &'a T> {
        labels.iter().flat_map(|(name, value)| self.at(name, value))
    }
}
