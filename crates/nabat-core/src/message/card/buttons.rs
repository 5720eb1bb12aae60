//! What can be pressed below a card; `engine/buttons.rs` does it.

use super::Member;
use super::hush::Hush;
use crate::card::CardId;
use crate::message::Button;
use crate::message::words::Locale;

/// For how many hours an alert can be silenced.
const SILENCE_HOURS: [usize; 3] = [1, 4, 24];

/// What can be pressed below a card: nothing once all of it is over.
///
/// The data is `k:CARD` (acknowledge, or let go), `d:CARD` (details), `s:CARD:PERIOD` (silence) or
/// `e:CARD` (end the silence).
pub fn buttons(id: CardId, members: &[Member<'_>], locale: &Locale) -> Vec<Vec<Button>> {
    let hush = Hush::of(members);
    if !hush.fires() {
        return Vec::new();
    }
    let button = |key, data| Button::callback(locale.text(key, []), data);
    let take = if hush.acknowledged() {
        "button-let-go"
    } else {
        "button-acknowledge"
    };
    let first = [
        button(take, format!("k:{}", id.0)),
        button("button-details", format!("d:{}", id.0)),
    ];
    let second: Vec<Option<Button>> = if hush.silenced() {
        vec![button("button-end-silence", format!("e:{}", id.0))]
    } else {
        SILENCE_HOURS
            .into_iter()
            .map(|hours| {
                let span = locale.text("span-hours", [("n", hours.into())]);
                Button::callback(format!("🔕 {span}"), format!("s:{}:{hours}h", id.0))
            })
            .collect()
    };
    vec![
        first.into_iter().flatten().collect(),
        second.into_iter().flatten().collect(),
    ]
}
