//! Many alerts at once.

use super::*;

#[test]
fn what_is_told_in_a_digest_gets_its_end() {
    let mut world = World::new();
    world.says("/regexp all");
    for name in ["A", "B", "C"] {
        world.fires(name, "a");
    }
    let digest = world.take_batch();
    let said = world.accept(&digest);
    assert_eq!(said.len(), 1, "{said:?}");
    for name in ["A", "B", "C"] {
        assert!(said[0].1.contains(name), "{said:?}");
    }
    assert!(world.engine.deliveries.is_empty());
    for name in ["A", "B"] {
        world.resolves(name, "a");
    }
    let digest = world.take_batch();
    world.accept(&digest);
    world.resolves("C", "a");
    assert_eq!(world.kinds(), ["new"]);
    assert!(world.engine.cards.is_empty());
}

#[test]
fn a_long_digest_brings_the_complete_list() {
    let mut world = World::new();
    world.says("/regexp all");
    for number in 0..30 {
        world.fires(&format!("Alert{number}"), "a");
    }
    let digest = world.take_batch();
    let said = world.accept(&digest);
    let kinds: Vec<_> = said.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["new", "file"]);
    for number in 0..30 {
        assert!(said[1].1.contains(&format!("Alert{number}\"")), "{said:?}");
    }
}

#[test]
fn a_live_message_catches_up_with_a_digest_quietly() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("Live", "a");
    assert_eq!(world.kinds(), ["new"]);
    world.resolves("Live", "a");
    world.fires("Other", "a");
    let digest = world.take_batch();
    let said = world.accept(&digest);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].1.contains("Live") && said[0].1.contains("Other"));
    let priorities: Vec<_> = world
        .engine
        .deliveries
        .values()
        .map(|d| d.priority)
        .collect();
    assert_eq!(priorities, [crate::delivery::Priority::Quiet]);
    assert_eq!(world.kinds(), ["edit"], "no second sound");
    assert_eq!(world.engine.cards.len(), 1, "only the other fires");
}

#[test]
fn without_a_live_message_another_text_alone_is_not_told() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("A", "a");
    world.fires("B", "a");
    let digest = world.take_batch();
    world.accept(&digest);
    let firing = Status::Firing { expires: None };
    world.news_saying("A", "a", "now 97 %", firing);
    assert_eq!(world.kinds(), [] as [&str; 0]);
}

#[test]
fn a_digest_that_was_not_taken_is_tried_again_whole() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("A", "a");
    world.fires("B", "a");
    let digest = world.take_batch();
    let reason = "Bad Gateway".to_owned();
    let partly = false;
    world.settle(&digest, None, Outcome::Retry { partly, reason });
    assert_eq!(world.engine.deliveries.len(), 2);
    world.resolves("A", "a");
    let said = world.deliver();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].1.contains('B'));
}

#[test]
fn a_batch_holds_only_what_is_news() {
    let mut world = World::new();
    world.says("/regexp all");
    for name in ["A", "B"] {
        world.fires(name, "a");
    }
    world.deliver();
    for name in ["A", "B"] {
        world.resolves(name, "a");
        world.fires(name, "b");
    }
    let digest = world.take_batch();
    world.accept(&digest);
    // Both live messages lag behind; what raises their urgency goes before its turn comes.
    for name in ["A", "B"] {
        world.fires(name, "c");
        world.resolves(name, "c");
    }
    let ids: Vec<DeliveryId> = world.engine.deliveries.keys().copied().collect();
    assert_eq!(ids.len(), 2);
    let nothing = world.engine.take(world.now, &ids, &mut Effects::default());
    assert_eq!(nothing, None);
    assert_eq!(world.kinds(), ["edit", "edit"]);
}

#[test]
fn ten_thousand_alerts_of_one_group_are_one_message() {
    let mut world = World::new();
    world.says("/regexp all");
    let news: Vec<News> = (0..10_000)
        .map(|number| {
            news_of(
                &[("alertname", "Many"), ("host", &format!("h{number}"))],
                None,
                Status::Firing { expires: None },
            )
        })
        .collect();
    world
        .engine
        .news(world.now, news, &mut Effects::default())
        .unwrap();
    assert_eq!(world.kinds(), ["new"]);
}
