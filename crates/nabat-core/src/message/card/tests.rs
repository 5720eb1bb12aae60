use proptest::prelude::*;

use super::*;
use crate::alert::Links;
use crate::incident::IncidentId;
use crate::message::sketch::{at, disk_full, ended, incident, locale, now, sketch, stale};
use crate::message::words::Language;

fn members<'a>(incidents: &'a [Incident], news: MemberNews) -> Vec<Member<'a>> {
    incidents
        .iter()
        .map(|incident| Member {
            incident,
            news,
            silenced_until: None,
        })
        .collect()
}

fn english(incidents: &[Incident]) -> String {
    let members = members(incidents, MemberNews::New);
    sketch(&card(
        &members,
        &Extras::default(),
        &locale(Language::En),
        now(),
    ))
}

#[test]
fn one_alert_in_each_state_and_language() {
    let fires = disk_full("db-1");
    let resolved = ended(disk_full("db-1"), Ending::Resolved);
    let silent = stale(disk_full("db-1"));
    let labels = "`instance=db-1` `job=node`";
    let summary = "*DiskFull*: Disk of db-1 is full";
    let cases = [
        (
            Language::En,
            &fires,
            format!("🔥 critical · {summary}\n{labels}\nSince 15:04 UTC"),
        ),
        (
            Language::Ru,
            &fires,
            format!("🔥 critical · {summary}\n{labels}\nС 18:04 MSK"),
        ),
        (
            Language::PtBr,
            &fires,
            format!("🔥 critical · {summary}\n{labels}\nDesde 12:04 UTC-3"),
        ),
        (
            Language::En,
            &resolved,
            format!("✅ Resolved · {summary}\n{labels}\n15:04 – 15:16 UTC (12 min)"),
        ),
        (
            Language::Ru,
            &resolved,
            format!("✅ Решено · {summary}\n{labels}\n18:04 – 18:16 MSK (12 мин)"),
        ),
        (
            Language::PtBr,
            &resolved,
            format!("✅ Resolvido · {summary}\n{labels}\n12:04 – 12:16 UTC-3 (12 min)"),
        ),
        (
            Language::En,
            &silent,
            format!(
                "🔇 critical · {summary}\n{labels}\n\
                 No news from its source since *15:10 UTC*. It may still be firing."
            ),
        ),
        (
            Language::Ru,
            &silent,
            format!(
                "🔇 critical · {summary}\n{labels}\n\
                 От источника нет новостей с *18:10 MSK*. Возможно, алерт ещё активен."
            ),
        ),
        (
            Language::PtBr,
            &silent,
            format!(
                "🔇 critical · {summary}\n{labels}\n\
                 Sem notícias da origem desde *12:10 UTC-3*. O alerta talvez ainda esteja ativo."
            ),
        ),
    ];
    for (language, incident, expected) in cases {
        let member = Member {
            incident,
            news: MemberNews::New,
            silenced_until: None,
        };
        assert_eq!(
            sketch(&card(
                &[member],
                &Extras::default(),
                &locale(language),
                now()
            )),
            expected
        );
    }
}

#[test]
fn an_end_that_the_source_did_not_confirm_is_explained() {
    let expired = english(&[ended(disk_full("db-1"), Ending::Expired)]);
    assert!(expired.starts_with("⚪ Expired · *DiskFull*"), "{expired}");
    assert!(
        expired.ends_with("it never said that this is over._"),
        "{expired}"
    );
    let closed = english(&[ended(disk_full("db-1"), Ending::Closed)]);
    assert!(closed.starts_with("⚪ Closed · *DiskFull*"), "{closed}");
    assert!(closed.contains("A person closed it"), "{closed}");
}

#[test]
fn every_severity_has_its_sign_and_a_missing_one_is_not_named() {
    for (severity, expected) in [
        ("critical", "🔥 critical · *X*"),
        ("page", "🔥 page · *X*"),
        ("error", "🟠 error · *X*"),
        ("warning", "🟡 warning · *X*"),
        ("info", "🔵 info · *X*"),
        ("", "🟡 *X*"),
    ] {
        let text = english(&[incident(&[("alertname", "X"), ("severity", severity)], &[])]);
        assert_eq!(text, format!("{expected}\nSince 15:04 UTC"));
    }
}

