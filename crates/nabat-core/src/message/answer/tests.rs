mod monitors;
mod wide;

use jiff::tz::TimeZone;

use super::*;
use crate::alert::Labels;
use crate::incident::Acknowledgement;
use crate::message::sketch::{at, disk_full, locale, now, sketch, stale};
use crate::silence::{Origin, Phase, SilenceId};

fn firing(incident: Incident) -> Firing {
    Firing {
        incident: Arc::new(incident),
        silenced_until: None,
        explained_by: None,
    }
}

fn taken(incident: Incident) -> Incident {
    let acknowledged = Acknowledgement {
        by: "Ann".into(),
        at: now(),
        until: now(),
    };
    Incident {
        acknowledged: Some(Box::new(acknowledged)),
        ..incident
    }
}

/// One of each, with all there is to say.
fn every_answer() -> Vec<Answer> {
    let what = || "mem|cpu".to_owned();
    let items = || vec![(1, what()), (2, "all".to_owned())];
    vec![
        Answer::Greeting {
            bot_name: "ops".into(),
        },
        Answer::Help {
            in_group: true,
            owner: true,
        },
        Answer::Paired { owner: true },
        Answer::Paired { owner: false },
        Answer::AlreadyKnown,
        Answer::GroupPaired,
        Answer::CodeNotValid,
        Answer::Stranger {
            user_id: 7,
            chat_id: Some(-100),
        },
        Answer::GroupNotKnown { chat_id: -100 },
        Answer::OwnersOnly,
        Answer::GroupAdminsOnly,
        Answer::AnonymousAdmin,
        Answer::Acknowledged {
            until: at("2026-11-20T19:30:00Z"),
        },
        Answer::AlreadyAcknowledged {
            by: vec!["Ann".into()],
            until: at("2026-11-20T19:30:00Z"),
        },
        Answer::Released,
        Answer::Silenced {
            until: at("2026-11-20T19:30:00Z"),
            until_resolved: false,
            matchers: silence().matchers.clone(),
            comment: "moving it".into(),
        },
        Answer::Silenced {
            until: at("2026-11-20T19:30:00Z"),
            until_resolved: true,
            matchers: silence().matchers.clone(),
            comment: "moving it".into(),
        },
        Answer::SilenceMatchesAll,
        Answer::SilenceHow,
        Answer::SilenceProposed(Question::First, preview(3, false)),
        Answer::SilenceProposed(Question::Second, preview(12, true)),
        Answer::SilenceProposed(
            Question::Second,
            Preview {
                until_resolved: true,
                ..preview(3, true)
            },
        ),
        Answer::SilenceDeclined,
        Answer::SilenceEndsSoon {
            silence: silence(),
            firing: 2,
        },
        Answer::SilenceEnded,
        Answer::NothingFires,
        Answer::NothingInCommon,
        Answer::TooManySilences,
        Answer::Silences {
            total: 21,
            items: vec![
                silence(),
                Arc::new(Silence {
                    until_resolved: true,
                    ..silence().as_ref().clone()
                }),
                Arc::new(Silence {
                    phase: Phase::Pending,
                    ..silence().as_ref().clone()
                }),
            ],
        },
        Answer::Silences {
            total: 0,
            items: Vec::new(),
        },
        Answer::SilenceUnknown,
        Answer::History { items: Vec::new() },
        Answer::HistoryUnreadable,
        Answer::DetailsFollow,
        Answer::Subscribed {
            what: what(),
            firing_now: 3,
        },
        Answer::Subscribed {
            what: what(),
            firing_now: 0,
        },
        Answer::AlreadySubscribed { what: "*".into() },
        Answer::BadExpression {
            selecting: Selecting::Silence,
            expression: "mem|(cpu".into(),
            at_byte: 4,
            problem: "unclosed group".into(),
        },
        Answer::ExpressionMissing(Selecting::Regexp),
        Answer::ExpressionMissing(Selecting::Subscribe),
        Answer::ExpressionTooLong { limit: 256 },
        Answer::TooManySubscriptions { limit: 50 },
        Answer::Subscriptions {
            items: items(),
            routed: routed(),
            muted_until: Some(at("2026-11-20T17:30:00Z")),
        },
        Answer::Subscriptions {
            items: Vec::new(),
            routed: Vec::new(),
            muted_until: None,
        },
        Answer::ChooseUnsubscribe { items: items() },
        Answer::UnknownSubscription {
            text: "nope".into(),
            items: items(),
        },
        Answer::Unsubscribed { what: what() },
        Answer::UnsubscribedAll { count: 2 },
        Answer::NoSuchSubscription,
        Answer::NoSubscriptions,
        Answer::Alerts {
            page: 2,
            pages: 3,
            total: 22,
            selected: String::new(),
            items: vec![
                firing(disk_full("db-1")),
                Firing {
                    explained_by: Some("NodeDown".into()),
                    ..firing(stale(disk_full("db-2")))
                },
            ],
        },
        Answer::Alerts {
            page: 1,
            pages: 1,
            total: 0,
            selected: "team=db".into(),
            items: Vec::new(),
        },
        Answer::Status(Box::new(status())),
        Answer::Status(Box::new(ChatStatus {
            last_news_at: None,
            here: Queue {
                disabled: Some("the bot was removed".into()),
                ..Queue::default()
            },
            elsewhere: elsewhere(),
            ..status()
        })),
        Answer::Muted {
            until: at("2026-11-21T00:30:00Z"),
        },
        Answer::NotMuted,
        Answer::Unmuted,
        Answer::BadPeriod {
            text: "soon".into(),
            example: "/mute 2h",
        },
        Answer::PeriodTooLong {
            text: "500d".into(),
            longest: Duration::from_secs(366 * 86_400),
        },
        Answer::BadPeriod {
            text: String::new(),
            example: "/mute 2h",
        },
        Answer::ChooseLanguage {
            instead_of: "xx".into(),
        },
        Answer::LanguageChosen,
        Answer::Zone,
        Answer::ZoneChosen,
        Answer::ZoneUnknown {
            text: "Moskow".into(),
            like: vec!["Europe/Moscow".into()],
        },
        Answer::Invite {
            link: "https://t.me/b?start=c".into(),
            group_link: "https://t.me/b?startgroup=d".into(),
            valid_for: Duration::from_secs(86_400),
        },
        Answer::People {
            items: vec![(42, "Ann <Smith>".into())],
        },
        Answer::People { items: Vec::new() },
        Answer::PersonGone { name: "Ann".into() },
        Answer::PersonUnknown,
        Answer::UnknownCommand {
            command: "alers".into(),
            like: Some("alerts".into()),
        },
        Answer::UnknownCommand {
            command: "x".into(),
            like: None,
        },
        Answer::PlainTextHint,
        Answer::OldButton,
        Answer::OldCard,
        Answer::NotSaved,
    ]
}

