//! What every store must do with the history of deliveries.

use tempfile::TempDir;

use nabat_core::change::Change;
use nabat_core::chat::{BotId, ChatKey};
use nabat_core::delivery::{Attempt, Content, DeliveryId, Done, Fate, Priority};
use nabat_core::destination::Destination;
use nabat_core::message::Message;

use super::{at, delivery, fence, read};
use crate::store::{ENGINE_LEASE, History, Keep, Query, Store, StoreError};

pub(super) fn run<S: Store + History>(fresh: impl Fn() -> (TempDir, S)) {
    let scenarios: [(&str, fn(&S)); 5] = [
        ("what ended is looked back at", what_ended_is_looked_back_at),
        (
            "a page is followed by the next",
            a_page_is_followed_by_the_next,
        ),
        ("attempts are kept in order", attempts_are_kept_in_order),
        ("old history is forgotten", old_history_is_forgotten),
        ("an old fence forgets nothing", an_old_fence_forgets_nothing),
    ];
    for (name, scenario) in scenarios {
        let (_folder, store) = fresh();
        eprintln!("contract: {name}");
        scenario(&store);
    }
}

fn destination(chat: i64) -> Destination {
    let bot = BotId(7);
    let topic = None;
    ChatKey { bot, chat, topic }.into()
}

fn done(id: i64, fate: Fate) -> Done {
    Done {
        id: DeliveryId(id),
        destination: destination(id % 2),
        subject: "Диск: \"/\" is full".to_owned(),
        priority: Priority::Critical,
        fate,
        attempts: 2,
        created_at: at(id),
        done_at: at(id * 10),
    }
}

fn attempt(id: i64, number: u32, words: &str) -> Change {
    Change::Attempt(Attempt {
        delivery: DeliveryId(id),
        number,
        at: at(i64::from(number)),
        fate: Fate::Retry,
        words: words.to_owned(),
    })
}

/// Keeps these deliveries as ended, in this order.
fn end(store: &impl Store, ended: impl IntoIterator<Item = Done>) {
    let ended = ended.into_iter().map(Box::new).map(Change::DeliveryDone);
    let changes: Vec<Change> = ended.collect();
    store.apply(&fence(store), &changes).unwrap();
}

fn found(store: &impl History, query: &Query) -> Vec<i64> {
    let records = store.deliveries(query).unwrap();
    records.iter().map(|record| record.done.id.0).collect()
}

fn all() -> Query {
    Query {
        limit: 100,
        ..Query::default()
    }
}

fn what_ended_is_looked_back_at<S: Store + History>(store: &S) {
    let waiting = delivery(4, Content::Say(Message::of("hello")));
    let changes = [Change::Delivery(waiting), attempt(4, 1, "Bad Gateway")];
    store.apply(&fence(store), &changes).unwrap();
    assert_eq!(found(store, &all()), [] as [i64; 0], "it waits");
    let expected = [done(4, Fate::Sent), done(9, Fate::Failed)];
    end(store, expected.clone());
    assert_eq!(read(store).deliveries, []);
    let gone = [Change::DeliveryGone(DeliveryId(4))];
    store.apply(&fence(store), &gone).unwrap();

    let [sent, failed] = expected;
    let record = store.delivery(DeliveryId(4)).unwrap().unwrap();
    assert_eq!(record.done, sent);
    assert_eq!(record.last_error.as_deref(), Some("Bad Gateway"));
    let record = store.delivery(DeliveryId(9)).unwrap().unwrap();
    assert_eq!((record.done, record.last_error), (failed, None));
    assert_eq!(store.delivery(DeliveryId(5)).unwrap(), None);
    assert_eq!(found(store, &all()), [9, 4]);
}

fn a_page_is_followed_by_the_next<S: Store + History>(store: &S) {
    let fates = [Fate::Sent, Fate::Failed, Fate::Unreachable];
    let fates = (1..=9).zip(fates.into_iter().cycle());
    end(store, fates.map(|(id, fate)| done(id, fate)));
    let page = |before: Option<i64>, fates: &[Fate], chat: Option<i64>| {
        let query = Query {
            before: before.map(DeliveryId),
            fates: fates.to_vec(),
            destination: chat.map(destination),
            limit: 4,
        };
        found(store, &query)
    };
    let good_and_bad = [Fate::Failed, Fate::Sent];
    assert_eq!(page(None, &[], None), [9, 8, 7, 6]);
    assert_eq!(page(Some(6), &[], None), [5, 4, 3, 2]);
    assert_eq!(page(Some(2), &[], None), [1]);
    assert_eq!(page(None, &[Fate::Failed], None), [8, 5, 2]);
    assert_eq!(page(None, &good_and_bad, None), [8, 7, 5, 4]);
    assert_eq!(page(None, &[], Some(1)), [9, 7, 5, 3]);
    assert_eq!(page(Some(8), &good_and_bad, Some(1)), [7, 5, 1]);
    assert_eq!(page(None, &[Fate::Dropped], None), [] as [i64; 0]);
}

fn attempts_are_kept_in_order<S: Store + History>(store: &S) {
    let changes = [
        attempt(3, 2, "second"),
        attempt(3, 1, "first"),
        attempt(4, 1, "of another"),
        attempt(3, 2, "second, said again"),
    ];
    store.apply(&fence(store), &changes).unwrap();
    let words = |id| -> Vec<String> {
        let attempts = store.attempts(DeliveryId(id)).unwrap();
        attempts.into_iter().map(|attempt| attempt.words).collect()
    };
    assert_eq!(words(3), ["first", "second, said again"]);
    // It goes without a trace in the history.
    let gone = [Change::DeliveryGone(DeliveryId(3))];
    store.apply(&fence(store), &gone).unwrap();
    assert_eq!(words(3), [] as [&str; 0]);
    assert_eq!(words(4), ["of another"]);
}

fn old_history_is_forgotten<S: Store + History>(store: &S) {
    end(store, (1..=9).map(|id| done(id, Fate::Sent)));
    let fence = fence(store);
    let attempts = [attempt(1, 1, "a"), attempt(8, 1, "b")];
    store.apply(&fence, &attempts).unwrap();
    let prune = |since, rows, limit| {
        let keep = Keep {
            since: at(since),
            rows,
        };
        store.prune_history(&fence, keep, limit).unwrap()
    };
    assert_eq!(prune(0, 9, 100), 0);
    assert_eq!(prune(40, 9, 2), 2);
    assert_eq!(found(store, &all()), [9, 8, 7, 6, 5, 4, 3]);
    assert_eq!(store.attempts(DeliveryId(1)).unwrap(), []);
    assert_eq!(prune(40, 9, 2), 1);
    assert_eq!(prune(0, 2, 100), 4);
    assert_eq!(found(store, &all()), [9, 8]);
    assert_eq!(store.attempts(DeliveryId(8)).unwrap().len(), 1);
}

fn an_old_fence_forgets_nothing<S: Store + History>(store: &S) {
    end(store, [done(1, Fate::Sent)]);
    let old = fence(store);
    store.acquire(ENGINE_LEASE, "another").unwrap();
    let keep = Keep {
        since: at(100),
        rows: 0,
    };
    let refused = store.prune_history(&old, keep, 10);
    assert!(
        matches!(refused, Err(StoreError::Fenced { .. })),
        "{refused:?}"
    );
    assert_eq!(found(store, &all()), [1]);
}
