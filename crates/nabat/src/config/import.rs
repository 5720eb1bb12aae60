//! Writes the `nabat.yml` that an `alertmanager.yml` comes to.
//!
//! What Nabat cannot do is left out, with a comment in its place that names the line and what to do;
//! what it does without is a comment too. The result is for people to read and keep: it says what
//! was taken over in Nabat's own words, with the comments of the old file, so that this one is not
//! needed any more.

use std::collections::BTreeMap;
use std::path::Path;

use super::alertmanager::{Note, adapt};
use super::comments::{Comments, last_line};
use super::environment::join;
use super::mistake::{Faults, Mistake};
use super::yaml::{Entry, Kind, Node, Origin, Scalar};
use super::{ConfigError, Form, parse, parse_as};

/// The longest list that stands on one line, in characters.
const LINE_MAX: usize = 80;
/// The ways in which a receiver may tell somebody.
const CHANNELS: [&str; 3] = ["email_configs", "webhook_configs", "telegram_configs"];

/// What became of an `alertmanager.yml`.
#[derive(Debug)]
pub struct Imported {
    /// The text of a `nabat.yml`.
    pub yaml: String,
    /// What could not be taken over, one sentence each: who is told by it is told no more.
    pub refused: Vec<String>,
    /// What is wrong with the result; none if `nabat check` accepts it.
    pub mistakes: Option<ConfigError>,
}

/// Makes a `nabat.yml` of the `bytes` of an `alertmanager.yml`, which comments call `file`.
///
/// # Errors
/// When it is no YAML.
pub fn import(file: &Path, bytes: &[u8]) -> Result<Imported, ConfigError> {
    let mistakes = parse_as(Form::Alertmanager, file, bytes, &|_| None);
    let mistakes = mistakes.map_or_else(|error| error.0, |_| Vec::new());
    let mut faults = Faults::default();
    let text = super::text(bytes, &mut faults).unwrap_or_default();
    let mut root = super::yaml::read(text, &mut faults);
    if faults.unread || !faults.is_empty() {
        return Err(faults.into_error(file, text));
    }
    let mut writer = Writer {
        comments: Comments::of(text, &root),
        notes: BTreeMap::new(),
        unknown: mistakes,
        receiver: String::new(),
        refused: Vec::new(),
        out: header(file),
    };
    for note in adapt(&mut root, file, &mut faults) {
        let path = note.path.rsplit_once('.').map_or("", |(path, _)| path);
        let of_path = writer.notes.entry(path.to_owned()).or_default();
        of_path.push(note_text(&note));
    }
    if let Kind::Map(entries) = &root.kind {
        writer.mapping(entries, "", 0);
    }
    writer.comments(usize::MAX, 0);
    let Writer { out, refused, .. } = writer;
    let mistakes = parse(Path::new("nabat.yml"), out.as_bytes(), &|_| None);
    Ok(Imported {
        yaml: out,
        refused,
        mistakes: mistakes.err(),
    })
}

fn header(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    format!(
        "# Made of {name} by `nabat import alertmanager`. Look for `left out` before you use it, and\n\
         # let `nabat check` read it. Relative paths are taken from the folder of this file.\n"
    )
}

fn note_text(note: &Note) -> String {
    let Note {
        path, line, why, ..
    } = note;
    let key = path.rsplit_once('.').map_or(path.as_str(), |(_, key)| key);
    format!("left out: {key} (line {line}): {why}")
}

struct Writer {
    comments: Comments,
    /// What to say within the mapping at a path.
    notes: BTreeMap<String, Vec<String>>,
    unknown: Vec<Mistake>,
    /// The name of the receiver that is being written.
    receiver: String,
    refused: Vec<String>,
    out: String,
}

impl Writer {
    /// The words about a key that Nabat refuses.
    fn refusal(&self, entry: &Entry) -> Option<String> {
        let spot = &entry.key_spot;
        let here = |mistake: &&Mistake| {
            mistake.unknown_key && (mistake.line, mistake.column) == (spot.line, spot.column)
        };
        let found = self.unknown.iter().find(here)?;
        let hint = found.hint.as_deref();
        let hint = hint.map_or_else(String::new, |hint| format!(": {hint}"));
        Some(format!(
            "{} (line {}): Nabat has no such setting{hint}",
            entry.key, spot.line
        ))
    }

    fn line(&mut self, level: usize, text: &str) {
        let indent = "  ".repeat(level);
        self.out.push_str(&format!("{indent}{text}\n"));
    }

    /// The comments of the old file up to the end of `line`.
    fn comments(&mut self, line: usize, level: usize) {
        let comments: Vec<String> = self.comments.until(line).collect();
        for comment in comments {
            self.line(level, &comment);
        }
    }

