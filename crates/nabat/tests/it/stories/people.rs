//! Who may use the bot: by the owner's link, by invitation, by the configuration; nobody else.

use serde_json::json;
use telegram_emulator::{Emulator, Status, User};

use crate::world::talk::{BOT, world_of};
use crate::world::{OWNER, World};

const ANN: i64 = 21;
const BEN: i64 = 22;
const GROUP: i64 = -100_500;

/// A world that nobody is allowed into, and the owner link from its log.
async fn unowned() -> (World, String) {
    let world = World::with_config(|config| {
        let bot = config["telegram"]["bots"][0].as_object_mut().unwrap();
        bot.remove("allow");
    })
    .await;
    let link = world.owner_link().await;
    (world, link)
}

fn add(telegram: &Emulator, person: i64) {
    telegram.add_user(User::new(person, "Pat", "en"));
}

#[tokio::test]
async fn the_first_to_open_the_owner_link_owns_nabat_and_nobody_after() {
    let (mut world, link) = unowned().await;
    assert!(link.starts_with("https://t.me/nabat_bot?start="), "{link}");
    add(&world.telegram, ANN);

    let welcome = world.open(OWNER, &link).await;
    assert!(
        welcome.starts_with("Welcome! You are an owner of this bot now"),
        "{welcome}"
    );
    let refused = world.open(ANN, &link).await;
    assert!(refused.starts_with("This link is not valid"), "{refused}");
    let help = world.ask("/help").await.text;
    assert!(help.contains("/invite"), "{help}");

    world.nabat.restart().await;
    world.ask("/regexp all").await;
    assert!(
        !world.nabat.log().contains("nobody owns"),
        "it has an owner"
    );
}

#[tokio::test]
async fn the_owner_link_is_made_anew_while_nobody_is_owner() {
    let (mut world, link) = unowned().await;
    world.nabat.restart().await;
    let newer = world.owner_link().await;
    assert_ne!(link, newer);
    let welcome = world.open(OWNER, &newer).await;
    assert!(welcome.starts_with("Welcome!"), "{welcome}");
    add(&world.telegram, ANN);
    let refused = world.open(ANN, &link).await;
    assert!(refused.starts_with("This link is not valid"), "{refused}");
}

#[tokio::test]
async fn an_owner_invites_a_person_once() {
    let (world, link) = unowned().await;
    for person in [ANN, BEN] {
        add(&world.telegram, person);
    }
    world.open(OWNER, &link).await;
    let invite = world.ask("/invite").await.text;
    let link = line_with(&invite, "?start=");
    let welcome = world.open(ANN, &link).await;
    assert!(
        welcome.starts_with("Welcome! You may use this bot now."),
        "{welcome}"
    );
    let refused = world.open(BEN, &link).await;
    assert!(refused.starts_with("This link is not valid"), "{refused}");

    let answer = world.ask_as(ANN, "/regexp all").await.text;
    assert!(answer.starts_with("Subscribed"), "{answer}");
    let answer = world.ask_as(ANN, "/invite").await.text;
    assert_eq!(answer, "Only owners of this bot may do that.");
}

#[tokio::test]
async fn an_owner_lets_a_group_in_by_link() {
    let (world, link) = unowned().await;
    add(&world.telegram, ANN);
    world.telegram.add_supergroup(GROUP, "Duty", false);
    for person in [OWNER, ANN] {
        world
            .telegram
            .set_status(GROUP, person, Status::Administrator)
            .unwrap();
    }
    world.open(OWNER, &link).await;
    let invite = world.ask("/invite").await.text;
    let link = line_with(&invite, "?startgroup=");
    world.telegram.open_link(OWNER, &link, Some(GROUP)).unwrap();
    world.told(GROUP, "This group is known now").await;
    let answer = world.ask_in(GROUP, ANN, None, "/regexp disk").await.text;
    assert!(answer.starts_with("Subscribed to disk."), "{answer}");
    let invite = world.ask_in(GROUP, OWNER, None, "/invite").await.text;
    assert!(invite.starts_with("Invitations are secret"), "{invite}");
}

