//! Sending, editing, pressing: what succeeds, and what is refused in which words.

use serde_json::{Value, json};
use telegram_emulator::{Limits, Settings, Status};

use crate::world::{ANN, BOT, GROUP, SOON, TOKEN, with, world};

fn keyboard(data: &str) -> Value {
    json!({"inline_keyboard": [[{"text": "Ack", "callback_data": data}]]})
}

#[tokio::test]
async fn a_message_arrives_formatted_and_its_button_can_be_pressed() {
    let world = world().await;
    world.telegram.say(ANN, ANN, "/start", None).unwrap();
    let start = world.updates().await.remove(0);
    assert_eq!(start["message"]["text"], "/start");
    assert_eq!(
        start["message"]["entities"],
        json!([{"type": "bot_command", "offset": 0, "length": 6}])
    );
    assert_eq!(start["message"]["from"]["language_code"], "en");

    let sent = world
        .ok("sendMessage", json!({"chat_id": ANN, "text": "🔥 <b>Disk &lt;full&gt;</b>", "parse_mode": "HTML", "disable_notification": true, "reply_markup": keyboard("a:1")}))
        .await;
    assert_eq!(
        sent["entities"],
        json!([{"type": "bold", "offset": 3, "length": 11}])
    );
    assert_eq!(
        sent["chat"],
        json!({"id": ANN, "type": "private", "first_name": "Ann", "username": "ann"})
    );

    let shown = world
        .telegram
        .wait_for_message(SOON, ANN, "Disk")
        .await
        .unwrap();
    assert_eq!(shown.text, "🔥 Disk <full>");
    assert_eq!(shown.html, "🔥 <b>Disk &lt;full&gt;</b>");
    assert!(shown.silent);

    let query = world.telegram.press(ANN, shown.id, ANN, "Ack").unwrap();
    let press = world.updates().await.remove(0);
    assert_eq!(press["callback_query"]["data"], "a:1");
    assert_eq!(press["callback_query"]["message"]["message_id"], shown.id);
    world
        .ok(
            "answerCallbackQuery",
            json!({"callback_query_id": query, "text": "Acked"}),
        )
        .await;
    assert_eq!(world.telegram.answer(&query).unwrap().text, "Acked");
    assert_eq!(
        world
            .refused("answerCallbackQuery", json!({"callback_query_id": query}))
            .await,
        "Bad Request: query is too old and response timeout expired or query ID is invalid"
    );
    assert_eq!(world.telegram.calls("sendMessage").len(), 1);
    assert!(world.telegram.press(ANN, shown.id, ANN, "Nack").is_err());
}

#[tokio::test]
async fn an_edit_replaces_text_and_buttons_and_an_equal_one_is_refused() {
    let world = world().await;
    world.telegram.say(ANN, ANN, "/start", None).unwrap();
    let sent = world
        .ok(
            "sendMessage",
            json!({"chat_id": ANN, "text": "one", "reply_markup": keyboard("a")}),
        )
        .await;
    let edit = |text: &str| json!({"chat_id": ANN, "message_id": sent["message_id"], "text": text, "parse_mode": "HTML", "reply_markup": keyboard("b")});

    let edited = world.ok("editMessageText", edit("<i>two</i>")).await;
    assert_eq!(edited["text"], "two");
    assert!(edited["edit_date"].is_i64());
    assert!(
        world
            .refused("editMessageText", edit("<i>two</i>"))
            .await
            .starts_with("Bad Request: message is not modified: ")
    );
    world.ok("editMessageText", edit("two")).await;

    let without = json!({"chat_id": ANN, "message_id": sent["message_id"], "text": "two"});
    world.ok("editMessageText", without).await;
    let shown = world.telegram.messages(ANN).pop().unwrap();
    assert_eq!(
        (shown.text.as_str(), shown.buttons.len(), shown.edits),
        ("two", 0, 3)
    );
    world
        .ok(
            "editMessageReplyMarkup",
            json!({"chat_id": ANN, "message_id": shown.id, "reply_markup": keyboard("c")}),
        )
        .await;
    assert_eq!(
        world.telegram.messages(ANN).pop().unwrap().buttons[0][0]
            .data
            .as_deref(),
        Some("c")
    );

    world
        .ok(
            "deleteMessage",
            json!({"chat_id": ANN, "message_id": shown.id}),
        )
        .await;
    assert_eq!(
        world.refused("editMessageText", edit("three")).await,
        "Bad Request: message to edit not found"
    );
    let foreign = json!({"chat_id": ANN, "message_id": 1, "text": "mine"});
    assert_eq!(
        world.refused("editMessageText", foreign).await,
        "Bad Request: message can't be edited"
    );
}

