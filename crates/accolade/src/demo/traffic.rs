//! Sending what players do, over the HTTP API like anyone else.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use accolade_domain::time::Timestamp;
use anyhow::Context;
use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use hyper::client::conn::http1::SendRequest;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::figures::Figures;
use super::players::{Act, Players};
use crate::shapes::Outcome;

/// Connections that share the rate.
const CONNECTIONS: u32 = 16;
/// One wager in so many waits until it is applied.
const SAMPLE: u64 = 8;

/// How to send.
#[derive(Debug, Clone)]
pub(super) struct Traffic {
    /// Where the API listens.
    pub(super) address: SocketAddr,
    /// The keys of the houses.
    pub(super) keys: Vec<String>,
    /// Wagers a second.
    pub(super) rate: u32,
    /// Players of each house.
    pub(super) players: u64,
}

/// What has been seen, shared with the screen.
pub(super) type SharedFigures = Arc<Mutex<Figures>>;

/// Looks at the figures.
pub(super) fn lock(figures: &Mutex<Figures>) -> MutexGuard<'_, Figures> {
    figures.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to send, until `stopped` becomes true.
pub(super) fn begin(
    traffic: &Traffic,
    figures: &SharedFigures,
    stopped: &watch::Receiver<bool>,
) -> JoinSet<()> {
    let run = now().micros();
    let mut connections = JoinSet::new();
    for number in 0..CONNECTIONS {
        let prefix = format!("demo-{run:x}-{number}");
        let seed = run.unsigned_abs().wrapping_mul(u64::from(number) + 1);
        let players = Players::new(seed, prefix, traffic.players);
        let (traffic, figures, stopped) = (traffic.clone(), Arc::clone(figures), stopped.clone());
        connections.spawn(async move {
            let mut sender = Sender { traffic, connection: None };
            if let Err(error) = sender.play(players, &figures, stopped).await {
                lock(&figures).failure.get_or_insert(format!("{error:#}"));
            }
        });
    }
    connections
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

struct Sender {
    traffic: Traffic,
    connection: Option<SendRequest<Body>>,
}

impl Sender {
    async fn play(
        &mut self,
        mut players: Players,
        figures: &Mutex<Figures>,
        stopped: watch::Receiver<bool>,
    ) -> anyhow::Result<()> {
        let every = Duration::from_secs(1) * CONNECTIONS / self.traffic.rate.max(1);
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut sent = 0_u64;
        while !*stopped.borrow() {
            let due = ticks.tick().await;
            let act = players.act(now());
            let waits = sent.is_multiple_of(SAMPLE);
            sent += 1;
            let (status, body) = self.send(&act, waits).await?;
            let mut figures = lock(figures);
            match status {
                StatusCode::OK => figures.answered += 1,
                StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                    figures.turned_away += 1;
                    continue;
                }
                _ => anyhow::bail!("{status}: {}", String::from_utf8_lossy(&body)),
            }
            if waits {
                let outcome: Outcome = serde_json::from_slice(&body)?;
                figures.applied(&act, outcome, Instant::now().duration_since(due.into_std()));
            }
        }
        Ok(())
    }

    async fn send(&mut self, act: &Act, waits: bool) -> anyhow::Result<(StatusCode, Bytes)> {
        let mut connection =
            match self.connection.take().filter(|connection| !connection.is_closed()) {
                Some(connection) => connection,
                None => connect(self.traffic.address).await?,
            };
        let path = if waits { "/api/v1/wagers?wait=applied" } else { "/api/v1/wagers" };
        let request = Request::post(path)
            .header(header::HOST, self.traffic.address.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.traffic.keys[act.house]))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(act.body.clone()))?;
        let response = connection.send_request(request).await.context("a request broke off")?;
        let status = response.status();
        let body = response.into_body().collect().await.context("an answer broke off")?.to_bytes();
        connection.ready().await.ok();
        self.connection = Some(connection);
        Ok((status, body))
    }
}

async fn connect(address: SocketAddr) -> anyhow::Result<SendRequest<Body>> {
    let stream = TcpStream::connect(address).await.context("cannot connect to the demo's node")?;
    stream.set_nodelay(true)?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}
