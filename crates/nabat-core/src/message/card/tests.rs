mod always;
mod follow_ups;
mod hush;
mod missed;

use super::*;
use crate::alert::Links;
use crate::message::sketch::{disk_full, ended, incident, locale, now, sketch, stale};
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

fn told_first(members: &[Member<'_>], language: Language) -> String {
    let extras = Extras {
        first: true,
        ..Extras::default()
    };
    sketch(&card(members, &extras, &locale(language), now()))
}

fn told_again(members: &[Member<'_>], language: Language) -> String {
    sketch(&card(members, &Extras::default(), &locale(language), now()))
}

fn english(incidents: &[Incident]) -> String {
    told_first(&members(incidents, MemberNews::New), Language::En)
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
        assert_eq!(told_first(&[member], language), expected);
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
    assert!(closed.contains("not looked at any more"), "{closed}");
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
    let told = |language| told_first(&members, language);
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
    let text = told_first(&members, Language::En);
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
fn what_changed_in_a_group_is_told_first() {
    let mut incidents: Vec<Incident> = (0..9).map(|n| disk_full(&format!("db-{n}"))).collect();
    incidents.push(ended(disk_full("gone"), Ending::Resolved));
    incidents.push(ended(disk_full("long-gone"), Ending::Resolved));
    let mut members = members(&incidents, MemberNews::Known);
    members[0].news = MemberNews::New;
    members[1].news = MemberNews::New;
    members[9].news = MemberNews::Changed;
    for (language, expected) in [
        (
            Language::En,
            "🔥 *DiskFull* · 9 firing, 2 resolved\n*+2, 1 resolved, 7 still firing* · 15:30\n",
        ),
        (
            Language::Ru,
            "🔥 *DiskFull* · 9 активно, 2 решены\n*+2, 1 решён, 7 всё ещё активно* · 18:30\n",
        ),
        (
            Language::PtBr,
            "🔥 *DiskFull* · 9 ativos, 2 resolvidos\n*+2, 1 resolvido, 7 ainda ativos* · 12:30\n",
        ),
    ] {
        let text = told_again(&members, language);
        assert!(text.starts_with(expected), "{text}");
        let text = told_first(&members, language);
        assert_eq!(text.lines().nth(1), Some("`job=node`"));
    }
}

#[test]
fn what_changed_is_not_told_twice_and_not_when_nothing_did() {
    let over = [
        ended(disk_full("a"), Ending::Resolved),
        ended(disk_full("b"), Ending::Resolved),
    ];
    let silent = [disk_full("a"), disk_full("b"), stale(disk_full("c"))];
    for (incidents, news, expected) in [
        // The heading says just that.
        (&over[..], [MemberNews::Changed; 3], None),
        (
            &over[..],
            [MemberNews::Known, MemberNews::Changed, MemberNews::Known],
            Some("*1 resolved* · 15:30"),
        ),
        // Another text, an acknowledgement, a silence.
        (&silent[..], [MemberNews::Changed; 3], None),
        (&silent[..], [MemberNews::Known; 3], None),
        (
            &silent[..],
            [MemberNews::New, MemberNews::Known, MemberNews::Known],
            Some("*+1, 1 still firing, 1 without news* · 15:30"),
        ),
    ] {
        let mut members = members(incidents, MemberNews::Known);
        for (member, news) in members.iter_mut().zip(news) {
            member.news = news;
        }
        let text = told_again(&members, Language::En);
        let second = text.lines().nth(1).filter(|line| line.starts_with('*'));
        assert_eq!(second, expected, "{text}");
    }
}

#[test]
fn an_alert_that_comes_and_goes_says_how_often() {
    let flapping = |incident| Incident {
        flaps: 3,
        ..incident
    };
    let one = [flapping(disk_full("db-1"))];
    for (language, expected) in [
        (Language::En, "\nSince 15:04 UTC · flapped 3×"),
        (Language::Ru, "\nС 18:04 MSK · мигал 3 раза"),
        (Language::PtBr, "\nDesde 12:04 UTC-3 · oscilou 3×"),
    ] {
        let text = told_first(&members(&one, MemberNews::New), language);
        assert!(text.ends_with(expected), "{text}");
    }
    let several = [
        flapping(disk_full("db-1")),
        ended(flapping(disk_full("db-2")), Ending::Resolved),
    ];
    let text = english(&several);
    for expected in [
        "`instance=db-1` · since 15:04 · flapped 3×",
        "`instance=db-2` · Resolved 15:04 – 15:16 (12 min) · flapped 3×",
    ] {
        assert!(text.contains(expected), "{text}");
    }
    let members = members(&several, MemberNews::New);
    let listed = listing(&members, &locale(Language::En), now());
    assert_eq!(listed.matches(" · flapped 3× · ").count(), 2, "{listed}");
}

#[test]
fn a_message_says_if_it_may_repeat_another_or_stands_in_for_somebody() {
    let incidents = [disk_full("db-1"), disk_full("db-2")];
    let members = members(&incidents, MemberNews::New);
    let extras = Extras {
        first: true,
        maybe_repeated: true,
        instead_of: Some("Ops".into()),
    };
    for (language, expected) in [
        (
            Language::En,
            "\n\n_This may be a repeat: the answer to the first copy got lost._\n\
             _Told here because Ops can't be reached._",
        ),
        (
            Language::Ru,
            "\n\n_Возможно, это повтор: ответ на первую отправку потерялся._\n\
             _Отправлено сюда, потому что не удаётся доставить: Ops._",
        ),
        (
            Language::PtBr,
            "\n\n_Talvez seja uma repetição: a resposta ao primeiro envio se perdeu._\n\
             _Enviado aqui porque não é possível entregar a Ops._",
        ),
    ] {
        for members in [&members[..], &members[..1]] {
            let text = sketch(&card(members, &extras, &locale(language), now()));
            assert!(text.ends_with(expected), "{text}");
        }
    }
}

#[test]
fn a_subject_is_the_whole_on_one_line() {
    let over = |instance| ended(disk_full(instance), Ending::Resolved);
    let other = |name| incident(&[("alertname", name)], &[]);
    let cases: [(&[Incident], &str); 6] = [
        (&[], "Nothing fires."),
        (
            &[disk_full("db-1")],
            "🔥 critical · DiskFull: Disk of db-1 is full",
        ),
        (
            &[over("db-1")],
            "✅ Resolved · DiskFull: Disk of db-1 is full",
        ),
        (
            &[disk_full("db-1"), disk_full("db-2"), over("db-3")],
            "🔥 DiskFull: 2 firing, 1 resolved",
        ),
        (
            &[disk_full("db-1"), disk_full("db-2"), other("HighLoad")],
            "🔥 3 firing: DiskFull ×2, HighLoad",
        ),
        (
            &[other("A"), other("B"), other("C"), other("D")],
            "🟡 4 firing: A, B, C, …",
        ),
    ];
    for (incidents, expected) in cases {
        let members = members(incidents, MemberNews::New);
        assert_eq!(subject(&members, &locale(Language::En)), expected);
    }
    let russian = subject(
        &members(&[disk_full("a"), over("b")], MemberNews::New),
        &locale(Language::Ru),
    );
    assert_eq!(russian, "🔥 DiskFull: 1 активен, 1 решён");
}
