//! From the emulated Telegram through real HTTP into a real engine on SQLite.

mod calls;
mod full;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use nabat_core::chat::BotId;
use nabat_core::delivery::{Send, Waiting};
use nabat_core::destination::Outlet;
use nabat_core::engine::Settings;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use telegram_emulator::{Emulator, FaultKind, Status, User};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::*;
use crate::channel::telegram::client::POLL_TIMEOUT;
use crate::channel::telegram::testing::{ANN, BOT, SOON, bot, client, fault, nobody, telegram};
use crate::engine::{Metrics, Running};
use crate::store::Store;
use crate::store::memory::Memory;
use crate::store::sqlite::Sqlite;

const GROUP: i64 = -1_001_234;

/// Telegram, and the folder in which Nabat keeps its state.
struct World {
    telegram: Emulator,
    folder: TempDir,
}

/// One life of the program, as far as it is needed here.
struct Life {
    engine: Running,
    outbox: mpsc::UnboundedReceiver<Vec<Waiting>>,
    /// What was announced and not looked at yet.
    waiting: VecDeque<Waiting>,
    state: watch::Receiver<State>,
    webhooks: WebhookEars,
    shutdown: CancellationToken,
    ears: JoinHandle<()>,
}

async fn world() -> World {
    World {
        telegram: telegram().await,
        folder: tempfile::tempdir().unwrap(),
    }
}

impl World {
    async fn start(&self) -> Life {
        self.start_as(bot([self.telegram.url()])).await
    }

    async fn start_as(&self, bot: Bot) -> Life {
        let store = Sqlite::open(&self.folder.path().join("nabat.db")).unwrap();
        Life::start(bot, Arc::new(store)).await
    }
}

impl Life {
    async fn start(bot: Bot, store: Arc<dyn Store>) -> Self {
        let settings = Settings {
            allowed: [(BotId(BOT), [ANN].into())].into(),
            ..Settings::default()
        };
        let metrics = Metrics {
            commits: Counter::default(),
            commit_seconds: Histogram::new([0.1, 1.0]),
            commit_failures: Counter::default(),
        };
        let retention = crate::engine::Retention::default();
        let engine = crate::engine::start(store, settings, retention, metrics).unwrap();
        let (courier, outbox) = mpsc::unbounded_channel();
        engine
            .handle
            .follow(Outlet::Bot(BotId(BOT)), courier)
            .await
            .unwrap();
        let (sender, state) = watch::channel(State::default());
        let webhooks = WebhookEars::default();
        let ears = Ears {
            client: client(&bot),
            bot,
            engine: engine.handle.clone(),
            history: Arc::new(Memory::default()),
            state: sender,
            webhooks: webhooks.clone(),
        };
        let shutdown = CancellationToken::new();
        let ears = tokio::spawn(run(ears, shutdown.clone()));
        Life {
            engine,
            outbox,
            waiting: VecDeque::new(),
            state,
            webhooks,
            shutdown,
            ears,
        }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.ears.await.unwrap();
        self.engine.stop().await.unwrap();
    }

    /// Waits until the bot is in such a state.
    async fn is(&mut self, wanted: impl FnMut(&State) -> bool) -> State {
        let waited = tokio::time::timeout(SOON, self.state.wait_for(wanted));
        waited.await.unwrap().unwrap().clone()
    }

    /// The text of the next answer in the outbox.
    async fn next_answer(&mut self) -> String {
        while self.waiting.is_empty() {
            let waited = tokio::time::timeout(SOON, self.outbox.recv());
            self.waiting.extend(waited.await.unwrap().unwrap());
        }
        let waiting = self.waiting.pop_front().unwrap();
        let work = self
            .engine
            .handle
            .take(vec![waiting.id])
            .await
            .unwrap()
            .unwrap();
        match &work.sends[0] {
            Send::New { message, .. } | Send::Edit { message, .. } => message.text(),
            Send::Notify(notification) => notification.text().message.text(),
            Send::File { text, .. } => text.clone(),
        }
    }
}

fn polls(state: &State) -> bool {
    matches!(state, State::Polling { .. })
}

#[tokio::test]
async fn what_is_said_reaches_the_engine_and_its_answer_the_outbox() {
    let world = world().await;
    let mut life = world.start().await;
    let state = life.is(polls).await;
    assert_eq!(state.username(), Some("ops_bot"));
    world
        .telegram
        .say(ANN, ANN, "/regexp mem|cpu", None)
        .unwrap();
    let answer = life.next_answer().await;
    assert!(answer.contains("mem|cpu"), "{answer}");
    for (language, word) in [("", "all commands"), ("ru", "все команды")] {
        let menu = world.telegram.menu(BOT, "default", language);
        let help = menu.iter().find(|entry| entry.command == "help").unwrap();
        assert_eq!(help.description, word);
    }
    life.stop().await;
}

#[tokio::test]
async fn a_restart_loses_and_repeats_nothing() {
    let world = world().await;
    let expressions = |round| (0..5).map(move |number| format!("e{round}{number}x"));
    for round in 0..3 {
        let mut life = world.start().await;
        for expression in expressions(round) {
            let text = format!("/regexp {expression}");
            world.telegram.say(ANN, ANN, &text, None).unwrap();
        }
        // The process ends somewhere among them.
        for _ in 0..(3 * round + 2) {
            let waited = tokio::time::timeout(SOON, life.outbox.recv());
            waited.await.unwrap().unwrap();
        }
        life.stop().await;
    }
    let mut life = world.start().await;
    world.telegram.say(ANN, ANN, "/list", None).unwrap();
    let all: Vec<String> = (0..3).flat_map(expressions).collect();
    let mut answers = Vec::new();
    let list = loop {
        let text = life.next_answer().await;
        if all.iter().all(|expression| text.contains(expression)) {
            break text;
        }
        answers.push(text);
    };
    for expression in &all {
        assert_eq!(
            list.matches(expression).count(),
            1,
            "{expression} in {list}"
        );
        let told = answers.iter().filter(|text| text.contains(expression));
        assert_eq!(told.count(), 1, "{expression} in {answers:?}");
    }
    life.stop().await;
}

