//! Answers that got lost, and commits that failed while couriers had something.

use super::*;

fn lost(work: &Work) -> Outcome {
    Outcome::Uncertain {
        told: work.told.clone(),
        reason: "cut off".to_owned(),
    }
}

impl World {
    fn critical(&mut self, name: &str) {
        self.hears_critical(name, Status::Firing { expires: None });
    }

    fn critical_ends(&mut self, name: &str) {
        self.hears_critical(name, Status::Resolved { ends_at: None });
    }

    fn hears_critical(&mut self, name: &str, status: Status) {
        let labels = [("alertname", name), ("severity", "critical")];
        let news = news_of(&labels, None, status);
        let mut out = Effects::default();
        self.engine.news(self.now, vec![news], &mut out).unwrap();
    }

    /// Loses the answer to whatever waits. Returns whether anything does.
    fn loses_an_answer(&mut self) -> bool {
        let Some(work) = self.take_all().pop() else {
            return false;
        };
        self.settle(&work, None, lost(&work));
        true
    }

    /// A commit fails: what was decided since the last one is thrown away.
    fn a_commit_fails(&mut self, kept: Snapshot) {
        let settings = self.engine.settings.clone();
        let mut out = Effects::default();
        self.engine = self.engine.recover(self.now, settings, kept, &mut out);
        self.engine.committed();
    }

    fn drops_all(&mut self) -> Vec<Dropped> {
        let ids: Vec<DeliveryId> = self.engine.deliveries.keys().copied().collect();
        let mut out = Effects::default();
        let mut drop = |id| self.engine.drop_delivery(self.now, id, &mut out);
        ids.into_iter().map(&mut drop).collect()
    }
}

#[test]
fn a_critical_alert_is_said_three_times_when_every_answer_gets_lost() {
    let mut world = World::new();
    world.says("/regexp all");
    world.critical("DiskFull");
    let tries = (0..9).take_while(|_| world.loses_an_answer()).count();
    assert_eq!(tries, 3);
}

#[test]
fn refusals_before_an_answer_gets_lost_do_not_count_as_copies() {
    let mut world = World::new();
    world.says("/regexp all");
    world.critical("DiskFull");
    for _ in 0..5 {
        let work = world.take_all().remove(0);
        world.settle(&work, None, refused("Bad Gateway"));
    }
    assert!(world.loses_an_answer());
    assert_eq!(world.kinds(), ["new"], "nobody knows whether it arrived");
}

#[test]
fn of_a_digest_whose_answer_got_lost_only_what_is_urgent_is_said_again() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.critical("DiskFull");
    let digest = world.take_batch();
    world.settle(&digest, None, lost(&digest));
    let said = world.deliver();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].1.contains("DiskFull"), "{said:?}");
}

#[test]
fn what_a_courier_has_stays_on_its_way_when_a_commit_fails() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    world.engine.committed();
    let kept = world.snapshot();
    world.fires("HighCPU", "b");
    world.a_commit_fails(kept);
    assert_eq!(world.drops_all(), [Dropped::OnItsWay]);
    world.accept(&work);
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), ["edit", "reply"], "its end");
}

#[test]
fn an_outcome_that_was_not_stored_is_still_to_come() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    world.engine.committed();
    let kept = world.snapshot();
    world.settle(&work, None, refused("Bad Gateway"));
    world.a_commit_fails(kept);
    assert_eq!(world.drops_all(), [Dropped::OnItsWay]);
    world.settle(&work, None, refused("Bad Gateway"));
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), [] as [&str; 0], "nobody had seen it");
}

#[test]
fn what_was_handed_out_in_vain_is_in_nobodys_hands() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.engine.committed();
    let kept = world.snapshot();
    world.take_all();
    world.a_commit_fails(kept);
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), [] as [&str; 0], "nobody had seen it");
}

#[test]
fn the_end_of_an_earlier_life_alone_is_no_news() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    let outcome = Outcome::Retry {
        partly: true,
        reason: "cut off".to_owned(),
    };
    world.settle(&work, None, outcome);
    world.passes(1);
    world.resolves("HighCPU", "a");
    world.passes(1);
    let firing = Status::Firing { expires: None };
    let labels = [("alertname", "HighCPU"), ("host", "a")];
    let news = news_of(&labels, Some(world.now), firing);
    let mut out = Effects::default();
    world.engine.news(world.now, vec![news], &mut out).unwrap();
    assert_eq!(world.drops_all(), [Dropped::Done]);
    assert_eq!(world.kinds(), [] as [&str; 0], "it is known to fire");
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), ["new"], "the end of both lives");
    assert!(world.engine.cards.is_empty());
}

