//! What the benchmark prints at its end: medians of the rounds, their ratio, the targets, and
//! what was run.

use super::figures::{Figure, Figures, Target, percentile};
use super::options::Options;
use super::subject::Subject;

/// Prints one column for each program and, when there are two, their ratio. `rounds` are those
/// of each program.
pub(crate) fn print(subjects: &[Subject], rounds: &[Vec<Figures>], options: &Options) {
    let names: Vec<&str> = subjects.iter().map(Subject::name).collect();
    println!("\n{}", render(&names, rounds));
    for subject in subjects {
        println!("{}: {}", subject.name(), subject.version());
    }
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "medians of {} rounds on {cores} cores; alerts of 932 bytes\n\
         Nabat answers when the alerts are safely on disk; Alertmanager keeps them in memory\n\
         command: {}",
        options.rounds,
        options.command()
    );
}

fn render(names: &[&str], rounds: &[Vec<Figures>]) -> String {
    let titles = titles(rounds);
    let width = titles.iter().map(|row| row.title.len()).max().unwrap_or(0) + 2;
    let mut text = format!("{:<width$}", "");
    for name in names {
        text.push_str(&format!("{name:>14}"));
    }
    if names.len() == 2 {
        text.push_str(&format!("{:>10}", "ratio"));
    }
    text.push_str("  target of Nabat\n");
    for row in titles {
        let medians: Vec<f64> = rounds
            .iter()
            .map(|rounds| median(rounds, &row.title))
            .collect();
        text.push_str(&format!("{:<width$}", row.title));
        for median in &medians {
            text.push_str(&format!("{:>14}", number(*median)));
        }
        if let [nabat, peer] = medians[..] {
            text.push_str(&format!("{:>10}", number(nabat / peer)));
        }
        if let (Some(target), Some(0)) = (row.target, names.iter().position(|n| *n == "Nabat")) {
            text.push_str(&verdict(target, medians[0], medians.get(1).copied()));
        }
        text.push('\n');
    }
    text
}

/// Every row once, in the order in which they were measured.
fn titles(rounds: &[Vec<Figures>]) -> Vec<&Figure> {
    let mut titles: Vec<&Figure> = Vec::new();
    for figure in rounds.iter().flatten().flat_map(|figures| &figures.0) {
        if titles.iter().all(|known| known.title != figure.title) {
            titles.push(figure);
        }
    }
    titles
}

fn median(rounds: &[Figures], title: &str) -> f64 {
    let mut values: Vec<f64> = rounds
        .iter()
        .flat_map(|figures| &figures.0)
        .filter(|figure| figure.title == title)
        .map(|figure| figure.value)
        .collect();
    percentile(&mut values, 0.5)
}

fn verdict(target: Target, value: f64, peer: Option<f64>) -> String {
    let wanted = match target {
        Target::AtMost(most) => format!("<= {most}"),
        Target::AtLeast(least) => format!(">= {least}"),
        Target::OfPeer(share) => format!("ratio <= {share}"),
    };
    let missed = if target.is_met_by(value, peer) {
        ""
    } else {
        ", missed"
    };
    format!("  {wanted}{missed}")
}

fn number(value: f64) -> String {
    if !value.is_finite() {
        "-".to_owned()
    } else if value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 0.1 {
        format!("{value:.2}")
    } else {
        format!("{value:.4}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_that_one_program_lacks_shows_as_a_dash() {
        let mut nabat = Figures::default();
        nabat.add_at_most("start-up, ms", 40.0, 50.0);
        nabat.add_at_most("  with alerts, ms", 1_200.0, 1_000.0);
        let mut peer = Figures::default();
        peer.add("start-up, ms", 80.0);
        let text = render(&["Nabat", "Alertmanager"], &[vec![nabat], vec![peer]]);
        let lines: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(
            lines[1],
            ["start-up,", "ms", "40.00", "80.00", "0.50", "<=", "50"]
        );
        assert_eq!(lines[2][3..5], ["1200", "-"]);
        assert_eq!(lines[2].last(), Some(&"missed"));
    }
}
