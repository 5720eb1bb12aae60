//! Answers about monitors.

use std::time::Duration;

use super::*;
use crate::chat::{BotId, ChatKey, PersonId};
use crate::engine::wish::Refusal;
use crate::monitor::record;
use crate::monitor::view::{Listing, Look, Seen, Trace, Uptime, View};
use crate::monitor::{MonitorId, Outcome, Status};

const DAY: Duration = Duration::from_secs(86_400);

fn view(number: u64, name: &str, status: Status, words: &str) -> View {
    let latency = (status == Status::Up).then_some(Duration::from_micros(12_400));
    View {
        id: MonitorId(number),
        name: name.into(),
        kind: "http".into(),
        target: format!("https://{name}.example.org/"),
        origin: record::Origin::Chat {
            by: "Ann".into(),
            person: PersonId(42),
            chat: ChatKey {
                bot: BotId(7),
                chat: 42,
                topic: None,
            },
            public_only: true,
        },
        status,
        since: at("2026-11-20T15:25:00Z"),
        words: words.into(),
        flaps: false,
        maintenance_until: None,
        last: Some(Look {
            at: at("2026-11-20T15:29:50Z"),
            outcome: Outcome::Up,
            latency,
            words: words.into(),
        }),
        alerts: Vec::new(),
    }
}

fn shop() -> View {
    view(7, "shop", Status::Down, "status 503, expected 200–299")
}

fn backup(status: Status, words: &str) -> View {
    View {
        kind: "heartbeat".into(),
        target: "backup".into(),
        origin: record::Origin::Called,
        last: None,
        ..view(5, "backup", status, words)
    }
}

fn seen(view: View) -> Box<Seen> {
    let uptime = |days, ratio, watched| Uptime::new(DAY * days, ratio, watched);
    Box::new(Seen {
        view,
        uptimes: vec![
            uptime(1, Some(0.9993), DAY),
            uptime(7, Some(1.0), DAY * 3),
            uptime(30, None, Duration::ZERO),
        ],
    })
}

fn listing(items: Vec<View>) -> Listing {
    Listing {
        page: 1,
        pages: 3,
        items,
        counts: [
            (Status::Up, 37),
            (Status::Down, 2),
            (Status::Paused, 1),
            (Status::Degraded, 1),
        ]
        .into(),
    }
}

fn trace(outcome: Outcome, words: &str) -> Trace {
    Trace {
        outcome,
        latency: (outcome == Outcome::Up).then_some(Duration::from_millis(142)),
        address: Some([192, 0, 2, 1].into()),
        phases: vec![
            ("resolve", Duration::from_millis(2)),
            ("connect", Duration::from_millis(8)),
            ("tls", Duration::from_millis(21)),
            ("banner", Duration::from_micros(300)),
        ],
        findings: vec![(outcome, words.into())],
    }
}

fn list(text: &str) -> OfMonitor {
    OfMonitor::List {
        text: text.into(),
        listing: listing(vec![shop(), view(3, "router", Status::Up, "")]),
    }
}

/// One of each, with all there is to say.
pub(super) fn every_answer() -> Vec<Answer> {
    let name = || "shop".to_owned();
    let watched = |outcome, told| OfMonitor::Watched {
        name: name(),
        trace: trace(outcome, "status 200"),
        told,
    };
    let one = |view, changeable| OfMonitor::One {
        seen: seen(view),
        changeable,
    };
    let statuses = [
        Status::Pending,
        Status::Suspect,
        Status::Degraded,
        Status::Recovering,
        Status::Unknown,
        Status::Unreachable,
        Status::Paused,
    ];
    let mut all = vec![
        OfMonitor::Moment,
        OfMonitor::WatchHow,
        OfMonitor::CheckHow,
        OfMonitor::NoTarget { text: "a b".into() },
        OfMonitor::BadInterval { text: "2w".into() },
        watched(Outcome::Up, true),
        watched(Outcome::Degraded, true),
        watched(Outcome::Down, true),
        watched(Outcome::Unknown, false),
        OfMonitor::Exists {
            view: Box::new(shop()),
            told: true,
        },
        OfMonitor::Exists {
            view: Box::new(shop()),
            told: false,
        },
        list(""),
        OfMonitor::List {
            text: String::new(),
            listing: Listing::default(),
        },
        OfMonitor::List {
            text: "x".into(),
            listing: Listing::default(),
        },
        one(
            View {
                flaps: true,
                maintenance_until: Some(now()),
                origin: record::Origin::Config,
                ..view(3, "router", Status::Maintenance, "no answer")
            },
            true,
        ),
        one(shop(), false),
        one(backup(Status::Up, "heard"), true),
        OfMonitor::Checked {
            name: name(),
            trace: trace(Outcome::Up, "status 200"),
        },
        OfMonitor::Choose {
            listing: listing(vec![shop()]),
        },
        OfMonitor::Choose {
            listing: Listing::default(),
        },
        OfMonitor::SureToRemove {
            view: Box::new(shop()),
            others: 2,
        },
        OfMonitor::Removed { name: name() },
    ];
    let refusals = [
        Refusal::Unknown { name: name() },
        Refusal::Unknown {
            name: String::new(),
        },
        Refusal::Configured { name: name() },
        Refusal::NotTheirs { name: name() },
        Refusal::HasChildren {
            name: name(),
            child: "till".into(),
        },
        Refusal::TooMany { max: 50_000 },
        Refusal::TooManyOfPerson,
        Refusal::TooManyInChat,
        Refusal::NothingToProbe { name: name() },
        Refusal::NotSeen {
            name: name(),
            words: "db-1 is not on the internet".into(),
        },
        Refusal::Unfit {
            problem: "`interval`".into(),
        },
        Refusal::TooManyLooks,
        Refusal::NotNow,
    ];
    all.extend(statuses.map(|status| one(view(1, "shop", status, "words"), true)));
    all.extend(refusals.map(OfMonitor::Refused));
    all.into_iter().map(Answer::Monitor).collect()
}

