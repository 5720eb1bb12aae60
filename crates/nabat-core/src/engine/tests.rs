//! Stories of the engine: news and people come in, couriers take what is said.

use super::*;
use crate::alert::{Labels, Links, News, Status};
use crate::chat::Admits;
use crate::delivery::{Outcome, Send, Settled, Work};

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
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000 + seconds * 1_000)
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
        };
        self.engine.heard(self.now, &heard, &mut Effects::default());
    }

    fn presses(&mut self, chat: i64, person: i64, data: &str) {
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
                    administrator: None,
                    anonymous: false,
                },
                data: data.into(),
                message_id: self.shown.last().map_or(0, |(id, _)| *id),
            },
        };
        self.engine.heard(self.now, &heard, &mut Effects::default());
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
        self.news(name, host, Status::Firing { expires_at: None });
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
            subscriptions: engine.subscriptions.values().cloned().collect(),
            cards: engine.cards.values().map(|on| on.card.clone()).collect(),
            deliveries: engine.deliveries.values().cloned().collect(),
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
                    let kind = if reply_to.is_some() { "reply" } else { "new" };
                    said.push((kind, message.text()));
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

#[test]
fn a_subscriber_is_told_once_and_gets_the_end() {
    let mut world = World::new();
    assert!(world.says("/regexp disk|cpu").contains("disk|cpu"));
    world.fires("HighCPU", "a");
    world.fires("HighMemory", "a");
    let said = world.deliver();
    assert_eq!(said.len(), 1);
    assert!(said[0].1.contains("HighCPU"), "{said:?}");

    world.fires("HighCPU", "a");
    world.passes(3_600);
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), [] as [&str; 0], "repeats say nothing");

    world.resolves("HighCPU", "a");
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), ["edit", "reply"]);
    assert!(world.engine.cards.is_empty() && world.engine.open.len() == 1);

    world.passes(600);
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), ["new"], "a re-fire is a new incident");
}

#[test]
fn alerts_of_one_group_share_a_message() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), ["new"]);
    world.fires("HighCPU", "b");
    assert_eq!(world.kinds(), ["edit", "reply"], "what is new is heard");
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), ["edit"], "a part of the end is quiet");
    world.resolves("HighCPU", "b");
    assert_eq!(world.kinds(), ["edit", "reply"]);
}

#[test]
fn a_changed_annotation_updates_the_message() {
    let mut world = World::new();
    world.says("/regexp all");
    let firing = Status::Firing { expires_at: None };
    world.news_saying("HighCPU", "a", "at 91 %", firing);
    world.deliver();
    world.news_saying("HighCPU", "a", "at 97 %", firing);
    let said = world.deliver();
    assert_eq!(said.len(), 1);
    assert!(said[0].0 == "edit" && said[0].1.contains("97"), "{said:?}");
}

#[test]
fn what_came_and_went_before_anyone_was_told_is_not_told() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), [] as [&str; 0]);
    assert!(world.engine.cards.is_empty() && world.engine.deliveries.is_empty());
}

#[test]
fn news_that_comes_while_a_message_is_on_its_way_is_told_after_it() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let works = world.take_all();
    world.resolves("HighCPU", "a");
    world.accept(&works[0]);
    assert_eq!(world.kinds(), ["edit", "reply"]);
}

#[test]
fn an_end_that_comes_after_a_crash_in_the_middle_of_sending_is_told() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let kept = world.snapshot();
    let id = *world.engine.deliveries.keys().next().unwrap();
    world.engine.take(world.now, &[id], &mut Effects::default());
    world.engine = Engine::restore(
        world.now,
        world.engine.settings.clone(),
        kept,
        &mut Effects::default(),
    );
    world.resolves("HighCPU", "a");
    let said = world.deliver();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].1.contains("HighCPU"));
    assert!(world.engine.cards.is_empty());
}

