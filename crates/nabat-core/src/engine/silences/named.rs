//! Incidents by the names of their alerts: most silences name one, and then the others need not be
//! looked at when it begins or ends.

use std::collections::{BTreeSet, HashMap};

use crate::alert::{Labels, NAME};
use crate::incident::{Incident, IncidentId};
use crate::matcher::{Matcher, Operator};

/// Which incidents have which name.
#[derive(Debug, Default)]
pub(in crate::engine) struct Named(HashMap<Box<str>, BTreeSet<IncidentId>>);

impl Named {
    /// Notes an incident that is known from now on.
    pub(in crate::engine) fn add(&mut self, incident: &Incident) {
        let name = incident.labels.value(NAME);
        match self.0.get_mut(name) {
            Some(known) => {
                known.insert(incident.id);
            }
            None => {
                self.0.insert(name.into(), BTreeSet::from([incident.id]));
            }
        }
    }

    /// Notes that an incident with these labels is forgotten.
    pub(in crate::engine) fn remove(&mut self, id: IncidentId, labels: &Labels) {
        let name = labels.value(NAME);
        let Some(known) = self.0.get_mut(name) else {
            return;
        };
        known.remove(&id);
        if known.is_empty() {
            self.0.remove(name);
        }
    }

    /// The incidents that may fulfil all matchers, or `None` if any may.
    pub(super) fn of(&self, matchers: &[Matcher]) -> Option<Vec<IncidentId>> {
        let mut names = matchers.iter().filter(|matcher| &*matcher.name == NAME);
        let name = names.find(|matcher| matcher.operator == Operator::Equal)?;
        let known = self.0.get(&name.value).into_iter().flatten();
        Some(known.copied().collect())
    }
}
