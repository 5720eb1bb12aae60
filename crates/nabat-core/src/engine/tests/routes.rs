//! Receivers: who is told by which route, when, and what in another's place.

mod better;
mod chats;
mod fallbacks;
mod ways;

use super::*;
use crate::delivery::Fate;
use crate::destination::IntegrationId;
use crate::matcher::parse_list;
use crate::notification::{Notification, Reason};
use crate::route::{GroupBy, Integration, Route, Routing, Spec};

const MAIL: IntegrationId = IntegrationId(500);
const HOOK: IntegrationId = IntegrationId(501);

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

/// Everything goes to `mail`; what is critical to `hook` instead, at once.
fn tree() -> Arc<Route> {
    let critical = Spec {
        receiver: Some("hook".into()),
        matchers: parse_list("host=\"critical\"").unwrap(),
        group_wait: Some(Duration::ZERO),
        ..Spec::default()
    };
    Route::root(Spec {
        receiver: Some("mail".into()),
        group_by: Some(GroupBy::Labels(vec!["alertname".into()])),
        routes: vec![critical],
        ..Spec::default()
    })
}

/// A tree that tells nobody.
fn no_tree() -> Arc<Route> {
    Route::root(Spec {
        receiver: Some("nobody".into()),
        ..Spec::default()
    })
}

/// The routing of a tree with both receivers, which are told ends or not.
fn routing(root: Arc<Route>, send_resolved: bool) -> Option<Arc<Routing>> {
    let integrations = [(MAIL, "mail"), (HOOK, "hook")].map(|(id, receiver)| Integration {
        id,
        receiver: receiver.into(),
        name: format!("{receiver}: somewhere").into(),
        send_resolved,
    });
    Some(Arc::new(Routing::new(root, integrations)))
}

fn world() -> World {
    let mut world = World::new();
    world.route(routing(tree(), true));
    world
}

impl World {
    /// Routes by this from now on, without telling new receivers of what fires.
    pub(super) fn route(&mut self, routing: Option<Arc<Routing>>) {
        self.engine.settings.routing = routing;
        self.engine.sort_anew();
    }

    /// Hands out what waits for integrations; all of it is taken there.
    fn notified(&mut self) -> Vec<Notification> {
        let mut notifications = Vec::new();
        for work in self.take_all() {
            let told = work.told.clone();
            for send in &work.sends {
                if let Send::Notify(notification) = send {
                    notifications.push(notification.as_ref().clone());
                }
            }
            self.settle(&work, None, Outcome::Sent { told });
        }
        notifications
    }

    fn reasons(&mut self) -> Vec<Reason> {
        let notified = self.notified();
        notified.iter().map(|sent| sent.reason).collect()
    }
}

#[test]
fn the_first_alert_of_a_group_waits_for_others() {
    let mut world = world();
    // They fire since a minute ago, which is longer than `group_wait`: nobody has to wait again.
    world.fires("HighCPU", "a");
    assert_eq!(world.reasons(), [Reason::First]);

    let fresh = |world: &mut World, host| {
        let labels = [("alertname", "Disk"), ("host", host)];
        let news = news_of(&labels, None, Status::Firing { expires: None });
        world
            .engine
            .news(world.now, vec![news], &mut Effects::default())
            .unwrap();
    };
    fresh(&mut world, "a");
    assert!(world.notified().is_empty());
    world.passes(20);
    fresh(&mut world, "b");
    world.passes(9);
    assert!(world.notified().is_empty());
    world.passes(1);
    let sent = world.notified().remove(0);
    assert_eq!(sent.members.len(), 2);
    assert_eq!(&*sent.group_key, "{}:{alertname=\"Disk\"}");
    assert_eq!(sent.group_labels.value("alertname"), "Disk");
    assert_eq!(&*sent.receiver, "mail");
}

#[test]
fn news_keeps_the_group_interval_and_what_fires_is_repeated() {
    let mut world = world();
    world.fires("HighCPU", "a");
    assert_eq!(world.reasons(), [Reason::First]);
    world.fires("HighCPU", "b");
    world.passes(299);
    assert!(world.notified().is_empty());
    world.passes(1);
    assert_eq!(world.reasons(), [Reason::NewAlerts]);
    world.resolves("HighCPU", "a");
    world.passes(300);
    assert_eq!(world.reasons(), [Reason::SomeResolved]);
    world.passes(4 * 3_600 - 1);
    assert!(world.notified().is_empty());
    world.passes(1);
    let repeat = world.notified().remove(0);
    assert_eq!(repeat.reason, Reason::Repeat);
    assert_eq!(repeat.members.len(), 1, "what ended was told");
    world.resolves("HighCPU", "b");
    world.passes(300);
    assert_eq!(world.reasons(), [Reason::AllResolved]);
    assert!(world.engine.cards.is_empty());
    world.passes(86_400);
    assert!(world.notified().is_empty());
}

