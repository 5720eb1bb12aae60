//! Monitors with chats of their own, and the bots that come in for them: `add-mon`, `list-mon` and
//! `del-mon` from the command line, the rest by the API.

mod bots;

use std::collections::HashSet;
use std::process::Output;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use telegram_emulator::{Emulator, Status, User};

use crate::world::nabat::command;
use crate::world::site::Site;
use crate::world::talk::BOT;
use crate::world::wait::until;
use crate::world::{OWNER, TOKEN, World};

/// A bot that the configuration does not know.
const SHOP: i64 = 1002;
const SHOP_TOKEN: &str = "1002:second-second-second-second-second-second";
const ANN: i64 = 21;
const GROUP: i64 = -100_600;

/// A world with a second bot in Telegram; a group has both, Ann has met the second.
async fn world() -> World {
    let world = World::start().await;
    meet(&world.telegram);
    world
        .telegram
        .set_status(GROUP, BOT, Status::Member)
        .unwrap();
    world
}

fn meet(telegram: &Emulator) {
    telegram.add_bot(SHOP_TOKEN, "shop_bot");
    telegram.add_user(User::new(ANN, "Ann", "en"));
    telegram.say((SHOP, ANN), ANN, "hello", None).unwrap();
    telegram.add_supergroup(GROUP, "Duty", false);
    telegram.set_status(GROUP, SHOP, Status::Member).unwrap();
}

/// What a command printed, which succeeded.
fn printed(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    let (out, err) = (String::from_utf8_lossy(out), String::from_utf8_lossy(err));
    assert!(output.status.success(), "{out}{err}");
    out.into_owned()
}

/// What a command complained about, which failed.
fn complained(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{text}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{text}");
    text.into_owned()
}

impl World {
    /// Adds a monitor of `address` that tells `chat` by the bot of `token`.
    async fn add_mon(&self, address: &str, chat: &str, token: &str) -> Output {
        let words = ["add-mon", "--ip_address", address, "--chat_id", chat];
        self.run(&[&words[..], &["--token", token]].concat()).await
    }

    /// The same, which must succeed; then it is looked at often. Returns its ID.
    async fn added(&self, site: &Site, chat: &str, token: &str) -> String {
        let id = printed(&self.add_mon(&site.url(), chat, token).await);
        let id = id.strip_suffix('\n').unwrap().to_owned();
        let number: u64 = id.parse().unwrap();
        let (_, all) = self.api(Method::GET, "/api/v1/monitors").await;
        let of_id = |monitor: &&Value| monitor["id"] == number;
        let monitors = all["monitors"].as_array().unwrap();
        let name = monitors.iter().find(of_id).unwrap()["name"]
            .as_str()
            .unwrap();
        let path = format!("/api/v1/monitors/{}", name.replace(' ', "%20"));
        let often = json!({ "interval": "1s", "retries": ["100ms"] });
        let (status, changed) = self.api_with(Method::PATCH, &path, &often).await;
        assert_eq!(status, StatusCode::OK, "{changed}");
        id
    }

