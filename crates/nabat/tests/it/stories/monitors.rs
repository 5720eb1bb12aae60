//! What people have watched, from a chat.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use reqwest::Method;
use serde_json::json;
use telegram_emulator::{Message, Status};

use crate::world::http::Server;
use crate::world::liar::Liar;
use crate::world::talk::{owned_world_of, world_of};
use crate::world::{OWNER, World, wait};

const ANN: i64 = 21;
const GROUP: i64 = -100_600;

/// A shop that answers with whatever status the test wants.
struct Shop {
    status: Arc<AtomicU16>,
    server: Server,
}

impl Shop {
    async fn open() -> Self {
        let status = Arc::new(AtomicU16::new(200));
        let now = Arc::clone(&status);
        let page = move || {
            let status = StatusCode::from_u16(now.load(Ordering::Relaxed)).unwrap();
            async move { status }
        };
        let server = Server::start(Router::new().route("/health", get(page))).await;
        Self { status, server }
    }

    fn answers(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    fn url(&self) -> String {
        format!("http://{}/health", self.server.address)
    }
}

fn begins(text: &str, expected: &str) {
    assert!(
        text.starts_with(expected),
        "`{expected}` begins not: {text}"
    );
}

fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

fn button_texts(message: &Message) -> Vec<&str> {
    let buttons = message.buttons.iter().flatten();
    buttons.map(|button| button.text.as_str()).collect()
}

async fn watch(world: &World, shop: &Shop, rest: &str) -> String {
    world
        .ask(&format!("/watch {} {rest}", shop.url()))
        .await
        .text
}

#[tokio::test]
async fn what_somebody_has_watched_is_told_when_it_fails_and_when_it_is_back() {
    let world = owned_world_of(&[]).await;
    let shop = Shop::open().await;
    let answer = watch(&world, &shop, "every 1s as shop").await;
    begins(&answer, "🟢 shop: up · ");
    contains(
        &answer,
        &["status 200", "\nWatched from now on; this chat is told"],
    );
    begins(
        &world.ask("/list").await.text,
        "1 subscription\n• monitor=\"shop\"",
    );
    let again = watch(&world, &shop, "as shop").await;
    begins(&again, "I watch shop already: http://127.0.0.1:");
    contains(&again, &["This chat is told of it."]);

    shop.answers(503);
    let card = world.told(OWNER, "MonitorDown").await;
    contains(&card.text, &["shop: status 503", "critical"]);
    let list = world.ask("/monitors").await.text;
    begins(&list, "1 down\n1. 🔴 shop · ");
    contains(&list, &["status 503"]);
    shop.answers(200);
    world.shows(OWNER, card.id, "Resolved").await;
    world.told(OWNER, "Resolved after").await;
    world.settled().await;
    world.monitor_is("shop", "up").await;
    begins(&world.ask("/monitors").await.text, "1 up\n1. 🟢 shop · ");

    let gone = world.ask("/unwatch shop").await.text;
    assert_eq!(gone, "shop is watched no more.");
    begins(
        &world.ask("/list").await.text,
        "This chat has no subscriptions.",
    );
    begins(
        &world.ask("/monitors").await.text,
        "Nothing is watched yet.",
    );
}

#[tokio::test]
async fn one_look_shows_every_part_of_it() {
    let world = owned_world_of(&[]).await;
    let shop = Shop::open().await;
    shop.answers(503);
    let trace = world.ask(&format!("/check {}", shop.url())).await.text;
    begins(&trace, "🔴 127.0.0.1:");
    contains(&trace, &["127.0.0.1", "✗ status 503", "connection "]);
    begins(
        &world.ask("/monitors").await.text,
        "Nothing is watched yet.",
    );

    let answer = watch(&world, &shop, "as shop").await;
    begins(&answer, "🔴 shop: does not answer as it should");
    contains(&answer, &["It is watched all the same"]);
    shop.answers(200);
    let trace = world.ask("/check shop").await.text;
    begins(&trace, "🟢 shop: up · ");
    contains(&trace, &["✓ status 200"]);
    let none = world.ask("/check nothing/here").await.text;
    begins(&none, "I do not watch nothing/here.");
}

#[tokio::test]
async fn a_monitor_is_paused_maintained_and_removed_by_buttons() {
    let world = owned_world_of(&[(ANN, "en")]).await;
    let shop = Shop::open().await;
    world.ask_as(ANN, "/subscribe alertname=MonitorDown").await;
    watch(&world, &shop, "every 1s as shop").await;
    world.monitor_is("shop", "up").await;
    let list = world.ask("/monitors").await;
    assert_eq!(button_texts(&list), ["1"]);
    // Presses a button, and waits until one of the message is called so, and the message reads so.
    let press = async |button: &str, then: &str, shows: &str| {
        let toast = world.press(OWNER, list.id, OWNER, button).await;
        assert_eq!(toast, "One moment.", "{button}");
        let changed = world.telegram.wait_for(wait::PATIENCE, |telegram| {
            let said = telegram.messages(OWNER).into_iter();
            said.filter(|message| message.id == list.id)
                .find(|message| {
                    button_texts(message).contains(&then) && message.text.contains(shows)
                })
        });
        changed
            .await
            .unwrap_or_else(|error| panic!("{button}: {error}"))
    };
    let one = press("1", "⏸ Pause", "🟢 shop · http").await;
    contains(&one.text, &["Up since ", "Made by Olga"]);
    press("⏸ Pause", "▶ Resume", "Paused since ").await;
    press("▶ Resume", "⏸ Pause", "shop · http").await;
    press("🔧 4 h", "🔧 End maintenance", "In maintenance since ").await;
    let one = press("🔧 End maintenance", "🔧 4 h", "shop · http").await;
    assert!(!one.text.contains("In maintenance"), "{}", one.text);
    press("◀ All", "1", "1. ").await;
    press("1", "✖ Remove", "shop · http").await;
    press("✖ Remove", "No", "1 other chat or address is told of shop.").await;
    press("No", "✖ Remove", "shop · http").await;
    press("✖ Remove", "Yes, remove it", "1 other chat or address").await;
    world.press(OWNER, list.id, OWNER, "Yes, remove it").await;
    world
        .shows(OWNER, list.id, "shop is watched no more.")
        .await;
}

#[tokio::test]
async fn who_is_no_owner_reaches_nothing_of_this_machine_and_changes_nothing_of_others() {
    let world = owned_world_of(&[(ANN, "en")]).await;
    let shop = Shop::open().await;
    for target in [
        &*shop.url(),
        "127.0.0.1",
        "http://[::1]:9/",
        "169.254.169.254",
    ] {
        let answer = world.ask_as(ANN, &format!("/watch {target}")).await.text;
        begins(&answer, "I could not look at ");
        contains(&answer, &["is not on the internet"]);
        let answer = world.ask_as(ANN, &format!("/check {target}")).await.text;
        begins(&answer, "⚪ ");
    }
    watch(&world, &shop, "as shop").await;
    world.monitor_is("shop", "up").await;
    begins(&world.ask_as(ANN, "/monitors").await.text, "1 up\n");
    let one = world.ask_as(ANN, "/monitors shop").await;
    assert_eq!(button_texts(&one), ["🔍 Look now", "◀ All"]);
    begins(&world.ask_as(ANN, "/monitors up").await.text, "1 up up\n");
    begins(
        &world.ask_as(ANN, "/monitors down").await.text,
        "Nothing that I watch ",
    );
    let refused = world.ask_as(ANN, "/unwatch shop").await.text;
    begins(&refused, "Only an owner of this bot, or whoever made shop,");
    let answer = world.ask_as(ANN, "/watch 192.0.2.1 as shop").await;
    begins(&answer.text, "I watch shop already");
    world.press(ANN, answer.id, ANN, "🔔 Tell this chat").await;
    world.shows(ANN, answer.id, "Subscribed to ").await;
    begins(&world.ask_as(ANN, "/list").await.text, "1 subscription\n");
}

#[tokio::test]
async fn what_the_configuration_defines_is_changed_there() {
    let shop = Shop::open().await;
    let url = shop.url();
    let world = World::with_config(|config| {
        config["monitors"] = serde_json::json!([{ "name": "shop", "http": url }]);
    })
    .await;
    let link = world.owner_link().await;
    world.open(OWNER, &link).await;
    begins(
        &world.ask("/unwatch shop").await.text,
        "shop is defined in the configuration",
    );
    begins(
        &world.ask("/unwatch").await.text,
        "Nothing that I watch was made in this chat.",
    );
    let one = world.ask("/monitors shop").await;
    contains(&one.text, &["Defined in the configuration"]);
    assert!(!button_texts(&one).contains(&"✖ Remove"));
}

#[tokio::test]
async fn a_group_looks_and_its_administrators_have_things_watched() {
    let world = owned_world_of(&[(ANN, "en")]).await;
    let shop = Shop::open().await;
    world.group(GROUP, false);
    world
        .telegram
        .set_status(GROUP, ANN, Status::Member)
        .unwrap();
    let text = format!("/watch {} every 1s as shop", shop.url());
    let answer = world.ask_in(GROUP, OWNER, None, &text).await.text;
    begins(&answer, "🟢 shop: up");
    world.monitor_is("shop", "up").await;
    let list = world.ask_in(GROUP, ANN, None, "/monitors").await.text;
    begins(&list, "1 up\n");
    let refused = world.ask_in(GROUP, ANN, None, "/unwatch shop").await.text;
    begins(&refused, "Only administrators of this group");
    shop.answers(500);
    contains(
        &world.told(GROUP, "MonitorDown").await.text,
        &["status 500"],
    );
}

#[tokio::test]
async fn commands_about_monitors_say_how_they_are_meant() {
    let world = world_of(&[]).await;
    for (asked, told) in [
        ("/watch", "What shall I watch, and how often?"),
        (
            "/watch 192.0.2.1 often",
            "What shall I watch, and how often?",
        ),
        (
            "/watch gopher://a",
            "gopher://a is nothing that I can look at.",
        ),
        (
            "/watch 192.0.2.1 every 2d",
            "2d is not a span of time from 1 s to 1 d.",
        ),
        ("/check", "What shall I look at?"),
        ("/unwatch nothing", "I do not watch nothing."),
        ("/monitors nothing", "Nothing that I watch matches nothing"),
        ("/watch 192.0.2.1 as a/b", "I cannot look at that:"),
    ] {
        begins(&world.ask(asked).await.text, told);
    }
}

#[tokio::test]
async fn who_has_much_looked_at_keeps_nobody_else_waiting() {
    let world = owned_world_of(&[(ANN, "en")]).await;
    let silent = Liar::start(async |stream| {
        let _stream = stream;
        std::future::pending::<()>().await;
    })
    .await;
    let slow = json!({"http": silent.url("/"), "interval": "1h", "timeout": "60s"});
    let path = "/api/v1/monitors/slow";
    let (status, made) = world.api_with(Method::PUT, path, &slow).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    for _ in 0..40 {
        world.telegram.say(ANN, ANN, "/check slow", None).unwrap();
    }
    world.told(ANN, "I am looking at several things").await;
    let answer = world.ask_in(OWNER, OWNER, None, "/monitors").await;
    contains(&answer.text, &["slow"]);
}

#[tokio::test]
async fn what_is_watched_from_a_chat_may_have_to_hold_something() {
    let shop = Shop::open().await;
    let world = owned_world_of(&[]).await;
    let said = watch(&world, &shop, "status 204,300-399 every 1s as odd").await;
    contains(&said, &["odd", "status 200, expected 204, 300–399"]);
    let said = watch(&world, &shop, "contains “Welcome back” every 1s as page").await;
    contains(&said, &["page", "Welcome back"]);
    let said = watch(&world, &shop, "where status == 200 && latency < 60000").await;
    contains(&said, &["Watched from now on"]);
    let (_, page) = world
        .api(reqwest::Method::GET, "/api/v1/monitors/page")
        .await;
    assert_eq!(page["definition"]["http"]["contains"], "Welcome back");
    for (wrong, says) in [
        ("where nothing.here", "nothing"),
        ("status 99", "I cannot look at that:"),
        ("contains two words", "What shall I watch"),
    ] {
        let said = watch(&world, &shop, &format!("as x {wrong}")).await;
        contains(&said, &[says]);
    }
}
