use super::*;

fn parsed(source: &str) -> Formatted {
    tidy(parse(source).unwrap())
}

fn kinds(source: &str) -> Vec<(&'static str, usize, usize)> {
    parsed(source)
        .entities
        .iter()
        .map(|e| (e.kind, e.offset, e.length))
        .collect()
}

#[test]
fn formatting_becomes_entities_in_utf16_units() {
    for (source, text, expected) in [
        ("plain", "plain", vec![]),
        ("<b>x</b>", "x", vec![("bold", 0, 1)]),
        (
            "<strong>a</strong><em>b</em>",
            "ab",
            vec![("bold", 0, 1), ("italic", 1, 1)],
        ),
        ("🔥 <b>Диск</b>", "🔥 Диск", vec![("bold", 3, 4)]),
        (
            "<b>a<i>b</i></b>",
            "ab",
            vec![("bold", 0, 2), ("italic", 1, 1)],
        ),
        ("<b>a</b><b>b</b>", "ab", vec![("bold", 0, 2)]),
        ("<b>a<b>b</b></b>", "ab", vec![("bold", 0, 2)]),
        (
            "<b>a</b><i>b</i><b>c</b>",
            "abc",
            vec![("bold", 0, 1), ("italic", 1, 1), ("bold", 2, 1)],
        ),
        ("<B>x</b>", "x", vec![("bold", 0, 1)]),
        ("<b>x</>", "x", vec![("bold", 0, 1)]),
        ("<b></b>x", "x", vec![]),
        ("<u>a</u><ins>b</ins>", "ab", vec![("underline", 0, 2)]),
        ("<s>a</s>", "a", vec![("strikethrough", 0, 1)]),
        (
            "<span class=\"tg-spoiler\">a</span>",
            "a",
            vec![("spoiler", 0, 1)],
        ),
        (
            "<blockquote expandable>a</blockquote>",
            "a",
            vec![("expandable_blockquote", 0, 1)],
        ),
        (
            "<blockquote>a</blockquote>",
            "a",
            vec![("blockquote", 0, 1)],
        ),
        (
            "<pre><code class=\"language-sh\">ls</code></pre>",
            "ls",
            vec![("pre", 0, 2)],
        ),
        ("<code><b>x</b></code>", "x", vec![("code", 0, 1)]),
        ("  <b> x </b>  ", "x", vec![("bold", 0, 1)]),
        ("a\r\n\t<b>x</b>\r\n", "a\n x", vec![("bold", 3, 1)]),
        (
            "<tg-time unix=\"1790000000\" format=\"r\">now</tg-time>",
            "now",
            vec![("date_time", 0, 3)],
        ),
    ] {
        assert_eq!(parsed(source).text, text, "{source}");
        assert_eq!(kinds(source), expected, "{source}");
    }
}

#[test]
fn references_are_decoded_and_unknown_ones_stay() {
    for (source, text) in [
        ("&lt;&gt;&amp;&quot;", "<>&\""),
        ("&#39;&#x2f;&#128293;", "'/🔥"),
        ("&lt x", "< x"),
        ("&nbsp;&copy; & &", "&nbsp;&copy; & &"),
        ("&#0;", "&#0;"),
        ("&#12345678901;", "&#12345678901;"),
        ("a > b \"c\"", "a > b \"c\""),
    ] {
        assert_eq!(parsed(source).text, text, "{source}");
    }
}

#[test]
fn a_link_keeps_its_address_and_a_bad_one_is_dropped() {
    let link = |source: &str| {
        parsed(source)
            .entities
            .first()
            .and_then(|e| e.argument.clone())
    };
    assert_eq!(
        link("<a href=\"https://a.example/x?y=1&amp;z=2\">t</a>").unwrap(),
        "https://a.example/x?y=1&z=2"
    );
    assert_eq!(
        link("<a href='http://a.example'>t</a>").unwrap(),
        "http://a.example/"
    );
    assert_eq!(link("<a>a.example/q</a>").unwrap(), "http://a.example/q");
    assert_eq!(link("<a href=\"http://localhost:3000/\">t</a>"), None);
    assert_eq!(link("<a href=\"javascript:alert(1)\">t</a>"), None);
}

#[test]
fn refusals_have_telegrams_words_and_byte_offsets() {
    for (source, error) in [
        (
            "ы <db-1> x",
            "Unsupported start tag \"db-1\" at byte offset 3",
        ),
        ("a < b", "Unsupported start tag \"\" at byte offset 2"),
        ("a < b>", "Unsupported start tag \"\" at byte offset 2"),
        (
            "<b>x",
            "Can't find end tag corresponding to start tag \"b\"",
        ),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        (
            "<b>x</i>",
            "Unmatched end tag at byte offset 4, expected \"</b>\", found \"</i>\"",
        ),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<a href", "Unclosed start tag \"a\" at byte offset 0"),
        ("<a href=\"x", "Unclosed start tag at byte offset 0"),
        (
            "<a =\"x\">y</a>",
            "Empty attribute name in the tag \"a\" at byte offset 0",
        ),
        (
            "<a href=x/y>z</a>",
            "Unexpected end of name token at byte offset 8",
        ),
        ("<br/>", "Unsupported start tag \"br/\" at byte offset 0"),
        (
            "<span class=\"x\">y</span>",
            "Tag \"span\" must have class \"tg-spoiler\" at byte offset 0",
        ),
    ] {
        assert_eq!(parse(source).unwrap_err(), error, "{source}");
    }
}

#[test]
fn any_cut_of_a_text_with_everything_in_it_neither_panics_nor_hangs() {
    let source = "é<b class='x&lt;'>🔥&#x1F525;</b><a href=\"https://ü.example\">т</a><pre><code class=\"language-c\">&amp</code></pre>";
    for (at, _) in source.char_indices() {
        let _ = parse(&source[at..]);
        let _ = parse(&source[..at]);
    }
}

#[test]
fn rendering_gives_the_same_entities_again() {
    for source in [
        "🔥 <b>a &lt;<i>b</i>&gt;</b> <code>x&amp;y</code>",
        "<pre><code class=\"language-sh\">ls</code></pre> <a href=\"https://a.example/\">l</a>",
        "<blockquote expandable>q <s>w</s></blockquote><tg-spoiler>z</tg-spoiler>",
    ] {
        let first = parsed(source);
        assert_eq!(render(&first), source);
        assert_eq!(parsed(&render(&first)), first);
    }
    let crossing = parsed("<i>a<b>b</b></i><b>c</b>");
    assert_eq!(render(&crossing), "<i>a<b>b</b></i><b>c</b>");
    assert_eq!(parsed(&render(&crossing)), crossing);
}
