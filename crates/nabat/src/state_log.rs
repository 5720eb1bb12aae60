//! The log of states: one line for each change of a monitor's status, for whatever reads lines.
//!
//! ```text
//! 2026-11-20T15:04:05+03:00 OFFLINE web-1 http://example.org : connection refused
//! ```
//!
//! The time, the state, the monitor's name and its target, then ` : ` and why, if that is known. A
//! name or target that is empty, `:` or `-`, or has white space or a quote in it, stands in double
//! quotes, in which `\"` is a quote and `\\` a backslash. Control characters are escaped
//! everywhere, so that a line is a line. What was last is read from the store, never from here:
//! the log may be moved, cut or removed at any time, and a disk that takes no more stops nothing.

mod file;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use jiff::tz::TimeZone;

use nabat_core::time::Timestamp;

use file::File;

/// What a monitor changed to, in the words of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It answers as it should.
    Online,
    /// It answers, but something is not as it should be.
    Degraded,
    /// It does not answer, or otherwise than it should.
    Offline,
    /// Nobody knows: it was not watched, or Nabat itself is cut off.
    Unknown,
    /// What it is reached through is down.
    Unreachable,
    /// It is being worked on.
    Maintenance,
    /// Somebody asked not to watch it.
    Paused,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Online => "ONLINE",
            Self::Degraded => "DEGRADED",
            Self::Offline => "OFFLINE",
            Self::Unknown => "UNKNOWN",
            Self::Unreachable => "UNREACHABLE",
            Self::Maintenance => "MAINTENANCE",
            Self::Paused => "PAUSED",
        }
    }
}

/// One line of the log, without its end. What has no target, such as a heartbeat, has `-`.
pub fn line(
    at: Timestamp,
    zone: &TimeZone,
    state: State,
    name: &str,
    target: Option<&str>,
    words: &str,
) -> String {
    let time = at.in_zone(zone).strftime("%Y-%m-%dT%H:%M:%S%:z");
    let mut line = format!("{time} {} ", state.word());
    push_field(&mut line, name);
    line.push(' ');
    match target {
        Some(target) => push_field(&mut line, target),
        None => line.push('-'),
    }
    if !words.is_empty() {
        line.push_str(" : ");
        push_escaped(&mut line, words);
    }
    line
}

/// How large the log grows before it begins anew, and how many of its former selves are kept:
/// `NAME.1` is the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// In bytes; 0 leaves it to others.
    pub max_bytes: u64,
    /// How many former files are kept.
    pub keep: u32,
}

impl Default for Rotation {
    fn default() -> Self {
        Self {
            max_bytes: 10_000_000,
            keep: 3,
        }
    }
}

/// Appends lines to the log.
#[derive(Debug)]
pub struct StateLog(Option<Mutex<File>>);

impl StateLog {
    /// The log at `path`; without one nothing is written. The file is opened with the first line.
    pub fn open(path: Option<&Path>, rotation: Rotation) -> Self {
        Self(path.map(|path| Mutex::new(File::at(path, rotation))))
    }

    /// Appends a line as one write; its end is added. Whatever goes wrong is told in Nabat's own
    /// log, once until it works again. Never waits for a disk longer than a write does.
    pub fn write(&self, line: &str) {
        if let Some(file) = &self.0 {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.append(line);
        }
    }

    /// The next line opens the file anew: for those who moved it. Without this, it is noticed with
    /// the next line.
    pub fn reopen(&self) {
        if let Some(file) = &self.0 {
            file.lock().unwrap_or_else(PoisonError::into_inner).close();
        }
    }
}

fn push_field(line: &mut String, field: &str) {
    let is_plain = |character: char| !character.is_whitespace() && character != '"';
    if field.chars().all(is_plain) && !matches!(field, "" | ":" | "-") {
        push_escaped(line, field);
        return;
    }
    line.push('"');
    let quoted = field.replace('\\', "\\\\").replace('"', "\\\"");
    push_escaped(line, &quoted);
    line.push('"');
}

fn push_escaped(line: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '\u{2028}' | '\u{2029}' => line.extend(character.escape_unicode()),
            _ if character.is_control() => line.extend(character.escape_default()),
            _ => line.push(character),
        }
    }
}
