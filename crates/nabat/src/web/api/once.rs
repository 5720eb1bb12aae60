//! Requests that are done once: whoever got no answer sends the same again, with the same
//! `Idempotency-Key`, and is given the first answer again.
//!
//! Answers are kept in memory, for a day at most, and the oldest are forgotten when there are too
//! many. What makes something keeps its answer in the store as well, in the same commit, by its
//! `Receipt`: it is known after a restart. What was refused changed nothing, is not kept and may
//! be mended under the same key.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use nabat_core::change::{self, Change};
use nabat_core::matcher::list_text;
use nabat_core::time::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::caller::{Caller, Scoped, Viewer};
use super::request::BODY_BYTES_MAX;
use crate::store::{
    GIVEN_BYTES_KEPT_OF_ONE, GIVEN_KEPT, GIVEN_KEPT_FOR, GIVEN_KEPT_OF_ONE, History, StoreError,
};
use crate::web::answer::Problem;
use crate::web::webhook;
use crate::{clock, web};

/// The longest key, in bytes.
pub(super) const KEY_BYTES_MAX: usize = 255;
/// How many bytes are kept in all.
const BYTES_MAX: usize = 8 << 20;
/// What an answer costs beside its body.
const ANSWER_BYTES: usize = 512;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Whose key, and the key.
type Name = (Asker, Box<str>);
/// What tells a token with what it admits to from others: with less than before it is given no
/// answer of before.
type Asker = Print;
/// What tells one request or asker from another.
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

/// By what a request with a key is known again. Whoever does the request keeps the answer with what
/// was done, if that is to be known after a restart.
#[derive(Debug, Clone)]
pub(super) struct Receipt {
    name: Name,
    print: Print,
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
    let receipt = Receipt {
        name: (asker(&caller), key),
        print: print.finalize().into(),
    };
    let turn = state.api.answers.turn(&receipt, clock::now());
    let in_hand = match turn {
        Turn::First(in_hand) => in_hand,
        Turn::Again(given) => return Ok(again(given)),
        Turn::Refused(problem) => return Err(problem),
    };
    parts.extensions.insert(receipt);
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
    let mut asker = Sha256::new_with_prefix(caller.id);
    asker.update(caller.role.to_string());
    asker.update([0]);
    asker.update(list_text(&caller.scope));
    asker.finalize().into()
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

impl Receipt {
    /// What has the store keep an answer in JSON.
    pub(super) fn kept(self, status: StatusCode, body: &impl Serialize) -> Change {
        let (asker, key) = self.name;
        Change::Given(Box::new(change::Given {
            asker,
            key: key.into(),
            print: self.print,
            at: clock::now(),
            status: status.as_u16(),
            // As axum writes it; what can't be written is answered with a mistake of ours.
            body: serde_json::to_vec(body).unwrap_or_default(),
        }))
    }
}

impl Answers {
    /// With those that the store keeps.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn stored(history: &dyn History, now: Timestamp) -> Result<Self, StoreError> {
        let answers = Self::default();
        for stored in history.given(now.before(GIVEN_KEPT_FOR))? {
            let name = (stored.asker, stored.key.into());
            let status = StatusCode::from_u16(stored.status).unwrap_or(StatusCode::OK);
            let given = Given {
                status,
                kind: Some(HeaderValue::from_static("application/json")),
                body: stored.body.into(),
            };
            answers.kept().add(stored.at, name, stored.print, given);
        }
        Ok(answers)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self, receipt: &Receipt, now: Timestamp) -> Turn {
        let Receipt { name, print } = receipt;
        let mut kept = self.kept();
        kept.forget(now);
        match kept.known.get(name) {
            Some(Entry::InHand(known) | Entry::Done(known, _)) if known != print => {
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
                kept.known.insert(name.clone(), Entry::InHand(*print));
                Turn::First(InHand {
                    answers: self.clone(),
                    name: name.clone(),
                })
            }
        }
    }
}

impl Kept {
    fn add(&mut self, at: Timestamp, name: Name, print: Print, given: Given) {
        let asker = name.0;
        self.bytes += given.bytes();
        self.done.push_back((at, name.clone()));
        self.known.insert(name, Entry::Done(print, given));
        self.forget(at);
        self.limit(asker);
    }

    /// Forgets what is too old or too much in all.
    fn forget(&mut self, now: Timestamp) {
        let old = now.before(GIVEN_KEPT_FOR);
        while let Some((at, _)) = self.done.front() {
            let much = self.done.len() > GIVEN_KEPT || self.bytes > BYTES_MAX;
            if *at > old && !much {
                return;
            }
            if let Some((_, name)) = self.done.pop_front() {
                self.remove(&name);
            }
        }
    }

