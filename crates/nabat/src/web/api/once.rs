//! Requests that are done once: whoever got no answer sends the same again, with the same
//! `Idempotency-Key`, and is given the first answer again.
//!
//! Answers are kept in memory, for a day at most, and the oldest are forgotten when there are too
//! many; a restart forgets them all. What was refused changed nothing, is not kept and may be
//! mended under the same key.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use nabat_core::matcher::list_text;
use nabat_core::time::Timestamp;
use nabat_core::token::Role;
use sha2::{Digest as _, Sha256};

use super::caller::{Caller, Scoped, Viewer};
use super::request::BODY_BYTES_MAX;
use crate::web::answer::Problem;
use crate::web::webhook;
use crate::{clock, web};

/// The longest key, in bytes.
pub(super) const KEY_BYTES_MAX: usize = 255;
/// For how long an answer is given again.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3_600);
/// How much is kept in all.
const ANSWERS_MAX: usize = 10_000;
const BYTES_MAX: usize = 8 << 20;
/// What an answer costs beside its body.
const ANSWER_BYTES: usize = 512;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Whose key, and the key.
type Name = (Asker, Box<str>);
/// A token, and what it admitted to: with less than before it is given no answer of before.
type Asker = (Print, Role, String);
/// What tells one request from another.
type Print = [u8; 32];

/// The answers that may be given again. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Answers(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    known: HashMap<Name, Entry>,
    /// Those that are done, the oldest first.
    done: VecDeque<(Timestamp, Name)>,
    bytes: usize,
}

#[derive(Debug)]
enum Entry {
    InHand(Print),
    Done(Print, Given),
}

/// An answer that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Given {
    status: StatusCode,
    kind: Option<HeaderValue>,
    body: Bytes,
}

/// What becomes of a request with a key.
enum Turn {
    /// It is the first.
    First(InHand),
    Again(Given),
    Refused(Problem),
}

/// A request that is being done; forgotten when dropped, unless it is settled.
struct InHand {
    answers: Answers,
    name: Name,
}

/// Lets a request with a key through once, and all others as they are.
pub(super) async fn once(
    State(state): State<web::State>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if !request.headers().contains_key(KEY) {
        return Ok(next.run(request).await);
    }
    let (mut parts, body) = request.into_parts();
    // Before anything is read for whoever may not.
    let Scoped(Viewer { caller, .. }) = Scoped::from_request_parts(&mut parts, &state).await?;
    let key = key(&parts.headers)?;
    let _room = webhook::room(&state, &parts.headers, BODY_BYTES_MAX).await?;
    let body = webhook::read(body, BODY_BYTES_MAX).await?;
    let mut print = Sha256::new();
    for part in [parts.method.as_str(), &parts.uri.to_string()] {
        print.update(part);
        print.update([0]);
    }
    print.update(&body);
    let answers = &state.api.answers;
    let in_hand = match answers.turn((asker(&caller), key), print.finalize().into(), clock::now()) {
        Turn::First(in_hand) => in_hand,
        Turn::Again(given) => return Ok(again(given)),
        Turn::Refused(problem) => return Err(problem),
    };
    let request = Request::from_parts(parts, Body::from(body));
    // On a task of its own: it is finished even if whoever asked goes away.
    let done = tokio::spawn(async move {
        let (parts, body) = next.run(request).await.into_parts();
        let body = axum::body::to_bytes(body, BYTES_MAX).await;
        let body = body.unwrap_or_default();
        let given = Given {
            status: parts.status,
            kind: parts.headers.get(header::CONTENT_TYPE).cloned(),
            body: body.clone(),
        };
        if parts.status.is_success() {
            in_hand.settle(given, clock::now());
        }
        Response::from_parts(parts, Body::from(body))
    });
    done.await.map_err(|_| {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "panicked",
            "Nabat made a mistake",
            "please report the panic from the log",
        )
    })
}

fn asker(caller: &Caller) -> Asker {
    (caller.id, caller.role, list_text(&caller.scope))
}

fn key(headers: &HeaderMap) -> Result<Box<str>, Problem> {
    let mut all = headers.get_all(KEY).iter();
    let (first, second) = (all.next(), all.next());
    let key = first.and_then(|key| key.to_str().ok()).map(str::trim);
    match key.filter(|key| !key.is_empty() && key.len() <= KEY_BYTES_MAX) {
        Some(key) if second.is_none() => Ok(key.into()),
        _ => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_idempotency_key",
            "the `Idempotency-Key` can't be read",
            format!("send one of 1 to {KEY_BYTES_MAX} characters of ASCII, such as a random UUID"),
        )),
    }
}

