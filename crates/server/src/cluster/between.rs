//! The way in for other nodes: nothing is heard that none of them has signed, and every answer is signed.

use accolade_wire::hex::to_hex;
use accolade_wire::secret::Signature;
use axum::body::{Body, BodyDataStream};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use metrics::counter;

use super::neighbours::Neighbours;
use super::onward::{Onward, PRINCIPAL, put_about};
use super::signed::{LINES, Untrusted, hash_of};
use crate::arrival::{Arrival, Led};
use crate::connection::Peer;
use crate::problem::{Problem, Refusal};
use crate::service::Service;

/// Hears nodes alone.
pub(crate) async fn hear(State(service): State<Service>, request: Request, next: Next) -> Response {
    let arrival = Arrival::of(&service, &request);
    let heard = async {
        let neighbours = service.neighbours()?.clone();
        let (asked, request) = service.admit(&neighbours, request).await?;
        sign(neighbours, asked, next.run(request).await).await
    };
    match heard.await {
        Ok(response) => response,
        refused @ Err(_) => arrival.end(&service, Led::Nowhere("none"), refused).await.0,
    }
}

fn untrusted(why: Untrusted) -> Problem {
    counter!("accolade_cluster_refused_total", "reason" => why.label()).increment(1);
    let detail = match why {
        Untrusted::Unsigned => "only nodes ask here, and sign what they ask",
        Untrusted::Forged => {
            "the signature is not one of the cluster's for this request to this node"
        }
        Untrusted::OutOfTime => "the request is too old, or of a time that is still to come",
        Untrusted::Repeated => "the request has come before",
    };
    Problem::new(Refusal::Unauthorized, detail)
}

impl Service {
    /// A request that another node has signed, whole; its body is read only once its head is known to be.
    async fn admit(
        &self,
        neighbours: &Neighbours,
        request: Request,
    ) -> Result<(Signature, Request), Problem> {
        let (mut parts, body) = request.into_parts();
        let asked = neighbours.check(&parts).map_err(untrusted)?;
        let (body, held) = self.read_body(&parts.headers, body).await?;
        if hash_of(&body) != asked.body {
            return Err(untrusted(Untrusted::Forged));
        }
        // Whoever reads it again accounts for it again.
        drop(held);
        // The connection is the node's, and what the request is about is not.
        parts.extensions.remove::<Peer>();
        if let Some(told) = parts.headers.remove(PRINCIPAL) {
            let told = Onward::read(&told).ok_or_else(|| untrusted(Untrusted::Forged))?;
            if let Some(peer) = told.peer {
                parts.extensions.insert(Peer(peer));
            }
            parts.extensions.insert(told);
        }
        Ok((asked.signature, Request::from_parts(parts, Body::from(body))))
    }
}

/// Signs an answer: whole, or line by line where it has no end yet.
async fn sign(
    neighbours: Neighbours,
    asked: Signature,
    response: Response,
) -> Result<Response, Problem> {
    let (mut parts, body) = response.into_parts();
    put_about(&mut parts);
    let (body, hash) = if body.size_hint().exact().is_some() {
        let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
        let hash = hash_of(&body);
        (Body::from(body), hash)
    } else {
        (lines(neighbours.clone(), asked, body), LINES)
    };
    neighbours.signing().sign_answer(&asked, parts.status, &mut parts.headers, &hash);
    Ok(Response::from_parts(parts, body))
}

/// Lines on their way, each to be signed.
struct Leaving {
    neighbours: Neighbours,
    asked: Signature,
    number: u64,
    body: BodyDataStream,
    read: BytesMut,
    has_ended: bool,
}

impl Leaving {
    fn sign(&mut self, line: &[u8]) -> Bytes {
        let signature = self.neighbours.signing().sign_line(&self.asked, self.number, line);
        self.number += 1;
        [to_hex(&signature).as_bytes(), line, b"\n"].concat().into()
    }

    async fn next(&mut self) -> Option<Result<Bytes, axum::Error>> {
        loop {
            if let Some(at) = self.read.iter().position(|byte| *byte == b'\n') {
                let line = self.read.split_to(at + 1);
                return Some(Ok(self.sign(&line[..at])));
            }
            if self.has_ended {
                return None;
            }
            match self.body.next().await {
                Some(Ok(bytes)) => self.read.extend_from_slice(&bytes),
                Some(Err(error)) => return Some(Err(error)),
                None => {
                    self.has_ended = true;
                    return Some(Ok(self.sign(b"")));
                }
            }
        }
    }
}

/// What comes without a line's end at the end is no line, and whoever reads hears that there is no more.
fn lines(neighbours: Neighbours, asked: Signature, body: Body) -> Body {
    let body = body.into_data_stream();
    let (read, number, has_ended) = (BytesMut::new(), 0, false);
    let leaving = Leaving { neighbours, asked, number, body, read, has_ended };
    let next = async |mut leaving: Leaving| leaving.next().await.map(|line| (line, leaving));
    Body::from_stream(stream::unfold(leaving, next))
}
