//! What can be made and changed, as Alertmanager decides it.

use super::*;
use crate::matcher::parse_list;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn draft(matchers: &str, starts_at: i64, ends_at: i64) -> Draft {
    Draft {
        id: None,
        matchers: parse_list(matchers).unwrap(),
        starts_at: at(starts_at),
        ends_at: at(ends_at),
        created_by: "ann".into(),
        comment: String::new(),
        annotations: None,
        until_resolved: None,
        origin: Origin::Api,
    }
}

fn silence(matchers: &str, starts_at: i64, ends_at: i64, phase: Phase) -> Silence {
    let draft = draft(matchers, starts_at, ends_at);
    Silence {
        id: SilenceId(1),
        matchers: draft.matchers,
        starts_at: draft.starts_at,
        ends_at: draft.ends_at,
        updated_at: at(0),
        created_by: draft.created_by,
        comment: draft.comment,
        annotations: Labels::default(),
        until_resolved: false,
        phase,
        origin: draft.origin,
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_alertmanagers_words() {
    let nothing = Err(Refusal::MatchesAll);
    let cases = [
        ("a=b", 10, 20, Ok(())),
        ("a=b", -50, 20, Ok(())),
        ("a=b", 10, 10, Err(Refusal::NoTime)),
        ("a=b", 20, 10, Err(Refusal::NoTime)),
        ("a=b", -20, -10, Err(Refusal::Over)),
        ("a=\"\"", 10, 20, nothing.clone()),
        ("a=~\".*\"", 10, 20, nothing.clone()),
        ("a=~\"x?|b\" b=\"\"", 10, 20, nothing.clone()),
        ("a=~\".*\" b=c", 10, 20, Ok(())),
        ("a!=b", 10, 20, Ok(())),
        ("a!~\".*\"", 10, 20, Ok(())),
        ("", 10, 20, nothing),
    ];
    for (matchers, starts_at, ends_at, expected) in cases {
        let got = draft(matchers, starts_at, ends_at).check(at(0));
        assert_eq!(got, expected, "{matchers} {starts_at} {ends_at}");
    }
    let words = Refusal::MatchesAll.to_string();
    assert_eq!(
        words,
        "silence invalid: at least one matcher must not match the empty string"
    );
    let large = Draft {
        comment: "x".repeat(SILENCE_BYTES_MAX),
        ..draft("a=b", 10, 20)
    };
    assert!(matches!(large.check(at(0)), Err(Refusal::TooLarge { .. })));
}

#[test]
fn what_changes_more_than_it_may_makes_another_silence() {
    let active = Phase::Active { since: 1 };
    let cases = [
        ("the same", active, "a=b c=d", 10, 90, true),
        ("a later end", active, "a=b c=d", 10, 900, true),
        ("another start", active, "a=b c=d", 11, 90, false),
        (
            "matchers in another order",
            active,
            "c=d a=b",
            10,
            90,
            false,
        ),
        ("another operator", active, "a=b c!=d", 10, 90, false),
        ("pending, earlier", Phase::Pending, "a=b c=d", 51, 90, true),
        ("pending, now", Phase::Pending, "a=b c=d", 50, 90, true),
        (
            "pending, in the past",
            Phase::Pending,
            "a=b c=d",
            49,
            90,
            false,
        ),
        ("expired", Phase::Expired, "a=b c=d", 10, 90, false),
    ];
    for (name, phase, matchers, starts_at, ends_at, expected) in cases {
        let known = silence("a=b c=d", 10, 80, phase);
        let fits = draft(matchers, starts_at, ends_at).fits(&known, at(50));
        assert_eq!(fits, expected, "{name}");
    }
}

#[test]
fn only_long_silences_made_in_a_chat_remind_of_their_end() {
    let quarter = Duration::from_secs(900);
    let active = Phase::Active { since: 1 };
    let chat = |reminded| Origin::Chat {
        chat: ChatKey::default(),
        reminded,
    };
    let cases = [
        (chat(false), active, 7_200, Some(at(6_300))),
        (chat(false), active, 3_600, None),
        (chat(true), active, 7_200, None),
        (chat(false), Phase::Pending, 7_200, None),
        (Origin::Api, active, 7_200, None),
    ];
    for (origin, phase, ends_at, expected) in cases {
        let silence = Silence {
            origin,
            ..silence("a=b", 0, ends_at, phase)
        };
        assert_eq!(silence.reminds_at(quarter), expected, "{silence:?}");
        assert_eq!(silence.reminds_at(Duration::ZERO), None);
    }
}
