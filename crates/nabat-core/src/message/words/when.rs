//! Moments and spans of time as a reader's language writes them.

use std::time::Duration;

use super::Locale;
use crate::time::Timestamp;

impl Locale {
    /// A moment by the reader's clock: `15:04` today, else `20 Nov 15:04`, with the year if that
    /// is another one.
    pub fn moment(&self, at: Timestamp, now: Timestamp) -> String {
        let (there, today) = (at.in_zone(&self.zone), now.in_zone(&self.zone));
        let time = there.strftime("%H:%M").to_string();
        if there.date() == today.date() {
            return time;
        }
        let month = self.text("month", [("month", (there.month() as usize).into())]);
        let day = there.day().to_string();
        if there.year() == today.year() {
            return self.text(
                "moment-day",
                [
                    ("day", day.into()),
                    ("month", month.into()),
                    ("time", time.into()),
                ],
            );
        }
        self.text(
            "moment-year",
            [
                ("day", day.into()),
                ("month", month.into()),
                ("year", there.year().to_string().into()),
                ("time", time.into()),
            ],
        )
    }

    /// [`Locale::moment`] with the name of the reader's zone: `15:04 MSK`, `15:04 UTC-3`.
    pub fn moment_in_zone(&self, at: Timestamp, now: Timestamp) -> String {
        format!("{} {}", self.moment(at, now), self.zone_name(at))
    }