#[test]
fn an_answer_that_got_lost_leaves_one_copy_unless_it_is_critical() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    let told = work.told.clone();
    let reason = "no answer".to_owned();
    world.settle(&work, None, Outcome::Uncertain { told, reason });
    assert_eq!(world.kinds(), [] as [&str; 0]);
    world.resolves("HighCPU", "a");
    assert_eq!(
        world.kinds(),
        ["new"],
        "the end comes in a message of its own"
    );
}

#[test]
fn a_failed_attempt_is_tried_again_with_what_is_true_then() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    world.settle(&work, None, refused("Bad Gateway"));
    let delivery = world.engine.deliveries.values().next().unwrap();
    assert_eq!(delivery.attempts, 1);
    assert_eq!(delivery.last_error.as_deref(), Some("Bad Gateway"));
    world.fires("HighCPU", "b");
    let said = world.deliver();
    assert_eq!(said.len(), 1);
    assert!(said[0].1.contains('2'), "both in one: {said:?}");
}

/// Telegram took nothing of a delivery.
fn refused(reason: &str) -> Outcome {
    Outcome::Retry {
        partly: false,
        reason: reason.to_owned(),
    }
}

#[test]
fn an_end_is_told_to_who_may_have_seen_an_attempt_before_the_last() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.engine = Engine::restore(
        world.now,
        world.engine.settings.clone(),
        world.snapshot(),
        &mut Effects::default(),
    );
    let work = world.take_all().remove(0);
    world.settle(&work, None, refused("connection refused"));
    world.resolves("HighCPU", "a");
    let said = world.deliver();
    assert!(said[0].1.contains("HighCPU"), "{said:?}");
    assert!(world.engine.cards.is_empty());
}

#[test]
fn an_end_is_shown_on_a_message_that_changed_before_its_answer_was_refused() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.fires("HighCPU", "b");
    let work = world.take_all().remove(0);
    let outcome = Outcome::Retry {
        partly: true,
        reason: "Too Many Requests".to_owned(),
    };
    world.settle(&work, None, outcome);
    world.resolves("HighCPU", "b");
    assert_eq!(world.kinds(), ["edit"]);
}

#[test]
fn unsubscribing_does_not_cut_off_the_end() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.fires("HighDisk", "a");
    world.says_in(ANN, ANN, None, "/unsubscribe all");
    world.deliver();
    world.resolves("HighCPU", "a");
    world.resolves("HighDisk", "a");
    let said = world.deliver();
    let kinds: Vec<_> = said.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["edit", "reply"], "{said:?}");
    assert!(said[0].1.contains("HighCPU"));
}

#[test]
fn unsubscribing_while_a_message_is_on_its_way_does_not_cut_off_its_end() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let on_its_way = world.take_all();
    world.says_in(ANN, ANN, None, "/unsubscribe all");
    for work in &on_its_way {
        world.accept(work);
    }
    world.deliver();
    world.resolves("HighCPU", "a");
    let said = world.deliver();
    let kinds: Vec<_> = said.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["edit", "reply"], "{said:?}");
}

#[test]
fn a_muted_chat_hears_nothing_new_and_every_end_quietly() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.says("/mute 2h");
    world.fires("HighDisk", "a");
    world.fires("HighLoad", "a");
    assert_eq!(world.kinds(), [] as [&str; 0]);
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), ["edit"]);
    world.resolves("HighLoad", "a");
    world.passes(2 * 3_600);
    let said = world.deliver();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].1.contains("HighDisk"));
}

#[test]
fn an_alert_with_an_end_time_expires_and_one_without_grows_stale() {
    let mut world = World::new();
    world.says("/regexp all");
    let expires_at = Some(at(300));
    world.news("Expiring", "a", Status::Firing { expires_at });
    world.fires("Lasting", "a");
    world.deliver();
    world.passes(301);
    assert_eq!(world.kinds(), ["edit", "reply"]);
    world.passes(24 * 3_600);
    let said = world.deliver();
    assert_eq!(said.len(), 1, "{said:?}");
    let (kind, text) = &said[0];
    assert!(*kind == "edit" && !text.contains("esolved"), "{text}");
    world.fires("Lasting", "a");
    assert_eq!(world.kinds(), ["edit"], "its source is back");
}

