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
    _folder: tempfile::TempDir,
}

impl World {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
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
        let watch = start(engine.handle.clone(), &*store, tools, files, config).unwrap();
        Self {
            engine,
            watch,
            _folder: folder,
        }
    }

    async fn put(&self, name: &str, origin: Origin) -> Result<Vec<Put>, Refused> {
        // A heartbeat: nothing is looked at.
        let text = format!(r#"{{"name": "{name}", "heartbeat": {{"period": "1d"}}}}"#);
        let written = parse_monitor(Path::new("test"), text.as_bytes()).unwrap();
        let wanted = Wanted {
            written,
            origin,
            introduced: None,
        };
        self.watch.handle.put(vec![wanted], Mode::Create).await
    }

    async fn stop(self) {
        self.watch.stop().await;
        self.engine.stop().await.unwrap();
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
    let world = World::start();
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
    let world = World::start();
    let made = world.put("a", by(1, -1, true)).await.unwrap();
    let admin = Origin::Made {
        by: "api-token".to_owned(),
        public_only: false,
    };
    let text = r#"{"name": "a", "heartbeat": {"period": "2d"}}"#;
    let wanted = || Wanted {
        written: parse_monitor(Path::new("test"), text.as_bytes()).unwrap(),
        origin: admin.clone(),
        introduced: None,
    };
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
    let world = World::start();
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