    fn mapping(&mut self, entries: &[Entry], path: &str, level: usize) {
        for note in self.notes.remove(path).unwrap_or_default() {
            self.line(level, &format!("# {note}"));
        }
        if is_receiver(path) {
            self.receiver = name(entries);
        }
        let mut told = false;
        for entry in entries {
            let within = path;
            let path = join(path, &entry.key);
            if level == 0 {
                self.out.push('\n');
            }
            self.comments(entry.key_spot.line, level);
            if let Some(words) = self.refusal(entry) {
                self.line(level, &format!("# left out: {words}"));
                self.comments(last_line(&entry.value), level);
                self.refused.push(self.placed(within, &words));
                continue;
            }
            told |= CHANNELS.contains(&entry.key.as_str());
            let key = key(&entry.key);
            let silent = !self.notes.contains_key(&path);
            match one_line(&entry.value).filter(|_| silent) {
                Some(value) => {
                    self.comments(last_line(&entry.value), level);
                    self.line(level, &format!("{key}: {value}"));
                }
                None => {
                    self.line(level, &format!("{key}:"));
                    self.below(&entry.value, &path, level + 1);
                }
            }
        }
        if is_receiver(path) && !told {
            self.line(level, "# This receiver tells nobody.");
        }
    }

    /// What was refused within `path`, with where that is in words for people.
    fn placed(&self, path: &str, words: &str) -> String {
        let receiver = &self.receiver;
        match path
            .strip_prefix("receivers[")
            .and_then(|rest| rest.split_once(']'))
        {
            Some((_, "")) => format!("receiver {receiver}: {words}"),
            Some((_, within)) => {
                let within = within.trim_start_matches('.');
                format!("receiver {receiver}: {within}: {words}")
            }
            None if path.is_empty() => words.to_owned(),
            None => format!("{path}: {words}"),
        }
    }

    fn below(&mut self, node: &Node, path: &str, level: usize) {
        match &node.kind {
            Kind::Map(entries) => self.mapping(entries, path, level),
            Kind::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.item(item, &format!("{path}[{i}]"), level);
                }
            }
            Kind::Scalar(_) | Kind::Broken => {}
        }
    }

    /// An entry of a list: what it begins with stands behind the dash.
    fn item(&mut self, node: &Node, path: &str, level: usize) {
        self.comments(node.spot.line, level);
        if let Some(value) = one_line(node) {
            return self.line(level, &format!("- {value}"));
        }
        let start = self.out.len();
        self.below(node, path, level + 1);
        let dash = start + 2 * level;
        if self.out.get(dash..dash + 2) == Some("  ") {
            self.out.replace_range(dash..dash + 2, "- ");
        }
    }
}

/// What a receiver is called.
fn name(entries: &[Entry]) -> String {
    let known = entries.iter().find(|entry| entry.key == "name");
    match known.map(|entry| &entry.value.kind) {
        Some(Kind::Scalar(name)) => name.text.clone(),
        _ => "without a name".to_owned(),
    }
}

fn is_receiver(path: &str) -> bool {
    path.starts_with("receivers[") && path.ends_with(']') && !path.contains('.')
}

/// The value, where it stands behind its key.
fn one_line(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Scalar(text) => Some(scalar(text)),
        Kind::Broken => Some(String::new()),
        Kind::Map(entries) => entries.is_empty().then(|| "{}".to_owned()),
        Kind::List(items) => {
            let texts: Option<Vec<String>> = items.iter().map(within_list).collect();
            let line = format!("[{}]", texts?.join(", "));
            (line.chars().count() <= LINE_MAX).then_some(line)
        }
    }
}

/// A scalar that may stand between brackets.
fn within_list(node: &Node) -> Option<String> {
    let Kind::Scalar(text) = &node.kind else {
        return None;
    };
    let plain = text.origin == Origin::Plain && !text.text.contains([',', '[', ']', '{', '}', '#']);
    Some(match plain {
        true => scalar(text),
        false => quoted(&text.text),
    })
}

fn scalar(scalar: &Scalar) -> String {
    match scalar.origin {
        Origin::Plain => literal(&scalar.text),
        Origin::Quoted | Origin::Environment => quoted(&scalar.text),
    }
}

fn quoted(text: &str) -> String {
    let text = literal(text);
    if text.chars().any(char::is_control) {
        // What JSON writes, YAML reads.
        return serde_json::Value::from(text).to_string();
    }
    format!("'{}'", text.replace('\'', "''"))
}

fn key(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => quoted(text),
    }
}

/// In `nabat.yml`, `${` names a variable of the environment.
fn literal(text: &str) -> String {
    text.replace("${", "$${")
}
