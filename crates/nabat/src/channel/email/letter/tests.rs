//! Letters are read back by a mail parser that is not ours.

use std::sync::Arc;

use mail_parser::{Message as Parsed, MessageParser};
use nabat_core::card::Shown;
use nabat_core::message::Button;
use nabat_core::message::card::MemberNews;
use proptest::prelude::*;

use super::*;
use crate::channel::email::testing::{account, address, incident, notification, text};

fn written(subject: &str, message: Message) -> String {
    let to = [
        address("ops@example.org"),
        address("Смена <duty@example.org>"),
    ];
    let at = Timestamp::from_millis(1_700_000_000_000);
    let text = text(subject, message);
    let letter = compose(&account(25), &notification(), &text, &to, at).unwrap();
    String::from_utf8(letter).unwrap()
}

fn parsed(letter: &str) -> Parsed<'_> {
    MessageParser::default().parse(letter.as_bytes()).unwrap()
}

/// What any server takes: ASCII, lines of at most 998 bytes that end in CRLF.
fn assert_can_be_sent(letter: &str) {
    assert!(letter.is_ascii());
    assert!(!letter.contains('\0'));
    for line in letter.split("\r\n") {
        assert!(line.len() <= 998, "{} bytes: {line}", line.len());
        assert!(!line.contains(['\r', '\n']), "{line:?}");
    }
}

fn names(letter: &str) -> Vec<String> {
    let headers = parsed(letter);
    let headers = headers.headers_raw().map(|(name, _)| name.to_owned());
    headers.collect()
}

const HEADERS: [&str; 11] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
];

#[test]
fn a_letter_says_who_writes_to_whom_about_what_and_when() {
    let letter = written("🔥 Диск полон: db-1", Message::of("мало места"));
    assert_can_be_sent(&letter);
    assert_eq!(names(&letter), HEADERS);
    let mail = parsed(&letter);
    assert_eq!(mail.subject(), Some("🔥 Диск полон: db-1"));
    let from = mail.from().unwrap().first().unwrap();
    assert_eq!(from.name(), Some("Nabat"));
    assert_eq!(from.address(), Some("nabat@example.org"));
    let to = mail.to().unwrap();
    assert_eq!(to.first().unwrap().address(), Some("ops@example.org"));
    assert_eq!(to.last().unwrap().name(), Some("Смена"));
    assert_eq!(mail.date().unwrap().to_timestamp(), 1_700_000_000);
    assert_eq!(mail.body_text(0).unwrap().trim_end(), "мало места");
    assert!(mail.body_html(0).unwrap().contains("<div>мало места</div>"));
}

/// The identity of the letter for `notification`, and of the root of its thread.
fn ids(notification: &Notification) -> (String, String) {
    ids_of(notification, "s")
}

fn ids_of(notification: &Notification, subject: &str) -> (String, String) {
    let to = [address("ops@example.org")];
    let text = text(subject, Message::of("t"));
    let at = Timestamp::from_millis(0);
    let letter = compose(&account(25), notification, &text, &to, at).unwrap();
    let letter = String::from_utf8(letter).unwrap();
    let mail = parsed(&letter);
    let root = mail.references().as_text().unwrap().to_owned();
    assert_eq!(mail.in_reply_to().as_text(), Some(root.as_str()));
    (mail.message_id().unwrap().to_owned(), root)
}

#[test]
fn letters_of_one_thread_differ_by_number_and_refer_to_its_root() {
    let of = |number, thread| {
        let mut told = notification();
        told.number.0 = number;
        told.thread.0 = thread;
        ids(&told)
    };
    let (first, root) = of(12, 7);
    assert_eq!(first, "nabat.a1b2.12.e3b0c442@example.org");
    assert_eq!(root, "nabat.a1b2.thread.7@example.org");
    let (second, its_root) = of(13, 7);
    assert_eq!(its_root, root);
    assert_ne!(second, first);
    assert_ne!(of(13, 8).1, root);
}

#[test]
fn a_repeat_is_the_same_letter_unless_there_is_news_in_it() {
    let of = |subject: &str, edition| {
        let members = vec![Shown {
            incident: Arc::new(incident(edition)),
            news: MemberNews::New,
            silenced_until: None,
            held: false,
        }];
        let told = notification();
        ids_of(&Notification { members, ..told }, subject).0
    };
    assert_eq!(of("for 1m", 1), of("for 2m", 1));
    assert_ne!(of("for 1m", 1), of("for 1m", 2));
}

#[test]
fn machines_are_told_not_to_answer() {
    let letter = written("s", Message::of("t"));
    let mail = parsed(&letter);
    let header = |name| mail.header_raw(name).map(str::trim);
    assert_eq!(header("Auto-Submitted"), Some("auto-generated"));
    let suppressed = header("X-Auto-Response-Suppress");
    assert_eq!(suppressed, Some("OOF, AutoReply, RN, NRN"));
    assert_eq!(header("Precedence"), None);
}

