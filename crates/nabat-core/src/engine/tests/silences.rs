//! Silences: how they begin and end, what they hold back, and what people do about them.

use super::*;
use crate::history::What;
use crate::silence::{Phase, Refusal, SilenceId};

const HOUR: i64 = 3_600;

impl World {
    fn restarts_later(&mut self, seconds: i64) {
        let (kept, settings) = (self.snapshot(), self.engine.settings.clone());
        self.now = Timestamp::from_millis(self.now.as_millis() + seconds * 1_000);
        self.engine = Engine::restore(self.now, settings, kept, &mut Effects::default());
        self.passes(0);
    }

    pub(super) fn silences(&mut self, matchers: &str, from: i64, to: i64) -> SilenceId {
        let draft = draft(self.now, matchers, from, to);
        let mut out = Effects::default();
        self.engine.set_silence(self.now, draft, &mut out).unwrap()
    }

    fn phase(&self, id: SilenceId) -> Option<Phase> {
        let mut all = self.engine.silences();
        all.find(|silence| silence.id == id).map(|s| s.phase)
    }

    /// `pending`, `active`, `expired` or `gone`.
    fn state(&self, id: SilenceId) -> &'static str {
        match self.phase(id) {
            Some(Phase::Pending) => "pending",
            Some(Phase::Active { .. }) => "active",
            Some(Phase::Expired) => "expired",
            None => "gone",
        }
    }

    /// Ann presses the button with this text below the message shown last.
    fn presses_last(&mut self, data: &str) {
        self.presses(ANN, ANN, data);
    }

    fn proposal(&self) -> i64 {
        *self.engine.proposals.keys().max().unwrap()
    }
}

#[test]
fn a_silence_begins_and_ends_in_its_time_whatever_is_restarted() {
    for restarts in [false, true] {
        let mut world = World::new();
        world.says("/regexp all");
        let id = world.silences("alertname=HighCPU", 60, 120);
        let passes = |world: &mut World, seconds| match restarts {
            true => world.restarts_later(seconds),
            false => world.passes(seconds),
        };
        assert_eq!(world.state(id), "pending");
        world.fires("HighCPU", "a");
        assert_eq!(world.kinds(), ["new"], "it has not begun");
        passes(&mut world, 60);
        assert_eq!(world.state(id), "active");
        assert_eq!(world.kinds(), ["edit"], "its beginning is shown");
        world.fires("HighCPU", "b");
        assert_eq!(world.kinds(), [] as [&str; 0], "held back");
        passes(&mut world, 60);
        assert_eq!(world.state(id), "expired");
        assert_eq!(world.kinds(), ["edit", "reply"], "told at the end");
        passes(&mut world, 119 * HOUR);
        assert_eq!(world.state(id), "expired");
        passes(&mut world, 2 * HOUR);
        assert_eq!(world.state(id), "gone");
    }
}

#[test]
fn what_began_and_ended_while_nabat_was_down_holds_nothing_back() {
    let mut world = World::new();
    world.says("/regexp all");
    let id = world.silences("alertname=HighCPU", 60, 120);
    world.restarts_later(200);
    assert_eq!(world.state(id), "expired");
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), ["new"]);
}

#[test]
fn a_silence_that_began_while_nabat_was_down_holds_back_at_once() {
    let mut world = World::new();
    world.says("/regexp all");
    world.silences("alertname=HighCPU", 60, HOUR);
    let (kept, settings) = (world.snapshot(), world.engine.settings.clone());
    world.now = at(100);
    world.engine = Engine::restore(world.now, settings, kept, &mut Effects::default());
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), [] as [&str; 0]);
}

#[test]
fn a_silence_finds_what_it_covers_with_or_without_a_name() {
    for (matchers, expected) in [
        ("alertname=HighCPU", 2),
        ("alertname=HighCPU host=b", 1),
        ("alertname=~High.*", 2),
        ("host=a", 2),
        ("alertname=None", 0),
        ("alertname!=HighCPU", 1),
    ] {
        let mut world = World::new();
        world.says("/regexp all");
        world.fires("HighCPU", "a");
        world.fires("HighCPU", "b");
        world.fires("DiskFull", "a");
        world.fires("Gone", "a");
        world.deliver();
        world.resolves("Gone", "a");
        world.deliver();
        world.restarts_later(1);
        world.deliver();
        world.silences(matchers, 0, HOUR);
        assert_eq!(world.engine.figures().silenced, expected, "{matchers}");
        world.passes(HOUR);
        assert_eq!(world.engine.figures().silenced, 0, "{matchers}");
    }
}