#[tokio::test]
async fn a_group_link_does_not_make_its_opener_an_administrator() {
    let (world, link) = unowned().await;
    add(&world.telegram, ANN);
    add(&world.telegram, BEN);
    world.telegram.add_supergroup(GROUP, "Duty", false);
    for (person, status) in [(ANN, Status::Administrator), (BEN, Status::Member)] {
        world.telegram.set_status(GROUP, person, status).unwrap();
    }
    world.open(OWNER, &link).await;
    let invite = world.ask("/invite").await.text;
    let link = line_with(&invite, "?startgroup=");
    world.telegram.open_link(ANN, &link, Some(GROUP)).unwrap();
    world.told(GROUP, "This group is known now").await;
    let answer = world.ask_in(GROUP, BEN, None, "/regexp all").await.text;
    assert_eq!(answer, "Only administrators of this group may do that.");
    let answer = world.ask_as(BEN, "/list").await.text;
    assert!(answer.starts_with("I do not know you yet"), "{answer}");
}

#[tokio::test]
async fn a_stranger_is_told_their_id_and_nothing_else() {
    const STRANGER: i64 = 666;
    let world = World::start().await;
    add(&world.telegram, STRANGER);
    world.fire(json!({ "alertname": "Secret" })).await;
    for text in ["/start", "/alerts", "/regexp all"] {
        let answer = world.ask_as(STRANGER, text).await.text;
        assert!(
            answer.starts_with("I do not know you yet"),
            "{text}: {answer}"
        );
        assert!(answer.ends_with("Your id: 666"), "{text}: {answer}");
    }
    world.settled().await;
    assert_eq!(world.said(STRANGER).len(), 3);
}

#[tokio::test]
async fn a_wrong_code_lets_nobody_in() {
    const STRANGER: i64 = 666;
    let world = World::start().await;
    add(&world.telegram, STRANGER);
    let answer = world.ask_as(STRANGER, "/start 0123456789abcdef").await.text;
    assert!(answer.starts_with("This link is not valid"), "{answer}");
    let answer = world.ask_as(STRANGER, "/list").await.text;
    assert!(answer.starts_with("I do not know you yet"), "{answer}");
}

#[tokio::test]
async fn the_configuration_lets_people_and_groups_in() {
    let world = World::with_config(|config| {
        config["telegram"]["bots"][0]["allow"] = json!([ANN, GROUP]);
    })
    .await;
    add(&world.telegram, ANN);
    add(&world.telegram, BEN);
    world.telegram.add_supergroup(GROUP, "Duty", false);
    for (who, status) in [(BEN, Status::Administrator), (BOT, Status::Member)] {
        world.telegram.set_status(GROUP, who, status).unwrap();
    }
    let answer = world.ask_as(ANN, "/regexp all").await.text;
    assert!(answer.starts_with("Subscribed"), "{answer}");
    let answer = world.ask_in(GROUP, BEN, None, "/regexp all").await.text;
    assert!(answer.starts_with("Subscribed"), "{answer}");
    let answer = world.ask_as(BEN, "/list").await.text;
    assert!(answer.starts_with("I do not know you yet"), "{answer}");
}

#[tokio::test]
async fn strangers_are_refused_in_their_own_language() {
    let world = world_of(&[]).await;
    world.telegram.add_user(User::new(ANN, "Анна", "ru"));
    let answer = world.ask_as(ANN, "/start").await.text;
    assert!(answer.starts_with("Мы ещё не знакомы"), "{answer}");
    assert!(answer.ends_with("Ваш id: 21"), "{answer}");
}

/// The link in a line of `text` that contains `part`.
fn line_with(text: &str, part: &str) -> String {
    let line = text.lines().find(|line| line.contains(part));
    line.unwrap_or_else(|| panic!("no `{part}` in {text}"))
        .to_owned()
}
