//! What is held back although nobody silenced it: by other alerts, and by the hours of routes.

use super::*;
use crate::destination::IntegrationId;
use crate::inhibition::Rule;
use crate::matcher::parse_list;
use crate::notification::{Notification, Reason};
use crate::route::{Calendar, GroupBy, Hours, Integration, Route, Routing, Spec};
use crate::time_interval::{TimeInterval, Times};

const MAIL: IntegrationId = IntegrationId(500);

fn rule(source: &str, target: &str) -> Rule {
    Rule {
        source: parse_list(source).unwrap(),
        target: parse_list(target).unwrap(),
        equal: vec!["host".into()],
    }
}

/// While a node is down, nothing else is told of its host.
fn node_down() -> Arc<[Rule]> {
    Arc::new([rule("alertname=NodeDown", "alertname!=NodeDown")])
}

/// Everything goes to `mail`, at once and grouped by name; these are the hours of the route.
fn routing(hours: Hours, calendar: Calendar) -> Option<Arc<Routing>> {
    let child = Spec {
        matchers: parse_list("alertname=~\".+\"").unwrap(),
        hours,
        ..Spec::default()
    };
    let root = Route::root(Spec {
        receiver: Some("mail".into()),
        group_by: Some(GroupBy::Labels(vec!["alertname".into()])),
        group_wait: Some(Duration::ZERO),
        routes: vec![child],
        ..Spec::default()
    });
    let integration = Integration {
        id: MAIL,
        receiver: "mail".into(),
        name: "mail: somewhere".into(),
        send_resolved: true,
    };
    let mut routing = Routing::new(root, [integration]);
    routing.calendar = calendar;
    Some(Arc::new(routing))
}

impl World {
    fn configured(&mut self, change: impl FnOnce(&mut Settings)) {
        let mut settings = self.engine.settings.clone();
        change(&mut settings);
        self.engine
            .configure(self.now, settings, &mut Effects::default());
    }

    fn restarted(&mut self) {
        let (kept, settings) = (self.snapshot(), self.engine.settings.clone());
        self.engine = Engine::restore(self.now, settings, kept, &mut Effects::default());
    }

    fn inhibiting() -> Self {
        let mut world = Self::new();
        world.configured(|settings| settings.inhibit_rules = node_down());
        world.says("/regexp all");
        world
    }

    fn clock(&mut self, text: &str) {
        let then = Timestamp::parse_rfc3339(text).unwrap().unwrap();
        let seconds = (then.as_millis() - self.now.as_millis()) / 1_000;
        assert!(seconds >= 0, "the clock does not go back to {text}");
        self.passes(seconds);
    }

    /// What integrations are handed; all of it is taken.
    fn handed(&mut self) -> Vec<Notification> {
        let mut handed = Vec::new();
        for work in self.take_all() {
            for send in &work.sends {
                if let Send::Notify(notification) = send {
                    handed.push(notification.as_ref().clone());
                }
            }
            let told = work.told.clone();
            self.settle(&work, None, Outcome::Sent { told });
        }
        handed
    }

    fn handed_reasons(&mut self) -> Vec<Reason> {
        self.handed().iter().map(|handed| handed.reason).collect()
    }

    fn inhibited(&self, name: &str) -> Option<String> {
        let mut known = self.engine.incidents.values();
        let known = known.find(|known| known.incident.name() == name).unwrap();
        let source = self.engine.open.get(&known.inhibited_by?).unwrap();
        Some(self.engine.incidents.get(source).unwrap().incident.name())
    }
}

#[test]
fn what_another_alert_explains_is_told_when_that_ends() {
    let mut world = World::inhibiting();
    world.fires("NodeDown", "a");
    assert_eq!(world.kinds(), ["new"]);
    world.fires("DiskSlow", "a");
    world.fires("DiskSlow", "b");
    let said = world.deliver();
    assert_eq!(said.len(), 1);
    assert!(said[0].1.contains("DiskSlow"), "{said:?}");
    assert_eq!(world.inhibited("NodeDown"), None);
    world.fires("CpuHigh", "a");
    assert_eq!(world.kinds(), [] as [&str; 0]);
    assert_eq!(world.inhibited("CpuHigh").as_deref(), Some("NodeDown"));
    let listed = world.says("/alerts");
    assert!(listed.contains("explained by NodeDown"), "{listed}");
    world.resolves("NodeDown", "a");
    let said = world.deliver();
    assert!(
        said.iter().any(|(_, text)| text.contains("CpuHigh")),
        "{said:?}"
    );
    assert_eq!(world.inhibited("CpuHigh"), None);
}

