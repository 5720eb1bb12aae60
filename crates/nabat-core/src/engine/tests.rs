//! Stories of the engine: news and people come in, couriers take what is said.

mod alerts;
mod asked;
mod deliveries;
mod digests;
mod hands;
mod hold;
mod hush;
mod own_chats;
mod people;
mod routes;
mod silences;
mod windows;
mod wishes;

use std::collections::HashSet;

use super::*;
use crate::alert::{Labels, Links, News, Status};
use crate::chat::Admits;
use crate::delivery::{Outcome, Send, Settled, Work};
use crate::silence::{Draft, Origin};

const BOT: BotId = BotId(7);
const ANN: i64 = 42;
const GROUP: i64 = -100;

/// An engine, its courier, and everything it asked to keep.
struct World {
    engine: Engine,
    now: Timestamp,
    update_id: i64,
    next_message: i64,
    /// What each chat shows: message number and text.
    shown: Vec<(i64, String)>,
    /// What people wished of the monitors.
    wishes: Vec<Wish>,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000 + seconds * 1_000)
}

/// News of a source that says no more than this.
fn news_of(labels: &[(&str, &str)], starts_at: Option<Timestamp>, status: Status) -> News {
    News {
        labels: labels.iter().copied().collect(),
        annotations: Labels::default(),
        links: Links::default(),
        group: None,
        starts_at,
        status,
        own: false,
    }
}

/// A silence as a program asks for it, for so many seconds from `now` on.
fn draft(now: Timestamp, matchers: &str, from: i64, to: i64) -> Draft {
    let at = |seconds: i64| Timestamp::from_millis(now.as_millis() + seconds * 1_000);
    Draft {
        id: None,
        matchers: crate::matcher::parse_list(matchers).unwrap(),
        starts_at: at(from),
        ends_at: at(to),
        created_by: "a program".into(),
        comment: String::new(),
        annotations: None,
        until_resolved: None,
        origin: Origin::Api,
    }
}

impl World {
    fn new() -> Self {
        let mut out = Effects::default();
        let settings = Settings {
            allowed: HashMap::from([(BOT, HashSet::from([ANN, GROUP]))]),
            ..Settings::default()
        };
        let engine = Engine::restore(at(0), settings, Snapshot::default(), &mut out);
        Self {
            engine,
            now: at(0),
            update_id: 0,
            next_message: 1_000,
            shown: Vec::new(),
            wishes: Vec::new(),
        }
    }

    fn chat(&self, number: i64) -> ChatKey {
        ChatKey {
            bot: BOT,
            chat: number,
            topic: None,
        }
    }

    fn says_in(&mut self, chat: i64, person: i64, administrator: Option<bool>, text: &str) {
        self.update_id += 1;
        let heard = Heard {
            bot: BOT,
            bot_name: "nabat_bot".into(),
            update_id: self.update_id,
            entropy: [u8::try_from(self.update_id.rem_euclid(250)).unwrap(); 16],
            event: Event::Said {
                chat: self.chat(chat),
                title: "somewhere".into(),
                speaker: Speaker {
                    id: PersonId(person),
                    name: "somebody".into(),
                    language: None,
                    administrator,
                    anonymous: false,
                },
                text: text.into(),
            },
            past: None,
        };
        self.hears(&heard);
    }

    fn presses(&mut self, chat: i64, person: i64, data: &str) {
        self.presses_as(chat, person, None, data);
    }

    fn presses_as(&mut self, chat: i64, person: i64, administrator: Option<bool>, data: &str) {
        self.update_id += 1;
        let heard = Heard {
            bot: BOT,
            bot_name: "nabat_bot".into(),
            update_id: self.update_id,
            entropy: [0; 16],
            event: Event::Pressed {
                chat: self.chat(chat),
                speaker: Speaker {
                    id: PersonId(person),
                    name: "somebody".into(),
                    language: None,
                    administrator,
                    anonymous: false,
                },
                data: data.into(),
                message_id: self.shown.last().map_or(0, |(id, _)| *id),
            },
            past: None,
        };
        self.hears(&heard);
    }

    fn hears(&mut self, heard: &Heard) {
        let mut out = Effects::default();
        self.engine.heard(self.now, heard, &mut out);
        self.wishes.extend(out.wishes);
    }

    /// Ann writes in her private chat; returns the answer.
    fn says(&mut self, text: &str) -> String {
        self.says_in(ANN, ANN, None, text);
        self.deliver().pop().map(|(_, text)| text).unwrap()
    }

    fn news(&mut self, name: &str, host: &str, status: Status) {
        self.news_saying(name, host, "", status);
    }