#[tokio::test]
async fn rights_in_a_group_are_looked_up_before_the_engine_decides() {
    let world = world().await;
    let telegram = &world.telegram;
    telegram.add_user(User::new(43, "Bob", "en"));
    telegram.add_supergroup(GROUP, "Ops", true);
    telegram.set_status(GROUP, BOT, Status::Member).unwrap();
    telegram
        .set_status(GROUP, ANN, Status::Administrator)
        .unwrap();
    let topic = telegram.add_topic(GROUP, "Disks").unwrap();
    let mut life = world.start().await;
    life.is(polls).await;
    telegram
        .say(GROUP, ANN, "/regexp disk", Some(topic))
        .unwrap();
    assert!(life.next_answer().await.contains("disk"));
    assert_eq!(telegram.calls("getChatMember").len(), 1);
    telegram.set_status(GROUP, ANN, Status::Member).unwrap();
    telegram
        .say(GROUP, ANN, "/regexp net", Some(topic))
        .unwrap();
    let refusal = life.next_answer().await;
    assert!(!refusal.contains("net"), "{refusal}");
    telegram.say(GROUP, ANN, "/list", Some(topic)).unwrap();
    let list = life.next_answer().await;
    assert!(list.contains("disk") && !list.contains("net"), "{list}");
    assert_eq!(telegram.calls("getChatMember").len(), 2);
    life.stop().await;
}

#[tokio::test]
async fn a_pressed_button_is_answered() {
    let world = world().await;
    let mut life = world.start().await;
    life.is(polls).await;
    world.telegram.say(ANN, ANN, "/start", None).unwrap();
    life.next_answer().await;
    let buttons = [vec![
        nabat_core::message::Button::callback("Old", "zz").unwrap(),
    ]];
    let message = crate::channel::telegram::client::NewMessage {
        chat: nabat_core::chat::ChatKey {
            bot: BotId(BOT),
            chat: ANN,
            topic: None,
        },
        text: crate::channel::telegram::client::Text::Plain("x"),
        buttons: &buttons,
        silent: false,
        reply_to: None,
    };
    let telegram = &world.telegram;
    let sender = client(&bot([telegram.url()]));
    let id = sender.send_message(&message).await.unwrap();
    let query = telegram.press(ANN, id, ANN, "Old").unwrap();
    let answer = telegram.wait_for(SOON, |telegram| telegram.answer(&query));
    assert!(!answer.await.unwrap().text.is_empty());
    life.stop().await;
}

#[tokio::test]
async fn another_program_on_the_same_bot_is_noticed() {
    let world = world().await;
    let mut life = world.start().await;
    life.is(polls).await;
    let other = client(&bot([world.telegram.url()]));
    let other = tokio::spawn(async move {
        loop {
            let _ = other.get_updates(None, POLL_TIMEOUT).await;
        }
    });
    let state = life
        .is(|state| matches!(state, State::Conflict { .. }))
        .await;
    assert_eq!(state.username(), Some("ops_bot"));
    other.abort();
    life.stop().await;
}

#[tokio::test]
async fn a_refused_token_ends_the_ears_and_is_shown() {
    let world = world().await;
    let mut life = world.start().await;
    life.is(polls).await;
    world.telegram.revoke_bot(BOT);
    world.telegram.vanish().await;
    world.telegram.resume().await.unwrap();
    life.is(|state| *state == State::TokenRefused).await;
    tokio::time::timeout(SOON, &mut life.ears)
        .await
        .unwrap()
        .unwrap();
    life.engine.stop().await.unwrap();
    let mut second = world.start().await;
    second.is(|state| *state == State::TokenRefused).await;
    tokio::time::timeout(SOON, &mut second.ears)
        .await
        .unwrap()
        .unwrap();
    second.engine.stop().await.unwrap();
}

#[tokio::test]
async fn telegram_may_go_away_and_come_back() {
    let world = world().await;
    let mut life = world.start_as(bot([nobody()])).await;
    let state = life
        .is(|state| matches!(state, State::Unreachable { .. }))
        .await;
    assert_eq!(state.username(), None);
    life.stop().await;
    let mut life = world.start().await;
    life.is(polls).await;
    let page = FaultKind::Status {
        code: 502,
        html_body: true,
    };
    world.telegram.fault(fault("getUpdates", 1, page));
    world.telegram.say(ANN, ANN, "/list", None).unwrap();
    let state = life
        .is(|state| matches!(state, State::Unreachable { .. }))
        .await;
    assert_eq!(state.username(), Some("ops_bot"));
    life.next_answer().await;
    life.is(polls).await;
    life.stop().await;
}

#[test]
fn twenty_bots_start_at_once_and_others_one_by_one() {
    assert_eq!(start_delay(0), Duration::ZERO);
    assert_eq!(start_delay(19), Duration::from_millis(3_800));
    assert_eq!(start_delay(20), Duration::from_millis(6_800));
    assert_eq!(start_delay(99), Duration::from_millis(3_800 + 80 * 3_000));
}
