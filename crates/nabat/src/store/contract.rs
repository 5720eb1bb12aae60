//! What every store must do: the same scenarios run on each of them.

mod given;
mod history;
mod incidents;
mod monitors;
mod tokens;

use std::collections::BTreeMap;
use std::sync::Arc;

use tempfile::TempDir;

use nabat_core::alert::{Labels, Links};
use nabat_core::card::{Card, CardId, Routed, Told};
use nabat_core::change::{Change, Offset, Snapshot};
use nabat_core::chat::{
    Admits, BotId, BotToken, Chat, ChatKey, Disabled, Invite, MadeBot, Person, PersonId, Role,
};
use nabat_core::delivery::{Content, Delivery, DeliveryId, Priority};
use nabat_core::incident::{Acknowledgement, Ending, Expiry, Incident, IncidentId, State};
use nabat_core::matcher::parse_list;
use nabat_core::message::Message;
use nabat_core::message::words::Language;
use nabat_core::monitor::MonitorId;
use nabat_core::route::{Hours, Timing};
use nabat_core::silence::{Origin, Phase, Silence, SilenceId};
use nabat_core::subscription::{Selector, Subscription, SubscriptionId};
use nabat_core::time::Timestamp;

use super::{ENGINE_LEASE, Fence, History, Keep, Store, StoreError};

/// Runs every scenario on a fresh store each.
pub(crate) fn run<S: Store + History>(fresh: impl Fn() -> (TempDir, S)) {
    let scenarios: [(&str, fn(&dyn Store)); 8] = [
        ("everything comes back", everything_comes_back),
        ("what is gone stays gone", what_is_gone_stays_gone),
        ("all or nothing", all_or_nothing),
        ("a stale revision is refused", a_stale_revision_is_refused),
        ("an old fence is refused", an_old_fence_is_refused),
        ("a card keeps its ledger", a_card_keeps_its_ledger),
        ("only what matters is read", only_what_matters_is_read),
        ("old incidents are forgotten", old_incidents_are_forgotten),
    ];
    for (name, scenario) in scenarios {
        let (_folder, store) = fresh();
        eprintln!("contract: {name}");
        scenario(&store);
    }
    history::run(&fresh);
    incidents::run(&fresh);
    monitors::run(&fresh);
    tokens::run(&fresh);
    given::run(fresh);
}

/// Stores one of everything and returns what must come back.
pub(crate) fn fill(store: &dyn Store) -> Snapshot {
    let fence = fence(store);
    let expected = one_of_everything();
    store.apply(&fence, &changes(&expected)).unwrap();
    expected
}

/// Stores so much that each table takes several pages, and returns what must come back.
pub(crate) fn fill_pages(store: &dyn Store) -> Snapshot {
    let mut expected = one_of_everything();
    let told = Told {
        edition: 1,
        ..Told::default()
    };
    for number in 1_000..1_150 {
        expected.incidents.push(incident(number, 1, State::Firing));
        expected.cards.push(Card {
            id: CardId(number + 1_000),
            group: format!("group {number}").into(),
            members: BTreeMap::from([(IncidentId(number), told)]),
            ..expected.cards[0].clone()
        });
        expected.chats.push(Chat {
            key: key(number, None),
            ..expected.chats[0].clone()
        });
        expected.people.push(Person {
            id: PersonId(number),
            ..expected.people[0].clone()
        });
        expected.subscriptions.push(Subscription {
            id: SubscriptionId(number + 2_000),
            ..expected.subscriptions[0].clone()
        });
        expected.deliveries.push(Delivery {
            id: DeliveryId(number + 3_000),
            content: Content::Card(CardId(number + 1_000)),
            ..expected.deliveries[0].clone()
        });
    }
    expected.numbers_used = 10_000;
    store.apply(&fence(store), &changes(&expected)).unwrap();
    expected
}

/// Compares without regard to order.
pub(crate) fn assert_same(mut got: Snapshot, mut expected: Snapshot) {
    for snapshot in [&mut got, &mut expected] {
        snapshot.incidents.sort_by_key(|incident| incident.id);
        snapshot.chats.sort_by_key(|chat| chat.key);
        snapshot.people.sort_by_key(|person| person.id);
        snapshot.invites.sort_by_key(|invite| invite.code_hash);
        snapshot
            .subscriptions
            .sort_by_key(|subscription| subscription.id);
        snapshot.cards.sort_by_key(|card| card.id);
        snapshot.silences.sort_by_key(|silence| silence.id);
        snapshot.bots.sort_by_key(|bot| bot.id);
        snapshot.deliveries.sort_by_key(|delivery| delivery.id);
        snapshot.offsets.sort_by_key(|(bot, _)| *bot);
    }
    assert_eq!(got, expected);
}