#[test]
fn news_after_a_quiet_while_waits_for_the_groups_beat() {
    let mut world = world();
    world.fires("HighCPU", "a");
    assert_eq!(world.reasons(), [Reason::First]);
    world.passes(400);
    world.fires("HighCPU", "b");
    world.passes(100);
    world.fires("HighCPU", "c");
    world.passes(99);
    assert!(world.notified().is_empty());
    world.passes(1);
    let sent = world.notified().remove(0);
    assert_eq!(sent.members.len(), 3, "both are told together");
}

#[test]
fn what_fires_is_repeated_at_the_first_beat_after_its_time() {
    let mut world = world();
    let spec = |group_interval, repeat_interval| Spec {
        receiver: Some("mail".into()),
        group_interval: Some(Duration::from_secs(group_interval)),
        repeat_interval: Some(Duration::from_millis(repeat_interval)),
        ..Spec::default()
    };
    for (host, group_interval, repeat_interval, every) in [
        ("a", 2_u64, 3_000, 4),
        ("b", 60, 120_000, 120),
        ("c", 5, 1, 5),
    ] {
        let root = Route::root(spec(group_interval, repeat_interval));
        world.route(routing(root, true));
        world.fires("HighCPU", host);
        assert_eq!(world.reasons(), [Reason::First]);
        for _ in 0..3 {
            world.passes(every - 1);
            assert!(world.notified().is_empty());
            world.passes(1);
            assert_eq!(world.reasons(), [Reason::Repeat]);
        }
        world.resolves("HighCPU", host);
        world.passes(group_interval.cast_signed());
        assert_eq!(world.reasons(), [Reason::AllResolved]);
    }
}

#[test]
fn timers_of_a_route_run_on_through_a_restart() {
    let mut world = world();
    world.fires("HighCPU", "a");
    world.notified();
    world.fires("HighCPU", "b");
    world.passes(100);
    let (kept, settings) = (world.snapshot(), world.engine.settings.clone());
    world.engine = Engine::restore(world.now, settings, kept, &mut Effects::default());
    assert!(world.notified().is_empty());
    world.passes(199);
    assert!(world.notified().is_empty());
    world.passes(1);
    assert_eq!(world.reasons(), [Reason::NewAlerts]);
}

#[test]
fn an_acknowledged_or_silenced_group_is_not_repeated() {
    let mut world = world();
    world.fires("HighCPU", "a");
    world.notified();
    let id = *world.engine.incidents.iter().next().unwrap().0;
    let mine = crate::incident::Acknowledgement {
        by: "Ann".into(),
        at: world.now,
        until: at(6 * 3_600),
    };
    let (now, mut out) = (world.now, Effects::default());
    world.engine.acknowledge(now, &[id], Some(&mine), &mut out);
    world.passes(5 * 3_600);
    assert!(world.notified().is_empty());
    world.passes(2 * 3_600);
    assert_eq!(world.notified().len(), 1, "time is up");
}

#[test]
fn who_wants_no_ends_is_told_none_and_nothing_is_left_behind() {
    let mut world = world();
    world.route(routing(tree(), false));
    world.fires("HighCPU", "a");
    world.notified();
    world.resolves("HighCPU", "a");
    world.passes(600);
    assert!(world.notified().is_empty());
    assert!(world.engine.cards.is_empty());
}

#[test]
fn each_route_tells_its_own_receiver() {
    let mut world = world();
    world.fires("HighCPU", "critical");
    world.fires("HighCPU", "a");
    let receivers: Vec<String> = world
        .notified()
        .iter()
        .map(|sent| format!("{} {}", sent.receiver, sent.group_key))
        .collect();
    assert_eq!(
        receivers,
        [
            "hook {}/{host=\"critical\"}:{alertname=\"HighCPU\"}",
            "mail {}:{alertname=\"HighCPU\"}",
        ]
    );
}

#[test]
fn a_receiver_that_is_configured_no_more_is_forgotten() {
    let mut world = world();
    world.fires("HighCPU", "a");
    let mut settings = world.engine.settings.clone();
    settings.routing = None;
    let now = world.now;
    world
        .engine
        .configure(now, settings, &mut Effects::default());
    assert!(world.engine.cards.is_empty());
    assert!(world.engine.deliveries.is_empty());
    world.resolves("HighCPU", "a");
    assert!(world.engine.incidents.values().next().is_none());
}