#[test]
fn who_explains_is_known_when_one_of_two_ends() {
    let mut world = World::new();
    let rules = [rule(
        "alertname=~\"NodeDown|RackDown\"",
        "alertname=CpuHigh",
    )];
    world.configured(|settings| settings.inhibit_rules = Arc::new(rules));
    world.says("/regexp all");
    for name in ["NodeDown", "RackDown", "CpuHigh"] {
        world.fires(name, "a");
    }
    world.deliver();
    assert_eq!(world.inhibited("CpuHigh").as_deref(), Some("NodeDown"));
    world.resolves("NodeDown", "a");
    assert_eq!(world.inhibited("CpuHigh").as_deref(), Some("RackDown"));
    let said = world.deliver();
    assert!(
        said.iter().all(|(_, text)| !text.contains("CpuHigh")),
        "{said:?}"
    );
}

#[test]
fn what_comes_with_its_explanation_in_one_request_is_not_told() {
    let mut world = World::inhibiting();
    let now = world.now;
    let news =
        |name: &str, status: Status| news_of(&[("alertname", name), ("host", "a")], None, status);
    let send = |world: &mut World, status: Status| {
        let both = vec![news("CpuHigh", status), news("NodeDown", status)];
        world
            .engine
            .news(now, both, &mut Effects::default())
            .unwrap();
        world.deliver()
    };
    let said = send(&mut world, Status::Firing { expires: None });
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].1.contains("NodeDown"), "{said:?}");
    world.passes(60);
    // Whichever end comes first, nobody is told that the other came and went.
    let both = ["NodeDown", "CpuHigh"].map(|name| news(name, Status::Resolved { ends_at: None }));
    let now = world.now;
    world
        .engine
        .news(now, both.to_vec(), &mut Effects::default())
        .unwrap();
    let said = world.deliver();
    assert!(
        said.iter().all(|(_, text)| !text.contains("CpuHigh")),
        "{said:?}"
    );
    assert!(world.engine.cards.is_empty() && world.engine.incidents.values().next().is_none());
}

#[test]
fn an_explained_alert_that_ends_is_told_to_nobody() {
    let mut world = World::inhibiting();
    world.fires("NodeDown", "a");
    world.fires("CpuHigh", "a");
    world.deliver();
    world.passes(3_600);
    world.resolves("CpuHigh", "a");
    assert_eq!(world.kinds(), [] as [&str; 0]);
    assert_eq!(world.engine.incidents.values().count(), 1);
    world.resolves("NodeDown", "a");
    assert!(
        !world
            .deliver()
            .iter()
            .any(|(_, text)| text.contains("CpuHigh"))
    );
}

#[test]
fn who_was_told_before_is_told_the_end_although_it_is_explained() {
    let mut world = World::inhibiting();
    world.fires("CpuHigh", "a");
    assert_eq!(world.kinds(), ["new"]);
    world.fires("NodeDown", "a");
    assert_eq!(world.kinds(), ["new"]);
    world.restarted();
    world.resolves("CpuHigh", "a");
    let said = world.deliver();
    assert_eq!(said[0].0, "edit");
    assert!(said[0].1.contains("CpuHigh"), "{said:?}");
}

#[test]
fn a_restart_tells_nothing_that_is_explained() {
    let mut world = World::inhibiting();
    world.fires("NodeDown", "a");
    world.fires("CpuHigh", "a");
    world.fires("CpuHigh", "b");
    // The card of `CpuHigh` waits for the other host when the process dies.
    let handed = world.take_all();
    assert_eq!(handed.len(), 2);
    world.restarted();
    let said = world.deliver();
    let told = said.iter().filter(|(_, text)| text.contains("CpuHigh"));
    assert!(
        told.into_iter().all(|(_, text)| !text.contains("2 alerts")),
        "{said:?}"
    );
    let untold = world
        .engine
        .cards
        .values()
        .flat_map(|on| on.card.members.values());
    assert_eq!(untold.filter(|told| told.edition == 0).count(), 1);
    world.restarted();
    assert_eq!(world.kinds(), [] as [&str; 0]);
    world.resolves("NodeDown", "a");
    assert!(
        world
            .deliver()
            .iter()
            .any(|(_, text)| text.contains("CpuHigh"))
    );
}

