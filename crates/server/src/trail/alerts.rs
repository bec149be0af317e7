//! What somebody should hear of soon: bursts of refused credentials, probing of what is another's, and one credential
//! that reads very many players. As a metric each, and one line of the log a minute at most for each kind.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

use accolade_domain::time::{HOUR_MICROS, Timestamp};

const MINUTE_MICROS: i64 = 60_000_000;
/// Addresses, and credentials, that are watched one by one.
const WATCHED_MAX: usize = 4_096;

/// From when on it is an alert; 0 for never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Refused credentials of one address within a minute.
    pub refused_by_address: u32,
    /// Refused credentials of all within a minute.
    pub refused: u32,
    /// Requests of one credential for what is another's, within an hour.
    pub probes: u32,
    /// Different players that one credential has read within an hour.
    pub players: u32,
}

impl Thresholds {
    /// Players of all credentials together that are told apart: one alone has no more.
    pub const PLAYERS_MAX: u32 = 1 << 20;
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { refused_by_address: 30, refused: 300, probes: 20, players: 1_000 }
    }
}

/// An alert that was raised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alert {
    kind: Kind,
    who: String,
    count: u32,
    /// A line of the log says so.
    is_told: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    RefusedByAddress,
    Refused,
    Probing,
    MassExport,
}

impl Kind {
    const fn code(self) -> &'static str {
        match self {
            Self::RefusedByAddress => "refused_by_address",
            Self::Refused => "refused",
            Self::Probing => "probing",
            Self::MassExport => "mass_export",
        }
    }
}

/// Counts within fixed stretches of time.
#[derive(Debug)]
struct Window<V> {
    number: i64,
    micros: i64,
    by_who: HashMap<u64, V>,
}

impl<V: Default> Window<V> {
    fn of(micros: i64) -> Self {
        Self { number: i64::MIN, micros, by_who: HashMap::new() }
    }

    /// Begins the stretch of `at`, with nobody in it, where it is another; says whether it is.
    fn turn(&mut self, at: Timestamp) -> bool {
        let number = at.micros().div_euclid(self.micros);
        let is_new = number != self.number;
        if is_new {
            self.number = number;
            self.by_who.clear();
        }
        is_new
    }

    /// What is known of `who` in the stretch of `at`; nothing where there is no room for another.
    fn get(&mut self, who: &impl Hash, at: Timestamp) -> Option<&mut V> {
        self.turn(at);
        let who = hash(who);
        if !self.by_who.contains_key(&who) && self.by_who.len() >= WATCHED_MAX {
            return None;
        }
        Some(self.by_who.entry(who).or_default())
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// What is watched.
#[derive(Debug)]
pub(crate) struct Alerts {
    refused_by_address: Window<u32>,
    refused: Window<u32>,
    probes: Window<u32>,
    players: Window<HashSet<u64>>,
    /// Players in it.
    players_in_all: usize,
    told_at: [i64; 4],
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            refused_by_address: Window::of(MINUTE_MICROS),
            refused: Window::of(MINUTE_MICROS),
            probes: Window::of(HOUR_MICROS),
            players: Window::of(HOUR_MICROS),
            players_in_all: 0,
            told_at: [i64::MIN; 4],
        }
    }
}

impl Alerts {
    /// A credential was refused.
    pub(super) fn refused(
        &mut self,
        peer: Option<IpAddr>,
        at: Timestamp,
        of: &Thresholds,
    ) -> Vec<Alert> {
        let by_address = count(self.refused_by_address.get(&peer, at), of.refused_by_address);
        let in_all = count(self.refused.get(&(), at), of.refused);
        let who = peer.map_or_else(|| "the local socket".to_owned(), |peer| peer.to_string());
        let by_address =
            by_address.map(|count| self.raise(Kind::RefusedByAddress, &who, count, at));
        let in_all = in_all.map(|count| self.raise(Kind::Refused, "all addresses", count, at));
        by_address.into_iter().chain(in_all).collect()
    }

    /// Somebody has asked for what is another's.
    pub(super) fn probed(
        &mut self,
        subject: &str,
        at: Timestamp,
        of: &Thresholds,
    ) -> Option<Alert> {
        let count = count(self.probes.get(&subject, at), of.probes)?;
        Some(self.raise(Kind::Probing, subject, count, at))
    }

    /// Somebody has read something of a player.
    pub(super) fn read(
        &mut self,
        subject: &str,
        player: &str,
        at: Timestamp,
        of: &Thresholds,
    ) -> Option<Alert> {
        if self.players.turn(at) {
            self.players_in_all = 0;
        }
        let players = self.players.get(&subject, at)?;
        // Beyond the threshold nothing more is to be told.
        let is_over = players.len() >= of.players as usize;
        let is_full = self.players_in_all >= Thresholds::PLAYERS_MAX as usize;
        if is_over || is_full || !players.insert(hash(&player)) {
            return None;
        }
        self.players_in_all += 1;
        if players.len() < of.players as usize {
            return None;
        }
        Some(self.raise(Kind::MassExport, subject, of.players, at))
    }

    /// Somebody has taken out what there is of all players.
    pub(super) fn took_out_all(&mut self, subject: &str, at: Timestamp) -> Alert {
        self.raise(Kind::MassExport, subject, 0, at)
    }

