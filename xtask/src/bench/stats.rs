//! The arithmetic of figures: medians of rounds, percentiles of times, ratios that say "times better".

/// The middle value, or the mean of the two middle ones; none of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    Some(if sorted.len().is_multiple_of(2) { (sorted[middle - 1] + upper) / 2.0 } else { upper })
}

/// The smallest value that `percent` of the values do not exceed: always one that occurred.
pub fn percentile(values: &[f64], percent: usize) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// Which figures are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Rates
    Higher,
    /// Times and sizes
    Lower,
}

impl Better {
    /// How many times better `ours` is than `theirs`; below 1 it is worse.
    pub fn ratio(self, ours: f64, theirs: f64) -> Option<f64> {
        let ratio = match self {
            Self::Higher => ours / theirs,
            Self::Lower => theirs / ours,
        };
        (ratio.is_finite() && ratio > 0.0).then_some(ratio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_does_not_mind_order_or_one_bad_round() {
        assert_eq!(median(&[3.0, 1.0, 900.0]), Some(3.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 9.0]), Some(3.0));
        assert_eq!(median(&[7.0]), Some(7.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let values: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!([50, 99, 100].map(|p| percentile(&values, p)), [Some(100.0), Some(198.0), Some(200.0)]);
        assert_eq!(percentile(&[7.0], 1), Some(7.0));
        assert_eq!(percentile(&[], 99), None);
    }

    #[test]
    fn a_ratio_above_one_is_better_whatever_is_good() {
        assert_eq!(Better::Higher.ratio(30.0, 10.0), Some(3.0));
        assert_eq!(Better::Lower.ratio(10.0, 30.0), Some(3.0));
        assert_eq!(Better::Lower.ratio(30.0, 10.0), Some(1.0 / 3.0));
        assert_eq!(Better::Higher.ratio(30.0, 0.0), None);
        assert_eq!(Better::Lower.ratio(30.0, 0.0), None);
    }
}
