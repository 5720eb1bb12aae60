//! What tests say to a world: people's words to the bot, and alerts to the intake.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use telegram_emulator::{Message, Place, Status, User};

use super::{OWNER, World, wait};

/// The id of the bot that every world has.
pub(crate) const BOT: i64 = 1001;

/// A world whose configuration allows these people, each with a language and a private chat.
pub(crate) async fn world_of(people: &[(i64, &str)]) -> World {
    let ids: Vec<i64> = people.iter().map(|(id, _)| *id).chain([OWNER]).collect();
    let world = World::with_config(|config| {
        config["telegram"]["bots"][0]["allow"] = json!(ids);
    })
    .await;
    for (id, language) in people {
        world.telegram.add_user(User::new(*id, "Pat", language));
    }
    world
}

/// A world of these people whose Nabat the owner owns.
pub(crate) async fn owned_world_of(people: &[(i64, &str)]) -> World {
    let world = world_of(people).await;
    let link = world.owner_link().await;
    let welcome = world.open(OWNER, &link).await;
    assert!(welcome.starts_with("Welcome!"), "{welcome}");
    world
}

impl World {
    /// Somebody opens a link to the bot; returns the answer.
    pub(crate) async fn open(&self, person: i64, link: &str) -> String {
        let place = self.telegram.open_link(person, link, None).unwrap();
        let said = self.telegram.messages(place).last().unwrap().id;
        self.next(place, said, link).await.text
    }

    /// The owner writes to the bot in private; returns its answer.
    pub(crate) async fn ask(&self, text: &str) -> Message {
        self.ask_as(OWNER, text).await
    }

    /// Somebody writes to the bot in their private chat; returns its answer.
    pub(crate) async fn ask_as(&self, person: i64, text: &str) -> Message {
        self.ask_in(person, person, None, text).await
    }

    /// Somebody writes in a chat or in a topic of it; returns what the bot says next there.
    pub(crate) async fn ask_in(
        &self,
        chat: impl Into<Place>,
        person: i64,
        topic: Option<i64>,
        text: &str,
    ) -> Message {
        let chat = chat.into();
        let said = self.telegram.say(chat, person, text, topic).unwrap();
        self.next(chat, said, text).await
    }

    /// The bot's first message in `chat` after the message `id`.
    pub(crate) async fn next(&self, chat: impl Into<Place>, id: i64, what: &str) -> Message {
        let chat = chat.into();
        let found = self.telegram.wait_for(wait::PATIENCE, |telegram| {
            let said = telegram.messages(chat).into_iter();
            said.filter(by_bot).find(|message| message.id > id)
        });
        found
            .await
            .unwrap_or_else(|error| panic!("no answer to `{what}`: {error}"))
    }

    /// Waits until a message of `chat` reads so that `is` holds; returns it.
    pub(crate) async fn shows(&self, chat: impl Into<Place>, id: i64, text: &str) -> Message {
        let chat = chat.into();
        let found = self.telegram.wait_for(wait::PATIENCE, |telegram| {
            let said = telegram.messages(chat).into_iter();
            said.filter(|message| message.id == id)
                .find(|message| message.text.contains(text))
        });
        found
            .await
            .unwrap_or_else(|error| panic!("message {id} never read `{text}`: {error}"))
    }

    /// Presses a button as somebody; returns the short text shown for it.
    pub(crate) async fn press(
        &self,
        chat: impl Into<Place>,
        message: i64,
        person: i64,
        button: &str,
    ) -> String {
        let query = self.telegram.press(chat, message, person, button).unwrap();
        let answer = self
            .telegram
            .wait_for(wait::PATIENCE, |telegram| telegram.answer(&query));
        answer.await.unwrap().text
    }

    /// A forum or an ordinary supergroup that the owner administrates and the bot is in.
    pub(crate) fn group(&self, id: i64, forum: bool) {
        self.telegram.add_supergroup(id, "Duty", forum);
        self.telegram
            .set_status(id, OWNER, Status::Administrator)
            .unwrap();
        self.telegram.set_status(id, BOT, Status::Member).unwrap();
    }

    /// What the bot has said in a chat so far, as it reads now.
    pub(crate) fn said(&self, chat: impl Into<Place>) -> Vec<Message> {
        let all = self.telegram.messages(chat).into_iter();
        all.filter(by_bot).collect()
    }

    /// The link in the log by which somebody becomes the owner.
    pub(crate) async fn owner_link(&self) -> String {
        wait::until("an owner link in the log", async || {
            let log = self.nabat.log();
            let mut offers = log.split("open ");
            let link = offers.find(|rest| rest.starts_with("https://t.me/"))?;
            link.split(' ').next().map(str::to_owned)
        })
        .await
    }

    /// Posts alerts, which are taken.
    pub(crate) async fn send(&self, body: &Value) {
        let answer = self.nabat.post_alerts(body).await.unwrap();
        let status = answer.status();
        assert_eq!(status, StatusCode::OK, "{}", answer.text().await.unwrap());
    }

    /// Posts one alert that fires, with these labels.
    pub(crate) async fn fire(&self, labels: Value) {
        self.send(&json!({ "status": "firing", "alerts": [{ "labels": labels }] }))
            .await;
    }

    /// Posts the end of the alert with these labels.
    pub(crate) async fn resolve(&self, labels: Value) {
        self.send(&json!({ "status": "resolved", "alerts": [{ "labels": labels }] }))
            .await;
    }

    /// Waits until nothing is left to be told: what has not been said by then never will be.
    pub(crate) async fn settled(&self) {
        wait::until("the outbox to be empty", async || {
            let waiting = self.nabat.metric("nabat_outbox_deliveries").await;
            (waiting == Some(0.0)).then_some(())
        })
        .await;
    }
}

/// The moment in so many seconds, or before as many, as alerts carry it.
pub(crate) fn moment(seconds: i64) -> String {
    let now = jiff::Timestamp::now();
    let shift = Duration::from_secs(seconds.unsigned_abs());
    let at = if seconds < 0 {
        now - shift
    } else {
        now + shift
    };
    at.to_string()
}

fn by_bot(message: &Message) -> bool {
    (BOT..BOT + 10).contains(&message.from) && message.service.is_none()
}
