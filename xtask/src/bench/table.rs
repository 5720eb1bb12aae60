//! What the benchmark prints at its end: medians of the rounds, their ratio, and what was run.

use super::Figures;
use super::options::Options;
use super::subject::Subject;

/// A row: what it shows, and where it is found in the figures of a round.
type Row = (&'static str, fn(&Figures) -> f64);

const ROWS: &[Row] = &[
    ("start-up, ms", |figures| figures.startup_ms),
    ("memory when idle, MiB", |figures| figures.idle_mib),
    ("new alerts, alerts/s", |figures| {
        figures.fresh.alerts_per_second
    }),
    ("  request p99, ms", |figures| figures.fresh.request_p99_ms),
    ("  CPU s per million", |figures| {
        figures.fresh.cpu_seconds_per_million
    }),
    ("repeated alerts, alerts/s", |figures| {
        figures.repeated.alerts_per_second
    }),
    ("  request p99, ms", |figures| {
        figures.repeated.request_p99_ms
    }),
    ("  CPU s per million", |figures| {
        figures.repeated.cpu_seconds_per_million
    }),
    ("memory with these alerts, MiB", |figures| {
        figures.loaded_mib
    }),
    ("POST to sendMessage p50, ms", |figures| {
        figures.latency.p50_ms
    }),
    ("POST to sendMessage p99, ms", |figures| {
        figures.latency.p99_ms
    }),
];

/// Prints one column for each program and, when there are two, their ratio.
pub(crate) fn print(subjects: &[Subject], rounds: &[Vec<Figures>], options: &Options) {
    println!(
        "\n{}",
        render(
            &subjects.iter().map(Subject::name).collect::<Vec<_>>(),
            rounds
        )
    );
    for subject in subjects {
        println!("{}: {}", subject.name(), subject.version());
    }
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "medians of {} rounds on {cores} cores; {} alerts of 932 bytes, {} in a request, {} connections; {} messages\n\
         Nabat answers when the alerts are safely on disk; Alertmanager keeps them in memory\n\
         command: cargo xtask bench --rounds {} --alerts {} --batch {} --clients {} --messages {}",
        options.rounds,
        options.alerts,
        options.batch,
        options.clients,
        options.messages,
        options.rounds,
        options.alerts,
        options.batch,
        options.clients,
        options.messages,
    );
}

fn render(names: &[&str], rounds: &[Vec<Figures>]) -> String {
    let mut text = format!("{:<32}", "");
    for name in names {
        text.push_str(&format!("{name:>14}"));
    }
    if names.len() == 2 {
        text.push_str(&format!("{:>9}", "ratio"));
    }
    text.push('\n');
    for (title, value) in ROWS {
        let medians: Vec<f64> = rounds
            .iter()
            .map(|rounds| percentile(&mut rounds.iter().map(value).collect::<Vec<_>>(), 0.5))
            .collect();
        text.push_str(&format!("{title:<32}"));
        for median in &medians {
            text.push_str(&format!("{:>14}", figure(*median)));
        }
        if let [nabat, peer] = medians[..] {
            text.push_str(&format!("{:>9.2}", nabat / peer));
        }
        text.push('\n');
    }
    text
}

fn figure(value: f64) -> String {
    if value >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.2}")
    }
}

/// The value below which the share `p` of `values` lies; not a number when there are none.
pub(crate) fn percentile(values: &mut [f64], p: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1) as f64;
    values
        .get((last * p).round() as usize)
        .copied()
        .unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_few_values() {
        assert_eq!(percentile(&mut [3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(percentile(&mut [3.0, 1.0, 2.0], 0.99), 3.0);
        assert!(percentile(&mut [], 0.5).is_nan());
    }
}
