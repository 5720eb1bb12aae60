//! What becomes of alerts: told once, with their end.

use super::*;
use crate::incident::Expiry;

#[test]
fn a_subscriber_is_told_once_and_gets_the_end() {
    let mut world = World::new();
    assert!(world.says("/regexp disk|cpu").contains("disk|cpu"));
    world.fires("HighCPU", "a");
    world.fires("HighMemory", "a");
    let said = world.deliver();
    assert_eq!(said.len(), 1);
    assert!(said[0].1.contains("HighCPU"), "{said:?}");

    world.fires("HighCPU", "a");
    world.passes(3_600);
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), [] as [&str; 0], "repeats say nothing");

    world.resolves("HighCPU", "a");
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), ["edit", "reply"]);
    assert!(world.engine.cards.is_empty() && world.engine.open.len() == 1);

    world.passes(600);
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), ["new"], "a re-fire is a new incident");
}

#[test]
fn alerts_of_one_group_share_a_message() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), ["new"]);
    world.fires("HighCPU", "b");
    assert_eq!(world.kinds(), ["edit", "reply"], "what is new is heard");
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), ["edit"], "a part of the end is quiet");
    world.resolves("HighCPU", "b");
    assert_eq!(world.kinds(), ["edit", "reply"]);
}

#[test]
fn a_changed_annotation_updates_the_message() {
    let mut world = World::new();
    world.says("/regexp all");
    let firing = Status::Firing { expires: None };
    world.news_saying("HighCPU", "a", "at 91 %", firing);
    world.deliver();
    world.news_saying("HighCPU", "a", "at 97 %", firing);
    let said = world.deliver();
    assert_eq!(said.len(), 1);
    assert!(said[0].0 == "edit" && said[0].1.contains("97"), "{said:?}");
}

#[test]
fn what_came_and_went_before_anyone_was_told_is_not_told() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), [] as [&str; 0]);
    assert!(world.engine.cards.is_empty() && world.engine.deliveries.is_empty());
}

#[test]
fn unsubscribing_does_not_cut_off_the_end() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.fires("HighDisk", "a");
    world.says_in(ANN, ANN, None, "/unsubscribe all");
    world.deliver();
    world.resolves("HighCPU", "a");
    world.resolves("HighDisk", "a");
    let said = world.deliver();
    let kinds: Vec<_> = said.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["edit", "reply"], "{said:?}");
    assert!(said[0].1.contains("HighCPU"));
}

#[test]
fn a_muted_chat_hears_nothing_new_and_every_end_quietly() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.says("/mute 2h");
    world.fires("HighDisk", "a");
    world.fires("HighLoad", "a");
    assert_eq!(world.kinds(), [] as [&str; 0]);
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), ["edit", "quiet reply"]);
    world.resolves("HighLoad", "a");
    world.passes(2 * 3_600);
    let said = world.deliver();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].1.contains("HighDisk"));
}

#[test]
fn an_alert_with_an_end_time_expires_and_one_without_grows_stale() {
    let mut world = World::new();
    world.says("/regexp all");
    let expires = Some(Expiry::given(at(300)));
    world.news("Expiring", "a", Status::Firing { expires });
    world.fires("Lasting", "a");
    world.deliver();
    world.passes(301);
    assert_eq!(world.kinds(), ["edit", "reply"]);
    world.passes(24 * 3_600);
    let said = world.deliver();
    assert_eq!(said.len(), 1, "{said:?}");
    let (kind, text) = &said[0];
    assert!(*kind == "edit" && !text.contains("esolved"), "{text}");
    world.fires("Lasting", "a");
    assert_eq!(world.kinds(), ["edit"], "its source is back");
}

#[test]
fn late_news_of_a_life_that_ended_opens_no_second_one() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.resolves("HighCPU", "a");
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), [] as [&str; 0]);
    world.passes(301);
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), ["new"], "the source still says so");
}

