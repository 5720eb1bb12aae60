//! What can be asked of `cargo xtask bench`.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::subject::{Subject, nabat_built_for_release};
use crate::options::Reading;

pub(crate) const USAGE: &str = "\
usage: cargo xtask bench [OPTION VALUE]…

  --rounds N    how often each program is measured; medians are shown (3)
  --alerts N    alerts taken in, per round (20000)
  --batch N     alerts in one request (64)
  --clients N   connections that post at the same time (2)
  --messages N  alerts followed to Telegram, one after the other, per round (200)
  --only NAME   `nabat` or `alertmanager` instead of both
  --nabat FILE  the program to measure, instead of building it for release
";

pub(crate) struct Options {
    pub(crate) rounds: usize,
    pub(crate) alerts: usize,
    pub(crate) batch: usize,
    pub(crate) clients: usize,
    pub(crate) messages: usize,
    only: Option<String>,
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
            only: None,
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
                "--only" => options.only = Some(reading.value()?.to_owned()),
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
                None => nabat_built_for_release()?,
            };
            Ok(Subject::Nabat { program })
        };
        match self.only.as_deref() {
            None => Ok(vec![nabat()?, Subject::alertmanager()?]),
            Some("nabat") => Ok(vec![nabat()?]),
            Some("alertmanager") => Ok(vec![Subject::alertmanager()?]),
            Some(other) => bail!("--only takes `nabat` or `alertmanager`, not `{other}`"),
        }
    }
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
        let options = parse("--rounds 7 --only alertmanager").unwrap().unwrap();
        assert_eq!((options.rounds, options.batch), (7, 64));
        assert_eq!(options.only.as_deref(), Some("alertmanager"));
        assert!(parse("--rounds 7 -h").unwrap().is_none());
    }

    #[test]
    fn an_option_that_there_is_not_is_named() {
        let error = parse("--round 3").err().unwrap().to_string();
        assert!(error.contains("`--round`"), "{error}");
    }
}