#[test]
fn descriptions_stand_apart_and_fold_when_long() {
    let told = |description: &str| {
        english(&[incident(
            &[("alertname", "X")],
            &[("description", description)],
        )])
    };
    assert_eq!(told("Short."), "🟡 *X*\nShort.\nSince 15:04 UTC");
    assert_eq!(
        told("One.\n\nTwo."),
        "🟡 *X*\n| One.\n| Two.\nSince 15:04 UTC"
    );
    let folded = told(&"word ".repeat(8_000));
    assert!(
        folded.contains("\n|+ word word") && folded.contains("word…\n"),
        "{folded}"
    );
    assert!(folded.len() < 1_700);
}

#[test]
fn links_are_words_on_one_line() {
    let links = Links {
        generator: Some("https://p/".into()),
        runbook: Some("https://r/".into()),
        silence: Some(format!("https://s/{}", "x".repeat(2_000)).into()),
        dashboard: None,
    };
    let incident = Incident {
        links,
        ..incident(&[("alertname", "X")], &[])
    };
    assert_eq!(
        english(&[incident]),
        "🟡 *X*\nSince 15:04 UTC\n[Source] · [Runbook]"
    );
}

#[test]
fn several_alerts_share_what_they_have_in_common() {
    let mut incidents = [
        ended(disk_full("db-1"), Ending::Resolved),
        disk_full("db-2"),
        stale(disk_full("db-3")),
        disk_full("db-4"),
    ];
    for incident in &mut incidents {
        incident.links.generator = Some("https://p/".into());
    }
    let mut members = members(&incidents, MemberNews::Known);
    members[3].news = MemberNews::New;
    let told = |language| {
        sketch(&card(
            &members,
            &Extras::default(),
            &locale(language),
            now(),
        ))
    };
    assert_eq!(
        told(Language::En),
        "🔥 *DiskFull* · 2 firing, 1 without news, 1 resolved\n\
         `job=node`\n\
         \n\
         🔥 Disk of db-4 is full\n`instance=db-4` · since 15:04\n\
         🔥 Disk of db-2 is full\n`instance=db-2` · since 15:04\n\
         🔇 Disk of db-3 is full\n`instance=db-3` · no news since 15:10\n\
         ✅ Disk of db-1 is full\n`instance=db-1` · Resolved 15:04 – 15:16 (12 min)\n\
         \n\
         [Source]"
    );
    assert!(
        told(Language::Ru)
            .starts_with("🔥 *DiskFull* · 2 активны, 1 без новостей, 1 решён\n`job=node`\n\n")
    );
    assert!(
        told(Language::PtBr)
            .starts_with("🔥 *DiskFull* · 2 ativos, 1 sem notícias, 1 resolvido\n`job=node`\n\n")
    );
}

#[test]
fn alerts_of_different_names_are_each_named() {
    let incidents = [
        incident(&[("alertname", "A"), ("host", "x")], &[]),
        incident(
            &[("alertname", "B"), ("host", "x"), ("severity", "critical")],
            &[],
        ),
    ];
    assert_eq!(
        english(&incidents),
        "🔥 *2 firing*\n`host=x`\n\n🔥 *B*\nsince 15:04\n🟡 *A*\nsince 15:04"
    );
}

#[test]
fn the_whole_is_resolved_only_when_every_alert_is() {
    let resolved = || ended(disk_full("a"), Ending::Resolved);
    for (other, expected) in [
        (disk_full("b"), "🔥 *DiskFull* · 1 firing, 1 resolved"),
        (
            stale(disk_full("b")),
            "🔇 *DiskFull* · 1 without news, 1 resolved",
        ),
        (
            ended(disk_full("b"), Ending::Expired),
            "⚪ *DiskFull* · 1 resolved, 1 expired",
        ),
        (
            ended(disk_full("b"), Ending::Closed),
            "⚪ *DiskFull* · 1 resolved, 1 closed",
        ),
        (
            ended(disk_full("b"), Ending::Resolved),
            "✅ *DiskFull* · 2 resolved",
        ),
    ] {
        let text = english(&[resolved(), other]);
        assert_eq!(text.lines().next(), Some(expected));
    }
}

