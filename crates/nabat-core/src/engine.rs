//! The state of the alert path, and every decision about it.
//!
//! Each public method of [`Engine`] that takes `&mut` is one step: it is given the moment, changes
//! the state, and adds to [`Effects`] what has to be stored and who waits for a courier. The
//! caller stores the changes in one transaction and only then acts or answers; if they can't be
//! stored, it throws the engine away and restores it from the store.
//!
//! In reading order: `settings`, `alerts` (what sources say), `amend` (of ends), `cards` (who must be
//! told), `ways` (by which of the routes that lead there), `subscribed` (what subscriptions change),
//! `announce` (what is to be said, and when), `couriers` (handing deliveries out and taking outcomes
//! back), `uncertain` (answers that got lost), `hands` (what is on its way), `outbox` (what waits and
//! for how long), `reach` (chats that can't be told, and fallbacks), `hush` (acknowledgements),
//! `silences`, `hold` (inhibition and the hours of routes), `chats` (what bots hear), `talk` (what
//! people ask for), `wish` (what they ask of the monitors), `own_chats` (where a monitor tells by
//! itself, and the bots for it), `buttons` (what they press on a card), `people` and `who` (who may),
//! `history` (what is kept of incidents), `overview` (what fires, for readers), `figures`.

mod alerts;
mod amend;
mod announce;
mod buttons;
mod cards;
mod chats;
mod couriers;
mod figures;
mod hands;
mod history;
mod hold;
mod hush;
mod outbox;
mod overview;
mod own_chats;
mod people;
mod reach;
mod settings;
mod silences;
mod subscribed;
mod talk;
#[cfg(test)]
mod tests;
mod uncertain;
mod ways;
mod who;
pub mod wish;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::alert::Fingerprint;
use crate::card::{Card, CardId, Through};
use crate::change::{Change, Offset, Snapshot};
use crate::chat::{BotId, Chat, ChatKey, Invite, Person, PersonId, Role};
use crate::delivery::{Content, Delivery, DeliveryId, Waiting};
use crate::destination::{Destination, Outlet};
use crate::incident::{GroupKey, Incident, IncidentId, Pulse};
use crate::inhibition::Inhibitions;
use crate::message::words::Locale;
use crate::route::{Hours, Sorter, Takers, Timing};
use crate::shards::Shards;
use crate::sieve::Sieve;
use crate::silence::SilenceId;
use crate::subscription::index::Index;
use crate::subscription::{Subscription, SubscriptionId};
use crate::time::Timestamp;

use hands::{Before, Hand};
use wish::Wish;

pub use alerts::Refusal;
pub use chats::{Event, Heard, Speaker};
pub use figures::Figures;
pub use outbox::{Dropped, Pending, Wanted};
pub use overview::{Firing, Overview, SUBSCRIBERS};
pub use own_chats::{OwnChat, Watched};
pub use settings::{Fallback, Settings};
pub use talk::LookBack;
pub use who::Subscribed;

/// How many numbers are set aside at a time, so that giving one costs no write.
const NUMBERS_AT_A_TIME: i64 = 1_000;

/// What has to be stored, and what then waits for a courier.
#[derive(Debug, Default)]
pub struct Effects {
    /// In order; all or nothing.
    pub changes: Vec<Change>,
    /// Deliveries that are new or more urgent than before.
    pub waiting: Vec<Waiting>,
    /// What people wish of the monitors.
    pub wishes: Vec<Wish>,
}

