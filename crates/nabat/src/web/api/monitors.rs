//! `/api/v1/monitors`: what Nabat watches by itself.

mod history;
mod refused;
mod samples;
mod shown;
mod tell;

use std::path::Path;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use nabat_core::monitor::record::Origin;
use nabat_core::monitor::{Status, Trouble};
use nabat_core::time::parse_period;
use nabat_core::token::Role;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::{Admin, Caller, Operator, Scoped, Viewer};
use super::once::Receipt;
use super::operation::{self, MERGE_PATCH, Operation};
use super::request::{Segment, Sent};
use super::shape::monitor::{
    Applied, Apply, History, Maintenance, Monitor, Monitors, Pings, Report, Samples, Summaries,
};
use super::{page, patch};
use crate::clock;
use crate::config::monitor::KINDS;
use crate::config::{self, Written, masking, parse_monitor, suggest};
use crate::probe::Reach;
use crate::watch::{self, Along, Filter, Mode, Put, PutDone, Refused, Shown, Wanted};
use crate::web;
use crate::web::answer::Problem;
use history::{history, pings};
use samples::{days, hours, samples};
use shown::shown;
use tell::Asked;

const LIST_HINT: &str =
    "a list takes `status` (such as `down,suspect`), `kind`, `text`, `limit` and `after`";

/// The longest parameter of a list, in characters.
const TEXT_CHARS_MAX: usize = 1_000;

/// The parameters as they come.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Only those with one of these statuses, such as `down,suspect`.
    #[schemars(regex(pattern = "^[a-z]+(,[a-z]+)*$"), length(max = 1000))]
    status: Option<String>,
    /// Only those of this kind, such as `ping`.
    #[schemars(extend("enum" = KINDS))]
    kind: Option<String>,
    /// Only those whose name or target contains this, in any case.
    #[schemars(length(max = 1000))]
    text: Option<String>,
    /// How many at the most. Without it, 100.
    #[schemars(with = "Option<u16>", range(min = 1, max = 1000))]
    limit: Option<String>,
    /// What the page before gave as `next`.
    #[schemars(length(max = 1000))]
    after: Option<String>,
}

