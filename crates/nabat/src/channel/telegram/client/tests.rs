//! Against the emulated Telegram, over real HTTP.

mod network;
mod secrecy;

use std::time::Instant;

use nabat_core::message::Press;
use serde_json::{Value, json};
use telegram_emulator::{Emulator, FaultKind};

use super::*;
use crate::channel::telegram::testing::{ANN, BOT, bot, client, fault, nobody, telegram};
use nabat_core::chat::ChatKey;
use nabat_core::message::Button;

fn to_ann(text: &str) -> NewMessage<'_> {
    NewMessage {
        chat: ChatKey {
            bot: BotId(BOT),
            chat: ANN,
            topic: None,
        },
        text: Text::Html(text),
        buttons: &[],
        silent: false,
        reply_to: None,
    }
}

/// An emulator where Ann has started the bot, and the bot's client.
async fn started() -> (Emulator, Client) {
    let telegram = telegram().await;
    telegram.say(ANN, ANN, "/start", None).unwrap();
    let client = client(&bot([telegram.url()]));
    (telegram, client)
}

fn texts(telegram: &Emulator) -> Vec<String> {
    let messages = telegram.messages(ANN).into_iter().skip(1);
    messages.map(|message| message.text).collect()
}

#[tokio::test]
async fn what_is_cut_off_may_have_arrived_and_is_sent_only_once() {
    let (telegram, client) = started().await;
    client.get_me().await.unwrap(); // A connection is there now, to be used again.
    for (kind, arrived) in [(FaultKind::DropBefore, 0), (FaultKind::DropAfter, 1)] {
        telegram.fault(fault("sendMessage", 1, kind));
        let error = client.send_message(&to_ann("x")).await.unwrap_err();
        assert!(matches!(error, CallError::Lost { .. }), "{error:?}");
        assert_eq!(texts(&telegram).len(), arrived);
    }
    assert_eq!(telegram.calls("sendMessage").len(), 2);
}

