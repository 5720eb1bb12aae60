//! `kill -9`: what was answered with 200 is told, in its true state, and hardly anything twice.
//!
//! The load is what Alertmanagers make: alerts that fire, change, are repeated and end, posted
//! again and again until they are answered with 200. The process dies at random moments, and at
//! chosen ones: in the middle of a request to Telegram, between an end and its telling, between
//! a command and its answer. `cargo xtask crash` runs the random ones at length.

mod called;
mod load;
mod plan;
mod shown;

use std::time::Duration;

use serde_json::json;
use telegram_emulator::{Fault, FaultKind, Filter, Limits, User};

use crate::world::alert::Alert;
use crate::world::dice::Dice;
use crate::world::recorder::Recorder;
use crate::world::{OWNER, World, wait};
use load::Load;
use plan::{Plan, fresh_seed};

/// Who is subscribed to everything.
const SUBSCRIBERS: [i64; 3] = [OWNER, 8, 9];
/// How many alerts may be new between two kills.
const ALERTS_PER_KILL: usize = 3;
/// The longest life of a process.
const LIFE_MAX_MS: u64 = 500;
/// The longest life of one that is killed before it is ready.
const BIRTH_MAX_MS: u64 = 100;
/// How long the truth may take to be shown after the last kill: a chat takes one message a
/// second, and each alert may be on one of its own.
const PATIENCE_PER_ALERT: Duration = Duration::from_secs(2);
/// How long Telegram holds a request: shorter than a start takes, so that nothing of a dead process
/// comes after what its successor says. Nobody could prevent that, and it would be no news.
const HOLD: Duration = Duration::from_millis(30);

#[tokio::test]
async fn nothing_is_lost_and_hardly_anything_repeated_by_a_dozen_kills() {
    survive(Plan::or_as_asked(12, false)).await;
}

#[tokio::test]
async fn nothing_is_lost_by_kills_while_telegram_fails_as_well() {
    survive(Plan::or_as_asked(8, true)).await;
}

async fn survive(plan: Plan) {
    let Plan {
        seed,
        kills,
        faults,
    } = plan;
    eprintln!("seed {seed}, {kills} kills, faults {faults}");
    let recorder = Recorder::start().await;
    let mut world = World::with(Limits::off(), |config| {
        config["telegram"]["bots"][0]["allow"] = json!(SUBSCRIBERS);
        config["route"] = json!({
            "receiver": "hook",
            "group_by": ["..."],
            "group_wait": "0s",
            "group_interval": "1s",
        });
        let hook = json!([{ "url": recorder.url() }]);
        config["receivers"] = json!([{ "name": "hook", "webhook_configs": hook }]);
    })
    .await;
    for user in SUBSCRIBERS {
        world.telegram.add_user(User::new(user, "Person", "en"));
        world.subscribe(user, user).await;
    }
    let mut dice = Dice::new(seed);
    let (mut deaths, mut drops) = (0, 0);
    let load = Load::start(&world.nabat.webhook(), &mut dice);
    for _ in 0..kills {
        load.allow(ALERTS_PER_KILL);
        if faults {
            drops += order_faults(&world, &mut dice);
            recorder.answer(503, ("retry-after", "1"), "");
        }
        tokio::time::sleep(dice.up_to_ms(LIFE_MAX_MS)).await;
        world.nabat.kill9();
        deaths += 1;
        if dice.below(4) == 0 {
            deaths += 1;
            world
                .nabat
                .start_and_kill9(dice.up_to_ms(BIRTH_MAX_MS))
                .await;
        }
        world.nabat.restart().await;
    }
    let cases = load.stop().await;
    world.telegram.clear_faults();

    let patience = PATIENCE_PER_ALERT * cases.len() as u32;
    let differences = || {
        let of = |chat| shown::differences(&shown::sayings(&world.telegram, chat), &cases);
        SUBSCRIBERS.map(|chat| (chat, of(chat)))
    };
    let all_right = |_: &_| {
        let mut of_all = differences().into_iter();
        of_all.all(|(_, found)| found.none()).then_some(())
    };
    let waited = world.telegram.wait_for(patience, all_right).await;
    wait::until("the webhook to be told the truth", async || {
        let called = called::differences(&recorder.requests(), &cases);
        called.none().then_some(())
    })
    .await;
    world.silence().await;

    let lies = shown::lies(&world.telegram.requests(), &cases);
    let found = differences();
    let ended = cases.iter().filter(|case| case.ended.is_some()).count();
    let bound = deaths + drops;
    for (chat, found) in &found {
        let sayings = shown::sayings(&world.telegram, *chat);
        eprintln!(
            "seed {seed}, chat {chat}: {deaths} kills, {drops} lost answers; {} alerts answered 200, \
             {ended} of them ended; {} messages and changes; {} missing, {} wrong, {} repeats \
             (at most {bound})",
            cases.len(),
            sayings.len(),
            found.missing.len(),
            found.wrong.len(),
            shown::repeats(&sayings).len(),
        );
    }
    let called = called::differences(&recorder.requests(), &cases);
    eprintln!(
        "seed {seed}, webhook: {} calls, {} repeats (at most {bound})",
        recorder.requests().len(),
        called.repeats.len(),
    );
    assert!(called.repeats.len() <= bound, "seed {seed}: {called:#?}");
    if let Err(story) = waited {
        panic!("seed {seed}: shown wrongly after {deaths} kills: {found:#?}\n{story}");
    }
    assert!(
        lies.is_empty(),
        "seed {seed}: said to have ended before they had: {lies:?}"
    );
    for chat in SUBSCRIBERS {
        let sayings = shown::sayings(&world.telegram, chat);
        let repeats = shown::repeats(&sayings);
        assert!(
            repeats.len() <= bound,
            "seed {seed}, chat {chat}: {repeats:#?}"
        );
    }
}