#[test]
fn an_early_end_tells_what_was_held_back_and_is_kept() {
    let mut world = World::new();
    world.says("/regexp all");
    let id = world.silences("alertname=HighCPU", 0, HOUR);
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), [] as [&str; 0]);
    world.passes(60);
    let mut out = Effects::default();
    assert!(world.engine.expire_silence(world.now, id, &mut out));
    assert_eq!(world.kinds(), ["new"]);
    let silence = world.engine.silences().next().unwrap();
    assert_eq!((silence.ends_at, silence.updated_at), (at(60), at(60)));
    let mut again = Effects::default();
    assert!(world.engine.expire_silence(at(99), id, &mut again));
    assert!(again.changes.is_empty(), "once is enough");
    assert!(
        !world
            .engine
            .expire_silence(at(99), SilenceId(1), &mut again)
    );
}

#[test]
fn one_that_has_not_begun_ends_where_it_stands() {
    let mut world = World::new();
    let id = world.silences("a=b", 60, 120);
    world
        .engine
        .expire_silence(world.now, id, &mut Effects::default());
    let silence = world.engine.silences().next().unwrap();
    assert_eq!((silence.starts_at, silence.ends_at), (at(0), at(0)));
    world.passes(60);
    assert_eq!(world.state(id), "expired");
}

#[test]
fn changes_keep_the_silence_or_make_another_one() {
    let mut world = World::new();
    let id = world.silences("a=b", 0, HOUR);
    let set = |world: &mut World, draft: Draft| {
        let mut out = Effects::default();
        let set = world.engine.set_silence(world.now, draft, &mut out);
        (set, out.changes.len())
    };
    let longer = Draft {
        id: Some(id),
        comment: "why".into(),
        ..draft(world.now, "a=b", 0, 2 * HOUR)
    };
    assert_eq!(set(&mut world, longer).0, Ok(id));
    let silence = world.engine.silences().next().unwrap();
    assert_eq!((silence.ends_at, &*silence.comment), (at(2 * HOUR), "why"));

    let wider = Draft {
        id: Some(id),
        ..draft(world.now, "a=~\"b|c\"", 0, HOUR)
    };
    let other = set(&mut world, wider).0.unwrap();
    assert_eq!((world.state(id), world.state(other)), ("expired", "active"));

    for (expected, refused) in [
        (
            Refusal::Unknown,
            Draft {
                id: Some(SilenceId(99_999)),
                ..draft(world.now, "a=b", 0, HOUR)
            },
        ),
        (
            Refusal::NoTime,
            Draft {
                id: Some(other),
                ..draft(world.now, "a=b", 9, 9)
            },
        ),
        (
            Refusal::Over,
            Draft {
                id: Some(other),
                ..draft(world.now, "a=b", -9, -8)
            },
        ),
        (
            Refusal::MatchesAll,
            Draft {
                id: Some(other),
                ..draft(world.now, "a=\"\"", 0, 9)
            },
        ),
    ] {
        assert_eq!(set(&mut world, refused), (Err(expected), 0));
        assert_eq!(world.state(other), "active", "nothing has changed");
    }
}

#[test]
fn there_are_no_more_than_there_may_be() {
    let mut world = World::new();
    for _ in 0..10_000 {
        world.silences("a=b", 0, HOUR);
    }
    let draft = draft(world.now, "a=b", 0, HOUR);
    let mut out = Effects::default();
    let refused = world.engine.set_silence(world.now, draft.clone(), &mut out);
    assert_eq!(refused, Err(Refusal::TooMany { limit: 10_000 }));
    let first = world.engine.silences().next().unwrap().id;
    world.engine.expire_silence(world.now, first, &mut out);
    let taken = world.engine.set_silence(world.now, draft, &mut out);
    assert!(taken.is_ok());
}

