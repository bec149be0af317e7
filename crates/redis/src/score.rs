//! Scores as Redis has them.

use accolade_domain::ranking::Score;

/// The double that is nearest to a score, of two the even one.
///
/// It never turns an order around: of two scores the greater has a greater double, or the same. Up to 2^46 any two that
/// differ by a hundredth have different ones.
pub(crate) fn nearest(score: Score) -> f64 {
    // Reading is exact and rounds once, as a division of the units would not.
    score.to_string().parse().expect("a decimal")
}

#[cfg(test)]
mod tests {
    use accolade_domain::tournament::SCORE_ONE;

    use super::*;

    const HUNDREDTH: i128 = SCORE_ONE / 100;

    #[test]
    fn a_score_is_rounded_once_and_to_the_nearest() {
        for (units, expected) in [
            (0, "0"),
            (SCORE_ONE / 10, "0.1"),
            (-SCORE_ONE * 5 / 4, "-1.25"),
            (1, "0.000000000000000001"),
            // The first whole number that is none, between two of which it is nearest to the even one.
            (((1 << 53) + 1) * SCORE_ONE, "9007199254740992"),
            (((1 << 53) + 1) * SCORE_ONE + 1, "9007199254740994"),
            (1_000_000_000_000_000 * SCORE_ONE, "1000000000000000"),
        ] {
            assert_eq!(nearest(Score(units)).to_string(), expected, "{units}");
        }
    }

    #[test]
    fn an_order_is_never_turned_around_and_hundredths_are_told_apart_up_to_2_46() {
        for base in [-5, 0, 1, 1 << 20, 1 << 33, (1 << 46) - 3, 1 << 46, (1 << 53) / 100 - 3] {
            let scores = (0..300).map(|hundredth| Score(base * SCORE_ONE + hundredth * HUNDREDTH));
            let doubles: Vec<_> = scores.map(nearest).collect();
            let are_told_apart = doubles.is_sorted_by(|one, next| one < next);
            assert_eq!(are_told_apart, base < 1 << 46, "{base}");
            assert!(doubles.is_sorted(), "{base}");
        }
    }
}
