//! How long it takes to find the subscriptions of an alert: `cargo bench -p nabat-core`.
//!
//! Ten thousand subscriptions, of which four in five search the title and one in five asks for a
//! label, against ten thousand alerts. Prints the time to build, per alert, and the memory.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and its own selectors are right"
)]

use std::time::Instant;

use nabat_core::alert::Labels;
use nabat_core::subscription::index::Index;
use nabat_core::subscription::{Selector, SubscriptionId};

const SUBSCRIPTIONS: usize = 10_000;
const ALERTS: usize = 10_000;

const NOUNS: [&str; 12] = [
    "cpu",
    "memory",
    "disk",
    "network",
    "latency",
    "queue",
    "replica",
    "backup",
    "certificate",
    "login",
    "payment",
    "диск",
];
const STATES: [&str; 8] = [
    "high",
    "full",
    "down",
    "slow",
    "stuck",
    "lost",
    "expired",
    "полон",
];

fn selector(number: usize) -> Selector {
    let noun = NOUNS[number % NOUNS.len()];
    let state = STATES[number / 7 % STATES.len()];
    let host = number % 2_500;
    let text = match number % 5 {
        0 => return Selector::labels(&format!("severity=critical host=\"db-{host}\"")).unwrap(),
        1 => format!("{noun}.*{state}.*db-{host}$"),
        2 => format!("({noun}|{state})-{host} "),
        3 => format!("web-{host}\\b"),
        _ => format!("^{noun}{state}: .*(db|web)-{host}[0-9]?$"),
    };
    Selector::title(&text).unwrap()
}

fn alert(number: usize) -> (Labels, String) {
    let noun = NOUNS[number % NOUNS.len()];
    let state = STATES[number / 5 % STATES.len()];
    let host = format!("{}-{}", ["db", "web"][number % 2], number % 2_500);
    let labels = [
        ("alertname", format!("{noun}{state}")),
        ("host", host.clone()),
        (
            "severity",
            ["critical", "warning"][number / 3 % 2].to_owned(),
        ),
    ];
    let title = format!("{noun}{state}: {noun} is {state} for 5 minutes on {host}");
    (labels.into_iter().collect(), title)
}

fn main() {
    let selectors: Vec<Selector> = (0..SUBSCRIPTIONS).map(selector).collect();
    let alerts: Vec<(Labels, String)> = (0..ALERTS).map(alert).collect();
    let before = resident_kib();
    let begun = Instant::now();
    let index = Index::new((0..).map(SubscriptionId).zip(&selectors));
    let built = begun.elapsed();
    for round in ["first", "second"] {
        let begun = Instant::now();
        let found: usize = alerts
            .iter()
            .map(|(labels, title)| index.find(labels, title).len())
            .sum();
        let took = begun.elapsed();
        println!(
            "{round} pass: {SUBSCRIPTIONS} subscriptions x {ALERTS} alerts: {:.3} s, {:.1} us per alert, {found} matches",
            took.as_secs_f64(),
            took.as_secs_f64() * 1e6 / ALERTS as f64,
        );
    }
    println!(
        "built in {:.3} s; memory of the index: {:.1} MiB",
        built.as_secs_f64(),
        (resident_kib().saturating_sub(before)) as f64 / 1024.0,
    );
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
