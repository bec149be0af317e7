//! Proving the trail: every chain from its first record that is kept on.

use std::io;
use std::time::Duration;

use accolade_storage::trail::Readable;
use accolade_wire::trail::ChainEnd;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::problem::Problem;
use crate::service::Service;
use crate::shapes::respond;
use crate::submit::blocking;

/// Another node may take so long for its own.
const PATIENCE: Duration = Duration::from_mins(10);

/// What a look at chains has found.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Proof {
    pub(crate) records: u64,
    /// The chains that were read.
    chains: Vec<u64>,
    pub(crate) failure: Option<BadRecord>,
}

/// The first record that does not fit.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BadRecord {
    /// The chain, in hexadecimal figures.
    pub(crate) chain: Option<String>,
    pub(crate) node: String,
    pub(crate) number: Option<u64>,
    pub(crate) what: String,
}

impl Proof {
    /// Adds a chain, up to its end where that is known.
    fn add(&mut self, chain: Option<u64>, node: &str, readable: &Readable, end: Option<ChainEnd>) {
        let named = |number, what| BadRecord {
            chain: chain.map(|chain| format!("{chain:016x}")),
            node: node.to_owned(),
            number,
            what,
        };
        self.chains.extend(chain);
        match readable.verify(&mut |_| ()) {
            Ok(Ok(verified)) => {
                self.records += verified.records;
                if let Some(end) = end
                    && verified.end != Some(end)
                {
                    let next = verified.end.map_or(1, |found| found.next);
                    let what = "the chain on the disk ends otherwise than the node remembers";
                    self.failure = Some(named(Some(next), what.to_owned()));
                }
            }
            Ok(Err(not_fitting)) => {
                self.failure = Some(named(not_fitting.number, not_fitting.what));
            }
            Err(error) => self.failure = Some(named(None, error.to_string())),
        }
    }
}

impl Service {
    async fn prove_own_trail(&self) -> Result<Proof, Problem> {
        // What is not written says so elsewhere; what is, is proven.
        self.trail_is_written().await.ok();
        let service = self.clone();
        blocking(move || {
            let trail = service.host.trail();
            let (readable, end) = trail.readable();
            let mut proof = Proof::default();
            proof.add(end.map(|end| end.chain), trail.node(), &readable, end);
            proof
        })
        .await
    }

    /// Reads the chains of all nodes, and of what the object storage has besides.
    pub(crate) async fn prove_trail(&self) -> Result<Proof, Problem> {
        let mut proof = self.prove_own_trail().await?;
        for address in self.host.peers() {
            if proof.failure.is_some() {
                return Ok(proof);
            }
            let path = "/cluster/v1/audit/trail";
            let answer = self.neighbours()?.ask(&address, path, None, PATIENCE).await;
            let read =
                |bytes: bytes::Bytes| -> io::Result<Proof> { Ok(serde_json::from_slice(&bytes)?) };
            match answer.and_then(read) {
                Ok(other) => {
                    proof.records += other.records;
                    proof.chains.extend(other.chains);
                    proof.failure = other.failure;
                }
                Err(error) => {
                    let what = format!("its trail could not be verified: {error}");
                    let (chain, number) = (None, None);
                    proof.failure = Some(BadRecord { chain, node: address, number, what });
                }
            }
        }
        let service = self.clone();
        blocking(move || {
            let elsewhere = service.host.trail().elsewhere().chains(&proof.chains);
            let shipped = elsewhere.unwrap_or_else(|error| {
                let what = format!("chains that were shipped could not be read: {error}");
                let (chain, node, number) = (None, "object storage".to_owned(), None);
                proof.failure.get_or_insert(BadRecord { chain, node, number, what });
                Vec::new()
            });
            for shipped in shipped {
                if proof.failure.is_none() {
                    proof.add(Some(shipped.chain), &shipped.node, &shipped.readable, None);
                }
            }
            proof
        })
        .await
    }
}

/// Reads this node's chain, for another one.
pub(crate) async fn own(call: Call) -> Result<Response, Problem> {
    Ok(respond(StatusCode::OK, &call.service.prove_own_trail().await?))
}
