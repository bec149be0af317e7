//! The HTTP API, as a client on the same machine sees it.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::harness::Serving;

/// Status and body.
pub(crate) fn request(
    serving: &Serving,
    method: &str,
    path: &str,
    key: &str,
    body: &str,
) -> (u16, String) {
    let mut stream = TcpStream::connect(serving.address()).unwrap();
    let content_type = if path.contains("wagers") || path.contains("events") {
        "application/x-ndjson"
    } else {
        "application/json"
    };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: node\r\nauthorization: Bearer {key}\r\n\
         content-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

pub(crate) fn get(serving: &Serving, key: &str, path: &str) -> Value {
    let (status, body) = request(serving, "GET", &format!("/api/v1/{path}"), key, "");
    assert_eq!(status, 200, "{path}: {body}");
    serde_json::from_str(&body).unwrap()
}

/// Submits one line and returns what became of it.
pub(crate) fn submit(serving: &Serving, key: &str, line: &str) -> Value {
    let (status, body) = request(serving, "POST", "/api/v1/wagers?wait=applied", key, line);
    assert!(status < 300, "{body}");
    let answer: Value = serde_json::from_str(&body).unwrap();
    answer["results"].get(0).cloned().unwrap_or(answer)
}
