//! What a history's configuration says: who is told by labels, who instead, and who operates.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use nabat_core::chat::ChatKey;
use nabat_core::destination::{Destination, IntegrationId};
use nabat_core::engine::{Fallback, Settings};
use nabat_core::inhibition::Rule;
use nabat_core::matcher::parse_list;
use nabat_core::route::{Calendar, GroupBy, Hours, Integration, Route, Routing, Spec};
use nabat_core::time_interval::{TimeInterval, Times};

use super::world::{BOT, COURIER, Dice, chat};

/// An integration that wants to know what is over.
pub(super) const MAIL: IntegrationId = IntegrationId(500);
/// One that does not, and that comes and goes with the configuration.
pub(super) const HOOK: IntegrationId = IntegrationId(501);
/// One to which no route leads: it is told what the bot can't tell.
pub(super) const SPARE: IntegrationId = IntegrationId(502);
/// The limit of open incidents in the histories that have one.
const FEW_INCIDENTS: usize = 4;
/// After how long somebody else is told.
const FALLBACK_AFTER: Duration = Duration::from_secs(600);

/// What a history is configured with at first.
pub(super) fn settings(dice: &mut Dice, chats: impl Iterator<Item = i64>) -> Settings {
    let mut settings = Settings {
        allowed: HashMap::from([(BOT, chats.collect())]),
        ..Settings::default()
    };
    if dice.below(4) == 0 {
        settings.open_incidents_max = FEW_INCIDENTS;
    }
    if dice.below(2) == 0 {
        settings.operators = vec![chat(41)];
    }
    configure(dice, &mut settings);
    settings
}

/// Another configuration of what may be changed while a history lasts.
pub(super) fn configure(dice: &mut Dice, settings: &mut Settings) {
    settings.routing = (dice.below(3) > 0).then(|| routing(dice));
    settings.late_after = Duration::from_secs([60, 300, 3_600][dice.below(3)]);
    settings.inhibit_rules = match dice.below(2) {
        0 => Arc::default(),
        _ => Arc::new([cpu_explains(dice)]),
    };
    settings.fallbacks.clear();
    if settings.routing.is_none() {
        return;
    }
    if dice.below(2) == 0 {
        let to = vec![Destination::Integration(SPARE)];
        settings.fallbacks.insert(COURIER, fallback(to));
    } else if dice.below(2) == 0 {
        let mail = Destination::Integration(MAIL).outlet();
        settings
            .fallbacks
            .insert(mail, fallback(vec![chat(42).into()]));
    }
}

/// What nobody is told while the processor is busy: of the same host, or anywhere.
fn cpu_explains(dice: &mut Dice) -> Rule {
    let equal: &[&str] = [&["host"] as &[_], &[]][dice.below(2)];
    Rule {
        source: parse_list("alertname=Cpu").unwrap(),
        target: parse_list("alertname=~\"Disk|Net\"").unwrap(),
        equal: equal.iter().map(|name| (*name).into()).collect(),
    }
}

/// Takes away what holds news back without end: rules, and the hours of routes.
pub(super) fn let_speak(settings: &mut Settings) {
    settings.inhibit_rules = Arc::default();
    if let Some(routing) = &mut settings.routing {
        Arc::make_mut(routing).calendar = Calendar::default();
    }
}

/// Every other quarter of an hour, and so all that histories last.
fn calendar() -> Calendar {
    let quarter = |number: u32| {
        let time = |minutes: u32| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let (from, to) = (time(number * 30), time(number * 30 + 15));
        Times::new(from.parse().unwrap(), to.parse().unwrap()).unwrap()
    };
    let interval = TimeInterval {
        times: Some((0..48).map(quarter).collect()),
        ..TimeInterval::default()
    };
    [("quarters".into(), vec![interval])].into_iter().collect()
}

fn hours(dice: &mut Dice) -> Hours {
    let names = || vec!["quarters".into()];
    match dice.below(4) {
        0 => Hours {
            mute: names(),
            ..Hours::default()
        },
        1 => Hours {
            active: names(),
            ..Hours::default()
        },
        _ => Hours::default(),
    }
}

fn fallback(to: Vec<Destination>) -> Fallback {
    Fallback {
        after: FALLBACK_AFTER,
        to,
    }
}

/// What a host or a severity singles out goes to a receiver or a chat, in the place of `mail` or as
/// well, maybe at certain hours only.
fn child(dice: &mut Dice) -> Spec {
    let single = [
        "host=\"h0\"",
        "severity=\"critical\"",
        "alertname=~\"Cpu|Net\"",
    ][dice.below(3)];
    Spec {
        receiver: Some(["hook", "hook", "mail", "chat"][dice.below(4)].into()),
        matchers: parse_list(single).unwrap(),
        continues: dice.below(2) == 0,
        group_by: (dice.below(2) == 0).then_some(GroupBy::All),
        group_wait: (dice.below(2) == 0).then_some(Duration::ZERO),
        hours: hours(dice),
        ..Spec::default()
    }
}

/// Everything goes to one receiver, grouped by its name or not at all, but for what other routes
/// take: none or some, of which several may lead to one destination.
fn routing(dice: &mut Dice) -> Arc<Routing> {
    let names = [vec!["alertname".into()], Vec::new()][dice.below(2)].clone();
    let mut integrations = vec![
        integration(MAIL, "mail", true),
        integration(SPARE, "spare", true),
    ];
    if dice.below(3) > 0 {
        integrations.push(integration(HOOK, "hook", false));
    }
    let root = Route::root(Spec {
        receiver: Some(["mail", "mail", "mail", "chat"][dice.below(4)].into()),
        group_by: Some(GroupBy::Labels(names)),
        routes: (0..dice.below(4)).map(|_| child(dice)).collect(),
        ..Spec::default()
    });
    let told = ("chat".into(), chat(41));
    let mut routing = Routing::new(root, integrations).with_chats([told]);
    routing.calendar = calendar();
    Arc::new(routing)
}

fn integration(id: IntegrationId, receiver: &str, send_resolved: bool) -> Integration {
    Integration {
        id,
        receiver: receiver.into(),
        name: receiver.into(),
        send_resolved,
    }
}

/// Whether an integration is configured.
pub(super) fn is_configured(settings: &Settings, id: IntegrationId) -> bool {
    let routing = settings.routing.as_ref();
    routing.is_some_and(|routing| routing.integration(id).is_some())
}

/// Whether messages go there at all: to any chat, and to what is configured.
pub(super) fn exists(settings: &Settings, destination: Destination) -> bool {
    match destination {
        Destination::Chat(ChatKey { .. }) => true,
        Destination::Integration(id) => is_configured(settings, id),
    }
}

/// Whether a destination is told that something is over.
pub(super) fn tells_ends(destination: Destination) -> bool {
    destination != Destination::Integration(HOOK)
}
