//! What was seen of a host so far.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use nabat_core::time::format_period;
use serde::Serialize;

use super::Event;
use crate::probe::ping::{Seen, took};

/// How many of the last answers are drawn.
pub(super) const RECENT: usize = 16;

/// What became of a packet, or of asking for the host's address.
pub(super) enum Answer {
    /// It was answered within this time.
    Came(Duration),
    /// It was sent in vain, and what is known of that.
    Lost(String),
    /// It could not be sent, by our own fault.
    Unsent(String),
    /// There is no address to send it to.
    Nowhere(String),
}

impl Answer {
    pub(super) fn of(seen: Seen, timeout: Duration) -> Self {
        match (seen.rtts.first(), seen.fault, seen.refusal) {
            (Some(rtt), _, _) => Self::Came(*rtt),
            (None, Some(fault), _) => Self::Unsent(fault.to_string()),
            (None, None, Some(refusal)) => Self::Lost(refusal.to_string()),
            (None, None, None) => {
                Self::Lost(format!("no answer within {}", format_period(timeout)))
            }
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    host: String,
    address: Option<IpAddr>,
    pub(super) sent: u32,
    received: u32,
    pub(super) last: Option<Duration>,
    sum: Duration,
    pub(super) best: Option<Duration>,
    pub(super) worst: Option<Duration>,
    /// How much answers differed from the ones before, all together.
    steps: Duration,
    /// The last answers; nothing where one was lost.
    pub(super) recent: VecDeque<Option<Duration>>,
    /// Why there is no answer at the moment.
    pub(super) trouble: Option<String>,
}

impl Tally {
    pub(super) fn of(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            ..Self::default()
        }
    }

    /// Takes in what was seen. Says whether [`Self::line`] has news.
    pub(super) fn note(&mut self, event: Event) -> bool {
        match event {
            Event::Address(address) => {
                self.address = Some(address);
                return false;
            }
            Event::Answer(Answer::Came(rtt)) => self.came(rtt),
            Event::Answer(Answer::Lost(words)) => {
                self.sent += 1;
                self.recall(None);
                self.trouble = Some(words);
            }
            Event::Answer(Answer::Unsent(words) | Answer::Nowhere(words)) => {
                self.trouble = Some(words);
            }
        }
        true
    }

    /// What was seen last, in a line.
    pub(super) fn line(&self) -> String {
        let words = match (&self.trouble, self.last) {
            (Some(trouble), _) => trouble.clone(),
            (None, last) => last.map(took).unwrap_or_default(),
        };
        format!("{}: {words}", self.name())
    }

    fn came(&mut self, rtt: Duration) {
        self.sent += 1;
        self.received += 1;
        if let Some(last) = self.last.replace(rtt) {
            self.steps += last.abs_diff(rtt);
        }
        self.sum += rtt;
        self.best = Some(self.best.map_or(rtt, |best| best.min(rtt)));
        self.worst = Some(self.worst.map_or(rtt, |worst| worst.max(rtt)));
        self.trouble = None;
        self.recall(Some(rtt));
    }

    fn recall(&mut self, answer: Option<Duration>) {
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(answer);
    }

    /// The host as it was given, and its address.
    pub(super) fn name(&self) -> String {
        match self.address {
            Some(address) if address.to_string() != self.host => {
                format!("{} ({address})", self.host)
            }
            _ => self.host.clone(),
        }
    }

    pub(super) const fn has_answered(&self) -> bool {
        self.received > 0
    }

    /// How many packets of a hundred were lost.
    pub(super) fn loss(&self) -> Option<f64> {
        let lost = f64::from(self.sent - self.received);
        (self.sent > 0).then(|| 100.0 * lost / f64::from(self.sent))
    }

    pub(super) fn average(&self) -> Option<Duration> {
        self.sum.checked_div(self.received)
    }

    pub(super) fn jitter(&self) -> Option<Duration> {
        self.steps.checked_div(self.received.saturating_sub(1))
    }
}

/// A host as programs read it; times in milliseconds.
#[derive(Debug, Serialize)]
pub(super) struct Shown<'t> {
    host: &'t str,
    address: Option<IpAddr>,
    sent: u32,
    received: u32,
    loss_percent: Option<f64>,
    last_ms: Option<f64>,
    average_ms: Option<f64>,
    best_ms: Option<f64>,
    worst_ms: Option<f64>,
    jitter_ms: Option<f64>,
    /// Why the last packet was not answered, or not sent.
    trouble: Option<&'t str>,
}

pub(super) fn shown(tallies: &[Tally]) -> Vec<Shown<'_>> {
    let ms = |took: Option<Duration>| took.map(|took| took.as_secs_f64() * 1e3);
    let shown = tallies.iter().map(|tally| Shown {
        host: &tally.host,
        address: tally.address,
        sent: tally.sent,
        received: tally.received,
        loss_percent: tally.loss(),
        last_ms: ms(tally.last),
        average_ms: ms(tally.average()),
        best_ms: ms(tally.best),
        worst_ms: ms(tally.worst),
        jitter_ms: ms(tally.jitter()),
        trouble: tally.trouble.as_deref(),
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn came(millis: u64) -> Event {
        Event::Answer(Answer::Came(Duration::from_millis(millis)))
    }

    fn lost() -> Event {
        Event::Answer(Answer::Lost("no answer within 1s".to_owned()))
    }

    #[test]
    fn what_was_seen_is_summed_up() {
        let mut tally = Tally::of("web-1");
        assert!(!tally.has_answered());
        assert!(!tally.note(Event::Address([10, 0, 0, 7].into())));
        for event in [came(10), lost(), came(14)] {
            tally.note(event);
        }
        assert!(tally.note(came(12)));
        assert_eq!(tally.line(), "web-1 (10.0.0.7): 12.0 ms");
        let ms = |millis| Some(Duration::from_millis(millis));
        assert_eq!((tally.sent, tally.loss()), (4, Some(25.0)));
        assert_eq!((tally.last, tally.average()), (ms(12), ms(12)));
        assert_eq!((tally.best, tally.worst), (ms(10), ms(14)));
        assert_eq!((tally.jitter(), tally.trouble.as_deref()), (ms(3), None));
    }

    #[test]
    fn only_what_was_sent_can_be_lost() {
        let mut tally = Tally::of("10.0.0.7");
        let nowhere = Event::Answer(Answer::Nowhere("no such name".to_owned()));
        assert!(tally.note(nowhere));
        assert_eq!(tally.line(), "10.0.0.7: no such name");
        assert_eq!((tally.sent, tally.loss()), (0, None));
    }

    #[test]
    fn only_the_last_answers_are_drawn() {
        let mut tally = Tally::of("a");
        for _ in 0..=RECENT {
            tally.note(lost());
        }
        assert_eq!(tally.recent.len(), RECENT);
    }
}
