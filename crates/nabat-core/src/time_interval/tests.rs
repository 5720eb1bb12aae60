use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;

/// An interval as people write it: `times=09:00-17:00 weekdays=monday:friday zone=Europe/Berlin`.
/// Several ranges of a kind stand with commas between.
fn interval(text: &str) -> TimeInterval {
    fn list<R>(value: &str) -> Option<Vec<R>>
    where
        R: std::str::FromStr<Err = NotARange>,
    {
        let items = value.split(',').filter(|item| !item.is_empty());
        Some(items.map(|item| item.parse().unwrap()).collect())
    }
    let mut interval = TimeInterval::default();
    for (key, value) in text.split(' ').filter_map(|pair| pair.split_once('=')) {
        match key {
            "times" => {
                let spans = value.split(',').map(|span| {
                    let (from, to) = span.split_once('-').unwrap();
                    Times::new(from.parse().unwrap(), to.parse().unwrap()).unwrap()
                });
                interval.times = Some(spans.collect());
            }
            "weekdays" => interval.weekdays = list(value),
            "days" => interval.days_of_month = list(value),
            "months" => interval.months = list(value),
            "years" => interval.years = list(value),
            "zone" => interval.zone = TimeZone::get(value).unwrap(),
            other => panic!("{other}"),
        }
    }
    interval
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap().unwrap()
}

#[test]
fn an_interval_contains_what_alertmanager_says() {
    // 2026-11-20 is a Friday.
    let cases = [
        ("", "2026-11-20T12:00:00Z", true),
        ("times=09:00-17:00", "2026-11-20T08:59:59.999Z", false),
        ("times=09:00-17:00", "2026-11-20T09:00:00Z", true),
        ("times=09:00-17:00", "2026-11-20T16:59:59.999Z", true),
        ("times=09:00-17:00", "2026-11-20T17:00:00Z", false),
        ("times=22:00-24:00", "2026-11-20T23:59:59.999Z", true),
        (
            "times=00:00-06:00,22:00-24:00",
            "2026-11-20T00:00:00Z",
            true,
        ),
        (
            "times=00:00-06:00,22:00-24:00",
            "2026-11-20T06:00:00Z",
            false,
        ),
        ("weekdays=monday:friday", "2026-11-20T23:59:59Z", true),
        ("weekdays=monday:friday", "2026-11-21T00:00:00Z", false),
        ("weekdays=sunday", "2026-11-22T12:00:00Z", true),
        ("weekdays=saturday,Sunday", "2026-11-21T12:00:00Z", true),
        ("weekdays=sunday:saturday", "2026-11-18T12:00:00Z", true),
        ("days=1:5", "2026-11-05T12:00:00Z", true),
        ("days=1:5", "2026-11-06T12:00:00Z", false),
        ("days=-3:-1", "2026-11-28T12:00:00Z", true),
        ("days=-3:-1", "2026-11-27T12:00:00Z", false),
        ("days=-1", "2024-02-29T12:00:00Z", true),
        ("days=-1", "2026-02-28T12:00:00Z", true),
        ("days=-1", "2024-02-28T12:00:00Z", false),
        ("days=1:-1", "2026-02-28T12:00:00Z", true),
        // Clamped to the month, and skipped in one that is too short.
        ("days=25:31", "2026-02-28T12:00:00Z", true),
        ("days=30:31", "2026-02-28T12:00:00Z", false),
        ("days=-31:-28", "2026-02-01T12:00:00Z", true),
        ("days=-31:-30", "2026-02-01T12:00:00Z", false),
        ("months=1:3", "2026-03-31T12:00:00Z", true),
        ("months=may:August", "2026-08-31T12:00:00Z", true),
        ("months=may:8", "2026-09-01T12:00:00Z", false),
        ("years=2026", "2026-12-31T23:59:59Z", true),
        ("years=2024:2025,2027", "2026-12-31T23:59:59Z", false),
        (
            "weekdays=friday days=20 months=11 years=2026 times=12:00-12:01",
            "2026-11-20T12:00:59Z",
            true,
        ),
        ("weekdays=friday days=21", "2026-11-20T12:00:59Z", false),
        // By the clock on that wall.
        (
            "times=09:00-17:00 zone=Asia/Tehran",
            "2026-11-20T05:30:00Z",
            true,
        ),
        (
            "times=09:00-17:00 zone=Asia/Tehran",
            "2026-11-20T05:29:59Z",
            false,
        ),
        (
            "weekdays=saturday zone=Asia/Tokyo",
            "2026-11-20T15:00:00Z",
            true,
        ),
        ("months=12 zone=Asia/Tokyo", "2026-11-30T15:00:00Z", true),
        ("days=-1 zone=Europe/Berlin", "2026-03-31T12:00:00Z", true),
        // Nothing is asked of an empty list that anything could fulfil.
        ("weekdays=", "2026-11-20T12:00:00Z", false),
    ];
    for (text, moment, expected) in cases {
        let got = interval(text).contains(at(moment));
        assert_eq!(got, expected, "{text} at {moment}");
    }
}

