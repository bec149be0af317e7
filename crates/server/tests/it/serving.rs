//! The real listeners, over TCP and the Unix socket.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Instant;

use accolade_server::{Front, serve_tcp, serve_unix};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::oneshot;

use crate::harness::{Api, OPERATOR, PATIENCE, wager};

fn request(api: &Api, id: &str) -> String {
    let (key, body) = (&api.key, wager(id, "p1").to_string());
    format!(
        "POST /api/v1/wagers HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order_and_a_shutdown_finishes_them() {
    let api = Api::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = api.router.clone();
    let served =
        tokio::spawn(serve_tcp(listener, router, Front::default(), async { drop(stopped.await) }));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let requests: String = (0..5).map(|number| request(&api, &format!("w{number}"))).collect();
    stream.write_all(requests.as_bytes()).await.unwrap();
    let mut answers = String::new();
    while answers.matches("\"success\"").count() < 5 {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "{answers}");
        answers.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
    let order: Vec<_> = answers
        .match_indices("\"event_id\":\"w")
        .map(|(at, _)| &answers[at + 13..at + 14])
        .collect();
    assert_eq!(order, ["0", "1", "2", "3", "4"]);
    stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, served).await.unwrap().unwrap().unwrap();
    assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0, "an idle connection is closed");
}

#[tokio::test]
async fn a_body_that_says_it_is_too_large_is_refused_and_the_connection_closed() {
    let api = Api::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve_tcp(listener, api.router.clone(), Front::default(), std::future::pending()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /api/v1/wagers HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 1073741824\r\n\r\n",
        api.key
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

/// Connects as soon as somebody listens.
async fn connected(path: &Path) -> UnixStream {
    let until = Instant::now() + PATIENCE;
    loop {
        match UnixStream::connect(path).await {
            Ok(stream) => return stream,
            Err(error) => assert!(Instant::now() < until, "nobody listens: {error}"),
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_socket_is_this_user_s_alone_and_replaces_one_that_was_left() {
    let api = Api::start().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("accolade.sock");
    std::fs::write(&path, "left behind").unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let (router, at) = (api.local.clone(), path.clone());
    let served =
        tokio::spawn(async move { serve_unix(&at, router, async { drop(stopped.await) }).await });
    let mut stream = connected(&path).await;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let head = format!(
        "GET /api/v1/program HTTP/1.1\r\nhost: x\r\nx-accolade-operator: {OPERATOR}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
    assert!(!path.exists());
}
