//! Waits for conditions, never for time to pass.

use std::time::{Duration, Instant};

/// How long anything may take before its test fails. Generous: two busy cores are slow, and a
/// test that passes never waits this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(10);

/// Asks `condition` until it answers `Some`.
///
/// # Panics
/// After [`PATIENCE`], naming `what` was waited for.
pub(crate) async fn until<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = condition().await {
            return found;
        }
        assert!(
            start.elapsed() < PATIENCE,
            "waited {} s for {what}",
            PATIENCE.as_secs()
        );
        tokio::time::sleep(PAUSE).await;
    }
}
