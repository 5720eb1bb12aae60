//! Telegram fails: it is away, it is slow, it says no, its answers get lost. What is told
//! afterwards is true, and one chat's trouble is nobody else's.

use std::time::{Duration, Instant, SystemTime};

use serde_json::json;
use telegram_emulator::{
    Emulator, Fault, FaultKind, Filter, Limits, Message, Request, Settings, Status, User,
};

use crate::world::alert::Alert;
use crate::world::nabat::Nabat;
use crate::world::{OWNER, TOKEN, World, wait};

const BOT: i64 = 1001;
/// Somebody else who may use the bot.
const OTHER: i64 = 8;
const GROUP: i64 = -100_500;
/// A chat that nothing holds up is told within this time.
const SOON: Duration = Duration::from_secs(2);

/// A world of two people who are subscribed to everything.
async fn world_of_two(limits: Limits) -> World {
    let world = World::with(limits, |config| {
        config["telegram"]["bots"][0]["allow"] = json!([OWNER, OTHER]);
    })
    .await;
    world.telegram.add_user(User::new(OTHER, "Otto", "en"));
    world.subscribe(OWNER, OWNER).await;
    world.subscribe(OTHER, OTHER).await;
    world
}

/// Orders `kind` for the next sendMessage to the chat.
fn order(world: &World, chat: i64, kind: FaultKind) {
    world.telegram.fault(Fault {
        filter: Filter {
            method: Some("sendMessage".to_owned()),
            chat: Some(chat),
            ..Filter::default()
        },
        times: 1,
        kind,
    });
}

/// The messages of the chat that contain `text`, as they stand now.
fn saying(world: &World, chat: i64, text: &str) -> Vec<Message> {
    let mut messages = world.telegram.messages(chat);
    messages.retain(|message| message.text.contains(text));
    messages
}

/// The requests that were made to the chat, whether they were carried out or not.
fn requests_to(world: &World, chat: i64) -> Vec<Request> {
    let mut requests = world.telegram.requests();
    requests.retain(|request| request.chat() == Some(chat));
    requests
}

#[tokio::test]
async fn after_telegram_was_away_what_is_still_true_is_told_and_nothing_stale() {
    let world = World::with(Limits::off(), |_| {}).await;
    world.subscribe(OWNER, OWNER).await;
    let (known, changed) = (Alert::warning("Known"), Alert::warning("Changed"));
    for alert in [&known, &changed] {
        world.post(&alert.firing()).await;
        world.told(OWNER, &alert.name).await;
    }
    world.silence().await;

    world.telegram.vanish().await;
    let (new, gone) = (Alert::critical("New"), Alert::warning("Gone"));
    let news = changed.saying("worse than it was");
    for webhook in [new.firing(), gone.firing(), known.resolved(), news.firing()] {
        world.post(&webhook).await;
    }
    world.post(&gone.resolved()).await;
    world.telegram.resume().await.unwrap();

    let told = world.told(OWNER, "New").await;
    assert!(told.text.starts_with("🔥"), "{}", told.text);
    world.told(OWNER, "✅ Resolved · Known").await;
    world.told(OWNER, "worse than it was").await;
    world.silence().await;
    assert_eq!(saying(&world, OWNER, "New").len(), 1);
    let shown: Vec<String> = saying(&world, OWNER, "Gone")
        .into_iter()
        .map(|m| m.text)
        .collect();
    assert!(shown.is_empty(), "it began and ended unseen: {shown:?}");
}

#[tokio::test]
async fn a_chat_that_telegram_throttles_is_left_alone_and_no_other_waits() {
    const RETRY_AFTER: u64 = 3;
    let world = world_of_two(Limits::off()).await;
    order(
        &world,
        OWNER,
        FaultKind::TooMany {
            retry_after: RETRY_AFTER,
        },
    );
    world.telegram.forget_requests();
    world.post(&Alert::warning("DiskFull").firing()).await;
    let throttled = |telegram: &telegram_emulator::Emulator| {
        telegram
            .requests()
            .into_iter()
            .find(|request| request.status == 429)
    };
    let refused = world
        .telegram
        .wait_for(wait::PATIENCE, throttled)
        .await
        .unwrap();

    let begun = Instant::now();
    world.post(&Alert::critical("CpuHot").firing()).await;
    world.told(OTHER, "CpuHot").await;
    world.told(OTHER, "DiskFull").await;
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    world.told(OWNER, "DiskFull").await;
    world.told(OWNER, "CpuHot").await;
    let later: Vec<SystemTime> = requests_to(&world, OWNER)
        .iter()
        .filter(|request| request.at > refused.at)
        .map(|request| request.at)
        .collect();
    let allowed_from = refused.at + Duration::from_secs(RETRY_AFTER);
    assert!(
        later.iter().all(|at| *at >= allowed_from),
        "{later:?} after {:?}",
        refused.at
    );
    assert_eq!(
        world
            .nabat
            .metric("nabat_throttled_total{bot=\"ops\"}")
            .await,
        Some(1.0)
    );
}