/// The state of the alert path.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    started_at: Timestamp,
    last_news_at: Option<Timestamp>,
    ticked_at: Timestamp,
    incidents: Shards<Known>,
    open: HashMap<Fingerprint, IncidentId>,
    /// Lives that ended a moment ago, to tell late news from a new life.
    ended_lately: HashMap<Fingerprint, Ended>,
    cards: HashMap<CardId, OnDuty>,
    cards_at: HashMap<Destination, BTreeMap<(Through, GroupKey), CardId>>,
    /// Cards of routes that have yet to learn what the configuration says of them, and what a route
    /// of another group says.
    unrouted: BTreeMap<CardId, Option<(Timing, Hours)>>,
    /// Cards that changed in this step: each is looked at once, at its end.
    touched: BTreeSet<CardId>,
    /// What couriers had before what is not stored yet.
    before: Before,
    deliveries: BTreeMap<DeliveryId, Delivery>,
    chats: HashMap<ChatKey, Chat>,
    people: HashMap<PersonId, Person>,
    invites: HashMap<[u8; 32], Invite>,
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
    index: Index,
    own_chats: own_chats::OwnChats,
    /// The bots that are not of the configuration, and since when nothing uses each.
    made_bots: HashMap<BotId, own_chats::Made>,
    sorter: Sorter,
    inhibitions: Inhibitions,
    /// Of whom it is decided at the end of this step whether they are inhibited.
    affected: BTreeSet<IncidentId>,
    silences: silences::Book,
    named: silences::Named,
    /// Silences that people were asked about and have not confirmed.
    proposals: talk::Proposals,
    /// Critical deliveries, the oldest first; some may be gone by now.
    criticals: BTreeSet<(Timestamp, DeliveryId)>,
    /// The own alert about a late critical delivery fires.
    late: bool,
    offsets: HashMap<BotId, Offset>,
    timers: BTreeSet<(Timestamp, Timer)>,
    next_number: i64,
    numbers_used: i64,
}

/// An incident in memory, and the cards that show it.
#[derive(Debug, Clone)]
struct Known {
    incident: Arc<Incident>,
    /// Its signs of life, of which the incident may be a step behind.
    pulse: Pulse,
    /// Of its labels, which never change.
    sieve: Sieve,
    takers: Takers,
    cards: Vec<CardId>,
    /// Until when a silence covers it.
    silenced_until: Option<Timestamp>,
    /// Which alert that fires explains it, or did when it ended.
    inhibited_by: Option<Fingerprint>,
    /// The edition at which somebody took it, let go of it or silenced it last. Messages show that at
    /// once: their deliveries wait in the outbox from then on, so it is known in memory only.
    marked: u32,
    /// Whether it may be over already: its source spoke of a time before an end that another named.
    /// Nobody is told until it is sure.
    doubtful: bool,
}

/// A card in memory, and the delivery that waits for it.
#[derive(Debug)]
struct OnDuty {
    card: Card,
    delivery: Option<DeliveryId>,
    hand: Hand,
    /// What no route leads there any more: all that is still told of it is its end.
    left: BTreeSet<IncidentId>,
    /// Something stays there only because a courier has a message of it.
    strays: bool,
    /// It has the timing and the hours of a route of another group, for want of one of its own.
    adopted: bool,
    /// It has news for its beat: until then what joins it changes nothing.
    awaits_beat: bool,
}

impl OnDuty {
    fn of(card: Card) -> Self {
        Self {
            card,
            delivery: None,
            hand: Hand::default(),
            left: BTreeSet::new(),
            strays: false,
            adopted: false,
            awaits_beat: false,
        }
    }
}

/// The end of a life.
#[derive(Debug, Clone, Copy)]
struct Ended {
    /// The life, which may be forgotten already.
    incident: IncidentId,
    /// Since when, according to the source.
    at: Timestamp,
    /// Whether its source said so: one that fell silent may be heard again any time.
    said: bool,
    /// Until when it is remembered.
    remembered_until: Timestamp,
    /// Whether it was said of a life that was doubtful: then the next one is not.
    disputed: bool,
    /// See [`Incident::flaps`].
    flaps: u32,
}

/// Something to look at when its time comes. Whether it is still due is decided then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Incident(IncidentId),
    /// A doubtful life is told if it is not over by now.
    Confirmed(IncidentId),
    Unmute(ChatKey),
    EndedLately(Fingerprint),
    /// A card of a route may speak, or repeats; or somebody else is told instead.
    Card(CardId),
    /// The hours of a route begin or end by which something on a card could be told, too.
    Ways(CardId),
    Acknowledgement(IncidentId),
    Silence(SilenceId),
    /// A bot that is not of the configuration may not be needed any more.
    Bot(BotId),
    /// A critical delivery has waited for so long that it is alarming: looked at after each step.
    Late,
}

impl Engine {
    /// For how long a life's end is remembered, to tell late news from a new life.
    pub const REORDER_WINDOW: Duration = Duration::from_secs(300);

