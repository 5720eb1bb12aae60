//! The chats that monitors tell by themselves, and the bots for them.

use super::*;
use crate::chat::{BotToken, MadeBot};
use crate::engine::{OwnChat, Refusal, Watched};
use crate::monitor::{MonitorId, record};

/// A bot that is not of the configuration, and somebody whom it alone tells.
const SHOP: BotId = BotId(8);
const BEA: i64 = 43;

fn bot(token: &str) -> MadeBot {
    MadeBot {
        id: SHOP,
        username: "shop_bot".into(),
        token: BotToken(token.into()),
        made_at: at(0),
    }
}

fn own(monitor: u64, chat: Option<i64>) -> OwnChat {
    OwnChat {
        monitor: MonitorId(monitor),
        name: format!("m{monitor}"),
        chat: chat.map(|chat| ChatKey {
            bot: SHOP,
            chat,
            topic: None,
        }),
        title: "Bea".into(),
    }
}

fn down(monitor: u64, status: Status) -> News {
    let name = format!("m{monitor}");
    news_of(
        &[("alertname", "MonitorDown"), ("monitor", &name)],
        None,
        status,
    )
}

const FIRES: Status = Status::Firing { expires: None };
const OVER: Status = Status::Resolved { ends_at: None };

impl World {
    fn watched(&mut self, watched: Watched) -> Vec<Change> {
        let mut out = Effects::default();
        self.engine
            .take_watched(self.now, watched, &mut out)
            .unwrap();
        out.changes
    }

    fn own(&mut self, monitor: u64, chat: Option<i64>) -> Vec<Change> {
        self.watched(Watched {
            bots: vec![bot("8:token")],
            own_chats: vec![own(monitor, chat)],
            ..Watched::default()
        })
    }

    fn gone(&mut self, monitor: u64, news: Vec<News>) -> Vec<Change> {
        self.watched(Watched {
            changes: vec![Change::MonitorGone(MonitorId(monitor))],
            news,
            ..Watched::default()
        })
    }

    fn goes_down(&mut self, monitor: u64) {
        self.watched(Watched {
            news: vec![down(monitor, FIRES)],
            ..Watched::default()
        });
    }

    /// Goes on from what is kept, after a crash.
    fn comes_back(&mut self) {
        let (kept, settings) = (self.snapshot(), self.engine.settings.clone());
        self.engine = Engine::restore(self.now, settings, kept, &mut Effects::default());
    }

    /// How many bots there are when all is done that follows within some seconds.
    fn bots_soon(&mut self) -> usize {
        self.passes(5);
        self.engine.made_bots().count()
    }
}

#[test]
fn a_monitors_own_chat_is_told_of_it_and_of_no_other() {
    let mut world = World::new();
    world.own(1, Some(BEA));
    world.goes_down(2);
    assert_eq!(world.deliver(), []);
    world.goes_down(1);
    let told = world.deliver();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].1.contains("MonitorDown"), "{told:?}");
}

#[test]
fn what_fires_is_told_to_a_chat_that_comes_later() {
    let mut world = World::new();
    world.goes_down(1);
    world.own(1, Some(BEA));
    assert_eq!(world.deliver().len(), 1);
    // The same again changes nothing.
    assert_eq!(world.own(1, Some(BEA)), []);
}

#[test]
fn a_bot_is_forgotten_when_nothing_uses_it_and_everything_is_told() {
    let mut world = World::new();
    world.own(1, Some(BEA));
    world.own(2, Some(GROUP));
    world.goes_down(1);
    world.deliver();
    world.gone(2, Vec::new());
    assert_eq!(world.bots_soon(), 1, "it has another monitor");
    world.gone(1, vec![down(1, OVER)]);
    assert_eq!(world.bots_soon(), 1, "it has an end to tell");
    assert!(!world.deliver().is_empty());
    assert_eq!(world.bots_soon(), 0);
}

#[test]
fn a_bot_whose_end_can_not_be_told_is_forgotten_after_an_hour() {
    let mut world = World::new();
    world.own(1, Some(BEA));
    world.goes_down(1);
    world.gone(1, vec![down(1, OVER)]);
    world.goes_down(2);
    world.own(2, Some(BEA));
    world.own(2, None);
    assert!(world.bots_soon() <= 1);
    world.passes(3_700);
    assert_eq!(world.engine.made_bots().count(), 0);
}

#[test]
fn it_all_comes_back_after_a_restart() {
    let mut world = World::new();
    world.own(1, Some(BEA));
    world.comes_back();
    assert_eq!(world.bots_soon(), 1);
    world.goes_down(1);
    assert_eq!(world.deliver().len(), 1);
    world.gone(1, vec![down(1, OVER)]);
    world.deliver();
    assert_eq!(world.bots_soon(), 0);
    world.comes_back();
    assert_eq!(world.bots_soon(), 0);
}

#[test]
fn a_new_token_takes_the_place_of_the_old_one() {
    let mut world = World::new();
    world.own(1, Some(BEA));
    let renewed = Watched {
        bots: vec![bot("8:renewed")],
        own_chats: vec![own(1, Some(BEA))],
        ..Watched::default()
    };
    let changes = world.watched(renewed);
    assert_eq!(changes, [Change::Bot(Box::new(bot("8:renewed")))]);
    assert_eq!(format!("{:?}", bot("8:renewed").token), "…");
}

#[test]
fn what_the_configuration_takes_over_tells_nobody_by_itself() {
    let mut world = World::new();
    world.own(1, Some(BEA));
    let record = record::Record {
        id: MonitorId(1),
        name: "m1".into(),
        origin: record::Origin::Config,
        definition: "{}".into(),
        key: None,
        made_at: at(0),
        changed_at: at(0),
    };
    world.watched(Watched {
        changes: vec![Change::Monitor(Box::new(record))],
        ..Watched::default()
    });
    world.goes_down(1);
    assert_eq!(world.deliver(), []);
}

#[test]
fn there_are_no_more_subscriptions_than_may_be() {
    let mut world = World::new();
    world.engine.settings.subscriptions_max = 1;
    world.own(1, Some(BEA));
    let more = Watched {
        own_chats: vec![own(2, Some(BEA))],
        ..Watched::default()
    };
    let mut out = Effects::default();
    let refused = world.engine.take_watched(world.now, more, &mut out);
    assert_eq!(refused, Err(Refusal::TooManySubscriptions { limit: 1 }));
    assert!(out.changes.is_empty());
}

#[test]
fn a_chat_that_took_no_messages_is_told_again_once_telegram_lets_the_bot_write_there() {
    let mut world = World::new();
    world.own(1, Some(BEA));
    world.goes_down(1);
    let work = world.take_all().remove(0);
    let reason = "not enough rights to send text messages to the chat".to_owned();
    world.settle(&work, None, Outcome::Unreachable { reason });
    world.own(1, Some(BEA));
    assert_eq!(world.kinds(), ["new"]);
}