#[test]
fn of_too_many_incidents_only_what_is_new_is_refused() {
    let mut world = World::new();
    world.engine.settings.open_incidents_max = 2;
    world.fires("A", "a");
    world.fires("B", "a");
    let says = |world: &mut World, names: &[(&str, Status)]| {
        let news = names.iter().map(|(name, status)| {
            let labels = [("alertname", *name), ("host", "a")];
            news_of(&labels, None, *status)
        });
        let out = &mut Effects::default();
        world.engine.news(world.now, news.collect(), out)
    };
    let firing = Status::Firing { expires: None };
    let ended = Status::Resolved { ends_at: None };
    let refused = says(&mut world, &[("C", firing), ("A", firing), ("D", firing)]);
    let all = Refusal::TooManyIncidents {
        refused: 2,
        limit: 2,
    };
    assert_eq!(refused, Err(all));
    let refused = says(&mut world, &[("B", ended), ("C", firing), ("D", firing)]);
    assert!(refused.is_err());
    let open = world.engine.open.values();
    let open = open.map(|id| world.engine.incidents.get(id).unwrap().incident.name());
    let open: BTreeSet<String> = open.collect();
    assert_eq!(
        open,
        BTreeSet::from(["A", "C"].map(str::to_owned)),
        "the end made room for one"
    );
}

impl World {
    /// One of a pair says until when the alert fires, from the moment at which both saw it begin.
    fn says_it_fires(&mut self) {
        let expires = Some(Expiry::given(self.now.after(Duration::from_secs(240))));
        self.says_of_both(Status::Firing { expires });
    }

    fn says_of_both(&mut self, status: Status) {
        let news = news_of(&[("alertname", "HighCPU")], Some(at(0)), status);
        let mut out = Effects::default();
        self.engine.news(self.now, vec![news], &mut out).unwrap();
    }

    fn over(&self) -> Status {
        let ends_at = Some(self.now);
        Status::Resolved { ends_at }
    }
}

#[test]
fn what_came_with_nothing_but_an_end_is_over_when_its_source_says_so() {
    let mut world = World::new();
    world.passes(100);
    let ahead = world.now.after(Duration::from_secs(86_400));
    let expires = Some(Expiry::given(ahead));
    let says = |world: &mut World, starts_at, status| {
        let news = news_of(&[("alertname", "HighCPU")], Some(starts_at), status);
        let mut out = Effects::default();
        world.engine.news(world.now, vec![news], &mut out).unwrap();
        world.engine.open.len()
    };
    assert_eq!(says(&mut world, ahead, Status::Firing { expires }), 1);
    world.passes(10);
    let ends_at = Some(at(109));
    let over = Status::Resolved { ends_at };
    assert_eq!(says(&mut world, at(10), over), 0);
}

#[test]
fn two_sources_that_see_the_same_end_at_different_moments_tell_it_once() {
    let mut world = World::new();
    world.says("/regexp all");
    world.passes(60);
    world.says_it_fires();
    world.deliver();
    world.passes(60);
    world.says_of_both(world.over());
    assert_eq!(world.kinds(), ["edit", "reply"], "its end");
    world.passes(20);
    world.says_it_fires();
    assert_eq!(world.engine.open.len(), 1, "whoever asks is told so");
    world.passes(40);
    world.says_of_both(world.over());
    world.passes(300);
    assert_eq!(world.kinds(), [] as [&str; 0]);
}

#[test]
fn of_two_sources_one_that_goes_on_saying_that_it_fires_is_believed() {
    let mut world = World::new();
    world.says("/regexp all");
    world.passes(60);
    world.says_it_fires();
    world.deliver();
    world.passes(60);
    let over = world.over();
    world.says_of_both(over);
    world.deliver();
    let mut told = Vec::new();
    for _ in 0..10 {
        world.passes(30);
        world.says_it_fires();
        world.passes(30);
        // Prometheus says for a quarter of an hour that it is over.
        world.says_of_both(over);
        told.extend(world.kinds());
    }
    assert_eq!(told, ["new"]);
    assert_eq!(world.engine.open.len(), 1);
}

#[test]
fn who_names_another_link_says_nothing_new() {
    let mut world = World::new();
    world.says("/regexp all");
    for number in 0..4 {
        let mut news = news_of(
            &[("alertname", "HighCPU")],
            None,
            Status::Firing { expires: None },
        );
        news.links.generator = Some(format!("http://prometheus-{}", number % 2).into());
        let mut out = Effects::default();
        world.engine.news(world.now, vec![news], &mut out).unwrap();
        assert_eq!(out.changes.is_empty(), number > 0, "{:?}", out.changes);
        world.deliver();
        world.passes(10);
    }
}

