//! Expressions that people write, and the literal texts that a title must contain to match one.
//!
//! An expression is searched anywhere in the title, in any letter case, with the syntax of the
//! `regex` crate. Its size is limited before it is compiled. [`needles`] finds texts of which a
//! matching title must contain at least one, so that the index can pass over the expressions
//! that cannot match; both sides are compared [`fold`]ed.

use std::borrow::Cow;

use regex_automata::Input;
use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use regex_syntax::hir::{Class, Hir, HirKind};

/// The longest expression in bytes; the configuration may allow less.
pub const EXPRESSION_BYTES_MAX: usize = 16_384;
/// The largest compiled form of one expression in bytes.
const COMPILED_BYTES_MAX: usize = 128 << 10;
/// How deep groups and repetitions may be nested.
pub(crate) const NESTED_MAX: u32 = 32;
/// What one expression's search may keep in memory, in bytes.
const CACHE_BYTES_MAX: usize = 16 << 10;
/// More alternatives than this are not worth looking for one by one.
const NEEDLES_MAX: usize = 64;
/// More sets than this sort out nothing that fewer would not.
const SETS_MAX: usize = 4;

/// Where and why a text is not an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} (at byte {at})")]
pub struct ExpressionError {
    /// Byte offset into the expression.
    pub at: usize,
    /// What is wrong there.
    pub problem: String,
}

/// Whether `text` is an expression that can be searched within the limits.
///
/// # Errors
/// The place of the mistake and what it is.
pub fn check(text: &str) -> Result<(), ExpressionError> {
    if text.is_empty() {
        return Err(ExpressionError {
            at: 0,
            problem: "the expression is empty".to_owned(),
        });
    }
    if text.len() > EXPRESSION_BYTES_MAX {
        return Err(too_long(text));
    }
    if let Err(error) = parse(text) {
        return Err(mistake(*error));
    }
    build(text, true, COMPILED_BYTES_MAX).map_err(|_| too_large())?;
    Ok(())
}

/// What is wrong with an expression that can't be parsed, and where.
pub(crate) fn mistake(error: regex_syntax::Error) -> ExpressionError {
    let (at, problem) = match error {
        regex_syntax::Error::Parse(parse) => (parse.span().start.offset, parse.kind().to_string()),
        regex_syntax::Error::Translate(translate) => {
            (translate.span().start.offset, translate.kind().to_string())
        }
        other => (0, other.to_string()),
    };
    ExpressionError { at, problem }
}

pub(crate) fn too_long(text: &str) -> ExpressionError {
    ExpressionError {
        at: EXPRESSION_BYTES_MAX,
        problem: format!(
            "the expression is {} bytes long; {EXPRESSION_BYTES_MAX} are the most",
            text.len()
        ),
    }
}

pub(crate) fn too_large() -> ExpressionError {
    ExpressionError {
        at: 0,
        problem: "the expression grows too large; use smaller repetitions".to_owned(),
    }
}

/// The compiled form of a checked expression, searched anywhere and in any letter case.
pub fn compile(checked: &str) -> Regex {
    // An expression that was accepted once compiles again; one that a newer version refuses
    // matches nothing rather than taking the engine down.
    build(checked, true, COMPILED_BYTES_MAX).unwrap_or_else(|_| nothing())
}

/// Compiles `text` to at most `bytes_max`, to be kept in thousands.
pub(crate) fn build(
    text: &str,
    any_case: bool,
    bytes_max: usize,
) -> Result<Regex, Box<regex_automata::meta::BuildError>> {
    Regex::builder()
        .configure(
            Regex::config()
                .nfa_size_limit(Some(bytes_max))
                .hybrid_cache_capacity(CACHE_BYTES_MAX)
                // Thousands of expressions are kept: each engine less is memory saved, and
                // titles are short enough for the backtracker.
                .hybrid(false)
                .dfa(false)
                .onepass(false),
        )
        .syntax(
            syntax::Config::new()
                .case_insensitive(any_case)
                .nest_limit(NESTED_MAX),
        )
        .build(text)
        .map_err(Box::new)
}

/// What matches nothing.
#[expect(
    clippy::expect_used,
    reason = "a constant that compiles, see the tests"
)]
pub(crate) fn nothing() -> Regex {
    Regex::new(r"[^\s\S]").expect("an empty class compiles")
}

