//! Whether two answers say the same, but for what may differ: each [`Excuse`] by its name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use nabat_core::time::Timestamp;
use serde_json::{Value, json};

use super::pair::{Answer, Answers};

/// How far apart both may stamp the same moment, in milliseconds.
const STAMPS_APART_MAX_MS: i64 = 3_000;

/// Why an answer of Nabat may be another one than Alertmanager's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Excuse {
    /// A moment that nobody posted: each stamps it by itself when it takes the request.
    Stamp,
    /// Alertmanager shows a time in the zone in which it was sent, Nabat in UTC.
    Zone,
    /// What begins before its last end goes on for Alertmanager, with its first start; to Nabat it is
    /// a life of its own.
    LifeOfItsOwn,
    /// A field that Alertmanager has since a later version than 0.25.
    NewerField,
    /// Silences of an alert have no order; Alertmanager sorts them by their random ids.
    OrderOfSilences,
    /// Of several alerts that inhibit one, each names any.
    AnyInhibitor,
    /// Nabat shows `generatorURL` only if people can open it: `http` or `https`.
    GeneratorUrl,
    /// An end that says nothing else leaves the text that was said before; to Alertmanager it takes
    /// that away.
    TextKept,
    /// What a library says of a text that it can't read, behind Alertmanager's own words.
    LibraryWords,
    /// Why the value of a filter can't be read.
    FilterWords,
    /// Since 0.26 a silence that is not there is 404, in 0.25 it is 500 when it is to be ended.
    UnknownSilence,
}

/// How often which excuse was needed.
#[derive(Debug)]
pub(super) struct Excused<E = Excuse>(BTreeMap<E, usize>);

impl<E> Default for Excused<E> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<E: Ord> Excused<E> {
    pub(super) fn note(&mut self, excuse: E) {
        *self.0.entry(excuse).or_default() += 1;
    }
}

impl<E: fmt::Debug> fmt::Display for Excused<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.iter();
        shown.try_for_each(|(excuse, times)| write!(f, " {excuse:?}×{times}"))
    }
}

/// The times that both were told, which they must give back as they are.
#[derive(Debug)]
pub(super) struct Given {
    times: BTreeSet<Timestamp>,
    /// Starts that lie before an end that was posted earlier.
    lagging: BTreeSet<Timestamp>,
    since: Timestamp,
}

impl Given {
    /// None yet, at the beginning of a history.
    pub(super) fn since(since: Timestamp) -> Self {
        let (times, lagging) = Default::default();
        Self {
            times,
            lagging,
            since,
        }
    }

    /// Notes the start of an alert that begins before its last end.
    pub(super) fn note_lagging(&mut self, start: Timestamp) {
        self.lagging.insert(start);
    }

    /// Notes a time. The present is also stamped, so that nobody can tell one from the other.
    pub(super) fn note(&mut self, time: Timestamp, now: Timestamp) {
        if time < self.since || time > now {
            self.times.insert(time);
        }
    }
}

/// What differs between two answers, or `None`.
pub(super) fn difference(
    answers: &Answers,
    given: &Given,
    excused: &mut Excused,
) -> Option<String> {
    let Answers { theirs, ours } = answers;
    if unknown_silence(theirs, ours) {
        excused.note(Excuse::UnknownSilence);
        return None;
    }
    if theirs.status != ours.status {
        return Some(format!("status {} and {}", theirs.status, ours.status));
    }
    if filter_words(theirs, ours) {
        excused.note(Excuse::FilterWords);
        return None;
    }
    let mut look = Look { given, excused };
    look.value("", &theirs.body, &ours.body).err()
}

/// What differs between both when they tell of an alert, or `None`.
pub(super) fn told_otherwise(
    theirs: &Value,
    ours: &Value,
    given: &Given,
    excused: &mut Excused,
) -> Option<String> {
    let mut ours = ours.clone();
    for said in ["annotations", "generatorURL"] {
        let silent = theirs[said] == json!({}) || hidden(&theirs[said]);
        if silent && theirs["status"] == "resolved" && ours[said] != theirs[said] {
            excused.note(Excuse::TextKept);
            ours[said] = theirs[said].clone();
        }
    }
    differs(theirs, &ours, given, excused)
}

/// What differs between two values, or `None`.
pub(super) fn differs(
    theirs: &Value,
    ours: &Value,
    given: &Given,
    excused: &mut Excused,
) -> Option<String> {
    Look { given, excused }.value("", theirs, ours).err()
}

fn unknown_silence(theirs: &Answer, ours: &Answer) -> bool {
    theirs.status == 500 && theirs.body == "silence not found" && ours.status == 404
}

fn filter_words(theirs: &Answer, ours: &Answer) -> bool {
    let said = theirs.body.as_str().unwrap_or_default();
    let of_value = [
        "error parsing regexp: ",
        "matcher value contains unescaped double quote: ",
    ];
    theirs.status == 400
        && of_value.iter().any(|words| said.starts_with(words))
        && ours
            .body
            .as_str()
            .is_some_and(|said| said.starts_with("bad matcher format: "))
}

/// Whether nobody could open this address.
fn hidden(url: &Value) -> bool {
    url.as_str().is_some_and(|url| !url.starts_with("http"))
}

struct Look<'a> {
    given: &'a Given,
    excused: &'a mut Excused,
}

