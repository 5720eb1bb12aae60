//! One destination behind several routes, and routes that a reload changes.

use super::*;
use crate::route::Hours;
use crate::time_interval::{TimeInterval, Times};

/// A route to a receiver for what fulfils the matchers; it speaks at once, and goes on.
fn leads(matchers: &str, receiver: &str) -> Spec {
    Spec {
        receiver: Some(receiver.into()),
        matchers: parse_list(matchers).unwrap(),
        continues: true,
        group_wait: Some(Duration::ZERO),
        ..Spec::default()
    }
}

/// One that tells nothing new while this interval lasts.
fn muted(name: &str, spec: Spec) -> Spec {
    let mute = vec![name.into()];
    let hours = Hours {
        mute,
        ..Hours::default()
    };
    Spec { hours, ..spec }
}

/// With `mail` and `hook`, and Ann's chat behind `chat`. It is 14:13 in the beginning of each story,
/// so in the afternoon.
fn routed(routes: Vec<Spec>) -> Option<Arc<Routing>> {
    let root = Route::root(Spec {
        receiver: Some("nobody".into()),
        group_by: Some(GroupBy::Labels(vec!["alertname".into()])),
        routes,
        ..Spec::default()
    });
    let integrations = [(MAIL, "mail"), (HOOK, "hook")].map(|(id, receiver)| Integration {
        id,
        receiver: receiver.into(),
        name: format!("{receiver}: somewhere").into(),
        send_resolved: true,
    });
    let mut routing = Routing::new(root, integrations).with_chats([("chat".into(), ann())]);
    let span = |from: &str, to: &str| TimeInterval {
        times: Some(vec![
            Times::new(from.parse().unwrap(), to.parse().unwrap()).unwrap(),
        ]),
        ..TimeInterval::default()
    };
    let named = [
        ("always", TimeInterval::default()),
        ("afternoon", span("12:00", "18:00")),
        ("day", span("06:00", "22:00")),
        ("evening", span("18:00", "22:00")),
    ];
    let named = named.map(|(name, interval)| (name.into(), vec![interval]));
    routing.calendar = named.into_iter().collect();
    Some(Arc::new(routing))
}

fn ann() -> ChatKey {
    ChatKey {
        bot: BOT,
        chat: ANN,
        topic: None,
    }
}

fn with(routes: Vec<Spec>) -> World {
    let mut world = World::new();
    world.route(routed(routes));
    world
}

impl World {
    fn disk(&mut self, status: Status) {
        let labels = [
            ("alertname", "Disk"),
            ("team", "db"),
            ("severity", "critical"),
        ];
        let news = news_of(&labels, None, status);
        let mut out = Effects::default();
        self.engine.news(self.now, vec![news], &mut out).unwrap();
    }

    /// A critical alert of the team `db` fires.
    fn disk_fills(&mut self) {
        self.disk(Status::Firing { expires: None });
    }

    fn disk_is_free(&mut self) {
        self.disk(Status::Resolved { ends_at: None });
    }

    /// The configuration changes: while Nabat runs, or while it does not.
    fn takes_over(&mut self, routes: Vec<Spec>, restarts: bool) {
        if restarts {
            return self.restarts_configured(routed(routes));
        }
        let settings = Settings {
            routing: routed(routes),
            ..self.engine.settings.clone()
        };
        let mut out = Effects::default();
        self.engine.configure(self.now, settings, &mut out);
    }

    /// What integrations are told: `RECEIVER GROUP REASON`.
    fn told(&mut self) -> Vec<String> {
        let notified = self.notified();
        let told = notified.iter();
        told.map(|it| format!("{} {} {:?}", it.receiver, it.group_key, it.reason))
            .collect()
    }
}

const BY_TEAM: &str = r#"{}/{team="db"}:{alertname="Disk"}"#;
const BY_SEVERITY: &str = r#"{}/{severity="critical"}:{alertname="Disk"}"#;
const NOTHING: [&str; 0] = [];

fn by_team(receiver: &str) -> Spec {
    leads("team=db", receiver)
}

fn by_severity(receiver: &str) -> Spec {
    leads("severity=critical", receiver)
}

#[test]
fn a_route_that_is_quiet_keeps_no_other_from_telling_the_same_receiver() {
    for routes in [
        vec![muted("always", by_team("mail")), by_severity("mail")],
        vec![by_severity("mail"), muted("always", by_team("mail"))],
    ] {
        let mut world = with(routes);
        world.disk_fills();
        assert_eq!(world.told(), [format!("mail {BY_SEVERITY} First")]);
        world.disk_is_free();
        world.passes(300);
        assert_eq!(world.told(), [format!("mail {BY_SEVERITY} AllResolved")]);
        assert!(world.engine.cards.is_empty());
    }
}

