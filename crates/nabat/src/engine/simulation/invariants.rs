//! What is true after every step, and what more is true once everything was delivered.
//!
//! Judged are the store, which is all that survives, the few things the engine tells about itself,
//! and what people saw.

mod fallbacks;
mod restarts;
mod told;
mod ways;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use nabat_core::card::{Card, CardId};
use nabat_core::change::Snapshot;
use nabat_core::chat::{Chat, ChatKey};
use nabat_core::delivery::{Content, DeliveryId};
use nabat_core::destination::Destination;
use nabat_core::incident::{Expiry, Incident, IncidentId};
use nabat_core::matcher::Matcher;
use nabat_core::silence::{Phase, Silence};
use nabat_core::subscription::Selector;

use super::hands::{Listener, listener};
use super::setting::{self, tells_ends};
use super::world::{COURIER, World};
use crate::store::Store;

/// How far what is stored of an incident's end may lag behind what its source said.
const EXPIRY_LAG: Duration = Duration::from_secs(120);
/// For how long what fired goes on after a start, so that its source can be heard.
const EXPIRY_GRACE: Duration = Duration::from_secs(300);

/// What the store holds, found by its numbers.
pub(super) struct Kept {
    snapshot: Snapshot,
    incidents: HashMap<IncidentId, usize>,
    chats: HashMap<ChatKey, usize>,
    waiting: HashMap<CardId, DeliveryId>,
    shown: HashSet<(Destination, IncidentId)>,
    heard: HashSet<(Listener, IncidentId)>,
}

impl Kept {
    fn of(world: &World) -> Self {
        let snapshot = world.store.snapshot(world.now).unwrap();
        let by_id = snapshot.incidents.iter().enumerate();
        let by_key = snapshot.chats.iter().enumerate();
        let cards = snapshot.cards.iter();
        let members = cards.flat_map(|card| card.members.keys().map(move |id| (card, *id)));
        let heard = |(card, id): (&Card, _)| (listener(card.destination, card.id), id);
        Self {
            incidents: by_id.map(|(at, incident)| (incident.id, at)).collect(),
            chats: by_key.map(|(at, chat)| (chat.key, at)).collect(),
            waiting: HashMap::new(),
            shown: members
                .clone()
                .map(|(card, id)| (card.destination, id))
                .collect(),
            heard: members.map(heard).collect(),
            snapshot,
        }
    }

    fn incident(&self, id: IncidentId) -> Option<&Incident> {
        self.incidents
            .get(&id)
            .map(|at| &self.snapshot.incidents[*at])
    }

    fn fires(&self, id: IncidentId) -> bool {
        self.incident(id).is_some_and(|incident| !incident.ended())
    }

    fn chat(&self, key: ChatKey) -> Option<&Chat> {
        self.chats.get(&key).map(|at| &self.snapshot.chats[*at])
    }

    fn firing(&self) -> impl Iterator<Item = &Incident> {
        let incidents = self.snapshot.incidents.iter();
        incidents.filter(|incident| !incident.ended())
    }
}

impl World {
    /// Notes the first thing that is not as it must be.
    pub(super) fn claim(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds && self.wrong.is_none() {
            let wrong = otherwise();
            self.log.push(format!("WRONG: {wrong}"));
            self.wrong = Some(wrong);
        }
    }

    pub(super) fn check_step(&mut self) {
        let mut kept = Kept::of(self);
        self.check_memory(&kept);
        self.check_outbox(&mut kept);
        self.check_cards(&kept);
        self.check_people_know(&kept);
        self.check_nobody_is_forgotten(&kept);
        self.check_ways(&kept);
        self.check_fallbacks(&kept);
        self.check_late(&kept);
        self.kept_before = Some(kept);
    }

    /// The engine holds what the store holds, so a restart changes nothing.
    fn check_memory(&mut self, kept: &Kept) {
        let figures = self.engine.figures();
        let in_memory = (
            figures.open_incidents,
            figures.cards,
            figures.subscriptions,
            figures.waiting,
            figures.silences,
            figures.acknowledged,
        );
        let taken = |incident: &&Incident| incident.acknowledged.is_some();
        let unexpired = |silence: &&Silence| silence.phase != Phase::Expired;
        let stored = (
            kept.firing().count(),
            kept.snapshot.cards.len(),
            kept.snapshot.subscriptions.len(),
            kept.snapshot.deliveries.len(),
            kept.snapshot.silences.iter().filter(unexpired).count(),
            kept.firing().filter(taken).count(),
        );
        self.claim(in_memory == stored, || {
            format!("incidents, cards, subscriptions, deliveries, silences, acknowledgements: {in_memory:?} in memory, {stored:?} stored")
        });
        let mut in_memory: Vec<_> = self.engine.waiting(COURIER).collect();
        let mut stored: Vec<_> = kept
            .snapshot
            .deliveries
            .iter()
            .map(|d| d.waiting())
            .filter(|waiting| waiting.destination.outlet() == COURIER)
            .collect();
        in_memory.sort_unstable_by_key(|waiting| waiting.id);
        stored.sort_unstable_by_key(|waiting| waiting.id);
        self.claim(in_memory == stored, || {
            format!("{in_memory:?} wait in memory, {stored:?} in the store")
        });
    }

