//! What goes out when, and what is never exceeded.

mod storms;

use super::*;
use crate::chat::BotId;
use proptest::prelude::*;

fn chat(number: i64) -> ChatKey {
    ChatKey {
        bot: BotId(1),
        chat: number,
        topic: None,
    }
}

fn add(schedule: &mut Schedule, id: i64, number: i64, priority: Priority) {
    schedule.add(DeliveryId(id), chat(number), priority);
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_000_000 + ms)
}

/// Sends whatever may go, each request taking no time; returns when which went together.
fn run(schedule: &mut Schedule, from_ms: i64, until_ms: i64) -> Vec<(i64, Vec<i64>)> {
    let mut log = Vec::new();
    let mut now = from_ms;
    while now <= until_ms {
        match schedule.next(at(now)) {
            Next::Send(ids, key) => {
                schedule.done(key, at(now));
                log.push((now, ids.iter().map(|id| id.0).collect()));
            }
            Next::Wait(then) => now = then.as_millis() - at(0).as_millis(),
            Next::Idle => break,
        }
    }
    log
}

#[test]
fn the_most_urgent_goes_first_then_the_oldest() {
    let mut schedule = Schedule::default();
    add(&mut schedule, 1, 5, Priority::News);
    add(&mut schedule, 2, 5, Priority::Quiet);
    add(&mut schedule, 3, 5, Priority::Critical);
    add(&mut schedule, 5, 5, Priority::Answer);
    let order: Vec<Vec<i64>> = run(&mut schedule, 0, 60_000)
        .into_iter()
        .map(|(_, ids)| ids)
        .collect();
    assert_eq!(order, [[3], [5], [1], [2]]);
}

#[test]
fn a_chat_gets_one_delivery_at_a_time() {
    let mut schedule = Schedule::default();
    add(&mut schedule, 1, 5, Priority::News);
    add(&mut schedule, 2, 5, Priority::News);
    let one = |id| Next::Send(vec![DeliveryId(id)], chat(5));
    assert_eq!(schedule.next(at(0)), one(1));
    assert_eq!(schedule.next(at(0)), Next::Idle);
    schedule.done(chat(5), at(0));
    assert_eq!(schedule.next(at(0)), one(2));
}

#[test]
fn a_frozen_chat_delays_no_other() {
    let mut schedule = Schedule::default();
    add(&mut schedule, 1, 5, Priority::Critical);
    add(&mut schedule, 2, 6, Priority::Quiet);
    schedule.freeze(chat(5), at(30_000));
    let expected = [(0, vec![2]), (30_000, vec![1])];
    assert_eq!(run(&mut schedule, 0, 60_000), expected);
}

#[test]
fn hurry_ends_pauses_but_not_what_the_provider_asked_for() {
    let mut schedule = Schedule::default();
    add(&mut schedule, 1, 5, Priority::News);
    add(&mut schedule, 2, 6, Priority::News);
    schedule.freeze_all(at(60_000));
    schedule.pause(chat(5), at(60_000));
    schedule.freeze(chat(6), at(30_000));
    assert_eq!(run(&mut schedule, 0, 1_000), []);
    schedule.hurry(chat(5));
    schedule.hurry(chat(6));
    let expected = [(0, vec![1]), (30_000, vec![2])];
    assert_eq!(run(&mut schedule, 0, 60_000), expected);
}

#[test]
fn what_a_chat_can_not_be_sent_at_once_goes_in_one_batch() {
    for (number, alone) in [(5, 4), (-5, 6)] {
        let mut schedule = Schedule::default();
        for id in 0..alone {
            add(&mut schedule, id, number, Priority::News);
        }
        let sent = run(&mut schedule, 0, 60_000);
        assert_eq!(sent.len(), usize::try_from(alone).unwrap(), "{sent:?}");
        let mut schedule = Schedule::default();
        for id in 0..=alone {
            add(&mut schedule, id, number, Priority::News);
        }
        let sent = run(&mut schedule, 0, 0);
        assert_eq!(sent, [(0, (0..=alone).collect::<Vec<_>>())]);
    }
}

