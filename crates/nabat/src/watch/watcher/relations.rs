//! What monitors are to one another: parents and children, groups and members. All that is named is
//! there, and nothing goes round in a circle. Others are members of a group by their labels.

use std::collections::{BTreeMap, HashSet};

use nabat_core::alert::Labels;
use nabat_core::matcher::Matcher;
use nabat_core::monitor::{self, Member, MonitorId};
use nabat_core::token::covers;

use super::Watcher;
use super::change::Plan;
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

    /// After these monitors came or changed: groups that lost members of their names, when the
    /// configuration took them away, have them again, and others have or lose them by their labels.
    pub(super) fn rejoin(&mut self, put: &HashSet<MonitorId>) {
        let put: Vec<(&Known, Labels)> = put
            .iter()
            .filter_map(|id| self.monitors.get(id))
            .map(|known| (known, known.labels()))
            .collect();
        let differs = |group: &Known| {
            let members = self.watch.members(group.record.id);
            let members: HashSet<MonitorId> = members.iter().map(|member| member.id).collect();
            let named: HashSet<&String> = group.monitor.members().iter().collect();
            put.iter().any(|(known, labels)| {
                let is_member = named.contains(&known.record.name) || joins(group, known, labels);
                is_member != members.contains(&known.record.id)
            })
        };
        let groups = self.monitors.values();
        let groups = groups.filter(|known| known.monitor.group.is_some() && differs(known));
        let groups: Vec<_> = groups
            .map(|known| (known.record.id, self.rules_of(known)))
            .collect();
        for (id, rules) in groups {
            self.watch.set(clock::now(), id, rules, None);
        }
    }

    /// The members of a group that is there: those that it names, then those that join by their labels.
    pub(super) fn members_of(&self, group: &Known) -> Vec<Member> {
        let number = |name: &String| self.names.get(name).copied();
        let mut members = members(&group.monitor, number);
        if !goes_by_labels(group) {
            return members;
        }
        let named: HashSet<MonitorId> = members.iter().map(|member| member.id).collect();
        let joining = self.monitors.values().filter(|known| {
            !named.contains(&known.record.id) && joins(group, known, &known.labels())
        });
        members.extend(joining.map(|known| Member {
            id: known.record.id,
            name: known.record.name.clone(),
        }));
        members
    }

    /// No group gets more members than may be, by labels. The configuration is taken as it is: what it
    /// says is watched in any case.
    pub(super) fn check_sizes(&self, plan: &Plan) -> Result<(), Refused> {
        let max = monitor::Group::MEMBERS_MAX;
        if self.monitors.len() + plan.puts.len() <= max {
            return Ok(());
        }
        let put: Vec<(&Known, Labels)> = plan
            .puts
            .iter()
            .map(|put| (&put.known, put.known.labels()))
            .collect();
        let put_ids = put.iter().map(|(known, _)| known.record.id);
        let other: HashSet<MonitorId> = put_ids.chain(plan.gone.iter().copied()).collect();
        let stay = || {
            let stay = self.monitors.values();
            stay.filter(|known| !other.contains(&known.record.id))
        };
        let groups = put.iter().map(|(known, _)| *known).chain(stay());
        for group in groups.filter(|known| goes_by_labels(known)) {
            let joining = put
                .iter()
                .filter(|(known, labels)| joins(group, known, labels));
            let joining = joining.count();
            if joining == 0 && !other.contains(&group.record.id) {
                continue;
            }
            let there = stay().filter(|known| joins(group, known, &known.labels()));
            if group.monitor.members().len() + joining + there.count() > max {
                let name = group.record.name.clone();
                return Err(Refused::TooManyMembers { name, max });
            }
        }
        Ok(())
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

/// Whether monitors join a group by their labels.
fn goes_by_labels(group: &Known) -> bool {
    let group = group.monitor.group.as_ref();
    group.is_some_and(|group| !group.0.matchers.is_empty())
}

/// Whether a monitor joins a group by its labels. No group does, so that none is in itself.
fn joins(group: &Known, known: &Known, labels: &Labels) -> bool {
    let matchers = group.monitor.group.as_ref().map(|group| &group.0.matchers);
    let takes = |matchers: &Vec<Matcher>| !matchers.is_empty() && covers(matchers, labels);
    known.monitor.group.is_none() && matchers.is_some_and(takes)
}

/// The members that a group names, with their numbers.
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