#[test]
fn late_news_of_a_life_that_ended_opens_no_second_one() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.resolves("HighCPU", "a");
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), [] as [&str; 0]);
    world.passes(301);
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), ["new"], "the source still says so");
}

#[test]
fn a_chat_that_blocked_the_bot_is_told_what_still_matters_when_it_is_back() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    let reason = "bot was blocked by the user".to_owned();
    world.settle(&work, None, Outcome::Unreachable { reason });
    world.fires("HighDisk", "a");
    world.resolves("HighDisk", "a");
    assert!(world.engine.deliveries.is_empty());
    world.says_in(ANN, ANN, None, "/start");
    let said = world.deliver();
    assert!(
        said.iter().any(|(_, text)| text.contains("HighCPU")),
        "{said:?}"
    );
    assert!(
        !said.iter().any(|(_, text)| text.contains("HighDisk")),
        "{said:?}"
    );
}

#[test]
fn operators_hear_of_a_chat_that_takes_no_messages() {
    let mut world = World::new();
    world.engine.settings.operators = vec![world.chat(GROUP)];
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    let reason = "bot was blocked by the user".to_owned();
    world.settle(&work, None, Outcome::Unreachable { reason });
    let said = world.deliver();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].1.contains("bot was blocked by the user"));
    world.says_in(ANN, ANN, None, "/start");
    let said = world.deliver();
    assert!(
        said.iter()
            .any(|(kind, text)| *kind == "reply" && text.contains("NabatChatUnreachable")),
        "{said:?}"
    );
}

#[test]
fn a_group_that_moves_keeps_its_subscriptions_and_gets_its_card_anew() {
    let mut world = World::new();
    world.says_in(GROUP, ANN, Some(true), "/regexp all");
    world.deliver();
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    world.settle(&work, None, Outcome::Migrated { to: -200 });
    let works = world.take_all();
    assert_eq!(works.len(), 1);
    assert_eq!(works[0].chat.chat, -200);
    world.accept(&works[0]);
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), ["edit", "reply"]);
}

#[test]
fn strangers_are_told_how_to_ask() {
    let mut world = World::new();
    world.says_in(99, 99, None, "/regexp all");
    let said = world.deliver();
    assert!(said[0].1.contains("99"), "their id: {said:?}");
    assert!(world.engine.subscriptions.is_empty());
}

#[test]
fn in_a_group_only_its_administrators_change_what_it_is_told() {
    for (administrator, subscribed) in [(Some(true), 1), (Some(false), 0), (None, 0)] {
        let mut world = World::new();
        world.says_in(GROUP, ANN, administrator, "/regexp all");
        assert_eq!(world.deliver().len(), 1, "always an answer");
        assert_eq!(world.engine.subscriptions.len(), subscribed);
    }
    let mut world = World::new();
    world.says_in(-999, 99, Some(true), "/regexp all");
    assert!(
        world.engine.subscriptions.is_empty(),
        "an unknown person in an unknown group"
    );
}

#[test]
fn an_invitation_works_once() {
    let mut world = World::new();
    let code = world.engine.open_invite(
        world.now,
        [9; 16],
        Admits::Person(Role::Owner),
        &mut Effects::default(),
    );
    assert!(!world.engine.has_owner());
    world.says_in(77, 77, None, &format!("/start {code}"));
    world.deliver();
    assert!(world.engine.has_owner());
    world.says_in(78, 78, None, &format!("/start {code}"));
    world.deliver();
    assert_eq!(world.engine.people.len(), 1);

    world.says_in(77, 77, None, "/invite");
    let invitation = world.deliver().pop().unwrap().1;
    let code = invitation.split("?start=").nth(1).unwrap();
    let code: String = code.chars().take_while(char::is_ascii_hexdigit).collect();
    world.says_in(78, 78, None, &format!("/start {code}"));
    world.deliver();
    assert_eq!(world.engine.people.len(), 2);
}

