//! What people ask for, and what the answers say.

use super::*;
use crate::matcher::parse_list;
use crate::route::{Route, Routing, Spec};

fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[test]
fn what_fires_is_listed_with_who_sees_to_it_and_what_silences_it() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    let card = world.engine.cards.keys().max().unwrap().0;
    world.presses(ANN, ANN, &format!("k:{card}"));
    world.silences("host=a", 0, 3_600);
    world.deliver();
    contains(
        &world.says("/alerts"),
        &["HighCPU a", "✋ somebody", "🔕 until "],
    );
    contains(&world.says("/status"), &["1 silence holds: /silences"]);
}

#[test]
fn what_fires_is_searched_by_labels_or_by_title() {
    let mut world = World::new();
    for number in 0..12 {
        world.fires("HighCPU", &format!("db-{number}"));
    }
    world.fires("DiskFull", "web");
    for (asked, told) in [
        ("/alerts", "13 alerts fire now. · page 1 of 2"),
        ("/alerts host=web", "1 alert fires now. host=web"),
        ("/alerts disk", "1 alert fires now. disk"),
        ("/alerts host=nowhere", "✅ None of these fires now."),
        ("/alerts cpu", "12 alerts fire now. cpu · page 1 of 2"),
        ("/alerts (", "I cannot read this expression"),
    ] {
        contains(&world.says(asked), &[told]);
    }
    world.says("/alerts cpu");
    world.presses(ANN, ANN, "a:2:cpu");
    let said = world.deliver().pop().unwrap().1;
    contains(&said, &["12 alerts fire now. cpu · page 2 of 2"]);
}

#[test]
fn mistakes_are_answered_with_an_example_of_the_same_command() {
    let mut world = World::new();
    for (asked, told) in [
        ("/regexp", "/regexp mem|cpu"),
        ("/regexp (", "For example: /regexp mem|cpu"),
        ("/subscribe", "Subscribe with /subscribe severity=critical"),
        (
            "/subscribe foo",
            "For example: /subscribe severity=critical",
        ),
        ("/alerts (", "For example: /alerts team=db"),
        (
            "/silence a=~\"(\"",
            "For example: /silence DiskFull host=db-1 2h",
        ),
        ("/mute 2x", "For example: /mute 2h"),
        ("/lang xx", "I do not speak xx."),
        (
            "/tz Foo",
            "I do not know a time zone Foo. For example: /tz Europe/Moscow",
        ),
        ("/hist", "Did you mean: /history"),
    ] {
        contains(&world.says(asked), &[told]);
    }
    assert!(!world.says("/tz Foo").contains("Did you mean"));
    world.says("/regexp cpu");
    contains(
        &world.says("/unsubscribe nope"),
        &["This chat is not subscribed to nope.", "Which subscription"],
    );
}

#[test]
fn a_silence_is_listed_with_its_reason_and_asked_about_with_what_is_silenced_already() {
    let mut world = World::new();
    world.fires("HighCPU", "a");
    world.fires("HighCPU", "b");
    world.fires("Other", "c");
    world.silences("host=a", 0, 3_600);
    let asked = world.says("/silence \"HighCPU\" 2h moving it");
    contains(
        &asked,
        &["silence 2 of 3", "1 of them is silenced already."],
    );
    let number = *world.engine.proposals.keys().max().unwrap();
    world.presses(ANN, ANN, &format!("y:{number}"));
    let said = world.deliver().pop().unwrap().1;
    contains(&said, &["Silenced for everyone until", "\nmoving it"]);
    contains(
        &world.says("/silences"),
        &[
            "1. ",
            "2. alertname=\"HighCPU\" · until ",
            " · somebody · moving it",
        ],
    );
}

#[test]
fn a_chat_that_routes_tell_is_told_which() {
    let mut world = World::new();
    contains(&world.says("/list"), &["This chat has no subscriptions."]);
    let db = Spec {
        receiver: Some("db".into()),
        matchers: parse_list("team=db").unwrap(),
        ..Spec::default()
    };
    let root = Route::root(Spec {
        receiver: Some("nobody".into()),
        routes: vec![db],
        ..Spec::default()
    });
    let chats = [
        ("db".into(), world.chat(ANN)),
        ("db".into(), world.chat(-5)),
    ];
    let routing = Routing::new(root, []).with_chats(chats);
    world.route(Some(Arc::new(routing)));
    contains(
        &world.says("/list"),
        &["No subscriptions", "1 route", "{}/{team=\"db\"} → db"],
    );
    contains(&world.says("/status"), &["1 route of the configuration"]);
    let nobody_spoke_there = world.engine.name_of(world.chat(-5).into());
    assert!(
        nobody_spoke_there.starts_with("db ("),
        "{nobody_spoke_there}"
    );
}

#[test]
fn a_button_of_a_message_that_is_over_says_so() {
    let mut world = World::new();
    world.says("/regexp all");
    world.fires("HighCPU", "a");
    world.deliver();
    let card = world.engine.cards.keys().max().unwrap().0;
    world.resolves("HighCPU", "a");
    world.deliver();
    world.update_id += 1;
    let heard = Heard {
        bot: BOT,
        bot_name: "nabat_bot".into(),
        update_id: world.update_id,
        entropy: [0; 16],
        event: Event::Pressed {
            chat: world.chat(ANN),
            speaker: Speaker {
                id: PersonId(ANN),
                name: "somebody".into(),
                language: None,
                administrator: None,
                anonymous: false,
            },
            data: format!("k:{card}"),
            message_id: 1,
        },
        past: None,
    };
    let (now, mut out) = (world.now, Effects::default());
    let toast = world.engine.heard(now, &heard, &mut out);
    assert!(
        format!("{toast:?}").contains("not kept up to date any more"),
        "{toast:?}"
    );
}
