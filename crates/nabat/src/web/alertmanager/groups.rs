//! What fires, as it is told: `GET /api/v2/alerts/groups`.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use nabat_core::alert::Labels;
use nabat_core::alert::order::{before, in_a_group};
use nabat_core::engine::{Firing, Overview};
use nabat_core::route::Route;
use nabat_core::silence::uuid::Names;
use nabat_core::time::Timestamp;

use super::alert::{Named, Standing, Wanted, Writer, append};
use super::answer::Refused;
use super::query::Parameters;
use super::{reader, stream};
use crate::{clock, web};

/// Alerts that a route tells together.
struct Group {
    labels: Labels,
    receiver: Arc<str>,
    /// Places in the list of all.
    alerts: Vec<usize>,
}

/// What it takes to show an alert.
struct Answer {
    overview: Overview,
    wanted: Wanted,
    writer: Writer,
    now: Timestamp,
    names: Names,
}

/// A part of the answer.
enum Piece {
    Text(&'static str),
    /// A group's beginning: up to its alerts.
    Group(usize),
    Alert(usize),
}

/// Shows what fires, in the groups in which it is told.
pub(super) async fn list(
    State(state): State<web::State>,
    parameters: Parameters,
) -> Result<Response, Refused> {
    let wanted = Wanted::read(&parameters)?;
    let place = reader(&state)?;
    let overview = state.engine.overview().await?;
    let now = clock::now();
    let names = state.api.names;
    let writer = Writer::new(now, state.config.borrow().global.resolve_timeout());
    let mut firing = overview.firing(now, &wanted.matchers);
    firing.retain(|firing| wanted.standing(&Standing::of(&overview, firing, now, names)));
    firing.sort_unstable_by(|a, b| in_a_group(&a.incident.labels, &b.incident.labels));
    let groups = groups(&overview, &firing, &wanted);
    let pieces = pieces(&groups);
    let answer = Answer {
        overview,
        wanted,
        writer,
        now,
        names,
    };
    let write = move |piece: Piece, out: &mut Vec<u8>| {
        let _held = &place;
        match piece {
            Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Group(index) => {
                if let Some(group) = groups.get(index) {
                    begin(group, out);
                }
            }
            Piece::Alert(index) => {
                if let Some(firing) = firing.get(index) {
                    answer.alert(firing, out);
                }
            }
        }
    };
    Ok(stream::pieces(pieces, write))
}

/// The groups of all routes that take what fires, sorted. `firing` is in the order of a group.
fn groups(overview: &Overview, firing: &[Firing], wanted: &Wanted) -> Vec<Group> {
    let mut found: HashMap<(*const Route, Labels), Group> = HashMap::new();
    for (index, alert) in firing.iter().enumerate() {
        let labels = &alert.incident.labels;
        for route in overview.routing().root.find(labels) {
            if !wanted.receiver(&route.receiver) {
                continue;
            }
            let common = route.group_labels(labels);
            let key = (std::ptr::from_ref(route), common);
            let group = found.entry(key).or_insert_with_key(|(_, common)| Group {
                labels: common.clone(),
                receiver: Arc::clone(&route.receiver),
                alerts: Vec::new(),
            });
            group.alerts.push(index);
        }
    }
    let mut groups: Vec<Group> = found.into_values().collect();
    groups.sort_unstable_by(|a, b| {
        before(&a.labels, &b.labels).then_with(|| a.receiver.cmp(&b.receiver))
    });
    groups
}

/// The answer, piece by piece.
fn pieces(groups: &[Group]) -> impl Iterator<Item = Piece> + Send + Unpin + 'static {
    let mut pieces = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        pieces.push(Piece::Text(if index == 0 { "[" } else { "]}," }));
        pieces.push(Piece::Group(index));
        for (place, alert) in group.alerts.iter().enumerate() {
            if place > 0 {
                pieces.push(Piece::Text(","));
            }
            pieces.push(Piece::Alert(*alert));
        }
    }
    let end = if groups.is_empty() { "[]\n" } else { "]}]\n" };
    pieces.push(Piece::Text(end));
    pieces.into_iter()
}

fn begin(group: &Group, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"labels\":");
    append(&group.labels, out);
    out.extend_from_slice(b",\"receiver\":");
    append(
        &Named {
            name: &group.receiver,
        },
        out,
    );
    out.extend_from_slice(b",\"alerts\":[");
}

impl Answer {
    /// Appends an alert, with those of its receivers that are wanted.
    fn alert(&self, firing: &Firing, out: &mut Vec<u8>) {
        let standing = Standing::of(&self.overview, firing, self.now, self.names);
        let routes = self.overview.routing().root.find(&firing.incident.labels);
        let receivers = routes.iter().map(|route| &*route.receiver);
        let mut receivers: Vec<&str> = receivers
            .filter(|name| self.wanted.receiver(name))
            .collect();
        receivers.sort_unstable();
        self.writer.write(firing, &standing, &receivers, out);
    }
}
