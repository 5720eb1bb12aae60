//! What fires, as it is told: `GET /api/v2/alerts/groups`.

use std::collections::HashMap;
use std::iter;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use nabat_core::alert::{Labels, order};
use nabat_core::route::Route;

use super::alert::{Alert, Named, append};
use super::answer::Refused;
use super::query::Parameters;
use super::reading::Reading;
use super::stream::{self, List};
use crate::web;

/// Alerts that a route tells together.
struct Group {
    labels: Labels,
    route: Arc<Route>,
    /// Places in the list of all.
    alerts: Vec<usize>,
}

/// A part of the answer.
enum Piece {
    Text(&'static str),
    /// A group's beginning: up to its alerts.
    Group(Group),
    /// The alert at this place.
    Alert(usize),
}

/// Shows what fires, in the groups in which it is told.
pub(super) async fn list(
    State(state): State<web::State>,
    parameters: Parameters,
) -> Result<Response, Refused> {
    let reading = Reading::begin(&state, &parameters).await?;
    stream::send(&state.turns, move || {
        let firing = reading.firing().into_iter();
        let alerts: Vec<Alert> = firing.filter_map(|one| reading.stands(one)).collect();
        let pieces = pieces(groups(&alerts, &reading));
        let mut muted_by = Vec::new();
        List::of_pieces(pieces, move |piece: Piece, out: &mut Vec<u8>| match piece {
            Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Group(group) => {
                begin(&group, out);
                muted_by = reading.muted_by(&group.route);
            }
            Piece::Alert(place) => {
                if let Some(alert) = alerts.get(place) {
                    write(alert, &muted_by, &reading, out);
                }
            }
        })
    })
    .await
}

/// The groups of all routes that take what fires, sorted, and so are the alerts of each.
fn groups(alerts: &[Alert], reading: &Reading) -> Vec<Group> {
    let mut found: HashMap<(*const Route, Labels), Group> = HashMap::new();
    let labels = alerts.iter().map(|alert| &alert.firing.incident.labels);
    for place in order::in_a_group(labels) {
        let Some(alert) = alerts.get(place) else {
            continue;
        };
        for route in alert.firing.takers.iter() {
            if !reading.wanted.receiver(&route.receiver) {
                continue;
            }
            let labels = route.group_labels(&alert.firing.incident.labels);
            let key = (Arc::as_ptr(route), labels);
            let group = found.entry(key).or_insert_with_key(|(_, labels)| Group {
                labels: labels.clone(),
                route: Arc::clone(route),
                alerts: Vec::new(),
            });
            group.alerts.push(place);
        }
    }
    let mut groups: Vec<Group> = found.into_values().collect();
    groups.sort_unstable_by(|a, b| {
        order::before(&a.labels, &b.labels).then_with(|| a.route.receiver.cmp(&b.route.receiver))
    });
    groups
}

/// The answer, piece by piece.
fn pieces(groups: Vec<Group>) -> impl Iterator<Item = Piece> + Send + 'static {
    let end = if groups.is_empty() { "[]\n" } else { "]}]\n" };
    let groups = groups.into_iter().enumerate();
    let groups = groups.flat_map(|(place, mut group)| {
        let alerts = std::mem::take(&mut group.alerts).into_iter();
        let alerts = alerts.enumerate().flat_map(|(place, alert)| {
            let comma = (place > 0).then_some(Piece::Text(","));
            comma.into_iter().chain([Piece::Alert(alert)])
        });
        let before = if place == 0 { "[" } else { "]}," };
        let begin = [Piece::Text(before), Piece::Group(group)];
        begin.into_iter().chain(alerts)
    });
    groups.chain(iter::once_with(move || Piece::Text(end)))
}

fn begin(group: &Group, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"labels\":");
    append(&group.labels, out);
    out.extend_from_slice(b",\"receiver\":");
    append(&Named::receiver(&group.route), out);
    out.extend_from_slice(b",\"alerts\":[");
}

/// Appends an alert of a group that these time intervals mute, with those of its receivers that are wanted.
fn write(alert: &Alert, muted_by: &[String], reading: &Reading, out: &mut Vec<u8>) {
    let takers = alert.firing.takers.iter();
    let takers = takers.filter(|taker| reading.wanted.receiver(&taker.receiver));
    let mut receivers: Vec<Named> = takers.map(Named::receiver).collect();
    receivers.sort_unstable_by_key(|receiver| receiver.name);
    reading.writer.write(alert, &receivers, muted_by, out);
}