    /// Waits until the bots that run are these.
    async fn bots_are(&self, expected: &[&str]) {
        until(&format!("the bots {expected:?}"), async || {
            let metrics = self.nabat.metrics().await;
            let name = |line: &str| {
                let (name, up) = line
                    .strip_prefix("nabat_bot_up{bot=\"")?
                    .split_once("\"} ")?;
                (up == "1").then(|| name.to_owned())
            };
            let mut bots: Vec<String> = metrics.lines().filter_map(name).collect();
            bots.sort();
            (bots == expected).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_chat_of_a_known_bot_is_told_of_its_own_monitor_and_of_no_other() {
    let world = world().await;
    let (shop, other) = (Site::start().await, Site::start().await);
    let id = world.added(&shop, &GROUP.to_string(), TOKEN).await;
    let plain = ["monitor", "add", &other.url(), "--interval", "1s"];
    printed(&world.run(&plain).await);
    other.answer(503);
    shop.answer(503);
    world.told(GROUP, "MonitorDown").await;
    shop.answer(200);
    world.told(GROUP, "Resolved after").await;
    world.settled().await;
    let said = world.said(GROUP);
    assert!(
        said.iter()
            .all(|message| !message.text.contains(&other.url())),
        "{said:?}"
    );
    // The same again is the same monitor.
    let again = world.add_mon(&shop.url(), &GROUP.to_string(), TOKEN).await;
    assert_eq!(printed(&again), format!("{id}\n"));
    // No bot came in: this one was there.
    world.bots_are(&["ops"]).await;
}

#[tokio::test]
async fn the_same_again_is_the_same_monitor_with_a_login_and_by_each_kind() {
    let world = world().await;
    let site = Site::start().await;
    let group = GROUP.to_string();
    let add = async |address: &str, kind: &str| {
        let words = ["add-mon", "--ip_address", address, "--mon_type", kind];
        let tell = ["--chat_id", &group, "--token", SHOP_TOKEN];
        printed(&world.run(&[&words[..], &tell].concat()).await)
    };
    let with = |password: &str| site.url().replace("//", &format!("//ann:{password}@"));
    let id = add(&with("first"), "http").await;
    assert_eq!(add(&with("second"), "http").await, id);
    // The login that was given last is used from then on.
    let name = site.url().replace("http://", "").replace('/', "");
    let path = format!("/api/v1/monitors/{name}/probe");
    let (status, report) = world.api(Method::POST, &path).await;
    assert_eq!(status, StatusCode::OK, "{report}");
    let login = BASE64_STANDARD.encode("ann:second");
    assert!(site.asked().contains(&login), "{}", site.asked());

    let kinds = ["ping", "ssh", "smtp", "redis"];
    let mut ids = HashSet::new();
    for kind in kinds.into_iter().chain(kinds) {
        ids.insert(add("127.0.0.1", kind).await);
    }
    assert_eq!(ids.len(), 3 + 1, "{ids:?}");
}

#[tokio::test]
async fn what_telegram_refuses_is_said_in_its_words_and_nothing_is_kept() {
    let world = world().await;
    let site = Site::start().await;
    let refused = async |chat: i64, token: &str, says: &str| {
        let added = world.add_mon(&site.url(), &chat.to_string(), token).await;
        let text = complained(&added);
        assert_eq!(added.status.code(), Some(1), "{text}");
        let said = format!("Telegram says: {says}");
        assert!(text.contains(&said) && text.contains("hint: "), "{text}");
        assert!(text.contains("nothing was kept"), "{text}");
        assert!(!text.contains(token), "{text}");
    };
    let unknown = "1003:nobody-nobody-nobody-nobody-nobody-nobody";
    refused(ANN, unknown, "Unauthorized").await;
    refused(-100_999, SHOP_TOKEN, "Bad Request: chat not found").await;
    world
        .telegram
        .set_status(GROUP, SHOP, Status::Kicked)
        .unwrap();
    refused(
        GROUP,
        SHOP_TOKEN,
        "Forbidden: bot was kicked from the supergroup chat",
    )
    .await;
    world.telegram.block((SHOP, ANN), true).unwrap();
    refused(ANN, SHOP_TOKEN, "Forbidden: bot was blocked by the user").await;
    world.telegram.revoke_bot(SHOP);
    refused(GROUP, SHOP_TOKEN, "Unauthorized").await;

    let (_, all) = world.api(Method::GET, "/api/v1/monitors").await;
    assert_eq!(all["monitors"], json!([]));
    world.bots_are(&["ops"]).await;

    // That nobody answers is told from a no.
    world.telegram.vanish().await;
    let silent = complained(&world.add_mon(&site.url(), "21", SHOP_TOKEN).await);
    assert!(silent.contains("could not be asked"), "{silent}");
    assert!(!silent.contains("Telegram says"), "{silent}");
    world.telegram.resume().await.unwrap();
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_refused_before_telegram_is_asked() {
    let world = world().await;
    let asked = world.telegram.calls("getChat").len();
    for (tell, says) in [
        (json!({ "chat": 0 }), "tell.chat"),
        (json!({ "chat": "ops" }), "tell.chat"),
        (
            json!({ "bot": 5, "chat": 7 }),
            "knows no bot with the number 5",
        ),
        (json!({ "token": "12345", "chat": 7 }), "tell.token"),
        (
            json!({ "token": SHOP_TOKEN, "bot": BOT, "chat": 7 }),
            "not the number before the colon",
        ),
        (json!({ "token": SHOP_TOKEN }), "chat"),
        // A token in the wrong place is not repeated either.
        (json!(SHOP_TOKEN), "tell"),
        (json!({ "chat": SHOP_TOKEN }), "tell.chat"),
        (json!({ "bot": SHOP_TOKEN, "chat": 7 }), "tell.bot"),
    ] {
        let wanted = json!({ "name": "a", "ping": "127.0.0.1", "tell": tell });
        let made = world.api_with(Method::POST, "/api/v1/monitors", &wanted);
        let (status, answer) = made.await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
        let text = answer.to_string();
        assert!(text.contains(says), "{text}");
        assert!(
            !text.contains("second-second") && !text.contains("12345"),
            "{text}"
        );
    }
    assert_eq!(world.telegram.calls("getChat").len(), asked);
}

#[tokio::test]
async fn addresses_of_both_kinds_and_names_are_watched() {
    let world = world().await;
    for (address, kind) in [
        ("127.0.0.1", "ping"),
        ("::1", "icmp"),
        ("localhost", "PING"),
    ] {
        let words = ["add-mon", "--ip-address", address, "--mon-type", kind];
        let chat = GROUP.to_string();
        // The one bot that there is speaks.
        let added = world
            .run(&[&words[..], &["--chat-id", &chat]].concat())
            .await;
        let id = printed(&added);
        world.monitor_is(address, "up").await;
        assert_eq!(world.monitor(address).await["id"].to_string(), id.trim());
    }
    // Without a chat nobody is told by the monitor itself.
    let words = ["add-mon", "--ip_address", "127.0.0.2"];
    printed(&world.run(&words).await);
    assert_eq!(
        world.monitor("127.0.0.2").await["definition"]["tell"],
        Value::Null
    );
    // One target for two chats is two monitors.
    let first = printed(&world.add_mon("127.0.0.1", &GROUP.to_string(), TOKEN).await);
    let second = printed(
        &world
            .add_mon("127.0.0.1", &ANN.to_string(), SHOP_TOKEN)
            .await,
    );
    assert_ne!(first, second);
    let text = complained(&world.add_mon("127.0.0.1", SHOP_TOKEN, TOKEN).await);
    assert!(
        text.contains("is no chat") && !text.contains("1002:"),
        "{text}"
    );
    let text = complained(&world.run(&["add-mon", "--ip_address", "a b"]).await);
    assert!(text.contains("nothing that can be watched"), "{text}");
}

#[tokio::test]
async fn the_commands_are_called_by_links_with_their_names() {
    let world = world().await;
    let folder = tempfile::tempdir().unwrap();
    let program = command().get_program().to_owned();
    for name in ["add-mon", "list-mon", "del-mon"] {
        std::os::unix::fs::symlink(&program, folder.path().join(name)).unwrap();
    }
    let called = |name: &str, arguments: &[&str]| {
        let mut command = std::process::Command::new(folder.path().join(name));
        let address = world.nabat.address().to_string();
        command.args(arguments).args(["--server_address", &address]);
        command.arg("--data_dir").arg(world.nabat.data_dir());
        command.env_remove("NABAT_TOKEN_FILE");
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    let owner = OWNER.to_string();
    let words = ["--ip_address", "127.0.0.1", "--chat_id", &owner];
    world.say("/start");
    let id = printed(&called("add-mon", &words).await.unwrap());
    let list = printed(&called("list-mon", &[]).await.unwrap());
    assert!(list.contains("127.0.0.1"), "{list}");
    printed(&called("del-mon", &["--id", id.trim()]).await.unwrap());
    let list = printed(&called("list-mon", &[]).await.unwrap());
    assert!(!list.contains("127.0.0.1"), "{list}");
}

#[tokio::test]
async fn a_group_that_gets_another_id_is_told_there() {
    const OLD: i64 = -600;
    let world = world().await;
    world.telegram.add_group(OLD, "Old");
    world
        .telegram
        .set_status(OLD, SHOP, Status::Member)
        .unwrap();
    let site = Site::start().await;
    let id = world.added(&site, &OLD.to_string(), SHOP_TOKEN).await;
    world.bots_are(&["@shop_bot", "ops"]).await;
    let new = -100_777;
    world.telegram.migrate(OLD, new).unwrap();
    site.answer(503);
    world.told(new, "MonitorDown").await;
    // Who notes the old id still means that group.
    let again = world
        .add_mon(&site.url(), &OLD.to_string(), SHOP_TOKEN)
        .await;
    assert_eq!(printed(&again).trim(), id);
    let list = printed(&world.run(&["list-mon"]).await);
    assert!(list.contains(&new.to_string()), "{list}");
    site.answer(200);
    world.told(new, "Resolved after").await;
}

#[tokio::test]
async fn only_admins_give_tokens_and_the_configuration_has_its_routes() {
    let world = World::with_config(|config| {
        config["monitors"] = json!([{ "name": "mine", "ping": "127.0.0.1" }]);
    })
    .await;
    meet(&world.telegram);
    let made = json!({ "name": "clerk", "role": "operator" });
    let (_, token) = world.api_with(Method::POST, "/api/v1/tokens", &made).await;
    let token = token["token"].as_str().unwrap();
    let tell = json!({ "token": SHOP_TOKEN, "chat": GROUP });
    let wanted = json!({ "name": "a", "ping": "127.0.0.1", "tell": tell });
    let path = "/api/v1/monitors/a";
    let (status, _) = world.api_as(token, Method::PUT, path, Some(&wanted)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, _) = world.api_with(Method::PUT, path, &wanted).await;
    assert_eq!(status, StatusCode::CREATED);
    let (status, _) = world.api_with(Method::PUT, path, &wanted).await;
    assert_eq!(status, StatusCode::OK);
    // Without `tell` it has no chat of its own any more.
    let plain = json!({ "ping": "127.0.0.1" });
    let (status, _) = world.api_with(Method::PUT, path, &plain).await;
    assert_eq!(status, StatusCode::OK);
    world.bots_are(&["ops"]).await;
    let of_config = json!({ "tell": tell });
    let path = "/api/v1/monitors/mine";
    let (status, _) = world.api_with(Method::PATCH, path, &of_config).await;
    assert_eq!(status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn a_topic_of_a_forum_is_a_chat_of_its_own() {
    const FORUM: i64 = -100_700;
    let mut world = world().await;
    world.telegram.add_supergroup(FORUM, "Works", true);
    world
        .telegram
        .set_status(FORUM, BOT, Status::Member)
        .unwrap();
    let web = world.telegram.add_topic(FORUM, "Web").unwrap();
    let web_text = web.to_string();
    let in_topic = ["--topic", &web_text];
    let site = Site::start().await;
    let chat = FORUM.to_string();
    let add = ["add-mon", "--ip_address", &site.url(), "--chat_id", &chat];
    let unknown = world.run(&[&add[..], &["--topic", "99999"]].concat()).await;
    let words = complained(&unknown);
    assert!(words.contains("message thread not found"), "{words}");
    assert!(words.contains("before the last"), "{words}");

    let general = printed(&world.run(&add).await);
    let topic = printed(&world.run(&[&add[..], &in_topic].concat()).await);
    assert_ne!(general, topic, "each has a monitor of its own");
    let again = printed(&world.run(&[&add[..], &in_topic].concat()).await);
    assert_eq!(again, topic);
    let list = printed(&world.run(&["list-mon"]).await);
    assert!(list.contains(&format!("{FORUM}/{web}")), "{list}");
    printed(&world.run(&["del-mon", "--id", general.trim()]).await);

    let (_, all) = world.api(Method::GET, "/api/v1/monitors").await;
    let monitor = &all["monitors"][0];
    assert_eq!(
        monitor["definition"]["tell"],
        json!({ "bot": 1001, "chat": FORUM, "topic": web })
    );
    // As it is shown it can be sent back, and nobody is asked again.
    let name = monitor["name"].as_str().unwrap().replace(' ', "%20");
    let mut often = monitor["definition"].clone();
    often["interval"] = json!("1s");
    often["retries"] = json!(["100ms"]);
    let asked = world.telegram.calls("getChat").len();
    let path = format!("/api/v1/monitors/{name}");
    let (status, changed) = world.api_with(Method::PUT, &path, &often).await;
    assert_eq!(status, StatusCode::OK, "{changed}");
    assert_eq!(world.telegram.calls("getChat").len(), asked);

    world.nabat.restart().await;
    site.answer(503);
    let told = world.told(FORUM, "MonitorDown").await;
    assert_eq!(told.topic, Some(web));
}