#[test]
fn an_update_is_dealt_with_once() {
    let mut world = World::new();
    world.says("/regexp all");
    world.update_id -= 1;
    world.says_in(ANN, ANN, None, "/regexp all");
    assert!(world.deliver().is_empty());
    world.passes(7 * 86_400);
    world.update_id = -1_000;
    world.says_in(ANN, ANN, None, "/list");
    assert_eq!(
        world.deliver().len(),
        1,
        "numbers begin anew after a quiet week"
    );
}

#[test]
fn operators_hear_of_nabat_without_subscribing() {
    let mut world = World::new();
    world.engine.settings.operators = vec![world.chat(GROUP)];
    let labels: Labels = [("alertname", "NabatConfigInvalid")].into_iter().collect();
    let news = News {
        labels,
        annotations: Labels::default(),
        links: Links::default(),
        group: None,
        starts_at: None,
        status: Status::Firing { expires_at: None },
        own: true,
    };
    world
        .engine
        .news(world.now, vec![news], &mut Effects::default())
        .unwrap();
    assert_eq!(world.kinds(), ["new"]);
}

#[test]
fn too_many_incidents_are_refused_whole() {
    let mut world = World::new();
    world.engine.settings.open_incidents_max = 2;
    world.fires("A", "a");
    let news = |name: &str| News {
        labels: [("alertname", name)].into_iter().collect(),
        annotations: Labels::default(),
        links: Links::default(),
        group: None,
        starts_at: None,
        status: Status::Firing { expires_at: None },
        own: false,
    };
    let mut out = Effects::default();
    let refused = world
        .engine
        .news(world.now, vec![news("B"), news("C")], &mut out);
    assert!(refused.is_err() && out.changes.is_empty());
    assert!(
        world
            .engine
            .news(world.now, vec![news("B")], &mut out)
            .is_ok()
    );
    world.fires("A", "a");
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

#[test]
fn what_is_told_in_a_digest_gets_its_end() {
    let mut world = World::new();
    world.says("/regexp all");
    for name in ["A", "B", "C"] {
        world.fires(name, "a");
    }
    let digest = world.take_batch();
    let said = world.accept(&digest);
    assert_eq!(said.len(), 1, "{said:?}");
    for name in ["A", "B", "C"] {
        assert!(said[0].1.contains(name), "{said:?}");
    }
    assert!(world.engine.deliveries.is_empty());
    for name in ["A", "B"] {
        world.resolves(name, "a");
    }
    let digest = world.take_batch();
    world.accept(&digest);
    world.resolves("C", "a");
    assert_eq!(world.kinds(), ["new"]);
    assert!(world.engine.cards.is_empty());
}

#[test]
fn a_long_digest_brings_the_complete_list() {
    let mut world = World::new();
    world.says("/regexp all");
    for number in 0..30 {
        world.fires(&format!("Alert{number}"), "a");
    }
    let digest = world.take_batch();
    let said = world.accept(&digest);
    let kinds: Vec<_> = said.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["new", "file"]);
    for number in 0..30 {
        assert!(said[1].1.contains(&format!("Alert{number}\"")), "{said:?}");
    }
}

#[test]
fn a_live_message_catches_up_with_a_digest_quietly() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("Live", "a");
    assert_eq!(world.kinds(), ["new"]);
    world.resolves("Live", "a");
    world.fires("Other", "a");
    let digest = world.take_batch();
    let said = world.accept(&digest);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].1.contains("Live") && said[0].1.contains("Other"));
    let priorities: Vec<_> = world
        .engine
        .deliveries
        .values()
        .map(|d| d.priority)
        .collect();
    assert_eq!(priorities, [crate::delivery::Priority::Quiet]);
    assert_eq!(world.kinds(), ["edit"], "no second sound");
    assert_eq!(world.engine.cards.len(), 1, "only the other fires");
}

#[test]
fn without_a_live_message_another_text_alone_is_not_told() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("A", "a");
    world.fires("B", "a");
    let digest = world.take_batch();
    world.accept(&digest);
    let firing = Status::Firing { expires_at: None };
    world.news_saying("A", "a", "now 97 %", firing);
    assert_eq!(world.kinds(), [] as [&str; 0]);
}

