//! What holds of every card, whatever the alerts.

use proptest::prelude::*;

use super::*;
use crate::card::CardId;
use crate::incident::{Acknowledgement, IncidentId, State};
use crate::message::sketch::at;

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{0,8}",
        2 => ".{0,20}",
        1 => "[<&>🔥яё\0\u{202e}\u{200f}\n ]{0,20}",
        1 => ("[<&>🔥яa \n]{1,4}", 1usize..20_000).prop_map(|(text, n)| text.repeat(n)),
    ]
}

fn any_incident() -> impl Strategy<Value = Incident> {
    let pairs = |names: &'static [&'static str]| {
        proptest::collection::vec((proptest::sample::select(names), any_text()), 0..6)
    };
    let labels = pairs(&[
        "alertname",
        "severity",
        "priority",
        "instance",
        "job",
        "env",
        "x",
        "__y",
    ]);
    let annotations = pairs(&["summary", "description", "message", "title"]);
    let standing = (0..5, 0i64..100_000_000, prop_oneof![Just(0), any::<u32>()]);
    let taken_by = proptest::option::of(any_text());
    (labels, annotations, any_text(), standing, taken_by).prop_map(
        |(labels, annotations, url, (state, lasted, flaps), taken_by)| {
            let starts_at = at("2026-11-20T15:04:00Z");
            let end = |how| State::Ended {
                at: Timestamp::from_millis(starts_at.as_millis() + lasted),
                how,
            };
            let state = match state {
                0 => State::Firing,
                1 => State::Stale,
                2 => end(Ending::Resolved),
                3 => end(Ending::Expired),
                _ => end(Ending::Closed),
            };
            let links = Links {
                generator: Some(format!("https://{url}").into()),
                runbook: Some(format!("https://r/{url}").into()),
                ..Links::default()
            };
            Incident {
                labels: labels.iter().map(|(k, v)| (*k, v.as_str())).collect(),
                annotations: annotations.iter().map(|(k, v)| (*k, v.as_str())).collect(),
                id: IncidentId(lasted),
                links,
                state,
                flaps,
                acknowledged: taken_by.map(|by| {
                    Box::new(Acknowledgement {
                        by,
                        at: starts_at,
                        until: Timestamp::from_millis(starts_at.as_millis() + lasted),
                    })
                }),
                ..incident(&[], &[])
            }
        },
    )
}

/// An incident, what is new about it (only what is over can have been missed), and whether it is
/// silenced.
fn any_member() -> impl Strategy<Value = (Incident, MemberNews, Option<Timestamp>)> {
    let silenced = proptest::option::of(Just(at("2026-11-20T19:30:00Z")));
    (any_incident(), 0..4, silenced).prop_map(|(incident, news, silenced_until)| {
        let news = match (news, incident.ended()) {
            (0, false) => MemberNews::New,
            (0, true) => MemberNews::Missed,
            (1, _) => MemberNews::Changed,
            _ => MemberNews::Known,
        };
        (incident, news, silenced_until)
    })
}

fn any_extras() -> impl Strategy<Value = Extras> {
    (
        any::<bool>(),
        any::<bool>(),
        proptest::option::of(any_text()),
    )
        .prop_map(|(first, maybe_repeated, instead_of)| Extras {
            first,
            maybe_repeated,
            instead_of,
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_the_alerts_a_card_fits_one_message_and_does_not_claim_too_much(
        group in proptest::collection::vec(any_member(), 0..25),
        extras in any_extras(),
        language in proptest::sample::select(&Language::ALL[..]),
    ) {
        let members: Vec<Member<'_>> = group
            .iter()
            .map(|(incident, news, silenced_until)| Member {
                incident,
                news: *news,
                silenced_until: *silenced_until,
            })
            .collect();
        let locale = locale(language);
        let message = card(&members, &extras, &locale, now());
        prop_assert!(fits(&message), "{}", sketch(&message));
        let text = message.text();
        let first = text.lines().next().unwrap_or_default();
        prop_assert!(!first.trim().is_empty());
        let all_resolved = members.iter().all(|member| {
            matches!(member.incident.state, State::Ended { how: Ending::Resolved, .. })
        });
        let all_missed = members.iter().all(|member| member.news == MemberNews::Missed);
        if !members.is_empty() {
            prop_assert_eq!(first.starts_with('✅'), all_resolved && !all_missed, "{}", first);
        }
        prop_assert!(fits(&digest(&members, &Extras::default(), &locale, now())));

        let all_ended = members.iter().all(|member| member.incident.ended());
        let answer = follow_up(&members, all_ended, &Extras::default(), &locale, now());
        prop_assert!(fits(&answer), "{}", sketch(&answer));
        prop_assert!(!answer.text().trim().is_empty());

        let subject = subject(&members, &locale);
        prop_assert!(!subject.contains('\n') && width(&subject) <= 300, "{}", subject);
        prop_assert!(width(&details(&members, &locale, now()).text()) < 30_000);
        let buttons = buttons(CardId(i64::MAX), &members, &locale);
        prop_assert_eq!(buttons.is_empty(), all_ended);
    }
}
