//! One fixture per kind of update.

use serde_json::json;

use super::*;

const ME: i64 = 7001;
const GROUP: i64 = -1_005;

fn me() -> Me {
    Me {
        id: BotId(ME),
        username: "ops_bot".into(),
    }
}

fn key(chat: i64, topic: Option<i64>) -> ChatKey {
    ChatKey {
        bot: BotId(ME),
        chat,
        topic,
    }
}

fn ann_json() -> Value {
    json!({"id": 42, "is_bot": false, "first_name": "Ann", "last_name": "Lee", "username": "ann", "language_code": "ru"})
}

fn ann() -> Speaker {
    Speaker {
        id: PersonId(42),
        name: "Ann Lee".into(),
        language: Some(Language::Ru),
        administrator: None,
        anonymous: false,
    }
}

fn group_json() -> Value {
    json!({"id": GROUP, "type": "supergroup", "title": "Ops", "is_forum": true, "added_later": {}})
}

fn private_json() -> Value {
    json!({"id": 42, "type": "private", "first_name": "Ann", "last_name": "Lee"})
}

/// A message of Ann's with more or other fields.
fn message(chat: &Value, more: &Value) -> Value {
    let mut message = json!({"message_id": 5, "date": 1, "chat": chat, "from": ann_json()});
    for (name, value) in more.as_object().unwrap() {
        message[name] = value.clone();
    }
    json!({"update_id": 9, "message": message})
}

fn event(update: &Value) -> Event {
    read(update, &me()).unwrap().event
}

fn said(chat: ChatKey, title: &str, speaker: Speaker, text: &str) -> Event {
    Event::Said {
        chat,
        title: title.into(),
        speaker,
        text: text.into(),
    }
}

#[test]
fn in_private_everything_is_said_to_the_bot() {
    for (more, text) in [
        (json!({"text": "hello"}), "hello"),
        (json!({"caption": "/help", "photo": []}), "/help"),
        (json!({"sticker": {}}), ""),
        (json!({"message_thread_id": 3, "text": "x"}), "x"),
    ] {
        let expected = said(key(42, None), "Ann Lee", ann(), text);
        assert_eq!(event(&message(&private_json(), &more)), expected, "{text}");
    }
}

#[test]
fn in_groups_only_commands_and_answers_to_the_bot_are_meant() {
    let by =
        |id: i64| json!({"message_id": 1, "from": {"id": id, "is_bot": true, "first_name": "x"}});
    let mut topic = by(ME);
    topic["forum_topic_created"] = json!({"name": "Disks"});
    for (more, meant) in [
        (json!({"text": "/regexp cpu"}), true),
        (json!({"text": "/regexp@other_bot cpu"}), true),
        (json!({"text": "hello"}), false),
        (json!({"text": "hello", "reply_to_message": by(ME)}), true),
        (json!({"text": "hello", "reply_to_message": by(8)}), false),
        (json!({"text": "hello", "reply_to_message": topic}), false),
        (json!({"sticker": {}}), false),
    ] {
        let text = more["text"].as_str().unwrap_or_default().to_owned();
        let expected = match meant {
            true => said(key(GROUP, None), "Ops", ann(), &text),
            false => Event::Other,
        };
        assert_eq!(
            event(&message(&group_json(), &more.clone())),
            expected,
            "{more}"
        );
    }
}

#[test]
fn a_topic_is_named_only_for_topic_messages() {
    for (more, topic) in [
        (
            json!({"message_thread_id": 17, "is_topic_message": true}),
            Some(17),
        ),
        (json!({"message_thread_id": 17}), None),
        (json!({}), None),
    ] {
        let mut more = more;
        more["text"] = "/list".into();
        let expected = said(key(GROUP, topic), "Ops", ann(), "/list");
        assert_eq!(event(&message(&group_json(), &more)), expected);
    }
}

#[test]
fn whoever_speaks_as_a_group_or_channel_is_anonymous() {
    let bot = json!({"id": GROUP_ANONYMOUS_BOT, "is_bot": true, "first_name": "Group"});
    let as_whom = json!({"id": -6, "type": "channel", "title": "News"});
    for (more, id, name) in [
        (
            json!({"from": bot, "sender_chat": group_json()}),
            GROUP_ANONYMOUS_BOT,
            "Ops",
        ),
        (json!({"from": bot}), GROUP_ANONYMOUS_BOT, "Ops"),
        (json!({"from": null}), GROUP_ANONYMOUS_BOT, "Ops"),
        (json!({"sender_chat": as_whom}), 42, "News"),
    ] {
        let mut more = more;
        more["text"] = "/regexp cpu".into();
        let speaker = Speaker {
            id: PersonId(id),
            name: name.into(),
            language: None,
            administrator: None,
            anonymous: true,
        };
        let mut heard = event(&message(&group_json(), &more));
        assert_eq!(heard, said(key(GROUP, None), "Ops", speaker, "/regexp cpu"));
        assert_eq!(rights_to_ask(&mut heard, "ops_bot"), None);
    }
}

