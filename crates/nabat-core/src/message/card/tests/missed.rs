use super::*;

/// Over since 15:16, having lasted `minutes`.
fn gone(instance: &str, minutes: i64) -> Incident {
    let incident = ended(disk_full(instance), Ending::Resolved);
    let starts_at = incident.starts_at.as_millis() + (12 - minutes) * 60_000;
    Incident {
        starts_at: Timestamp::from_millis(starts_at),
        ..incident
    }
}

#[test]
fn one_alert_that_came_and_went_is_not_called_resolved() {
    let incidents = [gone("db-1", 12)];
    let members = members(&incidents, MemberNews::Missed);
    let body = ": Disk of db-1 is full\n`instance=db-1` `job=node`\n";
    for (language, heading, period) in [
        (
            Language::En,
            "⚪ Came and went · *DiskFull*",
            "15:04 – 15:16 UTC (12 min)",
        ),
        (
            Language::Ru,
            "⚪ Возникло и прошло · *DiskFull*",
            "18:04 – 18:16 MSK (12 мин)",
        ),
        (
            Language::PtBr,
            "⚪ Surgiu e passou · *DiskFull*",
            "12:04 – 12:16 UTC-3 (12 min)",
        ),
    ] {
        let expected = format!("{heading}{body}{period}");
        assert_eq!(told_first(&members, language), expected);
    }
    assert_eq!(
        subject(&members, &locale(Language::En)),
        "⚪ Came and went · DiskFull: Disk of db-1 is full"
    );
}

#[test]
fn what_came_and_went_stands_below_the_rest_in_order_of_time() {
    let incidents = [gone("db-2", 1), gone("db-3", 9), disk_full("db-1")];
    let mut members = members(&incidents, MemberNews::Missed);
    members[2].news = MemberNews::New;
    for (language, expected) in [
        (
            Language::En,
            "🔥 *DiskFull* · 1 firing, 2 came and went\n`job=node`\n\n\
             🔥 Disk of db-1 is full\n`instance=db-1` · since 15:04\n\n\
             *Came and went meanwhile:*\n\
             ⚪ Disk of db-3 is full\n`instance=db-3` · 15:07 – 15:16 (9 min)\n\
             ⚪ Disk of db-2 is full\n`instance=db-2` · 15:15 – 15:16 (1 min)",
        ),
        (
            Language::Ru,
            "🔥 *DiskFull* · 1 активен, 2 возникли и прошли\n`job=node`\n\n\
             🔥 Disk of db-1 is full\n`instance=db-1` · с 18:04\n\n\
             *Тем временем возникли и прошли:*\n\
             ⚪ Disk of db-3 is full\n`instance=db-3` · 18:07 – 18:16 (9 мин)\n\
             ⚪ Disk of db-2 is full\n`instance=db-2` · 18:15 – 18:16 (1 мин)",
        ),
        (
            Language::PtBr,
            "🔥 *DiskFull* · 1 ativo, 2 surgiram e passaram\n`job=node`\n\n\
             🔥 Disk of db-1 is full\n`instance=db-1` · desde 12:04\n\n\
             *Surgiram e passaram nesse meio-tempo:*\n\
             ⚪ Disk of db-3 is full\n`instance=db-3` · 12:07 – 12:16 (9 min)\n\
             ⚪ Disk of db-2 is full\n`instance=db-2` · 12:15 – 12:16 (1 min)",
        ),
    ] {
        assert_eq!(told_first(&members, language), expected);
    }
    let text = told_again(&members, Language::En);
    let delta = "*+1, 2 came and went* · 15:30";
    assert_eq!(text.lines().nth(1), Some(delta));
}

#[test]
fn a_card_of_nothing_but_missed_alerts_says_so_in_its_heading() {
    let incidents = [gone("db-1", 12), gone("db-2", 1)];
    let members = members(&incidents, MemberNews::Missed);
    let expected = "⚪ *DiskFull* · 2 came and went\n`job=node`\n\n\
         ⚪ Disk of db-1 is full\n`instance=db-1` · 15:04 – 15:16 (12 min)\n\
         ⚪ Disk of db-2 is full\n`instance=db-2` · 15:15 – 15:16 (1 min)";
    assert_eq!(told_first(&members, Language::En), expected);
    assert_eq!(told_again(&members, Language::En), expected);
    let digest = sketch(&digest(
        &members,
        &Extras::default(),
        &locale(Language::En),
        now(),
    ));
    assert!(digest.starts_with(expected), "{digest}");
}

#[test]
fn what_was_missed_is_shown_beside_many_that_fire() {
    let mut incidents: Vec<Incident> = (0..30).map(|n| disk_full(&format!("db-{n}"))).collect();
    incidents.extend((0..30).map(|n| gone(&format!("gone-{n}"), n % 10)));
    let mut members = members(&incidents, MemberNews::New);
    for member in &mut members[30..] {
        member.news = MemberNews::Missed;
    }
    let text = told_first(&members, Language::En);
    assert_eq!(text.matches("\n🔥 ").count(), 7, "{text}");
    assert_eq!(text.matches("\n⚪ ").count(), 3, "{text}");
    assert!(text.contains("\nand 23 more: DiskFull ×23\n"), "{text}");
    assert!(text.ends_with("\nand 27 more: DiskFull ×27"), "{text}");
}

#[test]
fn the_file_lists_what_was_missed_last_in_order_of_time() {
    let incidents = [
        gone("late", 1),
        gone("early", 9),
        ended(disk_full("known"), Ending::Resolved),
        disk_full("fires"),
    ];
    let mut members = members(&incidents, MemberNews::Missed);
    members[2].news = MemberNews::Changed;
    members[3].news = MemberNews::New;
    let listed = listing(&members, &locale(Language::En), now());
    let starts: Vec<String> = listed
        .lines()
        .map(|line| line.split(" · {").next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(
        starts,
        [
            "🔥 DiskFull: Disk of fires is full · since 15:04 UTC",
            "✅ DiskFull: Disk of known is full · 15:04 UTC – 15:16 UTC",
            "⚪ DiskFull: Disk of early is full · Came and went 15:07 UTC – 15:16 UTC",
            "⚪ DiskFull: Disk of late is full · Came and went 15:15 UTC – 15:16 UTC",
        ]
    );
}
