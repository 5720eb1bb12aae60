//! The routing as `nabat check` shows it: who is told, by which route.

use nabat_core::matcher::list_text;

use super::integration::Integration;
use super::receiver::{Fallback, Receiver};
use super::route::Route;
use super::settings::Config;

/// The most routes that are shown.
const MAX_SHOWN: usize = 50;

/// One line for each route, indented by its level, then one for each receiver.
pub(super) fn tree(config: &Config) -> String {
    let mut lines = Vec::new();
    if let Some(route) = &config.route {
        let receiver = route.receiver.as_deref().unwrap_or_default();
        lines.push(format!("route: everything to {receiver}, except"));
        branches(&mut lines, 1, route, receiver);
        if lines.len() == 1 {
            lines = vec![format!("route: everything to {receiver}")];
        }
    }
    let more = lines.len().saturating_sub(MAX_SHOWN);
    lines.truncate(MAX_SHOWN);
    if more > 0 {
        lines.push(format!("  and {more} more routes"));
    }
    let integrations = config.integrations();
    for receiver in &config.receivers {
        lines.push(line(receiver, &integrations));
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// `receiver ops: e-mail to a@example.org; if that fails for 10m: pager`.
fn line(receiver: &Receiver, integrations: &[Integration]) -> String {
    let start = format!("{}: ", receiver.name);
    let own = integrations
        .iter()
        .filter(|integration| *integration.receiver == *receiver.name)
        .filter_map(|integration| integration.name.strip_prefix(&start));
    let chats = receiver.telegram_configs.iter().map(ToString::to_string);
    let mut told = own
        .map(str::to_owned)
        .chain(chats)
        .collect::<Vec<_>>()
        .join(", ");
    if told.is_empty() {
        told = "nobody".to_owned();
    }
    let instead = receiver.fallback.as_ref().map(|fallback| {
        let Fallback { receiver, after } = fallback;
        format!("; if that fails for {after}: {receiver}")
    });
    format!("receiver {start}{told}{}", instead.unwrap_or_default())
}

fn branches(lines: &mut Vec<String>, level: usize, above: &Route, inherited: &str) {
    for route in &above.routes {
        let receiver = route.receiver.as_deref().unwrap_or(inherited);
        let taken = match route.spec().matchers.as_slice() {
            [] => "everything".to_owned(),
            matchers => list_text(matchers),
        };
        let goes_on = if route.continues { ", and goes on" } else { "" };
        let hours = hours(&route.mute_time_intervals, &route.active_time_intervals);
        let indent = "  ".repeat(level);
        lines.push(format!("{indent}{taken} to {receiver}{hours}{goes_on}"));
        branches(lines, level + 1, route, receiver);
    }
}

/// `, not during nights, only during summer`, by the names of time intervals; nothing if a route
/// tells at any time.
pub fn hours(mute: &[String], active: &[String]) -> String {
    let said = [("not during", mute), ("only during", active)];
    let said = said.into_iter().filter(|(_, names)| !names.is_empty());
    said.map(|(words, names)| format!(", {words} {}", names.join(", ")))
        .collect()
}
