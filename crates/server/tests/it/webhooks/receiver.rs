//! Somebody who is told, over clear text on this machine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// What is in the body of every answer.
pub(crate) const SAID: &str = "what-the-receiver-says";

/// A message as it came.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        &self.headers[name]
    }
}

/// A receiver, and what it was told.
pub(crate) struct Receiver {
    url: String,
    status: Arc<AtomicU16>,
    got: mpsc::UnboundedReceiver<Got>,
    listening: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Receiver {
    /// One that answers each message with a status.
    pub(crate) async fn answering(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let status = Arc::new(AtomicU16::new(status));
        let answered = Arc::clone(&status);
        let (tell, got) = mpsc::unbounded_channel();
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, Arc::clone(&answered), tell.clone()));
            }
        });
        Self { url, status, got, listening }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Answers with another status from now on.
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// The next message that tells something of a player: the player, and from which tier to which.
    pub(crate) async fn next_tier(&mut self) -> (String, Value, Value) {
        let got = self.next().await;
        let told: Value = serde_json::from_str(&got.body).unwrap();
        assert_eq!(told["type"], "tier.changed", "{told}");
        let [player, before, after] =
            ["playerId", "before", "after"].map(|name| told["data"][name].clone());
        (player.as_str().unwrap().to_owned(), before, after)
    }

    /// Whether nothing has come that was not looked at.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.got.try_recv().is_err()
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Got {
        tokio::time::timeout(crate::harness::PATIENCE, self.got.recv()).await.unwrap().unwrap()
    }
}

async fn take(mut stream: TcpStream, status: Arc<AtomicU16>, tell: mpsc::UnboundedSender<Got>) {
    let mut text = String::new();
    let mut buffer = [0; 8_192];
    let got = loop {
        let Ok(count @ 1..) = stream.read(&mut buffer).await else { return };
        text += std::str::from_utf8(&buffer[..count]).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let headers: BTreeMap<_, _> =
            headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        if headers["content-length"].parse::<usize>().unwrap() == body.len() {
            break Got { headers, body: body.to_owned() };
        }
    };
    let status = status.load(Ordering::SeqCst);
    tell.send(got).ok();
    let length = SAID.len();
    let answer = format!(
        "HTTP/1.1 {status} Said\r\nx-said: {SAID}\r\ncontent-length: {length}\r\n\r\n{SAID}"
    );
    stream.write_all(answer.as_bytes()).await.ok();
}
