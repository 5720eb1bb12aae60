//! The Bot API over HTTP: finds bot and method, plays ordered faults, checks the request, lets the method act,
//! answers in Telegram's form. One file per family of methods below.

mod callbacks;
mod chats;
mod commands;
mod edit;
mod media;
mod send;
mod target;
mod updates;
mod work;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{Request as HttpRequest, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::emulator::Shared;
use crate::faults::FaultKind;
use crate::limits::{Limits, retry_after};
use crate::refusal::Refusal;
use crate::request::{self, Upload};
use crate::schema::Params;
use crate::server::Cut;
use crate::world::World;

use work::Work;

/// What a method answers.
type Outcome = Result<Value, Refusal>;

/// A checked request of a bot.
pub(crate) struct Call {
    pub(crate) bot: i64,
    pub(crate) params: Params,
    pub(crate) uploads: HashMap<String, Upload>,
    pub(crate) limits: Limits,
}

impl Call {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.params.get(name).and_then(Value::as_str)
    }

    pub(crate) fn int(&self, name: &str) -> Option<i64> {
        self.params.get(name).and_then(Value::as_i64)
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.params.get(name) == Some(&Value::Bool(true))
    }

    /// Counts one message or edit to a chat, or refuses it with 429.
    pub(crate) fn spend(&self, world: &mut World, chat: i64) -> Result<(), Refusal> {
        let Some(bot) = world.bots.get_mut(&self.bot) else {
            return Ok(());
        };
        let taken = bot.sent.take(&self.limits, chat, Instant::now());
        taken.map_err(|wait| Refusal::too_many(retry_after(wait)))
    }
}

/// Answers everything that is not the control API or the chat page.
pub(crate) async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    http: HttpRequest<Body>,
) -> Response {
    let path = http.uri().path().replace("%3A", ":").replace("%3a", ":");
    let Some((token, method)) = request::split_path(&path) else {
        return refuse(&Refusal::new(404, "Not Found"));
    };
    let carried = match request::read(http).await {
        Ok(carried) => carried,
        Err(refusal) => return refuse(&refusal),
    };
    let (work, fault) = Work::accept(shared, token, method, carried);
    match fault {
        None => respond(work.perform().await),
        Some(FaultKind::DropBefore) => cut_off(&cut),
        Some(FaultKind::DropAfter) => {
            let _ = work.unheard().perform().await;
            cut_off(&cut)
        }
        Some(FaultKind::Hold(time)) => {
            // In a task of its own, so that it is delivered even if the caller hangs up meanwhile.
            let held = tokio::spawn(async move {
                tokio::time::sleep(time).await;
                work.perform().await
            });
            let outcome = held.await;
            respond(outcome.unwrap_or_else(|_| Err(Refusal::new(500, "Internal Server Error"))))
        }
        Some(FaultKind::Status {
            code,
            html_body: true,
        }) => {
            let _ = work.refuse(Refusal::new(code, "a page of HTML"));
            gateway_page(code)
        }
        Some(FaultKind::Status {
            code,
            html_body: false,
        }) => respond(work.refuse(Refusal::new(code, status_name(code)))),
        Some(FaultKind::TooMany { retry_after }) => {
            respond(work.refuse(Refusal::too_many(retry_after)))
        }
        Some(FaultKind::Refuse {
            code,
            description,
            parameters,
        }) => respond(work.refuse(Refusal {
            code,
            description,
            parameters,
        })),
    }
}

fn respond(outcome: Outcome) -> Response {
    match outcome {
        Ok(result) => Json(json!({"ok": true, "result": result})).into_response(),
        Err(refusal) => refuse(&refusal),
    }
}

fn refuse(refusal: &Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.code).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = (status, Json(refusal.to_json())).into_response();
    if let Some(seconds) = refusal.retry_after() {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

/// No answer at all; whatever is returned here cannot be written any more.
fn cut_off(cut: &Cut) -> Response {
    cut.pull();
    StatusCode::BAD_GATEWAY.into_response()
}

fn gateway_page(code: u16) -> Response {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_GATEWAY);
    let name = status_name(code);
    let page = format!(
        "<html>\r\n<head><title>{code} {name}</title></head>\r\n<body>\r\n<center><h1>{code} {name}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    (status, [(CONTENT_TYPE, "text/html")], page).into_response()
}

fn status_name(code: u16) -> &'static str {
    let status = StatusCode::from_u16(code).ok();
    status
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Error")
}
