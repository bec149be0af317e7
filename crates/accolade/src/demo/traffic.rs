//! Sending what players do, over the HTTP API like anyone else.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use accolade_domain::amount::Points;
use accolade_domain::time::Timestamp;
use anyhow::Context;
use axum::body::{Body, Bytes};
use http_body_util::BodyExt;
use hyper::client::conn::http1::SendRequest;
use hyper::{Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use super::figures::Figures;
use super::players::{Act, GIFT, Players};
use crate::shapes::{Raw, Standing};

/// Connections that share the rate.
const CONNECTIONS: u32 = 16;
/// One wager in so many waits until it is applied.
const SAMPLE: u64 = 8;
/// One in so many of these players redeems points, where there are enough.
const REDEEM: u64 = 32;

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

pub(super) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// A redemption, as far as the demonstration reads it.
#[derive(Debug, Deserialize)]
struct Reserved {
    id: String,
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
            let path = if waits { "/api/v1/wagers?wait=applied" } else { "/api/v1/wagers" };
            let (status, body) = self.send(act.house, Method::POST, path, act.body.clone()).await?;
            if !lock(figures).is_taken(status, &body)? || !waits {
                continue;
            }
            let latency = Instant::now().duration_since(due.into_std());
            lock(figures).applied(&act, serde_json::from_slice(&body)?, latency);
            let path = format!("/api/v1/players/{}/balance", act.player);
            let (status, body) = self.send(act.house, Method::GET, &path, String::new()).await?;
            // Of whom nothing has counted there is none.
            if status != StatusCode::OK {
                continue;
            }
            let standing: Standing = serde_json::from_slice(&body)?;
            let price = Points::from_hundredths(GIFT.price * 100).context("a price is points")?;
            let available = standing.available.as_ref().and_then(Raw::points);
            let redeems = available >= Some(price) && sent % (SAMPLE * REDEEM) == 1;
            lock(figures).stands(&act, standing);
            if redeems {
                self.redeem(&act, figures).await?;
            }
        }
        Ok(())
    }

    /// Reserves a reward and confirms that it was handed out, as the house's own systems would.
    async fn redeem(&mut self, act: &Act, figures: &Mutex<Figures>) -> anyhow::Result<()> {
        let path = format!("/api/v1/players/{}/redemptions", act.player);
        let reward = json!({ "rewardId": GIFT.id }).to_string();
        let (status, body) = self.send(act.house, Method::POST, &path, reward).await?;
        // What is out of stock is no failure, nor is a player who does not take part.
        if status != StatusCode::OK {
            return Ok(());
        }
        let Reserved { id } = serde_json::from_slice(&body)?;
        let path = format!("/api/v1/redemptions/{id}/confirm");
        let (status, _) = self.send(act.house, Method::POST, &path, String::new()).await?;
        if status == StatusCode::OK {
            lock(figures).redeems(act);
        }
        Ok(())
    }

    async fn send(
        &mut self,
        house: usize,
        method: Method,
        path: &str,
        body: String,
    ) -> anyhow::Result<(StatusCode, Bytes)> {
        let mut connection =
            match self.connection.take().filter(|connection| !connection.is_closed()) {
                Some(connection) => connection,
                None => connect(self.traffic.address).await?,
            };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.traffic.address.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.traffic.keys[house]))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body))?;
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