#[test]
fn a_receiver_behind_two_routes_is_told_of_both_groups_each_in_its_time() {
    let slowly = Spec {
        group_wait: Some(Duration::from_secs(30)),
        ..by_severity("mail")
    };
    let mut world = with(vec![by_team("mail"), slowly]);
    world.disk_fills();
    assert_eq!(world.told(), [format!("mail {BY_TEAM} First")]);
    world.passes(30);
    assert_eq!(world.told(), [format!("mail {BY_SEVERITY} First")]);
    world.passes(270);
    world.disk_is_free();
    assert_eq!(world.told(), [format!("mail {BY_TEAM} AllResolved")]);
    world.passes(30);
    assert_eq!(world.told(), [format!("mail {BY_SEVERITY} AllResolved")]);
    assert!(world.engine.cards.is_empty());
}

#[test]
fn routes_that_differ_in_their_hours_alone_are_one_group_that_speaks_in_the_hours_of_both() {
    let mut world = with(vec![
        muted("afternoon", by_team("mail")),
        muted("evening", by_team("mail")),
    ]);
    world.disk_fills();
    assert_eq!(world.told(), [format!("mail {BY_TEAM} First")]);
    world.disk_is_free();
    world.passes(5 * 3_600);
    assert_eq!(world.told(), [format!("mail {BY_TEAM} AllResolved")]);
    world.disk_fills();
    assert_eq!(world.told(), [format!("mail {BY_TEAM} First")]);
}

#[test]
fn a_chat_behind_two_routes_is_told_once_by_the_one_that_can_tell_sooner() {
    let slowly = |spec| Spec {
        group_wait: Some(Duration::from_secs(30)),
        ..spec
    };
    for routes in [
        vec![by_team("chat"), by_severity("chat")],
        vec![slowly(by_team("chat")), by_severity("chat")],
        vec![muted("always", by_team("chat")), by_severity("chat")],
        vec![by_severity("chat"), muted("always", by_team("chat"))],
    ] {
        let mut world = with(routes);
        world.disk_fills();
        assert_eq!(world.kinds(), ["new"]);
        world.passes(3_600);
        assert_eq!(world.kinds(), NOTHING);
        world.disk_is_free();
        assert_eq!(world.kinds(), ["edit", "reply"]);
        assert!(world.engine.cards.is_empty());
    }
}

#[test]
fn what_a_quiet_route_may_not_tell_is_told_by_the_first_one_to_a_chat_that_may() {
    let mut world = with(vec![
        muted("always", by_team("chat")),
        muted("day", leads("alertname=Disk", "chat")),
        muted("afternoon", by_severity("chat")),
    ]);
    world.disk_fills();
    world.passes(3 * 3_600);
    assert_eq!(world.kinds(), NOTHING, "it is 17:13");
    world.passes(3_600);
    assert_eq!(world.kinds(), ["new"], "it is evening");
    world.passes(3_600 * 5);
    world.disk_is_free();
    assert_eq!(world.kinds().first(), Some(&"edit"));
    assert!(world.engine.cards.is_empty());
}

#[test]
fn what_waits_when_the_hours_of_its_route_begin_is_told_by_another() {
    let wait = |seconds, spec| Spec {
        group_wait: Some(Duration::from_secs(seconds)),
        ..spec
    };
    let mut world = with(vec![
        wait(60, muted("evening", by_team("chat"))),
        wait(90, by_severity("chat")),
    ]);
    // Half a minute before 18:00.
    world.passes(at_18().as_millis() / 1_000 - world.now.as_millis() / 1_000 - 30);
    world.disk_fills();
    world.passes(89);
    assert_eq!(world.kinds(), NOTHING);
    world.passes(1);
    assert_eq!(world.kinds(), ["new"]);
}

fn at_18() -> Timestamp {
    Timestamp::parse_rfc3339("2026-09-21T18:00:00Z")
        .unwrap()
        .unwrap()
}

#[test]
fn a_subscription_tells_at_once_whatever_a_route_to_the_chat_waits_for() {
    let mut world = with(vec![muted("always", by_team("chat"))]);
    world.says("/regexp all");
    world.disk_fills();
    assert_eq!(world.kinds(), ["new"]);

    // What fires already, too; and when nobody subscribes any more, the route tells in its time.
    let mut world = with(vec![muted("afternoon", by_team("chat"))]);
    world.disk_fills();
    assert_eq!(world.kinds(), NOTHING);
    world.says_in(ANN, ANN, None, "/regexp all");
    world.says_in(ANN, ANN, None, "/unsubscribe all");
    assert!(
        world
            .deliver()
            .iter()
            .all(|(_, said)| !said.contains("Disk"))
    );
    world.passes(5 * 3_600);
    assert_eq!(world.kinds(), ["new"]);
    assert_eq!(world.engine.cards.len(), 1);
}

