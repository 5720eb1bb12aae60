//! Signals: when to stop, when to read the configuration again.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// After this long a stop is no longer waited for.
pub const STOP_PATIENCE: Duration = Duration::from_secs(9);

/// Cancels `shutdown` on the first SIGTERM or SIGINT; on the second one does `last` and ends the
/// process.
///
/// # Errors
/// When the signals can't be listened to.
pub fn stop_on_signals(
    shutdown: CancellationToken,
    last: impl FnOnce() + Send + 'static,
) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        either(&mut terminate, &mut interrupt).await;
        tracing::info!("stopping; what is in hand is finished");
        shutdown.cancel();
        either(&mut terminate, &mut interrupt).await;
        tracing::warn!("stopped at once");
        last();
        std::process::exit(130);
    });
    Ok(())
}

async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// From now on a file that may grow no further, as `ulimit -f` has it, is an error like that of a
/// full disk and does not end the process.
///
/// # Errors
/// When the signal can't be listened to.
pub fn outlive_full_files() -> std::io::Result<()> {
    /// The same on every architecture and system that Nabat is built for.
    const SIGXFSZ: i32 = 25;
    // Once listened to, it is never again what it was, though nobody listens any more.
    signal(SignalKind::from_raw(SIGXFSZ)).map(drop)
}

/// The wish to have the configuration read again, as a signal.
///
/// # Errors
/// When the signal can't be listened to.
pub fn hangups() -> std::io::Result<Signal> {
    signal(SignalKind::hangup())
}
