//! What must hold whatever the bytes: one function for each fuzz target, which panics if it does not.
//!
//! `cargo xtask fuzz` lets libFuzzer think of bytes. The end-to-end tests compile this file too, and
//! try the committed corpus and random bytes. It therefore uses nothing but the public interfaces.

mod input;

use std::collections::{HashMap, HashSet};
use std::path::Path;

use nabat::channel::telegram::render::{RAW_MAX_BYTES, TEXT_MAX_UNITS, render as pieces_of};
use nabat::{config as configuration, intake as intakes};
use nabat_core::alert::{Labels, News};
use nabat_core::change::{Change, Snapshot};
use nabat_core::chat::{BotId, ChatKey, PersonId};
use nabat_core::command::Command;
use nabat_core::delivery::{Content, Send, Waiting};
use nabat_core::destination::Outlet;
use nabat_core::engine::{Effects, Engine, Event, Heard, Settings, Speaker};
use nabat_core::message::Message;
use nabat_core::subscription::Selector;
use nabat_core::time::Timestamp;

const BOT: BotId = BotId(7);
const CHAT: ChatKey = ChatKey {
    bot: BOT,
    chat: 41,
    topic: None,
};
const LIMITS: intakes::parts::Limits = intakes::parts::Limits {
    alerts_max: 8,
    labels_max: 16,
};
/// Whoever sent a mistake reads about it in at most this many bytes.
const MISTAKE_BYTES_MAX: usize = 2_048;

/// Whatever the message, Telegram accepts every piece of it, and no letter of it is lost.
pub fn render(bytes: &[u8]) {
    accepted(&input::message(bytes));
}

fn accepted(message: &Message) {
    let pieces = pieces_of(message);
    let mut told = String::new();
    for piece in &pieces {
        assert!(
            piece.html.len() <= RAW_MAX_BYTES,
            "{} bytes",
            piece.html.len()
        );
        let text = telegram_emulator::text_of(&piece.html);
        let text = text.unwrap_or_else(|problem| panic!("{problem}: {}", piece.html));
        assert_eq!(text, piece.plain, "what is shown without markup");
        let units = text.encode_utf16().count();
        assert!(units <= TEXT_MAX_UNITS, "{units} UTF-16 units");
        assert!(!text.trim().is_empty(), "nothing is to be seen in {text:?}");
        told.push_str(&text);
    }
    assert_eq!(letters(&told), letters(&message.text()));
}

/// What of a text may neither be lost nor added: spaces may, signs stand for what cannot be seen.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Whatever a source posts is refused in a few words, or taken within the limits; then every message
/// about it is accepted.
pub fn intake(bytes: &[u8]) {
    let now = Timestamp::from_millis(1_790_000_000_000);
    let news = match intakes::alertmanager::read(bytes, LIMITS, now) {
        Ok(news) => news,
        Err(mistake) => {
            let words = mistake.to_string();
            assert!(words.len() <= MISTAKE_BYTES_MAX, "{words}");
            return;
        }
    };
    assert!(news.len() <= LIMITS.alerts_max);
    for one in &news {
        assert!(one.labels.iter().count() <= LIMITS.labels_max);
        assert!(one.annotations.iter().count() <= LIMITS.labels_max);
    }
    told_of(now, news);
}

/// Lets a chat that wants to hear everything be told of the news.
fn told_of(now: Timestamp, news: Vec<News>) {
    let mut engine = engine(now);
    said(&mut engine, now, "/regexp all");
    let mut out = Effects::default();
    engine
        .news(now, news, &mut out)
        .expect("there is room for a few");
    let waiting: Vec<Waiting> = engine.waiting(Outlet::Bot(BOT)).collect();
    for one in waiting {
        let work = engine.take(now, &[one.id], &mut out);
        for send in work.into_iter().flat_map(|work| work.sends) {
            match send {
                Send::New { message, .. } | Send::Edit { message, .. } => accepted(&message),
                Send::Notify(_) | Send::File { .. } => {}
            }
        }
    }
}

/// Whatever the expression, it is refused in a few words, or it is small, searched without ado, and
/// the same when it is read back from the store.
pub fn expression(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let labels: Labels = [("alertname", "Disk"), ("host", "db1")]
        .into_iter()
        .collect();
    let title = Selector::title(&text).map_err(|error| error.to_string());
    let matchers = Selector::labels(&text).map_err(|error| error.to_string());
    for selector in [title, matchers] {
        match selector {
            Ok(selector) => {
                let selects = selector.selects(&labels, "Disk: 91 % of /var");
                let (kind, stored) = selector.to_stored();
                let read_back = Selector::from_stored(kind, &stored);
                let read_back = read_back.unwrap_or_else(|error| panic!("{error}: {stored:?}"));
                assert_eq!(read_back, selector);
                assert_eq!(read_back.selects(&labels, "Disk: 91 % of /var"), selects);
            }
            Err(words) => assert!(words.len() <= MISTAKE_BYTES_MAX, "{words}"),
        }
    }
}

/// Whatever the configuration, it is taken or refused, and nothing that is shown of it holds a secret.
pub fn config(bytes: &[u8]) {
    let text = input::with_secrets(&String::from_utf8_lossy(bytes));
    let file = Path::new("nabat.yml");
    let nothing_set = |_: &str| None;
    let shown = match configuration::parse(file, text.as_bytes(), &nothing_set) {
        Ok(config) => {
            let now = Timestamp::from_millis(0);
            format!("{config:?}{}", configuration::report(file, &config, now))
        }
        Err(error) => error.to_string(),
    };
    assert!(!shown.contains(input::SECRET), "{text}\n{shown}");
}

/// Whatever a person writes, the answers are messages that Telegram accepts.
pub fn command(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Some(_) = Command::parse(&text, "nabat_bot") else {
        return;
    };
    let now = Timestamp::from_millis(1_790_000_000_000);
    let mut engine = engine(now);
    for line in text.split('\0').take(4) {
        for change in said(&mut engine, now, line).changes {
            if let Change::Delivery(delivery) = change
                && let Content::Say(message) | Content::Edit { message, .. } = delivery.content
            {
                accepted(&message);
            }
        }
    }
}

fn engine(now: Timestamp) -> Engine {
    let settings = Settings {
        allowed: HashMap::from([(BOT, HashSet::from([CHAT.chat]))]),
        ..Settings::default()
    };
    Engine::restore(now, settings, Snapshot::default(), &mut Effects::default())
}

/// What comes of a person's words in the chat.
fn said(engine: &mut Engine, now: Timestamp, text: &str) -> Effects {
    let event = Event::Said {
        chat: CHAT,
        title: "somewhere".into(),
        speaker: Speaker {
            id: PersonId(CHAT.chat),
            name: "Ann".into(),
            language: None,
            administrator: Some(true),
            anonymous: false,
        },
        text: text.into(),
    };
    let heard = Heard {
        bot: BOT,
        bot_name: "nabat_bot".into(),
        update_id: engine.offset(BOT).unwrap_or(0) + 1,
        entropy: [0; 16],
        event,
        past: None,
    };
    let mut out = Effects::default();
    engine.heard(now, &heard, &mut out);
    out
}
