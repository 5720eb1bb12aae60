//! The watch with a real engine and store: what is shown at a glance, and how much people may make.

use std::path::Path;

use nabat_core::chat::ChatKey;
use nabat_core::chat::{BotId, PersonId};
use nabat_core::engine::Settings;
use nabat_core::engine::wish::{MADE_BY_PERSON_MAX, MADE_IN_CHAT_MAX};

use super::*;
use crate::config::{Config, parse_monitor};
use crate::engine::{Retention, Running as Engine};
use crate::metrics::Metrics;
use crate::samples::{Keep, Samples};
use crate::store::sqlite::Sqlite;

struct World {
    engine: Engine,
    watch: Running,
    folder: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        Self::on(tempfile::tempdir().unwrap()).await
    }

    async fn on(folder: tempfile::TempDir) -> Self {
        let store = Arc::new(Sqlite::open(&folder.path().join("nabat.db")).unwrap());
        let engine = crate::engine::start(
            Arc::clone(&store) as _,
            Settings::default(),
            Retention::default(),
            Metrics::default().engine,
        )
        .unwrap();
        let samples = Samples::open(&folder.path().join("samples.db"), Keep::default()).unwrap();
        let files = Files {
            samples: Arc::new(samples),
            folder: folder.path().to_owned(),
        };
        let tools = Arc::new(Tools::start().unwrap());
        let config = Config::default();
        let started = start(engine.handle.clone(), &*store, tools, files, config).await;
        Self {
            engine,
            watch: started.unwrap(),
            folder,
        }
    }

    /// Stops, and goes on from what is stored.
    async fn restart(self) -> Self {
        let Self {
            engine,
            watch,
            folder,
        } = self;
        watch.stop().await;
        engine.stop().await.unwrap();
        Self::on(folder).await
    }

    /// The monitors that are told to be left out, if any.
    async fn left_out(&self) -> Option<String> {
        let overview = self.engine.handle.overview().await.unwrap();
        let firing = overview.firing(crate::clock::now(), &[]);
        let left_out = alarms::left_out("").labels;
        let one = firing.iter().find(|one| one.incident.labels == left_out)?;
        Some(one.incident.annotations.get("description")?.to_owned())
    }

    async fn put(&self, name: &str, origin: Origin) -> Result<Vec<Put>, Refused> {
        // A heartbeat: nothing is looked at.
        let text = format!(r#"{{"name": "{name}", "heartbeat": {{"period": "1d"}}}}"#);
        let wanted = wanted(&text, origin);
        self.watch.handle.put(vec![wanted], Mode::Create).await
    }

    /// Waits until a monitor stands like this.
    async fn stands(&self, name: &str, status: Status) {
        let stands = async || self.watch.handle.one(name).await.unwrap().status == status;
        until(&format!("{name} to be {status:?}"), stands).await;
    }

    async fn stop(self) {
        self.watch.stop().await;
        self.engine.stop().await.unwrap();
    }
}

/// Waits until something is so.
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let so = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(20), so).await;
    in_time.unwrap_or_else(|_| panic!("waited in vain for {what}"));
}

fn wanted(text: &str, origin: Origin) -> Wanted {
    Wanted {
        written: parse_monitor(Path::new("test"), text.as_bytes()).unwrap(),
        origin,
        introduced: None,
    }
}

fn place(chat: i64) -> ChatKey {
    ChatKey {
        bot: BotId(7),
        chat,
        topic: None,
    }
}

