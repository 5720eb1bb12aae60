//! `/api/v1/monitors`: what Nabat watches by itself.

mod history;
mod samples;
mod shown;

use std::path::Path as FilePath;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use nabat_core::monitor::record::Origin;
use nabat_core::time::parse_period;
use serde::Deserialize;
use serde_json::Value;

use super::shape::monitor::{Applied, Apply, Maintenance, Monitor, Monitors, Report};
use super::{Admin, page};
use crate::clock;
use crate::config::{self, Written, monitor, parse_monitor};
use crate::probe::Reach;
use crate::watch::{self, Filter, Mode, PutDone, Refused, Wanted};
use crate::web;
use crate::web::answer::Problem;

pub(in crate::web) use history::{history, pings};
pub(in crate::web) use samples::{days, hours, samples};
pub(in crate::web) use shown::shown;

/// Who makes monitors by the API, as far as is known.
const MAKER: &str = "API";
const LIST_HINT: &str =
    "a list takes `status` (such as `down,suspect`), `kind`, `text`, `limit` and `after`";

/// The parameters as they come.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Params {
    status: Option<String>,
    kind: Option<String>,
    text: Option<String>,
    limit: Option<String>,
    after: Option<String>,
}

/// Lists monitors.
pub(in crate::web) async fn list(
    State(state): State<web::State>,
    _: Admin,
    params: Result<Query<Params>, QueryRejection>,
) -> Result<Json<Monitors>, Problem> {
    let wrong =
        |message| Problem::new(StatusCode::BAD_REQUEST, "invalid_query", message, LIST_HINT);
    let Query(params) = params.map_err(|error| wrong(page::cut(&error.body_text())))?;
    let statuses = params.status.iter().flat_map(|list| list.split(','));
    let statuses = statuses.map(|status| serde_json::from_value(status.into()));
    let filter = Filter {
        statuses: statuses
            .collect::<Result<_, _>>()
            .map_err(|_| wrong("`status` is no list of statuses".to_owned()))?,
        kind: params.kind,
        text: params.text,
        after: params.after,
        limit: page::limit(params.limit.as_deref()).map_err(wrong)?,
    };
    let found = state.watch.list(filter).await?;
    let last = found.monitors.last().filter(|_| found.more);
    Ok(Json(Monitors {
        next: last.map(|last| last.record.name.clone()),
        counts: found
            .counts
            .into_iter()
            .map(|(status, count)| (shown::word(&status), count))
            .collect(),
        monitors: found
            .monitors
            .into_iter()
            .map(|m| shown(m, &state))
            .collect(),
    }))
}

/// Shows one monitor.
pub(in crate::web) async fn show(
    State(state): State<web::State>,
    _: Admin,
    Path(name): Path<String>,
) -> Result<Json<Monitor>, Problem> {
    Ok(Json(shown(state.watch.one(&name).await?, &state)))
}

/// Makes a monitor.
pub(in crate::web) async fn create(
    State(state): State<web::State>,
    _: Admin,
    body: Bytes,
) -> Result<(StatusCode, Json<Monitor>), Problem> {
    let written = parse_monitor(FilePath::new("the body"), &body)?;
    put(&state, written, Mode::Create).await
}

