//! Mistakes in a configuration: what is collected while reading, and how people see it.
//!
//! A [`Fault`] points into the source; when all are known they become [`Mistake`]s, each with its
//! source line. Which parts of the source are secret is known only at the end, so masking happens
//! then: nothing that stands in a hidden place, and nothing shaped like a token, is shown.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use super::secret::MASK;
use super::yaml::{Kind, Node};

/// The most characters of a source line or of a quoted value that are shown.
const MAX_SHOWN: usize = 120;

/// The longest source line, in bytes, of which anything is shown.
const MAX_LINE: usize = 1000;

/// The most mistakes that are collected from one file.
const MAX_MISTAKES: usize = 1000;

/// Telegram tokens, and the user part and the query of addresses, wherever they stand.
static TELLTALE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"([0-9]{5,}:[A-Za-z0-9_-]{16,})|//(\S*)@|\?([^\s'"`]*=[^\s'"`]*)"#)
        .expect("the pattern is fixed and tested")
});

/// A place in the source: where it begins, and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// From 1.
    pub(super) line: usize,
    /// From 1, in characters.
    pub(super) column: usize,
    pub(super) range: Range<usize>,
}

impl Spot {
    pub(super) const START: Self = Self {
        line: 1,
        column: 1,
        range: 0..0,
    };
}

/// A mistake that still points into the source.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) path: String,
    pub(super) spot: Spot,
    pub(super) found: String,
    pub(super) expected: String,
    pub(super) hint: Option<String>,
    /// Whether the key at the spot is the mistake, not what stands behind it.
    pub(super) unknown_key: bool,
}

/// All that was noted about one file.
#[derive(Debug, Default)]
pub(super) struct Faults {
    list: Vec<Fault>,
    hidden: Vec<Range<usize>>,
    /// The text could not be read to its end, so that nobody knows where its secrets are.
    pub(super) unread: bool,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        if self.list.len() < MAX_MISTAKES {
            self.list.push(fault);
        }
    }

    /// Keeps what stands at `spot` out of every message.
    pub(super) fn hide(&mut self, spot: &Spot) {
        self.hidden.push(spot.range.clone());
    }

    /// Keeps all words of `node` out of every message.
    pub(super) fn hide_all(&mut self, node: &Node) {
        node.words(&mut |spot| self.hide(spot));
    }

    /// Keeps the values at and below `node` out of every message, not its keys.
    pub(super) fn hide_values(&mut self, node: &Node) {
        match &node.kind {
            Kind::Map(entries) => entries.iter().for_each(|entry| self.hide_all(&entry.value)),
            _ => self.hide_all(node),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The mistakes in the order of the file, with the source lines of `text`.
    pub(super) fn into_error(mut self, file: &Path, text: &str) -> ConfigError {
        let list = std::mem::take(&mut self.list);
        let mut mistakes: Vec<Mistake> = list
            .into_iter()
            .map(|fault| Mistake {
                file: file.to_owned(),
                line: fault.spot.line,
                column: fault.spot.column,
                snippet: self.snippet(text, &fault.spot),
                path: fault.path,
                found: mask_telltales(&fault.found),
                expected: fault.expected,
                hint: fault.hint.as_deref().map(mask_telltales),
                unknown_key: fault.unknown_key,
            })
            .collect();
        mistakes.sort_by(|a, b| {
            (a.line, a.column, &a.path, &a.found).cmp(&(b.line, b.column, &b.path, &b.found))
        });
        mistakes.dedup();
        ConfigError(mistakes)
    }

    fn snippet(&self, text: &str, spot: &Spot) -> Option<Snippet> {
        let at = floor_char(text, spot.range.start);
        let is_break = |c: char| c == '\n' || c == '\r';
        let head = floor_char(text, at.saturating_sub(MAX_LINE));
        let tail = floor_char(text, at.saturating_add(MAX_LINE));
        let start = text[head..at].rfind(is_break).map(|i| head + i + 1);
        let start = start.or((head == 0).then_some(0))?;
        let end = text[at..tail].find(is_break).map(|i| at + i);
        let end = end.or((tail == text.len()).then_some(tail))?;
        let line = &text[start..end];
        if line.trim().is_empty() {
            return None;
        }
        let hidden = if self.unread {
            vec![after_key(line)]
        } else {
            self.hidden_in(line, start..end)
        };
        let marked = at..floor_char(text, spot.range.end.clamp(at, end)).max(at);
        Some(Snippet::new(
            line,
            &hidden,
            marked.start - start..marked.end - start,
        ))
    }

    /// The parts of `line`, which stands at `place` in the text, that may not be shown.
    fn hidden_in(&self, line: &str, place: Range<usize>) -> Vec<Range<usize>> {
        let cut = |range: &Range<usize>| {
            let from = range.start.max(place.start);
            let to = range.end.min(place.end);
            (from < to).then(|| from - place.start..to - place.start)
        };
        let comment = line
            .match_indices('#')
            .find(|(at, _)| line[..*at].ends_with([' ', '\t']));
        // People note old secrets in comments.
        let comment = comment.map(|(at, _)| at + 1..line.len());
        self.hidden
            .iter()
            .filter_map(cut)
            .chain(telltales(line))
            .chain(comment)
            .collect()
    }
}

/// The part of a line behind its key, or all of it: what to hide where the structure is unknown.
fn after_key(line: &str) -> Range<usize> {
    let indent = line.len() - line.trim_start_matches([' ', '\t', '-']).len();
    let word = line[indent..]
        .bytes()
        .take_while(|b| b.is_ascii_alphabetic() || *b == b'_')
        .count();
    let key = indent + word;
    match line[key..].strip_prefix(':') {
        Some(rest) if word > 0 && rest.starts_with([' ', '\t']) => key + 2..line.len(),
        Some("") if word > 0 => line.len()..line.len(),
        _ => indent..line.len(),
    }
}

fn floor_char(text: &str, index: usize) -> usize {
    let index = index.min(text.len());
    (0..=index)
        .rev()
        .find(|i| text.is_char_boundary(*i))
        .unwrap_or(0)
}

/// Where `text` has what may be a secret by its looks.
fn telltales(text: &str) -> impl Iterator<Item = Range<usize>> {
    let found = TELLTALE.captures_iter(text);
    found.filter_map(|found| {
        found
            .iter()
            .skip(1)
            .flatten()
            .next()
            .map(|part| part.range())
    })
}

fn mask_telltales(text: &str) -> String {
    let mut masked = String::new();
    let mut end = 0;
    for range in telltales(text) {
        masked.push_str(&text[end..range.start]);
        masked.push_str(MASK);
        end = range.end;
    }
    masked + &text[end..]
}

/// A value as a message quotes it: one line, of bounded length.
pub(super) fn quote(text: &str) -> String {
    let line: String = text
        .chars()
        .take_while(|c| *c != '\n')
        .filter(|c| !c.is_control())
        .collect();
    let short: String = line.chars().take(MAX_SHOWN).collect();
    if short.len() < text.len() {
        format!("`{short}`…")
    } else {
        format!("`{short}`")
    }
}

/// A source line as it may be shown, and the part of it that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Snippet {
    line: String,
    /// In characters of `line`.
    marked: Range<usize>,
}