#[tokio::test]
async fn bad_messages_are_refused_in_telegrams_words() {
    let world = world().await;
    world.telegram.say(ANN, ANN, "/start", None).unwrap();
    let html = |text: &str| json!({"chat_id": ANN, "text": text, "parse_mode": "HTML"});
    for (params, expected) in [
        (
            html("a <db-1>"),
            "Bad Request: can't parse entities: Unsupported start tag \"db-1\" at byte offset 2",
        ),
        (
            html("<b>a"),
            "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        (html(" <b> </b>\n"), "Bad Request: message text is empty"),
        (html(&"x".repeat(4097)), "Bad Request: message is too long"),
        (html(&"&#39;".repeat(6554)), "Bad Request: Text is too long"),
        (
            json!({"chat_id": ANN, "text": "*x*", "parse_mode": "MarkdownV2"}),
            "Bad Request: parse_mode MarkdownV2 is not emulated; use HTML [emulator]",
        ),
        (
            json!({"chat_id": ANN, "text": "x", "reply_markup": keyboard(&"x".repeat(65))}),
            "Bad Request: BUTTON_DATA_INVALID",
        ),
        (
            json!({"chat_id": ANN, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "x"}]]}}),
            "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            json!({"chat_id": ANN, "text": "x", "reply_parameters": {"message_id": 99}}),
            "Bad Request: message to be replied not found",
        ),
        (
            json!({"chat_id": ANN, "text": "x", "message_thread_id": 5}),
            "Bad Request: message thread not found",
        ),
        (
            json!({"chat_id": ANN, "text": "x", "colour": "red"}),
            "Bad Request: unknown parameter \"colour\" of sendMessage [emulator: strict]",
        ),
        (
            json!({"chat_id": 99, "text": "x"}),
            "Bad Request: chat not found",
        ),
    ] {
        assert_eq!(world.refused("sendMessage", params).await, expected);
    }
    world.ok("sendMessage", html(&"&#39;".repeat(4096))).await;
    world.ok("sendMessage", json!({"chat_id": ANN, "text": "x", "reply_parameters": {"message_id": 99, "allow_sending_without_reply": true}})).await;
    assert_eq!(
        world.refused("sendDice", json!({"chat_id": ANN})).await,
        "Not Found: method sendDice is not emulated [emulator]"
    );
    assert_eq!(
        world.refused("sendNothing", json!({})).await,
        "Not Found: method not found"
    );
}

#[tokio::test]
async fn tokens_that_are_wrong_malformed_or_revoked_are_told_apart() {
    let world = world().await;
    let me = world.ok("getMe", json!({})).await;
    assert_eq!(
        (
            me["id"].as_i64(),
            me["username"].as_str(),
            me["is_bot"].as_bool()
        ),
        (Some(BOT), Some("ops_bot"), Some(true))
    );
    let describe = async |token: &str| {
        let answer = world
            .http
            .get(format!("{}/bot{token}/getMe", world.telegram.url()))
            .send()
            .await
            .unwrap();
        answer.json::<Value>().await.unwrap()["description"]
            .as_str()
            .unwrap_or("none")
            .to_owned()
    };
    assert_eq!(describe("7001:wrong").await, "Unauthorized");
    assert_eq!(
        describe("nonsense").await,
        "Unauthorized: invalid token specified"
    );
    assert_eq!(
        describe("0:x").await,
        "Unauthorized: invalid token specified"
    );
    assert_eq!(describe(TOKEN).await, "none");
    world.telegram.revoke_bot(BOT);
    assert_eq!(describe(TOKEN).await, "Unauthorized");
}

#[tokio::test]
async fn parameters_may_come_as_query_form_or_multipart() {
    let world = world().await;
    world.telegram.say(ANN, ANN, "/start", None).unwrap();
    let address = world.address("SendMessage");
    let by_query = world.http.get(format!(
        "{address}?chat_id={ANN}&text=query&disable_notification=true"
    ));
    let by_form = world
        .http
        .post(&address)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!(
            "chat_id={ANN}&text=form&text=second&reply_markup=%7B%22inline_keyboard%22%3A%5B%5D%7D"
        ));
    let parts = reqwest::multipart::Form::new()
        .text("chat_id", ANN.to_string())
        .text("text", "multipart");
    for request in [
        by_query,
        by_form,
        world.http.post(&address).multipart(parts),
    ] {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    }
    let texts: Vec<String> = world
        .telegram
        .messages(ANN)
        .into_iter()
        .map(|message| message.text)
        .collect();
    assert_eq!(texts, ["/start", "query", "form", "multipart"]);
}

