//! What monitors are to one another: parents and children, groups and members. All that is named is
//! there, and nothing goes round in a circle.

use std::collections::{BTreeMap, HashSet};

use nabat_core::monitor::{Member, MonitorId};

use super::Watcher;
use super::known::Known;
use crate::clock;
use crate::config::Monitor;
use crate::config::monitor::circle;
use crate::watch::{Refused, Wanted};

impl Watcher {
    /// No other monitor stands behind one of these, or has it as a member.
    pub(super) fn check_leaving(&self, names: &[String]) -> Result<(), Refused> {
        let leaving: HashSet<&String> = names.iter().collect();
        for known in self.monitors.values() {
            let parents = &known.monitor.parents;
            if let Some(parent) = parents.iter().find(|parent| leaving.contains(parent))
                && !leaving.contains(&known.record.name)
            {
                return Err(Refused::HasChildren {
                    name: parent.clone(),
                    child: known.record.name.clone(),
                });
            }
            let members = known.monitor.members();
            if let Some(member) = members.iter().find(|member| leaving.contains(member))
                && !leaving.contains(&known.record.name)
            {
                return Err(Refused::InGroup {
                    name: member.clone(),
                    group: known.record.name.clone(),
                });
            }
        }
        Ok(())
    }

    /// Groups that lost members of these names, when the configuration took them away, have them again.
    pub(super) fn rejoin(&mut self, created: &HashSet<String>) {
        let lost = |known: &&Known| {
            let mut members = known.monitor.members().iter();
            members.any(|member| created.contains(member))
        };
        let groups = self.monitors.values().filter(lost);
        let groups: Vec<_> = groups
            .map(|known| (known.record.id, self.rules_of(known)))
            .collect();
        for (id, rules) in groups {
            self.watch.set(clock::now(), id, rules, None);
        }
    }

    /// All parents and members are there, nobody stands behind themselves, and no group is in itself or
    /// a parent.
    pub(super) fn check_relations(
        &self,
        wanted: &[Wanted],
        gone: &[MonitorId],
    ) -> Result<(), Refused> {
        let mut all: BTreeMap<&str, &Monitor> = BTreeMap::new();
        for (id, known) in &self.monitors {
            if !gone.contains(id) {
                all.insert(&known.record.name, &known.monitor);
            }
        }
        for wanted in wanted {
            let monitor = &wanted.written.monitor;
            all.insert(&monitor.name, monitor);
        }
        let parents = |name: &str| all.get(name).map_or(&[][..], |monitor| &monitor.parents);
        let members = |name: &str| all.get(name).map_or(&[][..], |monitor| monitor.members());
        let missing = |other: &&String| !all.contains_key(other.as_str());
        let is_group = |name: &str| all.get(name).is_some_and(|monitor| monitor.group.is_some());
        for wanted in wanted {
            let monitor = &wanted.written.monitor;
            let name = || monitor.name.clone();
            if let Some(parent) = monitor.parents.iter().find(missing) {
                let (name, parent) = (name(), parent.clone());
                return Err(Refused::NoParent { name, parent });
            }
            if let Some(member) = monitor.members().iter().find(missing) {
                let (name, member) = (name(), member.clone());
                return Err(Refused::NoMember { name, member });
            }
            if let Some(parent) = monitor.parents.iter().find(|parent| is_group(parent)) {
                let (name, parent) = (name(), parent.clone());
                return Err(Refused::ParentGroup { name, parent });
            }
        }
        let names = || {
            wanted
                .iter()
                .map(|wanted| wanted.written.monitor.name.as_str())
        };
        // Whoever closes a circle is among those that are wanted.
        let closes = |circle: Vec<&str>| names().find(|name| circle.contains(name));
        if let Some(name) = circle(names(), parents).and_then(closes) {
            let name = name.to_owned();
            return Err(Refused::Circle { name });
        }
        if let Some(name) = circle(names(), members).and_then(closes) {
            let name = name.to_owned();
            return Err(Refused::InItself { name });
        }
        // One that others stand behind already may become a group.
        let child = all.values().find_map(|child| {
            let parent = child.parents.iter().find(|parent| is_group(parent))?;
            Some((child.name.clone(), parent.clone()))
        });
        let child = child.filter(|_| wanted.iter().any(|w| w.written.monitor.group.is_some()));
        child.map_or(Ok(()), |(name, parent)| {
            Err(Refused::ParentGroup { name, parent })
        })
    }
}

/// The members of a group, with their numbers.
pub(super) fn members(
    monitor: &Monitor,
    number: impl Fn(&String) -> Option<MonitorId>,
) -> Vec<Member> {
    let members = monitor.members().iter().filter_map(|name| {
        let id = number(name)?;
        let name = name.clone();
        Some(Member { id, name })
    });
    members.collect()
}