    /// Every card waits at most once, in its own chat, and only where messages are taken.
    fn check_outbox(&mut self, kept: &mut Kept) {
        for delivery in &kept.snapshot.deliveries {
            let Content::Card(id) = delivery.content else {
                continue;
            };
            let card = kept.snapshot.cards.iter().find(|card| card.id == id);
            self.claim(
                card.is_some_and(|card| card.destination == delivery.destination),
                || format!("{delivery:?} is for {card:?}"),
            );
            let twice = kept.waiting.insert(id, delivery.id);
            self.claim(twice.is_none(), || format!("{id:?} waits twice"));
            let chat = delivery.destination.chat().and_then(|key| kept.chat(key));
            let disabled = chat.is_some_and(|chat| chat.disabled.is_some());
            self.claim(!disabled, || {
                format!("{delivery:?} waits for a chat that takes no messages")
            });
        }
    }

    /// A card is about something, knows no more than there is, and speaks when it has to.
    fn check_cards(&mut self, kept: &Kept) {
        let (mut groups, mut shown) = (HashSet::new(), HashSet::new());
        for card in &kept.snapshot.cards {
            self.claim(!card.members.is_empty(), || {
                format!("nothing is on {card:?}")
            });
            let alone = groups.insert((card.destination, card.through(), card.group.clone()));
            self.claim(alone, || {
                format!("a group has two cards at one place: {card:?}")
            });
            let there = setting::exists(&self.settings, card.destination);
            self.claim(there, || format!("for nobody configured: {card:?}"));
            let chat = card.destination.chat().and_then(|key| kept.chat(key));
            let disabled = chat.is_some_and(|chat| chat.disabled.is_some());
            let muted = self.muted(&kept.snapshot, card);
            let ends = tells_ends(card.destination);
            let mut has_news = false;
            for (id, told) in &card.members {
                let Some(incident) = kept.incident(*id) else {
                    self.claim(false, || format!("{id:?} is forgotten, but on {card:?}"));
                    continue;
                };
                let there = listener(card.destination, card.id);
                self.claim(shown.insert((there, *id)), || {
                    format!("{id:?} is on two cards in one chat: {card:?}")
                });
                let known = told.edition <= incident.edition && (!told.ended || incident.ended());
                self.claim(known, || {
                    format!("{card:?} told more of {incident:?} than there is")
                });
                has_news |= match told.edition {
                    0 => {
                        !incident.ended()
                            && !muted
                            && !self.hushed(&kept.snapshot, incident)
                            && self.is_led(card, incident)
                    }
                    _ => {
                        ends && incident.ended()
                            && !told.ended
                            && !known_to_fire_again(kept, card, incident)
                    }
                };
            }
            let waits = kept.waiting.contains_key(&card.id);
            let routed = card.routed.as_ref();
            let held = routed.is_some_and(|routed| routed.next_beat(self.now) > self.now);
            self.claim(!has_news || waits || disabled || held, || {
                format!("{card:?} has news and does not wait")
            });
        }
    }

    /// Nobody believes that something is over which fires, and whoever believes that something
    /// fires will hear its end: it is on a card of theirs.
    fn check_people_know(&mut self, kept: &Kept) {
        let seen: Vec<_> = self.seen.iter().map(|(key, told)| (*key, *told)).collect();
        for (key @ ((chat, _), incident), told) in seen {
            let over = !kept.fires(incident) && !tells_ends(chat);
            if told.ended {
                self.claim(!kept.fires(incident), || {
                    format!("{chat} was told that {incident:?} is over, but it fires")
                });
            } else if !over && !self.refused.contains(&key) {
                self.claim(kept.heard.contains(&key), || {
                    format!(
                        "{chat} was told that {incident:?} fires, and no card will tell its end"
                    )
                });
            }
        }
    }

    /// What fires is on a card of every chat that has a subscription for it.
    fn check_nobody_is_forgotten(&mut self, kept: &Kept) {
        for subscription in &kept.snapshot.subscriptions {
            let chat = subscription.chat;
            for incident in kept.firing() {
                let selected = match &subscription.selector {
                    Selector::All => true,
                    Selector::Title(text) => incident.name().to_lowercase().contains(&**text),
                    Selector::Labels(_) => false,
                };
                self.claim(
                    !selected || kept.shown.contains(&(chat.into(), incident.id)),
                    || format!("{} fires and is on no card of {chat}", incident.labels),
                );
            }
        }
    }

    /// After time passed, nothing is left that should have happened by now.
    pub(super) fn check_time(&mut self) {
        let now = self.now;
        let due = self.engine.next_due();
        self.claim(due.is_none_or(|due| due > now), || {
            format!("something was due at {due:?} and is not done at {now:?}")
        });
        let kept = self.store.snapshot(now).unwrap();
        // What is stored of an end lags behind repeats, and a restart grants some time.
        let granted_until = self.restored_at.after(EXPIRY_GRACE);
        let over = |expires: Option<Expiry>| {
            expires.is_some_and(|expires| granted_until.max(expires.at.after(EXPIRY_LAG)) <= now)
        };
        for incident in &kept.incidents {
            self.claim(incident.ended() || !over(incident.expires), || {
                format!("{incident:?} should have expired by {now:?}")
            });
        }
    }

