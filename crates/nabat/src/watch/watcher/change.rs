//! Making, changing and removing monitors: checked as a whole, kept, and only then done.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use nabat_core::alert::News;
use nabat_core::change::Change;
use nabat_core::engine::{OwnChat, Watched};
use nabat_core::monitor::record::{Origin, Record};
use nabat_core::monitor::{Kind, MonitorId, Rules};

use super::Watcher;
use super::known::{Known, rules};
use super::relations::members;
use crate::clock;
use crate::config::{Monitor, Secret, Written, monitor};
use crate::watch::prober::Limits;
use crate::watch::{Along, Applied, Apply, Introduced, Mode, Put, PutDone, Refused, Wanted};

/// How many random bytes the key of a heartbeat is made of.
const KEY_BYTES: usize = 12;

/// What is going to be done, all of it or nothing.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) puts: Vec<Planned>,
    pub(super) gone: Vec<MonitorId>,
}

/// A monitor that is going to be there.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) known: Known,
    rules: Rules,
    done: PutDone,
    introduced: Option<Introduced>,
}

impl Watcher {
    /// Makes or changes monitors, once they are kept.
    pub(super) async fn put(
        &mut self,
        wanted: Vec<Wanted>,
        mode: Mode,
        along: Option<Along>,
    ) -> Result<Vec<Put>, Refused> {
        let plan = self.plan(&wanted, mode, Vec::new())?;
        self.check_sizes(&plan)?;
        let mut watched = self.to_keep(&plan);
        // What is kept along is what is said.
        let mut said = None;
        if let Some((along, made)) = along.zip(plan.puts.first()) {
            let made = made.known.as_made();
            watched.changes.push(along.change(&made));
            said = Some(made);
        }
        if !says_nothing(&watched) {
            self.keep_now(watched).await?;
        }
        let puts = plan.puts.iter();
        let done: Vec<_> = puts.map(|put| (put.known.record.id, put.done)).collect();
        self.apply(plan);
        let put = |(id, done)| {
            let shown = said.take().unwrap_or_else(|| self.shown(id));
            Put { shown, done }
        };
        Ok(done.into_iter().map(put).collect())
    }

    /// Brings monitors to be as they are wanted, once that is kept.
    pub(super) async fn bring_about(
        &mut self,
        wanted: Vec<Wanted>,
        how: Apply,
    ) -> Result<Applied, Refused> {
        let names: HashSet<&str> = wanted
            .iter()
            .map(|wanted| wanted.written.monitor.name.as_str())
            .collect();
        let unwanted = self.monitors.values().filter(|known| {
            let made = known.record.origin != Origin::Config;
            how.prune && made && !names.contains(&*known.record.name)
        });
        let removed: Vec<String> = unwanted.map(|known| known.record.name.clone()).collect();
        let gone = self.to_remove(&removed)?;
        let plan = self.plan(&wanted, Mode::Replace, gone)?;
        self.check_sizes(&plan)?;
        let mut applied = Applied {
            removed,
            ..Applied::default()
        };
        for planned in &plan.puts {
            let name = planned.known.record.name.clone();
            match planned.done {
                PutDone::Created => applied.created.push(name),
                PutDone::Changed => applied.changed.push(name),
                PutDone::Same => applied.same += 1,
            }
        }
        let watched = self.to_keep(&plan);
        if !how.dry_run && !says_nothing(&watched) {
            self.keep_now(watched).await?;
            self.apply(plan);
        }
        Ok(applied)
    }

    /// Removes monitors, once that is kept.
    pub(super) async fn remove(&mut self, names: &[String]) -> Result<(), Refused> {
        let plan = Plan {
            gone: self.to_remove(names)?,
            puts: Vec::new(),
        };
        self.keep_now(self.to_keep(&plan)).await?;
        self.apply(plan);
        Ok(())
    }

    /// The numbers of monitors that can be removed together.
    fn to_remove(&self, names: &[String]) -> Result<Vec<MonitorId>, Refused> {
        let mut gone = Vec::with_capacity(names.len());
        for name in names {
            if let Some(unread) = self.unread.id(name) {
                gone.push(unread);
                continue;
            }
            let id = self.find(name)?;
            if self.monitors[&id].record.origin == Origin::Config {
                return Err(Refused::Configured { name: name.clone() });
            }
            gone.push(id);
        }
        self.check_leaving(names)?;
        Ok(gone)
    }

