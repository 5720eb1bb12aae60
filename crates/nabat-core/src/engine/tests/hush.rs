//! Acknowledgements and silences: what is not told though it fires, and until when.

use super::*;
use crate::change::Change;

impl World {
    fn card(&self) -> CardId {
        *self.engine.cards.keys().max().unwrap()
    }

    fn presses_on_card(&mut self, what: &str) {
        let (kind, rest) = what.split_once(' ').unwrap_or((what, ""));
        let card = self.card().0;
        let data = match rest {
            "" => format!("{kind}:{card}"),
            period => format!("{kind}:{card}:{period}"),
        };
        self.presses(ANN, ANN, &data);
    }

    fn restarts(&mut self) {
        let (kept, settings) = (self.snapshot(), self.engine.settings.clone());
        self.engine = Engine::restore(self.now, settings, kept, &mut Effects::default());
    }
}

#[test]
fn an_acknowledgement_is_shown_quietly_and_survives_a_restart() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.presses_on_card("k");
    assert_eq!(world.kinds(), ["edit"]);
    world.restarts();
    let known = world.engine.incidents.values().next().unwrap();
    let acknowledged = known.incident.acknowledged.as_ref().unwrap();
    assert_eq!(acknowledged.by, "somebody");
    assert_eq!(acknowledged.until, at(8 * 3_600));
}

#[test]
fn what_still_fires_when_the_acknowledgement_runs_out_sounds_again() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.presses_on_card("k");
    world.deliver();
    world.restarts();
    world.passes(8 * 3_600);
    assert_eq!(world.kinds(), ["edit", "reply"]);
    assert_eq!(world.kinds(), [] as [&str; 0]);
}

#[test]
fn who_acknowledges_what_somebody_took_changes_nothing() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.presses_on_card("k");
    world.deliver();
    world.passes(60);
    world.presses_on_card("k");
    assert_eq!(world.kinds(), [] as [&str; 0]);
    let known = world.engine.incidents.values().next().unwrap();
    let acknowledged = known.incident.acknowledged.as_ref().unwrap();
    assert_eq!(acknowledged.until, at(8 * 3_600));
}

#[test]
fn letting_go_twice_lets_go() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.presses_on_card("k");
    world.deliver();
    world.presses_on_card("r");
    assert_eq!(world.kinds(), ["edit"]);
    world.presses_on_card("r");
    assert_eq!(world.kinds(), [] as [&str; 0]);
    assert_eq!(world.engine.figures().acknowledged, 0);
}

#[test]
fn a_new_alert_in_an_acknowledged_group_sounds() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.presses_on_card("k");
    world.deliver();
    world.fires("HighCPU", "b");
    assert_eq!(world.kinds(), ["edit", "reply"]);
}

#[test]
fn a_silence_holds_back_what_is_new_and_tells_ends() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.presses_on_card("s 1h");
    assert_eq!(world.kinds(), ["edit"], "the silence is shown");
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), ["edit", "quiet reply"], "its end is told");
    world.passes(400);
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), [] as [&str; 0], "the same alert, silenced");
    world.fires("HighCPU", "b");
    assert_eq!(world.kinds(), ["new"], "another one");
    world.restarts();
    world.passes(3_600);
    assert_eq!(world.kinds(), ["edit", "reply"], "the silence is over");
}

#[test]
fn nothing_that_a_silence_covers_sounds() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.fires("HighCPU", "b");
    world.deliver();
    world.presses_on_card("k");
    world.silences("host=a", 0, 9 * 3_600);
    world.silences("host=b", 0, 7 * 3_600);
    assert_eq!(world.kinds(), ["edit"]);
    world.passes(7 * 3_600);
    assert_eq!(world.kinds(), ["edit"], "the silence of one is over");
    world.passes(3_600);
    let said = world.deliver();
    let [("edit", _), ("reply", text)] = said.as_slice() else {
        panic!("{said:?}");
    };
    assert!(text.contains("HighCPU b"), "the other one sounds: {text}");
    world.resolves("HighCPU", "b");
    assert_eq!(world.kinds(), ["edit"], "not the last one");
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), ["edit", "quiet reply"]);
}

#[test]
fn an_acknowledgement_that_runs_out_under_a_silence_is_only_shown() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.presses_on_card("k");
    world.presses_on_card("s 24h");
    world.deliver();
    world.passes(8 * 3_600);
    assert_eq!(world.kinds(), ["edit"]);
    world.passes(16 * 3_600);
    assert_eq!(world.kinds(), ["edit"], "the silence is over");
}

#[test]
fn the_end_that_ends_a_silence_until_resolved_makes_no_sound() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    let draft = Draft {
        until_resolved: Some(true),
        ..draft(world.now, "alertname=HighCPU", 0, 24 * 3_600)
    };
    let mut out = Effects::default();
    let set = world.engine.set_silence(world.now, draft, &mut out);
    assert!(set.is_ok());
    world.deliver();
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), ["edit", "quiet reply"]);
}

