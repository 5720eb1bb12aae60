use super::*;
use std::time::Duration;

const STEP: Duration = Duration::from_secs(60);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn incident() -> Incident {
    let labels: Labels = [("alertname", "DiskFull")].into_iter().collect();
    Incident {
        group: "g".into(),
        starts_at: at(100),
        ..Incident::new(IncidentId(1), labels, at(110))
    }
}

fn firing() -> News {
    News {
        labels: [("alertname", "DiskFull")].into_iter().collect(),
        annotations: Labels::default(),
        links: Links::default(),
        group: None,
        starts_at: Some(at(100)),
        status: Status::Firing { expires: None },
        own: false,
    }
}

fn resolved(ends_at: Option<Timestamp>) -> News {
    News {
        status: Status::Resolved { ends_at },
        ..firing()
    }
}

#[test]
fn what_becomes_of_an_open_incident() {
    let stale = Incident {
        state: State::Stale,
        ..incident()
    };
    let told = News {
        annotations: [("summary", "now 97 %")].into_iter().collect(),
        ..firing()
    };
    let earlier = News {
        starts_at: Some(at(90)),
        ..firing()
    };
    let expiring = News {
        status: Status::Firing {
            expires: Some(Expiry::given(at(500))),
        },
        ..firing()
    };
    let end = |seconds| State::Ended {
        at: at(seconds),
        how: Ending::Resolved,
    };
    let cases: Vec<(&str, Incident, News, i64, Heard, State)> = vec![
        (
            "repeat",
            incident(),
            firing(),
            120,
            Heard::Same,
            State::Firing,
        ),
        (
            "repeat after a step",
            incident(),
            firing(),
            170,
            Heard::Kept,
            State::Firing,
        ),
        (
            "changed text",
            incident(),
            told,
            120,
            Heard::Changed,
            State::Firing,
        ),
        (
            "earlier start",
            incident(),
            earlier,
            120,
            Heard::Kept,
            State::Firing,
        ),
        (
            "end time",
            incident(),
            expiring,
            120,
            Heard::Kept,
            State::Firing,
        ),
        (
            "back from silence",
            stale,
            firing(),
            120,
            Heard::Changed,
            State::Firing,
        ),
        (
            "resolved",
            incident(),
            resolved(Some(at(150))),
            160,
            Heard::Changed,
            end(150),
        ),
        (
            "resolved, no time",
            incident(),
            resolved(None),
            160,
            Heard::Changed,
            end(160),
        ),
        (
            "resolved in the future",
            incident(),
            resolved(Some(at(900))),
            160,
            Heard::Changed,
            end(160),
        ),
        (
            "an end before the start, by a clock that lags",
            incident(),
            resolved(Some(at(99))),
            160,
            Heard::Changed,
            end(100),
        ),
        (
            "end of an earlier life",
            incident(),
            News {
                starts_at: Some(at(50)),
                ..resolved(Some(at(99)))
            },
            160,
            Heard::Same,
            State::Firing,
        ),
    ];
    for (name, given, news, now, expected, state) in cases {
        let before = given.revision;
        let mut given = Arc::new(given);
        let heard = given.hear(&mut given.pulse(), &news, at(now), STEP);
        assert_eq!(heard, expected, "{name}");
        assert_eq!(given.state, state, "{name}");
        assert_eq!(given.revision > before, expected != Heard::Same, "{name}");
    }
}

#[test]
fn an_end_may_have_the_last_word() {
    let summary = |text| -> Labels { [("summary", text)].into_iter().collect() };
    let link = |to: &str| Links {
        generator: Some(to.into()),
        ..Links::default()
    };
    for (said, expected) in [("", "97 %"), ("at 12 % again", "at 12 % again")] {
        let mut incident = Arc::new(Incident {
            annotations: summary("97 %"),
            links: link("97 %"),
            ..incident()
        });
        let mut last = resolved(Some(at(150)));
        if !said.is_empty() {
            (last.annotations, last.links) = (summary(said), link(said));
        }
        incident.hear(&mut incident.pulse(), &last, at(160), STEP);
        assert_eq!(incident.annotations, summary(expected));
        assert_eq!(incident.links, link(expected));
    }
}

/// A post to Alertmanager's API: when it says that the alert begins and ends.
fn posted(starts_at: Option<i64>, expires: Expiry) -> News {
    News {
        starts_at: starts_at.map(at),
        status: Status::Firing {
            expires: Some(expires),
        },
        ..firing()
    }
}