#[test]
fn a_rule_that_leaves_the_configuration_explains_nothing_any_more() {
    let mut world = World::inhibiting();
    world.fires("NodeDown", "a");
    world.fires("CpuHigh", "a");
    assert_eq!(world.kinds(), ["new"]);
    world.configured(|settings| settings.stale_after = Duration::from_secs(900));
    assert_eq!(world.kinds(), [] as [&str; 0], "another setting changed");
    world.configured(|settings| settings.inhibit_rules = Arc::default());
    assert_eq!(world.kinds(), ["new"]);
    world.configured(|settings| settings.inhibit_rules = node_down());
    world.fires("DiskSlow", "a");
    assert_eq!(world.kinds(), [] as [&str; 0], "the rule is back");
}

#[test]
fn what_is_explained_is_not_repeated() {
    let mut world = World::new();
    world.configured(|settings| {
        settings.inhibit_rules = node_down();
        settings.routing = routing(Hours::default(), Calendar::default());
    });
    world.fires("CpuHigh", "a");
    assert_eq!(world.handed_reasons(), [Reason::First]);
    world.fires("NodeDown", "a");
    assert_eq!(world.handed_reasons(), [Reason::First]);
    world.resolves("NodeDown", "b");
    world.passes(4 * 3_600);
    let repeated = world.handed();
    assert_eq!(repeated.len(), 1, "only what explains");
    assert_eq!(repeated[0].group_labels.value("alertname"), "NodeDown");
    world.resolves("NodeDown", "a");
    let reasons = world.handed_reasons();
    assert!(reasons.contains(&Reason::Repeat), "{reasons:?}");
}

#[test]
fn a_fallback_is_not_told_what_is_explained() {
    let mut world = World::inhibiting();
    world.configured(|settings| {
        settings.routing = routing(Hours::default(), Calendar::default());
        let to = vec![Destination::Integration(MAIL)];
        let fallback = Fallback {
            after: Duration::from_secs(60),
            to,
        };
        settings.fallbacks = HashMap::from([(Outlet::Bot(BOT), fallback)]);
    });
    world.fires("NodeDown", "a");
    world.fires("CpuHigh", "a");
    world.passes(120);
    let handed = world.handed();
    assert!(!handed.is_empty());
    let mut told = handed.iter().flat_map(|handed| &handed.members);
    assert!(
        told.all(|shown| shown.incident.name() == "NodeDown"),
        "{handed:?}"
    );
}

/// At night nothing new is told, by the clock in Berlin.
fn nights() -> Option<Arc<Routing>> {
    let span = |from: &str, to: &str| TimeInterval {
        times: Some(vec![
            Times::new(from.parse().unwrap(), to.parse().unwrap()).unwrap(),
        ]),
        zone: TimeZone::get("Europe/Berlin").unwrap(),
        ..TimeInterval::default()
    };
    let night = vec![span("00:00", "07:00"), span("22:00", "24:00")];
    let hours = Hours {
        mute: vec!["night".into()],
        active: Vec::new(),
    };
    routing(hours, [("night".into(), night)].into_iter().collect())
}

/// In the evening before the clocks are put back: the night is an hour longer.
fn evening() -> World {
    let mut world = World::new();
    world.configured(|settings| settings.routing = nights());
    world.clock("2026-10-24T19:59:00Z");
    world
}

#[test]
fn a_muted_route_speaks_when_its_hours_end() {
    let mut world = evening();
    world.fires("CpuHigh", "a");
    assert_eq!(world.handed_reasons(), [Reason::First], "21:59 in Berlin");
    world.clock("2026-10-24T20:00:00Z");
    world.fires("DiskSlow", "a");
    world.fires("Lonely", "a");
    assert!(world.handed().is_empty());
    world.clock("2026-10-24T23:30:00Z");
    world.restarted();
    world.resolves("Lonely", "a");
    world.clock("2026-10-25T05:59:59Z");
    assert!(
        world.handed().is_empty(),
        "06:59:59 in Berlin, where an hour came twice"
    );
    world.clock("2026-10-25T06:00:00Z");
    let handed = world.handed();
    let names: Vec<&str> = handed
        .iter()
        .map(|one| one.group_labels.value("alertname"))
        .collect();
    // What was told before is repeated, because it is time; what came and went is not told.
    assert_eq!(names, ["CpuHigh", "DiskSlow"]);
    assert_eq!(
        handed.iter().map(|one| one.reason).collect::<Vec<_>>(),
        [Reason::Repeat, Reason::First]
    );
}