#[test]
fn ending_a_silence_tells_what_it_held_back() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.presses_on_card("s 4h");
    world.deliver();
    assert_eq!(world.engine.figures().silences, 1);
    world.presses_on_card("e");
    assert_eq!(world.engine.figures().silences, 0);
    assert_eq!(world.kinds(), ["edit"]);
}

#[test]
fn a_group_is_silenced_by_what_its_alerts_have_in_common() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.fires("HighCPU", "b");
    world.deliver();
    world.presses_on_card("s 1h");
    let silence = world.engine.silences().next().unwrap();
    let matchers: Vec<String> = silence.matchers.iter().map(ToString::to_string).collect();
    assert_eq!(matchers, ["alertname=\"HighCPU\""]);
}

#[test]
fn in_a_group_anyone_may_acknowledge_but_only_administrators_and_known_people_silence() {
    let mut world = World::new();
    world.says_in(GROUP, ANN, Some(true), "/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    let card = world.card().0;
    const STRANGER: i64 = 9;
    world.presses(GROUP, STRANGER, &format!("s:{card}:1h"));
    assert_eq!(world.engine.figures().silences, 0);
    world.presses(GROUP, STRANGER, &format!("k:{card}"));
    assert_eq!(world.engine.figures().acknowledged, 1);
    world.presses(GROUP, ANN, &format!("s:{card}:1h"));
    assert_eq!(world.engine.figures().silences, 1);
}

#[test]
fn a_button_works_only_in_the_chat_of_its_card() {
    let mut world = World::new();
    world.says_in(GROUP, ANN, Some(true), "/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    let card = world.card().0;
    for data in [
        format!("k:{card}"),
        "k:1".into(),
        "k:x".into(),
        format!("s:{card}:x"),
    ] {
        world.presses(ANN, ANN, &data);
    }
    let figures = world.engine.figures();
    assert_eq!((figures.acknowledged, figures.silences), (0, 0));
}

#[test]
fn a_silence_of_alerts_that_nobody_hears_of_writes_no_incident() {
    let mut world = World::new();
    world.fires("HighCPU", "b");
    world.says("/regexp other");
    world.fires("Other", "a");
    world.deliver();
    let mut out = Effects::default();
    let draft = draft(world.now, "host=b", 0, 3_600);
    world
        .engine
        .set_silence(world.now, draft, &mut out)
        .unwrap();
    let incident = |change: &Change| matches!(change, Change::Incident(_));
    assert!(!out.changes.iter().any(incident), "{:?}", out.changes);
}

#[test]
fn nobody_takes_what_the_chat_has_not_been_told() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.fires("HighCPU", "b");
    world.presses_on_card("k");
    assert_eq!(world.engine.figures().acknowledged, 1);
}

#[test]
fn a_silence_stays_in_force_when_the_clock_is_set_back() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.presses_on_card("s 1h");
    world.deliver();
    world.resolves("HighCPU", "a");
    world.deliver();
    world.passes(-60);
    world.passes(0);
    let labels = [("alertname", "HighCPU"), ("host", "a")];
    let news = news_of(&labels, None, Status::Firing { expires: None });
    let (now, mut out) = (world.now, Effects::default());
    world.engine.news(now, vec![news], &mut out).unwrap();
    assert_eq!(world.kinds(), [] as [&str; 0]);
}

#[test]
fn alerts_of_different_names_are_not_silenced_together() {
    let mut world = World::new();
    world.says("/regexp all");
    for name in ["HighCPU", "DiskFull"] {
        let mut news = news_of(
            &[("alertname", name), ("host", "a")],
            Some(world.now),
            Status::Firing { expires: None },
        );
        news.group = Some("host=a".into());
        let taken = world
            .engine
            .news(world.now, vec![news], &mut Effects::default());
        taken.unwrap();
    }
    world.deliver();
    world.presses_on_card("s 1h");
    assert_eq!(world.engine.figures().silences, 0);
}

#[test]
fn silences_are_listed_and_ended() {
    let mut world = World::new();
    assert_eq!(world.says("/silences"), "There are no silences.");
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    world.presses_on_card("s 1h");
    world.deliver();
    let list = world.says("/silences");
    assert!(list.contains("alertname=\"HighCPU\""), "{list}");
    assert!(list.ends_with("somebody"), "{list}");

    let id = world.engine.silences().next().unwrap().id.0;
    const STRANGER: i64 = 9;
    world.presses(GROUP, STRANGER, &format!("x:{id}"));
    assert_eq!(world.engine.figures().silences, 1, "not by just anyone");
    for _ in 0..2 {
        world.presses(ANN, ANN, &format!("x:{id}"));
        assert_eq!(world.engine.figures().silences, 0);
    }
}
