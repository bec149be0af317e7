//! Who is connected, and who gives way when there is no room.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use metrics::{counter, gauge};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Bounds, Listener};

use crate::lock::lock;

/// How long a newcomer waits for the place of somebody who was told to go.
const ROOM_TIME: Duration = Duration::from_secs(1);
/// So many of the idle go at once, because finding them costs a look at all.
const IDLE_AT_ONCE: usize = 32;
/// Refused credentials one after the other that end a connection.
const REFUSED_MAX: u32 = 8;
/// In place of a count of requests: the connection takes no more.
const CLOSING: u32 = u32::MAX;
/// In place of a time: there is none.
const NEVER: u64 = u64::MAX;

/// Why a connection is no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// Both sides were done.
    Ended,
    /// The peer broke off, or broke the protocol.
    Broken,
    /// It made room for another.
    MadeRoom,
    /// There was no room, and everybody was busy.
    Full,
    /// There was no room for another of its address.
    AddressFull,
    /// The handshake of TLS failed, or took too long.
    Handshake,
    /// A named proxy did not say for whom it connects.
    ProxyHeader,
    /// The head of a request took too long.
    Head,
    /// It was idle for too long.
    Idle,
    /// The peer did not take its answer.
    Stalled,
    /// Too many of its requests one after the other showed no credential that is known.
    Refused,
    /// The node stops.
    Stopping,
}

impl Closed {
    const fn label(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Broken => "broken",
            Self::MadeRoom => "made_room",
            Self::Full => "full",
            Self::AddressFull => "address_full",
            Self::Handshake => "handshake",
            Self::ProxyHeader => "proxy_header",
            Self::Head => "head",
            Self::Idle => "idle",
            Self::Stalled => "stalled",
            Self::Refused => "refused",
            Self::Stopping => "stopping",
        }
    }

    pub(crate) fn count(self) {
        counter!("accolade_http_connections_closed_total", "reason" => self.label()).increment(1);
    }
}