#[tokio::test]
async fn what_a_chat_is_told_by_a_file_alone_counts_as_shown() {
    let world = World::with(Limits::off(), |_| {}).await;
    world.subscribe(OWNER, OWNER).await;
    world.telegram.vanish().await;
    let mut cases = Vec::new();
    for number in 0..100 {
        let mut alert = Alert::warning(format!("Case0x{number:04}"));
        alert.summary = format!("{} v1;", alert.name);
        world.post(&alert.firing()).await;
        cases.push(load::Case {
            alert,
            version: 1,
            ended: None,
        });
    }
    world.telegram.resume().await.unwrap();
    world.silence().await;
    let in_texts = cases
        .iter()
        .filter(|case| count(&world, &case.alert.name) > 0);
    assert!(in_texts.count() < cases.len(), "the text names some only");
    let found = shown::differences(&shown::sayings(&world.telegram, OWNER), &cases);
    assert!(found.none(), "{found:#?}");
}

/// Orders something bad for the next requests; returns how many answers will get lost.
fn order_faults(world: &World, dice: &mut Dice) -> usize {
    let kinds = [
        FaultKind::DropAfter,
        FaultKind::Hold(HOLD),
        FaultKind::Status {
            code: 502,
            html_body: true,
        },
        FaultKind::TooMany { retry_after: 1 },
    ];
    let kind = kinds[dice.below(kinds.len())].clone();
    let drops = usize::from(kind == FaultKind::DropAfter);
    world.telegram.fault(to(None, kind));
    drops
}

fn to(chat: Option<i64>, kind: FaultKind) -> Fault {
    Fault {
        filter: Filter {
            method: Some("sendMessage".to_owned()),
            chat,
            ..Filter::default()
        },
        times: 1,
        kind,
    }
}

/// Kills it while Telegram holds a request to the owner's chat.
async fn kill_in_the_middle_of_sending(world: &mut World) {
    let held = |telegram: &telegram_emulator::Emulator| {
        let calls = telegram.calls("sendMessage");
        calls.iter().any(|call| call.status == 0).then_some(())
    };
    world.telegram.wait_for(wait::PATIENCE, held).await.unwrap();
    world.nabat.kill9();
}

fn count(world: &World, text: &str) -> usize {
    let messages = world.telegram.messages(OWNER);
    let says = messages
        .iter()
        .filter(|message| message.text.contains(text));
    says.count()
}

#[tokio::test]
async fn a_message_on_its_way_is_repeated_at_most_once_and_its_end_is_told() {
    let mut world = World::with(Limits::off(), |_| {}).await;
    world.subscribe(OWNER, OWNER).await;
    let alert = Alert::warning("DiskFull");
    world
        .telegram
        .fault(to(Some(OWNER), FaultKind::Hold(Duration::from_secs(2))));
    world.post(&alert.firing()).await;
    kill_in_the_middle_of_sending(&mut world).await;
    world.nabat.restart().await;

    // Alertmanager repeats what it does not know to be taken, or what still fires.
    world.post(&alert.firing()).await;
    let twice = |_: &_| (count(&world, "DiskFull") == 2).then_some(());
    world
        .telegram
        .wait_for(wait::PATIENCE, twice)
        .await
        .unwrap();
    world.silence().await;
    world.post(&alert.resolved()).await;
    world.told(OWNER, "Resolved after").await;
    world.silence().await;
    assert_eq!(
        count(&world, "DiskFull"),
        3,
        "two that it fires, and its end"
    );
    assert_eq!(count(&world, "✅ Resolved · DiskFull"), 1);
}

