//! Acknowledgements and silences on a card, the buttons that make them, and the details.

use super::*;
use crate::card::CardId;
use crate::incident::Acknowledgement;
use crate::message::sketch::at;

fn taken(incident: Incident, by: &str, until: &str) -> Incident {
    Incident {
        acknowledged: Some(Box::new(Acknowledgement {
            by: by.into(),
            at: at("2026-11-20T15:20:00Z"),
            until: at(until),
        })),
        ..incident
    }
}

fn by_ann(instance: &str) -> Incident {
    taken(disk_full(instance), "Ann", "2026-11-20T18:00:00Z")
}

/// The lines of a card from the second on that begin with a sign of quiet.
fn hush_lines(text: &str) -> Vec<&str> {
    text.lines()
        .filter(|line| line.starts_with('✋') || line.starts_with('🔕'))
        .collect()
}

#[test]
fn who_sees_to_an_alert_stands_below_its_heading() {
    let incidents = [by_ann("db-1")];
    let mut members = members(&incidents, MemberNews::Changed);
    members[0].silenced_until = Some(at("2026-11-20T19:30:00Z"));
    for (language, expected) in [
        (
            Language::En,
            "🔥 critical · *DiskFull*: Disk of db-1 is full\n\
             ✋ Ann sees to it until 18:00\n🔕 Silenced until 19:30\n\
             `instance=db-1` `job=node`\nSince 15:04 UTC",
        ),
        (
            Language::Ru,
            "🔥 critical · *DiskFull*: Disk of db-1 is full\n\
             ✋ Ann занимается этим до 21:00\n🔕 Заглушено до 22:30\n\
             `instance=db-1` `job=node`\nС 18:04 MSK",
        ),
        (
            Language::PtBr,
            "🔥 critical · *DiskFull*: Disk of db-1 is full\n\
             ✋ Ann cuida disso até 15:00\n🔕 Silenciado até 16:30\n\
             `instance=db-1` `job=node`\nDesde 12:04 UTC-3",
        ),
    ] {
        assert_eq!(told_again(&members, language), expected);
    }
}

#[test]
fn several_people_and_parts_of_a_group_are_told_in_the_shortest_honest_form() {
    let fires = || disk_full("db-9");
    let by = |name, until| taken(disk_full(name), name, until);
    let (six, seven) = ("2026-11-20T18:00:00Z", "2026-11-20T19:00:00Z");
    let gone = ended(by("Zoe", six), Ending::Resolved);
    let cases: [(&[Incident], [&str; 3]); 5] = [
        (
            &[by_ann("a"), by_ann("b"), gone],
            [
                "✋ Ann sees to it until 18:00",
                "✋ Ann занимается этим до 21:00",
                "✋ Ann cuida disso até 15:00",
            ],
        ),
        (
            &[by_ann("a"), by_ann("b"), fires()],
            [
                "✋ Ann sees to 2 of 3 until 18:00",
                "✋ Ann занимается 2 из 3 до 21:00",
                "✋ Ann cuida de 2 de 3 até 15:00",
            ],
        ),
        (
            &[by("Bob", seven), by_ann("a")],
            [
                "✋ Bob, Ann see to it until 18:00",
                "✋ Bob, Ann занимаются этим до 21:00",
                "✋ Bob, Ann cuidam disso até 15:00",
            ],
        ),
        (
            &[by("Bob", seven), by_ann("a"), fires()],
            [
                "✋ Bob, Ann see to 2 of 3 until 18:00",
                "✋ Bob, Ann занимаются 2 из 3 до 21:00",
                "✋ Bob, Ann cuidam de 2 de 3 até 15:00",
            ],
        ),
        (
            &[
                by("A", six),
                by("B", six),
                by("C", six),
                by("D", six),
                by("E", six),
            ],
            [
                "✋ A, B, C and 2 more see to it until 18:00",
                "✋ A, B, C и ещё 2 занимаются этим до 21:00",
                "✋ A, B, C e mais 2 cuidam disso até 15:00",
            ],
        ),
    ];
    for (incidents, expected) in cases {
        let members = members(incidents, MemberNews::Known);
        for (language, expected) in Language::ALL.into_iter().zip(expected) {
            let text = told_again(&members, language);
            assert_eq!(hush_lines(&text), [expected]);
        }
    }
}

#[test]
fn a_group_says_how_much_of_it_is_silenced() {
    let incidents = [
        disk_full("db-1"),
        disk_full("db-2"),
        disk_full("db-3"),
        ended(disk_full("db-4"), Ending::Resolved),
    ];
    let mut members = members(&incidents, MemberNews::Known);
    members[0].silenced_until = Some(at("2026-11-20T19:30:00Z"));
    members[1].silenced_until = Some(at("2026-11-21T19:30:00Z"));
    for (language, part, all) in [
        (
            Language::En,
            "🔕 2 of 3 silenced until 19:30",
            "🔕 Silenced until 19:30",
        ),
        (
            Language::Ru,
            "🔕 2 из 3 заглушено до 22:30",
            "🔕 Заглушено до 22:30",
        ),
        (
            Language::PtBr,
            "🔕 2 de 3 silenciados até 16:30",
            "🔕 Silenciado até 16:30",
        ),
    ] {
        assert_eq!(hush_lines(&told_again(&members, language)), [part]);
        let mut members = members.clone();
        members[2].silenced_until = members[0].silenced_until;
        assert_eq!(hush_lines(&told_again(&members, language)), [all]);
    }
}