fn by(person: i64, chat: i64, public_only: bool) -> Origin {
    Origin::Chat {
        by: "Pat".to_owned(),
        person: PersonId(person),
        chat: place(chat),
        public_only,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_owner_makes_so_many_monitors_and_a_chat_has_so_many_of_them() {
    let world = World::start().await;
    for number in 0..MADE_BY_PERSON_MAX {
        let name = format!("ann-{number}");
        world.put(&name, by(1, -1, true)).await.unwrap();
    }
    let refused = world.put("ann", by(1, -2, true)).await.unwrap_err();
    assert!(
        matches!(refused, Refused::TooManyOfPerson { .. }),
        "{refused}"
    );
    for number in MADE_BY_PERSON_MAX..MADE_IN_CHAT_MAX {
        let person = 1_000 + i64::try_from(number).unwrap();
        let name = format!("pat-{number}");
        world.put(&name, by(person, -1, true)).await.unwrap();
    }
    let refused = world.put("pat", by(2, -1, true)).await.unwrap_err();
    assert!(
        matches!(refused, Refused::TooManyInChat { .. }),
        "{refused}"
    );
    let elsewhere = world.put("elsewhere", by(2, -2, true)).await;
    elsewhere.unwrap();
    let owners = world.put("owners", by(1, -1, false)).await;
    owners.unwrap();
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_changes_a_monitor_neither_makes_it_theirs_nor_widens_its_reach() {
    let world = World::start().await;
    let made = world.put("a", by(1, -1, true)).await.unwrap();
    let text = r#"{"name": "a", "heartbeat": {"period": "2d"}}"#;
    let wanted = || wanted(text, admin());
    let handle = &world.watch.handle;
    let mode = Mode::Change(made[0].shown.record.changed_at);
    let changed = handle.put(vec![wanted()], mode).await.unwrap();
    assert_eq!(changed[0].done, PutDone::Changed);
    assert_eq!(changed[0].shown.record.origin, made[0].shown.record.origin);
    let late = handle.put(vec![wanted()], mode).await.unwrap_err();
    assert!(matches!(late, Refused::Overtaken { .. }), "{late}");
    let how = Apply {
        prune: false,
        dry_run: false,
    };
    let applied = handle.apply(vec![wanted()], how).await.unwrap();
    assert_eq!(applied.same, 1);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_a_glance_the_monitors_stand_in_pages_and_by_chat() {
    let world = World::start().await;
    for name in ["c", "a", "b"] {
        let made = world.put(name, by(1, -1, true)).await;
        made.unwrap();
    }
    let elsewhere = world.put("d", by(1, -2, true)).await;
    elsewhere.unwrap();
    let handle = &world.watch.handle;
    let glance = async |wanted: Glance| {
        let glanced = handle.glance(wanted).await.unwrap();
        let names = glanced.monitors.iter().map(|m| m.record.name.clone());
        (names.collect::<String>(), glanced.page, glanced.pages)
    };
    let page = |page| Glance {
        page,
        per_page: 3,
        ..Glance::default()
    };
    assert_eq!(glance(page(0)).await, ("abc".to_owned(), 0, 2));
    assert_eq!(glance(page(9)).await, ("d".to_owned(), 1, 2));
    let there = Glance {
        made_in: Some(place(-2)),
        ..page(0)
    };
    assert_eq!(glance(there).await, ("d".to_owned(), 0, 1));
    let none = Glance {
        text: "nothing".to_owned(),
        ..page(0)
    };
    assert_eq!(glance(none).await, (String::new(), 0, 1));
    let a = handle.one("a").await.unwrap();
    let numbered = handle.numbered(a.id()).await.unwrap();
    assert_eq!(numbered.record.name, "a");
    world.stop().await;
}

fn admin() -> Origin {
    Origin::Made {
        by: "api-token".to_owned(),
        public_only: false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_a_monitor_that_is_gone_is_nobodys() {
    let world = World::start().await;
    world.put("a", admin()).await.unwrap();
    let gone = world.put("b", admin()).await.unwrap()[0].shown.id();
    world
        .watch
        .handle
        .remove(vec!["b".to_owned()])
        .await
        .unwrap();
    let world = world.restart().await;
    let next = world.put("c", admin()).await.unwrap()[0].shown.id();
    assert!(next > gone, "{next:?} after {gone:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_stays_and_is_told_until_it_is_written_anew() {
    let world = World::start().await;
    let made = world.put("a", admin()).await.unwrap()[0].shown.clone();
    let db = world.folder.path().join("nabat.db");
    let World {
        engine,
        watch,
        folder,
    } = world;
    watch.stop().await;
    engine.stop().await.unwrap();
    let newer = r#"UPDATE monitors SET definition = '{"name": "a", "telepathy": "b"}'"#;
    let changed = rusqlite::Connection::open(&db).unwrap().execute(newer, []);
    assert_eq!(changed.unwrap(), 1);

    let world = World::on(folder).await;
    let other = world.put("b", admin()).await.unwrap()[0].shown.id();
    assert_ne!(other, made.id());
    let told = world.left_out().await.unwrap();
    assert!(told.contains("`a`"), "{told}");
    let chat = world.put("a", by(1, -1, true)).await.unwrap_err();
    assert!(matches!(chat, Refused::Exists { .. }), "{chat}");
    let anew = world.put("a", admin()).await.unwrap();
    assert_eq!(anew[0].shown.id(), made.id(), "its history is found again");
    until("nothing to be left out", async || {
        world.left_out().await.is_none()
    })
    .await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_time_zone_holds_for_heartbeats_that_are_there() {
    let world = World::start().await;
    let handle = &world.watch.handle;
    // Where noon is two seconds away, and where it is midnight.
    let seconds = i32::try_from(crate::clock::now().as_millis() / 1_000 % 86_400).unwrap();
    let zone = |local: i32| {
        let ahead = (local - seconds + 43_200).rem_euclid(86_400) - 43_200;
        jiff::tz::TimeZone::fixed(jiff::tz::Offset::from_seconds(ahead).unwrap())
    };
    let configure = async |local| {
        let config = Config {
            time_zone: zone(local),
            ..Config::default()
        };
        handle.configure(config).await;
    };
    configure(0).await;
    let text = r#"{"name": "a", "heartbeat": {"cron": "0 12 * * *", "grace": "1h"}}"#;
    let wanted = wanted(text, admin());
    handle.put(vec![wanted], Mode::Create).await.unwrap();
    let beat = Beat {
        address: Address::Slug("a".to_owned()),
        signal: Signal::Success,
        run: None,
        from: String::new(),
        body: String::new(),
    };
    handle.beat(beat).await.unwrap();
    assert_eq!(handle.one("a").await.unwrap().status, Status::Up);
    configure(43_200 - 2).await;
    world.stands("a", Status::Suspect).await;
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sees_a_part_counts_that_part() {
    let world = World::start().await;
    for name in ["a", "b", "c"] {
        world.put(name, admin()).await.unwrap();
    }
    let filter = Filter {
        scope: vec![Matcher::equal("monitor", "b")].into(),
        limit: 10,
        ..Filter::default()
    };
    let page = world.watch.handle.list(filter).await.unwrap();
    let names: Vec<_> = page.monitors.iter().map(|one| &*one.record.name).collect();
    assert_eq!(names, ["b"]);
    assert_eq!(page.counts, BTreeMap::from([(Status::Pending, 1)]));
    let nobody = world
        .watch
        .handle
        .numbered(MonitorId(99))
        .await
        .unwrap_err();
    assert_eq!(nobody.to_string(), "there is no monitor `99`");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_target_is_looked_at_at_once_and_not_judged_by_the_one_before() {
    let world = World::start().await;
    let listening = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listening.local_addr().unwrap();
    let put = async |kind: &str| {
        let text = format!(
            r#"{{"name": "a", "interval": "1h", "timeout": "1s", "retries": [], "{kind}": "{place}"}}"#
        );
        let wanted = wanted(&text, admin());
        let put = world.watch.handle.put(vec![wanted], Mode::Replace).await;
        put.unwrap();
    };
    let accepted = async || {
        let accepted = tokio::time::timeout(Duration::from_secs(20), listening.accept());
        accepted.await.expect("it is looked at").unwrap()
    };
    let shown = async || world.watch.handle.one("a").await.unwrap();
    put("tcp").await;
    let _first = accepted().await;
    world.stands("a", Status::Up).await;
    let up = shown().await;
    // It says nothing until the time is over; meanwhile it is another one.
    put("ssh").await;
    let _second = accepted().await;
    put("tcp").await;
    let _third = accepted().await;
    let looked_at = |shown: &Shown| shown.last.as_ref().map(|last| last.at);
    let again = async || looked_at(&shown().await) != looked_at(&up);
    until("another look", again).await;
    let now = shown().await;
    assert_eq!((now.status, now.since), (Status::Up, up.since), "{now:?}");
    world.stop().await;
}
