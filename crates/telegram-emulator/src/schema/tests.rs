use super::*;
use serde_json::json;

fn verdict(method: &str, params: &Value) -> String {
    match check(method, params.as_object().unwrap().clone(), true) {
        Ok(_) => "fine".to_owned(),
        Err(refusal) => refusal.description,
    }
}

#[test]
fn requests_are_checked_in_depth() {
    let button = |data: &str| json!({"inline_keyboard": [[{"text": "b", "callback_data": data}]]});
    for (method, params, expected) in [
        ("sendMessage", json!({"chat_id": 1, "text": "x"}), "fine"),
        (
            "sendMessage",
            json!({"chat_id": "1", "text": "x", "disable_notification": "true"}),
            "fine",
        ),
        (
            "sendMessage",
            json!({"chat_id": 1, "text": "x", "reply_markup": button("a")}),
            "fine",
        ),
        (
            "sendMessage",
            json!({"chat_id": 1, "text": "x", "reply_markup": button("a").to_string()}),
            "fine",
        ),
        (
            "sendMessage",
            json!({"chat_id": 1, "text": "x", "reply_markup": button(&"я".repeat(33))}),
            "Bad Request: BUTTON_DATA_INVALID",
        ),
        (
            "sendMessage",
            json!({"text": "x"}),
            "Bad Request: chat_id is empty",
        ),
        (
            "sendMessage",
            json!({"chat_id": 1}),
            "Bad Request: message text is empty",
        ),
        (
            "sendMessage",
            json!({"chat_id": 1, "text": "x", "silent": true}),
            "Bad Request: unknown parameter \"silent\" of sendMessage [emulator: strict]",
        ),
        (
            "sendMessage",
            json!({"chat_id": 1, "text": 5}),
            "Bad Request: parameter \"text\" must be string [emulator: schema]",
        ),
        (
            "sendMessage",
            json!({"chat_id": 1, "text": "x", "reply_markup": "{"}),
            "Bad Request: can't parse reply markup JSON object",
        ),
        (
            "sendMessage",
            json!({"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "b", "data": "1"}]]}}),
            "Bad Request: parameter \"reply_markup.inline_keyboard[0][0].data\" is unknown in InlineKeyboardButton [emulator: schema]",
        ),
        (
            "sendMessage",
            json!({"chat_id": 1, "text": "x", "parse_mode": "html"}),
            "Bad Request: parameter \"parse_mode\" must be one of: \"HTML\", \"MarkdownV2\", \"Markdown\" [emulator: schema]",
        ),
        (
            "sendMessage",
            json!({"chat_id": 1, "text": "x", "disable_notification": "treu"}),
            "Bad Request: parameter \"disable_notification\" must be a Boolean, not \"treu\" [emulator: strict]",
        ),
        (
            "answerCallbackQuery",
            json!({"callback_query_id": "1", "text": "x".repeat(201)}),
            "Bad Request: MESSAGE_TOO_LONG",
        ),
        (
            "setMyCommands",
            json!({"commands": [{"command": "a", "description": "b"}], "scope": {"type": "chat", "chat_id": 1}}),
            "fine",
        ),
        (
            "setMyCommands",
            json!({"commands": [{"command": "a", "description": ""}]}),
            "Bad Request: BOT_COMMAND_DESCRIPTION_INVALID",
        ),
    ] {
        assert_eq!(verdict(method, &params), expected, "{method} {params}");
    }
}

#[test]
fn methods_are_found_in_any_case_and_told_apart() {
    assert_eq!(method("SENDmessage"), Method::Emulated("sendMessage"));
    assert_eq!(method("sendDice"), Method::NotEmulated("sendDice"));
    assert_eq!(method("sendNothing"), Method::Unknown);
}
