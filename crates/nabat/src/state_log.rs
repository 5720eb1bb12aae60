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
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::thread;
use std::time::Duration;

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

/// How many lines wait for a disk that is slow.
const LINES_WAITING_MAX: usize = 16_384;

/// Appends lines to the log.
#[derive(Debug)]
pub struct StateLog(Option<Queue>);

/// What waits for the thread that writes, which may wait for its disk for ever: nobody else does. It
/// ends after the last line.
#[derive(Debug)]
struct Queue {
    jobs: SyncSender<Job>,
    /// How many lines found no place in a row.
    dropped: AtomicU64,
}

#[derive(Debug)]
enum Job {
    Line(String),
    /// Says when all lines before are written.
    Flush(SyncSender<()>),
}

impl StateLog {
    /// The log at `path`; without one nothing is written. The file is opened with the first line.
    pub fn open(path: Option<&Path>, rotation: Rotation) -> Self {
        let Some(path) = path else {
            return Self(None);
        };
        let mut file = File::at(path, rotation);
        let (jobs, queue) = mpsc::sync_channel(LINES_WAITING_MAX);
        let write = move || {
            for job in queue {
                match job {
                    Job::Line(line) => file.append(&line),
                    // Whoever waited may have given up.
                    Job::Flush(done) => drop(done.send(())),
                }
            }
        };
        let thread = thread::Builder::new().name("state log".to_owned());
        if let Err(error) = thread.spawn(write) {
            tracing::error!(%error, "the state log has no thread and is not written");
        }
        Self(Some(Queue {
            jobs,
            dropped: AtomicU64::new(0),
        }))
    }

    /// Appends a line as one write; its end is added. Whatever goes wrong is told in Nabat's own
    /// log, once until it works again. Never waits: where the disk is too slow, lines are dropped.
    pub fn write(&self, line: String) {
        let Some(Queue { jobs, dropped }) = &self.0 else {
            return;
        };
        match jobs.try_send(Job::Line(line)) {
            Ok(()) => {
                let lines = dropped.swap(0, Ordering::Relaxed);
                if lines > 0 {
                    tracing::warn!(
                        lines,
                        "the state log goes on; these lines are missing in it"
                    );
                }
            }
            Err(_) => {
                if dropped.fetch_add(1, Ordering::Relaxed) == 0 {
                    tracing::error!(
                        "the state log is not written fast enough; lines are missing in it until it is"
                    );
                }
            }
        }
    }

    /// Waits for all lines before to be written, so long at most. Whether they are.
    pub fn flush(&self, patience: Duration) -> bool {
        let Some(Queue { jobs, .. }) = &self.0 else {
            return true;
        };
        let (done, told) = mpsc::sync_channel(1);
        jobs.try_send(Job::Flush(done)).is_ok() && told.recv_timeout(patience).is_ok()
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