impl Look<'_> {
    fn value(&mut self, at: &str, theirs: &Value, ours: &Value) -> Result<(), String> {
        let same = match (theirs, ours) {
            (Value::Object(theirs), Value::Object(ours)) => {
                for name in ours.keys().filter(|name| !theirs.contains_key(*name)) {
                    match name.as_str() {
                        "mutedBy" | "annotations" | "notification_reason" => {
                            self.excused.note(Excuse::NewerField);
                        }
                        _ => return Err(format!("{at}: only Nabat has `{name}`")),
                    }
                }
                for (name, theirs) in theirs {
                    let at = format!("{at}/{name}");
                    match ours.get(name) {
                        Some(ours) => self.field(name, &at, theirs, ours)?,
                        None => self.missing(name, &at, theirs)?,
                    }
                }
                true
            }
            (Value::Array(theirs), Value::Array(ours)) => {
                let all = theirs.iter().zip(ours).enumerate();
                for (index, (theirs, ours)) in all {
                    self.value(&format!("{at}/{index}"), theirs, ours)?;
                }
                if theirs.len() != ours.len() {
                    let (theirs, ours) = (theirs.len(), ours.len());
                    return Err(format!("{at}: a list of {theirs} and of {ours}"));
                }
                true
            }
            (Value::String(theirs), Value::String(ours)) => {
                theirs == ours || self.time(theirs, ours) || self.words(theirs, ours)
            }
            (theirs, ours) => theirs == ours,
        };
        if same {
            return Ok(());
        }
        Err(format!("{at}: {theirs} and {ours}"))
    }

    fn field(&mut self, name: &str, at: &str, theirs: &Value, ours: &Value) -> Result<(), String> {
        if theirs == ours {
            return Ok(());
        }
        let list = |value: &Value| -> BTreeSet<String> {
            let items = value.as_array().into_iter().flatten();
            items.map(ToString::to_string).collect()
        };
        let excuse = match name {
            "silencedBy" if list(theirs) == list(ours) => Excuse::OrderOfSilences,
            "inhibitedBy" if list(theirs).len() == list(ours).len() => Excuse::AnyInhibitor,
            "generatorURL" if ours == "" && hidden(theirs) => Excuse::GeneratorUrl,
            _ => return self.value(at, theirs, ours),
        };
        self.excused.note(excuse);
        Ok(())
    }

    fn missing(&mut self, name: &str, at: &str, theirs: &Value) -> Result<(), String> {
        if name != "generatorURL" || !hidden(theirs) {
            return Err(format!("{at}: Nabat has none, Alertmanager {theirs}"));
        }
        self.excused.note(Excuse::GeneratorUrl);
        Ok(())
    }

    fn time(&mut self, theirs: &str, ours: &str) -> bool {
        let read = |text| Timestamp::parse_rfc3339(text).ok().flatten();
        let (Some(theirs), Some(ours)) = (read(theirs), read(ours)) else {
            return false;
        };
        let apart = (theirs.as_millis() - ours.as_millis()).abs();
        let excuse = match apart {
            0 => Excuse::Zone,
            _ if theirs < ours && self.given.lagging.contains(&ours) => Excuse::LifeOfItsOwn,
            _ if self.given.times.contains(&theirs) || apart > STAMPS_APART_MAX_MS => return false,
            _ => Excuse::Stamp,
        };
        self.excused.note(excuse);
        true
    }

    fn words(&mut self, theirs: &str, ours: &str) -> bool {
        let same = [
            "error parsing regexp: ",
            "failed, because ",
            "invalid regular expression ",
        ]
        .iter()
        .any(
            |mark| match (theirs.split_once(mark), ours.split_once(mark)) {
                (Some(theirs), Some(ours)) => theirs.0 == ours.0,
                _ => false,
            },
        );
        if same {
            self.excused.note(Excuse::LibraryWords);
        }
        same
    }
}

/// Puts what has no order of its own into one: groups of the same labels and receiver, by different
/// routes, and silences that begin or end at the same moment.
///
/// # Panics
/// When silences are not in the order that they have.
pub(super) fn order_ties(body: &mut Value) {
    let Some(list) = body.as_array_mut() else {
        return;
    };
    if list.iter().any(|item| item["matchers"].is_array()) {
        assert!(list.is_sorted_by_key(silence_place), "{list:#?}");
        list.sort_by_key(|silence| silence["id"].to_string());
    }
    let place = |group: &Value| (group["labels"].to_string(), group["receiver"].to_string());
    let members = |group: &Value| -> Vec<String> {
        let alerts = group["alerts"].as_array().into_iter().flatten();
        alerts
            .map(|alert| alert["fingerprint"].to_string())
            .collect()
    };
    let is_tie = |a: &Value, b: &Value| !a["receiver"].is_null() && place(a) == place(b);
    for ties in list.chunk_by_mut(is_tie) {
        ties.sort_by_key(members);
    }
}

/// Active ones that end first, then pending ones that begin first, then those that ended last.
fn silence_place(silence: &Value) -> (u8, i64) {
    let at = |field: &str| {
        let text = silence[field].as_str().unwrap();
        Timestamp::parse_rfc3339(text).unwrap().unwrap().as_millis()
    };
    match silence["status"]["state"].as_str().unwrap() {
        "active" => (0, at("endsAt")),
        "pending" => (1, at("startsAt")),
        _ => (2, -at("endsAt")),
    }
}