    fn raise(&mut self, kind: Kind, who: &str, count: u32, at: Timestamp) -> Alert {
        let told_at = &mut self.told_at[kind as usize];
        let is_told = at.micros().saturating_sub(*told_at) >= MINUTE_MICROS;
        if is_told {
            *told_at = at.micros();
        }
        Alert { kind, who: who.to_owned(), count, is_told }
    }
}

/// Counts one more; the count where it has just come to the threshold.
fn count(counted: Option<&mut u32>, threshold: u32) -> Option<u32> {
    let counted = counted?;
    *counted = counted.saturating_add(1);
    (*counted == threshold).then_some(threshold)
}

/// Says what was raised.
pub(super) fn tell(alerts: &[Alert]) {
    for Alert { kind, who, count, is_told } in alerts {
        let kind = kind.code();
        metrics::counter!("accolade_alerts_total", "kind" => kind).increment(1);
        if *is_told {
            tracing::warn!(alert = kind, who, count, "somebody should look at this");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF: Thresholds = Thresholds { refused_by_address: 3, refused: 5, probes: 2, players: 3 };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn kinds(alerts: &[Alert]) -> Vec<(&'static str, bool)> {
        alerts.iter().map(|alert| (alert.kind.code(), alert.is_told)).collect()
    }

    #[test]
    fn a_burst_of_refused_credentials_is_one_alert_by_address_and_one_in_all_each_minute() {
        let mut alerts = Alerts::default();
        let peer = Some("192.0.2.1".parse().unwrap());
        let mut raised = Vec::new();
        for _ in 0..10 {
            raised.extend(alerts.refused(peer, at(60), &OF));
        }
        assert_eq!(kinds(&raised), [("refused_by_address", true), ("refused", true)]);
        assert_eq!((&*raised[0].who, raised[0].count), ("192.0.2.1", 3));
        let mut next = Vec::new();
        for _ in 0..3 {
            next.extend(alerts.refused(peer, at(119), &OF));
        }
        assert!(next.is_empty(), "it is the same minute");
        for _ in 0..3 {
            next.extend(alerts.refused(peer, at(120), &OF));
        }
        assert_eq!(kinds(&next), [("refused_by_address", true)]);
    }

    #[test]
    fn a_threshold_of_nothing_is_never_reached() {
        let (mut alerts, peer) = (Alerts::default(), None);
        let of = Thresholds { refused_by_address: 0, refused: 0, probes: 0, players: 0 };
        for number in 0..1_000 {
            assert!(alerts.refused(peer, at(60), &of).is_empty());
            assert_eq!(alerts.probed("a", at(60), &of), None);
            assert_eq!(alerts.read("a", &format!("p{number}"), at(60), &of), None);
        }
    }

    #[test]
    fn slow_refusals_are_no_burst() {
        let mut alerts = Alerts::default();
        for minute in 0..100 {
            assert!(alerts.refused(None, at(60 * minute), &OF).is_empty());
            assert!(alerts.refused(None, at(60 * minute + 1), &OF).is_empty());
        }
    }

    #[test]
    fn addresses_in_any_number_are_an_alert_in_all_and_take_no_more_room() {
        let mut alerts = Alerts::default();
        let of = Thresholds { refused: 50_000, ..OF };
        let mut raised = Vec::new();
        for number in 0..50_000_u32 {
            raised.extend(alerts.refused(Some(IpAddr::V4(number.into())), at(60), &of));
        }
        assert_eq!(kinds(&raised), [("refused", true)]);
        assert_eq!(alerts.refused_by_address.by_who.len(), WATCHED_MAX);
    }

    #[test]
    fn whoever_asks_for_what_is_another_s_is_told_of_and_a_second_line_waits_a_minute() {
        let mut alerts = Alerts::default();
        assert_eq!(alerts.probed("a", at(0), &OF), None);
        let raised = alerts.probed("a", at(1), &OF).unwrap();
        assert_eq!((&*raised.who, raised.is_told), ("a", true));
        assert_eq!(alerts.probed("a", at(2), &OF), None, "once an hour");
        assert_eq!(alerts.probed("b", at(3), &OF), None);
        assert!(!alerts.probed("b", at(4), &OF).unwrap().is_told);
        assert_eq!(alerts.probed("c", at(5), &OF), None);
        assert!(alerts.probed("c", at(62), &OF).unwrap().is_told);
    }

    #[test]
    fn whoever_reads_many_players_is_told_of_and_whoever_reads_one_often_is_not() {
        let mut alerts = Alerts::default();
        for _ in 0..100 {
            assert_eq!(alerts.read("a", "p1", at(0), &OF), None);
        }
        assert_eq!(alerts.read("a", "p2", at(1), &OF), None);
        assert_eq!(alerts.read("b", "p3", at(1), &OF), None);
        let raised = alerts.read("a", "p3", at(2), &OF).unwrap();
        assert_eq!((raised.kind, raised.count), (Kind::MassExport, 3));
        assert_eq!(alerts.read("a", "p4", at(3), &OF), None, "once an hour");
        assert_eq!(alerts.read("a", "p5", at(3_600), &OF), None, "another hour");
    }
}