fn routed() -> Vec<(String, String)> {
    vec![("db".into(), "{}/{team=\"db\"}".into())]
}

fn silence() -> Arc<Silence> {
    let matchers = [("alertname", "DiskFull"), ("host", "db-1")];
    Arc::new(Silence {
        id: SilenceId(9),
        matchers: matchers
            .map(|(name, value)| Matcher::equal(name, value))
            .to_vec(),
        starts_at: at("2026-11-20T15:00:00Z"),
        ends_at: at("2026-11-20T19:30:00Z"),
        updated_at: at("2026-11-20T15:00:00Z"),
        created_by: "Ann".into(),
        comment: "moving it".into(),
        annotations: Labels::default(),
        until_resolved: false,
        phase: Phase::Active { since: 9 },
        origin: Origin::Api,
    })
}

fn preview(hushed: usize, broad: bool) -> Preview {
    Preview {
        number: 12,
        matchers: silence().matchers.clone(),
        period: Duration::from_secs(7_200),
        until_resolved: false,
        firing: 12,
        hushed,
        already: 1,
        names: vec![
            ("DiskFull".into(), hushed.saturating_sub(1)),
            ("Slow".into(), 1),
        ],
        broad,
    }
}

fn status() -> ChatStatus {
    ChatStatus {
        version: "0.1.0".into(),
        up_since: at("2026-11-18T12:00:00Z"),
        firing: 2,
        silences: 1,
        routes: 1,
        last_news_at: Some(at("2026-11-20T15:28:00Z")),
        subscriptions: 1,
        muted_until: Some(at("2026-11-20T17:30:00Z")),
        here: Queue {
            waiting: 5,
            oldest_at: Some(at("2026-11-20T15:18:00Z")),
            last_error: Some("too many requests".into()),
            disabled: None,
        },
        elsewhere: Vec::new(),
        waiting_total: 12,
    }
}

fn elsewhere() -> Vec<(String, Queue)> {
    let disabled = Queue {
        disabled: Some("Forbidden: bot was kicked from the group chat".into()),
        ..Queue::default()
    };
    let failing = Queue {
        waiting: 12,
        oldest_at: Some(at("2026-11-20T12:10:00Z")),
        last_error: Some("connection refused".into()),
        disabled: None,
    };
    let behind = Queue {
        waiting: 1,
        oldest_at: Some(at("2026-11-20T15:29:30Z")),
        ..Queue::default()
    };
    vec![
        ("Ops".into(), disabled),
        ("db/e-mail ops@example.org".into(), failing),
        ("Ann".into(), behind),
    ]
}

