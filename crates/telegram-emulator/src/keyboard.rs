//! Checks `reply_markup` beyond its types, as Telegram does, and reads the inline buttons out of it.

use serde_json::{Value, json};

use crate::model::Button;
use crate::refusal::Refusal;

const BUTTONS_MAX: usize = 100;
const BUTTONS_IN_ROW_MAX: usize = 8;

/// What pressing a button may do; each button does exactly one of these.
const ACTIONS: [&str; 11] = [
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
    "disabled",
];

/// The markup as Telegram keeps it; `None` if it shows nothing (no button at all).
pub(crate) fn check(markup: Option<&Value>, chat: i64) -> Result<Option<Value>, Refusal> {
    let Some(markup) = markup else {
        return Ok(None);
    };
    let Some(rows) = markup.get("inline_keyboard").and_then(Value::as_array) else {
        return Ok(Some(markup.clone()));
    };
    let mut kept: Vec<&Vec<Value>> = Vec::new();
    let mut count = 0;
    for row in rows
        .iter()
        .filter_map(Value::as_array)
        .filter(|row| !row.is_empty())
    {
        row.iter()
            .try_for_each(|button| check_button(button, chat))?;
        count += row.len();
        if count > BUTTONS_MAX || row.len() > BUTTONS_IN_ROW_MAX {
            return Err(Refusal::bad("reply markup is too long"));
        }
        kept.push(row);
    }
    Ok((!kept.is_empty()).then(|| json!({ "inline_keyboard": kept })))
}

fn check_button(button: &Value, chat: i64) -> Result<(), Refusal> {
    let text = |name: &str| button.get(name).and_then(Value::as_str);
    if text("text").is_none_or(|text| text.trim().is_empty()) {
        return Err(Refusal::bad(
            "can't parse inline keyboard button: Text of a button must be non-empty",
        ));
    }
    match ACTIONS
        .iter()
        .filter(|action| button.get(**action).is_some())
        .count()
    {
        0 => {
            return Err(Refusal::bad(
                "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
            ));
        }
        1 => {}
        _ => {
            return Err(Refusal::bad(
                "can't parse inline keyboard button: a button must have exactly one action [emulator: strict]",
            ));
        }
    }
    if let Some(url) = text("url") {
        check_url(url).map_err(|reason| {
            Refusal::bad(format!(
                "inline keyboard button URL '{url}' is invalid: {reason}"
            ))
        })?;
    }
    if let Some(url) = button.pointer("/web_app/url").and_then(Value::as_str) {
        if !url.starts_with("https://") {
            return Err(Refusal::bad(format!(
                "inline keyboard button Web App URL '{url}' is invalid: Only HTTPS links are allowed"
            )));
        }
        if chat < 0 {
            return Err(Refusal::bad("BUTTON_TYPE_INVALID"));
        }
    }
    if button.get("pay").is_some() || button.get("callback_game").is_some() {
        return Err(Refusal::bad("BUTTON_TYPE_INVALID"));
    }
    Ok(())
}

/// Telegram opens `http`, `https`, `tg` and `ton` links, and web addresses only with a real host name.
fn check_url(url: &str) -> Result<(), &'static str> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
    match scheme.to_ascii_lowercase().as_str() {
        "tg" | "ton" => return Ok(()),
        "http" | "https" => {}
        _ => return Err("Unsupported URL protocol"),
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let host = authority.rsplit('@').next().unwrap_or("");
    let name = host.split(':').next().unwrap_or("");
    if url.contains(char::is_whitespace) || name.is_empty() {
        return Err("Wrong HTTP URL");
    }
    if !host.starts_with('[')
        && (!name.contains('.') || name.starts_with('.') || name.ends_with('.'))
    {
        return Err("Wrong HTTP URL");
    }
    Ok(())
}

/// The rows of inline buttons in a markup.
pub(crate) fn buttons(markup: &Value) -> Vec<Vec<Button>> {
    let rows = markup.get("inline_keyboard").and_then(Value::as_array);
    let row = |row: &Value| {
        row.as_array()
            .map(|row| row.iter().map(button).collect())
            .unwrap_or_default()
    };
    rows.map(|rows| rows.iter().map(row).collect())
        .unwrap_or_default()
}

fn button(button: &Value) -> Button {
    let text = |path: &str| {
        button
            .pointer(path)
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    Button {
        text: text("/text").unwrap_or_default(),
        data: text("/callback_data"),
        url: text("/url"),
        copy: text("/copy_text/text"),
        style: text("/style"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(row: &Value) -> String {
        match check(Some(&json!({ "inline_keyboard": [row] })), 1) {
            Ok(_) => "fine".to_owned(),
            Err(refusal) => refusal.description,
        }
    }

    #[test]
    fn buttons_are_checked_as_telegram_does() {
        let many = |count: usize| json!(vec![json!({"text": "x", "callback_data": "y"}); count]);
        for (row, expected) in [
            (json!([{"text": "x", "callback_data": "y"}]), "fine"),
            (
                json!([{"text": "x", "url": "https://a.example/?q=1"}]),
                "fine",
            ),
            (
                json!([{"text": "x", "url": "http://192.0.2.1:3000/"}]),
                "fine",
            ),
            (json!([{"text": "x", "url": "tg://user?id=1"}]), "fine"),
            (json!([{"text": "x", "copy_text": {"text": "up"}}]), "fine"),
            (
                json!([{"text": "x"}]),
                "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
            ),
            (
                json!([{"text": "x", "url": "http://localhost:9090/graph"}]),
                "Bad Request: inline keyboard button URL 'http://localhost:9090/graph' is invalid: Wrong HTTP URL",
            ),
            (
                json!([{"text": "x", "url": "http://prometheus:9090"}]),
                "Bad Request: inline keyboard button URL 'http://prometheus:9090' is invalid: Wrong HTTP URL",
            ),
            (
                json!([{"text": "x", "url": "ftp://a.example"}]),
                "Bad Request: inline keyboard button URL 'ftp://a.example' is invalid: Unsupported URL protocol",
            ),
            (
                json!([{"text": "x", "web_app": {"url": "http://a.example"}}]),
                "Bad Request: inline keyboard button Web App URL 'http://a.example' is invalid: Only HTTPS links are allowed",
            ),
            (
                json!([{"text": "x", "pay": true}]),
                "Bad Request: BUTTON_TYPE_INVALID",
            ),
            (many(8), "fine"),
            (many(9), "Bad Request: reply markup is too long"),
        ] {
            assert_eq!(verdict(&row), expected, "{row}");
        }
    }

    #[test]
    fn a_keyboard_has_at_most_a_hundred_buttons_and_an_empty_one_is_none() {
        let button = json!({"text": "x", "callback_data": "y"});
        let keyboard =
            |rows: usize| json!({"inline_keyboard": vec![vec![button.clone(); 5]; rows]});
        assert!(check(Some(&keyboard(20)), 1).is_ok());
        assert!(check(Some(&keyboard(21)), 1).is_err());
        assert_eq!(check(Some(&json!({"inline_keyboard": []})), 1), Ok(None));
        assert_eq!(check(Some(&json!({"inline_keyboard": [[]]})), 1), Ok(None));
    }
}
