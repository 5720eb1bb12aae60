//! What it costs to keep samples: `cargo bench -p nabat --bench samples [HOURS]`.
//!
//! Ten thousand monitors, each looked at every 30 s, for some hours (25) of a clock that runs as
//! fast as it can. What is written is what this process hands to the system, the log and its
//! checkpoints included.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use nabat::probe::Outcome;
use nabat::samples::{Keep, Sample, Samples};
use nabat_core::monitor::MonitorId;
use nabat_core::time::Timestamp;

const MONITORS: u64 = 10_000;
const INTERVAL_SECONDS: u64 = 30;
const HOUR: i64 = 3_600;
/// The begin of a day, in seconds since 1970.
const BEGIN: i64 = 20_000 * 24 * HOUR;
/// For so long after its end an hour is open.
const GRACE: i64 = 300;

fn main() -> Result<()> {
    let hours = std::env::args().find_map(|argument| argument.parse().ok());
    let hours: i64 = hours.unwrap_or(25);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("samples.db");
    let now = Arc::new(AtomicI64::new(BEGIN));
    let samples = open(&path, &now)?;
    let before = Usage::now()?;
    let mut putting = Duration::ZERO;
    let mut slowest = Duration::ZERO;
    let mut count = 0;
    for second in BEGIN..BEGIN + hours * HOUR {
        now.store(second, Ordering::Relaxed);
        let begun = Instant::now();
        let phase = second.unsigned_abs() % INTERVAL_SECONDS;
        for monitor in (1..=MONITORS).filter(|monitor| monitor % INTERVAL_SECONDS == phase) {
            samples.put(sample(monitor, second));
            count += 1;
        }
        putting += begun.elapsed();
        let begun = Instant::now();
        samples.flush();
        slowest = slowest.max(begun.elapsed());
    }
    let used = Usage::now()?.since(&before);
    let samples_count = count as f64;
    say("samples", samples_count)?;
    say("put, µs a sample", micros(putting) / samples_count)?;
    say("CPU in all, µs a sample", used.cpu_micros / samples_count)?;
    say(
        "written, bytes a sample",
        used.written_bytes / samples_count,
    )?;
    say(
        "memory grown at most, MiB",
        (Usage::now()?.peak_bytes - before.peak_bytes) / 1_048_576.0,
    )?;
    say(
        "slowest second (an hour or a day ends), ms",
        micros(slowest) / 1e3,
    )?;
    reads(&samples, hours)?;
    drop(samples);

    let begun = Instant::now();
    let samples = open(&path, &now)?;
    say(
        "start with the last hour open, ms",
        micros(begun.elapsed()) / 1e3,
    )?;
    now.store(BEGIN + hours * HOUR + GRACE, Ordering::Relaxed);
    let begun = Instant::now();
    samples.flush();
    say("an hour is sealed, ms", micros(begun.elapsed()) / 1e3)?;
    drop(samples);
    let stored_bytes = fs::metadata(&path)?.len() as f64;
    say("file, bytes a sample", stored_bytes / samples_count)
}

fn open(path: &Path, now: &Arc<AtomicI64>) -> Result<Samples> {
    let now = Arc::clone(now);
    let clock = move || Timestamp::from_millis(now.load(Ordering::Relaxed) * 1_000);
    Ok(Samples::with_clock(path, Keep::default(), clock)?)
}

/// Up for the most part, some milliseconds late, and as fast as things in another town are.
fn sample(monitor: u64, second: i64) -> Sample {
    let noise = (monitor ^ second.unsigned_abs()).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    let is_down = noise.is_multiple_of(1_000);
    let micros = 5_000 + monitor * 7 + noise % 4_000;
    Sample {
        monitor: MonitorId(monitor),
        at: Timestamp::from_millis(second * 1_000 + (noise % 4).cast_signed()),
        outcome: if is_down { Outcome::Down } else { Outcome::Up },
        latency: (!is_down).then(|| Duration::from_micros(micros)),
        loss_percent: Some(if is_down { 100 } else { 0 }),
    }
}

fn reads(samples: &Samples, hours: i64) -> Result<()> {
    let (monitor, end) = (MonitorId(MONITORS / 2), BEGIN + hours * HOUR);
    let at = |second: i64| Timestamp::from_millis(second * 1_000);
    let begun = Instant::now();
    let found = samples.range(monitor, at(end - 24 * HOUR), at(end), usize::MAX)?;
    let took = micros(begun.elapsed()) / 1e3;
    say(
        &format!("read {} samples of one monitor, ms", found.len()),
        took,
    )?;
    let begun = Instant::now();
    let found = samples.hours(monitor, at(BEGIN), at(end))?;
    let took = micros(begun.elapsed()) / 1e3;
    say(
        &format!("read {} hours of one monitor, ms", found.len()),
        took,
    )?;
    let begun = Instant::now();
    let found = samples.days(monitor, at(BEGIN), at(end))?;
    let took = micros(begun.elapsed()) / 1e3;
    say(
        &format!("read {} days of one monitor, ms", found.len()),
        took,
    )
}

/// What this process has used.
struct Usage {
    cpu_micros: f64,
    written_bytes: f64,
    peak_bytes: f64,
}

impl Usage {
    fn now() -> Result<Self> {
        let stat = fs::read_to_string("/proc/self/stat")?;
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        // User and system time are the 14th and 15th field, in hundredths of a second.
        let ticks = after_name.split_whitespace().skip(11).take(2);
        let ticks: f64 = ticks.filter_map(|field| field.parse::<f64>().ok()).sum();
        Ok(Self {
            cpu_micros: ticks * 1e4,
            written_bytes: field("/proc/self/io", "wchar:")?,
            peak_bytes: field("/proc/self/status", "VmHWM:")? * 1_024.0,
        })
    }

    fn since(&self, before: &Self) -> Self {
        Self {
            cpu_micros: self.cpu_micros - before.cpu_micros,
            written_bytes: self.written_bytes - before.written_bytes,
            peak_bytes: self.peak_bytes - before.peak_bytes,
        }
    }
}

/// The number behind a name in a file of the system's.
fn field(file: &str, name: &str) -> Result<f64> {
    let text = fs::read_to_string(file)?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let pair = words.windows(2).find(|pair| pair.first() == Some(&name));
    let value = pair.and_then(|pair| pair.get(1)?.parse().ok());
    value.with_context(|| format!("`{file}` says nothing of {name}"))
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn say(name: &str, value: f64) -> Result<()> {
    writeln!(io::stdout(), "{name:<45} {value:>14.2}")?;
    Ok(())
}