#[test]
fn one_until_resolved_ends_with_the_last_alert_that_it_covers() {
    let mut world = World::new();
    world.says("/regexp all");
    let draft = Draft {
        until_resolved: Some(true),
        ..draft(world.now, "alertname=HighCPU", 0, 24 * HOUR)
    };
    let mut out = Effects::default();
    let id = world
        .engine
        .set_silence(world.now, draft, &mut out)
        .unwrap();
    world.fires("DiskFull", "a");
    assert_eq!(world.kinds(), ["new"]);
    world.resolves("DiskFull", "a");
    world.deliver();
    assert_eq!(
        world.state(id),
        "active",
        "it covers nothing yet, and waits"
    );
    world.fires("HighCPU", "a");
    world.fires("HighCPU", "b");
    world.resolves("HighCPU", "a");
    assert_eq!(world.state(id), "active");
    world.restarts_later(60);
    assert_eq!(world.state(id), "active");
    world.resolves("HighCPU", "b");
    assert_eq!(world.state(id), "expired");
    assert_eq!(world.kinds(), [] as [&str; 0], "nobody knew of them");
    world.passes(600);
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), ["new"]);
}

#[test]
fn the_history_says_which_silence_held_an_alert_back() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    let (now, mut out) = (world.now, Effects::default());
    let draft = draft(now, "alertname=HighCPU", 0, HOUR);
    let id = world.engine.set_silence(now, draft, &mut out).unwrap();
    let labels = [("alertname", "HighCPU"), ("host", "b")];
    let news = news_of(&labels, None, Status::Firing { expires: None });
    world.engine.news(now, vec![news], &mut out).unwrap();
    let silenced = out.changes.iter().filter(|change| match change {
        Change::Entry(entry) => {
            matches!(entry.what, What::Silenced { silence, .. } if silence == id)
        }
        _ => false,
    });
    assert_eq!(silenced.count(), 2, "{:?}", out.changes);
}

#[test]
fn a_question_comes_before_the_silence() {
    let mut world = World::new();
    world.says("/regexp all");
    for host in ["a", "b"] {
        world.fires("HighCPU", host);
    }
    world.fires("DiskFull", "a");
    world.deliver();
    let asked = world.says("/silence HighCPU 2h moving it");
    assert!(
        asked.starts_with(
            "This would silence 2 of 3 that fire now: alertname=\"HighCPU\"\n• HighCPU × 2"
        ),
        "{asked}"
    );
    assert_eq!(world.engine.figures().silences, 0);
    let number = world.proposal();
    world.presses_last(&format!("y:{number}"));
    let silence = world.engine.silences().next().unwrap();
    assert_eq!(silence.ends_at, at(2 * HOUR));
    assert_eq!(
        (&*silence.created_by, &*silence.comment),
        ("somebody", "moving it")
    );
    world.presses_last(&format!("y:{number}"));
    assert_eq!(world.engine.figures().silences, 1, "once");
}

#[test]
fn what_covers_much_is_asked_about_twice() {
    for text in ["/silence alertname=~\".+\" 2h", "/silence HighCPU 2h"] {
        let mut world = World::new();
        world.says("/regexp all");
        world.fires("HighCPU", "a");
        world.deliver();
        world.says(text);
        let number = world.proposal();
        world.presses_last(&format!("y:{number}"));
        assert_eq!(world.engine.figures().silences, 0, "{text}");
        world.presses_last(&format!("Y:{number}"));
        assert_eq!(world.engine.figures().silences, 1, "{text}");
    }
}

#[test]
fn who_says_no_or_answers_too_late_silences_nothing() {
    let mut world = World::new();
    world.says("/silence HighCPU 2h");
    let declined = world.proposal();
    world.presses_last(&format!("n:{declined}"));
    world.presses_last(&format!("y:{declined}"));
    world.says("/silence HighCPU 2h");
    let number = world.proposal();
    world.presses(GROUP, ANN, &format!("y:{number}"));
    world.passes(HOUR);
    world.presses_last(&format!("y:{number}"));
    world.says("/silence HighCPU 2h");
    let number = world.proposal();
    world.restarts_later(1);
    world.presses_last(&format!("y:{number}"));
    assert_eq!(world.engine.figures().silences, 0);
}

