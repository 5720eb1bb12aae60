//! What there is to tell.

use std::sync::Arc;

use nabat_core::alert::Labels;
use nabat_core::card::{CardId, Shown};
use nabat_core::delivery::DeliveryId;
use nabat_core::incident::{Incident, IncidentId};
use nabat_core::message::card::{Extras, MemberNews};
use nabat_core::message::words::Locale;
use nabat_core::notification::{Notification, Reason};
use nabat_core::time::Timestamp;

/// One alert that fires.
pub(crate) fn disk_full() -> Notification {
    notification(vec![alert("db-1", &[("summary", "/var is 97 % full")])])
}

/// `DiskFull` on `host`, firing since some time in 2026.
pub(crate) fn alert(host: &str, annotations: &[(&str, &str)]) -> Incident {
    let labels: Labels = [("alertname", "DiskFull"), ("host", host)]
        .into_iter()
        .collect();
    let at = Timestamp::from_millis(1_795_187_045_120);
    Incident {
        annotations: annotations.iter().copied().collect(),
        ..Incident::new(IncidentId(1), labels, at)
    }
}

/// A group of alerts called `DiskFull`, told for the first time.
pub(crate) fn notification(incidents: Vec<Incident>) -> Notification {
    let member = |incident| Shown {
        incident: Arc::new(incident),
        news: MemberNews::New,
        silenced_until: None,
        held: false,
    };
    Notification {
        number: DeliveryId(12),
        thread: CardId(7),
        receiver: "webhook".into(),
        group_key: r#"{}:{alertname="DiskFull"}"#.into(),
        group_labels: [("alertname", "DiskFull")].into_iter().collect(),
        reason: Reason::First,
        members: incidents.into_iter().map(member).collect(),
        extras: Extras::default(),
        locale: Locale::english(),
        at: Timestamp::default(),
    }
}