#[test]
fn a_re_fire_that_was_heard_of_late_is_a_new_incident() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.passes(200);
    let ends_at = Some(at(100));
    world.news("HighCPU", "a", Status::Resolved { ends_at });
    world.deliver();
    world.passes(200);
    let news = news_of(
        &[("alertname", "HighCPU"), ("host", "a")],
        Some(at(150)),
        Status::Firing { expires: None },
    );
    world
        .engine
        .news(world.now, vec![news], &mut Effects::default())
        .unwrap();
    assert_eq!(world.kinds(), ["new"]);
}

#[test]
fn silence_of_a_source_is_told_each_time() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    for _ in 0..2 {
        world.passes(25 * 3_600);
        assert_eq!(world.kinds(), ["edit"], "no news");
        world.fires("HighCPU", "a");
        assert_eq!(world.kinds(), ["edit"], "it is back");
    }
}

#[test]
fn a_start_in_the_future_is_now() {
    let mut world = World::new();
    world.says("/regexp all");
    let future = |status| news_of(&[("alertname", "Future")], Some(at(9_999_999)), status);
    let firing = Status::Firing { expires: None };
    for status in [firing, Status::Resolved { ends_at: None }] {
        world
            .engine
            .news(world.now, vec![future(status)], &mut Effects::default())
            .unwrap();
        world.deliver();
    }
    world.passes(1);
    world
        .engine
        .news(world.now, vec![future(firing)], &mut Effects::default())
        .unwrap();
    assert_eq!(world.kinds(), ["new"]);
}

#[test]
fn after_a_start_sources_are_given_time_to_be_heard() {
    let mut world = World::new();
    world.says("/regexp all");
    let expiring = |at| Status::Firing {
        expires: Some(Expiry::given(at)),
    };
    world.news("Repeating", "a", expiring(at(240)));
    world.news("Silent", "a", expiring(at(240)));
    world.deliver();
    // Moves the end by less than what is worth storing.
    world.passes(50);
    world.news("Repeating", "a", expiring(at(290)));

    let kept = world.snapshot();
    let ends = kept.incidents.iter().map(|incident| incident.expires);
    assert!(ends.eq([Some(Expiry::given(at(240))); 2]), "a step behind");
    world.now = at(4_000);
    let settings = world.engine.settings.clone();
    world.engine = Engine::restore(world.now, settings, kept, &mut Effects::default());
    world.passes(60);
    world.news("Repeating", "a", expiring(at(4_600)));
    assert_eq!(
        world.kinds(),
        [] as [&str; 0],
        "nothing ends and nothing repeats"
    );
    world.passes(239);
    assert_eq!(world.kinds(), [] as [&str; 0]);
    world.passes(1);
    let open: Vec<String> = (world.engine.overview().firing(world.now, &[]).iter())
        .map(|firing| firing.incident.name())
        .collect();
    assert_eq!(open, ["Repeating"]);
    assert_eq!(world.kinds(), ["edit", "reply"], "its source stayed silent");
}

#[test]
fn what_expired_and_is_heard_again_fires_at_once() {
    let mut world = World::new();
    world.says("/regexp all");
    let expires = |at| Status::Firing {
        expires: Some(Expiry::given(at)),
    };
    world.news("Cut off", "a", expires(at(240)));
    world.deliver();
    world.passes(250);
    assert_eq!(world.kinds(), ["edit", "reply"]);
    // With the start that it had: its source can be reached again.
    world.news("Cut off", "a", expires(at(500)));
    assert_eq!(world.kinds(), ["new"]);
}

#[test]
fn an_overview_stays_as_it_was() {
    let mut world = World::new();
    world.fires("A", "a");
    world.fires("B", "a");
    let before = world.engine.overview();
    world.resolves("A", "a");
    world.fires("C", "a");
    let names = |overview: &Overview| {
        let firing = overview.firing(at(0), &[]);
        let mut names: Vec<String> = firing.iter().map(|f| f.incident.name()).collect();
        names.sort();
        names.join(" ")
    };
    assert_eq!(names(&before), "A B");
    assert_eq!(names(&world.engine.overview()), "B C");
}
