//! Who is told in the place of a destination that can't be told.

use super::*;

/// The chat's bot is stood in for by `mail`, which no route leads to.
fn with_fallback() -> World {
    let mut world = World::new();
    world.route(routing(no_tree(), true));
    let fallback = Fallback {
        after: minutes(10),
        to: vec![Destination::Integration(MAIL)],
    };
    world.engine.settings.fallbacks = HashMap::from([(Outlet::Bot(BOT), fallback)]);
    world.says("/regexp all");
    world
}

impl World {
    fn told_instead(&self) -> Vec<usize> {
        let cards = self.engine.cards.values();
        let mail = Destination::Integration(MAIL);
        let there = cards.filter(|on_duty| on_duty.card.destination == mail);
        there.map(|on_duty| on_duty.card.members.len()).collect()
    }
}

#[test]
fn a_fallback_is_told_what_a_chat_can_not_be_told_and_its_end() {
    let mut world = world();
    world.route(routing(no_tree(), true));
    world.engine.settings.fallbacks = HashMap::from([(
        Outlet::Bot(BOT),
        Fallback {
            after: minutes(10),
            to: vec![Destination::Integration(MAIL)],
        },
    )]);
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    world.settle(&work, None, refused("connection refused"));
    world.passes(599);
    assert_eq!(world.engine.waiting(Outlet::Integration(MAIL)).count(), 0);
    world.passes(1);
    assert_eq!(world.engine.waiting(Outlet::Integration(MAIL)).count(), 1);
    let told = world.notified();
    assert_eq!(
        told.len(),
        1,
        "the chat's own is a message, not a notification"
    );
    world.resolves("HighCPU", "a");
    world.passes(300);
    assert_eq!(world.reasons(), [Reason::AllResolved]);
}

#[test]
fn a_fallback_is_told_at_once_when_the_chat_has_refused_for_long() {
    let mut world = world();
    world.engine.settings.fallbacks = HashMap::from([(
        Outlet::Bot(BOT),
        Fallback {
            after: minutes(10),
            to: vec![Destination::Integration(HOOK)],
        },
    )]);
    world.route(routing(no_tree(), true));
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    let reason = "Forbidden: bot was blocked by the user".to_owned();
    world.settle(&work, None, Outcome::Unreachable { reason });
    world.passes(599);
    assert!(world.notified().is_empty());
    world.passes(1);
    let groups = |world: &mut World| {
        let notified = world.notified();
        notified
            .iter()
            .map(|sent| sent.group_key.to_string())
            .collect::<Vec<_>>()
    };
    // That the chat takes no messages is an alert too.
    assert_eq!(groups(&mut world), ["HighCPU", "NabatChatUnreachable"]);
    world.fires("Disk", "a");
    world.passes(0);
    assert_eq!(groups(&mut world), ["Disk"]);
}

#[test]
fn a_fallback_is_told_of_what_joins_a_card_that_has_waited_for_long() {
    let mut world = with_fallback();
    world.fires("HighCPU", "a");
    world.passes(600);
    assert_eq!(world.told_instead(), [1]);
    world.fires("HighCPU", "b");
    assert_eq!(world.told_instead(), [2]);
}

#[test]
fn a_fallback_is_told_nothing_when_the_chat_took_messages_again_in_time() {
    let mut world = with_fallback();
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    let reason = "Forbidden".to_owned();
    world.settle(&work, None, Outcome::Unreachable { reason });
    world.passes(300);
    world.says("/help");
    world.passes(299);
    world.fires("HighCPU", "b");
    world.passes(1);
    assert_eq!(world.told_instead(), [] as [usize; 0]);
}

#[test]
fn a_fallback_is_told_at_once_of_what_is_refused_for_good_and_of_nothing_else() {
    let mut world = with_fallback();
    world.fires("HighCPU", "a");
    let work = world.take_all().remove(0);
    world.fires("HighCPU", "b");
    let (told, reason) = (work.told.clone(), "Bad Request".to_owned());
    world.settle(&work, None, Outcome::Failed { told, reason });
    assert_eq!(world.told_instead(), [1]);
}
