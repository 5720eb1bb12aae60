//! Alerts that say why others fire: while a rule's source fires, its targets are not told.
//!
//! Semantics are those of Alertmanager's `inhibit` package. An alert that matches both sides of a
//! rule is inhibited by none that does too, so nothing inhibits itself and two alerts never hide
//! each other; a source may be silenced or inhibited itself.
//!
//! Each alert is held against the rules once, when it begins ([`Inhibitions::open`]). What matches
//! a rule meets in a cell, one for each combination of the values that the rule compares, so that
//! a beginning and an end cost what they bring about and not what there is.

#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::alert::Labels;
use crate::incident::IncidentId;
use crate::matcher::Matcher;
use crate::matcher::index::Index;

/// Which alerts are not told while which others fire.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rule {
    /// What the alert that explains fulfils.
    pub source: Vec<Matcher>,
    /// What the alerts fulfil that it explains.
    pub target: Vec<Matcher>,
    /// The labels whose values both have in common; a missing label has an empty one.
    pub equal: Vec<Box<str>>,
}

/// The rules in force, and what fires of their sources and targets.
#[derive(Debug, Default)]
pub struct Inhibitions {
    /// What each rule compares.
    equal: Vec<Vec<Box<str>>>,
    sources: Index,
    targets: Index,
    cells: HashMap<Arc<CellKey>, Cell>,
    /// What each alert is to the rules that it matches; those that match none are not here.
    roles: HashMap<IncidentId, Vec<Role>>,
    /// The cells that changed since it was asked who is affected, and who inhibited there before.
    changed: HashMap<Arc<CellKey>, Inhibitors>,
    /// Who began since then.
    new: Vec<IncidentId>,
}

/// Who inhibits those that match a cell's targets only, and those that match both of its sides.
type Inhibitors = [Option<IncidentId>; 2];

/// The number of a rule, and the values of the labels that it compares.
type CellKey = (usize, Vec<Box<str>>);

/// An alert's part in a rule.
#[derive(Debug)]
struct Role {
    cell: Arc<CellKey>,
    side: Side,
}

/// Which sides of a rule an alert matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Source,
    Target,
    Both,
}

/// Alerts that a rule relates to each other.
#[derive(Debug, Default)]
struct Cell {
    sources: BTreeSet<IncidentId>,
    targets: BTreeSet<IncidentId>,
    both: BTreeSet<IncidentId>,
}

impl Cell {
    fn on(&mut self, side: Side) -> &mut BTreeSet<IncidentId> {
        match side {
            Side::Source => &mut self.sources,
            Side::Target => &mut self.targets,
            Side::Both => &mut self.both,
        }
    }

    /// The oldest that inhibits those on a side.
    fn inhibitor(&self, side: Side) -> Option<IncidentId> {
        let (one_sided, both) = (self.sources.first(), self.both.first());
        match side {
            Side::Source => None,
            Side::Target => one_sided.into_iter().chain(both).min().copied(),
            Side::Both => one_sided.copied(),
        }
    }

    fn inhibitors(&self) -> Inhibitors {
        [Side::Target, Side::Both].map(|side| self.inhibitor(side))
    }

    /// Who is inhibited by another than by these, or by nobody any more.
    fn affected(&self, before: Inhibitors) -> impl Iterator<Item = IncidentId> {
        let [target, both] = self.inhibitors();
        let targets = (target != before[0]).then_some(&self.targets);
        let both = (both != before[1]).then_some(&self.both);
        targets.into_iter().chain(both).flatten().copied()
    }

    fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.targets.is_empty() && self.both.is_empty()
    }
}

impl Inhibitions {
    /// These rules; nothing fires yet.
    pub fn new(rules: &[Rule]) -> Self {
        let side =
            |of: fn(&Rule) -> &Vec<Matcher>| Index::new(rules.iter().map(of).cloned().collect());
        Self {
            sources: side(|rule| &rule.source),
            targets: side(|rule| &rule.target),
            equal: rules.iter().map(|rule| rule.equal.clone()).collect(),
            ..Self::default()
        }
    }

    /// Takes note of an alert that begins to fire.
    pub fn open(&mut self, id: IncidentId, labels: &Labels) {
        if self.equal.is_empty() {
            return;
        }
        let roles = self.roles_of(labels);
        for Role { cell, side } in &roles {
            let known = self.cells.entry(Arc::clone(cell)).or_default();
            let before = || known.inhibitors();
            self.changed.entry(Arc::clone(cell)).or_insert_with(before);
            known.on(*side).insert(id);
        }
        if !roles.is_empty() {
            self.new.push(id);
            self.roles.insert(id, roles);
        }
    }

    /// Takes note that an alert fires no more.
    pub fn end(&mut self, id: IncidentId) {
        for Role { cell, side } in self.roles.remove(&id).unwrap_or_default() {
            let Some(known) = self.cells.get_mut(&cell) else {
                continue;
            };
            let before = || known.inhibitors();
            self.changed.entry(Arc::clone(&cell)).or_insert_with(before);
            known.on(side).remove(&id);
            if known.is_empty() {
                self.cells.remove(&cell);
            }
        }
    }

    /// Of whom [`Inhibitions::by`] may answer differently since this was asked last. Each is named
    /// once for a cell, however many alerts came and went there meanwhile.
    pub fn take_affected(&mut self) -> Vec<IncidentId> {
        let mut affected = std::mem::take(&mut self.new);
        for (cell, before) in self.changed.drain() {
            let known = self.cells.get(&cell);
            affected.extend(known.into_iter().flat_map(|known| known.affected(before)));
        }
        affected
    }

    /// By which alert one is inhibited: the oldest, if there are several.
    pub fn by(&self, id: IncidentId) -> Option<IncidentId> {
        let roles = self.roles.get(&id)?.iter();
        let inhibitors = roles.filter_map(|role| self.cells.get(&role.cell)?.inhibitor(role.side));
        inhibitors.min()
    }

    /// What an alert is to each rule that it matches.
    fn roles_of(&self, labels: &Labels) -> Vec<Role> {
        let sources = self.sources.find(labels);
        let targets = self.targets.find(labels);
        let is_source = |rule: &usize| sources.binary_search(rule).is_ok();
        let of_targets = targets.iter().map(|rule| match is_source(rule) {
            true => (*rule, Side::Both),
            false => (*rule, Side::Target),
        });
        let only_sources = sources
            .iter()
            .filter(|rule| targets.binary_search(rule).is_err())
            .map(|rule| (*rule, Side::Source));
        of_targets
            .chain(only_sources)
            .filter_map(|(number, side)| {
                let equal = self.equal.get(number)?.iter();
                let values = equal.map(|name| labels.value(name).into()).collect();
                let cell = Arc::new((number, values));
                Some(Role { cell, side })
            })
            .collect()
    }
}