    /// What the reader's zone is called at a moment: its abbreviation, else its offset.
    pub fn zone_name(&self, at: Timestamp) -> String {
        let there = at.in_zone(&self.zone);
        let name = there.strftime("%Z").to_string();
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return name;
        }
        let minutes = there.offset().seconds() / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, minutes) = (minutes.abs() / 60, minutes.abs() % 60);
        if minutes == 0 {
            format!("UTC{sign}{hours}")
        } else {
            format!("UTC{sign}{hours}:{minutes:02}")
        }
    }

    /// A span of time in its two greatest units, rounded down: `30 s`, `12 min`, `3 h 5 min`,
    /// `2 d`.
    pub fn span(&self, span: Duration) -> String {
        let seconds = usize::try_from(span.as_secs()).unwrap_or(usize::MAX);
        let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
        let unit = |key, n: usize| self.text(key, [("n", n.into())]);
        let two = |great: String, key, rest: usize| match rest {
            0 => great,
            rest => format!("{great} {}", unit(key, rest)),
        };
        if minutes == 0 {
            unit("span-seconds", seconds)
        } else if hours == 0 {
            unit("span-minutes", minutes)
        } else if days == 0 {
            two(unit("span-hours", hours), "span-minutes", minutes % 60)
        } else {
            two(unit("span-days", days), "span-hours", hours % 24)
        }
    }

    /// How long something took: `380 µs`, `142 ms`, `12 s`.
    pub fn latency(&self, latency: Duration) -> String {
        let unit = |key, n: u128| {
            let n = usize::try_from(n).unwrap_or(usize::MAX);
            self.text(key, [("n", n.into())])
        };
        match latency.as_micros() {
            micros @ ..1_000 => unit("span-micros", micros),
            micros @ ..10_000_000 => unit("span-millis", micros / 1_000),
            _ => self.span(latency),
        }
    }

    /// A part of a whole, in thousandths of a percent: `99.93 %`, `100 %`.
    pub fn percent(&self, millipercent: u32) -> String {
        let (whole, part) = (millipercent / 1_000, millipercent % 1_000 / 10);
        if part == 0 {
            return self.text("percent-whole", [("whole", whole.to_string().into())]);
        }
        let args = [
            ("whole", whole.to_string().into()),
            ("part", format!("{part:02}").into()),
        ];
        self.text("percent", args)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::message::words::Language;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap().unwrap()
    }

    #[test]
    fn moments_are_written_by_the_readers_clock() {
        let now = at("2026-11-20T22:30:00Z");
        let cases = [
            (Language::En, "UTC", "2026-11-20T15:04:05Z", "15:04 UTC"),
            (
                Language::En,
                "UTC",
                "2026-11-19T15:04:05Z",
                "19 Nov 15:04 UTC",
            ),
            (
                Language::En,
                "UTC",
                "2025-11-20T15:04:05Z",
                "20 Nov 2025 15:04 UTC",
            ),
            // In Moscow it is the 21st already.
            (
                Language::Ru,
                "Europe/Moscow",
                "2026-11-20T15:04:05Z",
                "20 ноя 18:04 MSK",
            ),
            (
                Language::Ru,
                "Europe/Moscow",
                "2026-11-20T21:04:05Z",
                "00:04 MSK",
            ),
            (
                Language::Ru,
                "Europe/Moscow",
                "2025-05-01T21:04:05Z",
                "2 мая 2025 00:04 MSK",
            ),
            (
                Language::PtBr,
                "America/Sao_Paulo",
                "2026-11-20T15:04:05Z",
                "12:04 UTC-3",
            ),
            (
                Language::PtBr,
                "America/Sao_Paulo",
                "2026-11-19T15:04:05Z",
                "19 nov. 12:04 UTC-3",
            ),
            (
                Language::En,
                "Asia/Kolkata",
                "2026-11-20T19:00:00Z",
                "00:30 IST",
            ),
            (
                Language::En,
                "Asia/Kathmandu",
                "2026-11-20T19:00:00Z",
                "00:45 UTC+5:45",
            ),
        ];
        for (language, zone, moment, expected) in cases {
            let zone = TimeZone::get(zone).unwrap();
            let locale = Locale { language, zone };
            assert_eq!(locale.moment_in_zone(at(moment), now), expected);
        }
    }

    #[test]
    fn spans_of_time_name_their_two_greatest_units() {
        let cases = [
            (0, "0 s", "0 с", "0 s"),
            (59, "59 s", "59 с", "59 s"),
            (60, "1 min", "1 мин", "1 min"),
            (12 * 60 + 59, "12 min", "12 мин", "12 min"),
            (3 * 3600 + 5 * 60, "3 h 5 min", "3 ч 5 мин", "3 h 5 min"),
            (2 * 86_400, "2 d", "2 дня", "2 dias"),
            (86_400 + 2 * 3600 + 60, "1 d 2 h", "1 день 2 ч", "1 dia 2 h"),
            (5 * 86_400, "5 d", "5 дней", "5 dias"),
        ];
        for (seconds, en, ru, pt_br) in cases {
            for (language, expected) in Language::ALL.into_iter().zip([en, ru, pt_br]) {
                let locale = Locale {
                    language,
                    zone: TimeZone::UTC,
                };
                assert_eq!(locale.span(Duration::from_secs(seconds)), expected);
            }
        }
    }

    #[test]
    fn latencies_and_percents_are_written_as_in_the_readers_language() {
        let locale = |language| Locale {
            language,
            zone: TimeZone::UTC,
        };
        for (micros, en, ru, pt_br) in [
            (0, "0 µs", "0 мкс", "0 µs"),
            (380, "380 µs", "380 мкс", "380 µs"),
            (142_900, "142 ms", "142 мс", "142 ms"),
            (9_999_999, "9999 ms", "9999 мс", "9999 ms"),
            (12_000_000, "12 s", "12 с", "12 s"),
        ] {
            for (language, expected) in Language::ALL.into_iter().zip([en, ru, pt_br]) {
                let latency = Duration::from_micros(micros);
                assert_eq!(locale(language).latency(latency), expected);
            }
        }
        for (millipercent, en, ru, pt_br) in [
            (100_000, "100 %", "100 %", "100%"),
            (99_999, "99.99 %", "99,99 %", "99,99%"),
            (98_050, "98.05 %", "98,05 %", "98,05%"),
            (0, "0 %", "0 %", "0%"),
        ] {
            for (language, expected) in Language::ALL.into_iter().zip([en, ru, pt_br]) {
                assert_eq!(locale(language).percent(millipercent), expected);
            }
        }
    }

    #[test]
    fn no_moment_makes_them_panic() {
        for at in [i64::MIN, i64::MAX, 0] {
            let _ = Locale::english()
                .moment_in_zone(Timestamp::from_millis(at), Timestamp::from_millis(0));
        }
        let _ = Locale::english().span(Duration::MAX);
    }
}