#[tokio::test]
async fn a_chat_whose_request_hangs_delays_nobody_else() {
    let world = world_of_two(Limits::off()).await;
    order(&world, OWNER, FaultKind::Hold(Duration::from_secs(5)));
    let begun = Instant::now();
    world.post(&Alert::warning("DiskFull").firing()).await;
    world.told(OTHER, "DiskFull").await;
    world.telegram.say(OTHER, OTHER, "/list", None).unwrap();
    world.told(OTHER, "1 subscription").await;
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert!(saying(&world, OWNER, "DiskFull").is_empty(), "it is held");
    world.told(OWNER, "DiskFull").await;
    world.silence().await;
    assert_eq!(saying(&world, OWNER, "DiskFull").len(), 1);
}

#[tokio::test]
async fn a_warning_whose_answer_got_lost_is_not_sent_again_and_its_end_is_told() {
    let world = World::with(Limits::off(), |_| {}).await;
    world.subscribe(OWNER, OWNER).await;
    let alert = Alert::warning("DiskFull");
    order(&world, OWNER, FaultKind::DropAfter);
    world.post(&alert.firing()).await;
    world.told(OWNER, "DiskFull").await;
    world.silence().await;
    assert_eq!(saying(&world, OWNER, "DiskFull").len(), 1);
    world.post(&alert.resolved()).await;
    world.told(OWNER, "Resolved · DiskFull").await;
}

#[tokio::test]
async fn a_warning_that_surely_was_not_sent_is_sent_when_telegram_answers_nonsense() {
    let world = World::with(Limits::off(), |_| {}).await;
    world.subscribe(OWNER, OWNER).await;
    order(
        &world,
        OWNER,
        FaultKind::Status {
            code: 502,
            html_body: true,
        },
    );
    world.post(&Alert::warning("DiskFull").firing()).await;
    world.told(OWNER, "DiskFull").await;
    world.silence().await;
    assert_eq!(saying(&world, OWNER, "DiskFull").len(), 1);
}

#[tokio::test]
async fn a_critical_alert_whose_answer_got_lost_is_sent_again() {
    let world = World::with(Limits::off(), |_| {}).await;
    world.subscribe(OWNER, OWNER).await;
    for kind in [FaultKind::DropAfter, FaultKind::DropBefore] {
        order(&world, OWNER, kind);
    }
    let alert = Alert::critical("DiskFull");
    world.post(&alert.firing()).await;
    let twice = |_: &_| (saying(&world, OWNER, "DiskFull").len() == 2).then_some(());
    world
        .telegram
        .wait_for(wait::PATIENCE, twice)
        .await
        .unwrap();
    world.silence().await;
    assert_eq!(saying(&world, OWNER, "DiskFull").len(), 2);
    world.post(&alert.resolved()).await;
    world.told(OWNER, "Resolved after").await;
}

#[tokio::test]
async fn an_end_that_comes_between_a_change_and_its_answer_is_shown() {
    let world = World::with(Limits::off(), |_| {}).await;
    world.subscribe(OWNER, OWNER).await;
    let first = Alert::warning("First").in_group("disks");
    let second = Alert::warning("Second").in_group("disks");
    world.post(&first.firing()).await;
    world.told(OWNER, "First").await;
    world.silence().await;
    // The message changes, and what would answer it is refused.
    order(&world, OWNER, FaultKind::TooMany { retry_after: 2 });
    world.post(&second.firing()).await;
    world.told(OWNER, "Second").await;
    world.post(&second.resolved()).await;
    world.silence().await;
    let shown = saying(&world, OWNER, "First")[0].text.clone();
    let line = shown.lines().find(|line| line.contains("Second"));
    assert!(line.is_some_and(|line| line.starts_with("✅")), "{shown}");
}

