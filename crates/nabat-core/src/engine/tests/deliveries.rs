//! Deliveries that fail, get lost, or find nobody: what is true is told all the same.

use super::*;
use crate::delivery::Fate;

#[test]
fn news_that_comes_while_a_message_is_on_its_way_is_told_after_it() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let works = world.take_all();
    world.resolves("HighCPU", "a");
    world.accept(&works[0]);
    assert_eq!(world.kinds(), ["edit", "reply"]);
}

#[test]
fn an_end_that_comes_after_a_crash_in_the_middle_of_sending_is_told() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let kept = world.snapshot();
    let id = *world.engine.deliveries.keys().next().unwrap();
    world.engine.take(world.now, &[id], &mut Effects::default());
    world.engine = Engine::restore(
        world.now,
        world.engine.settings.clone(),
        kept,
        &mut Effects::default(),
    );
    world.resolves("HighCPU", "a");
    let said = world.deliver();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].1.contains("HighCPU"));
    assert!(world.engine.cards.is_empty());
}

#[test]
fn an_answer_that_got_lost_leaves_one_copy_unless_it_is_critical() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    let told = work.told.clone();
    let reason = "no answer".to_owned();
    world.settle(&work, None, Outcome::Uncertain { told, reason });
    assert_eq!(world.kinds(), [] as [&str; 0]);
    world.resolves("HighCPU", "a");
    assert_eq!(
        world.kinds(),
        ["new"],
        "the end comes in a message of its own"
    );
}

#[test]
fn an_engine_that_was_read_back_runs_since_the_same_moment() {
    let mut world = World::new();
    world.fires("HighCPU", "a");
    world.passes(60);
    let (kept, settings) = (world.snapshot(), world.engine.settings.clone());
    let mut out = Effects::default();
    let again = world.engine.recover(world.now, settings, kept, &mut out);
    assert_eq!((again.started_at, again.last_news_at), (at(0), Some(at(0))));
}

#[test]
fn a_failed_attempt_is_tried_again_with_what_is_true_then() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    world.settle(&work, None, refused("Bad Gateway"));
    let delivery = world.engine.deliveries.values().next().unwrap();
    assert_eq!(delivery.attempts, 1);
    assert_eq!(delivery.last_error.as_deref(), Some("Bad Gateway"));
    world.fires("HighCPU", "b");
    let said = world.deliver();
    assert_eq!(said.len(), 1);
    assert!(said[0].1.contains('2'), "both in one: {said:?}");
}

#[test]
fn an_end_is_told_to_who_may_have_seen_an_attempt_before_the_last() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.engine = Engine::restore(
        world.now,
        world.engine.settings.clone(),
        world.snapshot(),
        &mut Effects::default(),
    );
    let work = world.take_all().remove(0);
    world.settle(&work, None, refused("connection refused"));
    world.resolves("HighCPU", "a");
    let said = world.deliver();
    assert!(said[0].1.contains("HighCPU"), "{said:?}");
    assert!(world.engine.cards.is_empty());
}

#[test]
fn an_end_is_shown_on_a_message_that_changed_before_its_answer_was_refused() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.fires("HighCPU", "b");
    let work = world.take_all().remove(0);
    let outcome = Outcome::Retry {
        partly: true,
        reason: "Too Many Requests".to_owned(),
    };
    world.settle(&work, None, outcome);
    world.resolves("HighCPU", "b");
    assert_eq!(world.kinds(), ["edit"]);
}

#[test]
fn unsubscribing_while_a_message_is_on_its_way_does_not_cut_off_its_end() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let on_its_way = world.take_all();
    world.says_in(ANN, ANN, None, "/unsubscribe all");
    for work in &on_its_way {
        world.accept(work);
    }
    world.deliver();
    world.resolves("HighCPU", "a");
    let said = world.deliver();
    let kinds: Vec<_> = said.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["edit", "reply"], "{said:?}");
}