#[test]
fn monitors_as_they_are_shown() {
    let down = OfMonitor::One {
        seen: seen(shop()),
        changeable: true,
    };
    let cases = [
        (
            list("example"),
            "*2 down, 1 degraded, 1 paused, 37 up* `example` · page 2 of 3\n\
             1. 🔴 *shop* · 5 min · status 503, expected 200–299\n\
             2. 🟢 *router* · 5 min · 12 ms\n\
             {1 → m:o:7}{2 → m:o:3}\n{◀ → m:p:0:example}{▶ → m:p:2:example}",
        ),
        (
            down,
            "🔴 *shop* · http `https://shop.example.org/`\n\
             Down since 15:25 (5 min): status 503, expected 200–299\n\
             Uptime: 1 d 99.93 % · 7 d 100 % of the 3 d watched\nMade by Ann\n\
             {🔍 Look now → m:c:7}{⏸ Pause → m:z:7}\n{🔧 1 h → m:t:7:1h}{🔧 4 h → m:t:7:4h}\n\
             {◀ All → m:p:0}{✖ Remove → m:d:7}",
        ),
        (
            OfMonitor::One {
                seen: Box::new(Seen {
                    view: View {
                        maintenance_until: Some(at("2026-11-20T19:30:00Z")),
                        origin: record::Origin::Config,
                        ..view(3, "router", Status::Maintenance, "")
                    },
                    uptimes: Vec::new(),
                }),
                changeable: true,
            },
            "🔧 *router* · http `https://router.example.org/`\n\
             In maintenance since 15:25 (5 min) · until 19:30\nDefined in the configuration\n\
             {🔍 Look now → m:c:3}{⏸ Pause → m:z:3}\n{🔧 End maintenance → m:t:3:0}\n{◀ All → m:p:0}",
        ),
        (
            OfMonitor::One {
                seen: Box::new(Seen {
                    view: View {
                        maintenance_until: Some(at("2026-11-20T19:30:00Z")),
                        ..backup(Status::Paused, "paused")
                    },
                    uptimes: Vec::new(),
                }),
                changeable: true,
            },
            "⏸ *backup* · heartbeat\nPaused since 15:25 (5 min)\nMade by its first call\n\
             {▶ Resume → m:r:5}\n{🔧 End maintenance → m:t:5:0}\n\
             {◀ All → m:p:0}{✖ Remove → m:d:5}",
        ),
        (
            OfMonitor::Checked {
                name: "shop".into(),
                trace: trace(Outcome::Up, "status 200"),
            },
            "🟢 *shop*: up · 142 ms · `192.0.2.1`\n✓ status 200\n\
             _name 2 ms · connection 8 ms · TLS 21 ms · banner 300 µs_",
        ),
        (
            OfMonitor::Watched {
                name: "shop".into(),
                trace: trace(Outcome::Down, "connection refused"),
                told: true,
            },
            "🔴 *shop*: does not answer as it should · connection refused\n\
             It is watched all the same; this chat is told how it stands.",
        ),
        (
            OfMonitor::Exists {
                view: Box::new(shop()),
                told: false,
            },
            "I watch *shop* already: `https://shop.example.org/`\n{🔔 Tell this chat → m:f:7}",
        ),
        (
            OfMonitor::SureToRemove {
                view: Box::new(shop()),
                others: 2,
            },
            "2 other chats and addresses are told of *shop*. Watch it no more, and forget its \
             history?\n{Yes, remove it → m:D:7}{No → m:o:7}",
        ),
    ];
    for (of_monitor, expected) in cases {
        assert_eq!(told(&Answer::Monitor(of_monitor), Language::En), expected);
    }
}

#[test]
fn counts_of_monitors_follow_the_language() {
    let first = |language| {
        let text = told(&Answer::Monitor(list("")), language);
        text.lines().next().unwrap().to_owned()
    };
    assert_eq!(
        first(Language::Ru),
        "*не работает: 2, с перебоями: 1, на паузе: 1, работает: 37* · страница 2 из 3"
    );
    assert_eq!(
        first(Language::PtBr),
        "*2 fora do ar, 1 com problemas, 1 pausado, 37 no ar* · página 2 de 3"
    );
}

#[test]
fn a_page_of_monitors_stays_within_a_message() {
    let wide = |status| View {
        name: "x".repeat(500),
        ..view(u64::MAX, "x", status, &"y".repeat(9_000))
    };
    let page = OfMonitor::List {
        text: "z".repeat(9_000),
        listing: listing((0..10).map(|_| wide(Status::Down)).collect()),
    };
    let one = OfMonitor::One {
        seen: seen(wide(Status::Suspect)),
        changeable: true,
    };
    for of_monitor in [page, one] {
        let message = of_monitor.message(&locale(Language::Ru), now());
        let width = message.text().encode_utf16().count();
        assert!(width < 4_000, "{width}");
    }
}
