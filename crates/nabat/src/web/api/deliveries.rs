//! `/api/v1/deliveries`: what waits, what became of the rest, and what people do about it.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;

use nabat_core::delivery::{Attempt, DeliveryId, Fate};
use nabat_core::engine::{Dropped, Pending, Wanted};
use nabat_core::token::Role;

use super::caller::{Operator, Viewer};
use super::look_back;
use super::operation::{self, Operation};
use super::page::{Params, Place, Wish};
use super::request::Number;
use super::shape::{self, Done, Page, Tried};
use crate::store::{self, Record};
use crate::web;
use crate::web::answer::Problem;

const LIST: &str = "/api/v1/deliveries";
const ONE: &str = "/api/v1/deliveries/{id}";
const ID: &str = "The number of a delivery.";

/// What can be asked.
pub(super) fn operations() -> [Operation; 4] {
    [
        operation::get(LIST, list)
            .named("listDeliveries", "List deliveries")
            .about(
                "Those that wait first, as they go next; then those that ended, the newest first.",
            )
            .needs(Role::Viewer)
            .query::<Params>()
            .gives::<Page>(StatusCode::OK, "Some deliveries."),
        operation::get(ONE, show)
            .named("getDelivery", "Show a delivery with its attempts")
            .needs(Role::Viewer)
            .number("id", ID)
            .gives::<shape::Delivery>(StatusCode::OK, "The delivery."),
        operation::delete(ONE, remove)
            .named("dropDelivery", "Drop a delivery that waits")
            .needs(Role::Operator)
            .number("id", ID)
            .gives::<Done>(StatusCode::OK, "It is not sent.")
            .fails(StatusCode::CONFLICT, "It is on its way, or does not wait."),
        operation::post("/api/v1/deliveries/{id}/retry", retry)
            .named("retryDelivery", "Try a delivery now, or its chat again")
            .needs(Role::Operator)
            .number("id", ID)
            .once()
            .gives::<Done>(
                StatusCode::OK,
                "It is tried now, or its chat is told again what matters.",
            )
            .fails(
                StatusCode::CONFLICT,
                "It is not sent again; or a request with this `Idempotency-Key` is being done.",
            ),
    ]
}

/// Lists deliveries.
async fn list(
    State(state): State<web::State>,
    _: Viewer,
    params: Result<Query<Params>, QueryRejection>,
) -> Result<Json<Page>, Problem> {
    let wish = Wish::read(params)?;
    page(&state, &wish).await.map(Json)
}

/// Shows one delivery with its attempts.
async fn show(
    State(state): State<web::State>,
    _: Viewer,
    Number(id): Number,
) -> Result<Json<shape::Delivery>, Problem> {
    let id = DeliveryId(id);
    let attempts = look_back(&state, move |history| history.attempts(id)).await?;
    let mut found = match state.engine.pending_one(id).await? {
        Some(pending) => waiting(pending),
        None => {
            let record = recorded(&state, id).await?;
            let names = state.engine.names(vec![record.done.destination]).await?;
            past(record, names.into_iter().next().unwrap_or_default())
        }
    };
    found.history = Some(attempts.into_iter().map(tried).collect());
    Ok(Json(found))
}

/// Has a delivery tried now, or its chat told again what matters.
async fn retry(
    State(state): State<web::State>,
    _: Operator,
    Number(id): Number,
) -> Result<Json<Done>, Problem> {
    let id = DeliveryId(id);
    if state.engine.retry_delivery(id).await? {
        return Ok(done(
            "hurried",
            "it is tried now; where the other side asked for a pause, after that pause",
        ));
    }
    let record = recorded(&state, id).await?;
    let destination = record.done.destination;
    if record.done.fate == Fate::Unreachable && state.engine.reach_again(destination).await? {
        return Ok(done(
            "reached_again",
            "its chat is tried again: it is told what still matters, as it is now, in new deliveries",
        ));
    }
    Err(not_again(&record))
}

/// Drops a delivery that waits.
async fn remove(
    State(state): State<web::State>,
    _: Operator,
    Number(id): Number,
) -> Result<Json<Done>, Problem> {
    let id = DeliveryId(id);
    match state.engine.drop_delivery(id).await? {
        Dropped::Done => {
            return Ok(done(
                "dropped",
                "it is not sent; the end of what may have been told already is told",
            ));
        }
        Dropped::OnItsWay => {
            return Err(Problem::new(
                StatusCode::CONFLICT,
                "on_its_way",
                format!("delivery {} is on its way at this moment", id.0),
                "look again in a moment whether it arrived, and drop it then if not",
            ));
        }
        Dropped::Unknown => {}
    }
    let record = recorded(&state, id).await?;
    Err(Problem::new(
        StatusCode::CONFLICT,
        "not_waiting",
        format!(
            "delivery {} does not wait: it is {}",
            id.0,
            shape::State::from(record.done.fate)
        ),
        "only a delivery that waits can be dropped",
    ))
}