#[test]
fn the_text_is_readable_in_both_forms() {
    let message = Message::default()
        .line([
            Span::bold("Disk <full>"),
            Span::plain(" on "),
            Span::code("db-1"),
            Span::strike(" & gone"),
        ])
        .line([
            Span::link("Runbook", "https://example.org/?a=1&b=\"2\""),
            Span::link("trap", "javascript:alert(1)"),
        ])
        .gap()
        .quote("one\ntwo", true)
        .code("a  b\n<c>")
        .row(Button::callback("Acknowledge", "ack:1"))
        .row([Button::url("Silence", "https://example.org/silence")]);
    let letter = written("s", message);
    let mail = parsed(&letter);
    assert_eq!(
        mail.body_text(0).unwrap().replace("\r\n", "\n"),
        "Disk <full> on db-1 & gone\n\
         Runbook <https://example.org/?a=1&b=\"2\">trap\n\
         \n\
         \u{20} one\n  two\n\
         a  b\n<c>\n\
         \n\
         Silence <https://example.org/silence>\n"
    );
    let html = mail.body_html(0).unwrap().replace("\r\n", "\n");
    let (_, body) = html.split_once("anywhere\">\n").unwrap();
    assert_eq!(
        body,
        "<div><b>Disk &lt;full&gt;</b> on <code>db-1</code><s> &amp; gone</s></div>\n\
         <div><a href=\"https://example.org/?a=1&amp;b=&quot;2&quot;\">Runbook</a>trap</div>\n\
         <div><br></div>\n\
         <blockquote style=\"margin:4px 0;padding-left:10px;border-left:3px solid #888\">\
         <div>one</div>\n<div>two</div>\n</blockquote>\n\
         <pre style=\"margin:4px 0;font-size:13px;white-space:pre-wrap\">a  b\n&lt;c&gt;</pre>\n\
         <p style=\"margin:14px 0 0\"><a href=\"https://example.org/silence\">Silence</a></p>\n\
         </body></html>\n"
    );
}

#[test]
fn a_subject_adds_no_header_and_stays_one_line() {
    for (subject, expected) in [
        ("Disk\r\nBcc: all@example.org", "Disk Bcc: all@example.org"),
        ("Disk\u{85}X-Spam: no", "Disk X-Spam: no"),
        ("a\0b", "a␀b"),
        (" \u{200b}\n", "…"),
        ("=?utf-8?Q?Bcc:_x?=", "=\u{200b}?utf-8?Q?Bcc:_x?="),
    ] {
        let letter = written(subject, Message::of("t"));
        assert_can_be_sent(&letter);
        assert_eq!(names(&letter), HEADERS, "{subject:?}");
        assert_eq!(parsed(&letter).subject(), Some(expected));
    }
}

#[test]
fn long_texts_are_wrapped_and_huge_ones_cut() {
    let subject = "ж".repeat(2_000);
    let annotation = "x".repeat(40_000);
    let letter = written(&subject, Message::of(annotation.clone()));
    assert_can_be_sent(&letter);
    let mail = parsed(&letter);
    assert_eq!(
        mail.subject().unwrap().chars().count(),
        SUBJECT_MAX_CHARS + 1
    );
    assert_eq!(mail.body_text(0).unwrap().trim_end(), annotation);

    let letter = written(
        "s",
        Message::of("ж".repeat(TEXT_MAX_BYTES)).line([Span::plain("end")]),
    );
    assert_can_be_sent(&letter);
    let mail = parsed(&letter);
    let text = mail.body_text(0).unwrap();
    assert!(text.trim_end().ends_with("ж…"), "it says that it was cut");
    assert!(text.len() < TEXT_MAX_BYTES + 10);
}

#[test]
fn nobody_gets_no_letter() {
    let text = text("s", Message::of("t"));
    assert!(
        compose(
            &account(25),
            &notification(),
            &text,
            &[],
            Timestamp::from_millis(0)
        )
        .is_err()
    );
}

proptest! {
    #[test]
    fn whatever_an_alert_says_the_letter_says_the_same(
        subject in any::<String>(),
        text in any::<String>(),
        code in any::<String>(),
    ) {
        let message = Message::default().line([Span::bold(&*text)]).code(&*code);
        let letter = written(&subject, message);
        assert_can_be_sent(&letter);
        prop_assert_eq!(names(&letter), HEADERS);
        let mail = parsed(&letter);
        let plain = mail.body_text(0).unwrap().replace("\r\n", "\n");
        prop_assert_eq!(plain, format!("{}\n{}\n", readable(&text), readable(&code)));
        let html = mail.body_html(0).unwrap().replace("\r\n", "\n");
        // No tag comes from a text: there are those of two empty blocks, of bold, and line breaks.
        let tags = |html: &str| html.matches('<').count();
        let empty = tags(&html::render(&Message::of("").code("")));
        let breaks = readable(&text).matches('\n').count();
        prop_assert_eq!(tags(&html), empty + 2 + breaks);
    }
}