#[test]
fn where_not_all_are_taken_each_shows_whether_it_is() {
    let incidents = [by_ann("db-1"), disk_full("db-2"), disk_full("db-3")];
    let mut members = members(&incidents, MemberNews::Known);
    members[0].silenced_until = Some(at("2026-11-20T19:30:00Z"));
    members[1].silenced_until = members[0].silenced_until;
    let text = told_again(&members, Language::En);
    for expected in [
        "`instance=db-1` · since 15:04 · ✋ Ann 🔕\n",
        "`instance=db-2` · since 15:04 · 🔕\n",
        "`instance=db-3` · since 15:04",
    ] {
        assert!(text.contains(expected), "{text}");
    }
    let text = told_again(&members[..1], Language::En);
    assert!(text.ends_with("Since 15:04 UTC"), "{text}");
}

#[test]
fn buttons_offer_what_is_left_to_do() {
    let taken = [by_ann("db-1"), by_ann("db-2")];
    let free = [by_ann("db-1"), disk_full("db-2")];
    let untouched = [disk_full("db-1"), disk_full("db-2")];
    let over = [ended(disk_full("db-1"), Ending::Resolved)];
    let told = |incidents: &[Incident], silenced, language| {
        let mut members = members(incidents, MemberNews::Known);
        for member in members.iter_mut().take(silenced) {
            member.silenced_until = Some(at("2026-11-20T19:30:00Z"));
        }
        let buttons = buttons(CardId(7), &members, &locale(language));
        sketch(&Message {
            buttons,
            ..Message::default()
        })
    };
    let cases: [(&[Incident], usize, Language, &str); 8] = [
        (
            &free,
            1,
            Language::En,
            "{✋ Acknowledge → k:7}{↩ Let go → r:7}{Details → d:7}\n\
             {🔕 1 h → s:7:1h}{🔕 4 h → s:7:4h}{🔕 24 h → s:7:24h}\n{🔔 End silence → e:7}",
        ),
        (
            &taken,
            2,
            Language::En,
            "{↩ Let go → r:7}{Details → d:7}\n{🔔 End silence → e:7}",
        ),
        (
            &free,
            0,
            Language::Ru,
            "{✋ Займусь → k:7}{↩ Отпустить → r:7}{Подробнее → d:7}\n\
             {🔕 1 ч → s:7:1h}{🔕 4 ч → s:7:4h}{🔕 24 ч → s:7:24h}",
        ),
        (
            &taken,
            2,
            Language::Ru,
            "{↩ Отпустить → r:7}{Подробнее → d:7}\n{🔔 Снять заглушку → e:7}",
        ),
        (
            &free,
            0,
            Language::PtBr,
            "{✋ Assumir → k:7}{↩ Liberar → r:7}{Detalhes → d:7}\n\
             {🔕 1 h → s:7:1h}{🔕 4 h → s:7:4h}{🔕 24 h → s:7:24h}",
        ),
        (
            &taken,
            2,
            Language::PtBr,
            "{↩ Liberar → r:7}{Detalhes → d:7}\n{🔔 Encerrar silêncio → e:7}",
        ),
        (
            &untouched,
            0,
            Language::En,
            "{✋ Acknowledge → k:7}{Details → d:7}\n\
             {🔕 1 h → s:7:1h}{🔕 4 h → s:7:4h}{🔕 24 h → s:7:24h}",
        ),
        (&over, 0, Language::En, ""),
    ];
    for (incidents, silenced, language, expected) in cases {
        assert_eq!(told(incidents, silenced, language), expected);
    }
}

#[test]
fn details_tell_all_that_is_known_of_what_fires() {
    let incident = Incident {
        annotations: [
            ("description", "One.\nTwo."),
            ("summary", "Disk of db-1 is full"),
        ]
        .into_iter()
        .collect(),
        links: Links {
            generator: Some("https://p/".into()),
            ..Links::default()
        },
        flaps: 2,
        ..by_ann("db-1")
    };
    let incidents = [incident, ended(disk_full("db-2"), Ending::Resolved)];
    let members = members(&incidents, MemberNews::Known);
    for (language, head, tail) in [
        (
            Language::En,
            "✋ Ann sees to it until 18:00\nSince 15:04 UTC · flapped 2×\n\
             Known here since 15:04 UTC · last news 15:10 UTC\n",
            "[Source]",
        ),
        (
            Language::Ru,
            "✋ Ann занимается этим до 21:00\nС 18:04 MSK · мигал 2 раза\n\
             Известно с 18:04 MSK · последняя новость 18:10 MSK\n",
            "[Источник]",
        ),
        (
            Language::PtBr,
            "✋ Ann cuida disso até 15:00\nDesde 12:04 UTC-3 · oscilou 2×\n\
             Conhecido aqui desde 12:04 UTC-3 · última notícia 12:10 UTC-3\n",
            "[Origem]",
        ),
    ] {
        let expected = format!(
            "🔥 critical · *DiskFull*: Disk of db-1 is full\n{head}\
             `alertname=DiskFull`\n`instance=db-1`\n`job=node`\n`severity=critical`\n\
             *description*\n|+ One.\n|+ Two.\n*summary*: Disk of db-1 is full\n{tail}"
        );
        let told = sketch(&details(&members, &locale(language), now()));
        assert_eq!(told, expected);
    }
    let over = details(&members[1..], &locale(Language::En), now());
    assert_eq!(sketch(&over), "Nothing fires.");
}

#[test]
fn details_of_many_end_with_where_to_find_the_rest() {
    let incidents: Vec<Incident> = (0..13).map(|n| disk_full(&format!("db-{n}"))).collect();
    let members = members(&incidents, MemberNews::Known);
    let told = sketch(&details(&members, &locale(Language::En), now()));
    assert_eq!(told.matches("🔥 critical").count(), 10);
    assert!(told.ends_with("\n\nand 3 more: /alerts"), "{told}");
}