/// What can be asked.
pub(super) fn operations() -> Vec<Operation> {
    const LIST: &str = "/api/v1/monitors";
    const ONE: &str = "/api/v1/monitors/{name}";
    let of_one = |operation: Operation| {
        let schema = json!({"type": "string", "minLength": 1, "maxLength": 100});
        operation.segment("name", "The name of a monitor.", schema)
    };
    let changes = |operation: Operation| {
        operation
            .fails(
                StatusCode::CONFLICT,
                "It is defined in the configuration, or in the way of another one.",
            )
            .fails(
                StatusCode::FORBIDDEN,
                "It may be made in the configuration only.",
            )
    };
    vec![
        operation::get(LIST, list)
            .named("listMonitors", "List monitors")
            .about("In the order of their names. A token with a scope sees those in it.")
            .needs(Role::Viewer)
            .query::<Params>()
            .gives::<Monitors>(StatusCode::OK, "Some monitors."),
        changes(operation::post(LIST, create))
            .named("createMonitor", "Make a monitor")
            .needs(Role::Admin)
            .takes::<config::Monitor>("What to watch, and how.")
            .example(json!({"name": "shop", "http": "https://shop.example.org/health"}))
            .gives::<Monitor>(StatusCode::CREATED, "The monitor.")
            .once(),
        changes(operation::post("/api/v1/monitors/apply", apply))
            .named("applyMonitors", "Bring monitors to be as they are wanted")
            .about("All of it is done, or nothing. With `dry_run` it is only said.")
            .needs(Role::Admin)
            .takes::<Apply>("The monitors that are wanted.")
            .example(json!({"monitors": [{"name": "router", "ping": "10.0.0.1"}], "dry_run": true}))
            .gives::<Applied>(StatusCode::OK, "What was done, or would be."),
        of_one(operation::get(ONE, show))
            .named("getMonitor", "Show a monitor")
            .needs(Role::Viewer)
            .gives::<Monitor>(StatusCode::OK, "The monitor."),
        changes(of_one(operation::put(ONE, replace)))
            .named("putMonitor", "Make a monitor, or replace it")
            .about("The same again changes nothing. A secret that is sent as `…` stays as it is.")
            .needs(Role::Admin)
            .takes::<config::Monitor>("What to watch, and how; `name` may be left out.")
            .example(json!({"http": "https://shop.example.org/health", "interval": "10s"}))
            .gives::<Monitor>(StatusCode::OK, "The monitor, which was there.")
            .gives::<Monitor>(StatusCode::CREATED, "The monitor, which was not."),
        changes(of_one(operation::patch(ONE, change)))
            .named("patchMonitor", "Change parts of a monitor")
            .needs(Role::Admin)
            .takes_as::<Value>(
                MERGE_PATCH,
                "The settings to change; `null` takes one away.",
            )
            .example(json!({"interval": "10s", "labels": {"team": "web"}}))
            .gives::<Monitor>(StatusCode::OK, "The monitor."),
        changes(of_one(operation::delete(ONE, remove)))
            .named("deleteMonitor", "Remove a monitor, with its history")
            .needs(Role::Admin)
            .gives_nothing(StatusCode::NO_CONTENT, "It is watched no more."),
        of_one(operation::post("/api/v1/monitors/{name}/pause", pause))
            .named("pauseMonitor", "Stop looking at a monitor")
            .needs(Role::Operator)
            .gives::<Monitor>(StatusCode::OK, "The monitor."),
        of_one(operation::post("/api/v1/monitors/{name}/resume", resume))
            .named("resumeMonitor", "Look at a monitor again")
            .needs(Role::Operator)
            .gives::<Monitor>(StatusCode::OK, "The monitor."),
        of_one(operation::post(
            "/api/v1/monitors/{name}/maintenance",
            maintain,
        ))
        .named("maintainMonitor", "Tell nobody of a monitor for a time")
        .needs(Role::Operator)
        .takes::<Maintenance>("For how long.")
        .gives::<Monitor>(StatusCode::OK, "The monitor."),
        of_one(operation::post("/api/v1/monitors/{name}/probe", probe))
            .named("probeMonitor", "Look at a monitor now")
            .needs(Role::Operator)
            .gives::<Report>(StatusCode::OK, "What was seen.")
            .fails(StatusCode::CONFLICT, "It is a heartbeat or a group."),
        of_one(operation::get("/api/v1/monitors/{name}/history", history))
            .named(
                "getMonitorHistory",
                "Show how a monitor stood, and its uptime",
            )
            .needs(Role::Viewer)
            .gives::<History>(StatusCode::OK, "Its intervals within a year."),
        of_one(operation::get("/api/v1/monitors/{name}/samples", samples))
            .named("listMonitorSamples", "List what each probe saw")
            .about("Of the last hour, unless the request says.")
            .needs(Role::Viewer)
            .query::<samples::Params>()
            .gives::<Samples>(StatusCode::OK, "The samples."),
        of_one(operation::get("/api/v1/monitors/{name}/hours", hours))
            .named(
                "listMonitorHours",
                "List what the hours of a monitor came to",
            )
            .about("Of the last day, unless the request says.")
            .needs(Role::Viewer)
            .query::<samples::Params>()
            .gives::<Summaries>(StatusCode::OK, "The hours."),
        of_one(operation::get("/api/v1/monitors/{name}/days", days))
            .named("listMonitorDays", "List what the days of a monitor came to")
            .about("Of the last 30 days, unless the request says.")
            .needs(Role::Viewer)
            .query::<samples::Params>()
            .gives::<Summaries>(StatusCode::OK, "The days."),
        of_one(operation::get("/api/v1/monitors/{name}/pings", pings))
            .named(
                "listMonitorPings",
                "List the last signs of life of a heartbeat",
            )
            .needs(Role::Viewer)
            .gives::<Pings>(StatusCode::OK, "The signs of life."),
        operation::post("/api/v1/probe", try_out)
            .named("probe", "Look once at what is no monitor, or not yet")
            .needs(Role::Admin)
            .takes::<config::Monitor>("What to look at, and how.")
            .example(json!({"name": "shop", "http": "https://shop.example.org/health"}))
            .gives::<Report>(StatusCode::OK, "What was seen.")
            .fails(StatusCode::CONFLICT, "It is a heartbeat.")
            .fails(StatusCode::FORBIDDEN, "It runs a command."),
    ]
}