    /// Goes on from what the store kept when the last process ended.
    pub fn restore(
        now: Timestamp,
        settings: Settings,
        snapshot: Snapshot,
        out: &mut Effects,
    ) -> Self {
        let mut engine = Self::of(now, settings, snapshot, out);
        engine.doubt_all();
        engine.go_on(now, out);
        engine
    }

    /// Goes on from what the store kept after a commit failed. What couriers have stays theirs.
    pub fn recover(
        &self,
        now: Timestamp,
        settings: Settings,
        snapshot: Snapshot,
        out: &mut Effects,
    ) -> Self {
        let mut engine = Self::of(now, settings, snapshot, out);
        engine.take_over(self);
        engine.started_at = self.started_at;
        engine.last_news_at = self.last_news_at;
        engine.go_on(now, out);
        engine
    }

    /// An engine that holds what the store kept.
    fn of(now: Timestamp, settings: Settings, snapshot: Snapshot, out: &mut Effects) -> Self {
        let index = Index::new(snapshot.subscriptions.iter().map(|s| (s.id, &s.selector)));
        let own_chats = own_chats::OwnChats::of(&snapshot.subscriptions);
        let inhibitions = Inhibitions::new(&settings.inhibit_rules);
        let sorter = Sorter::new(overview::routing(&settings));
        let mut engine = Self {
            settings,
            started_at: now,
            last_news_at: None,
            ticked_at: now,
            incidents: Shards::new(),
            open: HashMap::with_capacity(snapshot.incidents.len()),
            ended_lately: HashMap::new(),
            cards: HashMap::new(),
            cards_at: HashMap::new(),
            unrouted: BTreeMap::new(),
            touched: BTreeSet::new(),
            before: Before::default(),
            deliveries: BTreeMap::new(),
            chats: by(snapshot.chats, |chat| chat.key),
            people: by(snapshot.people, |person| person.id),
            invites: by(snapshot.invites, |invite| invite.code_hash),
            subscriptions: snapshot
                .subscriptions
                .into_iter()
                .map(|subscription| (subscription.id, subscription))
                .collect(),
            index,
            own_chats,
            made_bots: by(
                snapshot.bots.into_iter().map(own_chats::Made::of).collect(),
                |made| made.bot.id,
            ),
            sorter,
            inhibitions,
            affected: BTreeSet::new(),
            silences: silences::Book::new(snapshot.silences),
            named: silences::Named::default(),
            proposals: talk::Proposals::default(),
            criticals: BTreeSet::new(),
            late: false,
            offsets: snapshot.offsets.into_iter().collect(),
            timers: BTreeSet::new(),
            next_number: snapshot.numbers_used + 1,
            numbers_used: snapshot.numbers_used,
        };
        for incident in snapshot.incidents {
            let pulse = engine.granted(now, &incident);
            engine.remember(now, Arc::new(incident), pulse);
        }
        for card in snapshot.cards {
            engine.put_card(card);
        }
        for delivery in snapshot.deliveries {
            engine.put_delivery(delivery, out);
        }
        engine.look_at_all_bots(now);
        engine.follow_clock(now, out);
        engine.decide_inhibitions();
        engine.late = engine.tells_of_late();
        engine.resume_silences(now, out);
        for chat in engine.chats.values() {
            if let Some(until) = chat.muted_until {
                engine.timers.insert((until, Timer::Unmute(chat.key)));
            }
        }
        engine
    }

    /// Decides again whatever was being decided.
    fn go_on(&mut self, now: Timestamp, out: &mut Effects) {
        self.decide_anew(now, out);
        self.forget_untold();
    }

    /// Takes over a changed configuration. What waits for bots and integrations that there are no
    /// more is dropped, the cards of those integrations too; what fires is told by the routes that
    /// there are now.
    pub fn configure(&mut self, now: Timestamp, settings: Settings, out: &mut Effects) {
        let other_rules = settings.inhibit_rules != self.settings.inhibit_rules;
        self.settings = settings;
        self.sort_anew();
        if other_rules {
            self.inhibit_anew();
        }
        self.decide_anew(now, out);
    }