#[test]
fn a_critical_alert_that_is_not_delivered_for_long_is_an_alert_itself() {
    let mut world = World::new();
    world.engine.settings.operators = vec![world.chat(GROUP)];
    world.says("/regexp all");
    let labels = [("alertname", "Fire"), ("severity", "critical")];
    let news = news_of(&labels, None, Status::Firing { expires: None });
    let now = world.now;
    let mut out = Effects::default();
    world.engine.news(now, vec![news], &mut out).unwrap();
    let work = world.take_all().remove(0);
    world.settle(&work, None, refused("Bad Gateway"));
    world.passes(300);
    let late = |world: &World| {
        let mut names = world.engine.open.values();
        names.any(|id| {
            world.engine.incidents.get(id).unwrap().incident.name() == "NabatDeliveryLate"
        })
    };
    assert!(late(&world));
    world.deliver();
    assert!(!late(&world));
}

#[test]
fn what_came_and_went_while_a_chat_could_not_be_told_is_told_afterwards() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    world.settle(&work, None, refused("Bad Gateway"));
    world.passes(60);
    world.resolves("HighCPU", "a");
    let said = world.deliver();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].1.contains("HighCPU"), "{said:?}");
    assert!(world.engine.cards.is_empty());
}

#[test]
fn what_came_and_went_in_a_moment_is_not_told_unless_it_was_critical() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.resolves("HighCPU", "a");
    assert!(world.take_all().is_empty());
    for status in [
        Status::Firing { expires: None },
        Status::Resolved { ends_at: None },
    ] {
        let labels = [("alertname", "Fire"), ("severity", "critical")];
        let news = news_of(&labels, None, status);
        let (now, mut out) = (world.now, Effects::default());
        world.engine.news(now, vec![news], &mut out).unwrap();
    }
    assert_eq!(world.kinds(), ["new"]);
}

#[test]
fn an_alert_that_flaps_before_it_could_be_told_is_one_entry() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    for _ in 0..3 {
        world.resolves("HighCPU", "a");
        world.passes(1);
        let labels = [("alertname", "HighCPU"), ("host", "a")];
        let news = news_of(&labels, None, Status::Firing { expires: None });
        let (now, mut out) = (world.now, Effects::default());
        world.engine.news(now, vec![news], &mut out).unwrap();
    }
    assert_eq!(world.kinds(), ["edit", "reply"]);
    let id = world.engine.open.values().next().unwrap();
    assert_eq!(world.engine.incidents.get(id).unwrap().incident.flaps, 3);
}

#[test]
fn every_attempt_and_every_end_of_a_delivery_is_kept() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    let mut out = Effects::default();
    let settled = |outcome| Settled {
        ids: work.ids.clone(),
        message_id: None,
        outcome,
    };
    let now = world.now;
    world
        .engine
        .settle(now, settled(refused("Bad Gateway")), &mut out);
    let work = world.take_all().remove(0);
    let told = work.told;
    world
        .engine
        .settle(now, settled(Outcome::Sent { told }), &mut out);
    let kept: Vec<(Fate, String)> = out
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Attempt(attempt) => Some((attempt.fate, attempt.words.clone())),
            Change::DeliveryDone(done) => Some((done.fate, done.subject.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(
        kept,
        [
            (Fate::Retry, "Bad Gateway".to_owned()),
            (Fate::Sent, "HighCPU".to_owned())
        ]
    );
}

#[test]
fn a_dropped_delivery_is_told_neither_now_nor_later() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let id = *world.engine.deliveries.keys().next().unwrap();
    let (now, mut out) = (world.now, Effects::default());
    let mut drop = || world.engine.drop_delivery(now, id, &mut out);
    assert_eq!([drop(), drop()], [Dropped::Done, Dropped::Unknown]);
    assert_eq!(world.kinds(), [] as [&str; 0]);
}

#[test]
fn what_waits_for_a_bot_that_left_the_configuration_is_dropped_and_told_when_it_is_back() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let (with, now) = (world.engine.settings.clone(), world.now);
    let mut without = with.clone();
    without.allowed.clear();
    world
        .engine
        .configure(now, without, &mut Effects::default());
    assert!(world.engine.deliveries.is_empty());
    world.fires("HighCPU", "b");
    assert!(world.engine.deliveries.is_empty());
    world.engine.configure(now, with, &mut Effects::default());
    assert_eq!(world.kinds(), ["new"]);
}

impl World {
    fn restarts_configured(&mut self, routing: Option<Arc<Routing>>) {
        let settings = Settings {
            routing,
            ..self.engine.settings.clone()
        };
        let kept = self.snapshot();
        self.engine = Engine::restore(self.now, settings, kept, &mut Effects::default());
    }
}