/// Lists monitors.
async fn list(
    State(state): State<web::State>,
    Scoped(viewer): Scoped<Viewer>,
    params: Result<Query<Params>, QueryRejection>,
) -> Result<Json<Monitors>, Problem> {
    let wrong =
        |message| Problem::new(StatusCode::BAD_REQUEST, "invalid_query", message, LIST_HINT);
    let Query(params) = params.map_err(|error| wrong(page::cut(&error.body_text())))?;
    let texts = [&params.status, &params.kind, &params.text, &params.after];
    if let Some(long) = texts
        .into_iter()
        .flatten()
        .find(|text| text.chars().count() > TEXT_CHARS_MAX)
    {
        return Err(wrong(format!("`{}…` is too long", page::cut(long))));
    }
    if let Some(kind) = params.kind.as_deref()
        && !KINDS.contains(&kind)
    {
        return Err(wrong(no_kind(kind)));
    }
    let statuses = params.status.iter().flat_map(|list| list.split(','));
    let statuses = statuses
        .map(|status| serde_json::from_value(status.into()).map_err(|_| wrong(no_status(status))));
    let filter = Filter {
        statuses: statuses.collect::<Result<_, _>>()?,
        kind: params.kind,
        text: params.text,
        scope: Arc::clone(&viewer.caller.scope),
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
            .map(|(status, count)| (status.word().to_owned(), count))
            .collect(),
        monitors: found
            .monitors
            .into_iter()
            .map(|monitor| shown(monitor, &state, &viewer.caller))
            .collect(),
    }))
}

fn no_status(word: &str) -> String {
    let known = suggest::one_of(Status::ALL.map(Status::word));
    format!("`{}` is no status; a monitor is {known}", page::cut(word))
}

fn no_kind(word: &str) -> String {
    let known = suggest::one_of(KINDS);
    format!(
        "`{}` is no kind; those that there are: {known}",
        page::cut(word)
    )
}

/// The monitor of this name, if whoever asks may know of it.
async fn seen(state: &web::State, caller: &Caller, name: &str) -> Result<Shown, Problem> {
    let monitor = state.watch.one(name).await?;
    if caller.sees(&monitor.alert_labels(Trouble::Down)) {
        return Ok(monitor);
    }
    Err(Refused::Unknown {
        name: name.to_owned(),
    }
    .into())
}

/// Shows one monitor.
async fn show(
    State(state): State<web::State>,
    Scoped(viewer): Scoped<Viewer>,
    Segment(name): Segment,
) -> Result<Json<Monitor>, Problem> {
    let monitor = seen(&state, &viewer.caller, &name).await?;
    Ok(Json(shown(monitor, &state, &viewer.caller)))
}

