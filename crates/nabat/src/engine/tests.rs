//! The engine's thread with a real store, full disks included.

use std::time::Duration;

use nabat_core::alert::{Links, Status};
use nabat_core::change::{Change, Snapshot};
use nabat_core::destination::IntegrationId;
use nabat_core::route::{GroupBy, Integration, Route, Routing, Spec};
use nabat_core::time::Timestamp;

use super::*;
use crate::metrics::Metrics;
use crate::store::memory::Memory;
use crate::store::sqlite::Sqlite;
use crate::store::{Fence, Keep};

struct World {
    folder: tempfile::TempDir,
    store: Arc<Sqlite>,
    running: Running,
}

impl World {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Sqlite::open(&folder.path().join("nabat.db")).unwrap());
        let running = start(
            Arc::clone(&store) as Arc<dyn Store>,
            Settings::default(),
            Retention::default(),
            Metrics::default().engine,
        )
        .unwrap();
        Self {
            folder,
            store,
            running,
        }
    }

    fn kept(&self) -> usize {
        let all = Timestamp::from_millis(0);
        self.store.snapshot(all).unwrap().incidents.len()
    }
}

fn news(name: &str, size: usize) -> News {
    News {
        labels: [("alertname", name)].into_iter().collect(),
        annotations: [("description", "x".repeat(size))].into_iter().collect(),
        links: Links::default(),
        group: None,
        starts_at: None,
        status: Status::Firing { expires: None },
        own: false,
    }
}

