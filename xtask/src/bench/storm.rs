//! A storm: far more alerts for one chat than Telegram lets it be told one by one.
//!
//! When does the chat show all of them, in how many messages, how often was Telegram asked too
//! much, and how long do a critical alert, an alert for another chat and an answer take meanwhile?
//! Every alert is a group of its own, so that nothing but the program can put them together.

mod telegram;
mod watch;

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::alerts::{alert_with, time_in};
use super::door::Door;
use super::figures::Figures;
use super::http::Client;
use super::load;
use super::options::Options;
use super::server::Server;
use super::subject::{Audience, Subject, chat_monitor};
use crate::process::pause;

use telegram::{ANN, Telegram};
use watch::{Seen, Watch};

const GROUP: i64 = -1_000_000_001;
/// Another chat of the same bot.
const OTHER: i64 = 1002;
/// The numbers of the storm's alerts begin here, those of the urgent and the lone ones behind.
const FIRST_ID: usize = 7_000_000;
const FIRST_CRITICAL: usize = 8_000_000;
const FIRST_LONE: usize = 8_500_000;

/// After so long without a message a private chat may be sent a burst again.
const RECOVERY: Duration = Duration::from_secs(5);

struct Storm {
    title: &'static str,
    /// The chat that it is for, and whoever else hears of something.
    chats: &'static [i64],
    alerts: usize,
    /// How long it takes until the last is posted.
    length: Duration,
    /// How long after that it is watched.
    patience: Duration,
    /// All alerts should be visible so many seconds after the last one.
    visible_within: f64,
    /// In how many messages, where there is a target for it.
    messages_most: f64,
}

const PRIVATE: Storm = Storm {
    title: "1,000 to a person",
    chats: &[ANN, OTHER],
    alerts: 1_000,
    length: Duration::from_secs(2),
    patience: Duration::from_secs(118),
    visible_within: 20.0,
    messages_most: 20.0,
};
const TO_GROUP: Storm = Storm {
    title: "1,000 in 30 s to a group",
    chats: &[GROUP, OTHER],
    alerts: 1_000,
    length: Duration::from_secs(30),
    patience: Duration::from_secs(120),
    visible_within: 60.0,
    messages_most: f64::INFINITY,
};
const LONG: Storm = Storm {
    title: "10,000 in 60 s to a group",
    chats: &[GROUP, OTHER],
    alerts: 10_000,
    length: Duration::from_secs(60),
    patience: Duration::from_secs(240),
    visible_within: 180.0,
    messages_most: f64::INFINITY,
};

pub(crate) fn measure(subject: &Subject, options: &Options, figures: &mut Figures) -> Result<()> {
    let is_nabat = matches!(subject, Subject::Nabat { .. });
    // A group takes 20 messages a minute: one by one, a thousand take the better part of an hour.
    let storms = match (is_nabat, options.long) {
        (false, _) => &[PRIVATE][..],
        (true, false) => &[PRIVATE, TO_GROUP],
        (true, true) => &[PRIVATE, TO_GROUP, LONG],
    };
    for storm in storms {
        storm.measure(subject, is_nabat, figures)?;
    }
    Ok(())
}