#[test]
fn answers_edits_and_other_topics_stay_out_of_a_batch() {
    let mut schedule = Schedule::default();
    for id in 0..10 {
        add(&mut schedule, id, -5, Priority::News);
    }
    let elsewhere = ChatKey {
        topic: Some(7),
        ..chat(-5)
    };
    schedule.add(DeliveryId(10), elsewhere, Priority::News);
    add(&mut schedule, 11, -5, Priority::Quiet);
    add(&mut schedule, 12, -5, Priority::Answer);
    let sent: Vec<Vec<i64>> = run(&mut schedule, 0, 60_000)
        .into_iter()
        .map(|(_, ids)| ids)
        .collect();
    assert_eq!(sent, [vec![12], (0..10).collect(), vec![10], vec![11]]);
}

#[test]
fn critical_news_passes_a_group_whose_pace_is_used_up() {
    let mut schedule = Schedule::default();
    for id in 0..4 {
        add(&mut schedule, id, -5, Priority::News);
    }
    assert_eq!(run(&mut schedule, 0, 0).len(), 4);
    add(&mut schedule, 10, -5, Priority::News);
    assert_eq!(run(&mut schedule, 100, 100), []);
    add(&mut schedule, 11, -5, Priority::Critical);
    assert_eq!(run(&mut schedule, 100, 100), [(100, vec![11])]);
}

#[test]
fn answers_pass_a_group_that_is_full_of_news() {
    let mut schedule = Schedule::default();
    for id in 0..40 {
        add(&mut schedule, id, -5, Priority::Quiet);
    }
    let sent = run(&mut schedule, 0, 59_000);
    assert_eq!(sent.len(), 9, "{sent:?}");
    add(&mut schedule, 100, -5, Priority::Answer);
    assert_eq!(run(&mut schedule, 59_000, 59_000), [(59_000, vec![100])]);
}

#[test]
fn whoever_asks_without_end_keeps_nobody_from_hearing_what_is_critical() {
    for (number, quickly_ms) in [(5, 3_000), (-5, 0)] {
        let mut schedule = Schedule::default();
        for id in 0..100 {
            add(&mut schedule, id, number, Priority::Answer);
        }
        run(&mut schedule, 0, 30_000);
        add(&mut schedule, 100, number, Priority::Critical);
        let sent = run(&mut schedule, 30_000, 30_000 + quickly_ms);
        assert!(sent.iter().any(|(_, ids)| ids == &[100]), "{sent:?}");
    }
}

#[test]
fn critical_news_finds_room_in_a_group_that_is_full_of_other_news() {
    let mut schedule = Schedule::default();
    for id in 0..40 {
        add(&mut schedule, id, -5, Priority::Quiet);
    }
    run(&mut schedule, 0, 45_000);
    add(&mut schedule, 100, -5, Priority::Critical);
    assert_eq!(run(&mut schedule, 45_000, 45_000), [(45_000, vec![100])]);
}

proptest! {
    #[test]
    fn no_window_is_ever_exceeded_and_nothing_is_left(
        added in proptest::collection::vec((0usize..4, 0u8..4), 1..200),
    ) {
        let mut schedule = Schedule::default();
        let chats = [5, 6, -7, -8];
        let priorities = [Priority::Answer, Priority::Critical, Priority::News, Priority::Quiet];
        for (id, (chat, priority)) in (0..).zip(&added) {
            add(&mut schedule, id, chats[*chat], priorities[usize::from(*priority)]);
        }
        let log = run(&mut schedule, 0, 3_600_000);
        let mut told: Vec<i64> = log.iter().flat_map(|(_, ids)| ids.clone()).collect();
        told.sort_unstable();
        prop_assert_eq!(told, (0..i64::try_from(added.len()).unwrap()).collect::<Vec<_>>());
        for (start, _) in &log {
            let inside = |window: i64, of: Option<i64>| log.iter().filter(|(then, ids)| {
                let chat = chats[added[usize::try_from(ids[0]).unwrap()].0];
                (*start..*start + window).contains(then) && of.is_none_or(|of| of == chat)
            }).count();
            prop_assert!(inside(1_000, None) <= 25);
            for number in chats {
                if number > 0 {
                    prop_assert!(inside(1_000, Some(number)) <= 3);
                    prop_assert!(inside(10_000, Some(number)) <= 12);
                } else {
                    prop_assert!(inside(60_000, Some(number)) <= 19);
                }
            }
        }
    }
}
