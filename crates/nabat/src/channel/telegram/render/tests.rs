use nabat_core::alert::{Labels, Links};
use nabat_core::incident::{Incident, IncidentId};
use nabat_core::message::card::{Extras, Member, MemberNews, card};
use nabat_core::message::words::Locale;
use nabat_core::message::{Button, Message, Span};
use nabat_core::time::Timestamp;
use proptest::prelude::*;
use telegram_emulator::text_of;

use super::*;

fn html(message: &Message) -> String {
    let pieces = render(message);
    assert_eq!(pieces.len(), 1);
    pieces[0].html.clone()
}

#[test]
fn blocks_and_styles_become_tags() {
    let message = Message::default()
        .line([
            Span::bold("a<b"),
            Span::plain(" & \"c\" "),
            Span::italic("d"),
            Span::strike("e"),
            Span::code("f=\"g\""),
        ])
        .gap()
        .quote("one\ntwo", false)
        .quote("three", true)
        .code("  x\n ^")
        .line([Span::link("h", "https://i/?j=\"k\"&l=<m>")]);
    assert_eq!(
        html(&message),
        "<b>a&lt;b</b> &amp; \"c\" <i>d</i><s>e</s><code>f=\"g\"</code>\n\n\
         <blockquote>one\ntwo</blockquote>\n<blockquote expandable>three</blockquote>\n\
         <pre>  x\n ^</pre>\n\
         <a href=\"https://i/?j=&quot;k&quot;&amp;l=&lt;m&gt;\">h</a>"
    );
}

#[test]
fn only_web_addresses_become_links() {
    for (url, linked) in [
        ("http://a", true),
        ("HTTPS://a/b", true),
        ("tg://user?id=1", true),
        ("javascript:alert(1)", false),
        ("file:///etc/passwd", false),
        ("a/b", false),
        ("https://a b", false),
        ("", false),
    ] {
        let html = html(&Message::default().line([Span::link("x", url)]));
        assert_eq!(html.contains("<a "), linked, "{url}");
    }
    let long = format!("https://a/{}", "b".repeat(ADDRESS_MAX_BYTES));
    assert_eq!(html(&Message::default().line([Span::link("x", long)])), "x");
}

#[test]
fn a_message_with_nothing_to_see_says_so() {
    for message in [
        Message::default(),
        Message::of(""),
        Message::of(" \n\u{200b}\u{202e}"),
        Message::default().gap().code("\n"),
    ] {
        assert_eq!(html(&message), NOTHING);
    }
}

#[test]
fn pieces_end_where_blocks_lines_or_words_do() {
    let line = |letter: &str| letter.repeat(1_500);
    let blocks = Message::of(line("a"))
        .line([Span::plain(line("b"))])
        .line([Span::plain(line("c"))]);
    let quote = Message::default().quote(&[line("a"), line("b"), line("c")].join("\n"), true);
    for message in [blocks, quote] {
        let plain: Vec<String> = render(&message).into_iter().map(|p| p.plain).collect();
        assert_eq!(plain, [format!("{}\n{}", line("a"), line("b")), line("c")]);
    }
    let words = Message::default().line([Span::bold("word ".repeat(1_000))]);
    let pieces = render(&words);
    assert_eq!(pieces.len(), 2);
    for piece in pieces {
        assert!(piece.html.starts_with("<b>word ") && piece.html.ends_with(" word</b>"));
    }
}

#[test]
fn the_limits_hold_exactly() {
    for (text, pieces) in [
        ("a".repeat(4_096), 1),
        ("a".repeat(4_097), 2),
        ("🔥".repeat(2_048), 1),
        ("🔥".repeat(2_049), 2),
        ("&".repeat(4_096), 1),
    ] {
        assert_eq!(render(&Message::of(text)).len(), pieces);
    }
    let url = format!("https://a/{}", "b".repeat(8_000));
    let links = Message::default().line((0..5).map(|_| Span::link("x", url.clone())));
    let rendered = render(&links);
    assert_eq!(rendered.len(), 2);
    assert!(rendered.iter().all(|p| p.html.len() <= RAW_MAX_BYTES));
}

#[test]
fn what_is_seen_as_one_character_stays_together() {
    let astronaut = "👩\u{200d}🚀";
    for piece in render(&Message::of(astronaut.repeat(2_000))) {
        assert!(piece.plain.starts_with('👩') && piece.plain.ends_with('🚀'));
    }
}

#[test]
fn only_the_last_piece_has_the_buttons() {
    let message = Message::of("a".repeat(5_000)).row(Button::callback("b", "c"));
    let pieces = render(&message);
    assert_eq!(pieces[0].buttons, Vec::<Vec<Button>>::new());
    assert_eq!(pieces[1].buttons, message.buttons);
}

