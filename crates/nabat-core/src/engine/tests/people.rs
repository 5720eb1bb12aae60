//! Who may do what, and who is let in and out.

use super::*;

#[test]
fn strangers_are_told_how_to_ask() {
    let mut world = World::new();
    world.says_in(99, 99, None, "/regexp all");
    let said = world.deliver();
    assert!(said[0].1.contains("99"), "their id: {said:?}");
    assert!(world.engine.subscriptions.is_empty());
}

#[test]
fn in_a_group_only_its_administrators_change_what_it_is_told() {
    for (administrator, subscribed) in [(Some(true), 1), (Some(false), 0), (None, 0)] {
        let mut world = World::new();
        world.says_in(GROUP, ANN, administrator, "/regexp all");
        assert_eq!(world.deliver().len(), 1, "always an answer");
        assert_eq!(world.engine.subscriptions.len(), subscribed);
    }
    let mut world = World::new();
    world.says_in(-999, 99, Some(true), "/regexp all");
    assert!(
        world.engine.subscriptions.is_empty(),
        "an unknown person in an unknown group"
    );
}

#[test]
fn an_invitation_works_once() {
    let mut world = World::new();
    let code = world.engine.open_invite(
        world.now,
        [9; 16],
        Admits::Person(Role::Owner),
        &mut Effects::default(),
    );
    assert!(!world.engine.has_owner());
    world.says_in(77, 77, None, &format!("/start {code}"));
    world.deliver();
    assert!(world.engine.has_owner());
    world.says_in(78, 78, None, &format!("/start {code}"));
    world.deliver();
    assert_eq!(world.engine.people.len(), 1);

    world.says_in(77, 77, None, "/invite");
    let invitation = world.deliver().pop().unwrap().1;
    let code = invitation.split("?start=").nth(1).unwrap();
    let code: String = code.chars().take_while(char::is_ascii_hexdigit).collect();
    world.says_in(78, 78, None, &format!("/start {code}"));
    world.deliver();
    assert_eq!(world.engine.people.len(), 2);
}

#[test]
fn an_update_is_dealt_with_once() {
    let mut world = World::new();
    world.says("/regexp all");
    world.update_id -= 1;
    world.says_in(ANN, ANN, None, "/regexp all");
    assert!(world.deliver().is_empty());
    world.passes(7 * 86_400);
    world.update_id = -1_000;
    world.says_in(ANN, ANN, None, "/list");
    assert_eq!(
        world.deliver().len(),
        1,
        "numbers begin anew after a quiet week"
    );
}

#[test]
fn a_groups_invitation_lets_in_the_group_and_nobody_who_reads_it_there() {
    let mut world = World::new();
    let code = world
        .engine
        .open_invite(world.now, [5; 16], Admits::Group, &mut Effects::default());
    world.says_in(88, 88, None, &format!("/start {code}"));
    assert!(world.engine.people.is_empty(), "not in a private chat");
    world.says_in(-300, ANN, Some(true), &format!("/start {code}"));
    world.says_in(88, 88, None, &format!("/start {code}"));
    assert!(world.engine.people.is_empty(), "and not afterwards");
    world.says_in(-300, 55, Some(true), "/regexp all");
    assert_eq!(
        world.engine.subscriptions.len(),
        1,
        "its administrators decide"
    );

    let code = world.engine.open_invite(
        world.now,
        [6; 16],
        Admits::Person(Role::Member),
        &mut Effects::default(),
    );
    world.says_in(-300, ANN, Some(true), &format!("/start {code}"));
    world.says_in(88, 88, None, &format!("/start {code}"));
    assert!(
        world.engine.people.is_empty(),
        "what was shown to a group is used up"
    );
}

#[test]
fn whoever_is_let_out_hears_of_nothing_new() {
    let mut world = World::new();
    for (id, role) in [(77, Role::Owner), (78, Role::Member)] {
        let code = world.engine.open_invite(
            world.now,
            [u8::try_from(id).unwrap(); 16],
            Admits::Person(role),
            &mut Effects::default(),
        );
        world.says_in(id, id, None, &format!("/start {code}"));
    }
    world.says_in(78, 78, None, "/regexp all");
    world.fires("Before", "a");
    world.deliver();
    world.says_in(78, 78, None, "/people");
    world.says_in(77, 77, None, "/people");
    let said = world.deliver();
    assert!(said[0].1.contains("owners"), "only they: {said:?}");
    world.presses(78, 78, "p:77");
    assert!(world.engine.people.contains_key(&PersonId(77)));
    world.presses(77, 77, "p:78");
    world.deliver();
    world.fires("After", "a");
    world.resolves("Before", "a");
    let said = world.deliver();
    assert!(
        said.iter().all(|(_, text)| !text.contains("After")),
        "{said:?}"
    );
    assert!(
        said.iter().any(|(_, text)| text.contains("Before")),
        "{said:?}"
    );
}

#[test]
fn a_flood_of_strangers_fills_nothing_and_delays_nobody() {
    let mut world = World::new();
    for stranger in 1_000..1_500 {
        world.says_in(stranger, stranger, None, "/alerts");
        world.says_in(stranger, stranger, None, "/alerts");
    }
    assert!(world.engine.deliveries.len() <= 20);
    let urgencies: Vec<_> = world
        .engine
        .deliveries
        .values()
        .map(|d| d.priority)
        .collect();
    let last = crate::delivery::Priority::Stranger;
    assert!(urgencies.iter().all(|priority| *priority == last));
}
