//! What was measured: values by name, in the order in which they are shown, and what they
//! should be.

/// What Nabat has set itself, on two cores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
    /// At most this share of what Alertmanager takes.
    OfPeer(f64),
}

/// One value.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// With the unit. Two spaces in front put it under the one above.
    pub(crate) title: String,
    pub(crate) value: f64,
    pub(crate) target: Option<Target>,
}

/// The values of one part of the benchmark, for one program and round.
#[derive(Default)]
pub(crate) struct Figures(pub(crate) Vec<Figure>);

impl Figures {
    pub(crate) fn add(&mut self, title: impl Into<String>, value: f64) {
        self.push(title.into(), value, None);
    }

    pub(crate) fn add_at_most(&mut self, title: impl Into<String>, value: f64, most: f64) {
        self.push(title.into(), value, Some(Target::AtMost(most)));
    }

    pub(crate) fn add_at_least(&mut self, title: impl Into<String>, value: f64, least: f64) {
        self.push(title.into(), value, Some(Target::AtLeast(least)));
    }

    pub(crate) fn add_for(&mut self, title: impl Into<String>, value: f64, target: Target) {
        self.push(title.into(), value, Some(target));
    }

    fn push(&mut self, title: String, value: f64, target: Option<Target>) {
        self.0.push(Figure {
            title,
            value,
            target,
        });
    }
}

impl Target {
    /// `peer` is what Alertmanager takes, when it was measured too.
    pub(crate) fn is_met_by(self, value: f64, peer: Option<f64>) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
            Self::OfPeer(share) => peer.is_none_or(|peer| value <= share * peer),
        }
    }
}

/// The value below which the share `p` of `values` lies; not a number when there are none.
pub(crate) fn percentile(values: &mut [f64], p: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1) as f64;
    values
        .get((last * p).round() as usize)
        .copied()
        .unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_few_values() {
        assert_eq!(percentile(&mut [3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(percentile(&mut [3.0, 1.0, 2.0], 0.99), 3.0);
        assert!(percentile(&mut [], 0.5).is_nan());
    }

    #[test]
    fn what_was_not_measured_meets_no_target() {
        assert!(Target::AtMost(2.0).is_met_by(2.0, None));
        assert!(!Target::AtLeast(2.0).is_met_by(1.9, None));
        assert!(!Target::AtMost(2.0).is_met_by(f64::NAN, None));
    }

    #[test]
    fn a_share_of_what_was_not_measured_can_not_be_missed() {
        let tenth = Target::OfPeer(0.1);
        assert!(tenth.is_met_by(1.0, Some(10.0)) && tenth.is_met_by(1.0, None));
        assert!(!tenth.is_met_by(1.1, Some(10.0)));
        assert!(!tenth.is_met_by(1.0, Some(f64::NAN)));
    }
}
