//! `/api/v1/incidents`: what fires and what fired, for how long, who was told and who took it.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use nabat_core::history::{Entry, What};
use nabat_core::incident::{self, IncidentId, title_of};
use nabat_core::subscription::Selector;
use nabat_core::time::Timestamp;
use nabat_core::token::Role;

use super::caller::{Scoped, Viewer};
use super::operation::{self, Operation};
use super::request::Number;
use super::shape::incident::{Happened, Incident, Incidents, Kind};
use super::{look_back, page};
use crate::clock;
use crate::store::IncidentQuery;
use crate::web;
use crate::web::answer::Problem;

const HINT: &str = "a list takes `state` (`open` or `ended`), `filter` (`severity=critical team=~\"db|web\"`) or `title` (an expression), `since` and `until` (`24h` or RFC 3339), `limit` and `before`";

/// The parameters as they come.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Only those that fire, or only those that are over.
    #[schemars(extend("enum" = ["open", "ended"]))]
    state: Option<String>,
    /// Label matchers, such as `severity=critical team=~"db|web"`: only those that all of them take.
    /// Not together with `title`.
    #[schemars(length(max = 1000))]
    filter: Option<String>,
    /// An expression that is looked for in the title, as in `/regexp`. Not together with `filter`.
    #[schemars(length(max = 1000))]
    title: Option<String>,
    /// Only those that were open after this: a moment in RFC 3339, or how long ago (`24h`).
    since: Option<String>,
    /// Only those that were opened before this: a moment in RFC 3339, or how long ago.
    until: Option<String>,
    /// How many at the most. Without it, 100.
    #[schemars(with = "Option<u16>", range(min = 1, max = 1000))]
    limit: Option<String>,
    /// What the page before gave as `next`.
    #[schemars(regex(pattern = "^[0-9]{1,18}$"))]
    before: Option<String>,
}

/// What can be asked.
pub(super) fn operations() -> [Operation; 2] {
    [
        operation::get("/api/v1/incidents", list)
            .named("listIncidents", "List incidents")
            .about("Those that fire and those that ended, the one that was opened last first. A token with a scope sees those in it.")
            .needs(Role::Viewer)
            .query::<Params>()
            .gives::<Incidents>(StatusCode::OK, "Some incidents."),
        operation::get("/api/v1/incidents/{id}", show)
            .named("getIncident", "Show an incident and what happened to it")
            .needs(Role::Viewer)
            .number("id", "The number of an incident.")
            .gives::<Incident>(StatusCode::OK, "The incident, with its history."),
    ]
}

/// Lists incidents.
async fn list(
    State(state): State<web::State>,
    Scoped(viewer): Scoped<Viewer>,
    params: Result<Query<Params>, QueryRejection>,
) -> Result<Json<Incidents>, Problem> {
    let now = clock::now();
    let mut query = read(params, now)?;
    query.scope = Arc::clone(&viewer.caller.scope);
    let found = look_back(&state, move |history| history.incidents(&query)).await?;
    let incidents = found.incidents.into_iter();
    Ok(Json(Incidents {
        incidents: incidents.map(|known| shown(known, now)).collect(),
        next: found.next.map(|id| id.0.to_string()),
    }))
}

/// Shows one incident and what happened to it.
async fn show(
    State(state): State<web::State>,
    Scoped(viewer): Scoped<Viewer>,
    Number(id): Number,
) -> Result<Json<Incident>, Problem> {
    let id = IncidentId(id);
    let found = look_back(&state, move |history| {
        let found = history.incident(id)?;
        let entries = history.entries(id)?;
        Ok(found.map(|found| (found, entries)))
    });
    let seen = found
        .await?
        .filter(|(found, _)| viewer.caller.sees(&found.labels));
    let Some((found, entries)) = seen else {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is no incident {}", id.0),
            "what ended is kept as long as `history` in the configuration says",
        ));
    };
    let mut shown = shown(found, clock::now());
    shown.history = Some(happened(&state, entries).await?);
    Ok(Json(shown))
}

async fn happened(state: &web::State, entries: Vec<Entry>) -> Result<Vec<Happened>, Problem> {
    let destination = |entry: &Entry| match entry.what {
        What::Told { destination, .. } => Some(destination),
        What::Acknowledged { .. } | What::Unattended | What::Silenced { .. } => None,
    };
    let destinations = entries.iter().filter_map(destination).collect();
    let mut names = state.engine.names(destinations).await?.into_iter();
    let happened = entries.into_iter().map(|entry| {
        let name = match entry.what {
            What::Silenced { silence, .. } => Some(state.api.names.uuid(silence)),
            _ => destination(&entry).and_then(|_| names.next()),
        };
        Happened {
            at: entry.at.to_string(),
            what: Kind::of(entry.what, name.unwrap_or_default()),
        }
    });
    Ok(happened.collect())
}

