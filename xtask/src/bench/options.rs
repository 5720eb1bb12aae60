//! What can be asked of `cargo xtask bench`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use super::Part;
use super::build;
use super::subject::Subject;
use crate::options::Reading;

pub(crate) const USAGE: &str = "\
usage: cargo xtask bench [OPTION VALUE]…

  --only PARTS   some of these (all), with commas:
                 api        new and repeated alerts with 1,000 to 100,000 active, memory for each
                 reads      GET of all, one, their groups; posting meanwhile; memory of long answers
                 routes     new and repeated alerts through 1,000 routes with regular expressions
                 groups     new alerts that all join one group
                 inhibition new alerts, and reading them, with 1,000 inhibition rules
                 webhooks   from the POST to a webhook, one by one and 5,000 at once
                 intake     new and repeated alerts at Nabat's own webhook, start-up, memory
                 stored     start-up with alerts on disk
                 latency    from the POST to the message at Telegram, one alert after the other
                 pace       the same at 100 alerts a second for 400 chats
                 storm      a thousand alerts for one chat within Telegram's limits; minutes
                 pings      10,000 addresses, against fping and blackbox_exporter
                 watch      5,000 web pages often, against blackbox_exporter; 10,000 monitors as usual
  --long yes     storm: also 10,000 alerts in a minute
  --program NAME `nabat` or `alertmanager` instead of both
  --rounds N     how often each program is measured; medians are shown (3)
  --alerts N     intake: how many alerts (20000)
  --batch N      intake: alerts in one request (64)
  --clients N    connections that post at the same time (2)
  --messages N   latency, webhooks: alerts followed one after the other (200)
  --nabat FILE   the program to measure, instead of building it as it is shipped
";

pub(crate) struct Options {
    pub(crate) rounds: usize,
    pub(crate) alerts: usize,
    pub(crate) batch: usize,
    pub(crate) clients: usize,
    pub(crate) messages: usize,
    pub(crate) parts: Vec<Part>,
    /// Whether the storm may take longer.
    pub(crate) long: bool,
    args: Vec<String>,
    program: Option<String>,
    nabat: Option<PathBuf>,
}

impl Options {
    /// `None` when help was asked for.
    pub(crate) fn parse(args: &[String]) -> Result<Option<Self>> {
        let mut options = Self {
            rounds: 3,
            alerts: 20_000,
            batch: 64,
            clients: 2,
            messages: 200,
            parts: Part::ALL.to_vec(),
            long: false,
            args: args.to_vec(),
            program: None,
            nabat: None,
        };
        let mut reading = Reading::of(args, USAGE);
        while let Some(name) = reading.next() {
            match name {
                "-h" | "--help" => return Ok(None),
                "--rounds" => options.rounds = reading.count()?,
                "--alerts" => options.alerts = reading.count()?,
                "--batch" => options.batch = reading.count()?,
                "--clients" => options.clients = reading.count()?,
                "--messages" => options.messages = reading.count()?,
                "--only" => options.parts = parts(reading.value()?)?,
                "--long" => options.long = reading.value()? == "yes",
                "--program" => options.program = Some(reading.value()?.to_owned()),
                "--nabat" => options.nabat = Some(PathBuf::from(reading.value()?)),
                _ => return reading.refuse(),
            }
        }
        Ok(Some(options))
    }

    /// The programs to measure; Nabat is built when it is among them and no file was given.
    pub(crate) fn subjects(&self) -> Result<Vec<Subject>> {
        let nabat = || -> Result<Subject> {
            let program = match &self.nabat {
                Some(program) => program.clone(),
                None => build::nabat()?,
            };
            Ok(Subject::Nabat { program })
        };
        match self.program.as_deref() {
            None => Ok(vec![nabat()?, Subject::alertmanager()?]),
            Some("nabat") => Ok(vec![nabat()?]),
            Some("alertmanager") => Ok(vec![Subject::alertmanager()?]),
            Some(other) => bail!("--program takes `nabat` or `alertmanager`, not `{other}`"),
        }
    }

    /// The call that measures the same again.
    pub(crate) fn command(&self) -> String {
        format!("cargo xtask bench {}", self.args.join(" "))
    }
}

fn parts(names: &str) -> Result<Vec<Part>> {
    let part = |name: &str| {
        let found = Part::ALL.into_iter().find(|part| part.name() == name);
        found.with_context(|| format!("--only: there is no part `{name}`\n\n{USAGE}"))
    };
    names.split(',').map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Options>> {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&args)
    }

    #[test]
    fn options_are_read_and_the_rest_keeps_its_default() {
        let line = "--rounds 7 --program alertmanager --only storm,intake";
        let options = parse(line).unwrap().unwrap();
        assert_eq!((options.rounds, options.batch), (7, 64));
        assert_eq!(options.program.as_deref(), Some("alertmanager"));
        assert_eq!(options.parts, [Part::Storm, Part::Intake]);
        assert_eq!(options.command(), format!("cargo xtask bench {line}"));
        assert!(parse("--rounds 7 -h").unwrap().is_none());
    }

    #[test]
    fn an_option_or_a_part_that_there_is_not_is_named() {
        for (line, named) in [("--round 3", "`--round`"), ("--only hail", "`hail`")] {
            let error = parse(line).err().unwrap().to_string();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn the_usage_names_every_part() {
        for part in Part::ALL {
            assert!(USAGE.contains(&format!("\n                 {} ", part.name())));
        }
    }
}