#[test]
fn a_fallback_whose_own_route_is_quiet_is_told_instead() {
    for (receiver, instead) in [
        ("hook", Destination::Integration(HOOK)),
        ("chat", ann().into()),
    ] {
        let mut world = with(vec![by_team("mail"), muted("always", by_team(receiver))]);
        let fallback = Fallback {
            after: minutes(10),
            to: vec![instead],
        };
        world.engine.settings.fallbacks = HashMap::from([(Outlet::Integration(MAIL), fallback)]);
        world.disk_fills();
        let work = world.take_all().remove(0);
        world.settle(&work, None, refused("no answer"));
        world.passes(599);
        assert_eq!(world.engine.waiting(instead.outlet()).count(), 0);
        world.passes(1);
        assert_eq!(world.engine.waiting(instead.outlet()).count(), 1);
        let said = world.deliver();
        assert_eq!(said.len(), 2, "{said:?}");
        world.disk_is_free();
        world.passes(300);
        assert!(world.deliver().len() >= 2);
        assert!(world.engine.cards.is_empty());
    }
}

#[test]
fn what_waits_goes_with_its_route_to_another_receiver() {
    for restarts in [false, true] {
        let wait = |spec| Spec {
            group_wait: Some(Duration::from_secs(30)),
            ..spec
        };
        for (old, new) in [("mail", "hook"), ("chat", "hook")] {
            let mut world = with(vec![wait(by_team(old))]);
            world.disk_fills();
            world.passes(20);
            world.takes_over(vec![wait(by_team(new))], restarts);
            world.passes(9);
            assert_eq!(world.kinds(), NOTHING, "it waits for others as before");
            world.passes(1);
            assert_eq!(world.told(), [format!("{new} {BY_TEAM} First")]);
            assert_eq!(world.engine.cards.len(), 1);
            world.passes(4 * 3_600);
            assert_eq!(world.told(), [format!("{new} {BY_TEAM} Repeat")]);
        }
    }
}

#[test]
fn who_was_told_before_the_route_left_is_told_the_end_and_nothing_else() {
    for restarts in [false, true] {
        let ends: [(_, &[_]); 2] = [
            ("mail", &["notify", "notify"]),
            ("chat", &["edit", "notify", "quiet reply"]),
        ];
        for (old, ends) in ends {
            let mut world = with(vec![by_team(old)]);
            world.disk_fills();
            assert_eq!(world.deliver().len(), 1);
            world.passes(60);
            world.takes_over(vec![by_team("hook")], restarts);
            assert_eq!(world.told(), [format!("hook {BY_TEAM} First")]);
            for _ in 0..12 {
                world.passes(3_600);
                let told = world.told();
                assert!(told.iter().all(|told| told.starts_with("hook")), "{told:?}");
            }
            world.takes_over(vec![by_team("hook")], restarts);
            world.disk_is_free();
            world.passes(300);
            let mut kinds = world.kinds();
            kinds.sort_unstable();
            assert_eq!(kinds, ends);
            assert!(world.engine.cards.is_empty());
        }
    }
}

#[test]
fn who_left_a_group_is_not_repeated_with_the_rest_and_never_said_to_be_over() {
    let all = || leads("alertname=HighCPU", "mail");
    let but_one = leads("alertname=HighCPU,host!=b", "mail");
    let with_child = Spec {
        routes: vec![Spec {
            continues: false,
            ..leads("host=b", "hook")
        }],
        ..all()
    };
    for others in [but_one, with_child] {
        let mut world = with(vec![all()]);
        world.fires("HighCPU", "a");
        world.fires("HighCPU", "b");
        assert_eq!(
            world
                .notified()
                .iter()
                .map(|it| it.members.len())
                .sum::<usize>(),
            2
        );
        world.takes_over(vec![others], false);
        world.passes(300);
        world.told();
        world.passes(4 * 3_600);
        let mut repeats = world.notified();
        repeats.retain(|sent| &*sent.receiver == "mail");
        let hosts: Vec<_> = repeats
            .iter()
            .flat_map(|sent| &sent.members)
            .map(|shown| shown.incident.labels.value("host"))
            .collect();
        assert_eq!(hosts, ["a"]);
        world.resolves("HighCPU", "a");
        world.passes(300);
        let mut ends = world.notified();
        ends.retain(|sent| &*sent.receiver == "mail");
        assert_eq!(ends.len(), 1);
        let firing = |sent: &Notification| sent.members.iter().any(|it| !it.incident.ended());
        assert!(
            ends[0].reason == Reason::AllResolved || firing(&ends[0]),
            "{ends:?}"
        );
        world.resolves("HighCPU", "b");
        world.passes(300);
        assert!(world.told().iter().any(|told| told.starts_with("mail")));
        assert!(world.engine.cards.is_empty());
    }
}