#[test]
fn ranges_that_mean_nothing_are_refused() {
    for text in [
        "",
        "noday",
        "monday:",
        ":monday",
        "friday:monday",
        "1:5",
        "monday:tuesday:friday",
    ] {
        assert!(text.parse::<Weekdays>().is_err(), "{text}");
    }
    for text in [
        "0", "32", "-32", "-3:5", "5:1", "-1:-3", "15:-15", "x", "1:2:3",
    ] {
        assert!(text.parse::<DaysOfMonth>().is_err(), "{text}");
    }
    for text in ["0", "13", "may:april", "8:7", "mayo"] {
        assert!(text.parse::<Months>().is_err(), "{text}");
    }
    for text in ["", "-1", "2027:2026", "year"] {
        assert!(text.parse::<Years>().is_err(), "{text}");
    }
    for text in [
        "", "9:00", "09:60", "24:01", "25:00", "+9:00", "0900", "09:00:00",
    ] {
        assert!(text.parse::<TimeOfDay>().is_err(), "{text}");
    }
    let time = |text: &str| text.parse::<TimeOfDay>().unwrap();
    for (from, to) in [("22:00", "06:00"), ("09:00", "09:00"), ("24:00", "24:00")] {
        assert!(Times::new(time(from), time(to)).is_err(), "{from} {to}");
    }
}

#[test]
fn the_next_change_is_known_to_the_minute() {
    let cases = [
        (
            "times=09:00-17:00",
            "2026-11-20T12:00:30.5Z",
            "2026-11-20T17:00:00Z",
        ),
        (
            "times=09:00-17:00",
            "2026-11-20T17:00:00Z",
            "2026-11-21T09:00:00Z",
        ),
        // Where two spans meet, nothing changes.
        (
            "times=00:00-06:00,22:00-24:00",
            "2026-11-20T23:00:00Z",
            "2026-11-21T06:00:00Z",
        ),
        (
            "weekdays=monday:friday",
            "2026-11-20T12:00:00Z",
            "2026-11-21T00:00:00Z",
        ),
        (
            "weekdays=monday:friday times=09:00-17:00",
            "2026-11-20T17:30:00Z",
            "2026-11-23T09:00:00Z",
        ),
        ("days=-1", "2026-11-20T12:00:00Z", "2026-11-30T00:00:00Z"),
        ("months=may", "2026-11-20T12:00:00Z", "2027-05-01T00:00:00Z"),
        ("years=2027", "2026-11-20T12:00:00Z", "2027-01-01T00:00:00Z"),
        // The clock is put forward at 01:00Z and back at 01:00Z.
        (
            "times=02:15-02:45 zone=Europe/Berlin",
            "2026-03-28T12:00:00Z",
            "2026-03-30T00:15:00Z",
        ),
        (
            "times=01:00-02:30 zone=Europe/Berlin",
            "2026-03-29T00:30:00Z",
            "2026-03-29T01:00:00Z",
        ),
        (
            "times=02:15-02:45 zone=Europe/Berlin",
            "2026-10-25T00:30:00Z",
            "2026-10-25T00:45:00Z",
        ),
        (
            "times=02:15-02:45 zone=Europe/Berlin",
            "2026-10-25T00:50:00Z",
            "2026-10-25T01:15:00Z",
        ),
        (
            "times=02:45-03:30 zone=Europe/Berlin",
            "2026-10-25T00:50:00Z",
            "2026-10-25T01:00:00Z",
        ),
        (
            "times=08:00-20:00 zone=Europe/Berlin",
            "2026-03-28T20:00:00Z",
            "2026-03-29T06:00:00Z",
        ),
        (
            "weekdays=sunday zone=Europe/Berlin",
            "2026-10-25T12:00:00Z",
            "2026-10-25T23:00:00Z",
        ),
    ];
    for (text, moment, expected) in cases {
        let got = interval(text).steady_until(at(moment));
        assert_eq!(
            got.to_string(),
            at(expected).to_string(),
            "{text} at {moment}"
        );
    }
}