/// All connections of a listener; a clone is another handle to them.
#[derive(Debug, Clone)]
pub(crate) struct Gate(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bounds: Bounds,
    since: Instant,
    ledger: Mutex<Ledger>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Ledger {
    next: u64,
    open: BTreeMap<u64, Arc<Conn>>,
    /// Those that have not asked, the oldest first.
    unasked: BTreeMap<u64, Arc<Conn>>,
    of_address: HashMap<IpAddr, OfAddress>,
}

#[derive(Debug, Default)]
struct OfAddress {
    count: usize,
    unasked: BTreeMap<u64, Arc<Conn>>,
}

/// One connection, as whoever watches it sees it. Times are milliseconds since the gate opened.
#[derive(Debug)]
pub(crate) struct Conn {
    number: u64,
    address: Mutex<Option<IpAddr>>,
    gate: Gate,
    /// Requests whose answers are under way.
    asked: AtomicU32,
    has_asked: AtomicBool,
    is_http2: AtomicBool,
    /// It is not HTTP any more, and whoever has gone on with it says when it ends.
    has_gone_on: AtomicBool,
    idle_since: AtomicU64,
    head_since: AtomicU64,
    write_since: AtomicU64,
    /// Answers of which the peer has yet to take something.
    untaken: AtomicU32,
    taken_at: AtomicU64,
    /// Answers one after the other that refused the credential.
    refused: AtomicU32,
    told: OnceLock<Closed>,
    close: Notify,
}

/// A place among the connections, free again when dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Conn>);

/// A request that is being answered; it is over when dropped.
#[derive(Debug)]
pub(crate) struct Asked(Arc<Conn>);

enum Try {
    Admitted(Place),
    /// Somebody is about to go.
    Wait,
    Refused(Closed),
}

/// The addresses that count as one: whoever has one of IPv6 has all of its network.
fn alike(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

impl Gate {
    pub(crate) fn new(bounds: Bounds) -> Self {
        let (since, ledger, freed) = (Instant::now(), Mutex::default(), Notify::new());
        Self(Arc::new(Shared { bounds, since, ledger, freed }))
    }

    pub(crate) fn bounds(&self) -> &Bounds {
        &self.0.bounds
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.since.elapsed().as_millis()).unwrap_or(NEVER - 1)
    }

    /// A place for a connection from `address`; nothing bounds those without one but the number of all.
    pub(crate) async fn admit(&self, address: Option<IpAddr>) -> Result<Place, Closed> {
        let address = address.map(alike);
        let until = Instant::now() + ROOM_TIME;
        loop {
            let mut freed = std::pin::pin!(self.0.freed.notified());
            freed.as_mut().enable();
            match self.try_admit(address) {
                Try::Admitted(place) => return Ok(place),
                Try::Refused(why) => return Err(why),
                Try::Wait => {
                    if tokio::time::timeout_at(until, freed).await.is_err() {
                        return Err(Closed::Full);
                    }
                }
            }
        }
    }

    fn try_admit(&self, address: Option<IpAddr>) -> Try {
        let Bounds { connections_max, unasked_max, .. } = self.0.bounds;
        let mut ledger = lock(&self.0.ledger);
        if let Some(full) = self.room_of_address(&mut ledger, address) {
            return full;
        }
        if ledger.open.len() >= connections_max {
            return if ledger.make_room(|_| true) { Try::Wait } else { Try::Refused(Closed::Full) };
        }
        if ledger.unasked.len() >= unasked_max {
            ledger.oldest_unasked_goes();
        }
        let number = ledger.next;
        ledger.next += 1;
        let conn = Arc::new(Conn {
            number,
            address: Mutex::new(address),
            gate: self.clone(),
            asked: AtomicU32::new(0),
            has_asked: AtomicBool::new(false),
            is_http2: AtomicBool::new(false),
            has_gone_on: AtomicBool::new(false),
            idle_since: AtomicU64::new(self.now()),
            head_since: AtomicU64::new(NEVER),
            write_since: AtomicU64::new(NEVER),
            untaken: AtomicU32::new(0),
            taken_at: AtomicU64::new(0),
            refused: AtomicU32::new(0),
            told: OnceLock::new(),
            close: Notify::new(),
        });
        ledger.open.insert(number, Arc::clone(&conn));
        ledger.unasked.insert(number, Arc::clone(&conn));
        ledger.note_address(&conn, address);
        Try::Admitted(Place(conn))
    }

    /// Why another of this address has to wait or go; nothing where there is room.
    fn room_of_address(&self, ledger: &mut Ledger, address: Option<IpAddr>) -> Option<Try> {
        let own = ledger.of_address.get_mut(&address?)?;
        if own.count < self.0.bounds.by_address_max {
            return None;
        }
        let is_own = |conn: &Conn| *lock(&conn.address) == address;
        let goes = match own.unasked.pop_first() {
            Some((number, oldest)) => {
                ledger.unasked.remove(&number);
                oldest.go(Closed::MadeRoom) || ledger.make_room_among_idle(is_own)
            }
            None => ledger.make_room_among_idle(is_own),
        };
        Some(if goes { Try::Wait } else { Try::Refused(Closed::AddressFull) })
    }

    /// Shows how many there are.
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
    pub(crate) fn set_gauges(&self, listener: Listener) {
        let listener = listener.label();
        let (all, unasked, busy) = {
            let ledger = lock(&self.0.ledger);
            let is_busy = |conn: &&Arc<Conn>| conn.is_busy();
            (ledger.open.len(), ledger.unasked.len(), ledger.open.values().filter(is_busy).count())
        };
        let set = |state: &'static str, count: usize| {
            gauge!("accolade_http_connections", "listener" => listener, "state" => state)
                .set(count as f64);
        };
        set("unasked", unasked);
        set("busy", busy);
        set("idle", all.saturating_sub(unasked + busy));
        let most = gauge!("accolade_http_connections_max", "listener" => listener);
        most.set(self.0.bounds.connections_max as f64);
    }
}

impl Ledger {
    fn note_address(&mut self, conn: &Arc<Conn>, address: Option<IpAddr>) {
        if let Some(address) = address {
            let own = self.of_address.entry(address).or_default();
            own.count += 1;
            if !conn.has_asked.load(Ordering::Relaxed) {
                own.unasked.insert(conn.number, Arc::clone(conn));
            }
        }
    }

    fn forget_address(&mut self, conn: &Conn, address: Option<IpAddr>) {
        let Some(address) = address else { return };
        let Some(own) = self.of_address.get_mut(&address) else { return };
        own.unasked.remove(&conn.number);
        own.count -= 1;
        if own.count == 0 {
            self.of_address.remove(&address);
        }
    }

    fn forget_unasked(&mut self, conn: &Conn) {
        self.unasked.remove(&conn.number);
        let address = *lock(&conn.address);
        if let Some(own) = address.and_then(|address| self.of_address.get_mut(&address)) {
            own.unasked.remove(&conn.number);
        }
    }