async fn until_ready(handle: &Handle) {
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while !handle.ready() {
            tokio::task::yield_now().await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.expect("the engine takes alerts again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_is_on_disk_when_the_answer_comes() {
    let world = World::start();
    let handle = &world.running.handle;
    for number in 0..20 {
        handle
            .news(vec![news(&format!("A{number}"), 10)])
            .await
            .unwrap();
        assert_eq!(world.kept(), number + 1);
    }
    world.running.stop().await.unwrap();
    drop(world.store);
    let again = Sqlite::open(&world.folder.path().join("nabat.db")).unwrap();
    let all = Timestamp::from_millis(0);
    assert_eq!(again.snapshot(all).unwrap().incidents.len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_share_commits() {
    let world = World::start();
    let handle = &world.running.handle;
    let asks = (0..500).map(|number| {
        let handle = handle.clone();
        tokio::spawn(async move { handle.news(vec![news(&format!("A{number}"), 10)]).await })
    });
    for ask in asks.collect::<Vec<_>>() {
        ask.await.unwrap().unwrap();
    }
    assert_eq!(world.kept(), 500);
    world.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_is_taken_and_nothing_is_half_done() {
    let world = World::start();
    let handle = &world.running.handle;
    handle.news(vec![news("first", 10)]).await.unwrap();
    world.store.limit_pages(1);
    let many: Vec<News> = (0..200)
        .map(|number| news(&format!("B{number}"), 4_000))
        .collect();
    let refused = handle.news(many.clone()).await;
    assert!(
        matches!(refused, Err(NotTaken::Unavailable { .. })),
        "{refused:?}"
    );
    assert_eq!(world.kept(), 1, "nothing of the request was kept");
    let shown = handle.overview().await.unwrap();
    let firing = shown.firing(Timestamp::from_millis(0), &[]);
    assert_eq!(firing.len(), 1, "what was stored can be looked at");

    world.store.limit_pages(1_000_000);
    until_ready(handle).await;
    handle.news(many).await.unwrap();
    assert_eq!(world.kept(), 201);
    assert_eq!(handle.look().await.unwrap().figures.open_incidents, 201);
    world.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_could_not_be_stored_are_not_in_force_afterwards() {
    let world = World::start();
    let handle = &world.running.handle;
    let many = (0..1_000).map(|number| news(&format!("A{number}"), 10));
    handle.news(many.collect()).await.unwrap();
    world.store.limit_pages(1);
    let settings = Settings {
        routing: Some(everything_to_one_receiver()),
        ..Settings::default()
    };
    let refused = handle.configure(settings, Retention::default()).await;
    assert!(
        matches!(refused, Err(NotTaken::Unavailable { .. })),
        "{refused:?}"
    );
    world.store.limit_pages(1_000_000);
    until_ready(handle).await;
    assert_eq!(handle.look().await.unwrap().figures.cards, 0);
    world.running.stop().await.unwrap();
}

fn everything_to_one_receiver() -> Arc<Routing> {
    let root = Route::root(Spec {
        receiver: Some("hook".into()),
        group_by: Some(GroupBy::All),
        ..Spec::default()
    });
    let integration = Integration {
        id: IntegrationId(1),
        receiver: "hook".into(),
        name: "hook: somewhere".into(),
        send_resolved: true,
    };
    Arc::new(Routing::new(root, [integration]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_lost_its_lease_stops() {
    let world = World::start();
    world
        .store
        .acquire(crate::store::ENGINE_LEASE, "another")
        .unwrap();
    let refused = world.running.handle.news(vec![news("late", 10)]).await;
    assert!(refused.is_err());
    assert!(matches!(
        world.running.stop().await,
        Err(Broken::Store(StoreError::Fenced { .. }))
    ));
}

#[tokio::test]
async fn a_full_disk_does_not_hold_up_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Sqlite::open(&folder.path().join("nabat.db")).unwrap());
    let (asks, queue) = mpsc::channel(2);
    let metrics = Metrics::default().engine;
    let ready = Arc::new(AtomicBool::new(true));
    let settings = Settings::default();
    let (keep, writer) = (Retention::default(), Arc::clone(&store) as _);
    let worker = worker::Worker::new(writer, settings, keep, metrics, queue, ready).unwrap();
    store.limit_pages(1);
    let many = (0..200).map(|number| news(&format!("B{number}"), 4_000));
    let (reply, answer) = oneshot::channel();
    asks.try_send(Ask::News(many.collect(), reply)).unwrap();
    asks.try_send(Ask::Stop).unwrap();
    let stopped = tokio::time::timeout(Duration::from_secs(20), worker.run()).await;
    stopped.expect("it stops").unwrap();
    let refused = answer.await.unwrap();
    assert!(
        matches!(refused, Err(NotTaken::Unavailable { .. })),
        "{refused:?}"
    );
}

/// A store that can't be written without a panic.
#[derive(Debug, Default)]
struct Panicking(Memory);

impl Store for Panicking {
    fn acquire(&self, lease: &str, holder: &str) -> Result<Fence, StoreError> {
        self.0.acquire(lease, holder)
    }

    fn instance(&self) -> Result<String, StoreError> {
        self.0.instance()
    }

    fn apply(&self, _: &Fence, _: &[Change]) -> Result<(), StoreError> {
        panic!("a mistake");
    }

    fn snapshot(&self, ended_since: Timestamp) -> Result<Snapshot, StoreError> {
        self.0.snapshot(ended_since)
    }

    fn prune(&self, fence: &Fence, keep: Keep, limit: usize) -> Result<usize, StoreError> {
        self.0.prune(fence, keep, limit)
    }

    fn prune_history(&self, fence: &Fence, keep: Keep, limit: usize) -> Result<usize, StoreError> {
        self.0.prune_history(fence, keep, limit)
    }

    fn probe(&self, fence: &Fence) -> Result<(), StoreError> {
        self.0.probe(fence)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_panicked_says_so() {
    let store = Arc::new(Panicking::default());
    let running = start(
        store,
        Settings::default(),
        Retention::default(),
        Metrics::default().engine,
    )
    .unwrap();
    let refused = running.handle.news(vec![news("first", 10)]).await;
    assert!(matches!(refused, Err(NotTaken::Stopping)), "{refused:?}");
    assert!(matches!(running.stop().await, Err(Broken::Panicked)));
}