#[test]
fn keyboards_leave_out_what_telegram_refuses() {
    let rows = [
        vec![
            Button::callback("a", "u:1").unwrap(),
            Button::url("b", "https://c/"),
        ],
        vec![Button::url("d", "ftp://e/")],
        vec![Button::callback(" ", "u:2").unwrap()],
    ];
    assert_eq!(
        keyboard(&rows),
        json!({ "inline_keyboard": [
            [{ "text": "a", "callback_data": "u:1" }, { "text": "b", "url": "https://c/" }],
            [{ "text": "…", "callback_data": "u:2" }],
        ] })
    );
    assert_eq!(keyboard(&[]), json!({ "inline_keyboard": [] }));
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => ".{0,20}",
        2 => "[<&>\"';a-z/=]{0,30}",
        2 => "[а-яё🔥👩\u{200d}\u{301}\n\r\t ]{0,40}",
        1 => "[\0-\u{1f}\u{7f}-\u{9f}\u{200e}-\u{202e}\u{2066}-\u{2069}\u{feff}]{0,10}",
        1 => ("[<&>🔥яa \n]{1,4}", 1usize..6_000).prop_map(|(text, n)| text.repeat(n)),
    ]
}

fn any_span() -> impl Strategy<Value = Span> {
    (any_text(), any_text(), 0..6).prop_map(|(text, url, style)| match style {
        0 => Span::plain(text),
        1 => Span::bold(text),
        2 => Span::italic(text),
        3 => Span::strike(text),
        4 => Span::code(text),
        _ => Span::link(text, format!("https://{url}")),
    })
}

fn any_block() -> impl Strategy<Value = Block> {
    let line = || proptest::collection::vec(any_span(), 0..4);
    prop_oneof![
        line().prop_map(Block::Line),
        (proptest::collection::vec(line(), 0..3), any::<bool>())
            .prop_map(|(lines, expandable)| Block::Quote { lines, expandable }),
        any_text().prop_map(Block::Code),
        Just(Block::Gap),
    ]
}

fn without_space(text: &str) -> String {
    text.chars().filter(|c| !is_blank(&c.to_string())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_the_message_every_piece_is_accepted_and_no_text_is_lost(
        blocks in proptest::collection::vec(any_block(), 0..6)
    ) {
        let message = Message { blocks, ..Message::default() };
        let pieces = render(&message);
        prop_assert!(!pieces.is_empty());
        for piece in &pieces {
            prop_assert!(piece.html.len() <= RAW_MAX_BYTES);
            let units = piece.plain.encode_utf16().count();
            prop_assert!(units <= TEXT_MAX_UNITS, "{units}");
            prop_assert!(!is_blank(&piece.plain));
            prop_assert_eq!(text_of(&piece.html), Ok(piece.plain.clone()));
        }
        let told: String = pieces.iter().map(|piece| without_space(&piece.plain)).collect();
        let meant = without_space(&readable(&message.text()));
        let meant = if meant.is_empty() { NOTHING.to_owned() } else { meant };
        prop_assert_eq!(told, meant);
    }

    #[test]
    fn whatever_the_alerts_their_card_is_one_message(
        alerts in proptest::collection::vec((any_labels(), any_labels(), any_text()), 1..15)
    ) {
        let incidents: Vec<Incident> = alerts
            .into_iter()
            .map(|(labels, annotations, url)| incident(labels, annotations, &url))
            .collect();
        let members: Vec<Member<'_>> = incidents
            .iter()
            .map(|incident| Member { incident, news: MemberNews::New, silenced_until: None })
            .collect();
        let pieces = render(&card(&members, &Extras::default(), &Locale::english(), Timestamp::default()));
        prop_assert_eq!(pieces.len(), 1);
        prop_assert!(pieces[0].html.len() <= RAW_MAX_BYTES);
        prop_assert_eq!(text_of(&pieces[0].html), Ok(pieces[0].plain.clone()));
    }
}

fn any_labels() -> impl Strategy<Value = Labels> {
    let name = prop_oneof![
        "alertname|summary|description|instance",
        "[a-z_]{1,8}",
        any_text()
    ];
    proptest::collection::vec((name, any_text()), 0..8)
        .prop_map(|pairs| pairs.into_iter().collect())
}

fn incident(labels: Labels, annotations: Labels, url: &str) -> Incident {
    Incident {
        annotations,
        links: Links {
            generator: Some(format!("https://{url}").into()),
            ..Links::default()
        },
        ..Incident::new(IncidentId(1), labels, Timestamp::default())
    }
}