#[tokio::test]
async fn an_end_that_comes_after_a_change_whose_answer_got_lost_is_shown() {
    let world = World::with(Limits::off(), |_| {}).await;
    world.subscribe(OWNER, OWNER).await;
    let first = Alert::warning("First").in_group("disks");
    let second = Alert::warning("Second").in_group("disks");
    world.post(&first.firing()).await;
    world.told(OWNER, "First").await;
    world.silence().await;
    world.telegram.fault(Fault {
        filter: Filter {
            method: Some("editMessageText".to_owned()),
            ..Filter::default()
        },
        times: 1,
        kind: FaultKind::DropAfter,
    });
    world.post(&second.firing()).await;
    world.told(OWNER, "Second").await;
    world.post(&second.resolved()).await;
    world.silence().await;
    let shown = saying(&world, OWNER, "First")[0].text.clone();
    let line = shown.lines().find(|line| line.contains("Second"));
    assert!(line.is_some_and(|line| line.starts_with("✅")), "{shown}");
}

#[tokio::test]
async fn the_file_of_a_digest_that_is_throttled_arrives_later() {
    let world = World::with(Limits::off(), |_| {}).await;
    world.subscribe(OWNER, OWNER).await;
    world.telegram.fault(Fault {
        filter: Filter {
            method: Some("sendDocument".to_owned()),
            ..Filter::default()
        },
        times: 1,
        kind: FaultKind::TooMany { retry_after: 1 },
    });
    let alerts = (0..20).map(|n| json!({ "labels": { "alertname": format!("Storm{n}") } }));
    let alerts: Vec<serde_json::Value> = alerts.collect();
    world
        .post(&json!({ "status": "firing", "alerts": alerts }))
        .await;
    world.silence().await;
    let messages = world.telegram.messages(OWNER);
    let files = messages.iter().filter_map(|message| message.file.as_ref());
    assert_eq!(files.count(), 1);
    assert_eq!(world.telegram.calls("sendDocument").len(), 2);
}

#[tokio::test]
async fn a_digest_whose_answer_got_lost_still_brings_its_file() {
    let world = World::with(Limits::off(), |_| {}).await;
    world.subscribe(OWNER, OWNER).await;
    order(&world, OWNER, FaultKind::DropAfter);
    let name = |n| format!("Storm{n:03}");
    let alerts = (0..200).map(|n| json!({ "labels": { "alertname": name(n) } }));
    let alerts: Vec<serde_json::Value> = alerts.collect();
    world
        .post(&json!({ "status": "firing", "alerts": alerts }))
        .await;
    world.silence().await;
    let messages = world.telegram.messages(OWNER);
    let said = messages.iter().filter(|said| said.text.contains("Storm"));
    assert_eq!(said.count(), 1, "the text is not repeated");
    let files: Vec<_> = messages.iter().filter_map(|m| m.file.as_ref()).collect();
    assert_eq!(files.len(), 1);
    let list = String::from_utf8_lossy(&files[0].bytes);
    assert!((0..200).all(|n| list.contains(&name(n))), "{list}");
}

#[tokio::test]
async fn a_text_whose_markup_is_refused_arrives_as_plain_text() {
    let world = World::with(Limits::off(), |_| {}).await;
    world.subscribe(OWNER, OWNER).await;
    let description =
        "Bad Request: can't parse entities: Unsupported start tag \"x\" at byte offset 3";
    order(
        &world,
        OWNER,
        FaultKind::Refuse {
            code: 400,
            description: description.to_owned(),
            parameters: None,
        },
    );
    let alert = Alert::warning("DiskFull").saying("a < b & c");
    world.post(&alert.firing()).await;
    let shown = world.told(OWNER, "DiskFull: a < b & c").await;
    assert!(shown.entities.is_empty(), "{shown:?}");
}