#[tokio::test]
async fn photos_and_documents_are_kept_and_checked() {
    let world = world().await;
    world.telegram.say(ANN, ANN, "/start", None).unwrap();
    let png = |width: u32, height: u32| {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes().into_iter().chain(height.to_be_bytes()));
        bytes
    };
    let send = async |method: &str, field: &'static str, bytes: Vec<u8>| {
        let file = reqwest::multipart::Part::bytes(bytes)
            .file_name("cpu.png")
            .mime_str("image/png")
            .unwrap();
        let form = reqwest::multipart::Form::new()
            .text("chat_id", ANN.to_string())
            .text("caption", "<b>cpu</b>")
            .text("parse_mode", "HTML")
            .part(field, file);
        world
            .http
            .post(world.address(method))
            .multipart(form)
            .send()
            .await
            .unwrap()
            .json::<Value>()
            .await
            .unwrap()
    };
    let photo = send("sendPhoto", "photo", png(800, 400)).await;
    assert_eq!(photo["result"]["photo"][0]["width"], 800, "{photo}");
    assert_eq!(photo["result"]["caption_entities"][0]["type"], "bold");
    assert_eq!(
        send("sendPhoto", "photo", b"text".to_vec()).await["description"],
        "Bad Request: IMAGE_PROCESS_FAILED"
    );
    assert_eq!(
        send("sendPhoto", "photo", png(9000, 2000)).await["description"],
        "Bad Request: PHOTO_INVALID_DIMENSIONS"
    );
    assert_eq!(
        send("sendPhoto", "photo", png(2100, 100)).await["description"],
        "Bad Request: PHOTO_INVALID_DIMENSIONS"
    );
    let document = send("sendDocument", "document", b"log".to_vec()).await;
    assert_eq!(document["result"]["document"]["file_name"], "cpu.png");

    let id = photo["result"]["photo"][0]["file_id"].as_str().unwrap();
    world
        .ok("sendPhoto", json!({"chat_id": ANN, "photo": id}))
        .await;
    assert_eq!(
        world
            .refused("sendPhoto", json!({"chat_id": ANN, "photo": "zzz"}))
            .await,
        "Bad Request: wrong file identifier/HTTP URL specified"
    );
    let edit = json!({"chat_id": ANN, "message_id": photo["result"]["message_id"], "text": "x"});
    assert_eq!(
        world.refused("editMessageText", edit).await,
        "Bad Request: there is no text in the message to edit"
    );
    world
        .ok(
            "editMessageCaption",
            json!({"chat_id": ANN, "message_id": photo["result"]["message_id"], "caption": "new"}),
        )
        .await;
    let kept = world.telegram.messages(ANN);
    assert_eq!(kept[2].file.as_ref().unwrap().bytes.as_ref(), b"log");
    assert_eq!(kept[1].text, "new");
}

#[tokio::test]
async fn sends_and_edits_share_the_limits_and_answers_are_free() {
    let world = with(Settings {
        limits: Limits {
            per_chat_burst: 2,
            ..Limits::default()
        },
        ..Settings::default()
    })
    .await;
    world.telegram.say(ANN, ANN, "/start", None).unwrap();
    let sent = world
        .ok(
            "sendMessage",
            json!({"chat_id": ANN, "text": "x", "reply_markup": keyboard("a")}),
        )
        .await;
    let edit = |text: &str| json!({"chat_id": ANN, "message_id": sent["message_id"], "text": text, "reply_markup": keyboard("a")});
    // A slow machine may win back a message or two in between.
    let mut refused = None;
    for text in ["1", "2", "3", "4", "5", "6", "7", "8"] {
        let answer = world
            .http
            .post(world.address("editMessageText"))
            .json(&edit(text))
            .send()
            .await
            .unwrap();
        if answer.status() == 429 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("edits count");
    assert_eq!(refused.headers()["retry-after"], "1");
    let body: Value = refused.json().await.unwrap();
    assert_eq!(
        body,
        json!({"ok": false, "error_code": 429, "description": "Too Many Requests: retry after 1", "parameters": {"retry_after": 1}})
    );
    let message = sent["message_id"].as_i64().unwrap();
    for _ in 0..5 {
        let query = world.telegram.press(ANN, message, ANN, "Ack").unwrap();
        world
            .ok("answerCallbackQuery", json!({"callback_query_id": query}))
            .await;
    }
}

#[tokio::test]
async fn a_reaction_can_be_set_and_taken_away() {
    let world = world().await;
    let id = world.telegram.say(ANN, ANN, "/start", None).unwrap();
    world.ok("setMessageReaction", json!({"chat_id": ANN, "message_id": id, "reaction": [{"type": "emoji", "emoji": "👍"}]})).await;
    assert_eq!(world.telegram.messages(ANN)[0].reactions, ["👍"]);
    world
        .ok(
            "setMessageReaction",
            json!({"chat_id": ANN, "message_id": id}),
        )
        .await;
    assert!(world.telegram.messages(ANN)[0].reactions.is_empty());
    let refusal = world.refused("setMessageReaction", json!({"chat_id": ANN, "message_id": id, "reaction": [{"type": "emoji", "emoji": "x"}]})).await;
    assert!(
        refusal.starts_with("Bad Request: parameter \"reaction"),
        "{refusal}"
    );
}

#[tokio::test]
async fn the_twenty_first_message_to_a_group_within_a_minute_is_refused() {
    let world = with(Settings::default()).await;
    world.telegram.add_supergroup(GROUP, "Ops", false);
    world
        .telegram
        .set_status(GROUP, BOT, Status::Member)
        .unwrap();
    let hello = json!({"chat_id": GROUP, "text": "x"});
    for _ in 0..20 {
        world.ok("sendMessage", hello.clone()).await;
    }
    let refused = world.call("sendMessage", hello).await;
    let wait = refused["parameters"]["retry_after"].as_u64().unwrap();
    assert!((30..=60).contains(&wait), "{refused}");
    world.telegram.say(ANN, ANN, "/start", None).unwrap();
    world
        .ok(
            "sendMessage",
            json!({"chat_id": ANN, "text": "other chats go on"}),
        )
        .await;
}