    /// What has to be done for all of `wanted` to be there and all of `gone` not to be.
    pub(super) fn plan(
        &self,
        wanted: &[Wanted],
        mode: Mode,
        gone: Vec<MonitorId>,
    ) -> Result<Plan, Refused> {
        let mut numbers: HashMap<String, MonitorId> = HashMap::new();
        let mut last_number = self.last_number;
        for wanted in wanted {
            let name = &wanted.written.monitor.name;
            self.allowed(wanted, mode)?;
            let known = self.names.get(name).copied();
            let id = known.or(self.unread.id(name)).unwrap_or_else(|| {
                last_number += 1;
                MonitorId(last_number)
            });
            if numbers.insert(name.clone(), id).is_some() {
                return Err(Refused::Exists { name: name.clone() });
            }
        }
        let made = numbers
            .keys()
            .filter(|name| !self.names.contains_key(*name))
            .count();
        if made > 0 && self.monitors.len() + made > self.max_monitors + gone.len() {
            return Err(Refused::TooMany {
                max: self.max_monitors,
            });
        }
        self.check_relations(wanted, &gone)?;
        let mut keys = HashMap::new();
        let mut plan = Plan {
            puts: Vec::with_capacity(wanted.len()),
            gone,
        };
        for wanted in wanted {
            let planned = self.planned(wanted, &numbers)?;
            if let Some(key) = &planned.known.record.key {
                let id = planned.known.record.id;
                let other = self.keys.get(key).copied().or(self.unread.with_key(key));
                let other = other.filter(|other| *other != id && !plan.gone.contains(other));
                let shared = self.ping_key.as_ref().map(Secret::expose);
                let is_shared = shared == Some(key.as_str());
                if is_shared || other.is_some() || keys.insert(key.clone(), id).is_some() {
                    return Err(Refused::KeyTaken {
                        name: planned.known.record.name.clone(),
                    });
                }
            }
            plan.puts.push(planned);
        }
        let introduced = plan.puts.iter().filter_map(|put| put.introduced.as_ref());
        self.has_room_for_bots(introduced)?;
        Ok(plan)
    }

    /// Whether this may be put under its name.
    fn allowed(&self, wanted: &Wanted, mode: Mode) -> Result<(), Refused> {
        let name = || wanted.written.monitor.name.clone();
        let made = wanted.origin != Origin::Config;
        if made && wanted.written.monitor.runs_a_command() {
            return Err(Refused::Command { name: name() });
        }
        // Of what can't be read nobody knows whose it is.
        let trusted = matches!(wanted.origin, Origin::Config | Origin::Made { .. });
        if !trusted && self.unread.id(&wanted.written.monitor.name).is_some() {
            return Err(Refused::Exists { name: name() });
        }
        let there = self.names.get(&wanted.written.monitor.name);
        if there.is_none() {
            self.has_room_for(&wanted.origin)?;
        }
        let there = there.map(|id| &self.monitors[id].record);
        if let Mode::Change(since) = mode {
            match there {
                None => return Err(Refused::Unknown { name: name() }),
                Some(there) if there.changed_at != since => {
                    return Err(Refused::Overtaken { name: name() });
                }
                Some(_) => {}
            }
        }
        match there.map(|there| &there.origin) {
            Some(Origin::Config) if made => Err(Refused::Configured { name: name() }),
            Some(_) if mode == Mode::Create => Err(Refused::Exists { name: name() }),
            _ => Ok(()),
        }
    }

