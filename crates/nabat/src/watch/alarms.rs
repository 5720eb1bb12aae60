//! How a monitor's alarm looks as an alert.

use nabat_core::alert::{Labels, Links, NAME, News, Status};
use nabat_core::monitor::Trouble;
use nabat_core::time::Timestamp;

use crate::config::Monitor;

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
        ..news(monitor, target, what, firing)
    }
}

/// The alert is over.
pub(super) fn over(monitor: &Monitor, target: &str, what: Trouble, at: Timestamp) -> News {
    let over = Status::Resolved { ends_at: Some(at) };
    news(monitor, target, what, over)
}

/// The labels of an alert of a monitor, which are its identity.
pub(super) fn labels(monitor: &Monitor, target: &str, what: Trouble) -> Labels {
    let severity = match what {
        Trouble::Down => monitor.severity.as_str(),
        Trouble::Degraded => "warning",
    };
    let own = [
        (NAME, what.alert()),
        (Trouble::MONITOR, &monitor.name),
        ("kind", monitor.kind()),
        ("instance", target),
        ("severity", severity),
    ];
    let given = monitor.labels.iter();
    let given = given.map(|(name, value)| (name.as_str(), value.as_str()));
    given.chain(own).collect()
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
        ..news(monitor, target, what, Status::Closed { at })
    }
}

fn news(monitor: &Monitor, target: &str, what: Trouble, status: Status) -> News {
    // A message for each monitor, so that its end is heard of, and its silence holds back nothing else.
    let group: Labels = [(Trouble::MONITOR, monitor.name.as_str())]
        .into_iter()
        .collect();
    News {
        labels: labels(monitor, target, what),
        annotations: Labels::default(),
        links: Links::default(),
        group: Some(group.to_string().into()),
        starts_at: None,
        status,
        own: false,
    }
}