impl Storm {
    fn measure(&self, subject: &Subject, answers: bool, figures: &mut Figures) -> Result<()> {
        let mut telegram = Telegram::start(self.chats)?;
        let audience = Audience::Flooded { chats: self.chats };
        let server = subject.start(telegram.address, audience)?;
        let mut watch = Watch::over(self.chats[0], OTHER);
        if answers {
            for chat in self.chats {
                let text = format!("/subscribe monitor={}", chat_monitor(*chat));
                watch.ask(&mut telegram, *chat, &text)?;
            }
        }
        // What was said so far is not to count against the chat.
        pause(RECOVERY);
        watch.begin(&mut telegram)?;
        let before = telegram.calls()?;
        let seen = thread::scope(|scope| -> Result<Seen> {
            let posted = scope.spawn(|| self.post(&server));
            let seen = self.watch(&server, &mut telegram, &mut watch, answers);
            posted.join().expect("the storm returns its errors")?;
            seen
        })?;
        let calls = telegram.calls()?;
        let mut row = |name: &str, value: f64, most: Option<f64>| {
            let title = format!("{}: {name}", self.title);
            match most.filter(|most| most.is_finite()) {
                Some(most) => figures.add_at_most(title, value, most),
                None => figures.add(title, value),
            }
        };
        row(
            "all visible, s after the last",
            seen.all_after,
            Some(self.visible_within),
        );
        row("visible in the end", seen.visible as f64, None);
        let messages = (calls.taken - before.taken) as f64;
        row("messages and edits", messages, Some(self.messages_most));
        row("answers 429", calls.too_many as f64, Some(0.0));
        row("other refusals", calls.refused as f64, Some(0.0));
        row("slowest critical, s", seen.critical, Some(2.0));
        row("slowest alert to another chat, s", seen.lone, Some(2.0));
        if answers {
            row("slowest answer to /list, s", seen.answer, Some(3.0));
        }
        row("memory, MiB", server.memory_bytes()? / 1_048_576.0, None);
        row("CPU, s", server.cpu_seconds()?, None);
        Ok(())
    }

    /// Posts the storm by the clock, each alert alone.
    fn post(&self, server: &Server) -> Result<()> {
        let mut client = Client::connect(server.address)?;
        let start = Instant::now();
        for n in 0..self.alerts {
            let due = start + self.length * n as u32 / self.alerts as u32;
            pause(due.saturating_duration_since(Instant::now()));
            let body = alert_for(server.door, self.chats[0], FIRST_ID + n, "warning");
            load::taken(&mut client, server.door, &body)?;
        }
        Ok(())
    }

    /// Looks at the chats, and lets the urgent, the lone and the curious happen meanwhile.
    fn watch(
        &self,
        server: &Server,
        telegram: &mut Telegram,
        watch: &mut Watch,
        answers: bool,
    ) -> Result<Seen> {
        /// The shares of the storm after which something else happens, and whether somebody asks
        /// for something too: once, since answers are messages and a person gets one a second.
        const MEANWHILE: [(f64, bool); 3] = [(0.3, false), (0.6, true), (0.9, false)];
        let start = Instant::now();
        let mut meanwhile = MEANWHILE.iter().enumerate().peekable();
        while start.elapsed() < self.length + self.patience {
            let is_due = |share: f64| start.elapsed() >= self.length.mul_f64(share);
            if let Some((n, (_, asks))) = meanwhile.next_if(|(_, (share, _))| is_due(*share)) {
                let (critical, lone) = (FIRST_CRITICAL + n, FIRST_LONE + n);
                for (chat, id, severity) in [
                    (self.chats[0], critical, "critical"),
                    (OTHER, lone, "warning"),
                ] {
                    let body = alert_for(server.door, chat, id, severity);
                    // A connection of its own: one that is idle for long is closed.
                    let mut client = Client::connect(server.address)?;
                    watch.posted(id);
                    load::taken(&mut client, server.door, &body)?;
                }
                if answers && *asks {
                    watch.asked(telegram, "/list")?;
                }
            }
            watch.look(telegram)?;
            if watch.has_seen_all(FIRST_ID..FIRST_ID + self.alerts) && meanwhile.peek().is_none() {
                break;
            }
        }
        let last = start + self.length;
        Ok(watch.seen(
            FIRST_ID..FIRST_ID + self.alerts,
            last,
            FIRST_CRITICAL..FIRST_LONE,
            FIRST_LONE..usize::MAX,
        ))
    }
}

fn alert_for(door: Door, chat: i64, id: usize, severity: &str) -> Vec<u8> {
    let monitor = chat_monitor(chat);
    let labels = [("monitor", monitor.as_str()), ("severity", severity)];
    door.body(vec![alert_with(id, &labels, &time_in(0), &time_in(3_600))])
}