#[test]
fn what_overlaps_is_merged_as_in_alertmanager() {
    let given = |seconds| Expiry::given(at(seconds));
    let presumed = |seconds| Expiry::presumed(at(seconds));
    let now = 1_000;
    // Start and end as they are, as they are said, as they become.
    type Span = (i64, Expiry);
    let cases: &[(&str, Span, Span, Span)] = &[
        (
            "a refresh",
            (100, given(1_200)),
            (100, given(1_260)),
            (100, given(1_260)),
        ),
        (
            "a given end is not shortened",
            (100, given(2_036)),
            (120, given(2_035)),
            (100, given(2_036)),
        ),
        (
            "nor by a presumed one, which it becomes",
            (100, given(2_036)),
            (90, presumed(1_300)),
            (90, presumed(2_036)),
        ),
        (
            "a presumed end is",
            (100, presumed(2_000)),
            (120, given(1_500)),
            (100, given(1_500)),
        ),
        (
            "an earlier start counts",
            (100, given(1_200)),
            (50, given(1_200)),
            (50, given(1_200)),
        ),
        (
            "a later start with a later end is the same alert",
            (100, given(1_200)),
            (900, given(1_300)),
            (100, given(1_300)),
        ),
        (
            "what begins when the other ends takes its place",
            (100, given(1_200)),
            (1_200, given(1_300)),
            (1_200, given(1_300)),
        ),
        (
            "what ends before the other begins does too",
            (1_500, given(1_600)),
            (900, given(1_100)),
            (900, given(1_100)),
        ),
    ];
    for (name, (starts_at, held), (begins, said), (expected_start, expected_end)) in cases {
        let mut incident = Arc::new(Incident {
            starts_at: at(*starts_at),
            expires: Some(*held),
            ..incident()
        });
        let mut pulse = incident.pulse();
        incident.hear(&mut pulse, &posted(Some(*begins), *said), at(now), STEP);
        assert_eq!(pulse.expires, Some(*expected_end), "{name}");
        assert_eq!(incident.starts_at, at(*expected_start), "{name}");
    }
}

#[test]
fn a_repeat_moves_the_pulse_and_copies_nothing() {
    let mut incident = Arc::new(Incident {
        expires: Some(Expiry::given(at(340))),
        ..incident()
    });
    let held = Arc::clone(&incident);
    let mut pulse = incident.pulse();
    for now in [120, 130, 330] {
        let news = posted(Some(100), Expiry::given(at(now + 240)));
        assert_eq!(incident.hear(&mut pulse, &news, at(now), STEP), Heard::Same);
        assert!(Arc::ptr_eq(&incident, &held));
        assert_eq!(pulse.seen_at, at(now));
        assert_eq!(pulse.expires, Some(Expiry::given(at(now + 240))));
    }
    let news = posted(Some(100), Expiry::given(at(580)));
    assert_eq!(incident.hear(&mut pulse, &news, at(340), STEP), Heard::Kept);
    assert_eq!(incident.pulse(), pulse, "what is stored has caught up");
    // An end that moved by more than a restart grants is stored at once.
    let news = posted(Some(100), Expiry::given(at(9_999)));
    assert_eq!(incident.hear(&mut pulse, &news, at(341), STEP), Heard::Kept);
}

#[test]
fn the_title_is_the_first_line_people_see() {
    let labels: Labels = [("alertname", "HighCPU"), ("host", "a")]
        .into_iter()
        .collect();
    let summary: Labels = [("summary", "CPU of a above 90 %")].into_iter().collect();
    assert_eq!(title_of(&labels, &Labels::default()), "HighCPU");
    assert_eq!(title_of(&labels, &summary), "HighCPU: CPU of a above 90 %");
    let nameless: Labels = [("host", "a")].into_iter().collect();
    assert_eq!(title_of(&nameless, &Labels::default()), "{host=\"a\"}");
}

#[test]
fn severities_are_read_from_the_label() {
    for (text, expected) in [
        ("critical", Severity::Critical),
        ("PAGE", Severity::Critical),
        ("error", Severity::Error),
        ("warning", Severity::Warning),
        ("", Severity::Warning),
        ("weird", Severity::Warning),
        ("info", Severity::Info),
    ] {
        let labels: Labels = [("severity", text)].into_iter().collect();
        assert_eq!(Severity::of(&labels), expected, "{text}");
    }
}