#[test]
fn what_can_not_be_read_or_makes_no_sense_is_said() {
    let mut world = World::new();
    for (text, answer) in [
        ("/silence", "What shall I silence, for how long, and why?"),
        ("/silence 2h", "What shall I silence"),
        ("/silence a=b 2hours", "2hours is not a span of time."),
        ("/silence a=b 0s", "0s is not a span of time."),
        ("/silence a=b 500d", "500d is too long: 366 d at the most."),
        ("/mute 500d", "500d is too long: 366 d at the most."),
        ("/silence \"x", "I cannot read this expression"),
        ("/silence a=~\"(\" 2h", "I cannot read this expression"),
        (
            "/silence a=\"\" 2h",
            "This would silence everything that lacks a label.",
        ),
        (
            "/silence a=b",
            "Nothing that fires now would be silenced by a=\"b\".",
        ),
    ] {
        let got = world.says(text);
        assert!(got.starts_with(answer), "{text}: {got}");
    }
}

#[test]
fn in_a_group_administrators_and_known_people_may_silence() {
    const STRANGER: i64 = 9;
    let mut world = World::new();
    world.says_in(GROUP, STRANGER, Some(true), "/silence HighCPU 2h");
    let number = world.proposal();
    world.presses(GROUP, STRANGER, &format!("y:{number}"));
    assert_eq!(
        world.engine.figures().silences,
        0,
        "no administrator any more"
    );
    world.presses(GROUP, ANN, &format!("y:{number}"));
    assert_eq!(world.engine.figures().silences, 1);
    world.says_in(GROUP, STRANGER, Some(false), "/silence HighCPU 2h");
    assert_eq!(world.engine.proposals.len(), 0);
    world.says_in(GROUP, ANN, Some(false), "/silence HighCPU 2h");
    assert_eq!(
        world.engine.proposals.len(),
        1,
        "known, if no administrator"
    );
}

#[test]
fn listed_silences_are_extended_and_ended() {
    let mut world = World::new();
    let id = world.silences("a=b", 0, HOUR);
    world.silences("a=c", 2 * HOUR, 3 * HOUR);
    let list = world.says("/silences");
    assert!(list.starts_with("2 silences"), "{list}");
    assert!(list.contains("a=\"c\" · from "), "{list}");
    world.presses_last(&format!("X:{}", id.0));
    assert_eq!(
        world.engine.silences().next().unwrap().ends_at,
        at(2 * HOUR)
    );
    world.presses_last(&format!("x:{}", id.0));
    assert_eq!(world.state(id), "expired");
    world.presses_last(&format!("X:{}", id.0));
    assert_eq!(world.state(id), "expired");
}

#[test]
fn whoever_silenced_in_a_chat_is_reminded_there_once() {
    let mut world = World::new();
    world.says("/silence HighCPU 4h the move");
    let number = world.proposal();
    world.presses_last(&format!("y:{number}"));
    world.presses_last(&format!("Y:{number}"));
    world.deliver();
    world.fires("HighCPU", "a");
    world.passes(3 * HOUR + 44 * 60);
    assert_eq!(world.kinds(), [] as [&str; 0]);
    world.restarts_later(60);
    let said = world.deliver();
    let [(_, text)] = said.as_slice() else {
        panic!("{said:?}");
    };
    assert!(text.starts_with("The silence ends at "), "{text}");
    assert!(
        text.contains("1 alert of it still fires.\nsomebody: the move"),
        "{text}"
    );
    world.restarts_later(60);
    assert_eq!(world.kinds(), [] as [&str; 0], "once");
    let id = world.engine.silences().next().unwrap().id;
    world.presses_last(&format!("t:{}:4h", id.0));
    assert_eq!(
        world.engine.silences().next().unwrap().ends_at,
        at(8 * HOUR)
    );
    world.deliver();
    world.passes(4 * HOUR);
    assert_eq!(world.kinds().len(), 1, "again before the new end");
    world.presses_last(&format!("z:{}", id.0));
    assert_eq!(world.state(id), "expired");
}