pub(crate) fn parse(text: &str) -> Result<Hir, Box<regex_syntax::Error>> {
    regex_syntax::ParserBuilder::new()
        .nest_limit(NESTED_MAX)
        .build()
        .parse(text)
        .map_err(Box::new)
}

/// What the index may know of an expression without running it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needles {
    /// A matching title contains, of each of these sets, at least one text, folded. No set is
    /// empty, and there is at least one.
    pub sets: Vec<Vec<String>>,
    /// Whether containing one text of the only set is all that the expression asks for.
    pub sufficient: bool,
}

/// The texts that a title must contain to match, or `None` if nothing is known.
pub fn needles(checked: &str) -> Option<Needles> {
    let hir = parse(checked).ok()?;
    let mut sets = required(&hir);
    sets.sort_by_key(|set| rank(set));
    sets.dedup();
    sets.truncate(SETS_MAX);
    let sufficient = is_literal(&hir);
    (!sets.is_empty()).then_some(Needles { sets, sufficient })
}

/// `text` in the form in which needles and titles are compared: texts that are equal but for
/// letter case fold to the same.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    Cow::Owned(text.chars().map(fold_char).collect())
}

/// Upper case first: it unites letters that have several lower-case forms (`ς`, `ſ`). The three
/// pairs in front have no upper-case letter that could unite them.
fn fold_char(character: char) -> char {
    match character {
        '\u{1fd3}' => return '\u{390}',
        '\u{1fe3}' => return '\u{3b0}',
        '\u{fb05}' => return '\u{fb06}',
        _ => {}
    }
    let upper = single(character.to_uppercase()).unwrap_or(character);
    single(upper.to_lowercase()).unwrap_or(upper)
}

fn single(mut characters: impl Iterator<Item = char>) -> Option<char> {
    let first = characters.next();
    characters.next().map_or(first, |_| None)
}

/// Sets of texts: every match contains at least one text of each.
fn required(hir: &Hir) -> Vec<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(_) | HirKind::Class(_) => {
            letters(hir).map(|text| vec![text]).into_iter().collect()
        }
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Alternation(branches) => one_of(branches).into_iter().collect(),
        HirKind::Concat(parts) => required_of_sequence(parts),
        _ => Vec::new(),
    }
}

/// One set for all branches: the best of each. None if a branch has none, or there are too many.
fn one_of(branches: &[Hir]) -> Option<Vec<String>> {
    let mut all = Vec::new();
    for branch in branches {
        all.extend(required(branch).into_iter().min_by_key(|set| rank(set))?);
    }
    all.sort();
    all.dedup();
    (all.len() <= NEEDLES_MAX).then_some(all)
}

/// The sets of a sequence's parts, where neighbouring letters make one longer text.
fn required_of_sequence(parts: &[Hir]) -> Vec<Vec<String>> {
    let mut sets = Vec::new();
    let mut run = String::new();
    for part in parts {
        if let Some(text) = letters(part) {
            run.push_str(&text);
            continue;
        }
        if !run.is_empty() {
            sets.push(vec![std::mem::take(&mut run)]);
        }
        sets.extend(required(part));
    }
    if !run.is_empty() {
        sets.push(vec![run]);
    }
    sets
}

/// Lesser is better: long texts first, then few of them.
fn rank(set: &[String]) -> (std::cmp::Reverse<usize>, usize) {
    let shortest = set.iter().map(String::len).min().unwrap_or(0);
    (std::cmp::Reverse(shortest), set.len())
}

/// The one text, but for letter case, that this part stands for.
fn letters(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            Some(fold(text).into_owned())
        }
        HirKind::Class(class) => one_letter(class).map(String::from),
        HirKind::Capture(capture) => letters(&capture.sub),
        _ => None,
    }
}

/// The letter of a class that holds one letter in several cases, as `(?i)` makes them.
fn one_letter(class: &Class) -> Option<char> {
    const CASES_MAX: usize = 4;
    let Class::Unicode(class) = class else {
        return None;
    };
    let mut members = class
        .ranges()
        .iter()
        .flat_map(|range| range.start()..=range.end())
        .take(CASES_MAX + 1)
        .map(fold_char);
    let first = members.next()?;
    let mut count = 1;
    members
        .all(|member| {
            count += 1;
            member == first
        })
        .then_some(first)
        .filter(|_| count <= CASES_MAX)
}

