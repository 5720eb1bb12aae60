//! The live message of one alert group in one chat, and the ledger of what it has told.
//!
//! A card lives from the first firing incident until every incident on it has ended and the chat
//! has been told so. It knows, for each of its incidents, which edition the chat has seen; what
//! has to be told is the difference to what the incidents are now. So news that comes while the
//! chat can't be reached collapses by itself, and nobody who was told "firing" misses the end.
//!
//! Invariant: an incident that was told stays on the card until its end was told too, whatever
//! becomes of subscriptions and mutes meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chat::ChatKey;
use crate::incident::{GroupKey, Incident, IncidentId};
use crate::message::card::MemberNews;

/// How many ended incidents stay on a card whose others still fire.
const ENDED_SHOWN_MAX: usize = 10;

/// The number of a card; never used twice.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct CardId(pub i64);

/// What a chat knows of one incident: the ledger's entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Told {
    /// The edition that was told; 0 before the first.
    pub edition: u32,
    /// Whether that edition said that it is over.
    pub ended: bool,
}

impl Told {
    /// The entry after the chat has been told of the incident as it is.
    pub fn of(incident: &Incident) -> Self {
        Self {
            edition: incident.edition,
            ended: incident.ended(),
        }
    }
}

/// The live message of one alert group in one chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its number.
    pub id: CardId,
    /// Where it is shown.
    pub chat: ChatKey,
    /// Whose incidents it shows.
    pub group: GroupKey,
    /// The message that shows it, once it was sent.
    pub message_id: Option<i64>,
    /// Whether that message shows less than the chat knows: a digest told the rest.
    pub behind: bool,
    /// The ledger: what the chat knows of each incident.
    pub members: BTreeMap<IncidentId, Told>,
}

/// What a card has to tell now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Everything the message shows, in order of opening.
    pub members: Vec<(Arc<Incident>, MemberNews)>,
    /// Whether people are to be woken: something new fires, or everything is over.
    pub sounds: bool,
}

impl View {
    /// The entries the ledger gets once this was told.
    pub fn told(&self) -> Vec<(IncidentId, Told)> {
        self.members
            .iter()
            .map(|(incident, _)| (incident.id, Told::of(incident)))
            .collect()
    }

    /// Whether everything it shows is over.
    pub fn all_ended(&self) -> bool {
        self.members.iter().all(|(incident, _)| incident.ended())
    }
}

impl Card {
    /// What is to be told now, or `None` if the chat knows everything that it may hear.
    ///
    /// In a muted chat incidents of which it knows nothing yet are held back; the rest is told
    /// without a sound. Of some, as `maybe_told` says, the chat may have seen a message although
    /// the ledger knows nothing: then the end of what that message told is told too.
    pub fn view<'a>(
        &self,
        incident: impl Fn(IncidentId) -> Option<&'a Arc<Incident>>,
        muted: bool,
        maybe_told: impl Fn(IncidentId) -> bool,
    ) -> Option<View> {
        let mut members = Vec::with_capacity(self.members.len());
        for (id, told) in &self.members {
            let Some(incident) = incident(*id) else {
                continue;
            };
            let unknown = told.edition == 0;
            if unknown && !maybe_told(*id) && (muted || incident.ended()) {
                continue;
            }
            let news = if unknown && !incident.ended() {
                MemberNews::New
            } else if told.edition == incident.edition {
                MemberNews::Known
            } else {
                MemberNews::Changed
            };
            members.push((Arc::clone(incident), news));
        }
        let new = members.iter().any(|(_, news)| *news == MemberNews::New);
        let changed = members
            .iter()
            .any(|(incident, news)| *news == MemberNews::Changed && self.tells_change_of(incident));
        if !(new || changed || self.behind) {
            return None;
        }
        let view = View {
            members,
            sounds: false,
        };
        Some(View {
            sounds: !muted && (new || (changed && view.all_ended())),
            ..view
        })
    }

    /// Whether a change of an incident that the chat knows is worth telling: an end always is,
    /// another text only where a message is there to be edited.
    pub fn tells_change_of(&self, incident: &Incident) -> bool {
        self.message_id.is_some() || incident.ended()
    }

    /// Notes what was told, by the card's own message or by a digest. Returns the incidents that
    /// leave the card: all of them when every one has ended (the card is done), else the oldest
    /// ended ones beyond a few. While the live message is behind, none leaves.
    pub fn note(&mut self, told: &[(IncidentId, Told)], by_digest: bool) -> Vec<IncidentId> {
        for (id, entry) in told {
            if let Some(known) = self.members.get_mut(id) {
                *known = *entry;
            }
        }
        self.behind = by_digest && self.message_id.is_some();
        if self.behind {
            return Vec::new();
        }
        let ended: Vec<IncidentId> = self
            .members
            .iter()
            .filter(|(_, told)| told.ended)
            .map(|(id, _)| *id)
            .collect();
        let keep = if ended.len() == self.members.len() {
            0
        } else {
            ENDED_SHOWN_MAX
        };
        let leaving: Vec<IncidentId> = ended
            .iter()
            .take(ended.len().saturating_sub(keep))
            .copied()
            .collect();
        for id in &leaving {
            self.members.remove(id);
        }
        leaving
    }
}