#[test]
fn what_never_changes_is_looked_at_again_in_time() {
    for text in ["", "years=1999", "weekdays=sunday:saturday", "weekdays="] {
        let now = at("2026-11-20T12:00:00Z");
        let until = interval(text).steady_until(now);
        assert!(until >= now.after(HORIZON), "{text}: {until}");
    }
    let edge = Timestamp::from_millis(i64::MAX - 1);
    assert!(TimeInterval::default().steady_until(edge) > edge);
}

fn any_interval() -> impl Strategy<Value = TimeInterval> {
    let of = |texts: &'static [&'static str]| proptest::sample::select(texts);
    let parts = (
        of(&[
            "",
            "times=00:00-24:00",
            "times=02:00-02:30,01:59-02:10",
            "times=23:59-24:00",
        ]),
        of(&["", "weekdays=sunday", "weekdays=monday:friday"]),
        of(&["", "days=1:5", "days=-2:-1", "days=31"]),
        of(&["", "months=3:4", "months=october"]),
        of(&["", "years=2026"]),
        of(&[
            "",
            "zone=Europe/Berlin",
            "zone=Australia/Lord_Howe",
            "zone=America/Sao_Paulo",
        ]),
    );
    parts.prop_map(|(a, b, c, d, e, f)| interval(&[a, b, c, d, e, f].join(" ")))
}

proptest! {
    #[test]
    fn nothing_changes_before_the_next_change_and_then_it_does(
        interval in any_interval(),
        start in 1_735_689_600_i64..1_830_297_600, // the years 2025 to 2027
        parts in proptest::collection::vec(0.0_f64..1.0, 40),
    ) {
        let start = Timestamp::from_millis(start * 1_000);
        let until = interval.steady_until(start);
        prop_assert!(until > start);
        let here = interval.contains(start);
        let length = until.since(start).as_millis() as f64;
        for part in parts {
            let between = Timestamp::from_millis(start.as_millis() + (length * part) as i64);
            prop_assert_eq!(interval.contains(between), here, "at {}", between);
        }
        let just_before = Timestamp::from_millis(until.as_millis() - 1);
        prop_assert_eq!(interval.contains(just_before), here);
        if until < start.after(HORIZON) {
            prop_assert_ne!(interval.contains(until), here);
        }
    }

    #[test]
    fn no_text_makes_the_readers_panic(text in "[a-z0-9:-]{0,12}|.{0,12}") {
        let _ = text.parse::<Weekdays>();
        let _ = text.parse::<DaysOfMonth>();
        let _ = text.parse::<Months>();
        let _ = text.parse::<Years>();
        let _ = text.parse::<TimeOfDay>();
    }
}
