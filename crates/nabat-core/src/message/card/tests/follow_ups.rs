use super::*;
use crate::incident::Acknowledgement;

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
        let message = follow_up(
            &news,
            all_ended,
            &Extras::default(),
            &locale(Language::En),
            now(),
        );
        assert_eq!(sketch(&message), expected);
    }
}

#[test]
fn a_follow_up_tells_only_what_is_news() {
    let incidents = [disk_full("db-1"), disk_full("db-2"), disk_full("db-3")];
    let mut news = members(&incidents, MemberNews::Changed);
    news[1].news = MemberNews::Known;
    news[2].news = MemberNews::New;
    let message = follow_up(
        &news,
        false,
        &Extras::default(),
        &locale(Language::Ru),
        now(),
    );
    assert_eq!(
        sketch(&message),
        "🔥 +1: *DiskFull* db-3: Disk of db-3 is full\n\
         🔥 Изменился: *DiskFull* db-1: Disk of db-1 is full"
    );
}

#[test]
fn a_repeat_says_what_still_fires_and_nobody_sees_to() {
    let mut incidents = [
        disk_full("db-1"),
        disk_full("db-2"),
        disk_full("db-3"),
        ended(disk_full("db-4"), Ending::Resolved),
        disk_full("db-5"),
    ];
    incidents[2].acknowledged = Some(Box::new(Acknowledgement {
        by: "Ann".into(),
        at: now(),
        until: now(),
    }));
    let mut told = members(&incidents, MemberNews::Known);
    told[4].silenced_until = Some(now());
    for (language, one, two) in [
        (
            Language::En,
            "🔥 Still firing for 26 min: *DiskFull* db-1: Disk of db-1 is full",
            "🔥 2 still firing: *DiskFull* db-1, *DiskFull* db-2",
        ),
        (
            Language::Ru,
            "🔥 Всё ещё активен, уже 26 мин: *DiskFull* db-1: Disk of db-1 is full",
            "🔥 2 всё ещё активны: *DiskFull* db-1, *DiskFull* db-2",
        ),
        (
            Language::PtBr,
            "🔥 Ainda ativo há 26 min: *DiskFull* db-1: Disk of db-1 is full",
            "🔥 2 ainda ativos: *DiskFull* db-1, *DiskFull* db-2",
        ),
    ] {
        for (members, expected) in [(&told[..1], one), (&told[..], two)] {
            let message = follow_up(members, false, &Extras::default(), &locale(language), now());
            assert_eq!(sketch(&message), expected);
        }
    }
}

#[test]
fn the_last_end_of_a_group_is_not_told_as_if_it_were_all_there_was() {
    let over = |instance| ended(disk_full(instance), Ending::Resolved);
    let incidents = [over("db-1"), over("db-2"), over("db-3")];
    let mut members = members(&incidents, MemberNews::Known);
    members[2].news = MemberNews::Changed;
    for (language, expected) in [
        (
            Language::En,
            "✅ Resolved after 12 min: *DiskFull* db-3\nNothing of this group fires any more.",
        ),
        (
            Language::Ru,
            "✅ Решено через 12 мин: *DiskFull* db-3\nВ этой группе больше ничего не активно.",
        ),
        (
            Language::PtBr,
            "✅ Resolvido após 12 min: *DiskFull* db-3\nNada mais está ativo neste grupo.",
        ),
    ] {
        let message = follow_up(&members, true, &Extras::default(), &locale(language), now());
        assert_eq!(sketch(&message), expected);
    }
}

/// Its acknowledgement ran out.
fn unattended(instance: &str) -> Incident {
    Incident {
        edition: 3,
        loud: 3,
        ..disk_full(instance)
    }
}

#[test]
fn an_acknowledgement_that_ran_out_is_told() {
    let incidents = [unattended("db-1"), unattended("db-2")];
    let told = members(&incidents, MemberNews::Changed);
    for (language, one, two) in [
        (
            Language::En,
            "⏰ Nobody sees to it any more: *DiskFull* db-1 still fires",
            "⏰ Nobody sees to these any more: *DiskFull* db-1, *DiskFull* db-2 still fire",
        ),
        (
            Language::Ru,
            "⏰ Этим больше никто не занимается: *DiskFull* db-1 всё ещё активен",
            "⏰ Этими больше никто не занимается: *DiskFull* db-1, *DiskFull* db-2 всё ещё активны",
        ),
        (
            Language::PtBr,
            "⏰ Ninguém mais cuida disto: *DiskFull* db-1 ainda ativo",
            "⏰ Ninguém mais cuida destes: *DiskFull* db-1, *DiskFull* db-2 ainda ativos",
        ),
    ] {
        for (members, expected) in [(&told[..1], one), (&told[..], two)] {
            let message = follow_up(members, false, &Extras::default(), &locale(language), now());
            assert_eq!(sketch(&message), expected);
        }
    }
    // Nobody had taken it, or its text changed since.
    for (edition, loud) in [(3, 1), (4, 3), (1, 1)] {
        let incident = [Incident {
            edition,
            loud,
            ..disk_full("db-1")
        }];
        let members = members(&incident, MemberNews::Changed);
        let message = follow_up(
            &members,
            false,
            &Extras::default(),
            &locale(Language::En),
            now(),
        );
        let text = sketch(&message);
        assert!(text.starts_with("🔥 Still firing for "), "{text}");
    }
}

#[test]
fn a_follow_up_tells_what_came_and_went() {
    let incidents = [
        ended(disk_full("db-1"), Ending::Resolved),
        ended(disk_full("db-2"), Ending::Resolved),
        disk_full("db-3"),
    ];
    let mut told = members(&incidents, MemberNews::Missed);
    told[2].news = MemberNews::Known;
    for (language, expected) in [
        (
            Language::En,
            "⚪ 2 came and went: *DiskFull* db-1 15:04 – 15:16 (12 min), \
             *DiskFull* db-2 15:04 – 15:16 (12 min)",
        ),
        (
            Language::Ru,
            "⚪ 2 возникли и прошли: *DiskFull* db-1 18:04 – 18:16 (12 мин), \
             *DiskFull* db-2 18:04 – 18:16 (12 мин)",
        ),
        (
            Language::PtBr,
            "⚪ 2 surgiram e passaram: *DiskFull* db-1 12:04 – 12:16 (12 min), \
             *DiskFull* db-2 12:04 – 12:16 (12 min)",
        ),
    ] {
        let message = follow_up(&told, false, &Extras::default(), &locale(language), now());
        assert_eq!(sketch(&message), expected);
    }
    let message = follow_up(
        &told[1..],
        false,
        &Extras::default(),
        &locale(Language::En),
        now(),
    );
    assert_eq!(
        sketch(&message),
        "⚪ Came and went 15:04 – 15:16 (12 min): *DiskFull* db-2: Disk of db-2 is full"
    );
}

#[test]
fn a_follow_up_says_that_it_may_be_a_repeat() {
    let incidents = [disk_full("db-1")];
    let extras = Extras {
        maybe_repeated: true,
        ..Extras::default()
    };
    let news = members(&incidents, MemberNews::New);
    let message = follow_up(&news, false, &extras, &locale(Language::En), now());
    assert_eq!(
        sketch(&message),
        "🔥 +1: *DiskFull* db-1: Disk of db-1 is full\n\n\
         _This may be a repeat: the answer to the first copy got lost._"
    );
}
