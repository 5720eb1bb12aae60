//! Groups, topics, blocking, links and menus.

use serde_json::json;
use telegram_emulator::{ANONYMOUS, Place, Status};

use crate::world::{ANN, BOB, BOT, GROUP, World, world};

/// A forum with Ann as its owner, Bob, and the bot as a member.
async fn forum() -> World {
    let world = world().await;
    world.telegram.add_supergroup(GROUP, "Ops", true);
    world
        .telegram
        .set_status(GROUP, ANN, Status::Creator)
        .unwrap();
    world
        .telegram
        .set_status(GROUP, BOB, Status::Member)
        .unwrap();
    world
        .telegram
        .set_status_by(GROUP, BOT, Status::Member, ANN)
        .unwrap();
    world
}

#[tokio::test]
async fn a_bot_in_a_group_sees_commands_and_answers_to_itself_only() {
    let world = forum().await;
    let added = world.updates().await;
    assert_eq!(
        added[0]["my_chat_member"]["new_chat_member"]["status"],
        "member"
    );
    assert_eq!(added[0]["my_chat_member"]["from"]["id"], ANN);
    assert_eq!(added[1]["message"]["new_chat_members"][0]["id"], BOT);

    let sent = world
        .ok("sendMessage", json!({"chat_id": GROUP, "text": "hi"}))
        .await;
    world.telegram.say(GROUP, BOB, "just talk", None).unwrap();
    world.telegram.say(GROUP, BOB, "/list", None).unwrap();
    world
        .telegram
        .say(GROUP, BOB, "/list@other_bot", None)
        .unwrap();
    world
        .telegram
        .say(GROUP, BOB, "/list@ops_bot", None)
        .unwrap();
    world
        .telegram
        .reply(GROUP, BOB, sent["message_id"].as_i64().unwrap(), "ok")
        .unwrap();
    let texts = |updates: Vec<serde_json::Value>| -> Vec<String> {
        updates
            .iter()
            .map(|update| update["message"]["text"].as_str().unwrap_or("?").to_owned())
            .collect()
    };
    assert_eq!(
        texts(world.updates().await),
        ["/list", "/list@ops_bot", "ok"]
    );
    world
        .telegram
        .set_status_by(GROUP, BOT, Status::Administrator, ANN)
        .unwrap();
    world.updates().await;
    world
        .telegram
        .say(GROUP, ANONYMOUS, "all of it", None)
        .unwrap();
    let update = world.updates().await.remove(0);
    assert_eq!(update["message"]["sender_chat"]["id"], GROUP);
    assert_eq!(update["message"]["from"]["id"], ANONYMOUS);
}

#[tokio::test]
async fn topics_are_kept_apart_and_missing_or_closed_ones_refused() {
    let world = forum().await;
    let topic = world.telegram.add_topic(GROUP, "db").unwrap();
    let to = |topic: i64| json!({"chat_id": GROUP, "text": "x", "message_thread_id": topic});
    let sent = world.ok("sendMessage", to(topic)).await;
    assert_eq!(
        (
            sent["message_thread_id"].as_i64(),
            sent["is_topic_message"].as_bool()
        ),
        (Some(topic), Some(true))
    );
    assert_eq!(
        world.ok("sendMessage", to(1)).await["is_topic_message"],
        json!(null)
    );
    assert_eq!(
        world.refused("sendMessage", to(999)).await,
        "Bad Request: message thread not found"
    );
    world.telegram.close_topic(GROUP, topic, true).unwrap();
    assert_eq!(
        world.refused("sendMessage", to(topic)).await,
        "Bad Request: TOPIC_CLOSED"
    );
    world.telegram.delete_topic(GROUP, topic).unwrap();
    assert_eq!(
        world.refused("sendMessage", to(topic)).await,
        "Bad Request: message thread not found"
    );
    assert!(world.telegram.say(GROUP, ANN, "x", Some(topic)).is_err());
}