    fn news_saying(&mut self, name: &str, host: &str, summary: &str, status: Status) {
        let news = News {
            labels: [("alertname", name), ("host", host)].into_iter().collect(),
            annotations: [("summary", summary)]
                .into_iter()
                .filter(|(_, text)| !text.is_empty())
                .collect(),
            links: Links::default(),
            group: None,
            starts_at: Some(at(-60)),
            status,
            own: false,
        };
        self.engine
            .news(self.now, vec![news], &mut Effects::default())
            .unwrap();
    }

    fn fires(&mut self, name: &str, host: &str) {
        self.news(name, host, Status::Firing { expires: None });
    }

    fn resolves(&mut self, name: &str, host: &str) {
        self.news(name, host, Status::Resolved { ends_at: None });
    }

    fn passes(&mut self, seconds: i64) {
        self.now = Timestamp::from_millis(self.now.as_millis() + seconds * 1_000);
        while self.engine.next_due().is_some_and(|due| due <= self.now) {
            self.engine.tick(self.now, &mut Effects::default());
        }
    }

    /// What the store would give back now.
    fn snapshot(&self) -> Snapshot {
        let engine = &self.engine;
        Snapshot {
            incidents: engine
                .incidents
                .values()
                .map(|known| known.incident.as_ref().clone())
                .collect(),
            chats: engine.chats.values().cloned().collect(),
            people: engine.people.values().cloned().collect(),
            invites: engine.invites.values().cloned().collect(),
            silences: engine.silences().map(|s| s.as_ref().clone()).collect(),
            subscriptions: engine.subscriptions.values().cloned().collect(),
            cards: engine.cards.values().map(|on| on.card.clone()).collect(),
            deliveries: engine.deliveries.values().cloned().collect(),
            bots: engine.made_bots().cloned().collect(),
            offsets: engine.offsets.iter().map(|(bot, at)| (*bot, *at)).collect(),
            numbers_used: engine.numbers_used,
        }
    }

    fn take_all(&mut self) -> Vec<Work> {
        let ids: Vec<DeliveryId> = self.engine.deliveries.keys().copied().collect();
        ids.into_iter()
            .filter_map(|id| self.engine.take(self.now, &[id], &mut Effects::default()))
            .collect()
    }

    fn settle(&mut self, work: &Work, message_id: Option<i64>, outcome: Outcome) {
        let settled = Settled {
            ids: work.ids.clone(),
            message_id,
            outcome,
        };
        self.engine
            .settle(self.now, settled, &mut Effects::default());
    }

    /// Delivers everything that waits; returns each request as (kind, text).
    fn deliver(&mut self) -> Vec<(&'static str, String)> {
        let mut said = Vec::new();
        loop {
            let works = self.take_all();
            if works.is_empty() {
                return said;
            }
            for work in works {
                said.extend(self.accept(&work));
            }
        }
    }

    fn accept(&mut self, work: &Work) -> Vec<(&'static str, String)> {
        let mut said = Vec::new();
        let mut shown_by = None;
        for send in &work.sends {
            match send {
                Send::New {
                    message,
                    reply_to,
                    live,
                } => {
                    self.next_message += 1;
                    self.shown.push((self.next_message, message.text()));
                    if *live {
                        shown_by = Some(self.next_message);
                    }
                    let kind = match (reply_to, message.silent) {
                        (None, _) => "new",
                        (Some(_), false) => "reply",
                        (Some(_), true) => "quiet reply",
                    };
                    said.push((kind, message.text()));
                }
                Send::Notify(notification) => {
                    said.push(("notify", notification.text().message.text()));
                }
                Send::File { text, .. } => said.push(("file", text.clone())),
                Send::Edit {
                    message_id,
                    message,
                    ..
                } => {
                    let shown = self.shown.iter_mut().find(|(id, _)| id == message_id);
                    shown.unwrap().1 = message.text();
                    said.push(("edit", message.text()));
                }
            }
        }
        let told = work.told.clone();
        self.settle(work, shown_by, Outcome::Sent { told });
        said
    }

    fn kinds(&mut self) -> Vec<&'static str> {
        self.deliver().iter().map(|(kind, _)| *kind).collect()
    }
}

/// Telegram took nothing of a delivery.
fn refused(reason: &str) -> Outcome {
    Outcome::Retry {
        partly: false,
        reason: reason.to_owned(),
    }
}

impl World {
    /// Takes everything that waits as one batch.
    fn take_batch(&mut self) -> Work {
        let ids: Vec<DeliveryId> = self.engine.deliveries.keys().copied().collect();
        self.engine
            .take(self.now, &ids, &mut Effects::default())
            .unwrap()
    }
}
