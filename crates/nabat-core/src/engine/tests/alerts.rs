//! What becomes of alerts: told once, with their end.

use super::*;
use crate::incident::Expiry;

#[test]
fn a_subscriber_is_told_once_and_gets_the_end() {
    let mut world = World::new();
    assert!(world.says("/regexp disk|cpu").contains("disk|cpu"));
    world.fires("HighCPU", "a");
    world.fires("HighMemory", "a");
    let said = world.deliver();
    assert_eq!(said.len(), 1);
    assert!(said[0].1.contains("HighCPU"), "{said:?}");

    world.fires("HighCPU", "a");
    world.passes(3_600);
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), [] as [&str; 0], "repeats say nothing");

    world.resolves("HighCPU", "a");
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), ["edit", "reply"]);
    assert!(world.engine.cards.is_empty() && world.engine.open.len() == 1);

    world.passes(600);
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), ["new"], "a re-fire is a new incident");
}

#[test]
fn alerts_of_one_group_share_a_message() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), ["new"]);
    world.fires("HighCPU", "b");
    assert_eq!(world.kinds(), ["edit", "reply"], "what is new is heard");
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), ["edit"], "a part of the end is quiet");
    world.resolves("HighCPU", "b");
    assert_eq!(world.kinds(), ["edit", "reply"]);
}

#[test]
fn a_changed_annotation_updates_the_message() {
    let mut world = World::new();
    world.says("/regexp all");
    let firing = Status::Firing { expires: None };
    world.news_saying("HighCPU", "a", "at 91 %", firing);
    world.deliver();
    world.news_saying("HighCPU", "a", "at 97 %", firing);
    let said = world.deliver();
    assert_eq!(said.len(), 1);
    assert!(said[0].0 == "edit" && said[0].1.contains("97"), "{said:?}");
}

#[test]
fn what_came_and_went_before_anyone_was_told_is_not_told() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), [] as [&str; 0]);
    assert!(world.engine.cards.is_empty() && world.engine.deliveries.is_empty());
}

#[test]
fn unsubscribing_does_not_cut_off_the_end() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.fires("HighDisk", "a");
    world.says_in(ANN, ANN, None, "/unsubscribe all");
    world.deliver();
    world.resolves("HighCPU", "a");
    world.resolves("HighDisk", "a");
    let said = world.deliver();
    let kinds: Vec<_> = said.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["edit", "reply"], "{said:?}");
    assert!(said[0].1.contains("HighCPU"));
}

#[test]
fn a_muted_chat_hears_nothing_new_and_every_end_quietly() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.says("/mute 2h");
    world.fires("HighDisk", "a");
    world.fires("HighLoad", "a");
    assert_eq!(world.kinds(), [] as [&str; 0]);
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), ["edit"]);
    world.resolves("HighLoad", "a");
    world.passes(2 * 3_600);
    let said = world.deliver();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].1.contains("HighDisk"));
}

#[test]
fn an_alert_with_an_end_time_expires_and_one_without_grows_stale() {
    let mut world = World::new();
    world.says("/regexp all");
    let expires = Some(Expiry::given(at(300)));
    world.news("Expiring", "a", Status::Firing { expires });
    world.fires("Lasting", "a");
    world.deliver();
    world.passes(301);
    assert_eq!(world.kinds(), ["edit", "reply"]);
    world.passes(24 * 3_600);
    let said = world.deliver();
    assert_eq!(said.len(), 1, "{said:?}");
    let (kind, text) = &said[0];
    assert!(*kind == "edit" && !text.contains("esolved"), "{text}");
    world.fires("Lasting", "a");
    assert_eq!(world.kinds(), ["edit"], "its source is back");
}

#[test]
fn late_news_of_a_life_that_ended_opens_no_second_one() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.resolves("HighCPU", "a");
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), [] as [&str; 0]);
    world.passes(301);
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), ["new"], "the source still says so");
}

#[test]
fn too_many_incidents_are_refused_whole() {
    let mut world = World::new();
    world.engine.settings.open_incidents_max = 2;
    world.fires("A", "a");
    let news = |name: &str| {
        news_of(
            &[("alertname", name)],
            None,
            Status::Firing { expires: None },
        )
    };
    let mut out = Effects::default();
    let refused = world
        .engine
        .news(world.now, vec![news("B"), news("C")], &mut out);
    assert!(refused.is_err() && out.changes.is_empty());
    assert!(
        world
            .engine
            .news(world.now, vec![news("B")], &mut out)
            .is_ok()
    );
    world.fires("A", "a");
}

#[test]
fn a_re_fire_that_was_heard_of_late_is_a_new_incident() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.passes(200);
    let ends_at = Some(at(100));
    world.news("HighCPU", "a", Status::Resolved { ends_at });
    world.deliver();
    world.passes(200);
    let news = news_of(
        &[("alertname", "HighCPU"), ("host", "a")],
        Some(at(150)),
        Status::Firing { expires: None },
    );
    world
        .engine
        .news(world.now, vec![news], &mut Effects::default())
        .unwrap();
    assert_eq!(world.kinds(), ["new"]);
}

#[test]
fn silence_of_a_source_is_told_each_time() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    for _ in 0..2 {
        world.passes(25 * 3_600);
        assert_eq!(world.kinds(), ["edit"], "no news");
        world.fires("HighCPU", "a");
        assert_eq!(world.kinds(), ["edit"], "it is back");
    }
}

#[test]
fn a_start_in_the_future_is_now() {
    let mut world = World::new();
    world.says("/regexp all");
    let future = |status| news_of(&[("alertname", "Future")], Some(at(9_999_999)), status);
    let firing = Status::Firing { expires: None };
    for status in [firing, Status::Resolved { ends_at: None }] {
        world
            .engine
            .news(world.now, vec![future(status)], &mut Effects::default())
            .unwrap();
        world.deliver();
    }
    world.passes(1);
    world
        .engine
        .news(world.now, vec![future(firing)], &mut Effects::default())
        .unwrap();
    assert_eq!(world.kinds(), ["new"]);
}
