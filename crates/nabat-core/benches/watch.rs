//! What watching costs beside the probes: `cargo bench -p nabat-core --bench watch`.
//!
//! Ten thousand monitors every half minute for an hour, each answered at once: all up, one in a
//! hundred lost, all down. Prints the time for each sample, how many probes were made, and the memory.

#![expect(clippy::print_stdout, reason = "a bench prints")]

use std::time::{Duration, Instant};

use nabat_core::monitor::{MonitorId, Outcome, Rules, Sample, Watch};
use nabat_core::time::Timestamp;

const MONITORS: u64 = 10_000;
const HOUR: Duration = Duration::from_secs(3_600);

fn main() {
    let before = resident_kib();
    let mut now = Timestamp::from_millis(1_800_000_000_000);
    let mut watch = Watch::new(now, None);
    for id in 0..MONITORS {
        let rules = Rules::every(Duration::from_secs(30));
        watch.set(now, MonitorId(id), rules, None);
    }
    let mut count: u64 = 0;
    let mut hour = |name: &str, find: fn(u64) -> Outcome| {
        let (until, first, begun) = (now.after(HOUR), count, Instant::now());
        let mut effects = 0;
        while now < until {
            now = watch.next_due().unwrap_or(until);
            for due in watch.due(now) {
                count += 1;
                let sample = Sample {
                    at: now,
                    took: Some(Duration::from_millis(1)),
                    outcome: find(count),
                    words: String::new(),
                };
                watch.sampled(now, due.id, sample);
            }
            effects += watch.drain().list.len();
        }
        let (took, samples) = (begun.elapsed(), count - first);
        println!(
            "{name}: {samples} samples, {:.2} µs each, {effects} effects",
            took.as_secs_f64() * 1e6 / samples as f64
        );
    };
    hour("all up", |_| Outcome::Up);
    hour("one in a hundred lost", |count| match count % 100 {
        0 => Outcome::Down,
        _ => Outcome::Up,
    });
    hour("all down", |_| Outcome::Down);
    let grown = (resident_kib() - before) as f64 / 1_024.0;
    println!("memory grown by {grown:.1} MiB for {MONITORS} monitors");
}

fn resident_kib() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .unwrap_or_default()
        .lines()
        .find_map(|line| {
            line.strip_prefix("VmRSS:")?
                .trim()
                .split(' ')
                .next()?
                .parse()
                .ok()
        })
        .unwrap_or(0)
}