fn fence(store: &dyn Store) -> Fence {
    store.acquire(ENGINE_LEASE, "test").unwrap()
}

fn read(store: &dyn Store) -> Snapshot {
    store.snapshot(at(0)).unwrap()
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn keep(since: i64, rows: usize) -> Keep {
    Keep {
        since: at(since),
        rows,
    }
}

fn key(chat: i64, topic: Option<i64>) -> ChatKey {
    ChatKey {
        bot: BotId(7),
        chat,
        topic,
    }
}

fn incident(id: i64, revision: u32, state: State) -> Incident {
    let labels: Labels = [("alertname", "Диск"), ("path", "/\"<&>\n")]
        .into_iter()
        .collect();
    Incident {
        id: IncidentId(id),
        revision,
        edition: revision,
        loud: 1,
        flaps: 2,
        fingerprint: labels.fingerprint(),
        labels,
        annotations: [("summary", "полон 🔥")].into_iter().collect(),
        links: Links {
            generator: Some("http://p/graph".into()),
            ..Links::default()
        },
        group: "{alertname=\"Диск\"}".into(),
        starts_at: at(1),
        opened_at: at(2),
        seen_at: at(3),
        expires: Some(Expiry::presumed(at(4))),
        acknowledged: Some(Box::new(Acknowledgement {
            by: "Ann".into(),
            at: at(3),
            until: at(9),
        })),
        state,
    }
}

fn ended(ms: i64) -> State {
    State::Ended {
        at: at(ms),
        how: Ending::Expired,
    }
}

fn silence(id: i64, phase: Phase, origin: Origin) -> Silence {
    Silence {
        id: SilenceId(id),
        matchers: parse_list("a=\"b, \\\"c\" d!~\"e|f\" g=~\"\"").unwrap(),
        starts_at: at(1),
        ends_at: at(99),
        updated_at: at(2),
        created_by: "Ann".into(),
        comment: "диск".into(),
        annotations: [("ticket", "№ 7")].into_iter().collect(),
        until_resolved: true,
        phase,
        origin,
    }
}

fn one_of_everything() -> Snapshot {
    let told = Told {
        edition: 2,
        ended: true,
        maybe: false,
    };
    Snapshot {
        incidents: vec![
            incident(1, 1, State::Firing),
            incident(2, 3, State::Stale),
            incident(3, 2, ended(500)),
        ],
        chats: vec![
            Chat {
                key: key(-100, Some(17)),
                title: "Дежурные".into(),
                language: Some(Language::Ru),
                zone: Some("Europe/Moscow".into()),
                muted_until: Some(at(9)),
                disabled: Some(Disabled {
                    since: at(8),
                    reason: "kicked".into(),
                }),
            },
            Chat {
                key: key(-100, None),
                title: String::new(),
                language: None,
                zone: None,
                muted_until: None,
                disabled: None,
            },
        ],
        people: vec![Person {
            id: PersonId(42),
            name: "Ann".into(),
            role: Role::Owner,
            since: at(1),
        }],
        invites: vec![
            Invite {
                code_hash: [3; 32],
                admits: Admits::Person(Role::Member),
                expires_at: at(99),
            },
            Invite {
                code_hash: [4; 32],
                admits: Admits::Group,
                expires_at: at(98),
            },
        ],
        silences: vec![
            silence(12, Phase::Active { since: 13 }, Origin::Api),
            silence(
                14,
                Phase::Pending,
                Origin::Chat {
                    chat: key(-100, Some(17)),
                    reminded: true,
                },
            ),
            silence(
                -15,
                Phase::Expired,
                Origin::Window {
                    rule: "0 2 * * sun 1h \"".into(),
                },
            ),
        ],
        subscriptions: vec![
            subscription(4, Selector::All),
            subscription(5, Selector::title("mem|cpu").unwrap()),
            subscription(6, Selector::labels("a=\"b, c\" d=~\"e|f\"").unwrap()),
        ],
        cards: vec![Card {
            id: CardId(8),
            destination: key(-100, Some(17)).into(),
            routed: Some(Routed {
                labels: [("alertname", "Диск")].into_iter().collect(),
                timing: Timing::default(),
                hours: Hours {
                    mute: vec!["ночи".into()],
                    active: vec!["office hours".into()],
                },
                opened_at: at(1),
                beat: None,
                told_at: Some(at(2)),
                instead_of: Some("Дежурные".into()),
            }),
            group: "{alertname=\"Диск\"}".into(),
            message_id: Some(555),
            behind: true,
            members: BTreeMap::from([(IncidentId(1), Told::default()), (IncidentId(3), told)]),
        }],
        deliveries: vec![
            delivery(9, Content::Card(CardId(8))),
            delivery(10, Content::Say(Message::of("hello"))),
            delivery(
                11,
                Content::Edit {
                    message_id: 5,
                    message: Message::of("hello"),
                },
            ),
        ],
        bots: vec![MadeBot {
            id: BotId(8),
            username: "shop_bot".into(),
            token: BotToken("8:token".into()),
            made_at: at(4),
        }],
        offsets: vec![(
            BotId(7),
            Offset {
                update_id: 77,
                at: at(3),
            },
        )],
        numbers_used: 1_000,
    }
}

fn subscription(id: i64, selector: Selector) -> Subscription {
    Subscription {
        id: SubscriptionId(id),
        chat: key(42, None),
        selector,
        created_by: PersonId(42),
        created_at: at(5),
        monitor: (id % 2 == 0).then_some(MonitorId(8)),
    }
}

fn delivery(id: i64, content: Content) -> Delivery {
    Delivery {
        id: DeliveryId(id),
        destination: key(42, None).into(),
        content,
        priority: Priority::Critical,
        created_at: at(6),
        attempts: 3,
        last_error: Some("Bad Gateway".into()),
    }
}

/// The changes that make an empty store give `snapshot`.
fn changes(snapshot: &Snapshot) -> Vec<Change> {
    let mut changes = vec![Change::NumbersUsed(snapshot.numbers_used)];
    let incidents = snapshot.incidents.iter().cloned();
    changes.extend(incidents.map(|incident| Change::Incident(Arc::new(incident))));
    changes.extend(snapshot.chats.iter().cloned().map(Change::Chat));
    changes.extend(snapshot.people.iter().cloned().map(Change::Person));
    changes.extend(snapshot.invites.iter().cloned().map(Change::Invite));
    let subscriptions = snapshot.subscriptions.iter().cloned();
    changes.extend(subscriptions.map(Change::Subscription));
    for card in &snapshot.cards {
        changes.push(Change::Card(Box::new(card.head())));
        changes.extend(card.members.iter().map(|(incident, told)| Change::Told {
            card: card.id,
            incident: *incident,
            told: *told,
        }));
    }
    let silences = snapshot.silences.iter().cloned();
    changes.extend(silences.map(|silence| Change::Silence(Arc::new(silence))));
    changes.extend(snapshot.deliveries.iter().cloned().map(Change::Delivery));
    let bots = snapshot.bots.iter().cloned();
    changes.extend(bots.map(|bot| Change::Bot(Box::new(bot))));
    let offsets = snapshot.offsets.iter();
    changes.extend(offsets.map(|(bot, offset)| Change::Offset(*bot, *offset)));
    changes
}

fn everything_comes_back(store: &dyn Store) {
    assert_same(read(store), Snapshot::default());
    let expected = fill(store);
    assert_same(read(store), expected);
}

fn what_is_gone_stays_gone(store: &dyn Store) {
    let full = fill(store);
    let fence = fence(store);
    let mut gone: Vec<Change> = Vec::new();
    gone.extend(full.chats.iter().map(|chat| Change::ChatGone(chat.key)));
    gone.extend(
        full.people
            .iter()
            .map(|person| Change::PersonGone(person.id)),
    );
    gone.extend(full.invites.iter().map(|i| Change::InviteGone(i.code_hash)));
    gone.extend(
        full.subscriptions
            .iter()
            .map(|s| Change::SubscriptionGone(s.id)),
    );
    gone.extend(full.bots.iter().map(|bot| Change::BotGone(bot.id)));
    gone.extend(full.silences.iter().map(|s| Change::SilenceGone(s.id)));
    gone.extend(full.cards.iter().map(|card| Change::CardGone(card.id)));
    gone.extend(full.deliveries.iter().map(|d| Change::DeliveryGone(d.id)));
    store.apply(&fence, &gone).unwrap();
    store.apply(&fence, &gone).unwrap();
    let expected = Snapshot {
        incidents: full.incidents,
        offsets: full.offsets,
        numbers_used: full.numbers_used,
        ..Snapshot::default()
    };
    assert_same(read(store), expected);
}

fn all_or_nothing(store: &dyn Store) {
    let expected = fill(store);
    let fence = fence(store);
    let person = Person {
        id: PersonId(1),
        name: "never kept".into(),
        role: Role::Member,
        since: at(1),
    };
    let stale = Change::Incident(Arc::new(incident(2, 3, State::Firing)));
    assert!(
        store
            .apply(&fence, &[Change::Person(person), stale])
            .is_err()
    );
    assert_same(read(store), expected);
}

fn a_stale_revision_is_refused(store: &dyn Store) {
    let fence = fence(store);
    let put = |revision, state| {
        let change = Change::Incident(Arc::new(incident(1, revision, state)));
        store.apply(&fence, &[change])
    };
    put(2, State::Firing).unwrap();
    for revision in [1, 2] {
        let refused = put(revision, State::Stale);
        assert!(
            matches!(refused, Err(StoreError::Stale { .. })),
            "{refused:?}"
        );
    }
    put(3, ended(7)).unwrap();
    assert_eq!(read(store).incidents, [incident(1, 3, ended(7))]);
}

fn an_old_fence_is_refused(store: &dyn Store) {
    let old = store.acquire(ENGINE_LEASE, "old").unwrap();
    let new = store.acquire(ENGINE_LEASE, "new").unwrap();
    let other = store.acquire("something else", "old").unwrap();
    let write = |fence| store.apply(fence, &[Change::NumbersUsed(5)]);
    assert!(matches!(write(&old), Err(StoreError::Fenced { .. })));
    assert!(matches!(store.probe(&old), Err(StoreError::Fenced { .. })));
    assert!(matches!(
        store.prune(&old, keep(1, 9), 1),
        Err(StoreError::Fenced { .. })
    ));
    assert_eq!(read(store).numbers_used, 0);
    write(&new).unwrap();
    store.probe(&new).unwrap();
    write(&other).unwrap();
    assert_eq!(read(store).numbers_used, 5);
}

fn a_card_keeps_its_ledger(store: &dyn Store) {
    let mut expected = fill(store);
    let fence = fence(store);
    let card = &mut expected.cards[0];
    card.message_id = Some(556);
    card.behind = false;
    card.destination = key(-200, None).into();
    card.routed = None;
    card.members.remove(&IncidentId(3));
    let told = Told {
        edition: 0,
        ended: false,
        maybe: true,
    };
    card.members.insert(IncidentId(1), told);
    let changes = [
        Change::Card(Box::new(card.head())),
        Change::ToldGone {
            card: card.id,
            incident: IncidentId(3),
        },
        Change::Told {
            card: card.id,
            incident: IncidentId(1),
            told,
        },
    ];
    store.apply(&fence, &changes).unwrap();
    assert_same(read(store), expected);
}

fn only_what_matters_is_read(store: &dyn Store) {
    let fence = fence(store);
    let put = |id, state| Change::Incident(Arc::new(incident(id, 1, state)));
    let changes = [
        put(1, ended(100)),
        put(2, ended(200)),
        put(3, ended(100)),
        put(4, State::Firing),
        Change::Told {
            card: CardId(9),
            incident: IncidentId(3),
            told: Told::default(),
        },
    ];
    store.apply(&fence, &changes).unwrap();
    let mut ids: Vec<i64> = store
        .snapshot(at(150))
        .unwrap()
        .incidents
        .iter()
        .map(|incident| incident.id.0)
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, [2, 3, 4]);
}

fn old_incidents_are_forgotten(store: &dyn Store) {
    let fence = fence(store);
    let put = |id, state| Change::Incident(Arc::new(incident(id, 1, state)));
    let changes = [
        put(1, ended(100)),
        put(2, ended(100)),
        put(3, ended(100)),
        put(4, ended(300)),
        put(5, State::Stale),
        Change::Told {
            card: CardId(9),
            incident: IncidentId(3),
            told: Told::default(),
        },
    ];
    store.apply(&fence, &changes).unwrap();
    assert_eq!(store.prune(&fence, keep(200, 9), 1).unwrap(), 1);
    assert_eq!(store.prune(&fence, keep(200, 9), 10).unwrap(), 1);
    assert_eq!(store.prune(&fence, keep(200, 9), 10).unwrap(), 0);
    assert_eq!(read(store).incidents.len(), 3);
    // What a card shows is kept, however little is to be kept.
    assert_eq!(store.prune(&fence, keep(0, 1), 10).unwrap(), 0);
    assert_eq!(store.prune(&fence, keep(0, 0), 10).unwrap(), 1);
    assert_eq!(read(store).incidents.len(), 2);
}