    fn planned(
        &self,
        wanted: &Wanted,
        numbers: &HashMap<String, MonitorId>,
    ) -> Result<Planned, Refused> {
        let Wanted {
            written: Written {
                monitor,
                definition,
            },
            origin,
            introduced,
        } = wanted.clone();
        let now = clock::now();
        let name = monitor.name.clone();
        let id = numbers[&name];
        let number = |name: &String| numbers.get(name).or_else(|| self.names.get(name)).copied();
        let parents = monitor.parents.iter().filter_map(number).collect();
        let members = members(&monitor, number);
        let rules = rules(&monitor, parents, members, &self.zone);
        rules.check().map_err(|problem| Refused::BadRules {
            name: name.clone(),
            problem: problem.to_string(),
        })?;
        let known = self.monitors.get(&id);
        // Whoever changes a monitor does not make it: it stays its maker's, within their reach.
        let maker = known.map(|known| known.record.origin.clone());
        let maker = maker.filter(|maker| ![maker, &origin].contains(&&Origin::Config));
        let origin = maker.unwrap_or(origin);
        let key = monitor.heartbeat.as_ref().map(|heartbeat| {
            let before = known.and_then(|known| known.record.key.clone());
            heartbeat.key.clone().or(before).unwrap_or_else(random_key)
        });
        let mut record = Record {
            id,
            name,
            origin,
            definition,
            key,
            made_at: known.map_or(now, |known| known.record.made_at),
            // No two states of a monitor are of one moment: who changes it says which they mean.
            changed_at: known.map_or(now, |known| {
                now.max(known.record.changed_at.after(Duration::from_millis(1)))
            }),
        };
        let done = match known {
            None => PutDone::Created,
            Some(known) => {
                let same = Record {
                    changed_at: known.record.changed_at,
                    ..record.clone()
                };
                if same == *known.record && monitor == known.monitor {
                    record = same;
                    PutDone::Same
                } else {
                    PutDone::Changed
                }
            }
        };
        let mut put = Known::new(record, monitor, 0);
        if let Some(known) = known {
            put.pings = known.pings;
            put.last.clone_from(&known.last);
        }
        Ok(Planned {
            known: put,
            rules,
            done,
            introduced,
        })
    }

    /// What the engine is to keep of a plan, and what it has to be told: an alert whose labels
    /// change is another one.
    pub(super) fn to_keep(&self, plan: &Plan) -> Watched {
        let now = clock::now();
        let (mut changes, mut news) = (Vec::new(), Vec::new());
        for id in &plan.gone {
            changes.push(Change::MonitorGone(*id));
            news.extend(self.over(*id));
        }
        for planned in plan.puts.iter().filter(|put| put.done != PutDone::Same) {
            let id = planned.known.record.id;
            changes.push(Change::Monitor(Box::new((*planned.known.record).clone())));
            let state = self.watch.state(id);
            let Some((before, state)) = self.monitors.get(&id).zip(state) else {
                continue;
            };
            let Some(alarm) = state.alarm else {
                continue;
            };
            let why = "its definition changed";
            let old = before.closed(alarm.what, now, why);
            let new = planned
                .known
                .raised(alarm.what, alarm.since, state.alarm_words());
            let other_kind = manner(&before.monitor) != manner(&planned.known.monitor);
            if other_kind || old.labels != new.labels {
                news.push(old);
                let goes_on = !other_kind && !planned.known.monitor.paused;
                news.extend(goes_on.then_some(new));
            }
        }
        let introduced = plan.puts.iter().filter_map(|put| put.introduced.as_ref());
        let bots = introduced.filter_map(|introduced| introduced.bot.clone());
        let own_chats = plan.puts.iter().filter_map(|put| self.own_chat(put));
        Watched {
            changes,
            news,
            bots: bots.collect(),
            own_chats: own_chats.collect(),
        }
    }

    /// What changes of the chat that a monitor tells by itself. Where nobody asked Telegram, nothing
    /// does: the chat may have moved since, or somebody there wants to hear no more.
    fn own_chat(&self, planned: &Planned) -> Option<OwnChat> {
        let Planned {
            known, introduced, ..
        } = planned;
        let before = self.monitors.get(&known.record.id);
        let before = before.and_then(|before| before.monitor.own_chat());
        let chat = known.monitor.own_chat();
        let ends = before.is_some() && chat.is_none();
        (ends || introduced.is_some()).then(|| OwnChat {
            monitor: known.record.id,
            name: known.record.name.clone(),
            chat,
            title: introduced
                .as_ref()
                .map(|introduced| introduced.title.clone())
                .unwrap_or_default(),
        })
    }