#[tokio::test]
async fn an_alert_that_ends_while_its_message_is_on_the_way_of_a_killed_process_is_told_to_have_ended()
 {
    let mut world = World::with(Limits::off(), |_| {}).await;
    world.subscribe(OWNER, OWNER).await;
    let alert = Alert::warning("DiskFull");
    world
        .telegram
        .fault(to(Some(OWNER), FaultKind::Hold(Duration::from_millis(500))));
    world.post(&alert.firing()).await;
    kill_in_the_middle_of_sending(&mut world).await;
    // Telegram is away until the alert has ended, so that nothing else is told before.
    world.told(OWNER, "DiskFull").await;
    world.telegram.vanish().await;
    world.nabat.restart().await;
    world.post(&alert.resolved()).await;
    world.telegram.resume().await.unwrap();
    world.told(OWNER, "✅ Resolved · DiskFull").await;
}

#[tokio::test]
async fn an_end_that_was_taken_just_before_a_kill_is_told_after_it() {
    let mut world = World::with(Limits::off(), |_| {}).await;
    world.subscribe(OWNER, OWNER).await;
    let alert = Alert::critical("DiskFull");
    world.post(&alert.firing()).await;
    world.told(OWNER, "DiskFull").await;
    world.silence().await;
    world.post(&alert.resolved()).await;
    world.nabat.kill9();
    world.nabat.restart().await;
    world.told(OWNER, "Resolved after").await;
    world.silence().await;
    let messages = world.telegram.messages(OWNER);
    let card = messages
        .iter()
        .find(|message| message.text.contains("DiskFull"));
    assert!(
        card.unwrap().text.starts_with("✅ Resolved · DiskFull"),
        "{messages:#?}"
    );
    assert!(
        (1..=2).contains(&count(&world, "Resolved after")),
        "{messages:#?}"
    );
}

#[tokio::test]
async fn an_end_that_was_on_its_way_is_repeated_at_most_once() {
    let mut world = World::with(Limits::off(), |_| {}).await;
    world.subscribe(OWNER, OWNER).await;
    let alert = Alert::warning("DiskFull");
    world.post(&alert.firing()).await;
    world.told(OWNER, "DiskFull").await;
    world.silence().await;
    let hold = FaultKind::Hold(Duration::from_secs(1));
    world.telegram.fault(to(Some(OWNER), hold));
    world.post(&alert.resolved()).await;
    kill_in_the_middle_of_sending(&mut world).await;
    world.nabat.restart().await;
    let twice = |_: &_| (count(&world, "Resolved after") == 2).then_some(());
    world
        .telegram
        .wait_for(wait::PATIENCE, twice)
        .await
        .unwrap();
    world.silence().await;
    assert_eq!(count(&world, "Resolved after"), 2);
    assert_eq!(count(&world, "✅ Resolved · DiskFull"), 1);
}

#[tokio::test]
async fn a_command_said_just_before_a_kill_is_answered_after_it_and_obeyed_once() {
    let mut world = World::with(Limits::off(), |_| {}).await;
    let mut dice = Dice::new(fresh_seed());
    let expressions = ["alpha", "beta", "gamma", "delta"];
    for expression in expressions {
        world.say(&format!("/regexp {expression}"));
        tokio::time::sleep(dice.up_to_ms(20)).await;
        world.nabat.kill9();
        world.nabat.restart().await;
        world
            .told(OWNER, &format!("ubscribed to {expression}"))
            .await;
        // Each kill may repeat what is on its way: the next one is not to find this answer there.
        world.silence().await;
    }
    for expression in expressions {
        let answers = count(&world, &format!("ubscribed to {expression}"));
        assert!(
            (1..=2).contains(&answers),
            "{expression}: {answers} answers"
        );
        assert_eq!(count(&world, "already subscribed"), 0);
    }
    let subscriptions = world.nabat.metric("nabat_engine_subscriptions").await;
    assert_eq!(subscriptions, Some(expressions.len() as f64));
}
