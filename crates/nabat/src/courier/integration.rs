//! Carries the outbox of one integration of a receiver: an e-mail address, a webhook.
//!
//! Each card has at most one delivery at a time, so its news arrives in order although several
//! cards are on their way at once. A hand that is done notes how it went and takes the next
//! delivery in one breath: the engine commits many of them together. What fails pauses the integration as a whole, longer each time
//! or as long as the other side asks for; other integrations have couriers of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use nabat_core::delivery::{DeliveryId, Outcome, Priority, Send, Settled, Waiting, Work};
use nabat_core::destination::{IntegrationId, Outlet};
use nabat_core::time::Timestamp;

use super::failures::Failures;
use super::{Desk, Woken};
use crate::channel::{Channel, Refusal};
use crate::clock::{self, Steady};
use crate::engine::Handle;
use crate::metrics::{IntegrationLabels, Metrics};

/// What a courier works with.
#[derive(Debug)]
pub struct IntegrationCourier {
    id: IntegrationId,
    /// For people, without secrets.
    name: String,
    /// The receiver's name.
    receiver: String,
    channel: Channel,
    desk: Desk,
    metrics: Arc<Metrics>,
    clock: Steady,
    line: Mutex<Line>,
}

/// What waits, and until when it has to.
#[derive(Debug, Default)]
struct Line {
    waiting: BTreeSet<(Priority, DeliveryId)>,
    priorities: BTreeMap<DeliveryId, Priority>,
    in_hand: BTreeSet<DeliveryId>,
    paused_until: Option<Timestamp>,
    /// Until when the other side asked to be left alone.
    asked_until: Option<Timestamp>,
    failures: Failures,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Send(DeliveryId),
    Wait(Timestamp),
    Idle,
}

impl Line {
    fn add(&mut self, id: DeliveryId, priority: Priority) {
        if let Some(before) = self.priorities.insert(id, priority) {
            self.waiting.remove(&(before, id));
        }
        self.waiting.insert((priority, id));
    }

    fn next(&mut self, now: Timestamp) -> Next {
        let free = |(_, id): &&(Priority, DeliveryId)| !self.in_hand.contains(id);
        let Some((priority, id)) = self.waiting.iter().find(free).copied() else {
            return Next::Idle;
        };
        let until = self.paused_until.max(self.asked_until);
        if let Some(until) = until.filter(|until| *until > now) {
            return Next::Wait(until);
        }
        self.waiting.remove(&(priority, id));
        self.priorities.remove(&id);
        self.in_hand.insert(id);
        Next::Send(id)
    }

    fn pause(&mut self, now: Timestamp, asked: Option<Duration>) {
        self.paused_until = Some(self.failures.of_bot(now));
        self.asked_until = self.asked_until.max(asked.map(|period| now.after(period)));
    }

    fn succeed(&mut self) {
        self.failures.recover();
        self.paused_until = None;
    }

    /// A person wants it to be tried now: only what the other side asked for is waited for.
    fn hurry(&mut self) {
        self.succeed();
    }
}

impl IntegrationCourier {
    /// A courier for the integration with this number, called `name` where people read.
    pub fn new(
        id: IntegrationId,
        receiver: String,
        name: String,
        channel: Channel,
        engine: Handle,
        metrics: Arc<Metrics>,
    ) -> Arc<Self> {
        Arc::new(Self {
            id,
            name,
            receiver,
            channel,
            desk: Desk::new(engine),
            metrics,
            clock: Steady::start(),
            line: Mutex::default(),
        })
    }

