//! Which points expire next, as long as nothing becomes of them: what players are told ahead.

use super::{DAY, Model, ModelAccount, Version, tiers};

/// So many points expire at a moment, as was so from another moment on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelForecast {
    /// From when on.
    pub since: i64,
    /// The version by which they expire.
    pub version: u32,
    /// When they expire.
    pub at: i64,
    /// How many, if none are spent or taken until then.
    pub points: i64,
    /// From when on that is to be told.
    pub tells_at: i64,
}

impl ModelAccount {
    /// Notes what expires next by a version, where that is to be told of.
    pub(super) fn forecast(&mut self, version: Option<&Version>, now: i64) {
        let Some(forecast) = version.and_then(|version| self.expected(version, now)) else {
            return;
        };
        let said = |it: &ModelForecast| (it.version, it.at, it.points);
        if self.forecasts.last().map(said) != Some(said(&forecast)) {
            self.forecasts.push(forecast);
        }
    }

    /// Notes what expires next after all that has become of the account at a moment.
    pub(super) fn forecast_again(&mut self, versions: &[Version], now: i64) {
        self.forecast(self.last_version(versions), now);
    }

    fn expected(&self, version: &Version, now: i64) -> Option<ModelForecast> {
        let expiry = version.program.expiry;
        let (at, points) = self.lots.expiring(expiry, &version.program.zone)?;
        let tells_at = at - expiry.notify? * DAY;
        Some(ModelForecast { since: now, version: version.number, at, points, tells_at })
    }

    /// Whether what is told at a moment, of points that expire by a version, was so then, and was to be told.
    pub fn is_foretold(&self, told_at: i64, version: u32, at: i64, points: i64) -> bool {
        let until = self.forecasts.iter().skip(1).map(|next| next.since);
        let until = until.chain([i64::MAX]);
        self.forecasts.iter().zip(until).any(|(it, until)| {
            (it.version, it.at, it.points) == (version, at, points)
                && it.tells_at <= told_at
                && (it.since..=until).contains(&told_at)
        })
    }
}

impl Model {
    /// When the points of an account expire of which its player must have been told by now, if there are any.
    pub fn must_be_told(&self, operator: &str, account: &ModelAccount) -> Option<i64> {
        let now = self.batch_times[&account.partition];
        let version = tiers::in_force(self.operators.get(operator)?, now)?;
        let expected = account.expected(version, now)?;
        (expected.tells_at <= now).then_some(expected.at)
    }
}