#[tokio::test]
async fn a_user_can_be_written_to_only_after_start_and_while_not_blocking() {
    let world = world().await;
    let hello = json!({"chat_id": ANN, "text": "x"});
    assert_eq!(
        world.refused("sendMessage", hello.clone()).await,
        "Bad Request: chat not found"
    );
    world.telegram.add_group(-5, "Small");
    world.telegram.set_status(-5, ANN, Status::Creator).unwrap();
    world.telegram.set_status(-5, BOT, Status::Member).unwrap();
    assert_eq!(
        world.refused("sendMessage", hello.clone()).await,
        "Forbidden: bot can't initiate conversation with a user"
    );
    world.telegram.say(ANN, ANN, "/start", None).unwrap();
    world.ok("sendMessage", hello.clone()).await;
    world.updates().await;

    world.telegram.block(ANN, true).unwrap();
    assert_eq!(
        world.refused("sendMessage", hello.clone()).await,
        "Forbidden: bot was blocked by the user"
    );
    let update = world.updates().await.remove(0);
    assert_eq!(
        update["my_chat_member"]["new_chat_member"]["status"],
        "kicked"
    );
    assert_eq!(update["my_chat_member"]["chat"]["type"], "private");
    world.telegram.say(ANN, ANN, "back", None).unwrap();
    assert_eq!(
        world.updates().await[0]["my_chat_member"]["new_chat_member"]["status"],
        "member"
    );
    world.ok("sendMessage", hello).await;
}

#[tokio::test]
async fn a_bot_that_was_removed_and_a_group_that_is_gone_are_refused() {
    let world = forum().await;
    let hello = json!({"chat_id": GROUP, "text": "x"});
    world
        .telegram
        .set_status_by(GROUP, BOT, Status::Kicked, ANN)
        .unwrap();
    assert_eq!(
        world.refused("sendMessage", hello.clone()).await,
        "Forbidden: bot was kicked from the supergroup chat"
    );
    world
        .telegram
        .set_status_by(GROUP, BOT, Status::Left, ANN)
        .unwrap();
    assert_eq!(
        world.refused("sendMessage", hello.clone()).await,
        "Forbidden: bot is not a member of the supergroup chat"
    );
    world
        .telegram
        .set_status_by(GROUP, BOT, Status::Member, ANN)
        .unwrap();
    world.telegram.delete_group(GROUP).unwrap();
    assert_eq!(
        world.refused("sendMessage", hello).await,
        "Forbidden: the group chat was deleted"
    );

    world.telegram.add_group(-5, "Small");
    world.telegram.set_status(-5, BOT, Status::Member).unwrap();
    world.ok("leaveChat", json!({"chat_id": -5})).await;
    assert_eq!(
        world
            .refused("sendMessage", json!({"chat_id": -5, "text": "x"}))
            .await,
        "Forbidden: bot is not a member of the group chat"
    );
}

#[tokio::test]
async fn a_group_that_became_a_supergroup_says_where_it_went() {
    let world = world().await;
    world.telegram.add_group(-5, "Small");
    world.telegram.set_status(-5, ANN, Status::Creator).unwrap();
    world.telegram.set_status(-5, BOT, Status::Member).unwrap();
    world.updates().await;
    world.telegram.migrate(-5, GROUP).unwrap();
    let answer = world
        .call("sendMessage", json!({"chat_id": -5, "text": "x"}))
        .await;
    assert_eq!(
        answer["description"],
        "Bad Request: group chat was upgraded to a supergroup chat"
    );
    assert_eq!(answer["parameters"], json!({"migrate_to_chat_id": GROUP}));
    let updates = world.updates().await;
    assert_eq!(updates[0]["message"]["migrate_to_chat_id"], GROUP);
    assert_eq!(updates[1]["message"]["migrate_from_chat_id"], -5);
    world
        .ok("sendMessage", json!({"chat_id": GROUP, "text": "x"}))
        .await;
}

