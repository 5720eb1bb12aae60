//! `cargo xtask acceptance`: Alertmanager's own acceptance suites, against Nabat.
//!
//! Debian ships them as source; they are compiled once for each version of the package and look
//! for the program under test in `$GOPATH/bin`, where a shim stands. What they expect to happen
//! when is fixed to tenths of seconds, so a test that fails runs once more by itself. Those that
//! wait for something that Nabat cannot do yet, and those that it does otherwise on purpose, are named
//! here with the reason.

mod compile;
mod program;
mod report;

use anyhow::{Result, bail};

use crate::options::Reading;
use compile::Suite;
use program::{Bench, Subject};
use report::{Row, Verdict};

const USAGE: &str = "\
usage: cargo xtask acceptance [--against PROGRAM] [--only TEST]

  --against PROGRAM  nabat, or alertmanager to prove the suites themselves (nabat)
  --only TEST        one test by its name
";

/// What Nabat cannot do yet: these are not run.
const WAITING: &[(&str, &str)] = &[
    (
        "TestClusterDeduplication",
        "waits for the clustered mode: it starts three that know each other",
    ),
    (
        "TestClusterVSInstance",
        "waits for the clustered mode: it compares three that know each other with one",
    ),
];

/// What Nabat does otherwise on purpose: these run, and have to fail.
const OTHERWISE: &[(&str, &str)] = &[
    (
        "TestReload",
        "a reload leaves the timers of groups alone; it expects them to begin anew",
    ),
    (
        "TestAlwaysInhibiting",
        "the end of what was told to nobody is told to nobody; it expects it beside another end",
    ),
];

struct Wish {
    subject: Subject,
    only: Option<String>,
}

pub(crate) fn run(args: &[String]) -> Result<()> {
    let Some(wish) = parse(args)? else {
        print!("{USAGE}");
        return Ok(());
    };
    let suites = compile::suites()?;
    let bench = Bench::new(&wish.subject)?;
    let mut rows = Vec::new();
    for suite in &suites {
        let wanted = |name: &String| wish.only.as_ref().is_none_or(|only| only == name);
        let tests: Vec<String> = suite.tests()?.into_iter().filter(wanted).collect();
        let (waiting, tests): (Vec<_>, Vec<_>) = tests
            .into_iter()
            .partition(|name| wish.subject.is_nabat() && reason(name).is_some());
        rows.extend(waiting.into_iter().map(|name| skipped(suite, name)));
        if !tests.is_empty() {
            rows.extend(bench.run(suite, &tests)?);
        }
    }
    if wish.subject.is_nabat() {
        rows.iter_mut().for_each(judge);
    }
    println!("{}", report::table(wish.subject.name(), &rows));
    if rows
        .iter()
        .any(|row| matches!(row.verdict, Verdict::Failed(_)))
    {
        bail!("Alertmanager's own tests fail, as the table says");
    }
    Ok(())
}

/// A test that Nabat fails on purpose has not failed; one that it does not fail any more has.
fn judge(row: &mut Row) {
    let Some((_, why)) = OTHERWISE.iter().find(|(name, _)| *name == row.test) else {
        return;
    };
    row.verdict = match row.verdict {
        Verdict::Failed(_) => Verdict::Otherwise((*why).to_owned()),
        _ => Verdict::Failed("it passes: take it out of the list of what differs".to_owned()),
    };
}

fn skipped(suite: &Suite, test: String) -> Row {
    let why = reason(&test).unwrap_or_default();
    Row {
        suite: suite.name,
        test,
        seconds: 0.0,
        verdict: Verdict::Skipped(why.to_owned()),
    }
}

fn reason(test: &str) -> Option<&'static str> {
    let known = WAITING.iter().find(|(name, _)| *name == test);
    known.map(|(_, why)| *why)
}

fn parse(args: &[String]) -> Result<Option<Wish>> {
    let mut wish = Wish {
        subject: Subject::Nabat,
        only: None,
    };
    let mut reading = Reading::of(args, USAGE);
    while let Some(name) = reading.next() {
        match name {
            "-h" | "--help" => return Ok(None),
            "--against" => match reading.value()? {
                "nabat" => wish.subject = Subject::Nabat,
                "alertmanager" => wish.subject = Subject::Alertmanager,
                other => bail!("`--against` takes nabat or alertmanager, not `{other}`"),
            },
            "--only" => wish.only = Some(reading.value()?.to_owned()),
            _ => return reading.refuse(),
        }
    }
    Ok(Some(wish))
}
