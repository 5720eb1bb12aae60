//! The chats that monitors tell by themselves, and the bots whose tokens came in for that.
//!
//! A monitor's own chat is told by a subscription like any other; it is made with the monitor and
//! goes with it, in the same commit. Who is told so may also answer. A bot that is not of the
//! configuration is kept for as long as any chat subscribes with it, and then until what is under
//! way to its chats is told, for an hour at the most.

use std::collections::HashMap;
use std::time::Duration;

use super::{Effects, Engine, Refusal, Timer};
use crate::alert::{Labels, News};
use crate::change::Change;
use crate::chat::{BotId, ChatKey, MadeBot, PersonId};
use crate::destination::Destination;
use crate::monitor::MonitorId;
use crate::monitor::record::Origin;
use crate::subscription::{MONITOR, Selector, Subscription, SubscriptionId};
use crate::time::Timestamp;

/// How long after nothing uses a bot it is looked whether it still has something to tell.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// For how long a bot that nothing uses may still tell what is under way.
const LINGER_MAX: Duration = Duration::from_secs(3_600);

/// What the watch decided: to be kept at once, with what follows from it here.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    /// What is to be kept as it is.
    pub changes: Vec<Change>,
    /// What fires, and what does not any more.
    pub news: Vec<News>,
    /// Bots that are not of the configuration, for `own_chats`.
    pub bots: Vec<MadeBot>,
    /// Which chats monitors tell by themselves.
    pub own_chats: Vec<OwnChat>,
}

/// Which chat a monitor tells by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnChat {
    /// The monitor.
    pub monitor: MonitorId,
    /// What it is called.
    pub name: String,
    /// The chat; none: it tells nobody by itself.
    pub chat: Option<ChatKey>,
    /// The chat's name, if it is known.
    pub title: String,
}

/// The subscriptions that belong to monitors.
#[derive(Debug, Default)]
pub(super) struct OwnChats {
    of_monitors: HashMap<MonitorId, SubscriptionId>,
    /// How many there are in each chat, whatever the topic.
    in_chats: HashMap<(BotId, i64), usize>,
}

/// A bot that is not of the configuration.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) bot: MadeBot,
    /// Since when nothing uses it.
    unused_since: Option<Timestamp>,
}

impl OwnChats {
    pub(super) fn of(subscriptions: &[Subscription]) -> Self {
        let mut own = Self::default();
        subscriptions.iter().for_each(|known| own.add(known));
        own
    }

    pub(super) fn add(&mut self, subscription: &Subscription) {
        if let Some(monitor) = subscription.monitor {
            self.of_monitors.insert(monitor, subscription.id);
            let place = (subscription.chat.bot, subscription.chat.chat);
            *self.in_chats.entry(place).or_default() += 1;
        }
    }

    pub(super) fn remove(&mut self, subscription: &Subscription) {
        if let Some(monitor) = subscription.monitor {
            self.of_monitors.remove(&monitor);
            let place = (subscription.chat.bot, subscription.chat.chat);
            if let Some(count) = self.in_chats.get_mut(&place) {
                *count -= 1;
                if *count == 0 {
                    self.in_chats.remove(&place);
                }
            }
        }
    }

    /// Whether any monitor tells this chat by itself.
    pub(super) fn has(&self, bot: BotId, chat: i64) -> bool {
        self.in_chats.contains_key(&(bot, chat))
    }
}

impl Made {
    pub(super) const fn of(bot: MadeBot) -> Self {
        Self {
            bot,
            unused_since: None,
        }
    }
}

impl Engine {
    /// Takes what the watch decided.
    ///
    /// # Errors
    /// When there are too many subscriptions: nothing was taken then. When there are too many incidents:
    /// all was taken but what would open more.
    pub fn take_watched(
        &mut self,
        now: Timestamp,
        watched: Watched,
        out: &mut Effects,
    ) -> Result<(), Refusal> {
        let limit = self.settings.subscriptions_max;
        let new = watched.own_chats.iter().filter(|own| {
            own.chat.is_some() && !self.own_chats.of_monitors.contains_key(&own.monitor)
        });
        if self.subscriptions.len() + new.count() > limit {
            return Err(Refusal::TooManySubscriptions { limit });
        }
        let heard = self.news(now, watched.news, out);
        for bot in watched.bots {
            self.keep_bot(bot, out);
        }
        for change in watched.changes {
            match &change {
                Change::MonitorGone(monitor) => self.forget_own_chat(now, *monitor, out),
                // What the configuration takes over tells nobody by itself.
                Change::Monitor(record) if record.origin == Origin::Config => {
                    self.forget_own_chat(now, record.id, out);
                }
                _ => {}
            }
            out.changes.push(change);
        }
        for own in &watched.own_chats {
            self.set_own_chat(now, own, out);
        }
        self.announce_touched(now, out);
        heard
    }

    /// The bots that are not of the configuration.
    pub fn made_bots(&self) -> impl Iterator<Item = &MadeBot> {
        self.made_bots.values().map(|made| &made.bot)
    }

