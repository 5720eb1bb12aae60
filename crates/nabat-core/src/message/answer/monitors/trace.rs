//! What one look saw, with all its parts.

use super::{WORDS_MAX, name};
use crate::message::text::one_line;
use crate::message::words::Locale;
use crate::message::{Message, Span};
use crate::monitor::Outcome;
use crate::monitor::view::Trace;

/// How many findings are shown.
const FINDINGS_MAX: usize = 10;

/// What came of a look: its sign, and the text that says so.
const fn outcome(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Up => ("🟢", "looked-up"),
        Outcome::Degraded => ("🟠", "looked-degraded"),
        Outcome::Down => ("🔴", "looked-down"),
        Outcome::Unknown => ("⚪", "looked-unknown"),
    }
}

/// What the first look at something saw that is watched from now on.
pub(super) fn watched(of: &str, trace: &Trace, told: bool, locale: &Locale) -> Message {
    let mut line = heading(of, trace, locale);
    let wrong = |of: Outcome| of != Outcome::Up;
    let any = findings(trace).any(|(of, _)| wrong(of));
    let shown = findings(trace).filter(|(of, _)| !any || wrong(*of));
    let words: Vec<&str> = shown.map(|(_, words)| words).collect();
    if !words.is_empty() {
        let words = one_line(&words.join(" · "), WORDS_MAX);
        line.push(Span::plain(format!(" · {words}")));
    }
    let message = Message::default().line(line);
    let works = matches!(trace.outcome, Outcome::Up | Outcome::Degraded);
    let rest = match (works, told) {
        (true, true) => "watched-told",
        (false, true) => "watched-all-the-same",
        (_, false) => "watched-not-told",
    };
    message.line([Span::plain(locale.text(rest, []))])
}

/// What a look saw: every condition, and how long each part took.
pub(super) fn trace(of: &str, trace: &Trace, locale: &Locale) -> Message {
    let mut line = heading(of, trace, locale);
    if let Some(address) = trace.address {
        line.push(Span::plain(" · "));
        line.push(Span::code(address.to_string()));
    }
    let mut message = Message::default().line(line);
    for (of, words) in findings(trace).take(FINDINGS_MAX) {
        let sign = match of {
            Outcome::Up => "✓",
            Outcome::Degraded => "!",
            Outcome::Down => "✗",
            Outcome::Unknown => "?",
        };
        message = message.line([Span::plain(format!(
            "{sign} {}",
            one_line(words, WORDS_MAX)
        ))]);
    }
    let phases = trace.phases.iter().map(|(phase, took)| {
        let took = locale.latency(*took);
        format!("{} {took}", part(phase, locale))
    });
    let phases: Vec<String> = phases.collect();
    if phases.is_empty() {
        return message;
    }
    message.line([Span::italic(phases.join(" · "))])
}

fn heading(of: &str, trace: &Trace, locale: &Locale) -> Vec<Span> {
    let (sign, key) = outcome(trace.outcome);
    let mut rest = format!(": {}", locale.text(key, []));
    if let Some(latency) = trace.latency {
        rest.push_str(&format!(" · {}", locale.latency(latency)));
    }
    vec![Span::plain(format!("{sign} ")), name(of), Span::plain(rest)]
}

fn findings(trace: &Trace) -> impl Iterator<Item = (Outcome, &str)> {
    let findings = trace.findings.iter();
    findings.map(|(outcome, words)| (*outcome, words.as_str()))
}

/// A part of a probe in the reader's words; as it is called inside if there are none.
fn part(phase: &str, locale: &Locale) -> String {
    let key = match phase {
        "resolve" => "phase-resolve",
        "connect" => "phase-connect",
        "proxy" => "phase-proxy",
        "tls" => "phase-tls",
        "first byte" => "phase-first-byte",
        "transfer" => "phase-transfer",
        other => return other.to_owned(),
    };
    locale.text(key, [])
}
