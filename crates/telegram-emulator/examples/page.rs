//! Serves the chat page with a small invented world, to look at it alone:
//! `cargo run -p telegram-emulator --example page [PORT]`
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "an example that can't go on panics, and it talks"
)]

use std::net::SocketAddr;

use serde_json::{Value, json};
use telegram_emulator::{Emulator, Settings, Status, User};

const TOKEN: &str = "7001:demo";
const ANN: i64 = 42;
const BOB: i64 = 43;
const GROUP: i64 = -1_001_234;

#[tokio::main]
async fn main() {
    let port = std::env::args()
        .nth(1)
        .map_or(8090, |port| port.parse().unwrap());
    let listen = SocketAddr::from(([127, 0, 0, 1], port));
    let telegram = Emulator::start(Settings {
        listen,
        ..Settings::default()
    })
    .await
    .unwrap();
    let bot = telegram.add_bot(TOKEN, "nabat_bot");
    telegram.add_user(User::new(ANN, "Ann", "en"));
    telegram.add_user(User::new(BOB, "Борис", "ru"));
    telegram.add_supergroup(GROUP, "Operations", true);
    for (user, status) in [
        (ANN, Status::Creator),
        (BOB, Status::Member),
        (bot.id, Status::Member),
    ] {
        telegram.set_status(GROUP, user, status).unwrap();
    }
    let topic = telegram.add_topic(GROUP, "Databases").unwrap();
    fill(&telegram, topic).await;
    println!("{}", telegram.url());
    tokio::select! {
        () = echo(&telegram) => {}
        stopped = tokio::signal::ctrl_c() => stopped.unwrap(),
    }
    telegram.stop().await;
}

/// The bot repeats what it hears and confirms what is pressed.
async fn echo(telegram: &Emulator) {
    let http = client();
    let mut offset = 0;
    loop {
        let call = async |method: &str, params: Value| -> Value {
            let address = format!("{}/bot{TOKEN}/{method}", telegram.url());
            http.post(address)
                .json(&params)
                .send()
                .await
                .unwrap()
                .json()
                .await
                .unwrap()
        };
        let updates = call("getUpdates", json!({"offset": offset, "timeout": 50})).await;
        for update in updates["result"].as_array().unwrap() {
            offset = update["update_id"].as_i64().unwrap() + 1;
            let message = &update["message"];
            if let Some(text) = message["text"].as_str() {
                let mut answer = json!({"chat_id": message["chat"]["id"], "text": text, "reply_parameters": {"message_id": message["message_id"]}});
                if let Some(topic) = message["message_thread_id"].as_i64() {
                    answer["message_thread_id"] = topic.into();
                }
                call("sendMessage", answer).await;
            }
            if let Some(query) = update["callback_query"]["id"].as_str() {
                let alert = update["callback_query"]["data"] == "s";
                call(
                    "answerCallbackQuery",
                    json!({"callback_query_id": query, "text": "Done", "show_alert": alert}),
                )
                .await;
            }
        }
    }
}

async fn fill(telegram: &Emulator, topic: i64) {
    let http = client();
    let call = async |method: &str, params: Value| -> Value {
        let address = format!("{}/bot{TOKEN}/{method}", telegram.url());
        http.post(address)
            .json(&params)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    };
    let commands = json!([
        {"command": "list", "description": "What you are subscribed to"},
        {"command": "alerts", "description": "What fires now"},
        {"command": "regexp", "description": "Subscribe to what matches"},
        {"command": "help", "description": "What I can do"},
    ]);
    call("setMyCommands", json!({"commands": commands})).await;
    let start = telegram.say(ANN, ANN, "/start", None).unwrap();
    let hello = "Hello, <b>Ann</b>! Type <code>/regexp cpu|disk</code> or send /help.\n<blockquote expandable>I tell you what fires, once, and when it ends.</blockquote>";
    call("sendMessage", json!({"chat_id": ANN, "text": hello, "parse_mode": "HTML", "reply_parameters": {"message_id": start}})).await;
    let keyboard = json!({"inline_keyboard": [
        [{"text": "Acknowledge", "callback_data": "a", "style": "success"}, {"text": "Silence 1h", "callback_data": "s", "style": "danger"}],
        [{"text": "Graph", "callback_data": "g"}, {"text": "Runbook", "url": "http://runbooks.example/disk"}, {"text": "Query", "copy_text": {"text": "up == 0"}}],
    ]});
    let alert = "🔥 <b>DiskFull</b> on <code>db-1</code>\n<i>/var</i> is 96 % full since 12:04\n<pre><code class=\"language-promql\">node_filesystem_avail_bytes{instance=\"db-1\"} &lt; 5e9</code></pre>\n<a href=\"http://grafana.example/d/1\">Dashboard</a> · <tg-spoiler>password</tg-spoiler>";
    let params = |text: &str| json!({"chat_id": GROUP, "message_thread_id": topic, "text": text, "parse_mode": "HTML", "reply_markup": keyboard});
    let sent = call("sendMessage", params(alert)).await["result"]["message_id"].clone();
    telegram
        .say(GROUP, BOB, "Смотрю, кажется, это бэкап 💾", Some(topic))
        .unwrap();
    telegram.say(GROUP, ANN, "/alerts", None).unwrap();
    let resolved = json!({"chat_id": GROUP, "message_thread_id": topic, "text": "✅ <s>DiskFull</s> resolved after 12 min", "parse_mode": "HTML", "disable_notification": true, "reply_parameters": {"message_id": sent}});
    call("sendMessage", resolved).await;
    call("editMessageText", json!({"chat_id": GROUP, "message_id": sent, "text": format!("{alert}\nacknowledged by Ann"), "parse_mode": "HTML", "reply_markup": keyboard})).await;
    call("sendMessage", json!({"chat_id": ANN, "text": "🔥 <b>HighLoad</b> on <code>web-3</code>: 14.2", "parse_mode": "HTML", "reply_markup": keyboard})).await;
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}
