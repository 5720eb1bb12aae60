//! Silences as Alertmanager writes and reads them. The command line reads the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use nabat_core::alert::Labels;
use nabat_core::matcher::{self, Operator};
use nabat_core::silence::uuid::Names;
use nabat_core::silence::window::Window;
use nabat_core::silence::{Draft, Origin, Phase, Silence};
use nabat_core::time::Timestamp;

use crate::intake::parts;

/// The annotation of a silence that ends when nothing it covers fires, and its value.
pub(crate) const UNTIL: &str = "nabat/until";
pub(crate) const RESOLVED: &str = "resolved";
/// The annotation that names the maintenance window of a silence.
const WINDOW: &str = "nabat/window";

/// A silence as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Gettable {
    pub(crate) id: String,
    pub(crate) status: Status,
    pub(crate) updated_at: String,
    pub(crate) comment: String,
    pub(crate) created_by: String,
    pub(crate) ends_at: String,
    pub(crate) matchers: Vec<Matcher>,
    pub(crate) starts_at: String,
    #[serde(default)]
    pub(crate) annotations: BTreeMap<String, String>,
}

/// Where a silence stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Status {
    pub(crate) state: State,
}

/// Where a silence stands, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Active,
    Pending,
    Expired,
}

/// One condition of a silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Matcher {
    #[serde(default = "equal")]
    pub(crate) is_equal: bool,
    pub(crate) is_regex: bool,
    pub(crate) name: String,
    pub(crate) value: String,
}

fn equal() -> bool {
    true
}

/// The name of a silence that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    #[serde(rename = "silenceID")]
    pub(crate) id: String,
}

/// A silence as it is asked for. What has to be there is seen to by [`Postable::draft`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Postable {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    pub(crate) comment: Option<String>,
    pub(crate) created_by: Option<String>,
    pub(crate) ends_at: Option<String>,
    pub(crate) matchers: Option<Vec<Option<PostableMatcher>>>,
    pub(crate) starts_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) annotations: Option<BTreeMap<String, String>>,
}

/// One condition of a silence as it is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PostableMatcher {
    is_equal: Option<bool>,
    is_regex: Option<bool>,
    name: Option<String>,
    value: Option<String>,
}

/// Why what was posted is no silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// It can't be read at all.
    Unreadable(String),
    /// Something is missing.
    Missing(String),
    /// There is not one matcher.
    NoMatchers,
    /// The matcher at this place is none.
    Matcher(usize, String),
    /// It is to last until something that Nabat does not know.
    Until(String),
}

impl Gettable {
    /// A silence, in the words of clients. One of `windows` says which.
    pub(crate) fn of(silence: &Silence, names: Names, windows: &[Window]) -> Self {
        let annotations = silence.annotations.iter();
        let mut annotations: BTreeMap<String, String> = annotations
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        if silence.until_resolved {
            annotations.insert(UNTIL.to_owned(), RESOLVED.to_owned());
        }
        if let Origin::Window { .. } = silence.origin {
            // Its comment was the name, until somebody wrote another.
            let window = windows.iter().find(|window| window.id() == silence.id);
            let name = window.map_or(&silence.comment, |window| &window.name);
            annotations.insert(WINDOW.to_owned(), name.clone());
        }
        Self {
            id: names.uuid(silence.id),
            status: Status {
                state: match silence.phase {
                    Phase::Active { .. } => State::Active,
                    Phase::Pending => State::Pending,
                    Phase::Expired => State::Expired,
                },
            },
            updated_at: silence.updated_at.to_string(),
            comment: silence.comment.clone(),
            created_by: silence.created_by.clone(),
            ends_at: silence.ends_at.to_string(),
            matchers: silence.matchers.iter().map(Matcher::from).collect(),
            starts_at: silence.starts_at.to_string(),
            annotations,
        }
    }
}

impl From<&matcher::Matcher> for Matcher {
    fn from(matcher: &matcher::Matcher) -> Self {
        use Operator::{Equal, Matches, MatchesNot};
        Self {
            is_equal: matches!(matcher.operator, Equal | Matches),
            is_regex: matches!(matcher.operator, Matches | MatchesNot),
            name: matcher.name.to_string(),
            value: matcher.value.to_string(),
        }
    }
}

impl Matcher {
    /// As it is asked for.
    pub(crate) fn postable(self) -> PostableMatcher {
        PostableMatcher {
            is_equal: Some(self.is_equal),
            is_regex: Some(self.is_regex),
            name: Some(self.name),
            value: Some(self.value),
        }
    }

    /// `team=~"db|web"`
    pub(crate) fn text(&self) -> String {
        let operator = operator(self.is_equal, self.is_regex);
        let matcher = matcher::Matcher::new(&self.name, operator, &self.value);
        matcher.map_or_else(
            |_| format!("{}: {}", self.name, self.value),
            |m| m.to_string(),
        )
    }
}

