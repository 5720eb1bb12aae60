//! getUpdates and webhooks.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::world::{ANN, SOON, world};

#[tokio::test]
async fn a_waiting_poll_is_woken_by_an_update_and_repeats_it_until_confirmed() {
    let world = world().await;
    let poll = world.ok("getUpdates", json!({"timeout": 30}));
    let say = async {
        world
            .telegram
            .wait_for(SOON, |t| (!t.calls("getUpdates").is_empty()).then_some(()))
            .await
            .unwrap();
        world.telegram.say(ANN, ANN, "hello", None).unwrap();
    };
    let (found, ()) = tokio::join!(poll, say);
    assert_eq!(found[0]["message"]["text"], "hello");
    let again = world.ok("getUpdates", json!({})).await;
    assert_eq!(again, found);
    let next = found[0]["update_id"].as_i64().unwrap() + 1;
    assert_eq!(
        world.ok("getUpdates", json!({"offset": next})).await,
        json!([])
    );
    assert_eq!(world.telegram.waiting_updates(crate::world::BOT), 0);
}

#[tokio::test]
async fn the_older_of_two_polls_ends_with_a_conflict() {
    let world = world().await;
    let older = world.refused("getUpdates", json!({"timeout": 30}));
    let newer = async {
        world
            .telegram
            .wait_for(SOON, |t| (!t.calls("getUpdates").is_empty()).then_some(()))
            .await
            .unwrap();
        world.ok("getUpdates", json!({"timeout": 0})).await
    };
    let (refusal, _) = tokio::join!(older, newer);
    assert_eq!(
        refusal,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    );
}

#[tokio::test]
async fn a_webhook_gets_the_updates_with_its_secret_and_stops_polling() {
    let world = world().await;
    assert_eq!(
        world
            .refused("setWebhook", json!({"url": "http://bot.example/"}))
            .await,
        "Bad Request: bad webhook: An HTTPS URL must be provided for webhook"
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    world
        .ok("setWebhook", json!({"url": url, "secret_token": "s3cret"}))
        .await;
    assert!(
        world
            .refused("getUpdates", json!({}))
            .await
            .starts_with("Conflict: can't use getUpdates method while webhook is active")
    );
    assert_eq!(
        world.ok("getWebhookInfo", json!({})).await["url"],
        json!(url)
    );

    world.telegram.say(ANN, ANN, "hello", None).unwrap();
    // The first delivery is refused and comes again.
    for answer in [
        "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ] {
        let (mut stream, _) = tokio::time::timeout(SOON, listener.accept())
            .await
            .unwrap()
            .unwrap();
        let mut request = String::new();
        while !request.contains("\"hello\"") {
            let mut chunk = [0; 4096];
            let read = tokio::time::timeout(SOON, stream.read(&mut chunk))
                .await
                .unwrap()
                .unwrap();
            assert!(read > 0, "the whole request comes");
            request.push_str(std::str::from_utf8(&chunk[..read]).unwrap());
        }
        assert!(request.starts_with("POST /hook HTTP/1.1\r\n"));
        assert!(request.contains("X-Telegram-Bot-Api-Secret-Token: s3cret\r\n"));
        stream.write_all(answer.as_bytes()).await.unwrap();
    }
    let empty =
        |t: &telegram_emulator::Emulator| (t.waiting_updates(crate::world::BOT) == 0).then_some(());
    world.telegram.wait_for(SOON, empty).await.unwrap();
    world.ok("deleteWebhook", json!({})).await;
    assert_eq!(world.ok("getUpdates", json!({})).await, json!([]));
}
