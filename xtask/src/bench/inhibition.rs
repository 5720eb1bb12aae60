//! What a thousand inhibition rules cost: new alerts, and reading them. Nobody is told.

use anyhow::Result;
use serde_json::{Value, json};

use super::alerts::{alert_with, time_in};
use super::cost::Cost;
use super::figures::{Figures, Target, percentile};
use super::load;
use super::options::Options;
use super::reads::gets;
use super::setting::quiet;
use super::shown::{ALERTS, ensure_count, ensure_in};
use super::subject::Subject;

const RULES: usize = 1_000;
/// Of each ten, which one rule is about, the critical ones hold back the warnings and the less
/// important: every second one.
const POSTED: usize = 10_000;
const HELD_BACK: usize = POSTED / 2;

pub(crate) fn measure(subject: &Subject, options: &Options, figures: &mut Figures) -> Result<()> {
    let server = subject.start_with(&config())?;
    let ids: Vec<usize> = (0..POSTED).collect();
    let requests: Vec<Vec<u8>> = ids
        .chunks(options.batch)
        .map(|ids| server.door.body(ids.iter().map(|id| alert(*id)).collect()))
        .collect();
    let posted = || load::post(&server, &requests, options);
    let (_, cost) = Cost::of(&server, POSTED, posted)?;
    figures.add_for(
        "CPU of new alerts, 1,000 inhibition rules, s per million",
        cost.cpu_each_us(),
        Target::OfPeer(0.25),
    );
    ensure_count(
        &server,
        &format!("{ALERTS}?inhibited=false"),
        POSTED - HELD_BACK,
    )?;
    let mut gets = gets(&server, ALERTS)?;
    ensure_in(&gets.last, 0..POSTED)?;
    let p50_ms = percentile(&mut gets.times_ms, 0.5);
    figures.add_at_most("  GET of these 10,000 p50, ms", p50_ms, 40.0);
    let cpu_ms = gets.cost.cpu_each_us() / 1e3;
    figures.add("  CPU of that GET, ms", cpu_ms);
    Ok(())
}

fn subject_of(id: usize) -> String {
    format!("subject{}", id / 10 % RULES)
}

fn alert(id: usize) -> Value {
    let labels = [("monitor", &*subject_of(id))];
    alert_with(id, &labels, &time_in(0), &time_in(3_600))
}

fn config() -> Value {
    let rule = |n: usize| {
        let of = subject_of(n * 10);
        json!({
            "source_matchers": [format!("monitor={of}"), "severity=critical"],
            "target_matchers": [format!("monitor=~\"{of}|every\""), "severity=~\"warning|info\""],
            "equal": ["env", "job"],
        })
    };
    let mut config = quiet();
    config["inhibit_rules"] = (0..RULES).map(rule).collect();
    config
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_has_what_explains_and_half_of_its_alerts_to_hold_back() {
        for first in (0..POSTED).step_by(10) {
            let severities: Vec<String> = (first..first + 10)
                .map(|id| alert(id)["labels"]["severity"].to_string())
                .collect();
            let held =
                |severity: &&String| ["\"warning\"", "\"info\""].contains(&severity.as_str());
            assert!(severities.contains(&"\"critical\"".to_owned()));
            assert_eq!(severities.iter().filter(held).count(), 5);
        }
    }
}