impl Postable {
    /// Reads a body.
    pub(super) fn read(body: &[u8]) -> Result<Self, Mistake> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err(Mistake::Missing("silence".to_owned()));
        }
        let read: Option<Self> =
            serde_json::from_slice(body).map_err(|error| Mistake::Unreadable(error.to_string()))?;
        Ok(read.unwrap_or_default())
    }

    /// What is asked for, once everything that has to be there is.
    pub(super) fn draft(self) -> Result<Draft, Mistake> {
        let missing = |what: &str| Mistake::Missing(what.to_owned());
        let (starts_at, ends_at) = (time(self.starts_at)?, time(self.ends_at)?);
        let comment = self.comment.ok_or_else(|| missing("comment"))?;
        let created_by = self.created_by.ok_or_else(|| missing("createdBy"))?;
        let ends_at = ends_at.ok_or_else(|| missing("endsAt"))?;
        let matchers = self.matchers.ok_or_else(|| missing("matchers"))?;
        if matchers.is_empty() {
            return Err(Mistake::NoMatchers);
        }
        let matchers = matchers.into_iter().enumerate();
        let matchers: Vec<Asked> = matchers.map(present).collect::<Result<_, _>>()?;
        let starts_at = starts_at.ok_or_else(|| missing("startsAt"))?;
        let matchers = matchers.into_iter().enumerate();
        let matchers = matchers.map(|(at, asked)| asked.matcher(at));
        let mut annotations = self.annotations;
        let until = annotations.as_mut().map(|noted| {
            noted.remove(WINDOW);
            match noted.remove(UNTIL) {
                None => Ok(false),
                Some(until) if until == RESOLVED => Ok(true),
                Some(until) => Err(Mistake::Until(until)),
            }
        });
        let until = until.transpose()?;
        Ok(Draft {
            id: None,
            matchers: matchers.collect::<Result<_, _>>()?,
            starts_at,
            ends_at,
            created_by,
            comment,
            annotations: annotations.map(|noted| noted.iter().collect::<Labels>()),
            until_resolved: until,
            origin: Origin::Api,
        })
    }
}

/// A condition of which everything is there.
struct Asked {
    operator: Operator,
    name: String,
    value: String,
}

fn present((at, posted): (usize, Option<PostableMatcher>)) -> Result<Asked, Mistake> {
    let missing = |what: &str| Mistake::Missing(format!("matchers.{at}.{what}"));
    let posted = posted.unwrap_or_default();
    let is_regex = posted.is_regex.ok_or_else(|| missing("isRegex"))?;
    Ok(Asked {
        operator: operator(posted.is_equal.unwrap_or(true), is_regex),
        name: posted.name.ok_or_else(|| missing("name"))?,
        value: posted.value.ok_or_else(|| missing("value"))?,
    })
}

fn operator(is_equal: bool, is_regex: bool) -> Operator {
    match (is_equal, is_regex) {
        (true, false) => Operator::Equal,
        (false, false) => Operator::NotEqual,
        (true, true) => Operator::Matches,
        (false, true) => Operator::MatchesNot,
    }
}

impl Asked {
    fn matcher(self, at: usize) -> Result<matcher::Matcher, Mistake> {
        if self.name.is_empty() {
            return Err(Mistake::Matcher(at, "invalid label name \"\"".to_owned()));
        }
        matcher::Matcher::new(&self.name, self.operator, &self.value).map_err(|error| {
            let words = format!(
                "invalid regular expression {:?}: {}",
                self.value, error.problem
            );
            Mistake::Matcher(at, words)
        })
    }
}

