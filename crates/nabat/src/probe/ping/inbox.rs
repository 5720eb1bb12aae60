//! Where rounds wait for the thread that carries pings, and where that waits for rounds.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::rounds::Active;
use super::seen::Seen;

/// A round that is to be made, and who is told what it saw.
pub(super) type Order = Active<Teller>;

/// Hears what the rounds of many hosts saw, on the thread that carries pings.
pub trait Listener: Send + Sync {
    /// What a round of the host with this number saw. Must not wait for anything.
    fn seen(&self, host: usize, seen: Seen);
}

/// How it is told what a round saw.
pub(super) enum Teller {
    /// To a task that waits for nothing else.
    Task(oneshot::Sender<Seen>),
    /// To somebody who pings many hosts and knows this one by the number.
    Listener(usize, Arc<dyn Listener>),
}

impl Teller {
    /// Whether nobody wants to know any more.
    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Task(task) => task.is_closed(),
            Self::Listener(..) => false,
        }
    }

    pub(super) fn tell(self, seen: Seen) {
        match self {
            // It may have stopped waiting.
            Self::Task(task) => drop(task.send(seen)),
            Self::Listener(host, listener) => listener.seen(host, seen),
        }
    }
}

#[derive(Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    woken: Condvar,
}

#[derive(Default)]
struct State {
    orders: Vec<Order>,
    /// Whether the thread sleeps until it is woken; otherwise it looks here at its next tick.
    is_idle: bool,
    is_closed: bool,
}

impl Inbox {
    pub(super) fn put(&self, order: Order) {
        let mut state = self.lock();
        state.orders.push(order);
        if state.is_idle {
            self.woken.notify_one();
        }
    }

    /// Has the thread end.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.woken.notify_one();
    }

    /// Waits until `tick`, without one until there is an order, and moves what waits to `orders`.
    /// Says whether the thread is to go on.
    pub(super) fn take(&self, tick: Option<Instant>, orders: &mut Vec<Order>) -> bool {
        let mut state = self.lock();
        while !state.is_closed {
            match tick.map(|tick| tick.saturating_duration_since(Instant::now())) {
                Some(Duration::ZERO) => break,
                Some(rest) => {
                    let waited = self.woken.wait_timeout(state, rest);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                None if !state.orders.is_empty() => break,
                None => {
                    state.is_idle = true;
                    let waited = self.woken.wait(state);
                    state = waited.unwrap_or_else(PoisonError::into_inner);
                    state.is_idle = false;
                }
            }
        }
        orders.append(&mut state.orders);
        !state.is_closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