/// Makes a monitor.
async fn create(
    State(state): State<web::State>,
    admin: Admin,
    receipt: Option<Extension<Receipt>>,
    Sent(mut definition): Sent<Value>,
) -> Result<(StatusCode, Json<Monitor>), Problem> {
    masking::unmask(&mut definition, &Value::Null)?;
    let written = written(&definition, "the body")?;
    let caller = admin.caller;
    let wanted = wanted_by(&state, &caller, written, &mut Asked::default()).await?;
    let along = receipt.map(|Extension(receipt)| {
        let (state, caller) = (state.clone(), caller.clone());
        Along::new(move |made| {
            receipt.kept(StatusCode::CREATED, &shown(made.clone(), &state, &caller))
        })
    });
    answer(&state, &caller, state.watch.make(wanted, along).await?)
}

/// Makes a monitor, or replaces the one of this name.
async fn replace(
    State(state): State<web::State>,
    admin: Admin,
    Segment(name): Segment,
    Sent(mut definition): Sent<Value>,
) -> Result<(StatusCode, Json<Monitor>), Problem> {
    unmask(&mut definition, &name, &state).await?;
    let written = named(definition, &name)?;
    let wanted = wanted_by(&state, &admin.caller, written, &mut Asked::default()).await?;
    let put = state.watch.put(vec![wanted], Mode::Replace).await?;
    answer(&state, &admin.caller, put)
}

/// Changes parts of a monitor.
async fn change(
    State(state): State<web::State>,
    admin: Admin,
    Segment(name): Segment,
    Sent(wanted): Sent<Value>,
) -> Result<Json<Monitor>, Problem> {
    let mut asked = Asked::default();
    loop {
        let known = state.watch.one(&name).await?;
        let before = known.definition();
        // What is not mentioned is kept as if it came back masked.
        let mut definition = masking::masked(&before, true);
        patch::merge(&mut definition, wanted.clone());
        masking::unmask(&mut definition, &before)?;
        let written = named(definition, &name)?;
        let written = wanted_by(&state, &admin.caller, written, &mut asked).await?;
        let mode = Mode::Change(known.record.changed_at);
        match state.watch.put(vec![written], mode).await {
            // Somebody else was faster, so it is their monitor that is to be changed.
            Err(Refused::Overtaken { .. }) => {}
            put => return Ok(answer(&state, &admin.caller, put?)?.1),
        }
    }
}

/// Puts the secrets of the monitor of this name, if there is one, where a definition is masked.
async fn unmask(definition: &mut Value, name: &str, state: &web::State) -> Result<(), Problem> {
    if !masking::has_mask(definition) {
        return Ok(());
    }
    let known = match state.watch.one(name).await {
        Ok(known) => known.definition(),
        Err(Refused::Unknown { .. }) => Value::Null,
        Err(refused) => return Err(refused.into()),
    };
    Ok(masking::unmask(definition, &known)?)
}

