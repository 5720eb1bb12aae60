//! `/alerts`: what fires now, all of it or what is looked for.

use std::sync::Arc;

use super::bad_expression;
use crate::engine::subscribed::selected as selected_by;
use crate::engine::{Engine, Known};
use crate::message::answer::{Answer, Firing, Selecting};
use crate::subscription::index::Index;
use crate::subscription::{Selector, SubscriptionId};

/// How many alerts a page shows.
const ALERTS_ON_PAGE: usize = 10;

impl Engine {
    /// A page of what fires, of all or of what is selected.
    pub(super) fn alerts(&self, page: usize, selected: &str) -> Answer {
        let selector = match self.selector_of(Selecting::Alerts, selected) {
            Ok(selector) => selector,
            Err(answer) => return answer,
        };
        let open = self.open.values().filter_map(|id| self.incidents.get(id));
        // The index compiles an expression once for all.
        let wanted = Index::new([(SubscriptionId::default(), &selector)]);
        let all = selector == Selector::All;
        let mut firing: Vec<&Known> = open
            .filter(|known| all || selected_by(&wanted, &known.incident))
            .collect();
        firing.sort_by_cached_key(|known| {
            let incident = &known.incident;
            let severity = std::cmp::Reverse(incident.severity());
            (severity, incident.starts_at, incident.id)
        });
        let pages = firing.len().div_ceil(ALERTS_ON_PAGE).max(1);
        let page = page.clamp(1, pages);
        Answer::Alerts {
            page,
            pages,
            total: firing.len(),
            selected: selected.to_owned(),
            items: firing
                .into_iter()
                .skip((page - 1) * ALERTS_ON_PAGE)
                .take(ALERTS_ON_PAGE)
                .map(|known| Firing {
                    incident: Arc::clone(&known.incident),
                    silenced_until: known.silenced_until,
                    explained_by: self.explained_by(known),
                })
                .collect(),
        }
    }

    fn explained_by(&self, known: &Known) -> Option<String> {
        let by = self.open.get(&known.inhibited_by?)?;
        self.incidents.get(by).map(|known| known.incident.name())
    }

    /// What selects some alerts of all that are looked at; everything if nothing was written.
    pub(super) fn selector_of(&self, selecting: Selecting, text: &str) -> Result<Selector, Answer> {
        if !text.is_empty()
            && let Some(answer) = self.bad_length(selecting, text)
        {
            return Err(answer);
        }
        Selector::either(text)
            .map_err(|error| bad_expression(selecting, text, error.at, error.problem))
    }
}