#[test]
fn a_receiver_that_is_gone_after_a_restart_is_forgotten_and_a_new_one_is_told_what_fires() {
    let mut world = world();
    world.fires("HighCPU", "a");
    world.restarts_configured(None);
    assert!(world.engine.cards.is_empty());
    assert!(world.engine.deliveries.is_empty());
    world.restarts_configured(routing(tree(), true));
    assert_eq!(world.reasons(), [Reason::First]);
}

#[test]
fn who_wants_no_ends_is_told_none_even_of_what_it_may_have_seen() {
    let mut world = world();
    world.route(routing(tree(), false));
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    let outcome = Outcome::Retry {
        partly: true,
        reason: "no answer".to_owned(),
    };
    world.settle(&work, None, outcome);
    world.resolves("HighCPU", "a");
    assert!(world.engine.cards.is_empty());
}

#[test]
fn an_integration_that_can_not_be_reached_is_tried_again() {
    let mut world = world();
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    let reason = "gone".to_owned();
    world.settle(&work, None, Outcome::Unreachable { reason });
    assert_eq!(world.reasons(), [Reason::First]);
}

#[test]
fn a_clock_that_is_set_back_keeps_no_group_quiet() {
    let mut world = world();
    world.fires("HighCPU", "a");
    world.notified();
    world.passes(-86_400);
    world.fires("HighCPU", "b");
    world.passes(300);
    assert_eq!(
        world.reasons(),
        [Reason::NewAlerts],
        "a day is not waited for"
    );
}

#[test]
fn what_was_told_is_not_told_again_because_the_clock_is_set_back() {
    let mut world = world();
    world.fires("HighCPU", "a");
    world.passes(30);
    assert_eq!(world.reasons(), [Reason::First]);
    world.passes(-3_600);
    assert_eq!(world.reasons(), []);
    world.passes(299);
    world.fires("HighCPU", "b");
    world.passes(1);
    assert_eq!(world.reasons(), [Reason::NewAlerts], "at the next beat");
    world.passes(4 * 3_600);
    assert_eq!(world.reasons(), [Reason::Repeat]);
}

#[test]
fn an_acknowledgement_that_runs_out_before_the_repeat_is_told_to_an_integration() {
    let mut world = world();
    world.fires("HighCPU", "a");
    world.notified();
    let id = *world.engine.incidents.iter().next().unwrap().0;
    let mine = crate::incident::Acknowledgement {
        by: "Ann".into(),
        at: world.now,
        until: at(3_600),
    };
    let (now, mut out) = (world.now, Effects::default());
    world.engine.acknowledge(now, &[id], Some(&mine), &mut out);
    world.passes(3_600);
    assert_eq!(world.reasons(), [Reason::Changed]);
}

#[test]
fn the_alert_about_late_deliveries_ends_when_what_was_late_is_silenced() {
    for a_courier_has_it in [false, true] {
        let mut world = World::new();
        world.engine.settings.operators = vec![world.chat(GROUP)];
        world.says("/regexp all");
        let labels = [("alertname", "Fire"), ("severity", "critical")];
        let news = news_of(&labels, None, Status::Firing { expires: None });
        let (now, mut out) = (world.now, Effects::default());
        world.engine.news(now, vec![news], &mut out).unwrap();
        if a_courier_has_it {
            assert_eq!(world.take_all().len(), 1);
        }
        world.passes(300);
        assert!(world.engine.late);
        world.silences("alertname=Fire", 0, 3_600);
        assert!(!world.engine.late);
    }
}

#[test]
fn an_end_that_was_later_after_all_is_told_as_the_latest() {
    let mut world = world();
    world.fires("HighCPU", "a");
    assert_eq!(world.reasons(), [Reason::First]);
    let ended = |seconds: i64| {
        let at = Timestamp::from_millis(world.now.as_millis() + seconds * 1_000);
        Status::Resolved { ends_at: Some(at) }
    };
    let (early, late, earliest) = (ended(10), ended(20), ended(5));
    world.passes(30);
    world.news("HighCPU", "a", early);
    world.news_saying("HighCPU", "a", "it was the fan", late);
    world.news_saying("HighCPU", "a", "it was the fan", earliest);
    world.passes(270);
    let sent = world.notified().remove(0);
    assert_eq!(sent.reason, Reason::AllResolved);
    let incident = &sent.members[0].incident;
    let crate::incident::State::Ended { at, .. } = incident.state else {
        panic!("{incident:?}");
    };
    assert_eq!(Status::Resolved { ends_at: Some(at) }, late);
    assert_eq!(incident.annotations.value("summary"), "it was the fan");
    world.passes(86_400);
    assert!(world.notified().is_empty(), "an end is told once");
}
