//! The table of what each failure means.

use super::*;
use crate::channel::email::testing::{account, address};

#[derive(Debug, PartialEq, Eq)]
enum Meaning {
    Later,
    Uncertain,
    Never,
}

fn meaning(failure: &Failure) -> (Meaning, String) {
    match classify(failure, &account(587)) {
        Refusal::Later { after, reason } => {
            assert_eq!(after, None);
            (Meaning::Later, reason)
        }
        Refusal::Uncertain { reason } => (Meaning::Uncertain, reason),
        Refusal::Never { reason } => (Meaning::Never, reason),
    }
}

#[test]
fn each_failure_has_a_meaning_and_says_what_happened() {
    use Meaning::{Later, Never, Uncertain};
    use Step::{Announce, Connect, Letter, Recipients, Sender};
    let refused = |step, code, words: &str| Failure::Refused {
        step,
        code,
        words: words.into(),
    };
    let lost = |step| Failure::Lost {
        step,
        words: "connection reset".into(),
    };
    for (failure, expected, words) in [
        (
            lost(Connect),
            Later,
            "no connection to the mail server 127.0.0.1:587: connection reset",
        ),
        (lost(Step::Login), Later, "lost the connection"),
        (lost(Sender), Later, "lost the connection"),
        (lost(Recipients), Later, "lost the connection"),
        (lost(Announce), Later, "lost the connection"),
        (
            lost(Letter),
            Uncertain,
            "whether it took the letter: connection reset",
        ),
        (
            refused(Connect, 421, "busy"),
            Later,
            "takes no connection: 421 busy",
        ),
        (
            refused(Connect, 554, "no service"),
            Later,
            "takes no connection: 554 no service",
        ),
        (
            refused(Step::Login, 454, "try later"),
            Later,
            "454 try later",
        ),
        (
            refused(Step::Login, 535, "bad"),
            Later,
            "refuses the user name or the password, correct them: 535 bad",
        ),
        (refused(Sender, 451, "slow"), Later, "451 slow"),
        (
            refused(Sender, 553, "not yours"),
            Later,
            "takes no letters from nabat@example.org: 553 not yours",
        ),
        (refused(Announce, 451, "slow"), Later, "451 slow"),
        (
            refused(Announce, 554, "no"),
            Never,
            "refuses the letter: 554 no",
        ),
        (refused(Letter, 452, "disk full"), Later, "452 disk full"),
        (
            refused(Letter, 530, "log in first"),
            Later,
            "530 log in first",
        ),
        (
            refused(Letter, 552, "too big"),
            Never,
            "refuses the letter: 552 too big",
        ),
    ] {
        let (meaning, reason) = meaning(&failure);
        assert_eq!(meaning, expected, "{failure:?}");
        assert!(reason.contains(words), "{reason}");
    }
}

#[test]
fn a_letter_for_nobody_waits_while_there_is_hope_for_somebody() {
    let nobody = |codes: &[u16]| Failure::Nobody {
        unserved: codes
            .iter()
            .map(|code| Unserved {
                address: address("who@example.org"),
                code: *code,
                reason: "no".into(),
            })
            .collect(),
    };
    for (codes, expected) in [
        (&[550][..], Meaning::Never),
        (&[550, 553], Meaning::Never),
        (&[450], Meaning::Later),
        (&[550, 450], Meaning::Later),
        (&[530, 530], Meaning::Later),
    ] {
        let (meaning, reason) = meaning(&nobody(codes));
        assert_eq!(meaning, expected, "{codes:?}");
        assert!(reason.contains("who@example.org: "), "{reason}");
    }
}
