//! What people wish of the monitors, and what follows from its upshot.

use super::*;
use crate::alert;
use crate::engine::wish::{Deed, Refusal, Upshot, Which};
use crate::message::answer::{Answer, OfMonitor};
use crate::monitor::view::{Listing, Seen, Trace, View};
use crate::monitor::{MonitorId, Status, record};

/// Somebody who owns the Nabat.
const OWNER: i64 = 77;

fn alerts() -> Vec<Labels> {
    let of = |name: &str| {
        let labels = [("alertname", name), ("monitor", "shop"), ("team", "web")];
        labels.into_iter().collect()
    };
    vec![of("MonitorDown"), of("MonitorDegraded")]
}

fn seen(origin: record::Origin) -> Seen {
    Seen {
        view: View {
            id: MonitorId(5),
            name: "shop".into(),
            kind: "http".into(),
            target: "https://shop.example.org/".into(),
            origin,
            status: Status::Up,
            since: at(0),
            words: String::new(),
            flaps: false,
            maintenance_until: None,
            last: None,
            alerts: alerts(),
        },
        uptimes: Vec::new(),
    }
}

fn trace() -> Trace {
    Trace {
        outcome: crate::monitor::Outcome::Up,
        latency: None,
        address: None,
        phases: Vec::new(),
        findings: Vec::new(),
    }
}

impl World {
    fn with_owner() -> Self {
        let mut world = Self::new();
        let admits = Admits::Person(Role::Owner);
        let mut out = Effects::default();
        let code = world
            .engine
            .open_invite(world.now, [9; 16], admits, &mut out);
        world.says_in(OWNER, OWNER, None, &format!("/start {code}"));
        world.deliver();
        world
    }

    /// The one wish that was made.
    fn wish(&mut self) -> Wish {
        let wish = self.wishes.pop().expect("a wish");
        assert!(self.wishes.is_empty());
        wish
    }

    /// The last wish comes to this; returns what is said.
    fn comes_to(&mut self, upshot: Upshot) -> Vec<(&'static str, String)> {
        let wish = self.wish();
        let mut out = Effects::default();
        self.engine.fulfilled(self.now, &wish, upshot, &mut out);
        self.wishes.extend(out.wishes);
        self.deliver()
    }

    fn watches(&mut self, person: i64) -> Vec<(&'static str, String)> {
        self.says_in(person, person, None, "/watch https://shop.example.org/");
        let origin = self.wishes[0].origin();
        self.comes_to(Upshot::Watched(Box::new(seen(origin)), trace()))
    }

    fn subscriptions(&self) -> Vec<String> {
        let all = self.engine.subscriptions.values();
        all.map(|known| known.selector.to_string()).collect()
    }
}

#[test]
fn what_is_to_be_watched_is_handed_on_and_answered_with_what_was_seen() {
    let mut world = World::new();
    world.says_in(ANN, ANN, None, "/watch 192.0.2.1 every 10s as router");
    assert!(world.deliver().is_empty(), "nothing to say yet");
    let wish = world.wishes[0].clone();
    assert_eq!((wish.owner, wish.message_id), (false, None));
    assert!(wish.origin().public_only());
    assert!(matches!(wish.deed, Deed::Watch { ref name, .. } if name == "router"));
    let said = world.comes_to(Upshot::Watched(Box::new(seen(wish.origin())), trace()));
    assert_eq!(
        said,
        [(
            "new",
            "🟢 shop: up\nWatched from now on; this chat is told when that changes.".to_owned()
        )]
    );
    assert_eq!(world.subscriptions(), ["monitor=\"shop\""]);
    world
        .engine
        .news(
            world.now,
            vec![News {
                labels: alerts()[0].clone(),
                ..news_of(&[], None, alert::Status::Firing { expires: None })
            }],
            &mut Effects::default(),
        )
        .unwrap();
    assert_eq!(world.kinds(), ["new"], "the chat is told");
}

#[test]
fn a_chat_that_hears_of_a_monitor_anyway_gets_no_second_subscription() {
    for (subscribed, covered) in [
        ("/regexp all", true),
        ("/subscribe team=web", true),
        ("/subscribe alertname=MonitorDown", false),
        ("/regexp cpu", false),
    ] {
        let mut world = World::new();
        world.says(subscribed);
        world.watches(ANN);
        let expected = if covered { 1 } else { 2 };
        assert_eq!(world.subscriptions().len(), expected, "{subscribed}");
    }
}

#[test]
fn owners_reach_everything_and_others_what_is_public() {
    let mut world = World::with_owner();
    for (person, public_only) in [(OWNER, false), (ANN, true)] {
        world.says_in(person, person, None, "/check 10.0.0.1");
        let wish = world.wish();
        assert_eq!(wish.origin().public_only(), public_only);
        assert_eq!(wish.owner, !public_only);
    }
}

#[test]
fn owners_change_every_monitor_and_others_what_they_made() {
    let mut world = World::with_owner();
    let mut wish_of = |person| {
        world.presses(person, person, "m:z:5");
        world.wish()
    };
    let (owners, anns) = (wish_of(OWNER), wish_of(ANN));
    let made = record::Origin::Made {
        by: "API".into(),
        public_only: false,
    };
    for (origin, ann_may) in [
        (anns.origin(), true),
        (owners.origin(), false),
        (made, false),
        (record::Origin::Config, false),
    ] {
        assert!(owners.may_change(&origin));
        assert_eq!(anns.may_change(&origin), ann_may, "{origin:?}");
    }
}

