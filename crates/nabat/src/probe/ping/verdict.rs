//! What a round of pings means for the monitor, and in which words it is said.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use nabat_core::time::format_period;

use super::seen::Seen;
use super::settings::Ping;
use crate::probe::Finding;

/// What a round means. Nothing that this machine could not do is held against the host.
pub(super) fn verdict(seen: &Seen, ping: &Ping, address: IpAddr, timeout: Duration) -> Finding {
    let Some(average) = seen.average() else {
        return match (&seen.fault, seen.sent) {
            (Some(fault), _) => Finding::unknown(fault.to_string()),
            (None, 0) => Finding::unknown("this machine was too busy to send a ping"),
            (None, _) => Finding::down(in_vain(seen, address, timeout)),
        };
    };
    let (lost, sent) = (seen.lost(), seen.sent);
    let mut words = format!("{}, {lost} of {sent} lost", took(average));
    if let Some(jitter) = seen.jitter() {
        let _ = write!(words, ", jitter {}", took(jitter));
    }
    if u32::from(lost) * 100 <= u32::from(sent) * u32::from(ping.max_loss) {
        return Finding::up(words);
    }
    let _ = write!(words, "; expected at most {} %", ping.max_loss);
    if let Some(refusal) = seen.refusal {
        let _ = write!(words, "; {refusal}");
    }
    Finding::degraded(words)
}

fn in_vain(seen: &Seen, address: IpAddr, timeout: Duration) -> String {
    let packets = match seen.sent {
        1 => "1 packet".to_owned(),
        sent => format!("{sent} packets"),
    };
    match seen.refusal {
        Some(refusal) => format!("{address}: {refusal} ({packets} lost)"),
        None => {
            let timeout = format_period(timeout);
            format!("no answer from {address} within {timeout} ({packets})")
        }
    }
}

/// A time as people read it: three digits that matter.
pub fn took(took: Duration) -> String {
    let millis = took.as_secs_f64() * 1e3;
    match millis {
        ..0.9995 => format!("{millis:.3} ms"),
        ..9.995 => format!("{millis:.2} ms"),
        ..99.95 => format!("{millis:.1} ms"),
        ..999.5 => format!("{millis:.0} ms"),
        _ => format!("{:.2} s", millis / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::super::seen::{By, Fault, Refusal};
    use super::*;
    use crate::probe::Outcome;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 7));

    /// What it means that so many of three packets were answered in 1.2 ms.
    fn of(answered: usize, change: impl FnOnce(&mut Seen)) -> (Outcome, String) {
        let mut seen = Seen {
            sent: 3,
            rtts: vec![Duration::from_micros(1_234); answered],
            ..Seen::default()
        };
        change(&mut seen);
        let finding = verdict(&seen, &Ping::new("a"), ADDRESS, Duration::from_secs(1));
        (finding.outcome, finding.words)
    }

    fn is(found: &(Outcome, String), outcome: Outcome, words: &str) {
        assert_eq!(found, &(outcome, words.to_owned()));
    }

    #[test]
    fn a_host_is_up_as_long_as_not_too_many_packets_are_lost() {
        let up = "1.23 ms, 0 of 3 lost, jitter 0.000 ms";
        is(&of(3, |_| {}), Outcome::Up, up);
        let one = "1.23 ms, 1 of 3 lost, jitter 0.000 ms";
        is(&of(2, |_| {}), Outcome::Up, one);
        let two = "1.23 ms, 2 of 3 lost; expected at most 50 %";
        is(&of(1, |_| {}), Outcome::Degraded, two);
    }

    #[test]
    fn a_host_that_answers_nothing_is_down_with_what_the_network_says() {
        let silent = "no answer from 10.0.0.7 within 1s (3 packets)";
        is(&of(0, |_| {}), Outcome::Down, silent);
        let refused = of(0, |seen| {
            seen.refusal = Some(Refusal {
                by: By::Router([10, 0, 0, 1].into()),
                what: "host unreachable",
            });
        });
        let words = "10.0.0.7: host unreachable, says 10.0.0.1 (3 packets lost)";
        is(&refused, Outcome::Down, words);
    }

    #[test]
    fn our_own_fault_is_never_held_against_a_host() {
        for sent in [0, 2] {
            let found = of(0, |seen| {
                seen.sent = sent;
                seen.fault = Some(Fault::NoRoute(ADDRESS));
            });
            let words = "this machine has no route to 10.0.0.7";
            is(&found, Outcome::Unknown, words);
        }
        assert_eq!(of(0, |seen| seen.sent = 0).0, Outcome::Unknown);
        let answered = of(3, |seen| seen.fault = Some(Fault::Busy));
        assert_eq!(answered.0, Outcome::Up, "what was sent was answered");
    }

    #[test]
    fn times_have_three_digits() {
        for (micros, said) in [
            (43, "0.043 ms"),
            (999, "0.999 ms"),
            (1_234, "1.23 ms"),
            (23_456, "23.5 ms"),
            (234_560, "235 ms"),
            (999_600, "1.00 s"),
            (12_345_678, "12.35 s"),
        ] {
            assert_eq!(took(Duration::from_micros(micros)), said);
        }
    }
}
