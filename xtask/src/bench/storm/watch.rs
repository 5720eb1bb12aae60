//! Looks at two chats again and again, and notes when each alert and each answer is first seen.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::telegram::{ANN, Telegram};
use crate::process::{pause, wait_until};

/// How often the chats are looked at; no time is known more exactly.
const EVERY: Duration = Duration::from_millis(50);
const ANSWER_MAX: Duration = Duration::from_secs(20);

pub(super) struct Watch {
    flooded: i64,
    other: i64,
    files: BTreeSet<String>,
    first_seen: HashMap<usize, Instant>,
    posted: HashMap<usize, Instant>,
    asked_at: Vec<Instant>,
    answered_at: Vec<Instant>,
    /// The answers by their messages' numbers.
    answers: BTreeSet<i64>,
}

/// What was seen; times in seconds, not a number when something was not seen at all.
pub(super) struct Seen {
    pub(super) visible: usize,
    pub(super) all_after: f64,
    pub(super) critical: f64,
    pub(super) lone: f64,
    pub(super) answer: f64,
}

impl Watch {
    pub(super) fn over(flooded: i64, other: i64) -> Self {
        Self {
            flooded,
            other,
            files: BTreeSet::new(),
            first_seen: HashMap::new(),
            posted: HashMap::new(),
            asked_at: Vec::new(),
            answered_at: Vec::new(),
            answers: BTreeSet::new(),
        }
    }

    /// Says something to the bot before the storm and waits for the answer.
    pub(super) fn ask(&mut self, telegram: &mut Telegram, chat: i64, text: &str) -> Result<()> {
        let before = telegram.messages(chat)?.len();
        telegram.say(chat, person(chat), text)?;
        let answered = wait_until(ANSWER_MAX, || {
            telegram.messages(chat).is_ok_and(|now| now.len() > before)
        });
        ensure!(answered, "`{text}` was not answered");
        Ok(())
    }

    /// Notes what was answered before the storm, so that it is not taken for a later answer.
    pub(super) fn begin(&mut self, telegram: &mut Telegram) -> Result<()> {
        self.answers.extend(answers(telegram, self.flooded)?);
        Ok(())
    }

    /// Says something to the bot in the flooded chat; [`Watch::look`] finds the answer.
    pub(super) fn asked(&mut self, telegram: &mut Telegram, text: &str) -> Result<()> {
        self.asked_at.push(Instant::now());
        telegram.say(self.flooded, person(self.flooded), text)
    }

    /// Notes that the alert `id` is being posted.
    pub(super) fn posted(&mut self, id: usize) {
        self.posted.insert(id, Instant::now());
    }

    pub(super) fn look(&mut self, telegram: &mut Telegram) -> Result<()> {
        for chat in [self.flooded, self.other] {
            for id in telegram.told(chat, &mut self.files)? {
                self.first_seen.entry(id).or_insert_with(Instant::now);
            }
        }
        for answer in answers(telegram, self.flooded)? {
            if self.answers.insert(answer) {
                self.answered_at.push(Instant::now());
            }
        }
        pause(EVERY);
        Ok(())
    }

    pub(super) fn has_seen_all(&self, mut ids: Range<usize>) -> bool {
        ids.all(|id| self.first_seen.contains_key(&id))
            && self
                .posted
                .keys()
                .all(|id| self.first_seen.contains_key(id))
            && self.answered_at.len() >= self.asked_at.len()
    }

    /// `last` is when the last of the `storm` was due.
    pub(super) fn seen(
        &self,
        storm: Range<usize>,
        last: Instant,
        critical: Range<usize>,
        lone: Range<usize>,
    ) -> Seen {
        let seen: Vec<Instant> = storm
            .clone()
            .filter_map(|id| self.first_seen.get(&id).copied())
            .collect();
        let last_seen = seen.iter().max().filter(|_| seen.len() == storm.len());
        let answers = self.asked_at.iter().enumerate();
        let answers = answers.map(|(n, asked)| (*asked, self.answered_at.get(n).copied()));
        Seen {
            visible: seen.len(),
            all_after: last_seen.map_or(f64::NAN, |at| seconds(last, *at)),
            critical: self.slowest(&critical),
            lone: self.slowest(&lone),
            answer: slowest(answers),
        }
    }

    fn slowest(&self, ids: &Range<usize>) -> f64 {
        let posted = self.posted.iter().filter(|(id, _)| ids.contains(id));
        slowest(posted.map(|(id, at)| (*at, self.first_seen.get(id).copied())))
    }
}

/// The longest time from a question to its answer; infinite when one was never seen.
fn slowest(pairs: impl Iterator<Item = (Instant, Option<Instant>)>) -> f64 {
    pairs
        .map(|(from, to)| to.map_or(f64::INFINITY, |to| seconds(from, to)))
        .fold(0.0, f64::max)
}

fn seconds(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_secs_f64()
}

fn person(chat: i64) -> i64 {
    if chat > 0 { chat } else { ANN }
}

/// The messages in which the bot says what the chat is subscribed to.
fn answers(telegram: &mut Telegram, chat: i64) -> Result<Vec<i64>> {
    let says = |message: &&serde_json::Value| {
        let text = message["text"].as_str().unwrap_or_default();
        text.contains("ubscri")
    };
    let messages = telegram.messages(chat)?;
    let found = messages.iter().filter(says);
    Ok(found.filter_map(|message| message["id"].as_i64()).collect())
}
