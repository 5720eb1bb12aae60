//! Chats as receivers: the news keeps the timing of the route, and people see at once what they did.

use super::*;

/// Everything goes to Ann's chat.
fn world() -> World {
    let mut world = World::new();
    let chat = world.chat(ANN);
    let routing = Routing::new(tree(), []).with_chats([("mail".into(), chat)]);
    world.route(Some(Arc::new(routing)));
    world
}

impl World {
    fn presses_below(&mut self, kind: &str) {
        let card = self.engine.cards.keys().max().unwrap().0;
        self.presses(ANN, ANN, &format!("{kind}:{card}"));
    }
}

const NONE: [&str; 0] = [];

#[test]
fn a_receiver_may_be_a_chat_with_the_timing_of_its_route() {
    let mut world = world();
    world.fires("HighCPU", "a");
    assert_eq!(world.deliver().len(), 1);
    world.fires("HighCPU", "b");
    world.passes(299);
    assert!(world.deliver().is_empty());
    world.passes(1);
    assert!(!world.deliver().is_empty());
    world.resolves("HighCPU", "a");
    world.resolves("HighCPU", "b");
    world.passes(300);
    assert!(!world.deliver().is_empty());
    assert!(world.engine.cards.is_empty());
}

#[test]
fn what_people_do_is_shown_at_once_and_puts_nothing_off() {
    let mut world = world();
    world.fires("HighCPU", "a");
    assert_eq!(world.kinds(), ["new"]);
    for (what, shown) in [
        ("k", "somebody sees to it until"),
        ("r", "HighCPU"),
        ("k", "somebody sees to it until"),
    ] {
        world.passes(2);
        world.presses_below(what);
        let said = world.deliver();
        let [("edit", text)] = said.as_slice() else {
            panic!("{what}: {said:?}");
        };
        assert!(text.contains(shown), "{what}: {text}");
    }
    world.silences("alertname=HighCPU", 0, 60);
    assert_eq!(world.kinds(), ["edit"], "a program silences it");
    world.passes(60);
    assert_eq!(world.kinds(), ["edit"], "it is over by itself");
    world.fires("HighCPU", "b");
    world.passes(233);
    assert_eq!(world.kinds(), NONE, "news keeps the beat");
    world.passes(1);
    assert_eq!(
        world.kinds(),
        ["edit", "reply"],
        "at the beat it had anyway"
    );
}

#[test]
fn what_sounds_is_told_with_what_people_do() {
    let mut world = world();
    world.fires("HighCPU", "a");
    world.fires("HighCPU", "b");
    world.deliver();
    world.passes(10);
    world.fires("HighCPU", "c");
    world.resolves("HighCPU", "a");
    assert_eq!(world.kinds(), NONE);
    world.presses_below("k");
    assert_eq!(world.kinds(), ["edit", "reply"], "nothing new goes unheard");
    world.passes(100);
    world.fires("HighCPU", "d");
    world.passes(199);
    assert_eq!(world.kinds(), NONE, "the group has spoken with it");
    world.passes(1);
    assert_eq!(world.kinds(), ["edit", "reply"]);
}

#[test]
fn what_is_done_while_a_message_is_on_its_way_follows_it_at_once() {
    for restarts in [false, true] {
        let mut world = world();
        world.fires("HighCPU", "a");
        world.deliver();
        world.passes(300);
        world.fires("HighCPU", "b");
        let work = world.take_all().remove(0);
        world.presses_below("k");
        if restarts {
            let routing = world.engine.settings.routing.clone();
            world.restarts_configured(routing);
            assert_eq!(world.kinds(), ["edit", "reply"]);
        } else {
            world.accept(&work);
            assert_eq!(world.kinds(), ["edit"]);
        }
    }
}

#[test]
fn nothing_is_shown_before_the_group_spoke_first() {
    let mut world = world();
    let labels = [("alertname", "HighCPU")];
    let news = news_of(&labels, None, Status::Firing { expires: None });
    let mut out = Effects::default();
    world.engine.news(world.now, vec![news], &mut out).unwrap();
    world.silences("alertname=HighCPU", 0, 10);
    world.passes(10);
    assert_eq!(world.kinds(), NONE);
    world.passes(20);
    assert_eq!(world.kinds(), ["new"]);
}

#[test]
fn a_repeat_is_one_message_that_says_what_still_fires() {
    let mut world = world();
    world.fires("HighCPU", "a");
    world.deliver();
    world.passes(4 * 3_600);
    let said = world.deliver();
    assert_eq!(
        said,
        [(
            "reply",
            "🟡 Still firing for 4 h 1 min: HighCPU a".to_owned()
        )]
    );
    world.passes(3_600);
    world.presses_below("k");
    assert_eq!(world.kinds(), ["edit"]);
    world.passes(7 * 3_600);
    world.presses_below("r");
    let said = world.deliver();
    let [("edit", _), ("reply", text)] = said.as_slice() else {
        panic!("a repeat was due meanwhile: {said:?}");
    };
    assert!(text.contains("Still firing for 12 h"), "{text}");
    world.passes(4 * 3_600 - 1);
    assert_eq!(world.kinds(), NONE);
    world.passes(1);
    assert_eq!(world.kinds(), ["reply"]);
}

#[test]
fn an_acknowledgement_that_runs_out_is_told_at_once_and_counts_as_a_repeat() {
    let mut world = world();
    world.fires("HighCPU", "a");
    world.deliver();
    world.passes(2);
    world.presses_below("k");
    world.deliver();
    world.passes(8 * 3_600);
    let said = world.deliver();
    let [("edit", _), ("reply", text)] = said.as_slice() else {
        panic!("{said:?}");
    };
    assert!(text.starts_with("⏰ Nobody sees to it any more"), "{text}");
    world.passes(4 * 3_600 - 1);
    assert_eq!(world.kinds(), NONE);
    world.passes(1);
    assert_eq!(world.kinds(), ["reply"]);
}

#[test]
fn a_silenced_end_in_a_routed_chat_makes_no_sound() {
    let mut world = world();
    world.fires("HighCPU", "a");
    world.deliver();
    world.silences("alertname=HighCPU", 0, 3_600);
    world.deliver();
    world.resolves("HighCPU", "a");
    world.passes(300);
    assert_eq!(world.kinds(), ["edit", "quiet reply"]);
    assert!(world.engine.cards.is_empty());
}