#[test]
fn a_digest_that_was_not_taken_is_tried_again_whole() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("A", "a");
    world.fires("B", "a");
    let digest = world.take_batch();
    let reason = "Bad Gateway".to_owned();
    let partly = false;
    world.settle(&digest, None, Outcome::Retry { partly, reason });
    assert_eq!(world.engine.deliveries.len(), 2);
    world.resolves("A", "a");
    let said = world.deliver();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].1.contains('B'));
}

#[test]
fn a_groups_invitation_lets_in_the_group_and_nobody_who_reads_it_there() {
    let mut world = World::new();
    let code = world
        .engine
        .open_invite(world.now, [5; 16], Admits::Group, &mut Effects::default());
    world.says_in(88, 88, None, &format!("/start {code}"));
    assert!(world.engine.people.is_empty(), "not in a private chat");
    world.says_in(-300, ANN, Some(true), &format!("/start {code}"));
    world.says_in(88, 88, None, &format!("/start {code}"));
    assert!(world.engine.people.is_empty(), "and not afterwards");
    world.says_in(-300, 55, Some(true), "/regexp all");
    assert_eq!(
        world.engine.subscriptions.len(),
        1,
        "its administrators decide"
    );

    let code = world.engine.open_invite(
        world.now,
        [6; 16],
        Admits::Person(Role::Member),
        &mut Effects::default(),
    );
    world.says_in(-300, ANN, Some(true), &format!("/start {code}"));
    world.says_in(88, 88, None, &format!("/start {code}"));
    assert!(
        world.engine.people.is_empty(),
        "what was shown to a group is used up"
    );
}

#[test]
fn a_re_fire_that_was_heard_of_late_is_a_new_incident() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.passes(200);
    let ends_at = Some(at(100));
    world.news("HighCPU", "a", Status::Resolved { ends_at });
    world.deliver();
    world.passes(200);
    let news = News {
        labels: [("alertname", "HighCPU"), ("host", "a")]
            .into_iter()
            .collect(),
        annotations: Labels::default(),
        links: Links::default(),
        group: None,
        starts_at: Some(at(150)),
        status: Status::Firing { expires_at: None },
        own: false,
    };
    world
        .engine
        .news(world.now, vec![news], &mut Effects::default())
        .unwrap();
    assert_eq!(world.kinds(), ["new"]);
}

#[test]
fn silence_of_a_source_is_told_each_time() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    for _ in 0..2 {
        world.passes(25 * 3_600);
        assert_eq!(world.kinds(), ["edit"], "no news");
        world.fires("HighCPU", "a");
        assert_eq!(world.kinds(), ["edit"], "it is back");
    }
}

#[test]
fn a_batch_holds_only_what_is_news() {
    let mut world = World::new();
    world.says("/regexp all");
    for name in ["A", "B"] {
        world.fires(name, "a");
    }
    world.deliver();
    for name in ["A", "B"] {
        world.resolves(name, "a");
        world.fires(name, "b");
    }
    let digest = world.take_batch();
    world.accept(&digest);
    // Both live messages lag behind; what raises their urgency goes before its turn comes.
    for name in ["A", "B"] {
        world.fires(name, "c");
        world.resolves(name, "c");
    }
    let ids: Vec<DeliveryId> = world.engine.deliveries.keys().copied().collect();
    assert_eq!(ids.len(), 2);
    let nothing = world.engine.take(world.now, &ids, &mut Effects::default());
    assert_eq!(nothing, None);
    assert_eq!(world.kinds(), ["edit", "edit"]);
}

#[test]
fn doubt_is_about_what_may_have_been_told_and_nothing_younger() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let kept = world.snapshot();
    let settings = world.engine.settings.clone();
    world.engine = Engine::restore(world.now, settings, kept, &mut Effects::default());
    for host in ["b", "c", "d"] {
        world.fires("HighCPU", host);
        world.resolves("HighCPU", host);
    }
    let said = world.deliver();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].1.contains("host=a") && !said[0].1.contains("host=b"),
        "{said:?}"
    );
}