async fn page(state: &web::State, wish: &Wish) -> Result<Page, Problem> {
    let mut deliveries = Vec::new();
    // One more than is shown tells whether there is more.
    let mut last = wish.from;
    if wish.waiting() {
        let wanted = Wanted {
            destination: wish.destination,
            after: match wish.from {
                Some(Place::Waiting(priority, id)) => Some((priority, id)),
                _ => None,
            },
            limit: wish.limit + 1,
        };
        let pending = state.engine.pending(wanted).await?;
        let more = pending.len() > wish.limit;
        for pending in pending.into_iter().take(wish.limit) {
            last = Some(Place::Waiting(
                pending.delivery.priority,
                pending.delivery.id,
            ));
            deliveries.push(waiting(pending));
        }
        if more {
            let next = last.map(|place| place.to_string());
            return Ok(Page { deliveries, next });
        }
    }
    if !wish.past() {
        let next = None;
        return Ok(Page { deliveries, next });
    }
    let room = wish.limit - deliveries.len();
    let query = store::Query {
        before: match wish.from {
            Some(Place::Past(id)) => Some(id),
            _ => None,
        },
        fates: wish
            .states
            .iter()
            .filter_map(|state| state.fate())
            .collect(),
        destination: wish.destination,
        limit: room + 1,
    };
    let mut records = look_back(state, move |history| history.deliveries(&query)).await?;
    let more = records.len() > room;
    records.truncate(room);
    if let Some(record) = records.last() {
        last = Some(Place::Past(record.done.id));
    }
    let destinations = records.iter().map(|record| record.done.destination);
    let names = state.engine.names(destinations.collect()).await?;
    for (record, name) in records.into_iter().zip(names) {
        // It may have ended after those that wait were looked at.
        if deliveries.iter().all(|known| known.id != record.done.id.0) {
            deliveries.push(past(record, name));
        }
    }
    let next = last.filter(|_| more).map(|place| place.to_string());
    Ok(Page { deliveries, next })
}

fn waiting(pending: Pending) -> shape::Delivery {
    let delivery = pending.delivery;
    shape::Delivery {
        id: delivery.id.0,
        destination: delivery.destination.to_string(),
        destination_name: pending.destination_name,
        subject: pending.subject,
        priority: delivery.priority,
        state: shape::State::Waiting,
        attempts: delivery.attempts,
        created_at: delivery.created_at.to_string(),
        done_at: None,
        last_error: delivery.last_error,
        history: None,
    }
}

fn past(record: Record, destination_name: String) -> shape::Delivery {
    let done = record.done;
    shape::Delivery {
        id: done.id.0,
        destination: done.destination.to_string(),
        destination_name,
        subject: done.subject,
        priority: done.priority,
        state: done.fate.into(),
        attempts: done.attempts,
        created_at: done.created_at.to_string(),
        done_at: Some(done.done_at.to_string()),
        last_error: record.last_error,
        history: None,
    }
}

fn tried(attempt: Attempt) -> Tried {
    Tried {
        number: attempt.number,
        at: attempt.at.to_string(),
        fate: attempt.fate,
        words: attempt.words,
    }
}

fn done(result: &str, message: &str) -> Json<Done> {
    Json(Done {
        result: result.to_owned(),
        message: message.to_owned(),
    })
}

async fn recorded(state: &web::State, id: DeliveryId) -> Result<Record, Problem> {
    let record = look_back(state, move |history| history.delivery(id)).await?;
    record.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("there is no delivery {}", id.0),
            "what ended is kept for 30 days; answers to people that arrived are not kept",
        )
    })
}

/// Why a delivery that ended is not sent again, and what to do instead.
fn not_again(record: &Record) -> Problem {
    let id = record.done.id.0;
    let words = record.last_error.as_deref().unwrap_or("no words were kept");
    let message = match record.done.fate {
        Fate::Sent | Fate::Retry => format!("delivery {id} was sent"),
        Fate::Uncertain => {
            format!("delivery {id} may have arrived ({words}), so it is not repeated")
        }
        Fate::Failed => format!("delivery {id} was refused for good ({words})"),
        Fate::Unreachable => format!(
            "delivery {id} did not arrive ({words}), but its destination takes messages by now and was told what still mattered"
        ),
        Fate::Dropped => format!("delivery {id} was dropped"),
        Fate::Moved => format!("delivery {id} went where its chat moved to"),
    };
    Problem::new(
        StatusCode::CONFLICT,
        "not_waiting",
        message,
        "what it said may not be true any more: `/alerts` in the chat shows what fires now, and ends are told as ever",
    )
}
