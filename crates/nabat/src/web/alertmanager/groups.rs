//! What fires, as it is told: `GET /api/v2/alerts/groups`.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use nabat_core::alert::Labels;
use nabat_core::engine::{Firing, Overview};
use nabat_core::route::Route;
use nabat_core::silence::uuid::Names;

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
    let (now, names) = (clock::now(), state.api.names);
    let writer = Writer::new(now, state.config.borrow().global.resolve_timeout());
    let mut firing = overview.firing(now, |labels| wanted.labels(labels));
    firing.retain(|firing| wanted.standing(&Standing::of(&overview, firing, names)));
    firing.sort_unstable_by(|a, b| in_a_group(&a.incident.labels, &b.incident.labels));
    let groups = groups(&overview, &firing, &wanted);
    let pieces = pieces(&groups);
    let answer = Answer {
        overview,
        wanted,
        writer,
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
        let standing = Standing::of(&self.overview, firing, self.names);
        let routes = self.overview.routing().root.find(&firing.incident.labels);
        let receivers = routes.iter().map(|route| &*route.receiver);
        let mut receivers: Vec<&str> = receivers
            .filter(|name| self.wanted.receiver(name))
            .collect();
        receivers.sort_unstable();
        self.writer.write(firing, &standing, &receivers, out);
    }
}

/// The order of alerts within a group: by job, by instance, those without one last, then as
/// [`before`] says.
fn in_a_group(a: &Labels, b: &Labels) -> Ordering {
    let by = |name| match (a.get(name), b.get(name)) {
        (Some(a), Some(b)) => a.cmp(b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    };
    by("job")
        .then_with(|| by("instance"))
        .then_with(|| before(a, b))
}

/// The order of label sets in Alertmanager (`model.LabelSet.Before`): fewer labels first, then, at
/// the first name that only one of them has, the other one, else by the first value that differs.
fn before(a: &Labels, b: &Labels) -> Ordering {
    let pairs = a.iter().zip(b.iter());
    let mut orders = pairs.map(|(a, b)| b.0.cmp(a.0).then_with(|| a.1.cmp(b.1)));
    let differs = orders.find(|order| order.is_ne());
    let count = a.len().cmp(&b.len());
    count.then(differs.unwrap_or(Ordering::Equal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_sets_are_sorted_as_alertmanager_sorts_them() {
        let labels = |text: &str| -> Labels {
            text.split(' ')
                .filter_map(|pair| pair.split_once('='))
                .collect()
        };
        let sorted = [
            "a=2",
            "z=1",
            "b=9",
            "a=1 b=1",
            "a=1 b=2",
            "a=2 b=1",
            "job=a z=0",
        ];
        let mut read: Vec<Labels> = sorted.iter().map(|text| labels(text)).collect();
        read.sort_by(before);
        let shown: Vec<String> = read.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                r#"{z="1"}"#,
                r#"{b="9"}"#,
                r#"{a="2"}"#,
                r#"{job="a", z="0"}"#,
                r#"{a="1", b="1"}"#,
                r#"{a="1", b="2"}"#,
                r#"{a="2", b="1"}"#,
            ]
        );
        read.sort_by(in_a_group);
        assert_eq!(read.first(), Some(&labels("job=a z=0")));
    }
}
