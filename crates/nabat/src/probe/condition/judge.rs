//! Holds conditions against what a probe saw.
//!
//! Most conditions take microseconds and are looked at where the probe is. What looks at each item of
//! something, or at a long body, goes to a thread of its own, of which there are few, and for as long
//! as its time lasts.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cel::common::types::{CelBool, CelInt, CelString};
use cel::common::value::CowVal;
use cel::objects::Value;
use cel::{Context, ExecutionError, FunctionContext};
use tokio::sync::Semaphore;

use super::Condition;
use super::check::{ENVIRONMENT, FINDS, TIME_LEFT};
use super::facts::{Fact, Facts};
use super::seen::{seen, trouble};
use super::value::Values;
use crate::probe::pattern::Pattern;
use crate::probe::trace::{masked, worst};
use crate::probe::{Finding, Reach, Report, evidence};

/// How long the conditions of one monitor may take together.
const MAX_TIME: Duration = Duration::from_millis(250);
/// How many may be looked at beside one another, of those that may take long.
const AT_ONCE: usize = 2;
const AT_ONCE_OF_OTHERS: usize = 1;
/// A body that is longer than this may take long, in bytes.
const LONG_BODY: usize = 32 * 1024;
/// The most characters of a condition that are repeated when it fails.
const MAX_TOLD: usize = 160;

/// A function as CEL calls it.
type Function = Box<
    dyn for<'c, 'v> Fn(&mut FunctionContext<'c, 'v>) -> Result<CowVal<'c, 'v>, ExecutionError>
        + Send
        + Sync,
>;

/// The room for conditions that may take long. Those of people who are not trusted with everything
/// have one of their own: whoever wrote ones that take all of it keeps nobody else's waiting.
#[derive(Debug)]
pub(in crate::probe) struct Evaluations {
    trusted: Semaphore,
    others: Semaphore,
}

impl Default for Evaluations {
    fn default() -> Self {
        Self {
            trusted: Semaphore::new(AT_ONCE),
            others: Semaphore::new(AT_ONCE_OF_OTHERS),
        }
    }
}

impl Evaluations {
    pub(super) const fn of(&self, reach: Reach) -> &Semaphore {
        match reach {
            Reach::Anywhere => &self.trusted,
            Reach::PublicOnly => &self.others,
        }
    }
}

/// The report with what became of `conditions`. Of what gave no answer there is nothing to say.
pub(in crate::probe) async fn judge(
    conditions: &Arc<[Condition]>,
    mut report: Report,
    room: &Evaluations,
    reach: Reach,
) -> Report {
    let facts = mem::take(&mut report.facts);
    if conditions.is_empty() || report.latency.is_none() {
        return report;
    }
    let length = facts.seen.iter().map(|(_, fact)| match fact {
        Fact::Body { bytes, .. } => bytes.len(),
        _ => 0,
    });
    let loops = conditions.iter().any(|condition| condition.0.loops);
    if !loops && length.sum::<usize>() <= LONG_BODY {
        // However busy the machine is: these take no time themselves.
        let findings = findings(conditions, &report, &facts, Time::without_end());
        return with(report, findings);
    }
    let broken = || {
        let words = "Nabat made a mistake in its conditions; please report the panic from the log";
        vec![Finding::unknown(words)]
    };
    // It is never closed.
    let _room = room.of(reach).acquire().await;
    let (conditions, seen) = (Arc::clone(conditions), report.clone());
    let judged = tokio::task::spawn_blocking(move || {
        let time = Time::until(Instant::now() + MAX_TIME);
        findings(&conditions, &seen, &facts, time)
    });
    let judged = judged.await;
    with(report, judged.unwrap_or_else(|_| broken()))
}

fn with(mut report: Report, findings: Vec<Finding>) -> Report {
    report.findings.extend(findings);
    report.outcome = worst(&report.findings);
    report
}

pub(super) fn findings(
    conditions: &[Condition],
    report: &Report,
    facts: &Facts,
    time: Time,
) -> Vec<Finding> {
    let is_json = conditions
        .iter()
        .any(|condition| condition.0.variables.contains("json"));
    let values = Values::of(report, facts, is_json);
    let time = Arc::new(time);
    let found = conditions.iter().map(|condition| {
        let mut finding = condition.finding(&values, &time);
        masked(&mut finding, &facts.secrets);
        finding
    });
    found.collect()
}

impl Condition {
    fn finding(&self, values: &Values<'_>, time: &Arc<Time>) -> Finding {
        let compiled = &*self.0;
        let told = evidence::shortened(&compiled.source, MAX_TOLD);
        let too_late = || {
            let limit = MAX_TIME.as_millis();
            let words = format!("{told}: not looked at to its end within {limit} ms");
            Finding::unknown(words)
        };
        // One that looks through a long body may have taken all of it.
        if !time.is_left() {
            return too_late();
        }
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        context.set_variable_resolver(values);
        if compiled.loops {
            let time = Arc::clone(time);
            // Nothing else has its name.
            let _ = context.add_function(TIME_LEFT, move || time.is_left());
        }
        if !compiled.patterns.is_empty() {
            let patterns = compiled.patterns.clone();
            let finds: Function = Box::new(move |call| finds(&patterns, call));
            let _ = context.add_function(FINDS, finds);
        }
        let given = Value::resolve_val(&compiled.expression, &context);
        if time.is_over() {
            return too_late();
        }
        match given.as_ref().map(|given| given.downcast_ref::<CelBool>()) {
            Ok(Some(holds)) if *holds.inner() => Finding::up(told),
            Ok(Some(_)) => {
                let seen = seen(&compiled.expression, &context);
                Finding::down(format!("{told}: {seen}"))
            }
            Ok(None) => Finding::down(format!("{told}: neither true nor false")),
            Err(error) => {
                let trouble = trouble(error, &compiled.source, values);
                Finding::down(format!("{told}: {trouble}"))
            }
        }
    }
}

/// Whether the regular expression of an index is found in a text.
fn finds<'c, 'v>(
    patterns: &[Pattern],
    call: &mut FunctionContext<'c, 'v>,
) -> Result<CowVal<'c, 'v>, ExecutionError> {
    let of_text = |value: &CowVal<'_, '_>| -> Option<bool> {
        let index = call.args.first()?.downcast_ref::<CelInt>()?;
        let pattern = patterns.get(usize::try_from(*index.inner()).ok()?)?;
        let text = value.downcast_ref::<CelString>()?;
        Some(pattern.is_match(text.inner().as_bytes()))
    };
    let found = call.this.as_ref().and_then(of_text);
    let found = found.ok_or_else(|| ExecutionError::function_error("matches", "no text"))?;
    Ok(CowVal::owned(CelBool::from(found)))
}

/// How long conditions may take.
pub(super) struct Time {
    until: Option<Instant>,
    is_over: AtomicBool,
}

impl Time {
    pub(super) const fn until(until: Instant) -> Self {
        Self {
            until: Some(until),
            is_over: AtomicBool::new(false),
        }
    }

    const fn without_end() -> Self {
        Self {
            until: None,
            is_over: AtomicBool::new(false),
        }
    }

    fn is_left(&self) -> bool {
        let is_left = self.until.is_none_or(|until| Instant::now() < until);
        if !is_left {
            self.is_over.store(true, Ordering::Relaxed);
        }
        is_left
    }

    /// Whether somebody was told that it is over.
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}
