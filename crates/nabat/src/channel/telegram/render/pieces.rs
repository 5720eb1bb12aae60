//! Runs of equally styled text, cut into pieces within the limits and written as HTML.

use nabat_core::message::Style;

use super::{RAW_MAX_BYTES, TEXT_MAX_UNITS};
use crate::channel::readable::is_blank_char;

/// Text in one style at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) text: String,
    pub(super) style: Style,
    pub(super) container: Container,
    /// The number of its block: blocks never share a container.
    pub(super) block: usize,
}

/// What a run stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    None,
    Quote { expandable: bool },
    Code,
}

impl Run {
    pub(super) fn newline(container: Container, block: usize) -> Self {
        Self {
            text: "\n".into(),
            style: Style::Plain,
            container,
            block,
        }
    }

    fn part(&self, text: &str) -> Self {
        Self {
            text: text.to_owned(),
            style: self.style.clone(),
            container: self.container,
            block: self.block,
        }
    }

    fn shares_container(&self, other: &Self) -> bool {
        self.block == other.block && self.container == other.container
    }
}

impl Container {
    const fn tags(self) -> (&'static str, &'static str) {
        match self {
            Self::None => ("", ""),
            Self::Quote { expandable: false } => ("<blockquote>", "</blockquote>"),
            Self::Quote { expandable: true } => ("<blockquote expandable>", "</blockquote>"),
            Self::Code => ("<pre>", "</pre>"),
        }
    }
}

/// A piece as HTML.
pub(super) fn html(piece: &[Run]) -> String {
    let mut html = String::new();
    for group in piece.chunk_by(Run::shares_container) {
        let container = group.first().map_or(Container::None, |run| run.container);
        let (open, close) = container.tags();
        html.push_str(open);
        for run in group {
            let (open, close) = style_tags(&run.style);
            html.push_str(&open);
            html.push_str(&escaped(&run.text));
            html.push_str(close);
        }
        html.push_str(close);
    }
    html
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// An address written for an attribute.
pub(super) fn escaped_address(url: &str) -> String {
    escaped(url).replace('"', "&quot;")
}

fn style_tags(style: &Style) -> (String, &'static str) {
    match style {
        Style::Plain => (String::new(), ""),
        Style::Bold => ("<b>".into(), "</b>"),
        Style::Italic => ("<i>".into(), "</i>"),
        Style::Strike => ("<s>".into(), "</s>"),
        Style::Code => ("<code>".into(), "</code>"),
        Style::Link(url) => (format!("<a href=\"{}\">", escaped_address(url)), "</a>"),
    }
}

/// Cuts the runs into pieces within the limits. White space around a cut is dropped, as Telegram
/// does anyway.
pub(super) fn split(runs: Vec<Run>) -> Vec<Vec<Run>> {
    let mut pieces = Vec::new();
    let mut rest = trimmed(runs);
    while let Some(place) = place_to_cut(&rest) {
        let (head, tail) = cut(&rest, place);
        pieces.push(trimmed(head));
        rest = trimmed(tail);
    }
    pieces.push(rest);
    pieces
}

/// A place in runs: before byte `byte` of run `run`.
#[derive(Debug, Clone, Copy)]
struct Place {
    run: usize,
    byte: usize,
}

/// How good a place is to cut at; greater is better.
#[derive(Debug, Clone, Copy)]
enum Quality {
    Character,
    Word,
    Line,
    Block,
}

/// The last place of each [`Quality`].
type Places = [Option<Place>; 4];

/// Where to cut the first piece off, or `None` if all fits.
fn place_to_cut(runs: &[Run]) -> Option<Place> {
    // A good place is worth a shorter piece, but not a tiny one.
    let (mut late, mut early): (Places, Places) = ([None; 4], [None; 4]);
    let (mut units, mut bytes) = (0, 0);
    let mut has_content = false;
    let mut previous = '\0';
    for (index, run) in runs.iter().enumerate() {
        bytes += tags_len(run);
        for (byte, c) in run.text.char_indices() {
            let place = Place { run: index, byte };
            if has_content && !joins(previous, c) {
                let places = if units > TEXT_MAX_UNITS / 2 {
                    &mut late
                } else {
                    &mut early
                };
                places[quality(run, previous, c) as usize] = Some(place);
            }
            units += c.len_utf16();
            bytes += escaped_len(c);
            if units > TEXT_MAX_UNITS || bytes > RAW_MAX_BYTES {
                let best_first = late.into_iter().rev().chain(early.into_iter().rev());
                return best_first.flatten().next().or(Some(place));
            }
            has_content |= !is_blank_char(c);
            previous = c;
        }
    }
    None
}

fn quality(run: &Run, previous: char, c: char) -> Quality {
    if c == '\n' && run.container == Container::None {
        Quality::Block
    } else if c == '\n' || previous == '\n' {
        Quality::Line
    } else if c.is_whitespace() {
        Quality::Word
    } else {
        Quality::Character
    }
}

/// Whether `c` is seen as one with the character before it: marks, joiners, variations, skin
/// tones.
const fn joins(previous: char, c: char) -> bool {
    previous == '\u{200d}'
        || matches!(
            c,
            '\u{300}'..='\u{36f}'
                | '\u{200d}'
                | '\u{20e3}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{1f3fb}'..='\u{1f3ff}'
                | '\u{e0020}'..='\u{e007f}'
        )
}

/// At most what the tags of a run and its container add.
fn tags_len(run: &Run) -> usize {
    let (open, close) = style_tags(&run.style);
    let (outer_open, outer_close) = run.container.tags();
    open.len() + close.len() + outer_open.len() + outer_close.len()
}

const fn escaped_len(c: char) -> usize {
    match c {
        '&' => "&amp;".len(),
        '<' | '>' => "&lt;".len(),
        c => c.len_utf8(),
    }
}

fn cut(runs: &[Run], place: Place) -> (Vec<Run>, Vec<Run>) {
    let (before, from) = runs.split_at(place.run);
    let (mut head, mut tail) = (before.to_vec(), Vec::new());
    if let Some((run, after)) = from.split_first() {
        let (left, right) = run.text.split_at(place.byte);
        head.push(run.part(left));
        tail.push(run.part(right));
        tail.extend_from_slice(after);
    }
    (head, tail)
}

/// Without white space at either end, but for what indents code.
fn trimmed(mut runs: Vec<Run>) -> Vec<Run> {
    while let Some(last) = runs.last_mut() {
        last.text.truncate(last.text.trim_end().len());
        if !last.text.is_empty() {
            break;
        }
        runs.pop();
    }
    let mut begun = false;
    runs.retain_mut(|run| {
        if !begun {
            let kept = match run.container {
                Container::Code => run.text.trim_start_matches('\n'),
                Container::None | Container::Quote { .. } => run.text.trim_start(),
            };
            run.text = kept.to_owned();
        }
        begun |= !run.text.is_empty();
        !run.text.is_empty()
    });
    runs
}
