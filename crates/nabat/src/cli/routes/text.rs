//! Routes for people.

use crate::config;
use crate::web::api::shape::routes::{
    Branch, Hours, Manner, Muted, Routes, Subscription, Taken, Told,
};

/// The tree, then whom the receivers tell.
pub(super) fn routes(shown: &Routes) -> String {
    let mut text = String::new();
    match &shown.route {
        None => text.push_str("no routes: only those are told who subscribe in a chat\n"),
        Some(root) => {
            text.push_str(&format!("{}\n", line(root, None)));
            branches(&mut text, root, "");
        }
    }
    for (name, told) in &shown.receivers {
        text.push_str(&format!("receiver {name}: {}\n", people(told)));
    }
    text
}

fn branches(text: &mut String, above: &Branch, indent: &str) {
    for (i, branch) in above.routes.iter().enumerate() {
        let last = i + 1 == above.routes.len();
        let (corner, below) = if last {
            ("└─ ", "   ")
        } else {
            ("├─ ", "│  ")
        };
        let shown = line(branch, Some(&above.manner));
        text.push_str(&format!("{indent}{corner}{shown}\n"));
        branches(text, branch, &format!("{indent}{below}"));
    }
}

/// `team="db" → db, by alertname; first after 30s, …`, with what differs from the route above.
fn line(branch: &Branch, above: Option<&Manner>) -> String {
    let taken = match branch.matchers.as_slice() {
        [] => "everything".to_owned(),
        matchers => matchers.join(" "),
    };
    let goes_on = if branch.continues {
        ", and goes on"
    } else {
        ""
    };
    let manner = match above {
        Some(above) if *above == branch.manner => String::new(),
        _ => format!("; {}", manner(&branch.manner)),
    };
    let hours = hours(&branch.hours);
    format!("{taken} → {}{hours}{goes_on}{manner}", branch.receiver)
}

fn manner(manner: &Manner) -> String {
    let grouped = match manner.group_by.as_slice() {
        [] => "all together".to_owned(),
        [all] if all == "..." => "each alert by itself".to_owned(),
        names => format!("by {}", names.join(", ")),
    };
    format!(
        "{grouped}; first after {}, news every {}, again every {}",
        manner.group_wait, manner.group_interval, manner.repeat_interval
    )
}

/// `, not during nights (quiet now, until …)`; nothing if a route tells at any time.
fn hours(hours: &Hours) -> String {
    let said = config::hours(&hours.mute_time_intervals, &hours.active_time_intervals);
    match &hours.muted {
        None => said,
        Some(Muted { until: None, .. }) => format!("{said} (quiet now, with no end in sight)"),
        Some(Muted {
            until: Some(until), ..
        }) => format!("{said} (quiet now, until {until})"),
    }
}

/// Who would be told, and why.
pub(super) fn told(told: &Told) -> String {
    let mut text: String = told.routes.iter().map(taken).collect();
    let subscriptions = told.subscriptions.as_deref().unwrap_or_default();
    text.extend(subscriptions.iter().map(subscription));
    if text.is_empty() {
        text.push_str("nobody would be told\n");
    }
    if told.subscriptions.is_none() {
        text.push_str("(subscriptions in chats are known only to a Nabat that runs)\n");
    }
    text
}

fn taken(taken: &Taken) -> String {
    let way = match taken.way.as_slice() {
        [] => "no finer route takes it".to_owned(),
        way => way.join(" › "),
    };
    let mut text = format!(
        "receiver {}: {}\n  because  {way}\n  group    {}\n  when     {}{}\n",
        taken.receiver,
        people(&taken.told),
        taken.group,
        manner(&taken.manner),
        hours(&taken.hours)
    );
    if !taken.told_otherwise.is_empty() {
        let others = taken.told_otherwise.join(", ");
        text.push_str(&format!(
            "  but not  {others}: told by a subscription, or sooner by another route\n"
        ));
    }
    text
}

fn subscription(known: &Subscription) -> String {
    format!(
        "chat {}: subscription {}\n  because  {}\n",
        known.chat, known.id, known.selector
    )
}

fn people(told: &[String]) -> String {
    match told {
        [] => "nobody".to_owned(),
        told => told.join(", "),
    }
}
