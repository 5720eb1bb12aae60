//! One row per answer that is known.

use super::*;

fn refusal(code: u16, description: &str) -> CallError {
    CallError::Refused(Refusal {
        code,
        description: description.into(),
        retry_after: None,
        migrate_to: None,
    })
}

#[derive(Debug, PartialEq)]
enum Kind {
    Done,
    SendAnew,
    SendPlain,
    SendWithoutButtons,
    TopicGone,
    Unreachable,
    Freeze,
    Retry,
    Failed,
    BotStopped,
}

fn kind(verdict: &Verdict, words: &str) -> Kind {
    match verdict {
        Verdict::Done => Kind::Done,
        Verdict::SendAnew => Kind::SendAnew,
        Verdict::SendPlain => Kind::SendPlain,
        Verdict::SendWithoutButtons => Kind::SendWithoutButtons,
        Verdict::TopicGone => Kind::TopicGone,
        Verdict::Unreachable { reason } => {
            assert_eq!(reason, words);
            Kind::Unreachable
        }
        Verdict::Freeze { .. } => Kind::Freeze,
        Verdict::Retry { .. } => Kind::Retry,
        Verdict::Failed { reason } => {
            assert_eq!(reason, words);
            Kind::Failed
        }
        Verdict::BotStopped { .. } => Kind::BotStopped,
        Verdict::Migrated { .. } | Verdict::Uncertain { .. } => {
            panic!("{verdict:?} of {words}")
        }
    }
}

#[test]
fn every_known_refusal_has_its_consequence() {
    use Attempt::{Edit, New};
    #[rustfmt::skip]
    let cases = [
        (400, "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message", Edit, Kind::Done),
        (400, "Bad Request: message to edit not found", Edit, Kind::SendAnew),
        (400, "Bad Request: message can't be edited", Edit, Kind::SendAnew),
        (400, "Bad Request: there is no text in the message to edit", Edit, Kind::SendAnew),
        (400, "Bad Request: MESSAGE_ID_INVALID", Edit, Kind::SendAnew),
        (400, "Bad Request: message to edit not found", New, Kind::Failed),
        (400, "Bad Request: can't parse entities: Unsupported start tag \"db-1\" at byte offset 17", New, Kind::SendPlain),
        (400, "Bad Request: can't parse entities: Can't find end tag corresponding to start tag b", Edit, Kind::SendPlain),
        (400, "Bad Request: ENTITY_BOUNDS_INVALID", New, Kind::SendPlain),
        (400, "Bad Request: BUTTON_DATA_INVALID", New, Kind::SendWithoutButtons),
        (400, "Bad Request: BUTTON_URL_INVALID", Edit, Kind::SendWithoutButtons),
        (400, "Bad Request: inline keyboard button URL 'http://localhost' is invalid: Wrong HTTP URL", New, Kind::SendWithoutButtons),
        (400, "Bad Request: Text buttons are unallowed in the inline keyboard", New, Kind::SendWithoutButtons),
        (400, "Bad Request: reply markup is too long", New, Kind::SendWithoutButtons),
        (400, "Bad Request: REPLY_MARKUP_TOO_LONG", New, Kind::SendWithoutButtons),
        (400, "Bad Request: message thread not found", New, Kind::TopicGone),
        (400, "Bad Request: TOPIC_CLOSED", New, Kind::TopicGone),
        (400, "Bad Request: TOPIC_DELETED", New, Kind::TopicGone),
        (400, "Bad Request: chat not found", New, Kind::Unreachable),
        (400, "Bad Request: need administrator rights in the channel chat", New, Kind::Unreachable),
        (400, "Bad Request: not enough rights to send text messages to the chat", New, Kind::Unreachable),
        (400, "Bad Request: have no rights to send a message", New, Kind::Unreachable),
        (400, "Bad Request: CHAT_WRITE_FORBIDDEN", New, Kind::Unreachable),
        (400, "Bad Request: CHAT_SEND_PLAIN_FORBIDDEN", New, Kind::Unreachable),
        (400, "Bad Request: CHAT_RESTRICTED", New, Kind::Unreachable),
        (400, "Bad Request: PEER_ID_INVALID", New, Kind::Unreachable),
        (400, "Bad Request: group chat was upgraded to a supergroup chat", New, Kind::Unreachable),
        (403, "Forbidden: bot was blocked by the user", New, Kind::Unreachable),
        (403, "Forbidden: user is deactivated", New, Kind::Unreachable),
        (403, "Forbidden: bot can't initiate conversation with a user", New, Kind::Unreachable),
        (403, "Forbidden: bot was kicked from the supergroup chat", Edit, Kind::Unreachable),
        (403, "Forbidden: bot is not a member of the channel chat", New, Kind::Unreachable),
        (403, "Forbidden: the group chat was deleted", New, Kind::Unreachable),
        (400, "Bad Request: message is too long", New, Kind::Failed),
        (400, "Bad Request: MESSAGE_TOO_LONG", Edit, Kind::Failed),
        (400, "Bad Request: text is too long", New, Kind::Failed),
        (400, "Bad Request: message text is empty", New, Kind::Failed),
        (400, "Bad Request: something new", New, Kind::Failed),
        (413, "Request Entity Too Large", New, Kind::Failed),
        (401, "Unauthorized", New, Kind::BotStopped),
        (401, "Unauthorized: invalid token specified", Edit, Kind::BotStopped),
        (404, "Not Found", New, Kind::BotStopped),
        (404, "Not Found: method not found", Edit, Kind::BotStopped),
        (409, "Conflict", New, Kind::Retry),
        (429, "Too Many Requests: retry after 35", New, Kind::Freeze),
        (500, "Internal Server Error: restart", New, Kind::Retry),
        (502, "Bad Gateway", Edit, Kind::Retry),
    ];
    for (code, words, attempt, expected) in cases {
        let verdict = classify(&refusal(code, words), attempt);
        assert_eq!(kind(&verdict, words), expected, "{code} {words}");
    }
}

#[test]
fn telegrams_figures_are_obeyed() {
    let told = |retry_after, migrate_to: Option<i64>| {
        let refusal = Refusal {
            code: if migrate_to.is_some() { 400 } else { 429 },
            description: "Bad Request: group chat was upgraded to a supergroup chat".into(),
            retry_after,
            migrate_to,
        };
        classify(&CallError::Refused(refusal), Attempt::New)
    };
    let period = Duration::from_secs(35);
    assert_eq!(told(Some(period), None), Verdict::Freeze { period });
    let period = FREEZE_UNSAID;
    assert_eq!(told(None, None), Verdict::Freeze { period });
    let moved = Verdict::Migrated { to: -100_987 };
    assert_eq!(told(None, Some(-100_987)), moved);
}

#[test]
fn without_telegrams_answer_only_a_lost_new_message_is_uncertain() {
    let reason = || "reset".to_owned();
    let lost = CallError::Lost { reason: reason() };
    let unsent = CallError::Unsent { reason: reason() };
    let garbled = CallError::Garbled { status: 502 };
    assert!(matches!(
        classify(&lost, Attempt::New),
        Verdict::Uncertain { .. }
    ));
    for (error, attempt) in [
        (&lost, Attempt::Edit),
        (&unsent, Attempt::New),
        (&unsent, Attempt::Edit),
        (&garbled, Attempt::New),
        (&garbled, Attempt::Edit),
    ] {
        let verdict = classify(error, attempt);
        assert!(matches!(verdict, Verdict::Retry { .. }), "{verdict:?}");
    }
}
