//! `telegram_configs` as they stand in an `alertmanager.yml`: a chat that is told by a route.

use serde_json::json;
use telegram_emulator::{Emulator, Message, Settings, User};

use crate::world::nabat::Nabat;
use crate::world::{OWNER, TOKEN, World, http};

const GROUP: i64 = -100_700;

/// A world whose Nabat goes by an `alertmanager.yml`. What concerns the database goes to the
/// group, all else to a person.
async fn world() -> World {
    let telegram = Emulator::start(Settings::default()).await.unwrap();
    telegram.add_bot(TOKEN, "nabat_bot");
    telegram.add_user(User::new(OWNER, "Olga", "en"));
    telegram.add_supergroup(GROUP, "Databases", false);
    let bot = telegram_emulator::Status::Member;
    telegram
        .set_status(GROUP, crate::world::talk::BOT, bot)
        .unwrap();
    telegram.say(OWNER, OWNER, "/start", None).unwrap();
    let config = json!({
        "global": { "telegram_api_url": telegram.url() },
        "route": {
            "receiver": "olga",
            "group_by": ["alertname"],
            "group_wait": "1s",
            "group_interval": "1s",
            "routes": [{ "matchers": ["team=db"], "receiver": "databases" }],
        },
        "receivers": [
            { "name": "olga", "telegram_configs": [{ "bot_token": TOKEN, "chat_id": OWNER }] },
            { "name": "databases", "telegram_configs": [{
                "bot_token": TOKEN,
                "chat_id": GROUP,
                "api_url": telegram.url(),
                "parse_mode": "HTML",
                "message": "{{ template \"mine\" . }}",
            }] },
        ],
    });
    let folder = tempfile::tempdir().unwrap();
    let nabat = Nabat::start_as_alertmanager(folder.path(), &config).await;
    World::of(nabat, telegram, folder)
}

async fn post(world: &World, host: &str, team: &str, ends_at: &str) {
    let alerts = json!([{
        "labels": { "alertname": "DiskFull", "host": host, "team": team },
        "startsAt": "2026-11-20T10:00:00Z",
        "endsAt": ends_at,
    }]);
    let url = world.nabat.url("/api/v2/alerts");
    let answer = http::client().post(url).json(&alerts).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

const FIRING: &str = "2099-01-01T00:00:00Z";
const OVER: &str = "2026-11-20T11:00:00Z";

fn by_bot(world: &World) -> Vec<Message> {
    let messages = world.telegram.messages(GROUP).into_iter();
    messages
        .filter(|message| message.text.contains("DiskFull"))
        .collect()
}

#[tokio::test]
async fn a_chat_of_a_receiver_shows_its_groups_and_their_ends() {
    let world = world().await;
    // What comes within `group_wait` is told in one message, to nobody else.
    post(&world, "a", "db", FIRING).await;
    post(&world, "b", "db", FIRING).await;
    let told = world.told(GROUP, "DiskFull").await;
    for host in ["a", "b"] {
        world.shows(GROUP, told.id, host).await;
    }
    assert_eq!(by_bot(&world).len(), 1);
    let to_olga = world.telegram.messages(OWNER);
    assert!(
        to_olga
            .iter()
            .all(|message| !message.text.contains("DiskFull"))
    );

    // Whatever comes later is added to it.
    post(&world, "newcomer", "db", FIRING).await;
    world.shows(GROUP, told.id, "newcomer").await;
    post(&world, "c", "web", FIRING).await;
    world.told(OWNER, "DiskFull").await;

    for host in ["a", "b", "newcomer"] {
        post(&world, host, "db", OVER).await;
    }
    world.shows(GROUP, told.id, "Resolved").await;
    world.silence().await;
    let url = world.nabat.url("/api/v2/alerts");
    let left = http::client().get(url).send().await.unwrap();
    let left = left.json::<serde_json::Value>().await.unwrap();
    assert_eq!(left.as_array().unwrap().len(), 1, "{left}");
    let sent = r#"alertmanager_notifications_total{integration="telegram"}"#;
    assert!(world.nabat.metric(sent).await.unwrap() >= 3.0);
}
