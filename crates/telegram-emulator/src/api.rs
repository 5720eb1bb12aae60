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

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

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
use crate::model::Request;
use crate::refusal::Refusal;
use crate::request::{self, Carried, Upload};
use crate::schema::{self, Method, Params};
use crate::server::Cut;
use crate::world::World;

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
    let path = http.uri().path().to_owned();
    let Some((token, method)) = request::split_path(&path) else {
        return refuse(&Refusal::new(404, "Not Found"));
    };
    let token = token.replace("%3A", ":").replace("%3a", ":");
    let method = method.to_owned();
    let Carried { params, uploads } = match request::read(http).await {
        Ok(carried) => carried,
        Err(refusal) => return refuse(&refusal),
    };
    let known = schema::method(&method);
    let (bot, number, fault) = {
        let mut world = shared.world();
        let bot = authorize(&world, &token);
        let name = match known {
            Method::Emulated(name) | Method::NotEmulated(name) => name.to_owned(),
            Method::Unknown => method,
        };
        let username = bot.as_ref().map_or("", |(_, username)| username).to_owned();
        let chat = params
            .get("chat_id")
            .and_then(|id| id.as_i64().or_else(|| id.as_str()?.parse().ok()));
        let fault = world.faults.strike(&username, &name, chat);
        let record = Request {
            bot: username,
            method: name,
            params: Value::Object(params.clone()),
            status: 0,
            answer: Value::Null,
            at: SystemTime::now(),
        };
        (bot, world.record(record), fault)
    };
    shared.change();
    let work = perform(Arc::clone(&shared), known, bot, params, uploads);
    let outcome = match fault {
        None => work.await,
        Some(FaultKind::DropBefore) => return cut_off(&cut),
        Some(FaultKind::DropAfter) => {
            let _ = work.await;
            shared.change();
            return cut_off(&cut);
        }
        Some(FaultKind::Hold(time)) => {
            // In a task of its own, so that it is delivered even if the caller hangs up meanwhile.
            let held = tokio::spawn(async move {
                tokio::time::sleep(time).await;
                work.await
            });
            held.await
                .unwrap_or_else(|_| Err(Refusal::new(500, "Internal Server Error")))
        }
        Some(FaultKind::TooMany { retry_after }) => Err(Refusal::too_many(retry_after)),
        Some(FaultKind::Refuse {
            code,
            description,
            parameters,
        }) => Err(Refusal {
            code,
            description,
            parameters,
        }),
        Some(FaultKind::Status {
            code,
            html_body: false,
        }) => Err(Refusal::new(code, "Internal Server Error")),
        Some(FaultKind::Status {
            code,
            html_body: true,
        }) => {
            shared.world().answered(number, code, &Value::Null);
            shared.change();
            return gateway_page(code);
        }
    };
    let (status, answer) = match &outcome {
        Ok(result) => (200, json!({"ok": true, "result": result})),
        Err(refusal) => (refusal.code, refusal.to_json()),
    };
    shared.world().answered(number, status, &answer);
    shared.change();
    match outcome {
        Ok(_) => Json(answer).into_response(),
        Err(refusal) => refuse(&refusal),
    }
}

/// The bot's id and username, if the token is one.
fn authorize(world: &World, token: &str) -> Result<(i64, String), Refusal> {
    let id = token.split_once(':').map(|(id, _)| id);
    let well_formed =
        id.is_some_and(|id| !id.starts_with('0') && id.parse::<i64>().is_ok()) && token.len() <= 80;
    if !well_formed {
        return Err(Refusal::new(401, "Unauthorized: invalid token specified"));
    }
    match world.bot_by_token(token) {
        Some(bot) => Ok((bot.info.id, bot.info.username.clone())),
        None => Err(Refusal::new(401, "Unauthorized")),
    }
}

async fn perform(
    shared: Arc<Shared>,
    method: Method,
    bot: Result<(i64, String), Refusal>,
    params: Params,
    uploads: HashMap<String, Upload>,
) -> Result<Value, Refusal> {
    let (bot, _) = bot?;
    let method = match method {
        Method::Emulated(name) => name,
        Method::NotEmulated(name) => {
            return Err(Refusal::new(
                404,
                format!("Not Found: method {name} is not emulated [emulator]"),
            ));
        }
        Method::Unknown => return Err(Refusal::new(404, "Not Found: method not found")),
    };
    let params = schema::check(method, params, shared.settings.strict)?;
    let call = Call {
        bot,
        params,
        uploads,
        limits: shared.settings.limits,
    };
    if method == "getUpdates" {
        return updates::get(&shared, &call).await;
    }
    let result = act(
        &mut shared.world(),
        method,
        &call,
        shared.settings.plain_webhooks,
    );
    shared.change();
    result
}

fn act(
    world: &mut World,
    method: &str,
    call: &Call,
    plain_webhooks: bool,
) -> Result<Value, Refusal> {
    match method {
        "getMe" => chats::get_me(world, call),
        "setWebhook" => updates::set_webhook(world, call, plain_webhooks),
        "deleteWebhook" => updates::delete_webhook(world, call),
        "getWebhookInfo" => updates::webhook_info(world, call),
        "sendMessage" => send::message(world, call),
        "sendPhoto" => media::photo(world, call),
        "sendDocument" => media::document(world, call),
        "editMessageText" => edit::text(world, call),
        "editMessageCaption" => edit::caption(world, call),
        "editMessageReplyMarkup" => edit::markup(world, call),
        "deleteMessage" => edit::delete(world, call),
        "setMessageReaction" => edit::reaction(world, call),
        "answerCallbackQuery" => callbacks::answer(world, call),
        "getChat" => chats::get_chat(world, call),
        "getChatMember" => chats::member(world, call),
        "getChatAdministrators" => chats::administrators(world, call),
        "leaveChat" => chats::leave(world, call),
        "sendChatAction" => chats::action(world, call),
        "setMyCommands" => commands::set(world, call),
        "getMyCommands" => commands::get(world, call),
        "deleteMyCommands" => commands::delete(world, call),
        "logOut" | "close" => Ok(json!(true)),
        _ => Err(Refusal::new(
            404,
            format!("Not Found: method {method} is not emulated [emulator]"),
        )),
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
    let name = status.canonical_reason().unwrap_or("Error");
    let page = format!(
        "<html>\r\n<head><title>{code} {name}</title></head>\r\n<body>\r\n<center><h1>{code} {name}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    (status, [(CONTENT_TYPE, "text/html")], page).into_response()
}
