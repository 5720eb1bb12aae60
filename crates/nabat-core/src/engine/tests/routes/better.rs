//! Where Alertmanager tells too little: each of these fails by its rules.

use super::*;
use crate::message::card::MemberNews;

fn news_at(world: &mut World, severity: &str, status: Status) {
    let labels = [("alertname", "Disk"), ("severity", severity)];
    let news = news_of(&labels, None, status);
    world
        .engine
        .news(world.now, vec![news], &mut Effects::default())
        .unwrap();
}

fn begins(world: &mut World, severity: &str) {
    news_at(world, severity, Status::Firing { expires: None });
}

fn ends(world: &mut World, severity: &str) {
    news_at(world, severity, Status::Resolved { ends_at: None });
}

#[test]
fn an_end_under_a_silence_is_told_and_so_is_the_next_beginning() {
    let mut world = world();
    world.fires("HighCPU", "a");
    assert_eq!(world.reasons(), [Reason::First]);
    let draft = draft(world.now, "alertname=HighCPU", 0, 20 * 60);
    let mut out = Effects::default();
    world
        .engine
        .set_silence(world.now, draft, &mut out)
        .unwrap();
    world.resolves("HighCPU", "a");
    world.passes(300);
    assert_eq!(world.reasons(), [Reason::AllResolved]);
    world.passes(15 * 60);
    let labels = [("alertname", "HighCPU"), ("host", "a")];
    let news = news_of(&labels, None, Status::Firing { expires: None });
    let again = world.engine.news(world.now, vec![news], &mut out);
    again.unwrap();
    world.passes(30);
    assert_eq!(world.reasons(), [Reason::First], "and not after hours");
}

#[test]
fn an_end_and_a_new_beginning_within_the_group_interval_are_told() {
    let mut world = world();
    begins(&mut world, "warning");
    world.passes(30);
    assert_eq!(world.reasons(), [Reason::First]);
    world.passes(60);
    ends(&mut world, "warning");
    world.passes(60);
    begins(&mut world, "warning");
    world.passes(180);
    let sent = world.notified();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].reason, Reason::NewAlerts);
    let flaps: Vec<u32> = sent[0].members.iter().map(|it| it.incident.flaps).collect();
    assert_eq!(flaps, [1], "said to have flapped");
}

#[test]
fn a_critical_alert_that_came_and_went_within_the_group_wait_is_told() {
    for (severity, told) in [("critical", true), ("warning", false)] {
        let mut world = world();
        begins(&mut world, severity);
        world.passes(5);
        ends(&mut world, severity);
        assert!(world.notified().is_empty(), "the group still waits");
        world.passes(25);
        let sent = world.notified();
        assert_eq!(sent.len(), usize::from(told), "{severity}");
        for notification in sent {
            assert_eq!(notification.members[0].news, MemberNews::Missed);
        }
        assert!(world.engine.cards.is_empty(), "{severity}");
        world.passes(3_600);
        assert!(world.notified().is_empty(), "{severity}");
    }
}

#[test]
fn a_reload_keeps_what_groups_wait_for() {
    let mut world = world();
    begins(&mut world, "warning");
    world.passes(20);
    let settings = world.engine.settings.clone();
    let reload = |world: &mut World| {
        let settings = settings.clone();
        let mut out = Effects::default();
        world.engine.configure(world.now, settings, &mut out);
    };
    reload(&mut world);
    assert!(world.notified().is_empty(), "not told early");
    world.passes(10);
    assert_eq!(world.reasons(), [Reason::First]);
    world.passes(4 * 3_600 - 1);
    reload(&mut world);
    assert!(world.notified().is_empty(), "not repeated early");
    world.passes(1);
    assert_eq!(world.reasons(), [Reason::Repeat]);
}

#[test]
fn the_end_of_what_fired_for_a_month_is_told() {
    let mut world = world();
    world.engine.settings.stale_after = minutes(365 * 24 * 60);
    begins(&mut world, "warning");
    world.passes(30);
    assert_eq!(world.reasons(), [Reason::First]);
    let fires: Vec<_> = world.engine.incidents.iter().map(|(id, _)| *id).collect();
    let taken = crate::incident::Acknowledgement {
        by: "Ann".into(),
        at: world.now,
        until: world.now.after(minutes(60 * 24 * 60)),
    };
    let mut out = Effects::default();
    world
        .engine
        .acknowledge(world.now, &fires, Some(&taken), &mut out);
    world.passes(30 * 86_400);
    assert!(world.notified().is_empty(), "somebody sees to it");
    ends(&mut world, "warning");
    assert_eq!(world.reasons(), [Reason::AllResolved]);
}

impl World {
    /// Hands out what waits for integrations; all of it is refused for good. Returns how much.
    fn refused_there(&mut self) -> usize {
        let works = self.take_all();
        for work in &works {
            let (told, reason) = (work.told.clone(), "400 Bad Request".to_owned());
            self.settle(work, None, Outcome::Failed { told, reason });
        }
        works.len()
    }
}

#[test]
fn an_end_that_is_refused_is_told_again_at_the_next_beat_for_a_day() {
    let mut world = world();
    world.fires("HighCPU", "a");
    assert_eq!(world.reasons(), [Reason::First]);
    world.resolves("HighCPU", "a");
    world.passes(300);
    assert_eq!(world.refused_there(), 1);
    world.passes(299);
    assert_eq!(world.refused_there(), 0);
    world.passes(1);
    assert_eq!(world.reasons(), [Reason::AllResolved]);
    assert!(world.engine.cards.is_empty());

    world.fires("HighCPU", "b");
    world.passes(300);
    assert_eq!(world.reasons(), [Reason::First]);
    world.resolves("HighCPU", "b");
    let mut refused = 0;
    for _ in 0..300 {
        world.passes(300);
        refused += world.refused_there();
    }
    assert_eq!(refused, 24 * 12);
    assert!(world.engine.cards.is_empty());
}

#[test]
fn an_alert_that_is_refused_waits_for_its_repeat() {
    let mut world = world();
    world.fires("HighCPU", "a");
    assert_eq!(world.refused_there(), 1);
    world.passes(4 * 3_600 - 1);
    assert_eq!(world.refused_there(), 0);
    world.passes(1);
    assert_eq!(world.refused_there(), 1);
}