#[test]
fn an_operators_chat_that_was_never_spoken_in_is_told_later() {
    let mut world = World::new();
    let group = world.chat(-700);
    world.engine.settings.operators = vec![group];
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    let reason = "bot was blocked by the user".to_owned();
    world.settle(&work, None, Outcome::Unreachable { reason });
    let work = world.take_all().remove(0);
    assert_eq!(work.chat, group);
    let reason = "bot is not a member of the supergroup chat".to_owned();
    world.settle(&work, None, Outcome::Unreachable { reason });
    assert!(world.take_all().is_empty());
    world
        .engine
        .enable(world.now, group, &mut Effects::default());
    assert_eq!(world.kinds(), ["new"]);
}

#[test]
fn ten_thousand_alerts_of_one_group_are_one_message() {
    let mut world = World::new();
    world.says("/regexp all");
    let news: Vec<News> = (0..10_000)
        .map(|number| News {
            labels: [("alertname", "Many"), ("host", &format!("h{number}"))]
                .into_iter()
                .collect(),
            annotations: Labels::default(),
            links: Links::default(),
            group: None,
            starts_at: None,
            status: Status::Firing { expires_at: None },
            own: false,
        })
        .collect();
    world
        .engine
        .news(world.now, news, &mut Effects::default())
        .unwrap();
    assert_eq!(world.kinds(), ["new"]);
}

#[test]
fn whoever_is_let_out_hears_of_nothing_new() {
    let mut world = World::new();
    for (id, role) in [(77, Role::Owner), (78, Role::Member)] {
        let code = world.engine.open_invite(
            world.now,
            [u8::try_from(id).unwrap(); 16],
            Admits::Person(role),
            &mut Effects::default(),
        );
        world.says_in(id, id, None, &format!("/start {code}"));
    }
    world.says_in(78, 78, None, "/regexp all");
    world.fires("Before", "a");
    world.deliver();
    world.says_in(78, 78, None, "/people");
    world.says_in(77, 77, None, "/people");
    let said = world.deliver();
    assert!(said[0].1.contains("owners"), "only they: {said:?}");
    world.presses(78, 78, "p:77");
    assert!(world.engine.people.contains_key(&PersonId(77)));
    world.presses(77, 77, "p:78");
    world.deliver();
    world.fires("After", "a");
    world.resolves("Before", "a");
    let said = world.deliver();
    assert!(
        said.iter().all(|(_, text)| !text.contains("After")),
        "{said:?}"
    );
    assert!(
        said.iter().any(|(_, text)| text.contains("Before")),
        "{said:?}"
    );
}

#[test]
fn a_flood_of_strangers_fills_nothing_and_delays_nobody() {
    let mut world = World::new();
    for stranger in 1_000..1_500 {
        world.says_in(stranger, stranger, None, "/alerts");
        world.says_in(stranger, stranger, None, "/alerts");
    }
    assert!(world.engine.deliveries.len() <= 20);
    let urgencies: Vec<_> = world
        .engine
        .deliveries
        .values()
        .map(|d| d.priority)
        .collect();
    let last = crate::delivery::Priority::Stranger;
    assert!(urgencies.iter().all(|priority| *priority == last));
}

#[test]
fn a_start_in_the_future_is_now() {
    let mut world = World::new();
    world.says("/regexp all");
    let future = |status| News {
        labels: [("alertname", "Future")].into_iter().collect(),
        annotations: Labels::default(),
        links: Links::default(),
        group: None,
        starts_at: Some(at(9_999_999)),
        status,
        own: false,
    };
    let firing = Status::Firing { expires_at: None };
    for status in [firing, Status::Resolved { ends_at: None }] {
        world
            .engine
            .news(world.now, vec![future(status)], &mut Effects::default())
            .unwrap();
        world.deliver();
    }
    world.passes(1);
    world
        .engine
        .news(world.now, vec![future(firing)], &mut Effects::default())
        .unwrap();
    assert_eq!(world.kinds(), ["new"]);
}