    fn keep_bot(&mut self, bot: MadeBot, out: &mut Effects) {
        let known = self.made_bots.get(&bot.id).map(|made| &made.bot);
        let same = |known: &MadeBot| (&known.token, &known.username) == (&bot.token, &bot.username);
        if !known.is_some_and(same) {
            out.changes.push(Change::Bot(Box::new(bot.clone())));
            self.made_bots.insert(bot.id, Made::of(bot));
        }
    }

    fn set_own_chat(&mut self, now: Timestamp, own: &OwnChat, out: &mut Effects) {
        if let Some(chat) = own.chat {
            self.name_chat(chat, &own.title, out);
            // Telegram said a moment ago that the bot may write there.
            self.enable(now, chat, out);
        }
        let selector = Selector::of_monitor(&own.name);
        let known = self.own_chats.of_monitors.get(&own.monitor);
        let known = known.and_then(|id| self.subscriptions.get(id));
        let same =
            |known: &Subscription| Some(known.chat) == own.chat && known.selector == selector;
        if known.is_some_and(same) {
            return;
        }
        self.forget_own_chat(now, own.monitor, out);
        let Some(chat) = own.chat else {
            return;
        };
        if let Some(id) = self.subscribed_to(chat, &own.name, &selector) {
            // Somebody there asked for the same before.
            self.forget_subscription(chat, id, out);
        }
        let subscription = Subscription {
            id: SubscriptionId(self.number(out)),
            chat,
            selector,
            created_by: PersonId::default(),
            created_at: now,
            monitor: Some(own.monitor),
        };
        self.add_subscription(subscription, out);
    }

    fn forget_own_chat(&mut self, now: Timestamp, monitor: MonitorId, out: &mut Effects) {
        let known = self.own_chats.of_monitors.get(&monitor).copied();
        let known = known.and_then(|id| self.subscriptions.get(&id));
        if let Some((chat, id)) = known.map(|known| (known.chat, known.id)) {
            self.remove_subscription(now, chat, id, out);
        }
    }

    fn name_chat(&mut self, key: ChatKey, title: &str, out: &mut Effects) {
        let new = !self.chats.contains_key(&key);
        let chat = self.chat_or_new(key);
        if new || (!title.is_empty() && chat.title != title) {
            title.clone_into(&mut chat.title);
            out.changes.push(Change::Chat(chat.clone()));
        }
    }

    /// The subscription of a chat to just the alerts of the monitor of this name.
    fn subscribed_to(
        &self,
        chat: ChatKey,
        name: &str,
        selector: &Selector,
    ) -> Option<SubscriptionId> {
        let labels: Labels = [(MONITOR, name)].into_iter().collect();
        let found = self.index.find(&labels, "");
        let mut found = found.iter().filter_map(|id| self.subscriptions.get(id));
        let same = |known: &&Subscription| {
            known.chat == chat && known.selector == *selector && known.monitor.is_none()
        };
        found.find(same).map(|known| known.id)
    }

    /// Has it looked at soon whether a bot is still needed.
    pub(super) fn look_at_bot_soon(&mut self, bot: BotId) {
        if self.made_bots.contains_key(&bot) {
            let soon = self.ticked_at.after(LOOK_AGAIN);
            self.timers.insert((soon, Timer::Bot(bot)));
        }
    }

    /// After a start: those that were not needed any more are not known.
    pub(super) fn look_at_all_bots(&mut self, now: Timestamp) {
        let soon = now.after(LOOK_AGAIN);
        let bots = self.made_bots.keys();
        self.timers.extend(bots.map(|bot| (soon, Timer::Bot(*bot))));
    }

    /// Forgets a bot that nothing uses any more.
    pub(super) fn look_at_bot(&mut self, now: Timestamp, bot: BotId, out: &mut Effects) {
        let used = self.subscriptions.values().any(|s| s.chat.bot == bot);
        let telling = self.is_telling(bot);
        let Some(made) = self.made_bots.get_mut(&bot) else {
            return;
        };
        if used {
            made.unused_since = None;
            return;
        }
        let since = *made.unused_since.get_or_insert(now);
        if telling && now.since(since) < LINGER_MAX {
            self.timers.insert((now.after(LOOK_AGAIN), Timer::Bot(bot)));
            return;
        }
        self.made_bots.remove(&bot);
        out.changes.push(Change::BotGone(bot));
        self.drop_uncarried(out);
    }

    /// Whether something is under way to a chat of the bot, or will be: what was told is told its end.
    fn is_telling(&self, bot: BotId) -> bool {
        let of_bot = |at: &Destination| at.chat().is_some_and(|chat| chat.bot == bot);
        let waits = self.deliveries.values().any(|d| of_bot(&d.destination));
        let mut cards = self.cards.values().map(|on_duty| &on_duty.card);
        waits || cards.any(|card| of_bot(&card.destination) && !card.members.is_empty())
    }
}