fn told(answer: &Answer, language: Language) -> String {
    sketch(&answer.message(&locale(language), now()))
}

#[test]
fn every_answer_can_be_said_in_every_language() {
    for answer in every_answer().into_iter().chain(monitors::every_answer()) {
        let english = told(&answer, Language::En);
        for language in Language::ALL {
            let text = told(&answer, language);
            assert!(!text.trim().is_empty(), "{answer:?}");
            // What Fluent leaves of an unknown variable; buttons of the sketch have an arrow.
            assert!(!text.contains("{$") && !text.contains("{ $"), "{text}");
            // A missing text is said by its key, or in English.
            let word = |c: char| c.is_whitespace() || c == '`';
            for key in [
                "status-",
                "invite-",
                "stranger-",
                "zone-",
                "command-",
                "help-",
            ] {
                assert!(
                    !text.split(word).any(|part| part.starts_with(key)),
                    "{text}"
                );
            }
            assert!(
                language == Language::En || text != english,
                "{language:?}: {text}"
            );
            let toast = answer.toast(&locale(language), now());
            assert!(
                !toast.is_empty() && toast.encode_utf16().count() <= 200,
                "{toast}"
            );
        }
    }
}

#[test]
fn answers_as_they_are_read() {
    let cases = [
        (
            Answer::Stranger {
                user_id: 7,
                chat_id: None,
            },
            "I do not know you yet, so I may not tell you anything. Ask an owner of this bot for an \
             invitation link (they get one with /invite).\nYour id: `7`",
        ),
        (
            Answer::Subscribed {
                what: "mem|cpu".into(),
                firing_now: 1,
            },
            "Subscribed to `mem|cpu`.\n1 alert fires now.",
        ),
        (
            Answer::Subscribed {
                what: "*".into(),
                firing_now: 0,
            },
            "Subscribed to *all alerts*.\nNone of these fires now.",
        ),
        (
            Answer::BadExpression {
                selecting: Selecting::Regexp,
                expression: "mem|(cpu".into(),
                at_byte: 4,
                problem: "unclosed group".into(),
            },
            "I cannot read this expression:\n```\nmem|(cpu\n    ^\n```\nThis group is not closed.\n\
             For example: `/regexp mem|cpu`",
        ),
        (
            Answer::Subscriptions {
                items: vec![(3, "disk".into())],
                routed: routed(),
                muted_until: Some(at("2026-11-20T17:30:00Z")),
            },
            "*1 subscription*\n• `disk`\n\n*1 route of the configuration tells this chat*\n\
             • `{}/{team=\"db\"}` → db\nOnly the configuration changes that.\nThis chat is muted until *17:30 UTC*. To end that: /unmute",
        ),
        (
            Answer::ChooseUnsubscribe {
                items: vec![(3, "disk".into()), (4, "all".into())],
            },
            "Which subscription shall I remove?\n{✖ disk → u:3}\n{✖ all alerts → u:4}\n{Remove all 2 → u:all}",
        ),
        (
            Answer::Alerts {
                page: 2,
                pages: 3,
                total: 22,
                selected: String::new(),
                items: vec![
                    firing(disk_full("db-1")),
                    Firing {
                        explained_by: Some("NodeDown".into()),
                        ..firing(disk_full("db-2"))
                    },
                    Firing {
                        silenced_until: Some(at("2026-11-20T19:30:00Z")),
                        ..firing(taken(disk_full("db-3")))
                    },
                ],
            },
            "*22 alerts fire now.* · page 2 of 3\n\
             🔥 *DiskFull* db-1: Disk of db-1 is full · since 15:04\n\
             🔥 *DiskFull* db-2: Disk of db-2 is full · since 15:04 · explained by NodeDown\n\
             🔥 *DiskFull* db-3: Disk of db-3 is full · since 15:04 · ✋ Ann · 🔕 until 19:30\n{◀ → a:1}{▶ → a:3}",
        ),
        (
            Answer::Alerts {
                page: 1,
                pages: 1,
                total: 0,
                selected: String::new(),
                items: Vec::new(),
            },
            "✅ Nothing fires.",
        ),
        (
            Answer::Status(Box::new(status())),
            "✅ *Nabat 0.1.0 runs since 18 Nov 12:00 UTC (2 d 3 h)*\n2 alerts fire now.\n\
             1 silence holds: /silences\nLast news from a source: 15:28 (2 min ago).\n12 messages wait to be sent.\n\n\
             *This chat*\n1 subscription\n\
             1 route of the configuration tells this chat\n5 messages wait to be sent here, the oldest for 12 min.\n\
             This chat is muted until *17:30 UTC*. To end that: /unmute\n\
             Last error: `too many requests`",
        ),
        (
            Answer::AlreadyAcknowledged {
                by: vec!["Ann".into(), "Bob".into()],
                until: at("2026-11-20T19:30:00Z"),
            },
            "Ann, Bob already see to it until 19:30.",
        ),
        (
            Answer::Silenced {
                until: at("2026-11-20T19:30:00Z"),
                until_resolved: false,
                matchers: silence().matchers.clone(),
                comment: "moving it".into(),
            },
            "Silenced for everyone until *19:30*: `alertname=\"DiskFull\", host=\"db-1\"`\n\
             _moving it_",
        ),
        (
            Answer::Silences {
                total: 3,
                items: vec![silence()],
            },
            "*3 silences*\nFor everyone. ✖ ends one, +1 h makes it an hour longer.\n\
             1. `alertname=\"DiskFull\", host=\"db-1\"` · until 19:30 · Ann · moving it\nand 2 more\n\
             {✖ 1 → x:9}{+1 h → X:9}",
        ),
        (
            Answer::SilenceProposed(Question::First, preview(3, false)),
            "This would silence 3 of 12 that fire now: `alertname=\"DiskFull\", host=\"db-1\"`\n\
             • DiskFull × 2\n• Slow\n1 of them is silenced already.\n{Yes, silence 2 h → y:12}{No → n:12}",
        ),
        (
            Answer::SilenceProposed(Question::Second, preview(12, true)),
            "This would silence 12 of 12 that fire now: `alertname=\"DiskFull\", host=\"db-1\"`\n\
             • DiskFull × 11\n• Slow\n\
             1 of them is silenced already.\n*That is everything that fires. Really?*\n\
             {Yes, silence 2 h → Y:12}{No → n:12}",
        ),
        (
            Answer::SilenceEndsSoon {
                silence: silence(),
                firing: 2,
            },
            "The silence ends at *19:30*: `alertname=\"DiskFull\", host=\"db-1\"`\n\
             2 alerts of it still fire.\n_Ann: moving it_\n\
             {+1 h → t:9:1h}{+4 h → t:9:4h}\n{🔔 End silence → z:9}",
        ),
        (
            Answer::ChooseLanguage {
                instead_of: String::new(),
            },
            "Which language shall I speak?\n{English → l:en}\n{Русский → l:ru}\n{Português (Brasil) → l:pt-BR}",
        ),
        (
            Answer::ZoneUnknown {
                text: "Moskow".into(),
                like: vec!["Europe/Moscow".into()],
            },
            "I do not know a time zone `Moskow`. For example: `/tz Europe/Moscow`\n\
             Did you mean: `/tz Europe/Moscow`",
        ),
        (
            Answer::UnknownCommand {
                command: "alers".into(),
                like: Some("alerts".into()),
            },
            "I do not know the command `/alers`.\nDid you mean: /alerts",
        ),
    ];
    for (answer, expected) in cases {
        assert_eq!(told(&answer, Language::En), expected);
    }
}

#[test]
fn the_zone_is_named_as_it_is_known() {
    assert_eq!(
        told(&Answer::ZoneChosen, Language::Ru),
        "Теперь ваш часовой пояс: *Europe/Moscow*, сейчас *18:30 MSK*."
    );
    let fixed = Locale {
        language: Language::En,
        zone: TimeZone::fixed(jiff::tz::offset(3)),
    };
    assert_eq!(
        Answer::ZoneChosen.message(&fixed, now()).text(),
        "Your time zone is UTC+3 now, it is 18:30 UTC+3."
    );
}

#[test]
fn help_names_every_command_of_the_menu() {
    for owner in [true, false] {
        for language in Language::ALL {
            let help = told(
                &Answer::Help {
                    in_group: false,
                    owner,
                },
                language,
            );
            let menu = command_menu(language, owner);
            for (name, description) in &menu {
                assert!(help.contains(&format!("/{name}")), "{name}");
                assert!(help.contains(description.as_str()), "{name}");
                assert!((1..=32).contains(&name.len()));
                assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
                assert!((1..=256).contains(&description.chars().count()));
                assert!(!description.starts_with("command-"), "{name}");
            }
            assert_eq!(menu.iter().any(|(name, _)| *name == "invite"), owner);
        }
    }
}
