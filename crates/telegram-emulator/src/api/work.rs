//! One request on its way through the emulator: recorded, struck by a fault or not, checked, performed, answered.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::{Call, Outcome, callbacks, chats, commands, edit, media, send, updates};
use crate::emulator::Shared;
use crate::faults::FaultKind;
use crate::model::{Request, chat_of};
use crate::refusal::Refusal;
use crate::request::{Carried, Upload};
use crate::schema::{self, Method, Params};
use crate::world::World;

pub(super) struct Work {
    shared: Arc<Shared>,
    method: Method,
    /// The bot's id, or why there is none.
    bot: Result<i64, Refusal>,
    params: Params,
    uploads: HashMap<String, Upload>,
    /// The request's number in the record, unless its answer will not be heard.
    number: Option<usize>,
}

impl Work {
    /// Records a request and gives it together with the fault that strikes it.
    pub(super) fn accept(
        shared: Arc<Shared>,
        token: &str,
        method: &str,
        carried: Carried,
    ) -> (Work, Option<FaultKind>) {
        let Carried { params, uploads } = carried;
        let known = schema::method(method);
        let name = match known {
            Method::Emulated(name) | Method::NotEmulated(name) => name,
            Method::Unknown => method,
        };
        let mut world = shared.world();
        let (bot, username) = match authorize(&world, token) {
            Ok((id, username)) => (Ok(id), username),
            Err(refusal) => (Err(refusal), String::new()),
        };
        let chat = params.get("chat_id").and_then(chat_of);
        let fault = world.faults.strike(&username, name, chat);
        let number = world.record(Request {
            bot: username,
            method: name.to_owned(),
            params: Value::Object(params.clone()),
            status: 0,
            answer: Value::Null,
            at: SystemTime::now(),
        });
        drop(world);
        shared.change();
        let work = Work {
            shared,
            method: known,
            bot,
            params,
            uploads,
            number: Some(number),
        };
        (work, fault)
    }

    /// The same work, whose answer nobody will hear.
    pub(super) fn unheard(self) -> Work {
        Work {
            number: None,
            ..self
        }
    }

    /// Refuses without performing.
    pub(super) fn refuse(&self, refusal: Refusal) -> Outcome {
        let outcome = Err(refusal);
        self.settle(&mut self.shared.world(), &outcome);
        self.shared.change();
        outcome
    }

    /// Checks the request and lets it act. The answer is recorded together with the effect, so that who sees
    /// the one sees the other.
    pub(super) async fn perform(mut self) -> Outcome {
        let (method, call) = match self.check() {
            Ok(checked) => checked,
            Err(refusal) => return self.refuse(refusal),
        };
        let waited = if method == "getUpdates" {
            Some(updates::get(&self.shared, &call).await)
        } else {
            None
        };
        let outcome = {
            let mut world = self.shared.world();
            let plain_webhooks = self.shared.settings.plain_webhooks;
            let outcome = waited.unwrap_or_else(|| act(&mut world, method, &call, plain_webhooks));
            self.settle(&mut world, &outcome);
            outcome
        };
        self.shared.change();
        outcome
    }

    fn check(&mut self) -> Result<(&'static str, Call), Refusal> {
        let bot = self.bot.clone()?;
        let method = match self.method {
            Method::Emulated(name) => name,
            Method::NotEmulated(name) => return Err(not_emulated(name)),
            Method::Unknown => return Err(Refusal::new(404, "Not Found: method not found")),
        };
        let settings = &self.shared.settings;
        let params = schema::check(method, std::mem::take(&mut self.params), settings.strict)?;
        let uploads = std::mem::take(&mut self.uploads);
        Ok((
            method,
            Call {
                bot,
                params,
                uploads,
                limits: settings.limits,
            },
        ))
    }

    fn settle(&self, world: &mut World, outcome: &Outcome) {
        let Some(number) = self.number else { return };
        match outcome {
            Ok(result) => world.answered(number, 200, &json!({"ok": true, "result": result})),
            Err(refusal) => world.answered(number, refusal.code, &refusal.to_json()),
        }
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

fn not_emulated(method: &str) -> Refusal {
    Refusal::new(
        404,
        format!("Not Found: method {method} is not emulated [emulator]"),
    )
}

fn act(world: &mut World, method: &str, call: &Call, plain_webhooks: bool) -> Outcome {
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
        _ => Err(not_emulated(method)),
    }
}