    /// Carries until `shutdown`, then finishes what is in hand.
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) {
        let mut hands = JoinSet::new();
        while !shutdown.is_cancelled() {
            let outlet = Outlet::Integration(self.id);
            let Some(mut waiting) = self.desk.follow(outlet, &shutdown).await else {
                break;
            };
            self.work(&mut waiting, &mut hands, &shutdown).await;
        }
        super::say_farewell(&mut hands, &self.name).await;
    }

    async fn work(
        self: &Arc<Self>,
        waiting: &mut mpsc::UnboundedReceiver<Vec<Waiting>>,
        hands: &mut JoinSet<()>,
        shutdown: &CancellationToken,
    ) {
        loop {
            let next = if hands.len() < self.channel.in_hand_max() {
                self.with_line(|line| line.next(self.clock.now()))
            } else {
                Next::Idle
            };
            let pause = match next {
                Next::Send(id) => {
                    hands.spawn(Arc::clone(self).deliver(id, shutdown.clone()));
                    continue;
                }
                Next::Wait(at) => Some(self.clock.instant(at)),
                Next::Idle => None,
            };
            match super::wait(waiting, hands, pause, shutdown).await {
                Woken::Announced(waiting) => self.with_line(|line| {
                    for delivery in waiting {
                        line.add(delivery.id, delivery.priority);
                        if delivery.hurried {
                            line.hurry();
                        }
                    }
                }),
                Woken::Again => {}
                Woken::Over => return,
            }
        }
    }

    /// Makes one delivery after the other, until none may go now. Each goes from the engine's word
    /// what it is to its word that it is noted.
    async fn deliver(self: Arc<Self>, first: DeliveryId, shutdown: CancellationToken) {
        let mut id = first;
        let mut taken = self.desk.take(vec![id]).await;
        while let Some(work) = taken {
            let settled = match work {
                Some(work) => Some(self.attempt(work).await),
                None => None,
            };
            let next = self.next(&shutdown);
            let (noted, next_taken) = tokio::join!(self.settle(settled), self.take(next));
            if !noted {
                return;
            }
            self.with_line(|line| line.in_hand.remove(&id));
            let Some(next) = next else {
                return;
            };
            (id, taken) = (next, next_taken);
        }
    }

    /// What may go now, if anything may and Nabat is not stopping.
    fn next(&self, shutdown: &CancellationToken) -> Option<DeliveryId> {
        if shutdown.is_cancelled() {
            return None;
        }
        match self.with_line(|line| line.next(self.clock.now())) {
            Next::Send(id) => Some(id),
            Next::Wait(_) | Next::Idle => None,
        }
    }

    async fn take(&self, id: Option<DeliveryId>) -> Option<Option<Work>> {
        self.desk.take(vec![id?]).await
    }

    async fn attempt(&self, work: Work) -> Settled {
        let outcome = self.carry(&work).await;
        self.note(&work, &outcome);
        Settled {
            ids: work.ids,
            message_id: None,
            outcome,
        }
    }

    /// Has it noted how a delivery went, if it was made. Returns `false` once Nabat is stopping.
    async fn settle(&self, settled: Option<Settled>) -> bool {
        let Some(settled) = settled else {
            return true;
        };
        let refused = match &settled.outcome {
            Outcome::Failed { reason, .. } => Some(reason.clone()),
            _ => None,
        };
        let noted = self.desk.settle(settled).await;
        if let Some(reason) = refused.filter(|_| noted) {
            self.tell_refused(&reason).await;
        }
        noted
    }

    async fn carry(&self, work: &Work) -> Outcome {
        let told = || work.told.clone();
        for send in &work.sends {
            let Send::Notify(notification) = send else {
                continue; // The core hands nothing else to integrations.
            };
            let begun = Instant::now();
            let sent = self.channel.send(notification).await;
            let alertmanager = &self.metrics.alertmanager;
            alertmanager.took(self.channel.kind(), begun.elapsed());
            let now = self.clock.now();
            match sent {
                Ok(()) => self.with_line(Line::succeed),
                Err(Refusal::Later { after, reason }) => {
                    self.with_line(|line| line.pause(now, after));
                    return Outcome::Retry {
                        partly: false,
                        reason,
                    };
                }
                Err(Refusal::Uncertain { reason }) => {
                    self.with_line(|line| line.pause(now, None));
                    let told = told();
                    return Outcome::Uncertain { told, reason };
                }
                Err(Refusal::Never { reason }) => {
                    let told = told();
                    return Outcome::Failed { told, reason };
                }
            }
        }
        Outcome::Sent { told: told() }
    }

    /// Tells the operators that a notification was given up, which nobody would see otherwise.
    async fn tell_refused(&self, reason: &str) {
        let name = &self.name;
        let labels = [("receiver", self.receiver.as_str()), ("to", name)];
        let words = format!("{name} refused a notification, and it was given up: {reason}");
        self.desk.tell_refused(&labels, &words).await;
    }

    fn note(&self, work: &Work, outcome: &Outcome) {
        let (name, reason) = super::name_of(outcome);
        let labels = IntegrationLabels {
            receiver: self.receiver.clone(),
            kind: self.channel.kind(),
            outcome: name,
        };
        self.metrics.notifications.get_or_create(&labels).inc();
        self.metrics.alertmanager.notified(labels.kind, name);
        if let Outcome::Sent { .. } = outcome {
            let delay = clock::now().since(work.created_at);
            self.metrics.delivery_seconds.observe(delay.as_secs_f64());
        }
        if let Some(reason) = reason {
            tracing::warn!(
                to = self.name,
                outcome = name,
                reason,
                "a notification was not delivered"
            );
        }
    }

    fn with_line<T>(&self, change: impl FnOnce(&mut Line) -> T) -> T {
        change(&mut self.line.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    const ONE: DeliveryId = DeliveryId(1);
    const TWO: DeliveryId = DeliveryId(2);

    #[test]
    fn the_most_urgent_goes_first_and_none_twice_at_once() {
        let mut line = Line::default();
        line.add(ONE, Priority::News);
        line.add(TWO, Priority::Critical);
        assert_eq!(line.next(at(0)), Next::Send(TWO));
        line.add(TWO, Priority::Critical);
        assert_eq!(line.next(at(0)), Next::Send(ONE));
        assert_eq!(line.next(at(0)), Next::Idle);
        line.in_hand.remove(&TWO);
        assert_eq!(line.next(at(0)), Next::Send(TWO));
    }

    #[test]
    fn pauses_grow_and_are_at_least_as_long_as_asked() {
        let mut line = Line::default();
        line.add(ONE, Priority::News);
        line.pause(at(0), None);
        assert_eq!(line.next(at(0)), Next::Wait(at(1)));
        line.pause(at(1), Some(Duration::from_secs(90)));
        assert_eq!(line.next(at(3)), Next::Wait(at(91)));
        line.hurry();
        assert_eq!(line.next(at(3)), Next::Wait(at(91)));
        assert_eq!(line.next(at(91)), Next::Send(ONE));
    }

    #[test]
    fn a_person_ends_a_pause_that_nobody_asked_for() {
        let mut line = Line::default();
        line.add(ONE, Priority::News);
        line.pause(at(0), None);
        line.hurry();
        assert_eq!(line.next(at(0)), Next::Send(ONE));
    }

    #[test]
    fn a_changed_urgency_moves_a_delivery() {
        let mut line = Line::default();
        line.add(ONE, Priority::News);
        line.add(TWO, Priority::News);
        line.add(TWO, Priority::Critical);
        assert_eq!(line.next(at(0)), Next::Send(TWO));
        assert_eq!(line.next(at(0)), Next::Send(ONE));
        assert_eq!(line.next(at(0)), Next::Idle);
    }
}
