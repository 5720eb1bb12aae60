//! What alerts cost where a thousand routes ask for them by regular expressions: new ones, and
//! the same again, of which nothing has to be decided any more. No group speaks meanwhile.

use std::net::SocketAddr;

use anyhow::Result;
use serde_json::{Value, json};

use super::cost::Cost;
use super::figures::{Figures, Target, percentile};
use super::load;
use super::options::Options;
use super::reads::gets;
use super::server::Server;
use super::setting::receiver;
use super::shown::{ALERTS, ensure_in, occurrences};
use super::sink::Sink;
use super::subject::Subject;

const ROUTES: usize = 1_000;
const POSTED: usize = 2_000;

/// The same alerts are posted so often, or until it has cost so much: CPU time is counted in
/// steps of 10 ms.
const REPEATS_MAX: usize = 50;
const REPEATS_CPU_SECONDS: f64 = 1.0;

/// What the routes look for in names of alerts.
const WORDS: [&str; 36] = [
    "cpu",
    "mem",
    "disk",
    "swap",
    "network",
    "down",
    "kube",
    "postgres",
    "redis",
    "mysql",
    "nginx",
    "probe",
    "heap",
    "lag",
    "rabbit",
    "etcd",
    "ceph",
    "zfs",
    "smart",
    "raid",
    "ups",
    "backup",
    "systemd",
    "clock",
    "oom",
    "scrape",
    "alertmanager",
    "latency",
    "errors",
    "full",
    "slow",
    "crash",
    "replica",
    "space",
    "temperature",
    "degraded",
];
const TEAMS: [&str; 8] = [
    "infra", "dba", "web", "network", "storage", "platform", "security", "billing",
];

pub(crate) fn measure(subject: &Subject, options: &Options, figures: &mut Figures) -> Result<()> {
    let sink = Sink::start()?;
    let server = subject.start_with(&config(sink.address))?;
    figures.add("start-up with 1,000 regex routes, ms", server.startup_ms);
    let new = post(&server, 0, options)?;
    let mut repeated = Cost::default();
    for time in 1..=REPEATS_MAX {
        repeated = repeated.and(post(&server, time as i64, options)?);
        if repeated.cpu_seconds >= REPEATS_CPU_SECONDS {
            break;
        }
    }
    for (name, cost, share) in [("new", new, 0.25), ("repeated", repeated, 0.01)] {
        let title = format!("CPU of {name} alerts, 1,000 regex routes, s per million");
        figures.add_for(title, cost.cpu_each_us(), Target::OfPeer(share));
    }
    let mut gets = gets(&server, ALERTS)?;
    figures.add(
        "  GET of these 2,000 p50, ms",
        percentile(&mut gets.times_ms, 0.5),
    );
    ensure_in(&gets.last, 0..POSTED)?;
    let receivers = occurrences(&gets.last, r#"{"name":"#)?;
    figures.add("  receivers of these 2,000", receivers as f64);
    Ok(())
}

fn post(server: &Server, seconds: i64, options: &Options) -> Result<Cost> {
    let requests = load::requests(server.door, 0..POSTED, options.batch, seconds);
    let posted = || load::post(server, &requests, options);
    Ok(Cost::of(server, POSTED, posted)?.1)
}

fn config(ear: SocketAddr) -> Value {
    let name = |n: usize| format!("receiver{n}");
    let routes: Vec<Value> = (0..ROUTES)
        .map(|n| json!({ "receiver": name(n), "continue": true, "matchers": matchers(n) }))
        .collect();
    let mut receivers = vec![receiver("other", ear)];
    receivers.extend((0..ROUTES).map(|n| receiver(&name(n), ear)));
    json!({
        "route": {
            "receiver": "other",
            "group_by": ["alertname", "cluster"],
            "group_wait": "1h",
            "routes": routes,
        },
        "receivers": receivers,
    })
}

/// As different from each other as the numbers are.
fn matchers(n: usize) -> [String; 3] {
    let word = |n: usize| WORDS[n % WORDS.len()];
    let (one, two) = (word(n), word(n + 1 + n / WORDS.len()));
    let team = TEAMS[n / 5 % TEAMS.len()];
    let (cluster, other) = (n * 3 % 20, (n * 3 + 7) % 20);
    [
        format!(r#"alertname=~"(?i).*({one}|{two}).*""#),
        format!(r#"team=~"{team}|nobody{n}""#),
        format!(r#"cluster=~"prod-eu-({cluster:02}|{other:02})""#),
    ]
}
