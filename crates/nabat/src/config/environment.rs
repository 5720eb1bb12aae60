//! `${NAME}` in values, replaced by the environment's variable.
//!
//! `$${` stands for a literal `${`; every other `$` stands for itself. Keys are not expanded, and
//! what a variable holds is never read as YAML.

use super::mistake::{Fault, Faults, Spot};
use super::yaml::{Kind, Node, Origin};

/// The process's environment: the value of `name`, if it is set and UTF-8.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the environment for the configuration"
)]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Expands every value at and below `node`; `source` is the text from which it was read.
pub(super) fn expand(
    node: &mut Node,
    path: &str,
    source: &str,
    env: &dyn Fn(&str) -> Option<String>,
    faults: &mut Faults,
) {
    let spot = node.spot.clone();
    match &mut node.kind {
        Kind::List(items) => {
            for (i, item) in items.iter_mut().enumerate() {
                expand(item, &format!("{path}[{i}]"), source, env, faults);
            }
        }
        Kind::Map(entries) => {
            for entry in entries {
                expand(
                    &mut entry.value,
                    &join(path, &entry.key),
                    source,
                    env,
                    faults,
                );
            }
        }
        Kind::Scalar(scalar) if scalar.text.contains("${") => {
            let (parts, problems) = split(&scalar.text, env);
            if problems.is_empty() {
                if parts.from_environment {
                    scalar.origin = Origin::Environment;
                }
                scalar.text = parts.text;
                return;
            }
            for problem in problems {
                faults.add(problem.fault(path, &spot, source));
            }
            node.kind = Kind::Broken;
        }
        Kind::Scalar(_) | Kind::Broken => {}
    }
}

/// The path of the setting `key` within `path`.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

struct Expanded {
    text: String,
    from_environment: bool,
}

enum Problem {
    Unset(String),
    Malformed,
}

impl Problem {
    fn fault(self, path: &str, spot: &Spot, source: &str) -> Fault {
        let (needle, found, expected, hint) = match self {
            Self::Unset(name) => (
                format!("${{{name}}}"),
                format!("`${{{name}}}`, which is not set"),
                format!("the environment variable {name} to be set"),
                None,
            ),
            Self::Malformed => (
                "${".to_owned(),
                "`${` without a variable's name and `}`".to_owned(),
                "`${NAME}`, with a name of letters, digits and `_`".to_owned(),
                Some("write `$${` for a literal `${`".to_owned()),
            ),
        };
        Fault {
            path: path.to_owned(),
            spot: narrow(spot, source, &needle),
            found,
            expected,
            hint,
            unknown_key: false,
        }
    }
}

/// The spot of `needle` within `spot`, where both stand on one line.
fn narrow(spot: &Spot, source: &str, needle: &str) -> Spot {
    let Some(text) = source.get(spot.range.clone()) else {
        return spot.clone();
    };
    match text.find(needle) {
        Some(at) if !text[..at].contains(['\n', '\r']) => {
            let start = spot.range.start + at;
            Spot {
                line: spot.line,
                column: spot.column + text[..at].chars().count(),
                range: start..start + needle.len(),
            }
        }
        _ => spot.clone(),
    }
}

fn split(text: &str, env: &dyn Fn(&str) -> Option<String>) -> (Expanded, Vec<Problem>) {
    let mut expanded = Expanded {
        text: String::new(),
        from_environment: false,
    };
    let mut problems = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        let inner = &from[2..];
        if let Some(before) = before.strip_suffix('$') {
            expanded.text.push_str(before);
            expanded.text.push_str("${");
            rest = inner;
            continue;
        }
        expanded.text.push_str(before);
        match inner.split_once('}').filter(|(name, _)| is_name(name)) {
            None => {
                problems.push(Problem::Malformed);
                rest = inner;
            }
            Some((name, after)) => {
                rest = after;
                expanded.from_environment = true;
                match env(name) {
                    Some(value) => expanded.text.push_str(&value),
                    None => problems.push(Problem::Unset(name.to_owned())),
                }
            }
        }
    }
    expanded.text.push_str(rest);
    (expanded, problems)
}

fn is_name(name: &str) -> bool {
    let head = name.bytes().next();
    head.is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
