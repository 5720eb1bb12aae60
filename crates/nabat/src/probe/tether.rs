//! Ends what a connection of HTTP/2 has running beside a probe.
//!
//! Hyper starts the connection as a task of its own, which says goodbye when the talk is over, and
//! then waits until the server has read that. One that reads nothing would keep task and socket for
//! ever, for each probe anew.

use std::future::Future;
use std::time::Duration;

use hyper::rt::Executor;
use tokio::time::{Instant, timeout_at};

use super::trace::Trace;

/// How long a goodbye may take once the time of the probe is over.
const GOODBYE: Duration = Duration::from_secs(1);

/// Starts tasks that end soon after the time of a probe. Cheap to clone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tether {
    until: Instant,
}

impl Tether {
    /// For what a probe needs.
    pub(super) fn of(trace: &Trace) -> Self {
        Self {
            until: Instant::now() + trace.left() + GOODBYE,
        }
    }
}

impl<F> Executor<F> for Tether
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, work: F) {
        tokio::spawn(timeout_at(self.until, work));
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::sync::oneshot;

    use super::*;
    use crate::probe::Manner;

    #[tokio::test]
    async fn what_never_ends_by_itself_ends_with_the_probe() {
        let time = Duration::from_millis(50);
        let (socket, closed) = oneshot::channel::<()>();
        let begun = Instant::now();
        Tether::of(&Trace::new(Manner::within(time))).execute(async move {
            let _socket = socket;
            pending::<()>().await;
        });
        let patience = Duration::from_secs(20);
        timeout_at(begun + patience, closed)
            .await
            .unwrap()
            .unwrap_err();
        assert!(begun.elapsed() >= time + GOODBYE);
    }
}