/// A moment as clients write it, if they do; Go's zero is 1970.
fn time(text: Option<String>) -> Result<Option<Timestamp>, Mistake> {
    let read = text.map(|text| parts::time(&text)).transpose();
    let read = read.map_err(Mistake::Unreadable)?;
    Ok(read.map(Option::unwrap_or_default))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nabat_core::silence::SilenceId;
    use serde_json::{Value, json};

    fn silence() -> Value {
        json!({
            "matchers": [{"name": "a", "value": "b", "isRegex": false}],
            "startsAt": "2026-11-21T03:00:00.5+02:00",
            "endsAt": "2026-11-21T04:00:00Z",
            "createdBy": "", "comment": "", "unknown": 1,
        })
    }

    fn read(value: &Value) -> Result<Draft, Mistake> {
        Postable::read(value.to_string().as_bytes())?.draft()
    }

    #[test]
    fn what_is_missing_is_named_as_alertmanager_names_it() {
        let missing = |what: &str| Err(Mistake::Missing(what.to_owned()));
        let cases = [
            (vec!["comment", "createdBy"], missing("comment")),
            (vec!["createdBy", "endsAt"], missing("createdBy")),
            (vec!["endsAt"], missing("endsAt")),
            (vec!["matchers", "startsAt"], missing("matchers")),
            (vec!["startsAt"], missing("startsAt")),
        ];
        for (gone, expected) in cases {
            let mut silence = silence();
            for key in &gone {
                silence.as_object_mut().unwrap().remove(*key);
            }
            assert_eq!(read(&silence).map(|_| ()), expected, "{gone:?}");
        }
        for (matcher, expected) in [
            (json!({}), missing("matchers.0.isRegex")),
            (json!(null), missing("matchers.0.isRegex")),
            (
                json!({"value": "b", "isRegex": false}),
                missing("matchers.0.name"),
            ),
            (
                json!({"name": "b", "isRegex": false}),
                missing("matchers.0.value"),
            ),
        ] {
            let mut silence = silence();
            silence["matchers"] = json!([matcher]);
            assert_eq!(read(&silence).map(|_| ()), expected, "{matcher}");
        }
        let mut none = silence();
        none["matchers"] = json!([]);
        assert_eq!(read(&none), Err(Mistake::NoMatchers));
        assert_eq!(read(&Value::Null).map(|_| ()), missing("comment"));
        assert_eq!(
            Postable::read(b" "),
            Err(Mistake::Missing("silence".to_owned()))
        );
    }

    #[test]
    fn what_can_not_be_read_is_refused() {
        let mut date_only = silence();
        date_only["startsAt"] = json!("2026-11-21");
        let mut no_text = silence();
        no_text["comment"] = json!(5);
        let list = json!([]);
        for wrong in [date_only, no_text, list] {
            assert!(
                matches!(read(&wrong), Err(Mistake::Unreadable(_))),
                "{wrong}"
            );
        }
        for (name, value, words) in [
            ("", "b", "invalid label name"),
            ("a", "(", "invalid regular expression \"(\": "),
        ] {
            let mut silence = silence();
            silence["matchers"] = json!([{"name": name, "value": value, "isRegex": true}]);
            let Err(Mistake::Matcher(0, said)) = read(&silence) else {
                panic!("{silence}");
            };
            assert!(said.starts_with(words), "{said}");
        }
    }

    #[test]
    fn a_silence_until_something_unknown_is_refused() {
        let mut until = silence();
        for (word, expected) in [
            ("resolved", Ok(Some(true))),
            ("never", Err("never".to_owned())),
        ] {
            until["annotations"] = json!({ UNTIL: word });
            let read = read(&until).map(|draft| draft.until_resolved);
            assert_eq!(read, expected.map_err(Mistake::Until));
        }
    }

    #[test]
    fn a_window_keeps_its_name_whatever_is_said_of_it() {
        let window = Window {
            name: "backups".to_owned(),
            matchers: matcher::parse_list("team=db").unwrap(),
            start: "0 2 * * sun".parse().unwrap(),
            duration: std::time::Duration::from_secs(3_600),
            zone: jiff::tz::TimeZone::UTC,
        };
        let draft = read(&silence()).unwrap();
        let silence = Silence {
            id: window.id(),
            matchers: window.matchers.clone(),
            starts_at: draft.starts_at,
            ends_at: draft.ends_at,
            updated_at: draft.starts_at,
            created_by: "ann".into(),
            comment: "longer today".into(),
            annotations: Labels::default(),
            until_resolved: false,
            phase: Phase::Pending,
            origin: Origin::Window {
                rule: window.rule(),
            },
        };
        let shown = Gettable::of(&silence, Names::of("store"), &[window]);
        assert_eq!(shown.annotations[WINDOW], "backups");
    }

    #[test]
    fn moments_are_read_as_alertmanager_reads_them() {
        let read =
            |text: &str| time(Some(text.to_owned())).map(|at| at.unwrap_or_default().to_string());
        for (text, expected) in [
            ("2026-11-21T03:00:00.5+02:00", "2026-11-21T01:00:00.500Z"),
            ("2026-11-21T03:00:00", "2026-11-21T03:00:00.000Z"),
            ("2026-11-21 03:00:00", "2026-11-21T03:00:00.000Z"),
            ("", "1970-01-01T00:00:00.000Z"),
            ("0001-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
        assert!(read("yesterday").is_err());
    }

    #[test]
    fn what_is_shown_can_be_posted_again() {
        let draft = read(&silence()).unwrap();
        let silence = Silence {
            id: SilenceId(7),
            matchers: matcher::parse_list("a=b c!=d e=~f g!~h").unwrap(),
            starts_at: draft.starts_at,
            ends_at: draft.ends_at,
            updated_at: draft.starts_at,
            created_by: "ann".into(),
            comment: "why".into(),
            annotations: [("ticket", "7")].into_iter().collect(),
            until_resolved: true,
            phase: Phase::Pending,
            origin: Origin::Api,
        };
        let shown = Gettable::of(&silence, Names::of("store"), &[]);
        let shown = serde_json::to_value(shown).unwrap();
        assert_eq!(shown["status"], json!({"state": "pending"}));
        assert_eq!(
            shown["matchers"][3],
            json!({"isEqual": false, "isRegex": true, "name": "g", "value": "h"})
        );
        let again = read(&shown).unwrap();
        assert_eq!(again.matchers, silence.matchers);
        assert_eq!(again.annotations, Some(silence.annotations));
        assert_eq!(again.until_resolved, Some(true));
    }
}
