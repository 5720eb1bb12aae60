//! Telegram's calls.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::config::{Updates, Webhook};

/// The bot with a webhook, and the place where it is called.
async fn called(world: &World) -> (Bot, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut bot = bot([world.telegram.url()]);
    bot.updates = Updates::Webhook;
    bot.webhook = Some(Webhook { url });
    (bot, listener)
}

/// The next call: its path, its secret, its body. `answer` is its status line.
async fn next_call(listener: &TcpListener, answer: &str) -> (String, String, Vec<u8>) {
    let (mut stream, _) = tokio::time::timeout(SOON, listener.accept())
        .await
        .unwrap()
        .unwrap();
    let mut read = Vec::new();
    loop {
        stream.read_buf(&mut read).await.unwrap();
        let text = String::from_utf8_lossy(&read).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
        let length: usize = field("Content-Length: ").unwrap().parse().unwrap();
        if body.len() < length {
            continue;
        }
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let secret = field("X-Telegram-Bot-Api-Secret-Token: ")
            .unwrap()
            .to_owned();
        stream
            .write_all(format!("HTTP/1.1 {answer}\r\n\r\n").as_bytes())
            .await
            .unwrap();
        return (path, secret, body.as_bytes().to_vec());
    }
}

#[tokio::test]
async fn a_call_is_committed_before_it_is_confirmed() {
    let world = world().await;
    let (bot, listener) = called(&world).await;
    // What came before is asked for, as Telegram would bring it in any order.
    world.telegram.say(ANN, ANN, "/regexp early", None).unwrap();
    let mut life = world.start_as(bot).await;
    assert!(life.next_answer().await.contains("early"));
    life.is(|state| matches!(state, State::Webhook { .. }))
        .await;
    world.telegram.say(ANN, ANN, "/regexp cpu", None).unwrap();
    let (path, secret, body) = next_call(&listener, "200 OK").await;
    assert_eq!(path, format!("/telegram/{BOT}"));
    let receive = |secret: Option<&'static str>, bot, body: &'static str| {
        let ears = life.webhooks.clone();
        async move { ears.receive(bot, secret, body.as_bytes()).await }
    };
    assert_eq!(receive(None, BOT, "{}").await, WebhookAnswer::Unauthorized);
    assert_eq!(
        receive(Some(""), BOT, "{}").await,
        WebhookAnswer::Unauthorized
    );
    assert_eq!(
        receive(Some("x"), BOT, "{}").await,
        WebhookAnswer::Unauthorized
    );
    let ears = life.webhooks.clone();
    let call = async |bot, body: &[u8]| ears.receive(bot, Some(&secret), body).await;
    assert_eq!(call(8, &body).await, WebhookAnswer::Unauthorized);
    assert_eq!(call(BOT, b"{").await, WebhookAnswer::BadRequest);
    assert_eq!(call(BOT, b"{}").await, WebhookAnswer::BadRequest);
    assert_eq!(call(BOT, &body).await, WebhookAnswer::Ok);
    assert_eq!(call(BOT, &body).await, WebhookAnswer::Ok);
    assert!(life.next_answer().await.contains("cpu"));
    assert!(
        life.waiting.is_empty() && life.outbox.try_recv().is_err(),
        "the repeat was dealt with again"
    );
    let (stop, ears_task) = (life.shutdown.clone(), &mut life.ears);
    stop.cancel();
    ears_task.await.unwrap();
    assert_eq!(call(BOT, &body).await, WebhookAnswer::Unauthorized);
    life.engine.stop().await.unwrap();
}

#[tokio::test]
async fn what_the_engine_does_not_take_is_to_come_again() {
    let world = world().await;
    let (bot, listener) = called(&world).await;
    let mut life = world.start_as(bot).await;
    life.is(|state| matches!(state, State::Webhook { .. }))
        .await;
    world.telegram.say(ANN, ANN, "/regexp cpu", None).unwrap();
    let (_, secret, body) = next_call(&listener, "200 OK").await;
    life.engine.stop().await.unwrap();
    let first: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let later = json!({"update_id": first["update_id"].as_i64().unwrap() + 1}).to_string();
    for body in [body.as_slice(), later.as_bytes()] {
        let answer = life.webhooks.receive(BOT, Some(&secret), body).await;
        assert_eq!(answer, WebhookAnswer::TryAgain);
    }
    life.shutdown.cancel();
    life.ears.await.unwrap();
}
