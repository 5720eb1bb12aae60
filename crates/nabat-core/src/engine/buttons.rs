//! What people press on a card: acknowledge, let go, silence, details.
//!
//! Whoever may read a card in a chat that Nabat knows may acknowledge it; a silence hushes alerts
//! for everyone, so it takes a person whom Nabat knows or an administrator of the group.

use std::sync::Arc;
use std::time::Duration;

use super::talk::{Request, SILENCE_MAX};
use super::{Effects, Engine};
use crate::alert::{Labels, NAME};
use crate::card::CardId;
use crate::delivery::Priority;
use crate::incident::{Acknowledgement, Incident, IncidentId};
use crate::matcher::Matcher;
use crate::message::answer::Answer;
use crate::message::card::{Member, MemberNews, details};
use crate::silence::{Draft, Origin, SilenceId};
use crate::time::parse_period;

impl Engine {
    /// Does what a button on a card asks for. The card shows the outcome by itself.
    pub(super) fn pressed_on_card(
        &mut self,
        request: &Request<'_>,
        kind: &str,
        rest: &str,
        out: &mut Effects,
    ) -> Answer {
        let (id, period) = rest.split_once(':').unwrap_or((rest, ""));
        let incidents = id
            .parse()
            .ok()
            .and_then(|id| self.firing_on(request, CardId(id)));
        let Some(incidents) = incidents else {
            return Answer::OldCard;
        };
        if incidents.is_empty() {
            return Answer::NothingFires;
        }
        match kind {
            "k" => self.press_acknowledge(request, &incidents, out),
            "r" => self.press_let_go(request, &incidents, out),
            "s" => self.press_silence(request, &incidents, period, out),
            "e" => self.press_end_silence(request, &incidents, out),
            _ => self.press_details(request, &incidents, out),
        }
    }

    /// What fires of what the card shows, if it is in the chat in which the button was pressed.
    /// What the chat has not been told yet, people can't have meant.
    fn firing_on(&self, request: &Request<'_>, id: CardId) -> Option<Vec<Arc<Incident>>> {
        let on_duty = self.cards.get(&id)?;
        let card = &on_duty.card;
        let chat = card.destination.chat()?;
        if (chat.bot, chat.chat) != (request.chat.bot, request.chat.chat) {
            return None;
        }
        let firing = card
            .members
            .iter()
            .filter(|(id, told)| told.edition > 0 || on_duty.maybe_told(**id))
            .filter_map(|(id, _)| self.incidents.get(id))
            .filter(|known| !known.incident.ended())
            .map(|known| Arc::clone(&known.incident));
        Some(firing.collect())
    }

    /// Takes what nobody has taken yet. What somebody took stays theirs: two people who press at
    /// the same time mean the same.
    fn press_acknowledge(
        &mut self,
        request: &Request<'_>,
        incidents: &[Arc<Incident>],
        out: &mut Effects,
    ) -> Answer {
        let free: Vec<IncidentId> = incidents
            .iter()
            .filter(|incident| incident.acknowledged.is_none())
            .map(|incident| incident.id)
            .collect();
        if free.is_empty() {
            return already_acknowledged(incidents);
        }
        let until = request.now.after(self.settings.acknowledged_for);
        let acknowledgement = Acknowledgement {
            by: request.speaker.name.clone(),
            at: request.now,
            until,
        };
        self.acknowledge(request.now, &free, Some(&acknowledgement), out);
        Answer::Acknowledged { until }
    }

    /// Lets go of all that anybody took.
    fn press_let_go(
        &mut self,
        request: &Request<'_>,
        incidents: &[Arc<Incident>],
        out: &mut Effects,
    ) -> Answer {
        let all: Vec<IncidentId> = incidents.iter().map(|incident| incident.id).collect();
        self.acknowledge(request.now, &all, None, out);
        Answer::Released
    }

    fn press_silence(
        &mut self,
        request: &Request<'_>,
        incidents: &[Arc<Incident>],
        period: &str,
        out: &mut Effects,
    ) -> Answer {
        let period: Option<Duration> = parse_period(period)
            .ok()
            .filter(|period| !period.is_zero() && *period <= SILENCE_MAX);
        let Some(period) = period else {
            return Answer::OldButton;
        };
        let Some(matchers) = in_common(incidents) else {
            return Answer::NothingInCommon;
        };
        let draft = Draft {
            id: None,
            matchers,
            starts_at: request.now,
            ends_at: request.now.after(period),
            created_by: request.speaker.name.clone(),
            comment: String::new(),
            annotations: None,
            until_resolved: None,
            origin: Origin::Chat {
                chat: request.chat,
                reminded: false,
            },
        };
        self.make_silence(request, draft, out)
    }

    fn press_end_silence(
        &mut self,
        request: &Request<'_>,
        incidents: &[Arc<Incident>],
        out: &mut Effects,
    ) -> Answer {
        let mut silences: Vec<SilenceId> = incidents
            .iter()
            .flat_map(|incident| self.silenced_by(&incident.labels))
            .collect();
        silences.sort_unstable();
        silences.dedup();
        for id in silences {
            self.expire_silence(request.now, id, out);
        }
        Answer::SilenceEnded
    }

    fn press_details(
        &mut self,
        request: &Request<'_>,
        incidents: &[Arc<Incident>],
        out: &mut Effects,
    ) -> Answer {
        let members: Vec<Member<'_>> = incidents
            .iter()
            .map(|incident| Member {
                incident,
                news: MemberNews::Known,
                silenced_until: self
                    .incidents
                    .get(&incident.id)
                    .and_then(|known| known.silenced_until),
            })
            .collect();
        let locale = self.locale_for(request.chat, request.speaker);
        let message = details(&members, &locale, request.now);
        self.say(request.now, request.chat, Priority::Answer, message, out);
        Answer::DetailsFollow
    }
}

/// Who sees to all of the alerts, and until when that is true of each.
fn already_acknowledged(incidents: &[Arc<Incident>]) -> Answer {
    let taken = || {
        let incidents = incidents.iter();
        incidents.filter_map(|incident| incident.acknowledged.as_deref())
    };
    let Some(until) = taken().map(|taken| taken.until).min() else {
        return Answer::NothingFires;
    };
    let mut by: Vec<String> = Vec::new();
    for taken in taken() {
        if !by.contains(&taken.by) {
            by.push(taken.by.clone());
        }
    }
    Answer::AlreadyAcknowledged { by, until }
}

/// What the alerts have in common, as matchers, the name first. `None` where that is too little to
/// silence by: several alerts with different names may share no more than a data centre.
fn in_common(incidents: &[Arc<Incident>]) -> Option<Vec<Matcher>> {
    let (first, others) = incidents.split_first()?;
    let common = |name: &str, value: &str| {
        let same = |labels: &Labels| labels.get(name) == Some(value);
        others.iter().all(|incident| same(&incident.labels))
    };
    let labels = first.labels.iter();
    let mut matchers: Vec<Matcher> = labels
        .filter(|(name, value)| common(name, value))
        .map(|(name, value)| Matcher::equal(name, value))
        .collect();
    matchers.sort_by_key(|matcher| &*matcher.name != NAME);
    let named = matchers.first().is_some_and(|first| &*first.name == NAME);
    let narrow = named || (others.is_empty() && !matchers.is_empty());
    narrow.then_some(matchers)
}