    /// Forgets what is too much of one asker, as the store does: nobody pushes out what others need.
    fn limit(&mut self, asker: Asker) {
        let theirs = self.done.iter().rev().filter(|(_, name)| name.0 == asker);
        let (mut count, mut bytes) = (0, 0);
        let much: Vec<Name> = theirs
            .filter(|(_, name)| {
                count += 1;
                bytes += match self.known.get(name) {
                    Some(Entry::Done(_, given)) => given.body.len(),
                    _ => 0,
                };
                count > GIVEN_KEPT_OF_ONE || (count > 1 && bytes > GIVEN_BYTES_KEPT_OF_ONE)
            })
            .map(|(_, name)| name.clone())
            .collect();
        if !much.is_empty() {
            self.done.retain(|(_, name)| !much.contains(name));
        }
        for name in &much {
            self.remove(name);
        }
    }

    fn remove(&mut self, name: &Name) {
        if let Some(Entry::Done(_, given)) = self.known.remove(name) {
            self.bytes -= given.bytes();
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
        kept.add(now, self.name.clone(), print, given);
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

    const NOON: Timestamp = Timestamp::from_millis(43_200_000);

    fn receipt(asker: u8, key: &str, print: u8) -> Receipt {
        Receipt {
            name: ([asker; 32], key.into()),
            print: [print; 32],
        }
    }

    fn given(body: &'static str) -> Given {
        Given {
            status: StatusCode::CREATED,
            kind: None,
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    fn first(answers: &Answers, key: &str, now: Timestamp) -> Option<InHand> {
        match answers.turn(&receipt(1, key, 1), now) {
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
        let turn = |print| status(answers.turn(&receipt(1, "a", print), NOON));
        assert_eq!(turn(1), StatusCode::CONFLICT);
        assert_eq!(turn(2), StatusCode::UNPROCESSABLE_ENTITY);
        let other = answers.turn(&receipt(2, "a", 1), NOON);
        assert!(matches!(other, Turn::First(_)));
        in_hand.settle(given("made"), NOON);
        assert_eq!(turn(1), StatusCode::CREATED);
        assert_eq!(turn(2), StatusCode::UNPROCESSABLE_ENTITY);
        let next_day = NOON.after(GIVEN_KEPT_FOR);
        assert!(first(&answers, "a", next_day).is_some());
    }

    #[test]
    fn what_did_not_come_to_an_end_may_come_again() {
        let answers = Answers::default();
        drop(first(&answers, "a", NOON).unwrap());
        assert!(first(&answers, "a", NOON).is_some());
    }

    #[test]
    fn the_oldest_of_one_asker_are_forgotten_when_there_are_too_many() {
        let answers = Answers::default();
        let settle = |asker, key: &str, body| {
            let receipt = receipt(asker, key, 1);
            let Turn::First(in_hand) = answers.turn(&receipt, NOON) else {
                panic!("{key} is known");
            };
            in_hand.settle(given(body), NOON);
        };
        settle(2, "0", "");
        for number in 0..=GIVEN_KEPT_OF_ONE {
            settle(1, &number.to_string(), "x");
        }
        let count = || {
            let kept = answers.kept();
            (kept.known.len(), kept.done.len())
        };
        assert_eq!(count(), (GIVEN_KEPT_OF_ONE + 1, GIVEN_KEPT_OF_ONE + 1));
        assert!(first(&answers, "0", NOON).is_some(), "the oldest went");
        let again = answers.turn(&receipt(2, "0", 1), NOON);
        assert!(matches!(again, Turn::Again(_)), "others keep theirs");

        let large: &str = Box::leak("x".repeat(GIVEN_BYTES_KEPT_OF_ONE).into());
        settle(1, "large", large);
        assert_eq!(count(), (2, 2));
        let bytes = 2 * ANSWER_BYTES + GIVEN_BYTES_KEPT_OF_ONE;
        assert_eq!(answers.kept().bytes, bytes);
    }

    #[test]
    fn the_oldest_of_all_are_forgotten_when_there_are_too_many() {
        let mut kept = Kept::default();
        for number in 0..=GIVEN_KEPT {
            let asker = [u8::try_from(number % 20).unwrap(); 32];
            kept.add(NOON, (asker, number.to_string().into()), [1; 32], given(""));
        }
        assert_eq!(
            (kept.known.len(), kept.done.len()),
            (GIVEN_KEPT, GIVEN_KEPT)
        );
        assert_eq!(kept.bytes, GIVEN_KEPT * ANSWER_BYTES);
        assert!(!kept.known.contains_key(&([0; 32], "0".into())));
    }
}
