//! What nodes say to each other, seen from outside: requests are signed here by other code than the product's, and
//! tapped, bent and sent again.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use accolade_wire::hex::to_hex;
use accolade_wire::secret::{Key, Secret};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};

use crate::harness::{Ask, now_micros};

/// Another node, as others see it.
pub(crate) struct Signer {
    requests: Key,
    sender: u64,
}

impl Signer {
    pub(crate) fn new(secret: &str) -> Self {
        static SENDERS: AtomicU64 = AtomicU64::new(1);
        let requests = Key::of(&Secret::new(secret), "accolade between nodes: requests");
        Self { requests, sender: SENDERS.fetch_add(1, Ordering::Relaxed) }
    }

    /// Its first request.
    pub(crate) async fn sign(&self, address: &str, ask: Ask) -> Request<Bytes> {
        self.sign_at(address, ask, now_micros() / 1_000).await
    }

    pub(crate) async fn sign_at(&self, address: &str, ask: Ask, ms: i64) -> Request<Bytes> {
        let mut request = ask.whole().await;
        let body = Sha256::digest(request.body());
        let numbers = [ms.to_le_bytes(), self.sender.to_le_bytes(), 1_u64.to_le_bytes()];
        let mut parts = [address, request.method().as_str()].map(str::as_bytes).to_vec();
        parts.push(request.uri().path_and_query().unwrap().as_str().as_bytes());
        parts.extend(numbers.iter().map(<[u8; 8]>::as_slice));
        parts.push(&body);
        let mut headers: Vec<_> = request.headers().iter().collect();
        headers.sort_by_key(|(name, value)| (name.as_str(), value.as_bytes()));
        for (name, value) in headers {
            parts.extend([name.as_str().as_bytes(), value.as_bytes()]);
        }
        let signature = self.requests.sign(parts);
        let shown = [ms.to_string(), format!("{:016x}", self.sender), 1.to_string()].join(" ");
        let shown = format!("{shown} {} {}", to_hex(&body), to_hex(&signature));
        request.headers_mut().insert("x-accolade-signature", shown.parse().unwrap());
        request
    }
}

/// How an answer is bent on its way.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bend {
    Body,
    Status,
    Header,
    MoreHeaders,
    Unsigned,
    /// It breaks off in its middle.
    Cut,
    /// The one before comes again.
    Before,
}

/// Sees what is asked at an address, and bends what is answered.
#[derive(Debug, Default)]
pub(crate) struct Tap {
    requests: Mutex<Vec<Request<Bytes>>>,
    forwarded: AtomicUsize,
    bend: Mutex<Option<Bend>>,
    before: Mutex<Option<Response<Bytes>>>,
}

impl Tap {
    /// Before a router.
    pub(crate) fn over(self: &Arc<Self>, router: Router) -> Router {
        let tap = Arc::clone(self);
        router.layer(from_fn(move |request: axum::extract::Request, next: Next| {
            let tap = Arc::clone(&tap);
            async move { tap.pass(request, next).await }
        }))
    }

    async fn pass(&self, request: axum::extract::Request, next: Next) -> Response {
        if request.headers().contains_key("x-accolade-principal") {
            self.forwarded.fetch_add(1, Ordering::Relaxed);
        }
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let seen = Request::from_parts(parts.clone(), body.clone());
        self.requests.lock().unwrap().push(seen);
        let answer = next.run(Request::from_parts(parts, Body::from(body))).await;
        let Some(bend) = *self.bend.lock().unwrap() else { return answer };
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let answer = Response::from_parts(parts, body);
        let before = self.before.lock().unwrap().replace(answer.clone());
        bent(answer, bend, before).map(Body::from)
    }

    /// How many requests were forwarded here.
    pub(crate) fn forwarded(&self) -> usize {
        self.forwarded.load(Ordering::Relaxed)
    }

    /// What was asked since the last look.
    pub(crate) fn asked(&self) -> Vec<Request<Bytes>> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }

    /// From now on answers are bent; or not any more.
    pub(crate) fn bend(&self, bend: Option<Bend>) {
        *self.bend.lock().unwrap() = bend;
    }
}

fn bent(
    mut answer: Response<Bytes>,
    bend: Bend,
    before: Option<Response<Bytes>>,
) -> Response<Bytes> {
    let headers = answer.headers_mut();
    match bend {
        Bend::Body => {
            return answer.map(|body| {
                let mut body = body.to_vec();
                let middle = body.len() / 2;
                body[middle] ^= 1;
                body.into()
            });
        }
        Bend::Cut => return answer.map(|body| body.slice(..body.len() / 2)),
        Bend::Status => *answer.status_mut() = StatusCode::CREATED,
        Bend::Header => drop(headers.insert("content-type", "text/html".parse().unwrap())),
        Bend::MoreHeaders => drop(headers.insert("etag", "\"9\"".parse().unwrap())),
        Bend::Unsigned => drop(headers.remove("x-accolade-signature")),
        Bend::Before => return before.unwrap_or(answer),
    }
    answer
}
