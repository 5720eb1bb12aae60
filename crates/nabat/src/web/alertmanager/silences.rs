//! `/api/v2/silences` and `/api/v2/silence/{id}`: making, reading and ending silences.

pub(crate) mod shape;

use std::cmp::Reverse;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{Request, StatusCode};
use axum::response::Response;

use nabat_core::matcher::Matcher;
use nabat_core::silence::{Draft, Origin, Phase, Refusal, Silence, SilenceId};
use nabat_core::time::Timestamp;

use super::answer::{REQUIRED, Refused, WRONG_FORMAT};
use super::{post, query, stream};
use crate::web::{self, webhook};
use shape::{Made, Mistake, Postable};

/// The largest body in bytes: more than a silence may be large, however it is written.
const BODY_BYTES_MAX: u64 = 256 << 10;

/// Lists silences: the active ones that end first, then those to come, then those that are over.
pub(super) async fn list(
    State(state): State<web::State>,
    Query(parameters): query::Parameters,
) -> Result<Response, Refused> {
    let filters = query::filters(&parameters)?;
    let [active, pending, expired] =
        ["active", "pending", "expired"].map(|name| query::flag(&parameters, name));
    let mut silences = state.engine.silences().await?;
    silences.retain(|silence| {
        let wanted = match silence.phase {
            Phase::Active { .. } => active,
            Phase::Pending => pending,
            Phase::Expired => expired,
        };
        wanted && contains(silence, &filters)
    });
    silences.sort_by_key(|silence| (place(silence), silence.id));
    let names = state.api.names;
    let list = move || {
        stream::array(silences, move |silence: Arc<Silence>, out: &mut Vec<u8>| {
            // Writing into memory does not fail.
            let _ = serde_json::to_writer(out, &shape::Gettable::of(&silence, names));
        })
    };
    stream::send(&state.turns, list).await
}

/// Whether a silence has each of these matchers, to the letter: not whether it covers the same.
fn contains(silence: &Silence, filters: &[Matcher]) -> bool {
    filters
        .iter()
        .all(|filter| silence.matchers.contains(filter))
}

fn place(silence: &Silence) -> (u8, Timestamp, Reverse<Timestamp>) {
    let never = Reverse(Timestamp::default());
    match silence.phase {
        Phase::Active { .. } => (0, silence.ends_at, never),
        Phase::Pending => (1, silence.starts_at, never),
        Phase::Expired => (2, Timestamp::default(), Reverse(silence.ends_at)),
    }
}

/// Makes a silence, or changes one.
pub(super) async fn set(
    State(state): State<web::State>,
    request: Request<Body>,
) -> Result<Json<Made>, Refused> {
    post::check_type(request.headers())?;
    let _room = webhook::room(&state, request.headers(), BODY_BYTES_MAX).await?;
    let body = webhook::read(request.into_body(), BODY_BYTES_MAX).await?;
    let posted = Postable::read(&body)?;
    let names = state.api.names;
    let id = posted.id.as_deref().filter(|id| !id.is_empty());
    // What is no name of a silence is that of none: no silence has the number 0.
    let id = id.map(|uuid| names.id(uuid).unwrap_or_default());
    let draft = Draft {
        id,
        origin: Origin::Api,
        ..posted.draft()?
    };
    let made = state.engine.set_silence(draft).await?;
    let id = made.map_err(|refusal| {
        let status = match refusal {
            Refusal::Unknown => StatusCode::NOT_FOUND,
            _ => StatusCode::BAD_REQUEST,
        };
        Refused::said(status, refusal.to_string())
    })?;
    Ok(Json(Made { id: names.uuid(id) }))
}

/// Shows one silence.
pub(super) async fn show(
    State(state): State<web::State>,
    Path(uuid): Path<String>,
) -> Result<Json<shape::Gettable>, Refused> {
    let names = state.api.names;
    let id = known(&state, &uuid)?;
    let silences = state.engine.silences().await?;
    let found = silences.iter().find(|silence| silence.id == id);
    found
        .map(|silence| Json(shape::Gettable::of(silence, names)))
        .ok_or(Refused::empty(StatusCode::NOT_FOUND))
}

/// Ends one silence.
pub(super) async fn expire(
    State(state): State<web::State>,
    Path(uuid): Path<String>,
) -> Result<(), Refused> {
    let id = known(&state, &uuid)?;
    match state.engine.expire_silence(id).await? {
        true => Ok(()),
        false => Err(Refused::empty(StatusCode::NOT_FOUND)),
    }
}

/// The silence that a path names.
fn known(state: &web::State, uuid: &str) -> Result<SilenceId, Refused> {
    if !is_uuid(uuid) {
        let message = format!("silenceID in path must be of type uuid: {uuid:?}");
        return Err(Refused::invalid(WRONG_FORMAT, message));
    }
    let id = state.api.names.id(uuid);
    id.ok_or(Refused::empty(StatusCode::NOT_FOUND))
}

/// Whether it is written like one: dashes may be left out.
fn is_uuid(text: &str) -> bool {
    let digits: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = digits.iter().map(|part| part.len()).collect();
    let hex = digits.iter().flat_map(|part| part.bytes());
    matches!(lengths.as_slice(), [8, 4, 4, 4, 12] | [32]) && { hex }
        .all(|byte| byte.is_ascii_hexdigit())
}

impl From<Mistake> for Refused {
    fn from(mistake: Mistake) -> Self {
        match mistake {
            Mistake::Unreadable(words) => Self::transport(
                StatusCode::BAD_REQUEST,
                format!("parsing silence body from \"\" failed, because {words}"),
            ),
            Mistake::Missing(what) => {
                Self::invalid(REQUIRED, format!("{what} in body is required"))
            }
            Mistake::NoMatchers => {
                Self::invalid(612, "matchers in body should have at least 1 items")
            }
            Mistake::Matcher(index, words) => Self::said(
                StatusCode::BAD_REQUEST,
                format!("silence invalid: invalid label matcher {index}: {words}"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_known_by_their_looks() {
        for (text, expected) in [
            ("11111111-2222-4333-8444-555555555555", true),
            ("11111111222243338444555555555555", true),
            ("1111111-12222-4333-8444-555555555555", false),
            ("xyz", false),
            ("", false),
            ("g1111111-2222-4333-8444-555555555555", false),
        ] {
            assert_eq!(is_uuid(text), expected, "{text}");
        }
    }
}
