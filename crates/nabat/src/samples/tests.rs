//! Samples as their users see them: put, read, kept over restarts, summed up, removed.

mod trouble;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;

use nabat_core::monitor::MonitorId;
use nabat_core::time::Timestamp;

use super::testing::{any_sample, sample};
use super::*;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// When every world begins: the begin of a day, in seconds since 1970.
const BEGIN: i64 = 20_000 * DAY;
const ONE: MonitorId = MonitorId(1);

/// A file of samples in a folder of its own, and the clock by which it is kept.
struct World {
    folder: TempDir,
    seconds: Arc<AtomicI64>,
    samples: Samples,
}

impl World {
    fn new() -> Self {
        Self::keeping(Keep::default())
    }

    fn keeping(keep: Keep) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let seconds = Arc::new(AtomicI64::new(BEGIN));
        let samples = open(&folder.path().join("samples.db"), keep, &seconds);
        Self {
            folder,
            seconds,
            samples,
        }
    }

    /// Puts samples of monitor 1, each at its second.
    fn put(&self, seconds: impl IntoIterator<Item = i64>) {
        for second in seconds {
            self.samples.put(sample(1, second));
        }
    }

    /// Has written what was put, sets the clock and has written what is to be written then.
    fn at(&self, second: i64) {
        self.samples.flush();
        self.seconds.store(second, Ordering::Relaxed);
        self.samples.flush();
    }

    /// The seconds of all samples of monitor 1.
    fn seconds(&self) -> Vec<i64> {
        seconds(&self.samples)
    }

    /// Ends without any farewell and begins again with what was on disk.
    fn killed(self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in ["samples.db", "samples.db-wal"] {
            fs::copy(self.folder.path().join(file), folder.path().join(file)).unwrap();
        }
        let samples = open(
            &folder.path().join("samples.db"),
            Keep::default(),
            &self.seconds,
        );
        Self {
            folder,
            seconds: Arc::clone(&self.seconds),
            samples,
        }
    }
}

fn open(path: &Path, keep: Keep, seconds: &Arc<AtomicI64>) -> Samples {
    let seconds = Arc::clone(seconds);
    let clock = move || at(seconds.load(Ordering::Relaxed));
    Samples::with_clock(path, keep, clock).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1_000)
}

fn ever() -> (Timestamp, Timestamp) {
    (
        Timestamp::from_millis(i64::MIN),
        Timestamp::from_millis(i64::MAX),
    )
}

fn seconds(samples: &Samples) -> Vec<i64> {
    let (from, to) = ever();
    let found = samples.range(ONE, from, to, usize::MAX).unwrap();
    found
        .iter()
        .map(|sample| sample.at.as_millis() / 1_000)
        .collect()
}

