//! What every store must do with the history of incidents.

use std::sync::Arc;

use tempfile::TempDir;

use nabat_core::change::Change;
use nabat_core::delivery::{DeliveryId, Fate};
use nabat_core::history::{Entry, EntryId, What};
use nabat_core::incident::{IncidentId, State};
use nabat_core::matcher::parse_list;
use nabat_core::subscription::Selector;

use super::{at, ended, fence, incident, keep, key};
use crate::store::{History, IncidentQuery, Store};

pub(super) fn run<S: Store + History>(fresh: impl Fn() -> (TempDir, S)) {
    let scenarios: [(&str, fn(&S)); 3] = [
        ("incidents are looked back at", incidents_are_looked_back_at),
        (
            "a page of incidents is followed by the next",
            a_page_is_followed_by_the_next,
        ),
        (
            "what happened goes with its incident",
            what_happened_goes_with_its_incident,
        ),
    ];
    for (name, scenario) in scenarios {
        let (_folder, store) = fresh();
        eprintln!("contract: {name}");
        scenario(&store);
    }
}

fn put(store: &dyn Store, id: i64, host: &str, state: State) {
    let mut known = incident(id, 1, state);
    known.labels = [("alertname", "Disk"), ("host", host)]
        .into_iter()
        .collect();
    known.opened_at = at(id * 10);
    let change = Change::Incident(Arc::new(known));
    store.apply(&fence(store), &[change]).unwrap();
}

fn found(store: &dyn History, query: &IncidentQuery) -> Vec<i64> {
    let page = store.incidents(query).unwrap();
    page.incidents.iter().map(|known| known.id.0).collect()
}

fn all() -> IncidentQuery {
    IncidentQuery {
        limit: 100,
        ..IncidentQuery::default()
    }
}

fn incidents_are_looked_back_at<S: Store + History>(store: &S) {
    put(store, 1, "db-1", ended(15));
    put(store, 2, "web-1", State::Firing);
    put(store, 3, "db-2", ended(90));
    put(store, 4, "db-1", State::Stale);
    let labels = |text| Some(Selector::labels(text).unwrap());
    let cases: [(&str, IncidentQuery, &[i64]); 9] = [
        ("all", all(), &[4, 3, 2, 1]),
        (
            "open",
            IncidentQuery {
                open: Some(true),
                ..all()
            },
            &[4, 2],
        ),
        (
            "over",
            IncidentQuery {
                open: Some(false),
                ..all()
            },
            &[3, 1],
        ),
        (
            "since",
            IncidentQuery {
                since: Some(at(50)),
                ..all()
            },
            &[4, 3, 2],
        ),
        (
            "until",
            IncidentQuery {
                until: Some(at(20)),
                ..all()
            },
            &[2, 1],
        ),
        (
            "before",
            IncidentQuery {
                before: Some(IncidentId(3)),
                ..all()
            },
            &[2, 1],
        ),
        (
            "labels",
            IncidentQuery {
                selector: labels("host=~\"db.*\""),
                ..all()
            },
            &[4, 3, 1],
        ),
        (
            "labels in a scope",
            IncidentQuery {
                selector: labels("host=~\"db.*\""),
                scope: parse_list("host!=db-2").unwrap().into(),
                ..all()
            },
            &[4, 1],
        ),
        (
            "nothing",
            IncidentQuery {
                selector: labels("host=x"),
                ..all()
            },
            &[],
        ),
    ];
    for (name, query, expected) in cases {
        assert_eq!(found(store, &query), expected, "{name}");
    }
    assert_eq!(store.incident(IncidentId(2)).unwrap().unwrap().id.0, 2);
    assert_eq!(store.incident(IncidentId(9)).unwrap(), None);
}

fn a_page_is_followed_by_the_next<S: Store + History>(store: &S) {
    for id in 1..=5 {
        put(store, id, "db", State::Firing);
    }
    let mut query = IncidentQuery { limit: 2, ..all() };
    let mut seen = Vec::new();
    loop {
        let page = store.incidents(&query).unwrap();
        assert!(page.incidents.len() <= 2);
        seen.extend(page.incidents.iter().map(|known| known.id.0));
        query.before = page.next;
        if query.before.is_none() {
            break;
        }
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
}

fn what_happened_goes_with_its_incident<S: Store + History>(store: &S) {
    put(store, 1, "db-1", ended(15));
    put(store, 2, "db-2", ended(25));
    let entry = |id, incident, what| Entry {
        id: EntryId(id),
        incident: IncidentId(incident),
        at: at(id),
        what,
    };
    let told = What::Told {
        destination: key(-5, Some(3)).into(),
        delivery: DeliveryId(7),
        fate: Fate::Uncertain,
        ended: true,
    };
    let taken = What::Acknowledged {
        by: "Аня".to_owned(),
        until: at(99),
    };
    let kept = [
        entry(10, 1, told),
        entry(11, 2, What::Unattended),
        entry(12, 1, taken),
    ];
    let changes = kept.clone().map(|entry| Change::Entry(Box::new(entry)));
    let fence = fence(store);
    store.apply(&fence, &changes).unwrap();
    let of_first = [kept[0].clone(), kept[2].clone()];
    assert_eq!(store.entries(IncidentId(1)).unwrap(), of_first);
    assert_eq!(store.prune(&fence, keep(20, 9), 10).unwrap(), 1);
    assert_eq!(store.entries(IncidentId(1)).unwrap(), []);
    assert_eq!(store.entries(IncidentId(2)).unwrap().len(), 1);
}
