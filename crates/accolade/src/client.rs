//! Requests to a node: by its API to one elsewhere, or to its local interface, over the socket of the node that runs
//! or in process.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use accolade_server::local;
use anyhow::{Context, anyhow};
use axum::Router;
use axum::body::{Body, Bytes};
use clap::Args;
use http_body_util::BodyExt;
use hyper::header::{self, HeaderValue};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::net::UnixStream;
use tower::ServiceExt;

use crate::arguments::Where;
use crate::config::Config;
use crate::failure::unasked;
use crate::hosting::{Hosted, SOCKET_FILE, no_metrics};
use crate::remote::Remote;
use crate::shapes::{Operators, Problem};
use crate::terminal::say;

/// Names the operator for whom a local request speaks.
pub(crate) const OPERATOR: &str = "x-accolade-operator";

/// Files of the log and the journal of a node that lives as long as one command.
const SEGMENT_BYTES: u64 = 16 << 20;

/// What to do where there is no data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfMissing {
    /// Make one.
    Create,
    /// Say so.
    Complain,
}

/// A way to a node.
#[derive(Debug)]
pub(crate) enum Client {
    /// One that runs, by its socket.
    Socket(PathBuf),
    /// One of this process.
    InProcess(Router),
    /// One elsewhere.
    Remote(Remote),
}

/// Does `work` with the node of `place`; one that is started for it is stopped after it.
pub(crate) async fn with<T>(
    place: &Where,
    if_missing: IfMissing,
    work: impl AsyncFnOnce(&Client) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    if let Some(there) = place.there()? {
        return work(&Client::Remote(Remote::new(&there)?)).await;
    }
    let config = Config::load(place)?;
    let socket = config.data_dir.join(SOCKET_FILE);
    match UnixStream::connect(&socket).await {
        Ok(_) => return work(&Client::Socket(socket)).await,
        Err(error) if is_nobody_there(&error) => {}
        Err(error) => {
            let socket = socket.display();
            let error =
                anyhow!(error).context(format!("the node's socket `{socket}` cannot be used"));
            return Err(unasked(error));
        }
    }
    #[cfg(feature = "cluster")]
    if config.cluster.brokers.is_some() {
        return Err(unasked(anyhow!(
            "no node of the cluster runs over `{}`: start it with `accolade serve`, and commands work \
             beside it",
            config.data_dir.display()
        )));
    }
    if if_missing == IfMissing::Complain && !config.data_dir.join("FORMAT").exists() {
        return Err(unasked(anyhow!(
            "there is no data directory `{}`: name another with `--data-dir`, or begin one with \
             `accolade serve` or `accolade operator add`",
            config.data_dir.display()
        )));
    }
    let mut options = config.node_options();
    // A command is over before it would fill larger files, which take time to make.
    let files = &mut options.files;
    files.log_segment_bytes = files.log_segment_bytes.min(SEGMENT_BYTES);
    files.journal_segment_bytes = files.journal_segment_bytes.min(SEGMENT_BYTES);
    files.segment_bytes = files.segment_bytes.min(SEGMENT_BYTES / 4);
    let settings = config.settings_to_send().map_err(unasked)?;
    let hosted = Hosted::start(options, settings, no_metrics()).await.map_err(unasked)?;
    let done = work(&Client::InProcess(local(hosted.service.clone()))).await;
    let stopped = hosted.stop().await;
    done.and_then(|done| stopped.map(|()| done))
}