#[test]
fn what_waits_when_the_hours_begin_is_not_told_and_an_end_is() {
    let mut world = evening();
    world.fires("CpuHigh", "a");
    world.handed();
    world.fires("DiskSlow", "a");
    world.clock("2026-10-24T20:00:00Z");
    assert!(world.handed().is_empty(), "nobody took it in time");
    world.resolves("CpuHigh", "a");
    world.passes(300);
    assert_eq!(world.handed_reasons(), [Reason::AllResolved]);
    world.clock("2026-10-25T06:00:00Z");
    assert_eq!(world.handed_reasons(), [Reason::First]);
}

#[test]
fn a_restart_in_muted_hours_tells_nothing_that_began_in_them() {
    let mut world = evening();
    world.fires("CpuHigh", "a");
    world.handed();
    world.clock("2026-10-24T20:30:00Z");
    world.fires("CpuHigh", "b");
    world.resolves("CpuHigh", "a");
    // The end waits for its turn, and the process dies after midnight.
    world.clock("2026-10-24T22:30:00Z");
    assert_eq!(world.engine.deliveries.len(), 1);
    world.restarted();
    let handed = world.handed();
    assert_eq!(handed.len(), 1);
    let told: Vec<&str> = handed[0]
        .members
        .iter()
        .map(|shown| shown.incident.labels.value("host"))
        .collect();
    assert_eq!(told, ["a"]);
}

#[test]
fn a_reload_gives_open_groups_other_hours() {
    let mut world = evening();
    world.clock("2026-10-24T21:00:00Z");
    world.fires("CpuHigh", "a");
    assert!(world.handed().is_empty());
    world.configured(|settings| settings.routing = routing(Hours::default(), Calendar::default()));
    assert_eq!(world.handed_reasons(), [Reason::First]);
    world.fires("CpuHigh", "b");
    world.configured(|settings| settings.routing = nights());
    world.passes(600);
    assert!(world.handed().is_empty());
    world.clock("2026-10-25T06:00:00Z");
    assert_eq!(world.handed_reasons(), [Reason::NewAlerts]);
}

#[test]
fn an_acknowledgement_that_runs_out_waits_for_the_morning() {
    let mut world = evening();
    world.fires("CpuHigh", "a");
    world.handed();
    let id = world.engine.incidents.values().next().unwrap().incident.id;
    let mine = crate::incident::Acknowledgement {
        by: "Ann".into(),
        at: world.now,
        until: world.now.after(Duration::from_secs(3_600)),
    };
    let (now, mut out) = (world.now, Effects::default());
    world.engine.acknowledge(now, &[id], Some(&mine), &mut out);
    world.clock("2026-10-25T05:59:00Z");
    assert!(world.handed().is_empty());
    world.clock("2026-10-25T06:00:00Z");
    assert_eq!(world.handed().len(), 1);
}

#[test]
fn an_overview_says_who_takes_an_alert_and_when_not() {
    let mut world = World::new();
    let now = world.now;
    let shown = |world: &World| {
        let overview = world.engine.overview();
        let firing = overview.firing(now, &[]);
        let takers = firing[0].takers.iter();
        let mut all = takers.map(|route| {
            (
                route.receiver.to_string(),
                overview.muted_by(route, now).len(),
            )
        });
        all.next().unwrap()
    };
    world.fires("DiskSlow", "a");
    assert_eq!(shown(&world), (SUBSCRIBERS.to_owned(), 0));
    let mute = Hours {
        mute: vec!["always".into()],
        ..Hours::default()
    };
    let always = Calendar::from_iter([("always".into(), vec![TimeInterval::default()])]);
    world.configured(|settings| settings.routing = routing(mute, always));
    assert_eq!(shown(&world), ("mail".to_owned(), 1));
    world.configured(|settings| settings.routing = None);
    assert_eq!(shown(&world), (SUBSCRIBERS.to_owned(), 0));
}
