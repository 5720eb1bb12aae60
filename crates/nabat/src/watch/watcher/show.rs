//! What the watch shows of its monitors.

use std::sync::Arc;

use nabat_core::matcher::Matcher;
use nabat_core::monitor::record::Origin;
use nabat_core::monitor::{MonitorId, Status};
use nabat_core::token;

use super::Watcher;
use super::known::Known;
use crate::clock;
use crate::watch::{Filter, Glance, Glanced, Page, Refused, Shown};

impl Watcher {
    pub(super) fn find(&self, name: &str) -> Result<MonitorId, Refused> {
        let id = self.names.get(name).copied();
        id.ok_or_else(|| Refused::Unknown {
            name: name.to_owned(),
        })
    }

    pub(super) fn list(&self, filter: &Filter) -> Page {
        let now = clock::now();
        let mut page = Page::default();
        for (id, known) in &self.monitors {
            if is_in_scope(known, &filter.scope) {
                let status = self.watch.status(*id, now).unwrap_or(Status::Pending);
                *page.counts.entry(status).or_default() += 1;
            }
        }
        let text = filter.text.as_deref().map(str::to_lowercase);
        let after = |name: &String| filter.after.as_ref().is_none_or(|after| name > after);
        for (_, id) in self.names.iter().filter(|(name, _)| after(name)) {
            if !self.is_wanted(*id, filter, text.as_deref()) {
                continue;
            }
            if page.monitors.len() >= filter.limit {
                page.more = true;
                break;
            }
            page.monitors.push(self.shown(*id));
        }
        page
    }

    pub(super) fn numbered(&self, id: MonitorId) -> Result<Shown, Refused> {
        let known = self.monitors.contains_key(&id);
        known.then(|| self.shown(id)).ok_or(Refused::Unknown {
            name: id.0.to_string(),
        })
    }

    pub(super) fn glance(&self, wanted: &Glance) -> Glanced {
        let now = clock::now();
        let text = wanted.text.to_lowercase();
        let made_there = |id: &MonitorId| match (wanted.made_in, &self.monitors[id].record.origin) {
            (None, _) => true,
            (Some(there), Origin::Chat { chat, .. }) => there == *chat,
            (Some(_), _) => false,
        };
        let status = Status::ALL.into_iter().find(|status| status.word() == text);
        let filter = Filter {
            statuses: status.into_iter().collect(),
            ..Filter::default()
        };
        let text = status.is_none().then_some(text.as_str());
        let found = self.names.values().copied().filter(made_there);
        let found = found.filter(|id| self.is_wanted(*id, &filter, text));
        let mut glanced = Glanced::default();
        let mut found: Vec<(u8, MonitorId)> = found
            .map(|id| {
                let status = self.watch.status(id, now).unwrap_or(Status::Pending);
                *glanced.counts.entry(status).or_default() += 1;
                (status.urgency(), id)
            })
            .collect();
        // Among themselves they stay in the order of their names.
        found.sort_by_key(|(urgency, _)| *urgency);
        let per_page = wanted.per_page.max(1);
        glanced.pages = found.len().div_ceil(per_page).max(1);
        glanced.page = wanted.page.min(glanced.pages - 1);
        let page = found.iter().skip(glanced.page * per_page).take(per_page);
        glanced.monitors = page.map(|(_, id)| self.shown(*id)).collect();
        glanced
    }

    fn is_wanted(&self, id: MonitorId, filter: &Filter, text: Option<&str>) -> bool {
        let Some(known) = self.monitors.get(&id) else {
            return false;
        };
        let status = self.watch.status(id, clock::now());
        let status = status.unwrap_or(Status::Pending);
        let contains = |text: &str| {
            known.record.name.to_lowercase().contains(text)
                || known.instance.to_lowercase().contains(text)
        };
        (filter.statuses.is_empty() || filter.statuses.contains(&status))
            && filter
                .kind
                .as_ref()
                .is_none_or(|kind| kind == known.monitor.kind())
            && text.is_none_or(contains)
            && is_in_scope(known, &filter.scope)
    }

    /// A monitor that is known to be there.
    pub(super) fn shown(&self, id: MonitorId) -> Shown {
        let known = &self.monitors[&id];
        let now = clock::now();
        let state = self.watch.state(id);
        Shown {
            record: Arc::clone(&known.record),
            monitor: Arc::clone(&known.monitor),
            kind: known.monitor.kind(),
            target: Arc::clone(&known.instance),
            status: self.watch.status(id, now).unwrap_or(Status::Pending),
            since: state.map_or(now, |state| state.interval().1),
            words: state.map(|state| state.words.clone()).unwrap_or_default(),
            alarm: state.and_then(|state| state.alarm),
            flaps: state.is_some_and(|state| state.flaps()),
            paused: state.is_some_and(|state| state.paused),
            maintenance_until: state.and_then(|state| state.maintenance),
            last: known.last.clone(),
        }
    }

    pub(super) fn pause(&mut self, id: MonitorId, paused: bool) -> MonitorId {
        let now = clock::now();
        match paused {
            true => self.watch.pause(now, id),
            false => self.watch.resume(now, id),
        }
        id
    }
}

fn is_in_scope(known: &Known, scope: &[Matcher]) -> bool {
    scope.is_empty() || token::covers(scope, &known.labels())
}