#[tokio::test]
async fn a_held_request_is_lost_when_the_time_is_over() {
    let (telegram, client) = started().await;
    let hold = FaultKind::Hold(Duration::from_secs(30));
    telegram.fault(fault("getMe", 1, hold));
    let begun = Instant::now();
    let answer: Result<User, _> = client
        .call("getMe", &json!({}), Duration::from_millis(200))
        .await;
    assert!(matches!(answer, Err(CallError::Lost { .. })), "{answer:?}");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_sent() {
    let client = client(&bot([nobody()]));
    let error = client.send_message(&to_ann("x")).await.unwrap_err();
    assert!(matches!(error, CallError::Unsent { .. }), "{error:?}");
}

#[tokio::test]
async fn refusals_keep_telegrams_words_and_figures() {
    let (telegram, client) = started().await;
    let refuse = |code, description: &str, parameters| FaultKind::Refuse {
        code,
        description: description.into(),
        parameters,
    };
    let refused = |code, description: &str| Refusal {
        code,
        description: description.into(),
        retry_after: None,
        migrate_to: None,
    };
    let moved = "Bad Request: group chat was upgraded to a supergroup chat";
    let slower = "Too Many Requests: retry after 35";
    let cases = [
        (
            refuse(400, moved, Some(json!({"migrate_to_chat_id": -100_987}))),
            Refusal {
                migrate_to: Some(-100_987),
                ..refused(400, moved)
            },
        ),
        (
            FaultKind::TooMany { retry_after: 35 },
            Refusal {
                retry_after: Some(Duration::from_secs(35)),
                ..refused(429, slower)
            },
        ),
        (
            refuse(500, "Internal Server Error: x", None),
            refused(500, "Internal Server Error: x"),
        ),
    ];
    for (kind, expected) in cases {
        telegram.fault(fault("sendMessage", 1, kind));
        let error = client.send_message(&to_ann("x")).await.unwrap_err();
        assert_eq!(error, CallError::Refused(expected));
    }
    telegram.revoke_bot(BOT);
    assert!(client.get_me().await.unwrap_err().is_refusal(401));
}

#[tokio::test]
async fn a_page_of_html_is_not_telegrams_answer() {
    let (telegram, client) = started().await;
    let page = FaultKind::Status {
        code: 502,
        html_body: true,
    };
    telegram.fault(fault("sendMessage", 1, page));
    let error = client.send_message(&to_ann("x")).await.unwrap_err();
    assert_eq!(error, CallError::Garbled { status: 502 });
}

#[tokio::test]
async fn a_message_is_sent_and_changed_as_asked() {
    let (telegram, client) = started().await;
    let button = |text: &str, press| Button {
        text: text.into(),
        press,
    };
    let buttons = [vec![button("Go", Press::Callback("u:1".into()))]];
    let first = client
        .send_message(&NewMessage {
            buttons: &buttons,
            silent: true,
            ..to_ann("<b>a</b>")
        })
        .await
        .unwrap();
    let answer = NewMessage {
        reply_to: Some(first),
        text: Text::Plain("<b>"),
        ..to_ann("")
    };
    client.send_message(&answer).await.unwrap();
    let edit = Edit {
        chat: answer.chat,
        message_id: first,
        text: Text::Html("<i>b</i>"),
        buttons: &[],
    };
    client.edit_message_text(&edit).await.unwrap();
    let again = client.edit_message_text(&edit).await.unwrap_err();
    assert!(again.to_string().contains("not modified"), "{again}");
    let messages = telegram.messages(ANN);
    let [_, live, reply] = messages.as_slice() else {
        panic!("{messages:?}");
    };
    assert_eq!((live.text.as_str(), live.silent), ("b", true));
    assert!(live.buttons.is_empty());
    assert_eq!(reply.text, "<b>");
    assert_eq!(reply.reply_to, Some(first));
    let sent = &telegram.calls("sendMessage")[0].params;
    assert_eq!(sent["link_preview_options"], json!({"is_disabled": true}));
    assert_eq!(
        sent["reply_markup"],
        super::super::render::keyboard(&buttons)
    );
}

#[tokio::test]
async fn topics_are_named_but_the_general_one_is_not() {
    let (telegram, client) = started().await;
    const FORUM: i64 = -1_001_234;
    telegram.add_supergroup(FORUM, "Ops", true);
    telegram
        .set_status(FORUM, BOT, telegram_emulator::Status::Administrator)
        .unwrap();
    let topic = telegram.add_topic(FORUM, "Disks").unwrap();
    for topic in [Some(1), None, Some(topic)] {
        let chat = ChatKey {
            bot: BotId(BOT),
            chat: FORUM,
            topic,
        };
        let message = NewMessage {
            chat,
            ..to_ann("x")
        };
        client.send_message(&message).await.unwrap();
    }
    let threads: Vec<Value> = telegram
        .calls("sendMessage")
        .iter()
        .map(|call| call.params["message_thread_id"].clone())
        .collect();
    assert_eq!(threads, [Value::Null, Value::Null, json!(topic)]);
}

#[tokio::test]
async fn administrators_are_recognised() {
    let (telegram, client) = started().await;
    const GROUP: i64 = -1_001_234;
    telegram.add_supergroup(GROUP, "Ops", false);
    telegram
        .set_status(GROUP, BOT, telegram_emulator::Status::Member)
        .unwrap();
    use telegram_emulator::Status;
    for (status, expected) in [
        (Status::Creator, true),
        (Status::Administrator, true),
        (Status::Member, false),
        (Status::Left, false),
    ] {
        telegram.set_status(GROUP, ANN, status).unwrap();
        let ann = nabat_core::chat::PersonId(ANN);
        let is = client.is_administrator(GROUP, ann, SHORT_TIMEOUT).await;
        assert_eq!(is, Ok(expected), "{status:?}");
    }
}

#[tokio::test]
async fn menus_are_set_per_language() {
    let (telegram, client) = started().await;
    let menu = [("help", "all".to_owned())];
    let language = nabat_core::message::words::Language::PtBr;
    client.set_my_commands(&menu, Some(language)).await.unwrap();
    let menu = [("list", "some".to_owned())];
    client.set_my_commands(&menu, None).await.unwrap();
    assert_eq!(telegram.menu(BOT, "default", "pt")[0].command, "help");
    assert_eq!(telegram.menu(BOT, "default", "")[0].description, "some");
}

#[tokio::test]
async fn nobody_silences_a_chat_for_more_than_an_hour() {
    let (telegram, client) = started().await;
    let forever = FaultKind::TooMany {
        retry_after: u64::MAX,
    };
    telegram.fault(fault("sendMessage", 1, forever));
    let error = client.send_message(&to_ann("x")).await.unwrap_err();
    let period = error.refusal().and_then(|refusal| refusal.retry_after);
    assert_eq!(period, Some(Duration::from_secs(3_600)));
}
