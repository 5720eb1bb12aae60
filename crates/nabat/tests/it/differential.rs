//! Nabat beside a real Alertmanager: both live through the same random histories at the same
//! moments, and show and tell the same, but for what is named in [`alike`] and [`tellings`].
//!
//! A history follows from its seed; a failure prints it, with the configuration and both answers.

mod alike;
mod config;
mod hush;
mod lives;
mod pair;
mod states;
mod tellings;
mod told;

use std::fmt::Display;
use std::ops::Range;

use nabat_core::time::Timestamp;
use serde_json::Value;
use tokio::task::{JoinError, JoinSet, LocalSet};

use crate::world::asked::asked;

/// How many histories are lived through, and from which seed on; `cargo xtask differential` asks
/// for more.
struct Plan {
    histories: u64,
    from: u64,
}

impl Plan {
    /// As `NABAT_TEST_DIFFERENTIAL` and `NABAT_TEST_FROM` say.
    fn or_as_asked(histories: u64) -> Self {
        Self {
            histories: asked("NABAT_TEST_DIFFERENTIAL").unwrap_or(histories),
            from: asked("NABAT_TEST_FROM").unwrap_or(0),
        }
    }
}

fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

/// When an alert began, as it is shown or told.
fn start(alert: &Value) -> Timestamp {
    let text = alert["startsAt"].as_str().unwrap();
    Timestamp::parse_rfc3339(text).unwrap().unwrap()
}

/// How many histories are lived at a time.
const AT_ONCE: usize = 4;

#[tokio::test]
async fn whatever_is_posted_is_shown_as_alertmanager_shows_it() {
    let Plan { histories, from } = Plan::or_as_asked(4);
    at_once(from..from + histories, states::live).await;
}

#[tokio::test]
async fn whatever_is_posted_is_told_as_alertmanager_tells_it() {
    let Plan { histories, from } = Plan::or_as_asked(4);
    at_once(from..from + histories, told::live).await;
}

/// Lives through the histories of these seeds, some at a time.
async fn at_once<T: Display + 'static>(
    seeds: Range<u64>,
    live: impl AsyncFn(u64) -> T + Copy + 'static,
) {
    let local = LocalSet::new();
    let all = async {
        let mut running = JoinSet::new();
        for seed in seeds {
            if running.len() == AT_ONCE {
                finished(running.join_next().await);
            }
            running.spawn_local(async move { (seed, live(seed).await) });
        }
        while let Some(ended) = running.join_next().await {
            finished(Some(ended));
        }
    };
    local.run_until(all).await;
}

fn finished<T: Display>(ended: Option<Result<(u64, T), JoinError>>) {
    match ended {
        Some(Ok((seed, excused))) => eprintln!("seed {seed}: excused{excused}"),
        Some(Err(failed)) => std::panic::resume_unwind(failed.into_panic()),
        None => {}
    }
}