#[test]
fn a_chat_that_blocked_the_bot_is_told_what_still_matters_when_it_is_back() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    let reason = "bot was blocked by the user".to_owned();
    world.settle(&work, None, Outcome::Unreachable { reason });
    world.fires("HighDisk", "a");
    world.resolves("HighDisk", "a");
    assert!(world.engine.deliveries.is_empty());
    world.says_in(ANN, ANN, None, "/start");
    let said = world.deliver();
    assert!(
        said.iter().any(|(_, text)| text.contains("HighCPU")),
        "{said:?}"
    );
    assert!(
        !said.iter().any(|(_, text)| text.contains("HighDisk")),
        "{said:?}"
    );
}

#[test]
fn operators_hear_of_a_chat_that_takes_no_messages() {
    let mut world = World::new();
    world.engine.settings.operators = vec![world.chat(GROUP)];
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    let reason = "bot was blocked by the user".to_owned();
    world.settle(&work, None, Outcome::Unreachable { reason });
    let said = world.deliver();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].1.contains("bot was blocked by the user"));
    world.says_in(ANN, ANN, None, "/start");
    let said = world.deliver();
    assert!(
        said.iter()
            .any(|(kind, text)| *kind == "reply" && text.contains("NabatChatUnreachable")),
        "{said:?}"
    );
}

#[test]
fn a_group_that_moves_keeps_its_subscriptions_and_gets_its_card_anew() {
    let mut world = World::new();
    world.says_in(GROUP, ANN, Some(true), "/regexp all");
    world.deliver();
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    world.settle(&work, None, Outcome::Migrated { to: -200 });
    let works = world.take_all();
    assert_eq!(works.len(), 1);
    assert_eq!(works[0].destination.chat().unwrap().chat, -200);
    world.accept(&works[0]);
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), ["edit", "reply"]);
}

#[test]
fn operators_hear_of_nabat_without_subscribing() {
    let mut world = World::new();
    world.engine.settings.operators = vec![world.chat(GROUP)];
    let labels: Labels = [("alertname", "NabatConfigInvalid")].into_iter().collect();
    let news = News {
        labels,
        annotations: Labels::default(),
        links: Links::default(),
        group: None,
        starts_at: None,
        status: Status::Firing { expires: None },
        own: true,
    };
    world
        .engine
        .news(world.now, vec![news], &mut Effects::default())
        .unwrap();
    assert_eq!(world.kinds(), ["new"]);
}

#[test]
fn doubt_is_about_what_may_have_been_told_and_nothing_younger() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let kept = world.snapshot();
    let settings = world.engine.settings.clone();
    world.engine = Engine::restore(world.now, settings, kept, &mut Effects::default());
    for host in ["b", "c", "d"] {
        world.fires("HighCPU", host);
        world.resolves("HighCPU", host);
    }
    let said = world.deliver();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].1.contains("host=a") && !said[0].1.contains("host=b"),
        "{said:?}"
    );
}

#[test]
fn an_operators_chat_that_was_never_spoken_in_is_told_later() {
    let mut world = World::new();
    let group = world.chat(-700);
    world.engine.settings.operators = vec![group];
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    let reason = "bot was blocked by the user".to_owned();
    world.settle(&work, None, Outcome::Unreachable { reason });
    let work = world.take_all().remove(0);
    assert_eq!(work.destination, group.into());
    let reason = "bot is not a member of the supergroup chat".to_owned();
    world.settle(&work, None, Outcome::Unreachable { reason });
    assert!(world.take_all().is_empty());
    world
        .engine
        .enable(world.now, group, &mut Effects::default());
    assert_eq!(world.kinds(), ["new"]);
}