/// No socket, or one that a killed node left behind.
fn is_nobody_there(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

impl Client {
    /// Whether the node runs without us.
    pub(crate) fn is_beside_a_node(&self) -> bool {
        matches!(self, Self::Socket(_))
    }

    /// Whether the node is asked by its API, with a key of one operator.
    pub(crate) const fn is_remote(&self) -> bool {
        matches!(self, Self::Remote(_))
    }

    /// The operators that a question about one may be for: the one that is named, or else all, or whichever the key
    /// is of.
    pub(crate) async fn operators(
        &self,
        named: Option<&str>,
    ) -> anyhow::Result<Vec<Option<String>>> {
        if named.is_some() || self.is_remote() {
            return Ok(vec![named.map(str::to_owned)]);
        }
        let all: Operators = self.json(Ask::get("/local/operators")).await?;
        Ok(all.items.into_iter().map(|operator| Some(operator.id)).collect())
    }

    /// Sends a request and waits for the head of the answer.
    pub(crate) async fn send(&self, ask: Ask) -> anyhow::Result<Answer> {
        let request = ask.request.body(Body::from(ask.body)).context("the request is not one")?;
        let response = match self {
            Self::InProcess(router) => router.clone().oneshot(request).await?,
            Self::Socket(socket) => over_socket(socket, request).await.map_err(unasked)?,
            // Every command's future holds this one.
            Self::Remote(remote) => Box::pin(remote.send(request)).await?,
        };
        Ok(Answer { response })
    }

    /// As [`Client::send`], for an answer of any length, which comes as it is made.
    pub(crate) async fn begin(&self, ask: Ask) -> anyhow::Result<Answer> {
        let Self::Remote(remote) = self else { return self.send(ask).await };
        let request = ask.request.body(Body::from(ask.body)).context("the request is not one")?;
        Ok(Answer { response: Box::pin(remote.begin(request)).await? })
    }

    /// Sends a request whose answer is one JSON document.
    pub(crate) async fn json<T: DeserializeOwned>(&self, ask: Ask) -> anyhow::Result<T> {
        self.send(ask).await?.or_problem().await?.json().await
    }
}

async fn over_socket(socket: &Path, request: Request<Body>) -> anyhow::Result<Response<Body>> {
    const LOST: &str = "the node did not answer: it may have stopped; see its log and try again";
    let stream = UnixStream::connect(socket).await.context(LOST)?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.context(LOST)?;
    tokio::spawn(connection);
    let response = sender.send_request(request).await.context(LOST)?;
    Ok(response.map(Body::new))
}

/// A request.
#[derive(Debug)]
pub(crate) struct Ask {
    request: hyper::http::request::Builder,
    body: Bytes,
}

impl Ask {
    fn new(method: &str, path: &str) -> Self {
        let request = Request::builder().method(method).uri(path).header(header::HOST, "accolade");
        Self { request, body: Bytes::new() }
    }

    /// Reads.
    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path)
    }

    /// Sends `body`.
    pub(crate) fn post(path: &str, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut ask = Self::new("POST", path);
        ask.request = ask.request.header(header::CONTENT_TYPE, content_type);
        ask.body = body.into();
        ask
    }

    /// Sends a JSON document.
    pub(crate) fn post_json(path: &str, body: &serde_json::Value) -> Self {
        Self::post(path, "application/json", body.to_string())
    }

    /// Says how it shall be.
    pub(crate) fn put(path: &str, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut ask = Self::post(path, content_type, body);
        ask.request = ask.request.method("PUT");
        ask
    }

    /// Changes what is there, by a JSON document.
    pub(crate) fn patch_json(path: &str, body: &serde_json::Value) -> Self {
        Self::patch(path, "application/json", body.to_string())
    }

    /// The same, as it was written.
    pub(crate) fn patch(path: &str, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut ask = Self::post(path, content_type, body);
        ask.request = ask.request.method("PATCH");
        ask
    }

    /// Takes away.
    pub(crate) fn delete(path: &str) -> Self {
        Self::new("DELETE", path)
    }

    /// Speaks for this operator, if one is named.
    pub(crate) fn of_any(self, operator: Option<&str>) -> Self {
        match operator {
            Some(operator) => self.of(operator),
            None => self,
        }
    }

    /// Speaks for this operator.
    pub(crate) fn of(mut self, operator: &str) -> Self {
        self.request = self.request.header(OPERATOR, operator);
        self
    }

    /// Once, however often it is sent with this key.
    pub(crate) fn once(mut self, key: &str) -> Self {
        self.request = self.request.header("idempotency-key", key);
        self
    }

    /// Only where this is still so.
    pub(crate) fn if_match(mut self, version: u64) -> Self {
        self.request = self.request.header(header::IF_MATCH, format!("\"{version}\""));
        self
    }
}

/// What is said to most commands that change something of an operator's.
#[derive(Debug, Args)]
pub(crate) struct With {
    /// The operator
    #[arg(long, value_name = "ID")]
    pub(crate) operator: String,
    /// Only say whether it could be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

impl With {
    /// Asks for a change, for this operator.
    pub(crate) async fn post(
        &self,
        client: &Client,
        path: &str,
        body: String,
    ) -> anyhow::Result<Answer> {
        let path = with_dry_run(path, self.dry_run);
        let ask = Ask::post(&path, "application/json", body).of(&self.operator);
        client.send(ask).await?.or_problem().await
    }
}

/// An answer whose body has yet to be read.
#[derive(Debug)]
pub(crate) struct Answer {
    response: Response<Body>,
}

impl Answer {
    /// Its status.
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// How long to wait before asking again, where the answer says so.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let seconds = self.response.headers().get(header::RETRY_AFTER).map(HeaderValue::to_str)?;
        seconds.ok()?.trim().parse().ok().map(Duration::from_secs)
    }