/// Whether the expression is a text or an alternation of texts and nothing else.
fn is_literal(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(_) => true,
        HirKind::Alternation(branches) => branches.iter().all(is_literal),
        // `mem|men` parses as `me[mn]`.
        HirKind::Concat(_) | HirKind::Capture(_) => letters(hir).is_some(),
        _ => false,
    }
}

/// Whether a compiled expression is found in `title`.
pub fn found(compiled: &Regex, title: &str) -> bool {
    compiled.is_match(Input::new(title))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn mistakes_are_pointed_at() {
        let long = "x".repeat(EXPRESSION_BYTES_MAX + 1);
        let cases: &[(&str, Option<usize>)] = &[
            ("mem|cpu", None),
            ("диск (полон|занят)", None),
            ("^HighCPU.*db-\\d+", None),
            ("", Some(0)),
            ("(", Some(0)),
            ("cpu(", Some(3)),
            ("cpu)", Some(3)),
            ("[a", Some(0)),
            ("*cpu", Some(0)),
            ("a{5,2}", Some(1)),
            ("(?<x", Some(4)),
            ("\\q", Some(0)),
            ("(\\w{1000}){1000}", Some(0)),
            (&long, Some(EXPRESSION_BYTES_MAX)),
            (&long[..1_000], None),
        ];
        for (text, expected) in cases {
            assert_eq!(check(text).err().map(|error| error.at), *expected, "{text}");
        }
    }

    #[test]
    fn needles_are_what_a_match_must_contain() {
        let cases: &[(&str, Option<(&str, bool)>)] = &[
            ("CPU", Some(("cpu", true))),
            ("mem|cpu", Some(("cpu|mem", true))),
            ("db-.*disk", Some(("disk & db-", false))),
            ("(foo|ba)quux", Some(("quux & ba|foo", false))),
            ("(?i)Диск", Some(("диск", false))),
            ("^HighCPU$", Some(("highcpu", false))),
            ("a+bcd?", Some(("bc & a", false))),
            ("(a.*bcd|xyz)", Some(("bcd|xyz", false))),
            ("x*", None),
            (".*", None),
            ("mem|.*", None),
            ("[0-9]+", None),
        ];
        for (text, expected) in cases {
            let got = needles(text).map(|needles| {
                let sets: Vec<String> = needles.sets.iter().map(|set| set.join("|")).collect();
                (sets.join(" & "), needles.sufficient)
            });
            let got = got
                .as_ref()
                .map(|(sets, sufficient)| (sets.as_str(), *sufficient));
            assert_eq!(got, *expected, "{text}");
        }
    }

    #[test]
    fn letters_that_differ_in_case_only_fold_to_the_same() {
        for character in (0..=0x10_ffff).filter_map(char::from_u32) {
            let range = regex_syntax::hir::ClassUnicodeRange::new(character, character);
            let mut class = regex_syntax::hir::ClassUnicode::new([range]);
            class.try_case_fold_simple().unwrap();
            let folded = fold_char(character);
            for range in class.ranges() {
                for other in range.start()..=range.end() {
                    assert_eq!(folded, fold_char(other), "{character} and {other}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_title_that_matches_contains_a_needle(
            expression in "[a-cA-C(|).*+?^$ж]{1,10}",
            title in "[a-cA-Cжж ]{0,12}",
        ) {
            if check(&expression).is_ok() && compile(&expression).is_match(title.as_str())
                && let Some(needles) = needles(&expression) {
                let folded = fold(&title);
                for set in &needles.sets {
                    prop_assert!(set.iter().any(|needle| folded.contains(needle.as_str())),
                        "{} in {}: {:?}", expression, title, needles);
                }
            }
        }

        #[test]
        fn a_sufficient_needle_is_a_match(
            expression in "[a-cA-C(|)]{1,10}",
            title in "[a-cA-C ]{0,12}",
        ) {
            if check(&expression).is_ok()
                && let Some(needles) = needles(&expression).filter(|needles| needles.sufficient) {
                let folded = fold(&title);
                let contains = needles.sets[0].iter().any(|needle| folded.contains(needle.as_str()));
                prop_assert_eq!(contains, compile(&expression).is_match(title.as_str()));
            }
        }

        #[test]
        fn no_expression_makes_the_check_panic(text in ".{0,60}") {
            let _ = check(&text);
            let _ = needles(&text);
        }
    }
}