fn count(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[test]
fn what_was_put_is_read_at_once_and_in_order() {
    let world = World::new();
    let put = [BEGIN + 60, BEGIN + 30, BEGIN + 90];
    world.put(put);
    let sorted = [BEGIN + 30, BEGIN + 60, BEGIN + 90];
    assert_eq!(world.seconds(), sorted);
    world.samples.flush();
    assert_eq!(world.seconds(), sorted);
    assert_eq!(count(&world.samples.counters().written), 3);
}

#[test]
fn only_what_was_asked_for_is_read() {
    let world = World::new();
    world.put((0..10).map(|minute| BEGIN + minute * 60));
    world.samples.put(sample(2, BEGIN + 60));
    let read = |from, to, limit| {
        let found = world
            .samples
            .range(ONE, at(BEGIN + from), at(BEGIN + to), limit);
        found
            .unwrap()
            .iter()
            .map(|sample| sample.at.as_millis() / 1_000 - BEGIN)
            .collect::<Vec<_>>()
    };
    assert_eq!(read(60, 240, 10), [60, 120, 180]);
    assert_eq!(read(60, 240, 2), [60, 120]);
    assert_eq!(read(240, 60, 10), [] as [i64; 0]);
    world.at(BEGIN + 2 * HOUR);
    assert_eq!(read(60, 240, 2), [60, 120]);
    assert_eq!(read(-DAY, 61, 10), [0, 60]);
}

#[test]
fn what_was_put_is_there_after_a_restart() {
    let mut world = World::new();
    world.put([BEGIN, BEGIN + 30]);
    drop(std::mem::replace(
        &mut world.samples,
        open(Path::new("/dev/null/none"), Keep::default(), &world.seconds),
    ));
    let path = world.folder.path().join("samples.db");
    world.samples = open(&path, Keep::default(), &world.seconds);
    assert_eq!(world.seconds(), [BEGIN, BEGIN + 30]);
}

#[test]
fn what_was_written_survives_a_kill_and_is_sealed_once() {
    let world = World::new();
    world.put([BEGIN, BEGIN + 30]);
    world.at(BEGIN + 31);
    let world = world.killed();
    assert_eq!(world.seconds(), [BEGIN, BEGIN + 30]);
    world.put([BEGIN + 60]);
    world.at(BEGIN + 2 * HOUR);
    assert_eq!(world.seconds(), [BEGIN, BEGIN + 30, BEGIN + 60]);
    let world = world.killed();
    assert_eq!(world.seconds(), [BEGIN, BEGIN + 30, BEGIN + 60]);
}

#[test]
fn an_hour_comes_to_the_same_before_and_after_it_is_sealed() {
    let world = World::new();
    for number in 0..100 {
        world.samples.put(Sample {
            outcome: if number < 3 {
                Outcome::Down
            } else {
                Outcome::Up
            },
            latency: (number >= 3).then(|| Duration::from_millis(number)),
            loss_percent: Some(if number < 3 { 100 } else { 0 }),
            ..sample(1, BEGIN + number as i64 * 30)
        });
    }
    let read = || {
        world
            .samples
            .hours(ONE, at(BEGIN), at(BEGIN + HOUR))
            .unwrap()
    };
    let open = read();
    world.at(BEGIN + 2 * HOUR);
    assert_eq!(read(), open);
    let millis = Duration::from_millis;
    let expected = Summary {
        at: at(BEGIN),
        counts: Counts {
            up: 97,
            down: 3,
            ..Counts::default()
        },
        latency: Some(Latency {
            min: millis(3),
            max: millis(99),
            mean: millis(51),
            p50: millis(51),
            p95: millis(95),
            p99: millis(99),
        }),
        loss_percent: Some(3.0),
    };
    assert_eq!(open, [expected]);
}

#[test]
fn a_sample_of_an_hour_that_was_sealed_or_is_far_ahead_is_dropped_and_counted() {
    let world = World::new();
    world.put([BEGIN]);
    world.at(BEGIN + 2 * HOUR);
    world.put([BEGIN + 1, BEGIN + 5 * HOUR, BEGIN + HOUR + 59 * 60]);
    world.at(BEGIN + 2 * HOUR + 1);
    assert_eq!(world.seconds(), [BEGIN, BEGIN + HOUR + 59 * 60]);
    assert_eq!(count(&world.samples.counters().late), 2);
}

#[test]
fn an_hour_that_comes_again_after_the_clock_was_set_back_goes_on() {
    let world = World::new();
    world.put([BEGIN, BEGIN + 60]);
    world.at(BEGIN + 5 * HOUR);
    world.put([BEGIN + 5 * HOUR]);
    world.at(BEGIN + 90);
    world.put([BEGIN + 30]);
    let all = [BEGIN, BEGIN + 30, BEGIN + 60, BEGIN + 5 * HOUR];
    assert_eq!(world.seconds(), all);
    let ups = || {
        let hours = world
            .samples
            .hours(ONE, at(BEGIN), at(BEGIN + HOUR))
            .unwrap();
        hours.iter().map(|hour| hour.counts.up).collect::<Vec<_>>()
    };
    assert_eq!(ups(), [3]);
    world.at(BEGIN + 2 * HOUR);
    assert_eq!(
        (world.seconds().as_slice(), ups()),
        (all.as_slice(), vec![3])
    );
}

#[test]
fn a_day_comes_to_the_same_before_and_after_it_is_summed_up() {
    let world = World::new();
    let (from, to) = ever();
    for second in (BEGIN..BEGIN + DAY).step_by(600) {
        world.samples.put(Sample {
            latency: Some(Duration::from_micros((second as u64 * 7_919) % 10_000)),
            ..sample(1, second)
        });
        world.at(second);
    }
    world.at(BEGIN + DAY + 299);
    let open = world.samples.days(ONE, from, to).unwrap();
    world.at(BEGIN + DAY + 300);
    let day = world.samples.days(ONE, from, to).unwrap();
    assert_eq!(day, open);
    assert_eq!(
        day.iter()
            .map(|day| (day.at, day.counts.up))
            .collect::<Vec<_>>(),
        [(at(BEGIN), 144)]
    );
    // A day that the clock comes back to is summed up again.
    world.at(BEGIN + DAY - 60);
    world.put([BEGIN + DAY - 60]);
    world.at(BEGIN + DAY + 300);
    let again = world
        .samples
        .days(ONE, at(BEGIN + 60), at(BEGIN + 61))
        .unwrap();
    assert_eq!(
        again.iter().map(|day| day.counts.up).collect::<Vec<_>>(),
        [145]
    );
}

#[test]
fn each_is_kept_for_its_time() {
    let hours = |hours: i64| Duration::from_secs((hours * HOUR) as u64);
    let world = World::keeping(Keep {
        samples: hours(48),
        hours: hours(72),
        days: Some(hours(96)),
    });
    let (from, to) = ever();
    let kept = || {
        let samples = world.samples.range(ONE, from, to, usize::MAX).unwrap();
        let hours = world.samples.hours(ONE, from, to).unwrap();
        let days = world.samples.days(ONE, from, to).unwrap();
        (samples.len(), hours.len(), days.len())
    };
    world.put([BEGIN, BEGIN + 1]);
    for (day, expected) in [
        (1, (2, 1, 1)),
        (2, (2, 1, 1)),
        (3, (0, 1, 1)),
        (4, (0, 0, 1)),
        (5, (0, 0, 0)),
    ] {
        world.at(BEGIN + day * DAY + HOUR - 1);
        assert_eq!(kept(), expected, "after {day} days");
    }
}

#[test]
fn samples_stay_until_their_day_is_summed_up() {
    let keep = Keep {
        samples: Duration::ZERO,
        ..Keep::default()
    };
    let world = World::keeping(keep);
    world.put([BEGIN]);
    world.at(BEGIN + 12 * HOUR);
    assert_eq!(world.seconds(), [BEGIN]);
    world.at(BEGIN + DAY + HOUR);
    world.samples.flush();
    assert_eq!(world.seconds(), [] as [i64; 0]);
    let days = world.samples.days(ONE, at(BEGIN), at(BEGIN + DAY)).unwrap();
    assert_eq!(
        days.iter().map(|day| day.counts.up).collect::<Vec<_>>(),
        [1]
    );
}

#[test]
fn nothing_is_left_of_a_monitor_that_was_forgotten() {
    let world = World::new();
    let (from, to) = ever();
    world.put([BEGIN, BEGIN + 25 * HOUR]);
    world.samples.put(sample(2, BEGIN));
    world.at(BEGIN + 25 * HOUR);
    world.put([BEGIN + 25 * HOUR]);
    world.samples.forget(ONE);
    world.samples.flush();
    assert_eq!(world.seconds(), [] as [i64; 0]);
    assert_eq!(world.samples.hours(ONE, from, to).unwrap(), []);
    assert_eq!(world.samples.days(ONE, from, to).unwrap(), []);
    assert_eq!(
        world
            .samples
            .range(MonitorId(2), from, to, 9)
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn what_finds_no_room_is_dropped_and_counted() {
    let world = World::new();
    let all = 2 * WAITING_MAX + 1;
    world.put((0..all).map(|_| BEGIN));
    world.samples.flush();
    let counters = world.samples.counters();
    let (written, dropped) = (count(&counters.written), count(&counters.dropped));
    assert!(dropped > 0);
    assert_eq!(written + dropped, all as u64);
}

#[test]
fn an_hour_of_ten_thousand_monitors_is_small() {
    const MONITORS: u64 = 10_000;
    let world = World::new();
    for second in 0..HOUR {
        let due = (1..=MONITORS).filter(|monitor| monitor % 30 == second as u64 % 30);
        for monitor in due {
            let micros = 20_000 + (monitor * 31 + second as u64 * 7_919) % 3_000;
            world.samples.put(Sample {
                latency: Some(Duration::from_micros(micros)),
                ..sample(monitor, BEGIN + second)
            });
        }
        if second % 60 == 59 {
            world.at(BEGIN + second);
        }
    }
    world.at(BEGIN + 2 * HOUR);
    let counters = world.samples.counters();
    let samples = MONITORS * 120;
    assert_eq!(count(&counters.written), samples);
    assert_eq!(count(&counters.dropped) + count(&counters.late), 0);
    // Seven bytes in the journal, three in the chunk.
    assert!(
        count(&counters.bytes) < 11 * samples,
        "{}",
        count(&counters.bytes)
    );
    let hours = world
        .samples
        .hours(MonitorId(MONITORS), at(BEGIN), at(BEGIN + HOUR))
        .unwrap();
    assert_eq!(
        hours.iter().map(|hour| hour.counts.up).collect::<Vec<_>>(),
        [120]
    );
}

/// What may happen between two looks.
#[derive(Debug, Clone)]
enum Step {
    Put(Sample),
    Pass { seconds: i64 },
    Kill,
}

fn any_step() -> impl Strategy<Value = Step> {
    let put = (1..4_u64).prop_flat_map(|monitor| any_sample(MonitorId(monitor)));
    prop_oneof![
        8 => put.prop_map(Step::Put),
        4 => (1..3 * HOUR).prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::Kill),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn whatever_is_put_comes_back_in_order(steps in prop::collection::vec(any_step(), 0..40)) {
        let mut world = World::new();
        let mut second = BEGIN;
        let mut put: BTreeMap<MonitorId, Vec<Sample>> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Put(mut sample) => {
                    // Some seconds ago, up to the grace of an hour's end.
                    let ago = sample.at.as_millis().rem_euclid(200_000);
                    sample.at = Timestamp::from_millis(second * 1_000 - ago);
                    world.samples.put(sample);
                    put.entry(sample.monitor).or_default().push(sample);
                }
                Step::Pass { seconds } => {
                    second += seconds;
                    world.at(second);
                }
                Step::Kill => {
                    world.samples.flush();
                    world = world.killed();
                }
            }
            for (monitor, put) in &mut put {
                put.sort_by_key(|sample| sample.at);
                let (from, to) = ever();
                let found = world.samples.range(*monitor, from, to, usize::MAX).unwrap();
                prop_assert_eq!(&found, &*put);
                let hours = world.samples.hours(*monitor, from, to).unwrap();
                let days = world.samples.days(*monitor, from, to).unwrap();
                for summaries in [hours, days] {
                    let all: u64 = summaries.iter().map(|summary| summary.counts.all()).sum();
                    prop_assert_eq!(all, put.len() as u64);
                }
            }
        }
        prop_assert_eq!(count(&world.samples.counters().late), 0);
    }
}
