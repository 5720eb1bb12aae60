//! The control API and the chat page, as another process uses them.

use serde_json::{Value, json};

use crate::world::{BOT, World, world};

async fn post(world: &World, path: &str, body: Value) -> Value {
    let answer = world
        .http
        .post(format!("{}/control/{path}", world.telegram.url()))
        .json(&body)
        .send()
        .await
        .unwrap();
    answer.json().await.unwrap()
}

async fn get(world: &World, path: &str) -> Value {
    world
        .http
        .get(format!("{}/control/{path}", world.telegram.url()))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

#[tokio::test]
async fn everything_can_be_driven_over_http() {
    let world = world().await;
    post(
        &world,
        "bots",
        json!({"token": "8:x", "username": "second_bot"}),
    )
    .await;
    post(
        &world,
        "users",
        json!({"id": 50, "first_name": "Eve", "language_code": "pt-br"}),
    )
    .await;
    let group = post(
        &world,
        "groups",
        json!({"id": -100_777, "title": "Ops", "forum": true}),
    )
    .await;
    assert_eq!(group["chat"], "-100777");
    for user in [50, BOT] {
        assert_eq!(
            post(
                &world,
                "status",
                json!({"chat": -100_777, "user": user, "status": "member"})
            )
            .await,
            json!({})
        );
    }
    let topic =
        post(&world, "topics", json!({"chat": "-100777", "name": "db"})).await["topic"].clone();
    post(
        &world,
        "say",
        json!({"chat": "-100777", "from": 50, "text": "/start", "topic": topic}),
    )
    .await;
    let sent = world
        .ok("sendMessage", json!({"chat_id": -100_777, "message_thread_id": topic, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}}))
        .await;
    let query = post(
        &world,
        "press",
        json!({"chat": "-100777", "message": sent["message_id"], "from": 50, "button": "A"}),
    )
    .await;
    assert_eq!(
        get(
            &world,
            &format!("answers/{}", query["query"].as_str().unwrap())
        )
        .await,
        json!({"answer": null})
    );
    world
        .ok(
            "answerCallbackQuery",
            json!({"callback_query_id": query["query"], "text": "ok"}),
        )
        .await;
    assert_eq!(
        get(
            &world,
            &format!("answers/{}", query["query"].as_str().unwrap())
        )
        .await["answer"]["text"],
        "ok"
    );

    let messages = get(&world, "chats/-100777/messages").await;
    assert_eq!(
        messages.as_array().unwrap().last().unwrap()["buttons"][0][0]["text"],
        "A"
    );
    let state = get(&world, "state").await;
    let chat = state["chats"]
        .as_array()
        .unwrap()
        .iter()
        .find(|chat| chat["chat"] == "-100777")
        .unwrap();
    assert_eq!(
        (chat["forum"].as_bool(), chat["topics"][0]["name"].as_str()),
        (Some(true), Some("db"))
    );
    let wrong = post(
        &world,
        "say",
        json!({"chat": "-9", "from": 50, "text": "x"}),
    )
    .await;
    assert_eq!(wrong["error"], "there is no chat -9; add it first");
    post(
        &world,
        "faults",
        json!({"filter": {"method": "getMe"}, "times": 1, "kind": {"hold": 1}}),
    )
    .await;
    post(
        &world,
        "faults",
        json!({"times": 1, "kind": {"refuse": {"code": 403, "description": "Forbidden: no"}}}),
    )
    .await;
    world.ok("getMe", json!({})).await;
    assert_eq!(world.refused("getMe", json!({})).await, "Forbidden: no");
    assert!(get(&world, "requests").await.as_array().unwrap().len() >= 4);
}

#[tokio::test]
async fn changes_wait_until_something_happens() {
    let world = world().await;
    let version = get(&world, "state").await["version"].as_u64().unwrap();
    let waiting = async { get(&world, &format!("changes?after={version}")).await };
    let change = async { post(&world, "users", json!({"id": 51, "first_name": "Zed"})).await };
    let (changed, _) = tokio::join!(waiting, change);
    assert!(changed["version"].as_u64().unwrap() > version);
}

#[tokio::test]
async fn the_chat_page_is_served_with_its_files() {
    let world = world().await;
    for (path, kind) in [
        ("/", "text/html"),
        ("/style.css", "text/css"),
        ("/chat.js", "text/javascript"),
    ] {
        let answer = world
            .http
            .get(format!("{}{path}", world.telegram.url()))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        assert!(
            answer.headers()["content-type"]
                .to_str()
                .unwrap()
                .starts_with(kind),
            "{path}"
        );
        assert!(
            !answer.text().await.unwrap().contains("https://"),
            "{path} needs nothing from elsewhere"
        );
    }
}