    /// The end of what fires of a monitor that goes.
    fn over(&self, id: MonitorId) -> Option<News> {
        let alarm = self.watch.state(id)?.alarm?;
        let known = self.monitors.get(&id)?;
        let why = format!("no longer watched, was {}", alarm.what.word());
        Some(known.closed(alarm.what, clock::now(), &why))
    }

    /// Does what was planned and kept.
    pub(super) fn apply(&mut self, plan: Plan) {
        let now = clock::now();
        let mut unread = false;
        for id in plan.gone {
            if let Some(known) = self.monitors.remove(&id) {
                self.names.remove(&known.record.name);
                if let Some(key) = &known.record.key {
                    self.keys.remove(key);
                }
            }
            unread |= self.unread.settle(id);
            self.waiting.forget(id);
            self.samples.forget(id);
            // Its end was told already.
            self.watch.remove(now, id);
        }
        let puts = plan.puts.into_iter();
        let puts: Vec<Planned> = puts.filter(|put| put.done != PutDone::Same).collect();
        self.watch
            .loosen(puts.iter().map(|put| put.known.record.id));
        let mut changed = Vec::new();
        for planned in puts {
            let id = planned.known.record.id;
            let before = self.restore(planned.known);
            unread |= self.unread.settle(id);
            changed.push((id, planned.rules, before));
        }
        let put = changed.iter().map(|(id, ..)| *id).collect();
        for (id, rules, before) in changed {
            let known = &self.monitors[&id];
            // Who is in a group by its labels is known only now that all are there.
            let rules = match &rules.kind {
                Kind::Group(_) => self.rules_of(known),
                _ => rules,
            };
            let paused = known.monitor.paused;
            let was_paused = before.as_ref().is_some_and(|before| before.monitor.paused);
            let looks_elsewhere = before.is_some_and(|before| !before.looks_as(known));
            self.watch.set(now, id, rules, None);
            if paused != was_paused {
                self.pause(id, paused);
            }
            // Whoever changed it wants to know whether it works so.
            if looks_elsewhere {
                self.watch.ask(now, id);
            }
        }
        self.rejoin(&put);
        if unread {
            self.leave_out();
        }
    }

    /// Takes a monitor over, planned or from the store. Returns what stood there before.
    pub(super) fn restore(&mut self, known: Known) -> Option<Known> {
        let id = known.record.id;
        self.last_number = self.last_number.max(id.0);
        let (name, key) = (known.record.name.clone(), known.record.key.clone());
        self.names.insert(name, id);
        let before = self.monitors.insert(id, known);
        if let Some(key) = before
            .as_ref()
            .and_then(|before| before.record.key.as_ref())
        {
            self.keys.remove(key);
        }
        self.keys.extend(key.map(|key| (key, id)));
        before
    }

    /// By which rules a monitor that is there is judged.
    pub(super) fn rules_of(&self, known: &Known) -> Rules {
        let number = |name: &String| self.names.get(name).copied();
        let parents = known.monitor.parents.iter().filter_map(number).collect();
        rules(&known.monitor, parents, self.members_of(known), &self.zone)
    }
}

impl Limits {
    pub(super) fn of(watch: &monitor::Watch) -> Self {
        Self {
            at_once: watch.probes_at_once as usize,
            per_host: watch.probes_per_host as usize,
        }
    }
}

/// Whether nothing is to be kept.
fn says_nothing(watched: &Watched) -> bool {
    watched.changes.is_empty() && watched.own_chats.is_empty()
}

/// Whether it is looked at, calls, or goes by others: what was known of it by one of these is nothing
/// for another.
fn manner(monitor: &Monitor) -> (bool, bool) {
    (monitor.heartbeat.is_some(), monitor.group.is_some())
}

/// An address that nobody guesses.
fn random_key() -> String {
    let mut bytes = [0; KEY_BYTES];
    // Without random numbers nothing else of Nabat works either: no token, no invitation.
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    let hex = bytes.iter().map(|byte| format!("{byte:02x}"));
    hex.collect()
}