#[test]
fn general_is_told_the_end_that_only_a_topic_was_told_before_it_was_deleted() {
    let mut world = World::new();
    let general = world.chat(GROUP);
    world.says_in(GROUP, ANN, Some(true), "/regexp all");
    world.deliver();
    world.fires("HighCPU", "a");
    world.deliver();
    let selector = crate::subscription::Selector::All;
    let topic = ChatKey {
        topic: Some(5),
        ..general
    };
    world
        .engine
        .catch_up(topic, &selector, &mut Effects::default());
    world.passes(1);
    world
        .engine
        .announce_touched(world.now, &mut Effects::default());
    world.deliver();
    world.resolves("HighCPU", "a");
    for work in world.take_all() {
        if work.destination == topic.into() {
            world.accept(&work);
        } else {
            world.settle(&work, None, refused("Bad Gateway"));
        }
    }
    let mut out = Effects::default();
    world.engine.move_chat(world.now, topic, general, &mut out);
    assert_eq!(world.kinds(), ["edit", "reply"]);
}

#[test]
fn whoever_unsubscribes_from_what_was_urgent_is_not_told_the_rest_as_urgent() {
    let mut world = World::new();
    world.says("/regexp all");
    world.critical("DiskFull");
    let work = world.take_all().remove(0);
    world.settle(&work, None, refused("Bad Gateway"));
    world.says("/unsubscribe all");
    let pending = world.engine.pending(Wanted::default());
    assert_eq!(pending, []);
    assert!(world.engine.cards.is_empty());
}

#[test]
fn a_doubt_survives_restarts_while_the_chat_is_muted() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let settings = world.engine.settings.clone();
    for command in ["/mute 1h", "/lang en"] {
        let (kept, mut out) = (world.snapshot(), Effects::default());
        world.engine = Engine::restore(world.now, settings.clone(), kept, &mut out);
        world.says(command);
        assert_eq!(world.kinds(), [] as [&str; 0], "muted");
    }
    world.resolves("HighCPU", "a");
    let said = world.deliver();
    assert_eq!(said.len(), 1, "whoever saw that it fired: {said:?}");
    assert!(world.engine.deliveries.is_empty());
}

#[test]
fn the_end_of_an_earlier_life_is_told_though_that_of_the_later_one_is_known() {
    let mut world = World::new();
    world.says("/regexp all");
    let fires = |world: &mut World, host| {
        let labels = [("alertname", "HighCPU"), ("host", host)];
        let firing = Status::Firing { expires: None };
        let news = news_of(&labels, Some(world.now), firing);
        let mut out = Effects::default();
        world.engine.news(world.now, vec![news], &mut out).unwrap();
    };
    fires(&mut world, "b");
    for _ in 0..2 {
        world.passes(1);
        fires(&mut world, "a");
        world.deliver();
        world.passes(1);
        world.resolves("HighCPU", "a");
    }
    world.deliver();
    // As if somebody had dropped the end of the first life when nobody knew whether it was seen.
    let on_duty = world.engine.cards.values_mut().next().unwrap();
    let first = on_duty.card.members.values_mut().find(|told| told.ended);
    let first = first.unwrap();
    (first.edition, first.ended) = (1, false);
    let id = on_duty.card.id;
    world.engine.touched.insert(id);
    let mut out = Effects::default();
    world.engine.announce_touched(world.now, &mut out);
    assert_eq!(world.kinds(), ["edit"]);
    let on_duty = world.engine.cards.values().next().unwrap();
    let open = on_duty.card.members.values().filter(|told| !told.ended);
    assert_eq!(open.count(), 1, "that of b");
}

#[test]
fn a_critical_alert_that_was_silenced_before_its_answer_got_lost_is_told_after_the_silence() {
    let mut world = World::new();
    world.says("/regexp all");
    world.critical("DiskFull");
    let work = world.take_all().remove(0);
    world.silences("alertname=DiskFull", 0, 60);
    world.settle(&work, None, lost(&work));
    assert_eq!(world.kinds(), [] as [&str; 0]);
    world.passes(60);
    assert_eq!(world.kinds(), ["new"], "nobody knows whether it was seen");
}

#[test]
fn a_critical_alert_whose_answer_got_lost_is_not_said_again_under_a_silence() {
    let mut world = World::new();
    world.says("/regexp all");
    world.critical("DiskFull");
    assert!(world.loses_an_answer());
    let silence = draft(world.now, "alertname=DiskFull", 0, 3_600);
    let out = &mut Effects::default();
    world.engine.set_silence(world.now, silence, out).unwrap();
    assert_eq!(world.kinds(), [] as [&str; 0]);
    world.critical_ends("DiskFull");
    assert_eq!(world.kinds(), ["new"], "its end, for it may have been seen");
}
