//! What a crowd of Alertmanagers posts, and what of it was taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::task::JoinSet;

use crate::world::alert::Alert;
use crate::world::dice::Dice;
use crate::world::{http, wait};

const SENDERS: usize = 3;
/// Few enough that a message shows each of them.
const ALERTS_IN_GROUP: usize = 8;
/// The longest pause of a sender between two webhooks.
const PAUSE_MAX_MS: u64 = 30;
/// The pause of a sender that got no 200.
const RETRY_PAUSE: Duration = Duration::from_millis(10);

/// An alert whose last webhook was answered with 200.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) alert: Alert,
    /// Which of its summaries is in force.
    pub(super) version: usize,
    /// When its end was first posted.
    pub(super) ended: Option<SystemTime>,
}

impl Case {
    fn new(sender: usize, number: usize, dice: &mut Dice) -> Self {
        let name = format!("Case{sender}x{number:04}");
        let alert = if dice.below(4) == 0 {
            Alert::critical(name)
        } else {
            Alert::warning(name)
        };
        let group = format!("{sender}-{}", number / ALERTS_IN_GROUP);
        let mut case = Self {
            alert: alert.in_group(group),
            version: 0,
            ended: None,
        };
        case.change();
        case
    }

    fn change(&mut self) {
        self.version += 1;
        self.alert.summary = format!("{} v{};", self.alert.name, self.version);
    }
}

/// Senders at work.
pub(super) struct Load {
    senders: JoinSet<Vec<Case>>,
    shared: Arc<Shared>,
}

struct Shared {
    url: String,
    client: reqwest::Client,
    /// How many more alerts may be new.
    new: AtomicUsize,
    stop: AtomicBool,
}

impl Load {
    pub(super) fn start(url: &str, dice: &mut Dice) -> Self {
        let shared = Arc::new(Shared {
            url: url.to_owned(),
            client: http::client(),
            new: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        });
        let mut senders = JoinSet::new();
        for sender in 0..SENDERS {
            senders.spawn(send(sender, Arc::clone(&shared), Dice::new(dice.roll())));
        }
        Self { senders, shared }
    }

    /// Lets some more alerts be new.
    pub(super) fn allow(&self, alerts: usize) {
        self.shared.new.fetch_add(alerts, Ordering::Relaxed);
    }

    /// Lets every sender end once its last webhook was taken; returns all that was taken.
    pub(super) async fn stop(self) -> Vec<Case> {
        self.shared.stop.store(true, Ordering::Relaxed);
        let ended = tokio::time::timeout(wait::PATIENCE, self.senders.join_all()).await;
        let cases = ended.expect("Nabat takes what is sent to it");
        cases.into_iter().flatten().collect()
    }
}

async fn send(sender: usize, shared: Arc<Shared>, mut dice: Dice) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    while !shared.stop.load(Ordering::Relaxed) {
        tokio::time::sleep(dice.up_to_ms(PAUSE_MAX_MS)).await;
        let what = dice.below(20);
        if what < 4 && shared.take_new() {
            let case = Case::new(sender, cases.len(), &mut dice);
            shared.insist(&case.alert.firing()).await;
            cases.push(case);
            continue;
        }
        let mut open: Vec<&mut Case> = cases.iter_mut().filter(|c| c.ended.is_none()).collect();
        if open.is_empty() {
            continue;
        }
        let index = dice.below(open.len());
        let case = &mut open[index];
        match what {
            4 => {
                case.ended = Some(SystemTime::now());
                shared.insist(&case.alert.resolved()).await;
            }
            5 => {
                case.change();
                shared.insist(&case.alert.firing()).await;
            }
            _ => shared.insist(&case.alert.firing()).await,
        }
    }
    cases
}

impl Shared {
    fn take_new(&self) -> bool {
        let less = |left: usize| left.checked_sub(1);
        let taken = self
            .new
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        taken.is_ok()
    }

    /// Posts until it is taken, as Alertmanager does.
    async fn insist(&self, webhook: &Value) {
        loop {
            let answer = self.client.post(&self.url).json(webhook).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }
}
