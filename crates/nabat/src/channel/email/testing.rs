//! What the tests of this channel share: an account, and something to tell.

use std::sync::Arc;

use nabat_core::alert::Labels;
use nabat_core::card::CardId;
use nabat_core::delivery::DeliveryId;
use nabat_core::incident::{Incident, IncidentId};
use nabat_core::message::Message;
use nabat_core::message::card::Extras;
use nabat_core::message::words::Locale;
use nabat_core::notification::{Notification, Reason, Text};
use nabat_core::time::Timestamp;

use super::{Account, Address, CertificateCheck, Smarthost, Timeouts, Tls};

/// An account at a server on this machine, without TLS and password.
pub(super) fn account(port: u16) -> Account {
    Account {
        smarthost: Smarthost {
            host: "127.0.0.1".into(),
            port,
        },
        from: address("Nabat <nabat@example.org>"),
        hello: "nabat.example.org".into(),
        tls: Tls::Off,
        certificate: CertificateCheck::default(),
        login: None,
        instance: "a1b2".into(),
        timeouts: Timeouts::default(),
    }
}

pub(super) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// Delivery 12, of the thread 7.
pub(super) fn notification() -> Notification {
    Notification {
        number: DeliveryId(12),
        thread: CardId(7),
        receiver: Arc::from("mail"),
        group_key: "{}:{}".into(),
        group_labels: Labels::default(),
        reason: Reason::First,
        members: Vec::new(),
        extras: Extras::default(),
        locale: Locale::english(),
        at: Timestamp::default(),
    }
}

pub(super) fn text(subject: &str, message: Message) -> Text {
    Text {
        subject: subject.into(),
        message,
    }
}

/// Something that fires, of which so much has been told.
pub(super) fn incident(edition: u32) -> Incident {
    let labels: Labels = [("alertname", "DiskFull")].into_iter().collect();
    let start = Timestamp::from_millis(1_700_000_000_000);
    Incident {
        revision: edition,
        edition,
        ..Incident::new(IncidentId(1), labels, start)
    }
}