/// Removes a monitor, with its history.
async fn remove(
    State(state): State<web::State>,
    _: Admin,
    Segment(name): Segment,
) -> Result<StatusCode, Problem> {
    state.watch.remove(vec![name]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stops looking at a monitor.
async fn pause(
    State(state): State<web::State>,
    Scoped(operator): Scoped<Operator>,
    Segment(name): Segment,
) -> Result<Json<Monitor>, Problem> {
    seen(&state, &operator.caller, &name).await?;
    let monitor = state.watch.pause(&name, true).await?;
    Ok(Json(shown(monitor, &state, &operator.caller)))
}

/// Looks at a monitor again.
async fn resume(
    State(state): State<web::State>,
    Scoped(operator): Scoped<Operator>,
    Segment(name): Segment,
) -> Result<Json<Monitor>, Problem> {
    seen(&state, &operator.caller, &name).await?;
    let monitor = state.watch.pause(&name, false).await?;
    Ok(Json(shown(monitor, &state, &operator.caller)))
}

/// Tells nobody of a monitor for a time.
async fn maintain(
    State(state): State<web::State>,
    Scoped(operator): Scoped<Operator>,
    Segment(name): Segment,
    Sent(wanted): Sent<Maintenance>,
) -> Result<Json<Monitor>, Problem> {
    seen(&state, &operator.caller, &name).await?;
    let duration = parse_period(&wanted.duration).map_err(|error| {
        let hint = "`duration` is a period such as `2h`; `0` ends the maintenance";
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_content",
            error.to_string(),
            hint,
        )
    })?;
    let until = (!duration.is_zero()).then(|| clock::now().after(duration));
    let monitor = state.watch.maintain(&name, until).await?;
    Ok(Json(shown(monitor, &state, &operator.caller)))
}

/// Looks at a monitor now.
async fn probe(
    State(state): State<web::State>,
    Scoped(operator): Scoped<Operator>,
    Segment(name): Segment,
) -> Result<Json<Report>, Problem> {
    seen(&state, &operator.caller, &name).await?;
    Ok(Json(state.watch.probe(&name).await?.into()))
}

/// Looks once at what is no monitor, or not yet.
async fn try_out(
    State(state): State<web::State>,
    _: Admin,
    Sent(mut definition): Sent<Value>,
) -> Result<Json<Report>, Problem> {
    masking::unmask(&mut definition, &Value::Null)?;
    let Written { monitor, .. } = written(&definition, "the body")?;
    if monitor.runs_a_command() {
        return Err(Refused::Command {
            name: monitor.name.clone(),
        }
        .into());
    }
    let report = state.watch.try_out(&monitor, Reach::Anywhere).await?;
    Ok(Json(report.into()))
}

/// Makes, changes and removes so many monitors at once that those of the body are there.
async fn apply(
    State(state): State<web::State>,
    admin: Admin,
    Sent(mut wanted): Sent<Apply>,
) -> Result<Json<Applied>, Problem> {
    let mut monitors = Vec::with_capacity(wanted.monitors.len());
    let mut asked = Asked::default();
    for (i, definition) in wanted.monitors.iter_mut().enumerate() {
        let place = format!("monitors[{i}]");
        let name = definition.get("name").and_then(Value::as_str);
        let name = name.unwrap_or_default().to_owned();
        let unmasked = unmask(definition, &name, &state).await;
        unmasked.map_err(|problem| problem.at(&place))?;
        let written = written(definition, &place)?;
        monitors.push(wanted_by(&state, &admin.caller, written, &mut asked).await?);
    }
    let how = watch::Apply {
        prune: wanted.prune,
        dry_run: wanted.dry_run,
    };
    let applied = state.watch.apply(monitors, how).await?;
    Ok(Json(Applied {
        created: applied.created,
        changed: applied.changed,
        removed: applied.removed,
        same: applied.same,
    }))
}

fn answer(
    state: &web::State,
    caller: &Caller,
    mut put: Vec<Put>,
) -> Result<(StatusCode, Json<Monitor>), Problem> {
    let put = put.pop().ok_or(crate::engine::NotTaken::Stopping)?;
    let status = match put.done {
        PutDone::Created => StatusCode::CREATED,
        PutDone::Changed | PutDone::Same => StatusCode::OK,
    };
    Ok((status, Json(shown(put.shown, state, caller))))
}

/// What somebody wants, once Telegram was asked about the chat that it is to tell by itself.
async fn wanted_by(
    state: &web::State,
    caller: &Caller,
    written: Written,
    asked: &mut Asked,
) -> Result<Wanted, Problem> {
    let known = match written.monitor.tell {
        Some(_) => state.watch.one(&written.monitor.name).await.ok(),
        None => None,
    };
    let (written, introduced) = tell::settle(state, written, known.as_ref(), asked).await?;
    Ok(Wanted {
        introduced,
        written,
        origin: Origin::Made {
            by: caller.name.to_string(),
            public_only: false,
        },
    })
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
    written(&definition, "the body")
}

/// A definition, checked; mistakes say that it stands at `place`.
fn written(definition: &Value, place: &str) -> Result<Written, Problem> {
    let text = definition.to_string();
    Ok(parse_monitor(Path::new(place), text.as_bytes())?)
}
