//! What every store must do with monitors, their history and signs of life.

use tempfile::TempDir;

use nabat_core::change::Change;
use nabat_core::monitor::record::{Edge, Kept, Origin, Ping, Record};
use nabat_core::monitor::{MonitorId, State, Status};

use super::{at, fence};
use crate::store::{History, PINGS_KEPT, Store};

pub(super) fn run<S: Store + History>(fresh: impl Fn() -> (TempDir, S)) {
    let scenarios: [(&str, fn(&S)); 4] = [
        ("monitors come back until they go", monitors_come_back),
        ("no number is given twice", no_number_is_given_twice),
        ("history is amended and forgotten", history_is_amended),
        ("the last signs of life are kept", the_last_pings_are_kept),
    ];
    for (name, scenario) in scenarios {
        let (_folder, store) = fresh();
        eprintln!("contract: {name}");
        scenario(&store);
    }
}

fn record(id: u64) -> Record {
    Record {
        id: MonitorId(id),
        name: format!("web-{id}"),
        origin: Origin::Made {
            by: "Ann".to_owned(),
            public_only: true,
        },
        definition: "{\"ping\":\"10.0.0.7\"}".to_owned(),
        key: Some(format!("key-{id}")),
        made_at: at(1),
        changed_at: at(2),
    }
}

fn put(record: &Record) -> Change {
    Change::Monitor(Box::new(record.clone()))
}

fn apply(store: &impl Store, changes: &[Change]) {
    store.apply(&fence(store), changes).unwrap();
}

fn monitors_come_back<S: Store + History>(store: &S) {
    let kept = |record, state| Kept {
        record,
        state,
        pings: 0,
    };
    apply(store, &[put(&record(2)), put(&record(1))]);
    apply(store, &[Change::WatchedUntil(at(5))]);
    let found = store.monitors().unwrap();
    assert_eq!(found.until, Some(at(5)));
    assert_eq!(
        found.monitors,
        [kept(record(1), None), kept(record(2), None)]
    );

    let state = State::fresh(at(3));
    let renamed = Record {
        name: "db".to_owned(),
        key: None,
        made_at: at(9),
        changed_at: at(9),
        ..record(1)
    };
    let known = Change::MonitorState(MonitorId(1), Box::new(state.clone()));
    apply(
        store,
        &[known, put(&renamed), Change::MonitorGone(MonitorId(2))],
    );
    let made_at = record(1).made_at;
    let expected = kept(Record { made_at, ..renamed }, Some(state));
    assert_eq!(store.monitors().unwrap().monitors, [expected]);
}

fn no_number_is_given_twice<S: Store + History>(store: &S) {
    assert_eq!(store.monitors().unwrap().numbers_used, 0);
    apply(store, &[put(&record(7)), put(&record(3))]);
    apply(store, &[Change::MonitorGone(MonitorId(7))]);
    assert_eq!(store.monitors().unwrap().numbers_used, 7);
}

fn history_is_amended<S: Store + History>(store: &S) {
    let edge = |second, status, words: &str| Edge {
        monitor: MonitorId(1),
        at: at(second),
        status,
        words: words.to_owned(),
    };
    let (up, down) = (edge(1, Status::Up, ""), edge(5, Status::Down, "no answer"));
    let keep = |edge: &Edge| Change::Edge(Box::new(edge.clone()));
    let late = edge(8, Status::Up, "");
    apply(
        store,
        &[put(&record(1)), keep(&up), keep(&late), keep(&down)],
    );
    let edges = |since| store.edges(MonitorId(1), at(since)).unwrap();
    assert_eq!(edges(0), [up.clone(), down.clone()]);
    assert_eq!(edges(6), edges(0)[1..], "how it stood is part of it");
    apply(store, &[Change::EdgesGone(at(4))]);
    assert_eq!(edges(0), [up, down.clone()], "it was so at that moment");
    apply(store, &[Change::EdgesGone(at(5))]);
    assert_eq!(edges(0), [down]);
    apply(store, &[Change::MonitorGone(MonitorId(1))]);
    assert_eq!(edges(0), []);
}

fn the_last_pings_are_kept<S: Store + History>(store: &S) {
    let ping = |number: u64| Ping {
        monitor: MonitorId(1),
        number,
        at: at(i64::try_from(number).unwrap()),
        said: "success".to_owned(),
        took_millis: Some(number),
        from: "10.0.0.7".to_owned(),
        body: "done".to_owned(),
    };
    let all = (1..=PINGS_KEPT + 2).map(|number| Change::Ping(Box::new(ping(number))));
    let changes: Vec<Change> = [put(&record(1))].into_iter().chain(all).collect();
    apply(store, &changes);
    let newest = store.pings(MonitorId(1), 2).unwrap();
    assert_eq!(newest, [ping(PINGS_KEPT + 2), ping(PINGS_KEPT + 1)]);
    let kept = store.pings(MonitorId(1), 1_000).unwrap();
    assert_eq!(kept.len() as u64, PINGS_KEPT);
    assert_eq!(store.monitors().unwrap().monitors[0].pings, PINGS_KEPT + 2);
}
