//! Faults on order, and Telegram going away.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use telegram_emulator::{Fault, FaultKind, Filter};

use crate::world::{ANN, World, world};

async fn started() -> World {
    let world = world().await;
    world.telegram.say(ANN, ANN, "/start", None).unwrap();
    world
}

fn on_sends(times: u32, kind: FaultKind) -> Fault {
    Fault {
        filter: Filter {
            method: Some("sendMessage".into()),
            ..Filter::default()
        },
        times,
        kind,
    }
}

async fn send(world: &World, text: &str) -> Result<reqwest::Response, reqwest::Error> {
    world
        .http
        .post(world.address("sendMessage"))
        .json(&json!({"chat_id": ANN, "text": text}))
        .send()
        .await
}

fn texts(world: &World) -> Vec<String> {
    world
        .telegram
        .messages(ANN)
        .into_iter()
        .skip(1)
        .map(|message| message.text)
        .collect()
}

#[tokio::test]
async fn a_cut_before_has_no_effect_and_a_cut_after_has() {
    let world = started().await;
    world.telegram.fault(on_sends(1, FaultKind::DropBefore));
    world.telegram.fault(on_sends(1, FaultKind::DropAfter));
    assert!(send(&world, "one").await.is_err());
    assert!(texts(&world).is_empty());
    assert!(send(&world, "two").await.is_err());
    assert_eq!(texts(&world), ["two"]);
    assert_eq!(send(&world, "three").await.unwrap().status(), 200);
    assert_eq!(texts(&world), ["two", "three"]);
    let statuses: Vec<u16> = world
        .telegram
        .calls("sendMessage")
        .iter()
        .map(|call| call.status)
        .collect();
    assert_eq!(statuses, [0, 0, 200]);
}

#[tokio::test]
async fn a_held_request_is_delivered_even_if_the_caller_gave_up() {
    let world = started().await;
    world
        .telegram
        .fault(on_sends(1, FaultKind::Hold(Duration::from_secs(1))));
    let begun = Instant::now();
    let request = world
        .http
        .post(world.address("sendMessage"))
        .timeout(Duration::from_millis(100));
    assert!(
        request
            .json(&json!({"chat_id": ANN, "text": "late"}))
            .send()
            .await
            .is_err()
    );
    assert!(texts(&world).is_empty());
    world
        .telegram
        .wait_for_message(Duration::from_secs(10), ANN, "late")
        .await
        .unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn ordered_statuses_and_refusals_come_as_ordered() {
    let world = started().await;
    world.telegram.fault(on_sends(
        1,
        FaultKind::Status {
            code: 502,
            html_body: true,
        },
    ));
    world
        .telegram
        .fault(on_sends(1, FaultKind::TooMany { retry_after: 35 }));
    world.telegram.fault(on_sends(
        1,
        FaultKind::Refuse {
            code: 400,
            description: "Bad Request: CHAT_WRITE_FORBIDDEN".into(),
            parameters: None,
        },
    ));
    let page = send(&world, "x").await.unwrap();
    assert_eq!(page.status(), 502);
    assert!(page.text().await.unwrap().starts_with("<html>"));
    let limited = send(&world, "x").await.unwrap();
    assert_eq!(
        (limited.status().as_u16(), &limited.headers()["retry-after"]),
        (429, &"35".parse().unwrap())
    );
    assert_eq!(
        limited.json::<Value>().await.unwrap()["parameters"]["retry_after"],
        35
    );
    let refused = send(&world, "x")
        .await
        .unwrap()
        .json::<Value>()
        .await
        .unwrap();
    assert_eq!(refused["description"], "Bad Request: CHAT_WRITE_FORBIDDEN");
    assert!(texts(&world).is_empty());
}

#[tokio::test]
async fn telegram_can_vanish_and_come_back_with_everything_it_knew() {
    let world = started().await;
    world.telegram.vanish().await;
    assert!(send(&world, "lost").await.unwrap_err().is_connect());
    world.telegram.resume().await.unwrap();
    assert_eq!(send(&world, "found").await.unwrap().status(), 200);
    assert_eq!(texts(&world), ["found"]);
}

#[tokio::test]
async fn vanishing_cuts_a_waiting_poll_and_stopping_answers_it() {
    for vanish in [true, false] {
        let world = world().await;
        let poll = world
            .http
            .post(world.address("getUpdates"))
            .json(&json!({"timeout": 50}))
            .send();
        let end = async {
            world
                .telegram
                .wait_for(Duration::from_secs(10), |t| t.calls("getUpdates").pop())
                .await
                .unwrap();
            if vanish {
                world.telegram.vanish().await;
            } else {
                world.telegram.stop().await;
            }
        };
        let (answer, ()) = tokio::join!(poll, end);
        match vanish {
            true => assert!(answer.is_err()),
            false => assert_eq!(
                answer.unwrap().json::<Value>().await.unwrap(),
                json!({"ok": true, "result": []})
            ),
        }
    }
}