/// Makes a monitor, or replaces the one of this name.
pub(in crate::web) async fn replace(
    State(state): State<web::State>,
    _: Admin,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<(StatusCode, Json<Monitor>), Problem> {
    let mut definition = definition(&body)?;
    if let Ok(known) = state.watch.one(&name).await {
        monitor::unmask(&mut definition, &known.definition);
    }
    let written = named(definition, &name)?;
    put(&state, written, Mode::Replace).await
}

/// Changes parts of a monitor, by JSON Merge Patch (RFC 7396).
pub(in crate::web) async fn change(
    State(state): State<web::State>,
    _: Admin,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<Monitor>, Problem> {
    let patch = definition(&body)?;
    let known = state.watch.one(&name).await?;
    let mut definition = (*known.definition).clone();
    merge(&mut definition, &patch);
    monitor::unmask(&mut definition, &known.definition);
    let written = named(definition, &name)?;
    let (_, shown) = put(&state, written, Mode::Change).await?;
    Ok(shown)
}

/// Removes a monitor, with its history.
pub(in crate::web) async fn remove(
    State(state): State<web::State>,
    _: Admin,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    state.watch.remove(vec![name]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stops looking at a monitor.
pub(in crate::web) async fn pause(
    State(state): State<web::State>,
    _: Admin,
    Path(name): Path<String>,
) -> Result<Json<Monitor>, Problem> {
    Ok(Json(shown(state.watch.pause(&name, true).await?, &state)))
}

/// Looks at a monitor again.
pub(in crate::web) async fn resume(
    State(state): State<web::State>,
    _: Admin,
    Path(name): Path<String>,
) -> Result<Json<Monitor>, Problem> {
    Ok(Json(shown(state.watch.pause(&name, false).await?, &state)))
}

/// Tells nobody of a monitor for a time.
pub(in crate::web) async fn maintain(
    State(state): State<web::State>,
    _: Admin,
    Path(name): Path<String>,
    body: Bytes,
) -> Result<Json<Monitor>, Problem> {
    let wanted: Maintenance = read(&body)?;
    let duration = parse_period(&wanted.duration).map_err(|error| {
        let hint = "`duration` is a period such as `2h`; `0` ends the maintenance";
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_body",
            error.to_string(),
            hint,
        )
    })?;
    let until = (!duration.is_zero()).then(|| clock::now().after(duration));
    Ok(Json(shown(
        state.watch.maintain(&name, until).await?,
        &state,
    )))
}

/// Looks at a monitor now.
pub(in crate::web) async fn probe(
    State(state): State<web::State>,
    _: Admin,
    Path(name): Path<String>,
) -> Result<Json<Report>, Problem> {
    Ok(Json(state.watch.probe(&name).await?.into()))
}

/// Looks once at what is no monitor, or not yet.
pub(in crate::web) async fn try_out(
    State(state): State<web::State>,
    _: Admin,
    body: Bytes,
) -> Result<Json<Report>, Problem> {
    let Written { monitor, .. } = parse_monitor(FilePath::new("the body"), &body)?;
    if monitor.runs_a_command() {
        return Err(Refused::Command { name: monitor.name }.into());
    }
    let report = state.watch.try_out(&monitor, Reach::Anywhere).await?;
    Ok(Json(report.into()))
}

/// Makes, changes and removes so many monitors at once that those of the body are there.
pub(in crate::web) async fn apply(
    State(state): State<web::State>,
    _: Admin,
    body: Bytes,
) -> Result<Json<Applied>, Problem> {
    let wanted: Apply = read(&body)?;
    let mut written = Vec::with_capacity(wanted.monitors.len());
    for (i, definition) in wanted.monitors.iter().enumerate() {
        let place = format!("monitors[{i}]");
        written.push(parse_monitor(
            FilePath::new(&place),
            definition.to_string().as_bytes(),
        )?);
    }
    let how = watch::Apply {
        prune: wanted.prune,
        dry_run: wanted.dry_run,
    };
    let wanted = written.into_iter().map(by_the_api).collect();
    let applied = state.watch.apply(wanted, how).await?;
    Ok(Json(Applied {
        created: applied.created,
        changed: applied.changed,
        removed: applied.removed,
        same: applied.same,
    }))
}

async fn put(
    state: &web::State,
    written: Written,
    mode: Mode,
) -> Result<(StatusCode, Json<Monitor>), Problem> {
    let mut put = state.watch.put(vec![by_the_api(written)], mode).await?;
    let put = put.pop().ok_or(crate::engine::NotTaken::Stopping)?;
    let status = match put.done {
        PutDone::Created => StatusCode::CREATED,
        PutDone::Changed | PutDone::Same => StatusCode::OK,
    };
    Ok((status, Json(shown(put.shown, state))))
}

fn by_the_api(written: Written) -> Wanted {
    Wanted {
        written,
        origin: Origin::Made {
            by: MAKER.to_owned(),
            public_only: false,
        },
    }
}

/// A definition without its name, or with this one.
fn named(mut definition: Value, name: &str) -> Result<Written, Problem> {
    if let Some(definition) = definition.as_object_mut() {
        let given = definition.entry("name").or_insert_with(|| name.into());
        if given.as_str() != Some(name) {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "other_name",
                "the name in the body is not that in the path",
                "leave it out of the body; to rename a monitor make another one and remove this one",
            ));
        }
    }
    let text = definition.to_string();
    Ok(parse_monitor(FilePath::new("the body"), text.as_bytes())?)
}

fn definition(body: &[u8]) -> Result<Value, Problem> {
    read(body)
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_body",
            format!(
                "the body is not the JSON that is wanted: {}",
                page::cut(&error.to_string())
            ),
            "see `/api/v1/openapi.json`",
        )
    })
}

/// JSON Merge Patch.
fn merge(target: &mut Value, patch: &Value) {
    let (Some(target), Some(patch)) = (target.as_object_mut(), patch.as_object()) else {
        *target = patch.clone();
        return;
    };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let message = refused.to_string();
        let (status, code, hint) = match refused {
            Refused::NotTaken(not_taken) => return not_taken.into(),
            Refused::Unknown { .. } => (
                StatusCode::NOT_FOUND,
                "not_found",
                "`GET /api/v1/monitors` lists them",
            ),
            Refused::UnknownKey => (
                StatusCode::NOT_FOUND,
                "not_found",
                "`nabat monitor show NAME` prints the address of a heartbeat",
            ),
            Refused::Exists { .. } => (
                StatusCode::CONFLICT,
                "exists",
                "choose another name, or replace it with `PUT /api/v1/monitors/NAME`",
            ),
            Refused::Configured { .. } => (
                StatusCode::CONFLICT,
                "configured",
                "change it under `monitors` in the configuration, and reload that",
            ),
            Refused::HasChildren { .. } => (
                StatusCode::CONFLICT,
                "has_children",
                "take it out of the `parents` of the other one first",
            ),
            Refused::KeyTaken { .. } => (
                StatusCode::CONFLICT,
                "key_taken",
                "choose another `key`, or leave it out",
            ),
            Refused::TooMany { .. } => (
                StatusCode::CONFLICT,
                "too_many_monitors",
                "raise `watch.max_monitors` in the configuration, or remove some",
            ),
            Refused::Command { .. } => (
                StatusCode::FORBIDDEN,
                "command",
                "define it under `monitors` in the configuration",
            ),
            Refused::NothingToProbe { .. } => (
                StatusCode::CONFLICT,
                "nothing_to_probe",
                "call its address yourself to see what happens",
            ),
            Refused::NoParent { .. } | Refused::Circle { .. } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_parents",
                "`parents` are the names of other monitors, without circles",
            ),
            Refused::BadRules { .. } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_monitor",
                "see docs/configuration.md for the bounds of each setting",
            ),
        };
        Self::new(status, code, message, hint)
    }
}

impl From<config::ConfigError> for Problem {
    fn from(error: config::ConfigError) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_monitor",
            error.to_string(),
            "the settings of a monitor are in docs/configuration.md, under `monitors`",
        )
    }
}
