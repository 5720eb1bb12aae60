//! answerCallbackQuery: once per query, and not too late. It has no rate limit.

use std::time::Duration;

use serde_json::{Value, json};

use super::Call;
use crate::model::CallbackAnswer;
use crate::refusal::Refusal;
use crate::world::World;

const ANSWERABLE_FOR: Duration = Duration::from_secs(15);

pub(super) fn answer(world: &mut World, call: &Call) -> Result<Value, Refusal> {
    let too_old =
        || Refusal::bad("query is too old and response timeout expired or query ID is invalid");
    let id = call.text("callback_query_id").unwrap_or_default();
    let query = world.queries.get_mut(id).ok_or_else(too_old)?;
    if query.bot != call.bot || query.answer.is_some() || query.asked_at.elapsed() > ANSWERABLE_FOR
    {
        return Err(too_old());
    }
    query.answer = Some(CallbackAnswer {
        text: call.text("text").unwrap_or_default().to_owned(),
        show_alert: call.flag("show_alert"),
        url: call.text("url").map(str::to_owned),
    });
    Ok(json!(true))
}
