//! Which deliveries a request wants: every parameter is bounded and checked.

use std::fmt;
use std::str::FromStr;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use nabat_core::delivery::{DeliveryId, Priority};
use nabat_core::destination::{Destination, NoDestination};
use nabat_core::time::{Timestamp, parse_period};

use super::shape::State;
use crate::web::answer::Problem;

/// How many deliveries are shown at once, unless the request says, and at the most.
const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 1_000;
/// How much of a mistake is repeated to whoever made it.
const WORDS_CHARS_MAX: usize = 300;

/// The parameters as they come.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    /// Only those in these states, separated by commas: `waiting`, `sent`, `uncertain`, `failed`,
    /// `unreachable`, `dropped`, `moved`.
    #[schemars(regex(
        pattern = "^(waiting|sent|uncertain|failed|unreachable|dropped|moved)(,(waiting|sent|uncertain|failed|unreachable|dropped|moved))*$"
    ))]
    state: Option<String>,
    /// Only those to this destination: `chat/BOT/CHAT[/TOPIC]` or `integration/NUMBER`.
    destination: Option<String>,
    /// How many at the most. Without it, 100.
    #[schemars(with = "Option<u16>", range(min = 1, max = 1000))]
    limit: Option<String>,
    /// What the page before gave as `next`.
    before: Option<String>,
}

/// The parameters, checked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// Empty: all.
    pub(super) states: Vec<State>,
    pub(super) destination: Option<Destination>,
    pub(super) limit: usize,
    pub(super) from: Option<Place>,
}

/// A place in the list: what follows this delivery is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Among those that wait.
    Waiting(Priority, DeliveryId),
    /// In the history.
    Past(DeliveryId),
}

impl Wish {
    pub(super) fn read(params: Result<Query<Params>, QueryRejection>) -> Result<Self, Problem> {
        let Query(params) = params.map_err(|rejection| wrong(cut(&rejection.body_text())))?;
        let states = params.state.iter().flat_map(|list| list.split(','));
        let states: Result<Vec<State>, _> = states.map(str::parse).collect();
        let destination = params.destination.as_deref().map(destination).transpose()?;
        Ok(Self {
            states: states.map_err(|error| wrong(error.to_string()))?,
            destination,
            limit: limit(params.limit.as_deref()).map_err(wrong)?,
            from: params.before.as_deref().map(place).transpose()?,
        })
    }

    /// Whether deliveries that wait are among the wanted.
    pub(super) fn waiting(&self) -> bool {
        let not_past_them = !matches!(self.from, Some(Place::Past(_)));
        let wanted = self.states.is_empty() || self.states.contains(&State::Waiting);
        wanted && not_past_them
    }

    /// Whether deliveries of the history are among the wanted.
    pub(super) fn past(&self) -> bool {
        self.states.is_empty() || self.states.iter().any(|state| *state != State::Waiting)
    }
}

/// As much of a mistake as is repeated to whoever made it.
pub(super) fn cut(words: &str) -> String {
    words.chars().take(WORDS_CHARS_MAX).collect()
}

fn destination(text: &str) -> Result<Destination, Problem> {
    text.parse()
        .map_err(|error: NoDestination| wrong(cut(&error.to_string())))
}

/// How many of a list are wanted.
///
/// # Errors
/// What is wrong with the number.
pub(super) fn limit(text: Option<&str>) -> Result<usize, String> {
    let Some(text) = text else {
        return Ok(LIMIT_DEFAULT);
    };
    let limit = text.parse().ok();
    limit
        .filter(|limit| (1..=LIMIT_MAX).contains(limit))
        .ok_or_else(|| format!("`limit` is a whole number from 1 to {LIMIT_MAX}"))
}

/// A moment, or how long ago it was.
pub(super) fn moment(text: &str, now: Timestamp) -> Result<Timestamp, ()> {
    if let Ok(period) = parse_period(text) {
        return Ok(now.before(period));
    }
    match Timestamp::parse_rfc3339(text) {
        // Go's zero time lies before everything, and so does the beginning of 1970.
        Ok(None) if !text.is_empty() => Ok(Timestamp::default()),
        read => read.ok().flatten().ok_or(()),
    }
}

/// What follows `after` of a list that is sorted by name, and what to go on with if there is more.
pub(super) fn after<T>(
    all: Vec<T>,
    name: impl Fn(&T) -> &str,
    after: Option<&str>,
    limit: usize,
) -> (Vec<T>, Option<String>) {
    let follows = |item: &T| after.is_none_or(|after| name(item) > after);
    let mut rest = all.into_iter().filter(follows);
    let page: Vec<T> = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let next = page
        .last()
        .filter(|_| more)
        .map(|last| name(last).to_owned());
    (page, next)
}

fn place(text: &str) -> Result<Place, Problem> {
    text.parse()
        .map_err(|()| wrong("`before` is not what a list gave as `next`".to_owned()))
}

fn wrong(message: String) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid_query",
        message,
        "a list takes `state`, `destination`, `limit` and `before`",
    )
}

/// `waiting-news-12` or `12`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting(priority, id) => {
                let urgency = serde_json::to_value(priority).map_err(|_| fmt::Error)?;
                write!(
                    f,
                    "waiting-{}-{}",
                    urgency.as_str().unwrap_or_default(),
                    id.0
                )
            }
            Self::Past(id) => write!(f, "{}", id.0),
        }
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let id = |text: &str| text.parse().map(DeliveryId).map_err(drop);
        let Some(rest) = text.strip_prefix("waiting-") else {
            return id(text).map(Self::Past);
        };
        let (urgency, number) = rest.split_once('-').ok_or(())?;
        let priority = serde_json::from_value(urgency.into()).map_err(drop)?;
        Ok(Self::Waiting(priority, id(number)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Wish, Problem> {
        let uri = format!("/x?{query}").parse().unwrap();
        Wish::read(Query::try_from_uri(&uri))
    }

    #[test]
    fn what_is_asked_for_is_read() {
        let all = read("").unwrap();
        assert!(all.waiting() && all.past());
        assert_eq!(all.limit, 100);
        let wish = read("state=failed,waiting&destination=chat/7/-5&limit=1000&before=12").unwrap();
        assert_eq!(wish.states, [State::Failed, State::Waiting]);
        assert_eq!(wish.destination.unwrap().to_string(), "chat/7/-5");
        assert_eq!(wish.from, Some(Place::Past(DeliveryId(12))));
        assert!(!wish.waiting() && wish.past());
        assert!(!read("state=waiting").unwrap().past());
        assert!(!read("state=sent").unwrap().waiting());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for query in [
            "limit=0",
            "limit=1001",
            "limit=x",
            "limit=-1",
            "state=gone",
            "state=",
            "before=x",
            "before=waiting-1",
            "before=waiting-loud-1",
            "destination=mail/1",
            "stat=failed",
            "limit=1&limit=2",
        ] {
            assert!(read(query).is_err(), "{query}");
        }
    }

    #[test]
    fn a_place_is_read_as_it_is_written() {
        for priority in [Priority::Answer, Priority::Critical, Priority::Stranger] {
            let place = Place::Waiting(priority, DeliveryId(12));
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        let place = Place::Past(DeliveryId(12));
        assert_eq!(place.to_string().parse(), Ok(place));
    }
}