#[tokio::test]
async fn a_message_that_was_deleted_is_replaced_when_it_has_to_change() {
    let world = World::with(Limits::off(), |_| {}).await;
    world.subscribe(OWNER, OWNER).await;
    let alert = Alert::warning("DiskFull");
    world.post(&alert.firing()).await;
    let shown = world.told(OWNER, "DiskFull").await;
    world.silence().await;
    let url = format!("{}/bot{TOKEN}/deleteMessage", world.telegram.url());
    let deletion = json!({ "chat_id": OWNER, "message_id": shown.id });
    let answer = crate::world::http::client()
        .post(url)
        .json(&deletion)
        .send()
        .await;
    answer.unwrap().error_for_status().unwrap();

    world.post(&alert.resolved()).await;
    let replaced = world.told(OWNER, "✅ Resolved · DiskFull").await;
    world.silence().await;
    assert_ne!(replaced.id, shown.id);
    assert_eq!(
        saying(&world, OWNER, "DiskFull").len(),
        1,
        "it is heard itself: no answer is needed"
    );
}

#[tokio::test]
async fn a_bot_whose_token_was_revoked_is_shown_and_the_other_goes_on() {
    const SECOND: &str = "1002:second-second-second-second-second";
    let settings = Settings {
        limits: Limits::off(),
        ..Settings::default()
    };
    let telegram = Emulator::start(settings).await.unwrap();
    telegram.add_user(User::new(OWNER, "Olga", "en"));
    let bots = [("ops", TOKEN), ("second", SECOND)].map(|(name, token)| {
        telegram.add_bot(token, &format!("{name}_bot"));
        let url = telegram.url();
        json!({ "name": name, "token": token, "api_url": url, "allow": [OWNER] })
    });
    let folder = tempfile::tempdir().unwrap();
    let config = json!({ "telegram": { "bots": bots } });
    let nabat = Nabat::start(folder.path(), &config).await;
    let world = World::of(nabat, telegram, folder);
    let up = async |bot: &str, wanted: f64| {
        let name = format!("nabat_bot_up{{bot=\"{bot}\"}}");
        wait::until(&format!("{name} {wanted}"), async || {
            let value = world.nabat.metric(&name).await;
            (value == Some(wanted)).then_some(())
        })
        .await;
    };
    up("ops", 1.0).await;
    up("second", 1.0).await;
    world.subscribe((1002, OWNER), OWNER).await;
    world.subscribe(OWNER, OWNER).await;

    world.telegram.revoke_bot(BOT);
    // A poll that waits already is answered as if nothing had happened; the next is refused.
    world.say("/status");
    up("ops", 0.0).await;
    world.post(&Alert::critical("DiskFull").firing()).await;
    world.told((1002, OWNER), "DiskFull").await;
    assert_eq!(
        world.nabat.metric("nabat_bot_up{bot=\"second\"}").await,
        Some(1.0)
    );
    assert!(!world.nabat.log().contains(TOKEN.split(':').nth(1).unwrap()));
}

#[tokio::test]
async fn a_storm_provokes_no_throttling_and_people_are_answered_meanwhile() {
    const STORM: usize = 60;
    /// The window of a private chat that has had all it may get, and the way there and back.
    const ANSWER_WITHIN: Duration = Duration::from_secs(4);
    let world = world_of_two(Limits::default()).await;
    world.telegram.add_supergroup(GROUP, "On call", false);
    for member in [OWNER, BOT] {
        world
            .telegram
            .set_status(GROUP, member, Status::Administrator)
            .unwrap();
    }
    world.subscribe(GROUP, OWNER).await;
    for number in 0..STORM {
        world
            .post(&Alert::warning(format!("Storm{number}")).firing())
            .await;
    }
    let begun = Instant::now();
    world.telegram.say(GROUP, OWNER, "/status", None).unwrap();
    world.telegram.say(OTHER, OTHER, "/list", None).unwrap();
    let answered = |_: &_| (!saying(&world, OTHER, "1 subscription").is_empty()).then_some(());
    world
        .telegram
        .wait_for(wait::PATIENCE, answered)
        .await
        .unwrap();
    world.told(GROUP, "runs since").await;
    let waited = begun.elapsed();
    assert!(waited < ANSWER_WITHIN, "{waited:?}");
    let last = format!("Storm{}", STORM - 1);
    for chat in [GROUP, OWNER, OTHER] {
        world.told(chat, &last).await;
    }
    world.silence().await;
    let requests = world.telegram.requests();
    let throttled: Vec<&Request> = requests.iter().filter(|r| r.status == 429).collect();
    assert!(throttled.is_empty(), "{throttled:#?}");
}