#[test]
fn in_a_group_everybody_looks_and_known_administrators_do_the_rest() {
    let stranger = 99;
    for (person, administrator, text, granted) in [
        (stranger, Some(false), "/monitors", true),
        (stranger, Some(true), "/watch 192.0.2.1", false),
        (ANN, Some(false), "/watch 192.0.2.1", false),
        (ANN, None, "/check 192.0.2.1", false),
        (ANN, Some(true), "/watch 192.0.2.1", true),
        (ANN, Some(true), "/check 192.0.2.1", true),
        (ANN, Some(true), "/unwatch shop", true),
        (ANN, Some(false), "/unwatch shop", false),
    ] {
        let mut world = World::new();
        world.says_in(GROUP, person, administrator, text);
        assert_eq!(world.wishes.len(), usize::from(granted), "{person} {text}");
        assert_eq!(world.deliver().is_empty(), granted, "{person} {text}");
    }
    for (person, administrator, data, granted) in [
        (stranger, None, "m:p:1", true),
        (stranger, None, "m:o:5", true),
        (stranger, Some(true), "m:z:5", false),
        (ANN, Some(false), "m:c:5", false),
        (ANN, Some(true), "m:c:5", true),
        (ANN, Some(true), "m:q:5", false),
    ] {
        let mut world = World::new();
        world.presses_as(GROUP, person, administrator, data);
        assert_eq!(world.wishes.len(), usize::from(granted), "{person} {data}");
    }
    let mut world = World::new();
    world.says_in(-999, stranger, Some(true), "/monitors");
    assert!(world.wishes.is_empty(), "an unknown group");
}

#[test]
fn a_pressed_button_changes_its_message_and_a_look_answers_in_another() {
    let mut world = World::new();
    world.says_in(ANN, ANN, None, "/monitors");
    let listing = Listing {
        pages: 1,
        items: vec![seen(record::Origin::Config).view],
        ..Listing::default()
    };
    assert_eq!(world.comes_to(Upshot::Listed(listing))[0].0, "new");
    world.presses(ANN, ANN, "m:o:5");
    let one = Upshot::Seen(Box::new(seen(record::Origin::Config)));
    let said = world.comes_to(one);
    assert_eq!(said[0].0, "edit");
    assert!(said[0].1.starts_with("🟢 shop · http"), "{}", said[0].1);
    world.presses(ANN, ANN, "m:c:5");
    let said = world.comes_to(Upshot::Checked("shop".into(), trace()));
    assert_eq!(said[0].0, "new");
    world.presses(ANN, ANN, "m:t:5:4h");
    let until = Some(at(4 * 3_600));
    let deed = Deed::Maintain(Which::Numbered(MonitorId(5)), until);
    assert_eq!(world.wishes[0].deed, deed);
    let refusal = Refusal::NotTheirs {
        name: "shop".into(),
    };
    assert_eq!(world.comes_to(Upshot::Refused(refusal))[0].0, "new");
}

#[test]
fn what_exists_already_is_only_told_here_if_somebody_wants_that() {
    let mut world = World::new();
    world.says_in(ANN, ANN, None, "/watch https://shop.example.org/");
    let exists = || Upshot::Seen(Box::new(seen(record::Origin::Config)));
    let said = world.comes_to(exists());
    assert!(said[0].1.starts_with("I watch shop already"), "{said:?}");
    assert!(world.subscriptions().is_empty());
    world.presses(ANN, ANN, "m:f:5");
    let said = world.comes_to(exists());
    assert!(said[0].1.starts_with("Subscribed to monitor="), "{said:?}");
    assert_eq!(world.subscriptions().len(), 1);
}

#[test]
fn what_others_hear_of_is_removed_once_somebody_is_sure() {
    let mut world = World::with_owner();
    world.watches(ANN);
    world.says_in(OWNER, OWNER, None, "/subscribe alertname=MonitorDown");
    world.deliver();
    let of_ann = record::Origin::Chat {
        by: "Ann".into(),
        person: PersonId(ANN),
        chat: world.chat(ANN),
        public_only: true,
    };
    let found = || Upshot::Seen(Box::new(seen(of_ann.clone())));
    world.says_in(ANN, ANN, None, "/unwatch shop");
    let said = world.comes_to(found());
    assert!(
        said[0].1.starts_with("1 other chat or address is told"),
        "{said:?}"
    );
    assert!(world.wishes.is_empty());
    world.presses(ANN, ANN, "m:D:5");
    assert!(matches!(
        world.wishes[0].deed,
        Deed::Remove { sure: true, .. }
    ));
    let said = world.comes_to(Upshot::Removed("shop".into()));
    assert_eq!(said[0], ("edit", "shop is watched no more.".to_owned()));
    assert_eq!(
        world.subscriptions(),
        ["alertname=\"MonitorDown\""],
        "Ann's own is gone"
    );

    world.says_in(OWNER, OWNER, None, "/unwatch shop");
    world.comes_to(found());
    assert!(
        matches!(world.wish().deed, Deed::Remove { sure: true, .. }),
        "nobody else hears of it"
    );
}

#[test]
fn what_is_pressed_is_shown_for_a_moment() {
    let world = World::new();
    let answer = Answer::Monitor(OfMonitor::Moment);
    let locale = world.engine.locale(world.chat(ANN));
    assert_eq!(answer.toast(&locale, world.now), "One moment.");
}