    /// Whether somebody was told of a later life of the same alert, which fires, or is taken to
    /// know of it.
    fn fires_again(&self, kept: &Kept, (there, id): (Listener, IncidentId)) -> bool {
        let Some(incident) = kept.incident(id) else {
            return false;
        };
        kept.firing().any(|later| {
            let key = (there, later.id);
            later.id > id
                && later.fingerprint == incident.fingerprint
                && (self.seen.contains_key(&key) || self.refused.contains(&key))
        })
    }

    /// Once everything was delivered, everyone knows how things are.
    pub(super) fn check_end(&mut self) {
        let kept = Kept::of(self);
        let seen: Vec<_> = self.seen.iter().map(|(key, told)| (*key, *told)).collect();
        for (key @ ((chat, _), incident), told) in seen {
            let right = told.ended != kept.fires(incident)
                || !tells_ends(chat)
                || self.refused.contains(&key)
                || (!told.ended && self.fires_again(&kept, key));
            self.claim(right, || {
                let state = if told.ended { "over" } else { "firing" };
                format!("{chat} was told last that {incident:?} is {state}")
            });
        }
        for card in &kept.snapshot.cards {
            for incident in card.members.keys().filter_map(|id| kept.incident(*id)) {
                let key = (listener(card.destination, card.id), incident.id);
                let told = self.seen.contains_key(&key)
                    || self.missed.contains(&key)
                    || self.refused.contains(&key);
                let nothing_to_tell = incident.ended() || !self.is_led(card, incident);
                self.claim(told || nothing_to_tell, || {
                    format!("{} was not told of {incident:?}", card.destination)
                });
            }
        }
        let endless = |silence: &Silence| silence.phase != Phase::Expired;
        self.claim(!kept.snapshot.silences.iter().any(endless), || {
            format!("they never end: {:?}", kept.snapshot.silences)
        });
        self.claim(kept.snapshot.deliveries.is_empty(), || {
            format!("left over: {:?}", kept.snapshot.deliveries)
        });
        for card in &kept.snapshot.cards {
            let fires = card.members.keys().any(|id| kept.fires(*id));
            self.claim(fires, || {
                format!("a card of nothing that fires is kept: {card:?}")
            });
            self.claim(!card.behind, || format!("left behind: {card:?}"));
        }
    }
}

/// Whether the card's place was told that a later life of the alert fires: then nobody is wrong who
/// believes that it does.
fn known_to_fire_again(kept: &Kept, card: &Card, incident: &Incident) -> bool {
    card.members.iter().any(|(later, told)| {
        let same = |later: &Incident| later.fingerprint == incident.fingerprint;
        *later > incident.id
            && told.edition > 0
            && !told.ended
            && kept.incident(*later).is_some_and(same)
    })
}

/// What may not be told to anyone new.
impl World {
    /// Whether nothing new may be told on a card.
    fn muted(&self, kept: &Snapshot, card: &Card) -> bool {
        let mut chats = kept.chats.iter();
        let chat = chats.find(|chat| card.destination == chat.key.into());
        let until = chat.and_then(|chat| chat.muted_until);
        until.is_some_and(|until| until > self.now) || self.off_hours(card)
    }

    /// Whether it is none of the hours of a card's route.
    fn off_hours(&self, card: &Card) -> bool {
        let muting = || {
            let hours = &card.routed.as_ref()?.hours;
            let calendar = &self.settings.routing.as_ref()?.calendar;
            Some(!calendar.muting(hours, self.now).is_empty())
        };
        muting().unwrap_or_default()
    }

    /// Whether an incident is silenced, or explained while it fires.
    fn hushed(&self, kept: &Snapshot, incident: &Incident) -> bool {
        let mut silences = kept.silences.iter();
        let silenced = silences.any(|silence| {
            silence.active() && self.now < silence.ends_at && silence.covers(&incident.labels)
        });
        silenced || (!incident.ended() && self.explained(kept, incident))
    }

    /// Whether another incident explains this one: asked of all, for no rule of this simulation
    /// has an alert on both of its sides.
    fn explained(&self, kept: &Snapshot, incident: &Incident) -> bool {
        let all = |list: &[Matcher], of: &Incident| list.iter().all(|one| one.matches(&of.labels));
        self.settings.inhibit_rules.iter().any(|rule| {
            let equal = |other: &Incident| {
                let mut names = rule.equal.iter();
                names.all(|name| other.labels.value(name) == incident.labels.value(name))
            };
            let mut sources = kept.incidents.iter().filter(|other| !other.ended());
            all(&rule.target, incident)
                && sources.any(|other| all(&rule.source, other) && equal(other))
        })
    }
}
