//! What the engine asks the store to keep, and what it gets back at a start.
//!
//! The engine's decisions leave it as a list of [`Change`]s; the store applies such a list in one
//! transaction or not at all. A [`Snapshot`] is everything that the engine needs to go on.

use std::sync::Arc;

use crate::card::{Card, CardId, Told};
use crate::chat::{BotId, Chat, ChatKey, Invite, MadeBot, Person, PersonId};
use crate::delivery::{Attempt, Delivery, DeliveryId, Done};
use crate::history::Entry;
use crate::incident::{Incident, IncidentId};
use crate::monitor::record::{Edge, Ping, Record};
use crate::monitor::{MonitorId, State};
use crate::silence::{Silence, SilenceId};
use crate::subscription::{Subscription, SubscriptionId};
use crate::time::Timestamp;
use crate::token::Token;

/// One thing to keep or to forget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An incident as it is now. Refused unless its revision is above the stored one.
    Incident(Arc<Incident>),
    /// A chat as it is now.
    Chat(Chat),
    /// A chat that is spoken in no more.
    ChatGone(ChatKey),
    /// A person as they are now.
    Person(Person),
    /// A person who may use the bots no more.
    PersonGone(PersonId),
    /// An invitation that is open now.
    Invite(Invite),
    /// An invitation that was used or ran out.
    InviteGone([u8; 32]),
    /// A subscription as it is now.
    Subscription(Subscription),
    /// A subscription that ended.
    SubscriptionGone(SubscriptionId),
    /// A card as it is now; its ledger is left out and stays as it is.
    Card(Box<Card>),
    /// A card that is done, with its ledger.
    CardGone(CardId),
    /// The ledger's entry for one incident on one card.
    Told {
        /// Which card.
        card: CardId,
        /// Which incident.
        incident: IncidentId,
        /// What the chat knows of it.
        told: Told,
    },
    /// An incident that left a card.
    ToldGone {
        /// Which card.
        card: CardId,
        /// Which incident.
        incident: IncidentId,
    },
    /// A delivery as it waits now.
    Delivery(Delivery),
    /// A delivery that waits no more and leaves no trace.
    DeliveryGone(DeliveryId),
    /// A delivery that waits no more, for the history; it leaves the outbox.
    DeliveryDone(Box<Done>),
    /// An attempt that did not go through.
    Attempt(Attempt),
    /// What happened to an incident, for the history.
    Entry(Box<Entry>),
    /// A silence as it is now.
    Silence(Arc<Silence>),
    /// A silence that is forgotten.
    SilenceGone(SilenceId),
    /// A monitor as it is defined now; its state is left out and stays as it is.
    Monitor(Box<Record>),
    /// What is known of a monitor now.
    MonitorState(MonitorId, Box<State>),
    /// A monitor that is watched no more, with its history.
    MonitorGone(MonitorId),
    /// From a moment on a monitor has another status; it takes the place of the edges at and after
    /// that moment.
    Edge(Box<Edge>),
    /// What monitors were before then is forgotten, but for how they stood at that moment.
    EdgesGone(Timestamp),
    /// A sign of life; the oldest ones of the monitor are forgotten.
    Ping(Box<Ping>),
    /// Up to when monitors have been watched.
    WatchedUntil(Timestamp),
    /// A token of the API as it is now.
    Token(Box<Token>),
    /// The name of a token that admits to nothing any more.
    TokenGone(String),
    /// An answer that is given again; those of too long ago and too many of one asker are forgotten.
    Given(Box<Given>),
    /// A bot that is not of the configuration, as it is now.
    Bot(Box<MadeBot>),
    /// A bot that nothing uses any more.
    BotGone(BotId),
    /// The last update of a bot that was dealt with.
    Offset(BotId, Offset),
    /// No number up to this one is free.
    NumbersUsed(i64),
}

/// An answer of the API that is given again to whoever sends the same request with the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Who asked: a digest of the token and of what it might do.
    pub asker: [u8; 32],
    /// The key of the asker's choice.
    pub key: String,
    /// A digest of the request.
    pub print: [u8; 32],
    /// When it was answered.
    pub at: Timestamp,
    /// The HTTP status.
    pub status: u16,
    /// What was answered, in JSON.
    pub body: Vec<u8>,
}

/// How far a bot's updates have been dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    /// The number of the last update.
    pub update_id: i64,
    /// When it came. After a quiet week Telegram begins anew with a random number.
    pub at: Timestamp,
}

/// Everything the engine needs to go on where it stopped. Order does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Those that have not ended, are on a card, or ended within the asked time.
    pub incidents: Vec<Incident>,
    /// All chats.
    pub chats: Vec<Chat>,
    /// All people.
    pub people: Vec<Person>,
    /// All open invitations.
    pub invites: Vec<Invite>,
    /// All subscriptions.
    pub subscriptions: Vec<Subscription>,
    /// All silences that are not forgotten.
    pub silences: Vec<Silence>,
    /// All cards with their ledgers.
    pub cards: Vec<Card>,
    /// The outbox.
    pub deliveries: Vec<Delivery>,
    /// The bots that are not of the configuration.
    pub bots: Vec<MadeBot>,
    /// Per bot, how far its updates have been dealt with.
    pub offsets: Vec<(BotId, Offset)>,
    /// No number up to this one is free.
    pub numbers_used: i64,
}
