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
/// The data is `k:CARD` (acknowledge), `r:CARD` (let go), `d:CARD` (details), `s:CARD:PERIOD`
/// (silence) or `e:CARD` (end the silence). Each means one thing whatever became of the alerts
/// since the card was shown, so that two people who press at the same time don't undo each other.
pub fn buttons(id: CardId, members: &[Member<'_>], locale: &Locale) -> Vec<Vec<Button>> {
    let hush = Hush::of(members);
    if !hush.fires() {
        return Vec::new();
    }
    let button = |key, kind| Button::callback(locale.text(key, []), format!("{kind}:{}", id.0));
    let silence = |hours: usize| {
        let span = locale.text("span-hours", [("n", hours.into())]);
        Button::callback(format!("🔕 {span}"), format!("s:{}:{hours}h", id.0))
    };
    let mut first = Vec::new();
    if !hush.acknowledged() {
        first.extend(button("button-acknowledge", "k"));
    }
    if hush.partly_acknowledged() {
        first.extend(button("button-let-go", "r"));
    }
    first.extend(button("button-details", "d"));
    let mut rows = vec![first];
    if !hush.silenced() {
        rows.push(SILENCE_HOURS.into_iter().filter_map(silence).collect());
    }
    if hush.partly_silenced() {
        let end = button("button-end-silence", "e");
        rows.push(end.into_iter().collect());
    }
    rows
}