fn shown(known: incident::Incident, now: Timestamp) -> Incident {
    let ended_at = match known.state {
        incident::State::Ended { at, .. } => Some(at),
        incident::State::Firing | incident::State::Stale => None,
    };
    Incident {
        id: known.id.0,
        fingerprint: known.fingerprint.to_string(),
        title: title_of(&known.labels, &known.annotations),
        severity: known.severity(),
        state: known.state.into(),
        starts_at: known.starts_at.to_string(),
        opened_at: known.opened_at.to_string(),
        ended_at: ended_at.map(|at| at.to_string()),
        seconds: ended_at.unwrap_or(now).since(known.starts_at).as_secs(),
        flaps: known.flaps,
        acknowledged: known
            .acknowledged
            .as_deref()
            .filter(|_| ended_at.is_none())
            .map(Into::into),
        labels: known.labels,
        annotations: known.annotations,
        links: known.links,
        history: None,
    }
}

fn read(
    params: Result<Query<Params>, QueryRejection>,
    now: Timestamp,
) -> Result<IncidentQuery, Problem> {
    let Query(params) = params.map_err(|rejection| wrong(page::cut(&rejection.body_text())))?;
    let time = |name: &str, text: Option<&str>| {
        text.map(|text| page::moment(text, now))
            .transpose()
            .map_err(|()| wrong(format!("`{name}` is no time: `24h`, `7d` or RFC 3339")))
    };
    let id = |text: &str| {
        text.parse()
            .map(IncidentId)
            .map_err(|_| wrong("`before` is not what a list gave as `next`".to_owned()))
    };
    let since = time("since", params.since.as_deref())?;
    let until = time("until", params.until.as_deref())?;
    if since.zip(until).is_some_and(|(since, until)| since > until) {
        return Err(wrong("`since` lies after `until`".to_owned()));
    }
    Ok(IncidentQuery {
        open: match params.state.as_deref() {
            None => None,
            Some("open") => Some(true),
            Some("ended") => Some(false),
            Some(_) => return Err(wrong("`state` is `open` or `ended`".to_owned())),
        },
        selector: selector(params.filter.as_deref(), params.title.as_deref())?,
        since,
        until,
        limit: page::limit(params.limit.as_deref()).map_err(wrong)?,
        before: params.before.as_deref().map(id).transpose()?,
        scope: Arc::default(),
    })
}

fn selector(filter: Option<&str>, title: Option<&str>) -> Result<Option<Selector>, Problem> {
    /// More characters than this nobody writes by hand; each alert is compared with them.
    const CHARS_MAX: usize = 1_000;
    let too_long = |text: &&str| text.chars().count() > CHARS_MAX;
    if filter.iter().chain(&title).any(too_long) {
        return Err(wrong(format!(
            "more than {CHARS_MAX} characters to look for"
        )));
    }
    match (filter, title) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(wrong("either `filter` or `title`, not both".to_owned())),
        (Some(filter), None) => Selector::labels(filter)
            .map(Some)
            .map_err(|error| wrong(page::cut(&format!("`filter`: {error}")))),
        (None, Some(title)) => Selector::title(title)
            .map(Some)
            .map_err(|error| wrong(page::cut(&format!("`title`: {error}")))),
    }
}

fn wrong(message: String) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_query", message, HINT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Result<IncidentQuery, Problem> {
        let uri = format!("/x?{text}").parse().unwrap();
        read(Query::try_from_uri(&uri), Timestamp::from_millis(3_600_000))
    }

    #[test]
    fn what_is_asked_for_is_read() {
        let all = query("").unwrap();
        assert_eq!((all.limit, all.open, all.selector), (100, None, None));
        let some =
            query("state=open&filter=a%3Db&since=1h&until=1970-01-01T00:30:00Z&limit=5&before=9");
        let some = some.unwrap();
        assert_eq!((some.open, some.limit), (Some(true), 5));
        assert_eq!(some.since, Some(Timestamp::from_millis(0)));
        let all = query("since=0001-01-01T00:00:00Z").unwrap();
        assert_eq!(all.since, Some(Timestamp::from_millis(0)));
        assert_eq!(some.until, Some(Timestamp::from_millis(1_800_000)));
        assert_eq!(some.before, Some(IncidentId(9)));
        assert_eq!(some.selector.unwrap().to_string(), "a=\"b\"");
        let title = query("title=disk").unwrap().selector;
        assert_eq!(title, Some(Selector::title("disk").unwrap()));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in [
            "state=gone",
            "filter=%3D",
            "title=(",
            "filter=a%3Db&title=b",
            "since=yesterday",
            "until=",
            "since=1h&until=2h",
            "limit=0",
            "before=x",
            "nonsense=1",
        ] {
            assert!(query(text).is_err(), "{text}");
        }
        let long = format!("title={}", "a".repeat(1_001));
        assert!(query(&long).is_err());
    }
}
