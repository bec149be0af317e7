//! Which hours of event time stand in one section, once they are old enough.

/// A length of spans, all of which begin at a multiple of it, so that each lies in one of the next length.
#[derive(Debug)]
struct Level {
    hours: i64,
    /// So many hours after its end a span of this length is asked and added to so seldom that its ids
    /// stand in one section.
    settled_hours: i64,
}

const LEVELS: [Level; 4] = [
    Level { hours: 1, settled_hours: 2 },
    // Nearly every id asks the last 24 hours, and those before only where it is late.
    Level { hours: 24, settled_hours: 26 },
    // Nothing comes later than the window, which is a week, but released dead letters.
    Level { hours: 30 * 24, settled_hours: 8 * 24 },
    Level { hours: 12 * 30 * 24, settled_hours: 32 * 24 },
];

/// The first and the last hour of a span.
pub(super) type Span = (i64, i64);

impl Level {
    fn span(&self, hour: i64) -> Span {
        let from = hour.div_euclid(self.hours).saturating_mul(self.hours);
        (from, from.saturating_add(self.hours - 1))
    }
}

const fn is_settled(level: &Level, (_, to): Span, now_hour: i64) -> bool {
    to.saturating_add(level.settled_hours) < now_hour
}

/// The longest span with `hour` that has settled, or else the hour alone.
pub(super) fn of_hour(hour: i64, now_hour: i64) -> Span {
    of((hour, hour), now_hour).map_or((hour, hour), |(span, _)| span)
}

/// The longest settled span that has all of these hours, and true; where none has settled, the shortest
/// that has them, and false.
pub(super) fn of((from, to): Span, now_hour: i64) -> Option<(Span, bool)> {
    let holding = LEVELS.iter().map(|level| (level, level.span(from)));
    let mut holding = holding.filter(|(_, span)| to <= span.1);
    let (level, shortest) = holding.next()?;
    let settled = |(level, span): &(&Level, Span)| is_settled(level, *span, now_hour);
    let longest = holding.rfind(settled).map(|(_, span)| span);
    let is_shortest_settled = is_settled(level, shortest, now_hour);
    Some(longest.map_or((shortest, is_shortest_settled), |span| (span, true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_become_days_months_and_years_as_they_age() {
        let (hour, day) = (400_008, (400_008, 400_031));
        assert_eq!(day.0 % 24, 0);
        assert_eq!(of((hour, hour), hour + 2), Some(((hour, hour), false)));
        assert_eq!(of((hour, hour), hour + 3), Some(((hour, hour), true)));
        assert_eq!(of_hour(hour, day.1 + 26), (hour, hour));
        assert_eq!(of_hour(hour, day.1 + 27), day);
        assert_eq!(of(day, day.1), Some((day, false)));
        let month = (400_008 / 720 * 720, 400_008 / 720 * 720 + 719);
        assert_eq!(of_hour(hour, month.1 + 8 * 24), day);
        assert_eq!(of_hour(hour, month.1 + 8 * 24 + 1), month);
        let year = (400_008 / 8_640 * 8_640, 400_008 / 8_640 * 8_640 + 8_639);
        assert_eq!(of_hour(hour, year.1 + 32 * 24), month);
        assert_eq!(of_hour(hour, year.1 + 32 * 24 + 1), year);
        assert_eq!(of_hour(hour, i64::MAX), year);
    }

    #[test]
    fn hours_of_no_common_span_have_none() {
        assert_eq!(of((8_639, 8_640), i64::MAX), None);
        assert_eq!(of((i64::MIN, i64::MAX), 0), None);
        assert!(of((i64::MIN, i64::MIN), 0).is_some());
        assert!(of((i64::MAX, i64::MAX), 0).is_some());
    }
}
