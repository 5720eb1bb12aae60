//! What inhibition costs: `cargo bench -p nabat-core --bench inhibition`.
//!
//! A thousand rules, a tenth of them with expressions that no table can find, and a hundred
//! thousand alerts of which one in ten is a source. Prints the time for each alert to begin, to be
//! asked and to end, what a source costs that begins and ends above a thousand targets, and the
//! memory.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints, and its own matchers are right"
)]

use std::time::{Duration, Instant};

use nabat_core::alert::Labels;
use nabat_core::incident::IncidentId;
use nabat_core::inhibition::{Inhibitions, Rule};
use nabat_core::matcher::{Matcher, parse_list};

const RULES: usize = 1_000;
const ALERTS: usize = 100_000;

fn matchers(text: &str) -> Vec<Matcher> {
    parse_list(text).unwrap()
}

fn rule(number: usize) -> Rule {
    let source = match number % 10 {
        0 => format!("severity=\"critical\",alertname=~\"Down{number}.*\""),
        _ => format!("severity=\"critical\",alertname=\"Down{number}\""),
    };
    let target = match number % 10 {
        0 => format!("alertname=~\"Service{number}-.*\""),
        _ => format!("severity=~\"warning|info\",service=\"service-{number}\""),
    };
    Rule {
        source: matchers(&source),
        target: matchers(&target),
        equal: vec!["cluster".into()],
    }
}

fn alert(number: usize) -> Labels {
    let (of, cluster) = (number / 10 % RULES, number / 10 / RULES);
    let source = number.is_multiple_of(10);
    let labels = [
        (
            "alertname",
            if source {
                format!("Down{of}")
            } else {
                format!("Service{of}-slow")
            },
        ),
        (
            "severity",
            if source { "critical" } else { "warning" }.to_owned(),
        ),
        ("cluster", format!("cluster-{cluster}")),
        ("service", format!("service-{of}")),
        ("instance", format!("host-{number}:9100")),
    ];
    labels.into_iter().collect()
}

fn report(what: &str, count: usize, took: Duration) {
    let each = took.as_secs_f64() * 1e6 / count as f64;
    println!("{what}: {:.3} s, {each:.2} us each", took.as_secs_f64());
}

fn main() {
    let alerts: Vec<(IncidentId, Labels)> = (0..ALERTS)
        .map(|number| (IncidentId(number as i64), alert(number)))
        .collect();
    let rules: Vec<Rule> = (0..RULES).map(rule).collect();
    let begun = Instant::now();
    let mut inhibitions = Inhibitions::new(&rules);
    println!(
        "{RULES} rules built in {:.3} s",
        begun.elapsed().as_secs_f64()
    );
    for round in ["first", "second"] {
        let before = resident_kib();
        let begun = Instant::now();
        for (id, labels) in &alerts {
            inhibitions.open(*id, labels);
        }
        let affected = inhibitions.take_affected().len();
        report(
            &format!("{round} pass: {ALERTS} alerts begin"),
            ALERTS,
            begun.elapsed(),
        );
        let grown = resident_kib().saturating_sub(before) as f64 / 1024.0;
        let begun = Instant::now();
        let ids = alerts.iter().map(|(id, _)| *id);
        let inhibited = ids.filter(|id| inhibitions.by(*id).is_some()).count();
        report(
            &format!("{inhibited} of them inhibited, {affected} affected, asked"),
            ALERTS,
            begun.elapsed(),
        );
        let begun = Instant::now();
        for (id, _) in &alerts {
            inhibitions.end(*id);
        }
        report("all end", ALERTS, begun.elapsed());
        println!("memory grown by {grown:.1} MiB");
    }
    one_source_of_many();
}

/// What one source costs above a thousand targets, whatever else fires.
fn one_source_of_many() {
    let rule = Rule {
        source: matchers("alertname=Down"),
        target: matchers("alertname=Slow"),
        equal: vec!["cluster".into()],
    };
    let mut inhibitions = Inhibitions::new(&[rule]);
    let labels = |name: &str, number: usize| -> Labels {
        let cluster = format!("cluster-{}", number / 1_000);
        let instance = number.to_string();
        [
            ("alertname", name),
            ("cluster", &cluster),
            ("instance", &instance),
        ]
        .into_iter()
        .collect()
    };
    for number in 0..ALERTS {
        inhibitions.open(IncidentId(number as i64), &labels("Slow", number));
    }
    let source = labels("Down", 0);
    let begun = Instant::now();
    let mut affected = 0;
    for _ in 0..100 {
        let id = IncidentId(ALERTS as i64);
        inhibitions.open(id, &source);
        affected += inhibitions.take_affected().len();
        inhibitions.end(id);
        affected += inhibitions.take_affected().len();
    }
    report(
        &format!("a source of 1000 targets begins and ends, {affected} affected"),
        100,
        begun.elapsed(),
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