impl Snippet {
    /// Masks the byte ranges `hidden` of `line`; `marked` is a byte range too.
    fn new(line: &str, hidden: &[Range<usize>], marked: Range<usize>) -> Self {
        let mut shown = String::new();
        let mut count = 0;
        let mut masked = false;
        let mut start = None;
        let mut end = None;
        for (at, c) in line.char_indices() {
            let hide = hidden.iter().any(|range| range.contains(&at));
            let first_hidden = hide && !masked;
            if at >= marked.start && start.is_none() {
                start = Some(if hide && masked { count - 1 } else { count });
            }
            if at >= marked.end && end.is_none() {
                end = Some(count);
            }
            masked = hide;
            if first_hidden {
                shown.push_str(MASK);
            } else if !hide {
                shown.push(if c.is_control() { ' ' } else { c });
            } else {
                continue;
            }
            count += 1;
        }
        let start = start.unwrap_or(count);
        let mut snippet = Self {
            line: shown,
            marked: start..end.unwrap_or(count).max(start + 1),
        };
        snippet.shorten(count);
        snippet
    }

    /// Keeps what surrounds the mark of a line that is too long to show.
    fn shorten(&mut self, length: usize) {
        if length <= MAX_SHOWN {
            return;
        }
        let from = self
            .marked
            .start
            .saturating_sub(MAX_SHOWN / 2)
            .min(length.saturating_sub(MAX_SHOWN));
        let kept: String = self.line.chars().skip(from).take(MAX_SHOWN).collect();
        let before = if from > 0 { MASK } else { "" };
        let after = if from + MAX_SHOWN < length { MASK } else { "" };
        self.line = format!("{before}{kept}{after}");
        let shift = |place: usize| (place - from).min(MAX_SHOWN) + before.chars().count();
        self.marked = shift(self.marked.start)..shift(self.marked.end);
    }
}

/// One mistake in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The setting, such as `telegram.bots[0].token`; empty for the file as a whole.
    pub path: String,
    /// What stands there; never a secret.
    pub found: String,
    /// What should stand there.
    pub expected: String,
    /// What to do, or what was probably meant.
    pub hint: Option<String>,
    /// Whether Nabat does not know the key that stands there.
    pub unknown_key: bool,
    snippet: Option<Snippet>,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file.display(), self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        writeln!(f, "found {}, expected {}", self.found, self.expected)?;
        let hint = self.hint.as_deref();
        let Some(Snippet { line, marked }) = &self.snippet else {
            return hint.map_or(Ok(()), |hint| writeln!(f, "  {hint}"));
        };
        let gutter = self.line.to_string().len().max(4);
        writeln!(f, "{:>gutter$} | {line}", self.line)?;
        let indent = " ".repeat(marked.start);
        let caret = "^".repeat(marked.len().max(1));
        write!(f, "{:>gutter$} | {indent}{caret}", "")?;
        hint.map_or(Ok(()), |hint| write!(f, " {hint}"))?;
        writeln!(f)
    }
}

/// Every mistake of one configuration file (of more than 1000 the first), in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(pub Vec<Mistake>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mistake in &self.0 {
            write!(f, "{mistake}")?;
        }
        let file = self
            .0
            .first()
            .map(|mistake| mistake.file.display().to_string())
            .unwrap_or_default();
        match self.0.len() {
            1 => write!(f, "1 mistake in {file}"),
            MAX_MISTAKES => write!(f, "{MAX_MISTAKES} mistakes in {file}, and maybe more"),
            count => write!(f, "{count} mistakes in {file}"),
        }
    }
}
