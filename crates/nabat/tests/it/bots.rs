//! Bots: several in one Nabat, several ways to Telegram, and Telegram that calls.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use serde_json::{Value, json};
use telegram_emulator::{Emulator, Settings, User};
use tokio::sync::watch;

use crate::world::http::Server;
use crate::world::nabat::Nabat;
use crate::world::talk::BOT;
use crate::world::{OWNER, TOKEN, World, http, wait};

const SECOND: i64 = 1002;
const SECOND_TOKEN: &str = "1002:second-second-second-second-second-second";

#[tokio::test]
async fn each_of_several_bots_tells_its_own_chats() {
    const ANN: i64 = 21;
    let telegram = Emulator::start(Settings::default()).await.unwrap();
    telegram.add_bot(TOKEN, "nabat_bot");
    telegram.add_bot(SECOND_TOKEN, "second_bot");
    for (id, name) in [(OWNER, "Olga"), (ANN, "Ann")] {
        telegram.add_user(User::new(id, name, "en"));
    }
    let bot = |name: &str, token: &str, allow: &[i64]| json!({ "name": name, "token": token, "api_url": telegram.url(), "allow": allow });
    let config = json!({ "telegram": { "bots": [
        bot("ops", TOKEN, &[OWNER]),
        bot("shop", SECOND_TOKEN, &[OWNER, ANN]),
    ]}});
    let folder = tempfile::tempdir().unwrap();
    let nabat = Nabat::start(folder.path(), &config).await;
    let world = World::of(nabat, telegram, folder);

    world.ask("/regexp disk").await;
    world
        .ask_in((SECOND, OWNER), OWNER, None, "/regexp cpu")
        .await;
    world.ask_in((SECOND, ANN), ANN, None, "/regexp all").await;
    let stranger = world.ask_in((BOT, ANN), ANN, None, "/list").await.text;
    assert!(stranger.starts_with("I do not know you yet"), "{stranger}");

    world.fire(json!({ "alertname": "DiskFull" })).await;
    world.fire(json!({ "alertname": "CpuHot" })).await;
    world.told((BOT, OWNER), "DiskFull").await;
    world.told((SECOND, OWNER), "CpuHot").await;
    world.told((SECOND, ANN), "DiskFull").await;
    world.told((SECOND, ANN), "CpuHot").await;
    world.settled().await;
    assert_eq!(world.said((BOT, OWNER)).len(), 2);
    assert_eq!(world.said((SECOND, OWNER)).len(), 2);
    for name in ["ops", "shop"] {
        let up = world
            .nabat
            .metric(&format!(r#"nabat_bot_up{{bot="{name}"}}"#))
            .await;
        assert_eq!(up, Some(1.0), "{name}");
    }
}

#[tokio::test]
async fn whoever_came_in_by_a_link_is_known_to_every_bot() {
    let telegram = Emulator::start(Settings::default()).await.unwrap();
    telegram.add_bot(TOKEN, "nabat_bot");
    telegram.add_bot(SECOND_TOKEN, "second_bot");
    telegram.add_user(User::new(OWNER, "Olga", "en"));
    let bot = |name: &str, token: &str| json!({ "name": name, "token": token, "api_url": telegram.url() });
    let bots = json!([bot("ops", TOKEN), bot("shop", SECOND_TOKEN)]);
    let folder = tempfile::tempdir().unwrap();
    let nabat = Nabat::start(folder.path(), &json!({ "telegram": { "bots": bots } })).await;
    let world = World::of(nabat, telegram, folder);
    let link = world.owner_link().await;
    let place = world.telegram.open_link(OWNER, &link, None).unwrap();
    world.told(place, "You are an owner of this bot now").await;
    for bot in [BOT, SECOND] {
        let answer = world.ask_in((bot, OWNER), OWNER, None, "/list").await.text;
        assert!(
            answer.starts_with("This chat has no subscriptions."),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_dead_way_to_telegram_is_left_for_the_next() {
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let world = World::with_config(|config| {
        let url = &mut config["telegram"]["bots"][0]["api_url"];
        *url = json!([nobody, { "url": url.take() }]);
    })
    .await;
    let answer = world.ask("/regexp all").await.text;
    assert!(answer.starts_with("Subscribed"), "{answer}");
    world.fire(json!({ "alertname": "DiskFull" })).await;
    world.told(OWNER, "DiskFull").await;
}

/// The public address that Telegram would call.
const PUBLIC: &str = "https://nabat.example.org";

/// The Bot API with `PUBLIC` led to Nabat, as a reverse proxy would: the emulator calls only
/// addresses of this machine.
#[derive(Clone)]
struct Front {
    telegram: String,
    /// Nabat's own address, once it is known.
    nabat: watch::Receiver<String>,
}

async fn forward(State(mut front): State<Front>, uri: Uri, body: Bytes) -> (StatusCode, String) {
    let nabat = front.nabat.wait_for(|url| !url.is_empty()).await;
    let body = String::from_utf8(body.to_vec()).unwrap();
    let body = body.replace(PUBLIC, &nabat.unwrap());
    let request = http::client().post(format!("{}{}", front.telegram, uri.path()));
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let answer = request.body(body).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_bot_can_be_called_by_telegram_instead_of_polling() {
    let settings = Settings {
        plain_webhooks: true,
        ..Settings::default()
    };
    let telegram = Emulator::start(settings).await.unwrap();
    telegram.add_bot(TOKEN, "nabat_bot");
    telegram.add_user(User::new(OWNER, "Olga", "en"));
    let (nabat_url, nabat) = watch::channel(String::new());
    let front = Front {
        telegram: telegram.url(),
        nabat,
    };
    let front = Server::start(Router::new().fallback(forward).with_state(front)).await;
    let config = json!({ "telegram": { "bots": [{
        "name": "ops",
        "token": TOKEN,
        "api_url": format!("http://{}", front.address),
        "allow": [OWNER],
        "updates": "webhook",
        "webhook": { "url": PUBLIC },
    }]}});
    let folder = tempfile::tempdir().unwrap();
    let nabat = Nabat::start(folder.path(), &config).await;
    nabat_url.send_replace(nabat.url(""));
    let world = World::of(nabat, telegram, folder);

    let answer = world.ask("/regexp all").await.text;
    assert!(answer.starts_with("Subscribed"), "{answer}");
    world.fire(json!({ "alertname": "DiskFull" })).await;
    world.told(OWNER, "DiskFull").await;
    // What had come before Telegram knew whom to call was fetched; nothing is waited for.
    let polls = world.telegram.calls("getUpdates");
    assert!(
        polls.iter().all(|call| call.params["timeout"] == 0),
        "{polls:#?}"
    );

    let update = json!({ "update_id": 1 });
    let path = format!("/telegram/{BOT}");
    for (path, secret) in [
        (path.as_str(), "guess"),
        (path.as_str(), ""),
        ("/telegram/5", "x"),
    ] {
        let call = http::client().post(world.nabat.url(path));
        let call = call.header("x-telegram-bot-api-secret-token", secret);
        let answer = call.json(&update).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error"]["code"], "unauthorized");
    }
    // Of whom nothing is taken, nothing is waited for.
    let mut stream = TcpStream::connect(world.nabat.url("").replace("http://", "")).unwrap();
    stream.set_read_timeout(Some(wait::PATIENCE)).unwrap();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: nabat\r\nContent-Length: 9\r\n\r\n"
    )
    .unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 401");
}

#[tokio::test]
async fn a_refused_token_leaves_the_other_bots_alone() {
    let world = World::with_config(|config| {
        let bots = config["telegram"]["bots"].as_array_mut().unwrap();
        let wrong =
            json!({ "name": "wrong", "token": SECOND_TOKEN, "api_url": bots[0]["api_url"] });
        bots.insert(0, wrong);
    })
    .await;
    world.ask("/regexp all").await;
    wait::until("the refusal in the log", async || {
        world
            .nabat
            .log()
            .contains("Telegram refuses the bot's token")
            .then_some(())
    })
    .await;
    let up = world.nabat.metric(r#"nabat_bot_up{bot="wrong"}"#).await;
    assert_eq!(up, Some(0.0));
    world.fire(json!({ "alertname": "DiskFull" })).await;
    world.told(OWNER, "DiskFull").await;
}
