//! How a monitor's alarm looks as an alert.

use nabat_core::alert::{Labels, Links, NAME, News, Status};
use nabat_core::incident::Incident;
use nabat_core::monitor::Trouble;
use nabat_core::time::Timestamp;

use crate::config::Monitor;

/// The alert of a monitor that is down.
pub(super) const DOWN: &str = "MonitorDown";
/// The alert of a monitor that is slow, or of which something is to be seen to soon.
pub(super) const DEGRADED: &str = "MonitorDegraded";
/// The alert of a Nabat that reaches none of its witnesses.
pub(super) const BLIND: &str = "NabatBlind";

/// The alert of a Nabat that can't watch all that its configuration says.
pub(super) const LEFT_OUT: &str = "NabatMonitorRefused";

/// Some of the configuration's monitors are not watched as it says; `words` name them.
pub(super) fn left_out(words: &str) -> News {
    let firing = Status::Firing { expires: None };
    News::about_itself(LEFT_OUT, &[], Some(("description", words)), firing)
}

/// What Nabat said of itself is over.
pub(super) fn of_nabat_ended(name: &str, at: Timestamp) -> News {
    let over = Status::Resolved { ends_at: Some(at) };
    News::about_itself(name, &[], None, over)
}

/// The alert begins, or goes on.
pub(super) fn raised(
    monitor: &Monitor,
    target: &str,
    what: Trouble,
    since: Timestamp,
    words: &str,
) -> News {
    let firing = Status::Firing { expires: None };
    let summary = match words {
        "" => monitor.name.clone(),
        words => format!("{}: {words}", monitor.name),
    };
    News {
        annotations: [("summary", summary.as_str())].into_iter().collect(),
        starts_at: Some(since),
        status: firing,
        ..ended(labels(monitor, target, what), since)
    }
}

/// The alert is over.
pub(super) fn over(monitor: &Monitor, target: &str, what: Trouble, at: Timestamp) -> News {
    ended(labels(monitor, target, what), at)
}

/// The labels of an alert of a monitor, which are its identity.
pub(super) fn labels(monitor: &Monitor, target: &str, what: Trouble) -> Labels {
    let (name, severity) = match what {
        Trouble::Down => (DOWN, monitor.severity.as_str()),
        Trouble::Degraded => (DEGRADED, "warning"),
    };
    let own = [
        (NAME, name),
        ("monitor", &monitor.name),
        ("kind", monitor.kind()),
        ("instance", target),
        ("severity", severity),
    ];
    let given = monitor.labels.iter();
    let given = given.map(|(name, value)| (name.as_str(), value.as_str()));
    given.chain(own).collect()
}

/// Whether an alert is one of a monitor of ours: what others call so comes in groups of their own, or
/// says how long it lasts.
pub(super) fn is_of_monitor(incident: &Incident) -> bool {
    let labels = &incident.labels;
    let name = labels.value(NAME);
    let own = ["monitor", "kind", "instance"].map(|own| labels.get(own));
    [DOWN, DEGRADED].contains(&name)
        && own.iter().all(Option::is_some)
        && *incident.group == *name
        && incident.expires.is_none()
        && incident.links == Links::default()
}

/// The alert is over because the monitor is not looked at any more, or not as this one.
pub(super) fn closed(
    monitor: &Monitor,
    target: &str,
    what: Trouble,
    at: Timestamp,
    why: &str,
) -> News {
    let summary = format!("{}: {why}", monitor.name);
    News {
        annotations: [("summary", summary.as_str())].into_iter().collect(),
        status: Status::Closed { at },
        ..ended(labels(monitor, target, what), at)
    }
}

/// The alert with these labels is over.
pub(super) fn ended(labels: Labels, at: Timestamp) -> News {
    News {
        labels,
        annotations: Labels::default(),
        links: Links::default(),
        group: None,
        starts_at: None,
        status: Status::Resolved { ends_at: Some(at) },
        own: false,
    }
}
