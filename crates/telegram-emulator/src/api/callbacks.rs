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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::world::Query;
    use std::time::Instant;

    #[test]
    fn a_query_can_be_answered_for_fifteen_seconds_and_by_its_own_bot() {
        for (age_seconds, bot, expected) in
            [(0, 1, true), (14, 1, true), (16, 1, false), (0, 2, false)]
        {
            let mut world = World::default();
            let asked_at = Instant::now()
                .checked_sub(Duration::from_secs(age_seconds))
                .unwrap();
            world.queries.insert(
                "q".into(),
                Query {
                    bot: 1,
                    asked_at,
                    answer: None,
                },
            );
            let params = json!({"callback_query_id": "q"})
                .as_object()
                .unwrap()
                .clone();
            let call = Call {
                bot,
                params,
                uploads: Default::default(),
                limits: Limits::off(),
            };
            assert_eq!(
                answer(&mut world, &call).is_ok(),
                expected,
                "{age_seconds} s, bot {bot}"
            );
        }
    }
}