#[test]
fn of_many_alerts_the_rest_is_counted_and_named() {
    let mut incidents: Vec<Incident> = (0..40).map(|n| disk_full(&format!("db-{n}"))).collect();
    incidents
        .extend((0..3).map(|_| incident(&[("alertname", "Small"), ("severity", "info")], &[])));
    incidents.push(ended(disk_full("gone"), Ending::Resolved));
    let mut members = members(&incidents, MemberNews::Known);
    members[43].news = MemberNews::Changed;
    let text = sketch(&card(
        &members,
        &Extras::default(),
        &locale(Language::En),
        now(),
    ));
    assert!(text.starts_with("🔥 *43 firing, 1 resolved*\n"), "{text}");
    assert_eq!(text.matches("\n🔥 ").count(), 9, "{text}");
    assert!(text.contains("`instance=gone`"), "{text}");
    assert!(
        text.ends_with("\nand 34 more: DiskFull ×31, Small ×3"),
        "{text}"
    );
}

#[test]
fn a_group_without_alerts_still_says_something() {
    assert_eq!(english(&[]), "Nothing fires.");
}

#[test]
fn follow_ups_are_short() {
    let fires = [disk_full("db-1"), disk_full("db-2")];
    let resolved = [
        ended(disk_full("db-1"), Ending::Resolved),
        ended(disk_full("db-2"), Ending::Resolved),
    ];
    let expired = [ended(disk_full("db-1"), Ending::Expired)];
    let silent = [stale(disk_full("db-1"))];
    let many: Vec<Incident> = (0..9).map(|n| disk_full(&n.to_string())).collect();
    let cases: [(&[Incident], bool, &str); 8] = [
        (
            &fires[..1],
            false,
            "🔥 +1: *DiskFull* db-1: Disk of db-1 is full",
        ),
        (&fires, false, "🔥 +2: *DiskFull* db-1, *DiskFull* db-2"),
        (
            &resolved[..1],
            true,
            "✅ Resolved after 12 min: *DiskFull* db-1",
        ),
        (
            &resolved[..1],
            false,
            "✅ Resolved after 12 min: *DiskFull* db-1\nOthers of this group are still open.",
        ),
        (
            &resolved,
            true,
            "✅ 2 resolved: *DiskFull* db-1, *DiskFull* db-2\nNothing of this group fires any more.",
        ),
        (&expired, true, "⚪ Expired after 12 min: *DiskFull* db-1"),
        (
            &silent,
            false,
            "🔇 No news from the source since 15:10 UTC: *DiskFull* db-1",
        ),
        (
            &many,
            false,
            "🔥 +9: *DiskFull* 0, *DiskFull* 1, *DiskFull* 2, *DiskFull* 3 and 5 more",
        ),
    ];
    for (incidents, all_ended, expected) in cases {
        let news = members(incidents, MemberNews::New);
        let message = follow_up(&news, all_ended, &locale(Language::En), now());
        assert_eq!(sketch(&message), expected);
    }
}

#[test]
fn a_follow_up_tells_only_what_is_news() {
    let incidents = [disk_full("db-1"), disk_full("db-2")];
    let mut news = members(&incidents, MemberNews::Changed);
    news[1].news = MemberNews::Known;
    let message = follow_up(&news, false, &locale(Language::Ru), now());
    assert_eq!(
        sketch(&message),
        "🔥 Изменился: *DiskFull* db-1: Disk of db-1 is full"
    );
}

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
    (labels, annotations, any_text(), 0..5, 0i64..100_000_000).prop_map(
        |(labels, annotations, url, state, lasted)| {
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
                ..incident(&[], &[])
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_the_alerts_a_card_fits_one_message_and_does_not_claim_too_much(
        incidents in proptest::collection::vec(any_incident(), 0..25),
        language in proptest::sample::select(&Language::ALL[..]),
        all_new in any::<bool>(),
    ) {
        let news = if all_new { MemberNews::New } else { MemberNews::Known };
        let members = members(&incidents, news);
        let locale = locale(language);
        let message = card(&members, &Extras::default(), &locale, now());
        prop_assert!(fits(&message), "{}", sketch(&message));
        let text = message.text();
        let first = text.lines().next().unwrap_or_default();
        prop_assert!(!first.trim().is_empty());
        let all_resolved = incidents.iter().all(|incident| {
            matches!(incident.state, State::Ended { how: Ending::Resolved, .. })
        });
        if !incidents.is_empty() {
            prop_assert_eq!(first.starts_with('✅'), all_resolved, "{}", first);
        }
        let all_ended = incidents.iter().all(Incident::ended);
        let answer = follow_up(&members, all_ended, &locale, now());
        prop_assert!(fits(&answer));
        prop_assert!(!answer.text().trim().is_empty());
    }
}