    /// Decides of everything what the configuration says of it now.
    fn decide_anew(&mut self, now: Timestamp, out: &mut Effects) {
        self.set_windows(now, out);
        self.drop_uncarried(out);
        self.arrange_all(now, out);
        self.touched.extend(self.cards.keys());
        self.announce_touched(now, out);
    }

    /// When [`Engine::tick`] has something to do, at the earliest.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Does what time alone brings: ends, silence of sources, ends of mutes.
    pub fn tick(&mut self, now: Timestamp, out: &mut Effects) {
        /// So that a flood of timers delays nobody for long; the rest follows at once.
        const TIMERS_AT_A_TIME: usize = 1_000;
        if now < self.ticked_at {
            // The clock was set back: what cards wait for may be far away or has passed.
            self.follow_clock(now, out);
            self.touched.extend(self.cards.keys());
            self.look_at_all_ways(now);
        }
        self.ticked_at = now;
        for _ in 0..TIMERS_AT_A_TIME {
            let Some((_, timer)) = self.timers.first().copied().filter(|(at, _)| *at <= now) else {
                break;
            };
            self.timers.pop_first();
            match timer {
                Timer::Incident(id) => self.look_at_incident(now, id, out),
                Timer::Unmute(chat) => self.unmute_if_due(now, chat, out),
                Timer::Card(card) => {
                    self.touched.insert(card);
                }
                Timer::Ways(card) => self.look_at_ways(now, card, out),
                Timer::Acknowledgement(id) => self.outlive_acknowledgement(now, id, out),
                Timer::Silence(id) => self.look_at_silence(now, id, out),
                Timer::Confirmed(id) => self.confirm(id),
                Timer::Bot(bot) => self.look_at_bot(now, bot, out),
                Timer::Late => {}
                Timer::EndedLately(fingerprint) => self.forget_end(now, fingerprint),
            }
        }
        self.announce_touched(now, out);
    }

    /// Whether anyone is an owner.
    pub fn has_owner(&self) -> bool {
        self.people
            .values()
            .any(|person| person.role == Role::Owner)
    }

    /// How far the bot's updates have been dealt with.
    pub fn offset(&self, bot: BotId) -> Option<i64> {
        self.offsets.get(&bot).map(|offset| offset.update_id)
    }

    /// The deliveries that wait for the outlet's courier.
    pub fn waiting(&self, outlet: Outlet) -> impl Iterator<Item = Waiting> {
        self.deliveries
            .values()
            .filter(move |delivery| delivery.destination.outlet() == outlet)
            .map(Delivery::waiting)
    }

    fn number(&mut self, out: &mut Effects) -> i64 {
        let number = self.next_number;
        self.next_number += 1;
        if number > self.numbers_used {
            self.numbers_used = number + NUMBERS_AT_A_TIME;
            out.changes.push(Change::NumbersUsed(self.numbers_used));
        }
        number
    }

    fn locale(&self, chat: ChatKey) -> Locale {
        let chosen = self.chats.get(&chat);
        let zone = chosen
            .and_then(|chat| chat.zone.as_deref())
            .and_then(|name| TimeZone::get(name).ok());
        Locale {
            language: chosen
                .and_then(|chat| chat.language)
                .unwrap_or(self.settings.locale.language),
            zone: zone.unwrap_or_else(|| self.settings.locale.zone.clone()),
        }
    }

    fn locale_at(&self, destination: Destination) -> Locale {
        destination
            .chat()
            .map_or_else(|| self.settings.locale.clone(), |chat| self.locale(chat))
    }

    /// Puts a delivery into the outbox and the couriers' view of it.
    fn put_delivery(&mut self, delivery: Delivery, out: &mut Effects) {
        out.waiting.push(delivery.waiting());
        self.note_critical(&delivery);
        if let Content::Card(card) = delivery.content
            && let Some(on_duty) = self.cards.get_mut(&card)
        {
            on_duty.delivery = Some(delivery.id);
        }
        self.deliveries.insert(delivery.id, delivery);
    }
}

fn by<K: std::hash::Hash + Eq, V>(items: Vec<V>, key: impl Fn(&V) -> K) -> HashMap<K, V> {
    items.into_iter().map(|item| (key(&item), item)).collect()
}