    /// Tells the one to go that has not asked for the longest.
    fn oldest_unasked_goes(&mut self) -> bool {
        while let Some((_, oldest)) = self.unasked.pop_first() {
            self.forget_unasked(&oldest);
            if oldest.go(Closed::MadeRoom) {
                return true;
            }
        }
        false
    }

    /// Whether somebody goes, or is going already.
    fn make_room(&mut self, of: impl Fn(&Conn) -> bool) -> bool {
        self.oldest_unasked_goes() || self.make_room_among_idle(of)
    }

    fn make_room_among_idle(&self, of: impl Fn(&Conn) -> bool) -> bool {
        let mut idle = Vec::new();
        let mut goes = false;
        for conn in self.open.values().filter(|conn| of(conn)) {
            match conn.asked.load(Ordering::Relaxed) {
                CLOSING => goes = true,
                0 => idle.push((conn.idle_since.load(Ordering::Relaxed), conn)),
                _ => {}
            }
        }
        let at_once = IDLE_AT_ONCE.min(idle.len().div_ceil(4));
        if !goes && at_once > 0 {
            idle.select_nth_unstable_by_key(at_once - 1, |(since, _)| *since);
            for (_, conn) in &idle[..at_once] {
                goes |= conn.go(Closed::MadeRoom);
            }
        }
        goes
    }
}

impl Place {
    pub(crate) fn conn(&self) -> &Arc<Conn> {
        &self.0
    }

