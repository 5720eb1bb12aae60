//! What people press on a card: acknowledge, silence, details.
//!
//! Whoever may read a card in a chat that Nabat knows may acknowledge it; a silence hushes alerts
//! for everyone, so it takes a person whom Nabat knows or an administrator of the group.

use std::sync::Arc;
use std::time::Duration;

use super::hush::SILENCE_MAX;
use super::talk::Request;
use super::{Effects, Engine};
use crate::alert::Labels;
use crate::card::CardId;
use crate::delivery::Priority;
use crate::incident::{Acknowledgement, Incident, IncidentId};
use crate::matcher::Matcher;
use crate::message::answer::Answer;
use crate::message::card::{Member, MemberNews, details};
use crate::silence::{Silence, SilenceId};
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
            return Answer::OldButton;
        };
        if incidents.is_empty() {
            return Answer::NothingFires;
        }
        match kind {
            "k" => self.press_acknowledge(request, &incidents, out),
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

    /// Takes what nobody has taken yet; if somebody has taken everything, lets go of it.
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
            let all: Vec<IncidentId> = incidents.iter().map(|incident| incident.id).collect();
            self.acknowledge(request.now, &all, None, out);
            return Answer::Released;
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
        let matchers = common_labels(incidents);
        if matchers.is_empty() {
            return Answer::NothingInCommon;
        }
        let until = request.now.after(period);
        let silence = Silence {
            id: SilenceId(self.number(out)),
            matchers,
            starts_at: request.now,
            ends_at: until,
            created_by: request.speaker.name.clone(),
            comment: String::new(),
        };
        if !self.put_silence(request.now, &silence, out) {
            return Answer::TooManySilences;
        }
        Answer::Silenced { until }
    }

    fn press_end_silence(
        &mut self,
        request: &Request<'_>,
        incidents: &[Arc<Incident>],
        out: &mut Effects,
    ) -> Answer {
        let mut silences: Vec<SilenceId> = incidents
            .iter()
            .flat_map(|incident| self.silences_of(request.now, &incident.labels))
            .collect();
        silences.sort_unstable();
        silences.dedup();
        for id in silences {
            self.end_silence(request.now, id, out);
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

/// What the alerts have in common, as matchers.
fn common_labels(incidents: &[Arc<Incident>]) -> Vec<Matcher> {
    let Some((first, others)) = incidents.split_first() else {
        return Vec::new();
    };
    let common = |name: &str, value: &str| {
        let same = |labels: &Labels| labels.get(name) == Some(value);
        others.iter().all(|incident| same(&incident.labels))
    };
    let labels = first.labels.iter();
    labels
        .filter(|(name, value)| common(name, value))
        .map(|(name, value)| Matcher::equal(name, value))
        .collect()
}