#[test]
fn a_person_hurries_what_waits_and_nothing_else() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let pending = world.engine.pending(Wanted::default());
    let [shown] = pending.as_slice() else {
        panic!("{pending:?}");
    };
    assert_eq!(shown.subject, "HighCPU");
    let id = shown.delivery.id;
    assert_eq!(world.engine.pending_one(id).as_ref(), Some(shown));
    let mut out = Effects::default();
    assert!(world.engine.hurry(id, &mut out));
    assert!(out.changes.is_empty());
    let hurried: Vec<_> = out.waiting.iter().map(|w| (w.id, w.hurried)).collect();
    assert_eq!(hurried, [(id, true)]);
    world.deliver();
    assert!(!world.engine.hurry(id, &mut out));
    assert_eq!(world.engine.pending_one(id), None);
}

#[test]
fn what_waits_is_shown_in_pages_of_its_order() {
    let mut world = World::new();
    world.says("/regexp all");
    for name in ["A", "B", "C"] {
        world.fires(name, "a");
    }
    let all = world.engine.pending(Wanted::default());
    let ids = |shown: &[Pending]| -> Vec<DeliveryId> {
        shown.iter().map(|pending| pending.delivery.id).collect()
    };
    let page = |after, destination| {
        let wanted = Wanted {
            destination,
            after,
            limit: 2,
        };
        ids(&world.engine.pending(wanted))
    };
    let all_ids = ids(&all);
    assert_eq!(page(None, None), all_ids[..2]);
    let second = &all[1].delivery;
    assert_eq!(page(Some((second.priority, second.id)), None), all_ids[2..]);
    assert_eq!(page(None, Some(world.chat(GROUP).into())), []);
}

#[test]
fn a_person_says_that_a_chat_takes_messages_again() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    let reason = "bot was blocked by the user".to_owned();
    world.settle(&work, None, Outcome::Unreachable { reason });
    let ann = world.chat(ANN).into();
    let mut out = Effects::default();
    assert!(world.engine.reach_again(world.now, ann, &mut out));
    let said = world.deliver();
    assert!(said.iter().any(|(_, text)| text.contains("HighCPU")));
    assert!(!world.engine.reach_again(world.now, ann, &mut out));
}

#[test]
fn to_drop_a_delivery_is_no_attempt() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let id = *world.engine.deliveries.keys().next().unwrap();
    let mut out = Effects::default();
    let dropped = world.engine.drop_delivery(world.now, id, &mut out);
    assert_eq!(dropped, Dropped::Done);
    let attempts = out.changes.iter().find_map(|change| match change {
        Change::DeliveryDone(done) => Some(done.attempts),
        _ => None,
    });
    assert_eq!(attempts, Some(0));
    assert_eq!(world.deliver(), []);
}

#[test]
fn what_is_on_its_way_can_not_be_dropped() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    let (now, mut out) = (world.now, Effects::default());
    let dropped = world.engine.drop_delivery(now, work.ids[0], &mut out);
    assert_eq!(dropped, Dropped::OnItsWay);
}

#[test]
fn what_may_have_arrived_gets_its_end_though_it_was_dropped() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    let reason = "cut off".to_owned();
    let partly = true;
    world.settle(&work, None, Outcome::Retry { partly, reason });
    world.resolves("HighCPU", "a");
    let id = *world.engine.deliveries.keys().next().unwrap();
    let (now, mut out) = (world.now, Effects::default());
    world.engine.drop_delivery(now, id, &mut out);
    assert_eq!(world.kinds(), ["new"], "its end");
}

#[test]
fn a_message_that_was_refused_because_the_group_moved_has_not_been_seen() {
    let mut world = World::new();
    world.says_in(GROUP, ANN, Some(true), "/regexp all");
    world.deliver();
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    let mut out = Effects::default();
    let settled = Settled {
        ids: work.ids,
        message_id: None,
        outcome: Outcome::Migrated { to: -1_000 },
    };
    world.engine.settle(world.now, settled, &mut out);
    let fates = out.changes.iter().filter_map(|change| match change {
        Change::DeliveryDone(done) => Some(done.fate),
        _ => None,
    });
    assert_eq!(fates.collect::<Vec<_>>(), [Fate::Moved]);
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), [] as [&str; 0]);
}