#[test]
fn a_group_that_was_told_follows_its_route_under_its_old_key() {
    for restarts in [false, true] {
        for (now_muted, repeated) in [(false, 1), (true, 0)] {
            let mut world = with(vec![by_team("mail")]);
            world.disk_fills();
            assert_eq!(world.told(), [format!("mail {BY_TEAM} First")]);
            let mut other = Spec {
                group_by: Some(GroupBy::Labels(vec!["team".into()])),
                repeat_interval: Some(minutes(60)),
                ..leads("team=db,alertname!=Cpu", "mail")
            };
            if now_muted {
                other = muted("always", other);
            }
            world.takes_over(vec![other.clone()], restarts);
            world.passes(3_599);
            assert_eq!(world.told(), NOTHING, "it is known there");
            world.passes(1);
            let repeats = vec![format!("mail {BY_TEAM} Repeat"); repeated];
            assert_eq!(world.told(), repeats);
            world.disk_is_free();
            world.passes(300);
            assert_eq!(world.told(), [format!("mail {BY_TEAM} AllResolved")]);
            assert!(world.engine.cards.is_empty());
        }
    }
}

#[test]
fn a_reload_that_changes_nothing_of_it_keeps_a_card_as_it_is() {
    let routes = || {
        vec![
            muted("evening", by_team("mail")),
            by_severity("mail"),
            muted("afternoon", by_team("chat")),
            muted("day", by_severity("chat")),
            Spec {
                group_wait: Some(Duration::from_secs(60)),
                ..leads("alertname=~.*", "hook")
            },
        ]
    };
    let mut world = with(routes());
    world.disk_fills();
    world.fires("HighCPU", "a");
    world.passes(1);
    world.notified();
    world.disk_is_free();
    world.passes(10);
    let cards = |world: &World| {
        let cards = world.engine.cards.values();
        let mut cards: Vec<_> = cards.map(|on_duty| on_duty.card.clone()).collect();
        cards.sort_unstable_by_key(|card| card.id);
        cards
    };
    let before = cards(&world);
    assert!(before.len() > 2);
    for restarts in [false, true] {
        world.takes_over(routes(), restarts);
        assert_eq!(cards(&world), before, "restarts: {restarts}");
    }
}

#[test]
fn what_comes_to_a_group_of_before_is_told_by_its_own_route() {
    let mut world = with(vec![by_team("mail")]);
    world.disk_fills();
    assert_eq!(world.told(), [format!("mail {BY_TEAM} First")]);
    // What is known comes by a route that is quiet now, and something else by the old one.
    let first = Spec {
        continues: false,
        ..muted("always", leads("severity=critical", "mail"))
    };
    world.takes_over(vec![first, by_team("mail")], false);
    world.passes(300);
    let labels = [("alertname", "Disk"), ("team", "db")];
    let news = news_of(&labels, None, Status::Firing { expires: None });
    let mut out = Effects::default();
    world.engine.news(world.now, vec![news], &mut out).unwrap();
    assert_eq!(world.told(), [format!("mail {BY_TEAM} NewAlerts")]);
}

#[test]
fn what_was_in_hand_when_its_route_left_and_does_not_arrive_is_not_tried_there_again() {
    for (new, group) in [
        (by_team("hook"), BY_TEAM),
        (by_severity("mail"), BY_SEVERITY),
    ] {
        let mut world = with(vec![by_team("mail")]);
        world.disk_fills();
        let work = world.take_all().remove(0);
        let receiver = new.receiver.clone().unwrap();
        world.takes_over(vec![new], false);
        world.settle(&work, None, refused("no answer"));
        assert_eq!(world.told(), [format!("{receiver} {group} First")]);
        assert_eq!(world.engine.cards.len(), 1);
    }
}

#[test]
fn what_a_chat_refused_leaves_its_card_if_no_route_leads_there_any_more() {
    let mut world = with(vec![by_team("chat")]);
    world.disk_fills();
    let work = world.take_all().remove(0);
    world.takes_over(vec![by_team("mail")], false);
    assert_eq!(
        world.engine.cards_of(ann().into()).len(),
        1,
        "it may arrive"
    );
    let reason = "blocked".to_owned();
    world.settle(&work, None, Outcome::Unreachable { reason });
    assert!(world.engine.cards_of(ann().into()).is_empty());
}