#[test]
fn pressed_buttons_are_known_even_on_messages_that_are_not() {
    let query = |message: Value, data: &str| {
        json!({"update_id": 9, "callback_query":
            {"id": "77", "from": ann_json(), "message": message, "chat_instance": "1", "data": data}})
    };
    let full = json!({"message_id": 5, "date": 1, "chat": group_json(), "text": "x",
        "message_thread_id": 17, "is_topic_message": true});
    let gone = json!({"message_id": 5, "date": 0, "chat": group_json()});
    for (message, topic) in [(full, Some(17)), (gone, None)] {
        let update = read(&query(message, "u:1"), &me()).unwrap();
        assert_eq!(update.query.as_deref(), Some("77"));
        let expected = Event::Pressed {
            chat: key(GROUP, topic),
            speaker: ann(),
            data: "u:1".into(),
            message_id: 5,
        };
        assert_eq!(update.event, expected);
    }
    let inline = json!({"update_id": 9, "callback_query":
        {"id": "77", "from": ann_json(), "inline_message_id": "q", "data": "u:1"}});
    let update = read(&inline, &me()).unwrap();
    assert_eq!(
        (update.event, update.query),
        (Event::Other, Some("77".into()))
    );
}

#[test]
fn comings_and_goings_are_told_apart() {
    let unwelcome = |chat, status: &str| Event::Unwelcome {
        chat: key(chat, None),
        status: status.into(),
    };
    let welcome = |chat| Event::Welcome(key(chat, None));
    for (chat, member, expected) in [
        (group_json(), json!({"status": "member"}), welcome(GROUP)),
        (
            group_json(),
            json!({"status": "administrator"}),
            welcome(GROUP),
        ),
        (
            group_json(),
            json!({"status": "left"}),
            unwelcome(GROUP, "left"),
        ),
        (
            group_json(),
            json!({"status": "kicked"}),
            unwelcome(GROUP, "kicked"),
        ),
        (
            group_json(),
            json!({"status": "restricted", "can_send_messages": true}),
            welcome(GROUP),
        ),
        (
            group_json(),
            json!({"status": "restricted", "can_send_messages": false}),
            unwelcome(GROUP, "restricted"),
        ),
        (
            private_json(),
            json!({"status": "kicked"}),
            unwelcome(42, "kicked"),
        ),
        (private_json(), json!({"status": "member"}), welcome(42)),
        (
            group_json(),
            json!({"status": "something new"}),
            Event::Other,
        ),
    ] {
        let update = json!({"update_id": 9, "my_chat_member": {"chat": chat, "from": ann_json(), "date": 1,
            "old_chat_member": {"status": "left"}, "new_chat_member": member}});
        assert_eq!(event(&update), expected, "{update}");
    }
}

#[test]
fn both_notes_of_a_move_say_the_same() {
    let old = json!({"id": -5, "type": "group", "title": "Ops"});
    let moved = Event::Migrated {
        from: key(-5, None),
        to: GROUP,
    };
    let leaving = message(&old, &json!({"migrate_to_chat_id": GROUP}));
    let arriving = message(&group_json(), &json!({"migrate_from_chat_id": -5}));
    assert_eq!(event(&leaving), moved);
    assert_eq!(event(&arriving), moved);
}

#[test]
fn what_means_nothing_here_is_still_counted() {
    let channel = json!({"id": -6, "type": "channel", "title": "News"});
    let other_bot = json!({"id": 8, "is_bot": true, "first_name": "x"});
    for update in [
        message(&private_json(), &json!({"pinned_message": {}})),
        message(&group_json(), &json!({"new_chat_title": "New"})),
        message(&group_json(), &json!({"text": "/list", "from": other_bot})),
        message(
            &group_json(),
            &json!({"text": "/list", "is_automatic_forward": true}),
        ),
        message(&channel, &json!({"text": "/list"})),
        json!({"update_id": 9, "channel_post": {"message_id": 1, "chat": channel, "text": "/list"}}),
        json!({"update_id": 9, "edited_message": {"message_id": 1, "chat": group_json(), "text": "/list"}}),
        json!({"update_id": 9, "message": {"chat": "x"}}),
        json!({"update_id": 9, "message": 3}),
        json!({"update_id": 9, "callback_query": []}),
        json!({"update_id": 9, "my_chat_member": null}),
        json!({"update_id": 9, "telepathy": {}}),
        json!({"update_id": 9}),
    ] {
        let heard = read(&update, &me()).unwrap();
        assert_eq!((heard.id, heard.event), (9, Event::Other), "{update}");
    }
    for garbage in [
        json!(null),
        json!([]),
        json!({"update_id": "x"}),
        json!("x"),
    ] {
        assert_eq!(read(&garbage, &me()), None);
    }
}

#[test]
fn rights_are_looked_up_only_for_changes_in_groups() {
    for (chat, text, asked) in [
        (group_json(), "/regexp cpu", true),
        (group_json(), "/regexp@ops_bot cpu", true),
        (group_json(), "/regexp@other_bot cpu", false),
        (group_json(), "/list", false),
        (private_json(), "/regexp cpu", false),
    ] {
        let mut heard = event(&message(&chat, &json!({"text": text})));
        let rights = rights_to_ask(&mut heard, "ops_bot").map(|(chat, who)| (chat, who.id));
        assert_eq!(rights, asked.then_some((GROUP, PersonId(42))), "{text}");
    }
    for (data, asked) in [("u:1", true), ("a:2", false)] {
        let mut heard = Event::Pressed {
            chat: key(GROUP, None),
            speaker: ann(),
            data: data.into(),
            message_id: 5,
        };
        assert_eq!(
            rights_to_ask(&mut heard, "ops_bot").is_some(),
            asked,
            "{data}"
        );
    }
    assert_eq!(rights_to_ask(&mut Event::Other, "ops_bot"), None);
}
