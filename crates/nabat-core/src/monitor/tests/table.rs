//! One monitor at a time, as tables.

use std::time::Duration;

use crate::monitor::*;
use crate::time::Timestamp;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn sample(seconds: i64, outcome: Outcome) -> Sample {
    Sample {
        at: at(seconds),
        took: None,
        outcome,
        words: "as seen".into(),
    }
}

#[test]
fn a_dead_host_is_down_after_its_retries() {
    let id = MonitorId(1);
    let mut watch = Watch::new(at(0), None);
    watch.set(at(0), id, Rules::every(Duration::from_secs(30)), None);
    let mut now = at(0);
    let mut outcome = Outcome::Up;
    let mut list = Vec::new();
    while now < at(300) {
        now = watch.next_due().unwrap();
        for due in watch.due(now) {
            let found = sample(now.as_millis() / 1_000, outcome);
            watch.sampled(now.after(Duration::from_millis(100)), due.id, found);
        }
        if now >= at(120) {
            outcome = Outcome::Down;
        }
        list.extend(watch.drain().list);
    }
    assert_eq!(list.len(), 3);
}