    /// The answer, or what it complains of as an error.
    pub(crate) async fn or_problem(self) -> anyhow::Result<Self> {
        if self.status().is_success() {
            return Ok(self);
        }
        let status = self.status();
        let body = self.body().await?;
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) if !problem.title.is_empty() => Err(problem.into()),
            // Whoever answers so is no node.
            _ => Err(unasked(anyhow!("the answer was {status}, and not as a node answers"))),
        }
    }

    /// The whole body.
    pub(crate) async fn body(self) -> anyhow::Result<Bytes> {
        let body = self.response.into_body().collect().await;
        Ok(body.context("the answer broke off").map_err(unasked)?.to_bytes())
    }

    /// The whole body, as JSON.
    pub(crate) async fn json<T: DeserializeOwned>(self) -> anyhow::Result<T> {
        let body = self.body().await?;
        let read = serde_json::from_slice(&body);
        read.context("the node's answer is not what this release expects").map_err(unasked)
    }

    /// Prints it as it is: one JSON document, on a line.
    pub(crate) async fn print(self) -> anyhow::Result<()> {
        Ok(say(one_line(&String::from_utf8_lossy(&self.body().await?)))?)
    }

    /// Prints each item of a list as it is, one a line.
    pub(crate) async fn print_items(self) -> anyhow::Result<()> {
        let list: List = self.json().await?;
        list.items.iter().try_for_each(|item| say(one_line(item.get()))).map_err(Into::into)
    }

    /// The body, as it comes.
    pub(crate) fn chunks(self) -> Chunks {
        Chunks(self.response.into_body())
    }

    /// The body, line by line as it comes.
    pub(crate) fn lines(self) -> Lines {
        Lines { body: self.response.into_body(), waiting: Vec::new(), at: 0 }
    }
}

/// JSON on one line: within it a line break can only be blank space, of a value that came as it is.
pub(crate) fn one_line(json: &str) -> String {
    json.trim_end().replace(['\n', '\r'], " ")
}

/// A list whose items are not looked at.
#[derive(Debug, Deserialize)]
struct List {
    items: Vec<Box<RawValue>>,
}

/// A body, as it comes.
#[derive(Debug)]
pub(crate) struct Chunks(Body);

impl Chunks {
    /// The next bytes; nothing at the end.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<Bytes>> {
        let Some(frame) = self.0.frame().await else { return Ok(None) };
        let frame = frame.context("the answer broke off").map_err(unasked)?;
        Ok(Some(frame.into_data().unwrap_or_default()))
    }
}

/// The lines of a body.
#[derive(Debug)]
pub(crate) struct Lines {
    body: Body,
    waiting: Vec<u8>,
    /// Where in `waiting` the next line begins.
    at: usize,
}

impl Lines {
    /// The next line that is not empty; nothing at the end.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        loop {
            while let Some(length) = self.waiting[self.at..].iter().position(|byte| *byte == b'\n')
            {
                let line = self.waiting[self.at..self.at + length].to_vec();
                self.at += length + 1;
                if !line.is_empty() {
                    return Ok(Some(line));
                }
            }
            self.waiting.drain(..self.at);
            self.at = 0;
            match self.body.frame().await {
                Some(frame) => {
                    let frame = frame.context("the answer broke off").map_err(unasked)?;
                    if let Ok(data) = frame.into_data() {
                        self.waiting.extend_from_slice(&data);
                    }
                }
                None if self.waiting.is_empty() => return Ok(None),
                None => return Ok(Some(std::mem::take(&mut self.waiting))),
            }
        }
    }
}

/// `path`, for a dry run or not.
pub(crate) fn with_dry_run(path: &str, dry_run: bool) -> String {
    if dry_run { format!("{path}?dryRun=true") } else { path.to_owned() }
}

/// `text` as one step of a path or one value of a query.
pub(crate) fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write!(escaped, "%{byte:02X}").expect("a string takes everything");
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_cannot_leave_their_place_in_a_path() {
        assert_eq!(escaped("player-456"), "player-456");
        assert_eq!(escaped("a/b?c=\u{e9}"), "a%2Fb%3Fc%3D%C3%A9");
    }

    #[tokio::test]
    async fn lines_come_whole_however_they_arrive() {
        let parts = ["{\"a\"", ":1}\n\n{\"b\":2}\n{", "\"c\":3}"];
        let stream = Body::new(http_body_util::Full::new(Bytes::from(parts.concat())));
        let mut lines = Lines { body: stream, waiting: Vec::new(), at: 0 };
        let mut read = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            read.push(String::from_utf8(line).unwrap());
        }
        assert_eq!(read, ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"]);
    }
}