    /// Counts the connection for the address that its proxy has told.
    pub(crate) async fn comes_from(&self, address: IpAddr) -> Result<(), Closed> {
        let (address, gate) = (Some(alike(address)), &self.0.gate);
        let until = Instant::now() + ROOM_TIME;
        loop {
            let mut freed = std::pin::pin!(gate.0.freed.notified());
            freed.as_mut().enable();
            let full = {
                let mut ledger = lock(&gate.0.ledger);
                let full = gate.room_of_address(&mut ledger, address);
                if full.is_none() {
                    let before = std::mem::replace(&mut *lock(&self.0.address), address);
                    ledger.forget_address(&self.0, before);
                    ledger.note_address(&self.0, address);
                }
                full
            };
            match full {
                None | Some(Try::Admitted(_)) => return Ok(()),
                Some(Try::Refused(why)) => return Err(why),
                Some(Try::Wait) if tokio::time::timeout_at(until, freed).await.is_err() => {
                    return Err(Closed::AddressFull);
                }
                Some(Try::Wait) => {}
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let gate = &self.0.gate;
        {
            let mut ledger = lock(&gate.0.ledger);
            ledger.open.remove(&self.0.number);
            ledger.unasked.remove(&self.0.number);
            let address = *lock(&self.0.address);
            ledger.forget_address(&self.0, address);
        }
        gate.0.freed.notify_waiters();
    }
}

impl Conn {
    /// Tells the connection to end, unless a request is being answered. Says whether it will.
    fn go(&self, why: Closed) -> bool {
        let free = self.asked.compare_exchange(0, CLOSING, Ordering::AcqRel, Ordering::Acquire);
        if free.is_ok() {
            self.told.set(why).ok();
            self.close.notify_one();
        }
        free.is_ok()
    }

    /// Returns once the connection is told to end.
    pub(crate) async fn told(&self) -> Closed {
        loop {
            if let Some(why) = self.told.get() {
                return *why;
            }
            self.close.notified().await;
        }
    }

    fn is_busy(&self) -> bool {
        !matches!(self.asked.load(Ordering::Relaxed), 0 | CLOSING)
    }

    /// A request has come; nothing where the connection is told to end.
    pub(crate) fn begin(self: &Arc<Self>) -> Option<Asked> {
        let more = |asked: u32| (asked != CLOSING).then(|| asked + 1);
        self.asked.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        self.head_since.store(NEVER, Ordering::Relaxed);
        if !self.has_asked.swap(true, Ordering::Relaxed) {
            lock(&self.gate.0.ledger).forget_unasked(self);
        }
        Some(Asked(Arc::clone(self)))
    }

    /// The handshake is over, and the first request is waited for.
    pub(crate) fn is_open(&self) {
        self.idle_since.store(self.gate.now(), Ordering::Relaxed);
    }

    pub(crate) fn is_of_http2(&self) {
        self.is_http2.store(true, Ordering::Relaxed);
    }

    pub(crate) fn goes_on(&self) {
        self.has_gone_on.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_gone_on(&self) -> bool {
        self.has_gone_on.load(Ordering::Relaxed)
    }

    /// How long a peer may leave something untaken.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_millis(self.gate.0.bounds.stalled_ms)
    }

    /// Something of a request has arrived.
    pub(crate) fn was_read(&self) {
        if self.asked.load(Ordering::Relaxed) == 0
            && self.head_since.load(Ordering::Relaxed) == NEVER
        {
            self.head_since.store(self.gate.now(), Ordering::Relaxed);
        }
    }

    /// Whether the peer takes what is written.
    pub(crate) fn was_written(&self, is_taken: bool) {
        let is_waiting = self.write_since.load(Ordering::Relaxed) != NEVER;
        if is_taken && is_waiting {
            self.write_since.store(NEVER, Ordering::Relaxed);
        } else if !is_taken && !is_waiting {
            self.write_since.store(self.gate.now(), Ordering::Relaxed);
        }
    }

    /// Until when something has to happen, and what is wrong if it does not.
    fn deadline(&self) -> Option<(u64, Closed)> {
        let Bounds { head_ms, idle_ms, stalled_ms, .. } = self.gate.0.bounds;
        let at = |time: &AtomicU64| time.load(Ordering::Relaxed);
        let write_since = at(&self.write_since);
        if write_since != NEVER {
            return Some((write_since + stalled_ms, Closed::Stalled));
        }
        if self.is_busy() {
            let is_untaken = self.untaken.load(Ordering::Relaxed) > 0;
            return is_untaken.then(|| (at(&self.taken_at) + stalled_ms, Closed::Stalled));
        }
        let (head_since, idle_since) = (at(&self.head_since), at(&self.idle_since));
        if !self.has_asked.load(Ordering::Relaxed) {
            return Some((idle_since + head_ms, Closed::Head));
        }
        // What comes between requests of HTTP/2, such as a ping, is no head.
        if head_since != NEVER && !self.is_http2.load(Ordering::Relaxed) {
            return Some((head_since + head_ms, Closed::Head));
        }
        Some((idle_since + idle_ms, Closed::Idle))
    }

    /// Returns once something takes too long: at the latest twice as long as it may.
    pub(crate) async fn overdue(&self) -> Closed {
        let Bounds { head_ms, idle_ms, stalled_ms, .. } = self.gate.0.bounds;
        let look_every = head_ms.min(idle_ms).min(stalled_ms);
        loop {
            let now = self.gate.now();
            let wait = match self.deadline() {
                Some((until, why)) if until <= now => return why,
                Some((until, _)) => look_every.min(until - now),
                None => look_every,
            };
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
    }
}

impl Asked {
    pub(crate) const fn conn(&self) -> &Arc<Conn> {
        &self.0
    }

    /// The request was answered, and whether its credential was refused. Whoever guesses, or sends what leads nowhere,
    /// has to connect again now and then.
    pub(crate) fn was_answered(&self, is_refused: bool) {
        let Self(conn) = self;
        if is_refused {
            conn.refused.fetch_add(1, Ordering::Relaxed);
        } else {
            conn.refused.store(0, Ordering::Relaxed);
        }
    }

    /// The peer has something to take of the answer, or has nothing.
    pub(crate) fn is_untaken(&self, now: bool, before: bool) {
        let Self(conn) = self;
        if now {
            conn.taken_at.store(conn.gate.now(), Ordering::Relaxed);
        }
        match (before, now) {
            (false, true) => conn.untaken.fetch_add(1, Ordering::Relaxed),
            (true, false) => conn.untaken.fetch_sub(1, Ordering::Relaxed),
            _ => 0,
        };
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let Self(conn) = self;
        conn.idle_since.store(conn.gate.now(), Ordering::Relaxed);
        conn.asked.fetch_sub(1, Ordering::AcqRel);
        if conn.refused.load(Ordering::Relaxed) >= REFUSED_MAX {
            conn.go(Closed::Refused);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(connections_max: usize, by_address_max: usize, unasked_max: usize) -> Gate {
        let bounds = Bounds::of_connections(connections_max);
        Gate::new(Bounds { by_address_max, unasked_max, ..bounds })
    }

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    /// Drops the places whose connections were told to go, as their tasks would.
    fn let_go(places: &mut Vec<Place>) -> usize {
        let before = places.len();
        places.retain(|place| place.0.told.get().is_none());
        before - places.len()
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_not_asked_makes_room_oldest_first_and_the_busy_stay() {
        let gate = gate(3, 3, 3);
        let busy = gate.admit(Some(ip(1))).await.unwrap();
        let asked = busy.conn().begin().unwrap();
        let oldest = gate.admit(Some(ip(2))).await.unwrap();
        let younger = gate.admit(Some(ip(3))).await.unwrap();
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.admit(Some(ip(4))).await }
        });
        assert_eq!(oldest.conn().told().await, Closed::MadeRoom);
        drop(oldest);
        let newcomer = waiting.await.unwrap().unwrap();
        assert_eq!((younger.0.told.get(), busy.0.told.get()), (None, None));
        let _all = [&younger, &newcomer].map(|place| place.conn().begin().unwrap());
        assert_eq!(gate.admit(Some(ip(5))).await.unwrap_err(), Closed::Full);
        drop(asked);
        let waiting = tokio::spawn(async move { gate.admit(Some(ip(5))).await });
        assert_eq!(busy.conn().told().await, Closed::MadeRoom);
        assert!(busy.conn().begin().is_none(), "one that was told to go takes no request");
        drop(busy);
        assert!(waiting.await.unwrap().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_is_full_makes_room_among_its_own() {
        let gate = gate(10, 2, 10);
        let other = gate.admit(Some(ip(9))).await.unwrap();
        let mut own =
            vec![gate.admit(Some(ip(1))).await.unwrap(), gate.admit(Some(ip(1))).await.unwrap()];
        let waiting = tokio::spawn({
            let gate = gate.clone();
            async move { gate.admit(Some(ip(1))).await }
        });
        own[0].conn().told().await;
        assert_eq!(let_go(&mut own), 1);
        own.push(waiting.await.unwrap().unwrap());
        let busy: Vec<_> = own.iter().map(|place| place.conn().begin().unwrap()).collect();
        assert_eq!(gate.admit(Some(ip(1))).await.unwrap_err(), Closed::AddressFull);
        assert_eq!(other.0.told.get(), None);
        drop(busy);
        drop(own);
        assert_eq!(lock(&gate.0.ledger).of_address.len(), 1, "nothing is kept of who has gone");
    }

    #[tokio::test(start_paused = true)]
    async fn the_unasked_have_a_share_of_all_and_no_more() {
        let gate = gate(100, 100, 3);
        let mut places = Vec::new();
        for last in 0..50 {
            places.push(gate.admit(Some(ip(last))).await.unwrap());
            let_go(&mut places);
            assert!(places.len() <= 3);
        }
        assert_eq!(*lock(&places[2].0.address), Some(ip(49)), "the newest stay");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_refused_time_and_again_has_to_go_and_one_good_request_begins_anew() {
        let gate = gate(3, 3, 3);
        let place = gate.admit(Some(ip(1))).await.unwrap();
        let ask = |is_refused| place.conn().begin().map(|asked| asked.was_answered(is_refused));
        for round in 1..=3 {
            for _ in 1..REFUSED_MAX {
                ask(true).unwrap();
            }
            if round < 3 {
                ask(false).unwrap();
            }
        }
        ask(true).unwrap();
        assert_eq!(place.conn().told().await, Closed::Refused);
        assert_eq!(ask(false), None);
    }

    #[test]
    fn a_network_of_ipv6_is_one_address_and_a_mapped_one_is_of_ipv4() {
        let alike_of = |text: &str| alike(text.parse().unwrap()).to_string();
        assert_eq!(alike_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(alike_of("::ffff:10.0.0.7"), "10.0.0.7");
    }

    #[tokio::test(start_paused = true)]
    async fn each_thing_that_takes_too_long_has_its_name() {
        let gate =
            Gate::new(Bounds { head_ms: 10, idle_ms: 100, stalled_ms: 50, ..Bounds::default() });
        let place = gate.admit(None).await.unwrap();
        let conn = place.conn();
        assert_eq!(conn.overdue().await, Closed::Head, "nothing was asked");
        drop(conn.begin());
        assert_eq!(conn.overdue().await, Closed::Idle);
        drop(conn.begin());
        conn.was_read();
        assert_eq!(conn.overdue().await, Closed::Head);
        let asked = conn.begin().unwrap();
        let is_overdue = tokio::time::timeout(Duration::from_secs(9), conn.overdue());
        assert!(is_overdue.await.is_err(), "an answer may take its time");
        asked.is_untaken(true, false);
        assert_eq!(conn.overdue().await, Closed::Stalled);
        asked.is_untaken(false, true);
        conn.was_written(false);
        assert_eq!(conn.overdue().await, Closed::Stalled);
    }
}