fn again(given: Given) -> Response {
    let mut response = (given.status, given.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if let Some(kind) = given.kind {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

impl Answers {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self, name: Name, print: Print, now: Timestamp) -> Turn {
        let mut kept = self.kept();
        kept.forget(now);
        match kept.known.get(&name) {
            Some(Entry::InHand(known) | Entry::Done(known, _)) if *known != print => {
                Turn::Refused(Problem::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "idempotency_key_reused",
                    "another request had this `Idempotency-Key`",
                    "send the same request as then, or take a new key",
                ))
            }
            Some(Entry::InHand(_)) => Turn::Refused(Problem::new(
                StatusCode::CONFLICT,
                "in_hand",
                "the request with this `Idempotency-Key` is being done",
                "send it again in a moment to get its answer",
            )),
            Some(Entry::Done(_, given)) => Turn::Again(given.clone()),
            None => {
                kept.known.insert(name.clone(), Entry::InHand(print));
                Turn::First(InHand {
                    answers: self.clone(),
                    name,
                })
            }
        }
    }
}

impl Kept {
    /// Forgets what is too old or too much.
    fn forget(&mut self, now: Timestamp) {
        let old = now.before(KEPT_FOR);
        while let Some((at, _)) = self.done.front() {
            let much = self.done.len() > ANSWERS_MAX || self.bytes > BYTES_MAX;
            if *at > old && !much {
                return;
            }
            if let Some((_, name)) = self.done.pop_front()
                && let Some(Entry::Done(_, given)) = self.known.remove(&name)
            {
                self.bytes -= given.bytes();
            }
        }
    }
}

impl Given {
    fn bytes(&self) -> usize {
        ANSWER_BYTES + self.body.len()
    }
}

impl InHand {
    /// Keeps the answer.
    fn settle(self, given: Given, now: Timestamp) {
        let mut kept = self.answers.kept();
        let Some(Entry::InHand(print)) = kept.known.get(&self.name) else {
            return;
        };
        let print = *print;
        kept.bytes += given.bytes();
        kept.done.push_back((now, self.name.clone()));
        kept.known
            .insert(self.name.clone(), Entry::Done(print, given));
        kept.forget(now);
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        let mut kept = self.answers.kept();
        if matches!(kept.known.get(&self.name), Some(Entry::InHand(_))) {
            kept.known.remove(&self.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem;

    const NOON: Timestamp = Timestamp::from_millis(43_200_000);

    fn name(key: &str) -> Name {
        (([1; 32], Role::Admin, String::new()), key.into())
    }

    fn given(body: &'static str) -> Given {
        Given {
            status: StatusCode::CREATED,
            kind: None,
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    fn first(answers: &Answers, key: &str, now: Timestamp) -> Option<InHand> {
        match answers.turn(name(key), [1; 32], now) {
            Turn::First(in_hand) => Some(in_hand),
            _ => None,
        }
    }

    fn status(turn: Turn) -> StatusCode {
        match turn {
            Turn::First(_) => StatusCode::CONTINUE,
            Turn::Again(given) => given.status,
            Turn::Refused(problem) => problem.status(),
        }
    }

    #[test]
    fn a_request_is_done_once_and_answered_as_often_as_it_comes() {
        let answers = Answers::default();
        let in_hand = first(&answers, "a", NOON).unwrap();
        let turn = |print: u8| status(answers.turn(name("a"), [print; 32], NOON));
        assert_eq!(turn(1), StatusCode::CONFLICT);
        assert_eq!(turn(2), StatusCode::UNPROCESSABLE_ENTITY);
        for other in [([2; 32], Role::Admin), ([1; 32], Role::Viewer)] {
            let other = ((other.0, other.1, String::new()), "a".into());
            let other = answers.turn(other, [1; 32], NOON);
            assert!(matches!(other, Turn::First(_)));
        }
        in_hand.settle(given("made"), NOON);
        assert_eq!(turn(1), StatusCode::CREATED);
        assert_eq!(turn(2), StatusCode::UNPROCESSABLE_ENTITY);
        let next_day = NOON.after(KEPT_FOR);
        assert!(first(&answers, "a", next_day).is_some());
    }

    #[test]
    fn what_did_not_come_to_an_end_may_come_again() {
        let answers = Answers::default();
        drop(first(&answers, "a", NOON).unwrap());
        assert!(first(&answers, "a", NOON).is_some());
    }

    #[test]
    fn the_oldest_are_forgotten_when_there_are_too_many() {
        let answers = Answers::default();
        for number in 0..=ANSWERS_MAX {
            let in_hand = first(&answers, &number.to_string(), NOON).unwrap();
            in_hand.settle(given(""), NOON);
        }
        let kept = mem::take(&mut *answers.kept());
        assert_eq!(
            (kept.known.len(), kept.done.len()),
            (ANSWERS_MAX, ANSWERS_MAX)
        );
        assert_eq!(kept.bytes, ANSWERS_MAX * ANSWER_BYTES);
        assert!(!kept.known.contains_key(&name("0")));
    }
}