#[tokio::test]
async fn links_start_the_bot_with_their_code() {
    let world = world().await;
    let place = world
        .telegram
        .open_link(ANN, "https://t.me/ops_bot?start=abc-1", None)
        .unwrap();
    assert_eq!(
        place,
        Place::Private {
            bot: BOT,
            user: ANN
        }
    );
    assert_eq!(world.updates().await[0]["message"]["text"], "/start abc-1");
    world.telegram.add_supergroup(GROUP, "Ops", false);
    world
        .telegram
        .set_status(GROUP, ANN, Status::Creator)
        .unwrap();
    world
        .telegram
        .open_link(ANN, "https://t.me/ops_bot?startgroup=xyz", Some(GROUP))
        .unwrap();
    let texts: Vec<_> = world
        .updates()
        .await
        .iter()
        .map(|update| update["message"]["text"].clone())
        .collect();
    assert_eq!(texts.last().unwrap(), "/start@ops_bot xyz");
    assert!(
        world
            .telegram
            .open_link(ANN, "https://t.me/ops_bot?start=a%20b", None)
            .is_err()
    );
}

#[tokio::test]
async fn members_and_administrators_can_be_asked_for() {
    let world = forum().await;
    let member = world
        .ok("getChatMember", json!({"chat_id": GROUP, "user_id": ANN}))
        .await;
    assert_eq!(
        (member["status"].as_str(), member["user"]["id"].as_i64()),
        (Some("creator"), Some(ANN))
    );
    assert_eq!(
        world
            .ok("getChatMember", json!({"chat_id": GROUP, "user_id": BOB}))
            .await["status"],
        "member"
    );
    assert_eq!(
        world
            .refused("getChatMember", json!({"chat_id": GROUP, "user_id": 5}))
            .await,
        "Bad Request: PARTICIPANT_ID_INVALID"
    );
    for status in [Status::Administrator, Status::Left, Status::Kicked] {
        world.telegram.set_status(GROUP, BOB, status).unwrap();
        let member = world
            .ok("getChatMember", json!({"chat_id": GROUP, "user_id": BOB}))
            .await;
        assert_eq!(member["status"], status.name());
    }
    let administrators = world
        .ok("getChatAdministrators", json!({"chat_id": GROUP}))
        .await;
    assert_eq!(administrators.as_array().unwrap().len(), 1);
    assert_eq!(
        world.ok("getChat", json!({"chat_id": GROUP})).await["is_forum"],
        true
    );
    world
        .ok(
            "sendChatAction",
            json!({"chat_id": GROUP, "action": "typing"}),
        )
        .await;
}

#[tokio::test]
async fn menus_are_kept_per_scope_and_language() {
    let world = world().await;
    let set = |scope: &str, language: &str, name: &str| json!({"commands": [{"command": name, "description": "d"}], "scope": {"type": scope}, "language_code": language});
    world.ok("setMyCommands", set("default", "", "list")).await;
    world
        .ok("setMyCommands", set("all_group_chats", "ru", "alerts"))
        .await;
    let get = json!({"scope": {"type": "all_group_chats"}, "language_code": "ru"});
    assert_eq!(
        world.ok("getMyCommands", get.clone()).await[0]["command"],
        "alerts"
    );
    assert_eq!(world.telegram.menu(BOT, "default", "")[0].command, "list");
    world.ok("deleteMyCommands", get.clone()).await;
    assert_eq!(world.ok("getMyCommands", get).await, json!([]));
    assert_eq!(
        world
            .refused("setMyCommands", set("default", "", "Bad"))
            .await,
        "Bad Request: BOT_COMMAND_INVALID"
    );
    assert_eq!(
        world
            .refused("setMyCommands", set("default", "english", "x"))
            .await,
        "Bad Request: invalid language code specified"
    );
}

#[tokio::test]
async fn people_act_only_where_they_are() {
    let world = forum().await;
    let sent = world.ok("sendMessage", json!({"chat_id": GROUP, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}})).await;
    let message = sent["message_id"].as_i64().unwrap();
    assert!(world.telegram.press(GROUP, message, BOB, "A").is_ok());
    world.telegram.set_status(GROUP, BOB, Status::Left).unwrap();
    assert!(world.telegram.press(GROUP, message, BOB, "A").is_err());
    assert!(world.telegram.say(GROUP, BOB, "x", None).is_err());
    assert!(world.telegram.say((BOT, ANN), BOB, "x", None).is_err());
    world.telegram.delete_group(GROUP).unwrap();
    assert!(world.telegram.say(GROUP, ANN, "x", None).is_err());
}
