//! What `/status` tells: how Nabat is, this chat, and to its owners everyone who can't be told.

use std::collections::HashMap;

use super::Request;
use crate::delivery::Delivery;
use crate::destination::Destination;
use crate::engine::Engine;
use crate::message::answer::{ChatStatus, Queue};

impl Engine {
    pub(super) fn status(&self, request: &Request<'_>) -> ChatStatus {
        let mut queues = self.queues();
        let here = queues.remove(&request.chat.into()).unwrap_or_default();
        // A group would read the names of other chats.
        let elsewhere = if request.chat.is_private() && self.is_owner(request.speaker) {
            self.named(queues)
        } else {
            Vec::new()
        };
        ChatStatus {
            version: self.settings.version.to_owned(),
            up_since: self.started_at,
            firing: self.open.len(),
            last_news_at: self.last_news_at,
            silences: self.silences().filter(|known| known.active()).count(),
            subscriptions: self.subscriptions_of(request.chat).len(),
            routes: self.routed(request.chat).len(),
            muted_until: self.muted_until(request),
            here,
            elsewhere,
            waiting_total: self.deliveries.len(),
        }
    }

    /// What waits for each destination for which something does, or which takes no messages.
    fn queues(&self) -> HashMap<Destination, Queue> {
        let mut queues: HashMap<Destination, Queue> = HashMap::new();
        for delivery in self.deliveries.values() {
            let queue = queues.entry(delivery.destination).or_default();
            count(queue, delivery);
        }
        for chat in self.chats.values() {
            if let Some(disabled) = &chat.disabled {
                let queue = queues.entry(chat.key.into()).or_default();
                queue.disabled = Some(disabled.reason.clone());
            }
        }
        queues
    }

    fn named(&self, queues: HashMap<Destination, Queue>) -> Vec<(String, Queue)> {
        let mut named: Vec<(String, Queue)> = queues
            .into_iter()
            .map(|(destination, queue)| (self.name_of(destination), queue))
            .collect();
        named.sort_by(|(a_name, a), (b_name, b)| {
            let order = a.badness().cmp(&b.badness());
            order.then_with(|| a_name.cmp(b_name))
        });
        named
    }
}

fn count(queue: &mut Queue, delivery: &Delivery) {
    queue.waiting += 1;
    let oldest = queue.oldest_at.unwrap_or(delivery.created_at);
    queue.oldest_at = Some(oldest.min(delivery.created_at));
    // The deliveries come in order of their age.
    if delivery.last_error.is_some() {
        queue.last_error.clone_from(&delivery.last_error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::Snapshot;
    use crate::chat::{BotId, Chat, ChatKey, Disabled, Person, PersonId, Role};
    use std::collections::{HashMap, HashSet};

    use crate::delivery::{Content, DeliveryId, Priority};
    use crate::engine::{Effects, Settings, Speaker};
    use crate::message::Message;
    use crate::time::Timestamp;

    const OWNER: i64 = 42;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn chat(number: i64) -> ChatKey {
        ChatKey {
            bot: BotId(7),
            chat: number,
            topic: None,
        }
    }

    fn waits(id: i64, number: i64, since: i64, error: Option<&str>) -> Delivery {
        Delivery {
            id: DeliveryId(id),
            destination: chat(number).into(),
            content: Content::Say(Message::of("x")),
            priority: Priority::Answer,
            created_at: at(since),
            attempts: 0,
            last_error: error.map(str::to_owned),
        }
    }

    fn engine() -> Engine {
        let known = |number, title: &str, reason: Option<&str>| Chat {
            key: chat(number),
            title: title.into(),
            language: None,
            zone: None,
            muted_until: None,
            disabled: reason.map(|reason| Disabled {
                since: at(0),
                reason: reason.into(),
            }),
        };
        let snapshot = Snapshot {
            chats: vec![
                known(OWNER, "Ann", None),
                known(-1, "Slow", None),
                known(-2, "Gone", Some("bot was kicked")),
                known(-3, "Broken", None),
                known(-4, "Fine", None),
            ],
            people: vec![Person {
                id: PersonId(OWNER),
                name: "Ann".into(),
                role: Role::Owner,
                since: at(0),
            }],
            deliveries: vec![
                waits(1, -1, 10, None),
                waits(2, -3, 20, Some("earlier")),
                waits(3, -3, 30, Some("connection refused")),
                waits(4, OWNER, 40, None),
            ],
            ..Snapshot::default()
        };
        let settings = Settings {
            allowed: HashMap::from([(BotId(7), HashSet::new())]),
            ..Settings::default()
        };
        Engine::restore(at(50), settings, snapshot, &mut Effects::default())
    }

    fn status(engine: &Engine, number: i64, person: i64) -> ChatStatus {
        let speaker = Speaker {
            id: PersonId(person),
            name: "somebody".into(),
            language: None,
            administrator: Some(true),
            anonymous: false,
        };
        engine.status(&Request {
            now: at(60),
            bot: BotId(7),
            bot_name: "nabat_bot",
            entropy: [0; 16],
            chat: chat(number),
            title: "",
            speaker: &speaker,
        })
    }

    #[test]
    fn an_owner_is_told_of_every_destination_that_waits_the_worst_first() {
        let status = status(&engine(), OWNER, OWNER);
        assert_eq!(status.here.waiting, 1);
        let names: Vec<&str> = status.elsewhere.iter().map(|(n, _)| n.as_str()).collect();
        assert_eq!(names, ["Gone", "Broken", "Slow"]);
        let (_, gone) = &status.elsewhere[0];
        assert_eq!(gone.disabled.as_deref(), Some("bot was kicked"));
        let broken = Queue {
            waiting: 2,
            oldest_at: Some(at(20)),
            last_error: Some("connection refused".into()),
            disabled: None,
        };
        assert_eq!(status.elsewhere[1].1, broken);
    }

    #[test]
    fn nobody_else_is_told_of_other_destinations() {
        let engine = engine();
        for (chat, person) in [(43, 43), (-1, 43), (-1, OWNER)] {
            assert_eq!(status(&engine, chat, person).elsewhere, []);
        }
        assert_eq!(status(&engine, -1, 43).here.waiting, 1);
    }
}
