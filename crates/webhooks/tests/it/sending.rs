//! What is sent, to whom, and what is heard of it.

use accolade_webhooks::addresses::Allowed;
use accolade_webhooks::sending::{Attempt, Failure, Message, Sender};
use accolade_webhooks::signing::SigningSecret;
use rustls::RootCertStore;
use tokio::net::TcpListener;

use crate::receiver::Receiver;

const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";

fn message() -> Message {
    Message { id: "msg_1".into(), body: r#"{"type":"tier.changed"}"#.into() }
}

fn secrets() -> [SigningSecret; 2] {
    [1, 2].map(|byte| SigningSecret::of([byte; 32]))
}

/// One that sends to this machine, too.
fn sender_with(roots: RootCertStore) -> Sender {
    let allowed = ["127.0.0.0/8", "::1/128"].map(|network| network.parse().unwrap());
    Sender::new(roots, Allowed(Box::new(allowed)))
}

fn sender() -> Sender {
    sender_with(RootCertStore::empty())
}

async fn send(sender: &Sender, url: &str) -> Attempt {
    sender.send(url, &secrets(), &message(), 1_700_000_000).await
}

#[tokio::test]
async fn the_bytes_that_are_sent_are_those_that_are_signed_at_every_attempt() {
    let mut receiver = Receiver::answering(OK).await;
    let url = format!("http://{}/hooks?a=b", receiver.address);
    for timestamp in [1_700_000_000, 1_700_000_005] {
        let sent = sender().send(&url, &secrets(), &message(), timestamp).await;
        assert_eq!(sent, Attempt::Answered(204));
        let request = receiver.request().await;
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let header = |name: &str| {
            let mut lines = head.lines();
            lines
                .find_map(|line| line.strip_prefix(&format!("{name}: ")).map(str::to_owned))
                .unwrap()
        };
        assert!(head.starts_with("POST /hooks?a=b HTTP/1.1\r\n"), "{head}");
        assert_eq!(header("host"), receiver.address.to_string());
        assert_eq!(header("content-type"), "application/json");
        assert_eq!((&*header("webhook-id"), body.as_bytes()), ("msg_1", &*message().body));
        assert_eq!(header("webhook-timestamp"), timestamp.to_string());
        let signed = secrets().map(|secret| secret.sign("msg_1", timestamp, body.as_bytes()));
        assert_eq!(header("webhook-signature"), signed.join(" "));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let mut other = Receiver::answering(OK).await;
    let answer = format!("HTTP/1.1 302 Found\r\nlocation: http://{}/\r\n\r\n", other.address);
    let receiver = Receiver::answering(answer.leak()).await;
    let sent = send(&sender(), &format!("http://{}/", receiver.address)).await;
    assert_eq!(sent, Attempt::Answered(302));
    assert!(!sent.is_taken() && other.is_idle());
}

#[tokio::test]
async fn what_is_not_allowed_is_not_dialled_whatever_it_is_called() {
    let mut receiver = Receiver::answering(OK).await;
    let port = receiver.address.port();
    let strict = Sender::new(RootCertStore::empty(), Allowed::default());
    let hosts = [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "0177.1",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "[::]",
    ];
    for host in hosts {
        for scheme in ["http", "https"] {
            let sent = send(&strict, &format!("{scheme}://{host}:{port}/")).await;
            assert_eq!(sent, Attempt::Failed(Failure::Forbidden), "{scheme} {host}");
        }
    }
    // Allowed is one network, and not what else is this machine's.
    let other =
        Sender::new(RootCertStore::empty(), Allowed(Box::new(["10.0.0.0/8".parse().unwrap()])));
    let sent = send(&other, &format!("http://localhost:{port}/")).await;
    assert_eq!(sent, Attempt::Failed(Failure::Forbidden));
    assert!(receiver.is_idle());
}

#[tokio::test]
async fn an_answer_without_an_end_is_left_at_its_status() {
    let receiver =
        Receiver::endless("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffff\r\n").await;
    let sent = send(&sender(), &format!("http://{}/", receiver.address)).await;
    assert_eq!(sent, Attempt::Answered(200));
}

#[tokio::test]
async fn what_is_no_answer_is_none() {
    for answer in ["", "no\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "SSH-2.0-OpenSSH_9.6\r\n"] {
        let receiver = Receiver::answering(answer).await;
        let sent = send(&sender(), &format!("http://{}/", receiver.address)).await;
        assert_eq!(sent, Attempt::Failed(Failure::NoAnswer), "{answer}");
    }
    let headers = Receiver::endless("HTTP/1.1 200 OK\r\nx: ").await;
    let sent = send(&sender(), &format!("http://{}/", headers.address)).await;
    assert_eq!(sent, Attempt::Failed(Failure::NoAnswer));
}

#[tokio::test]
async fn nobody_there_and_no_such_name_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let free = listener.local_addr().unwrap();
    drop(listener);
    let sent = send(&sender(), &format!("http://{free}/")).await;
    assert_eq!(sent, Attempt::Failed(Failure::NotConnected));
    let sent = send(&sender(), "https://no-such-name.invalid/").await;
    assert_eq!(sent, Attempt::Failed(Failure::NotResolved));
}

#[tokio::test(start_paused = true)]
async fn whoever_says_nothing_is_waited_for_no_longer_than_there_is_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    assert_eq!(send(&sender(), &url).await, Attempt::Failed(Failure::TooSlow));
    assert_eq!(
        send(&sender(), &url.replace("http:", "https:")).await,
        Attempt::Failed(Failure::TooSlow)
    );
}

#[tokio::test]
async fn a_receiver_of_tls_is_the_one_that_is_named_or_none() {
    let (mut receiver, roots) = Receiver::of_tls("localhost", OK).await;
    let port = receiver.address.port();
    let trusting = sender_with(roots);
    let sent = send(&trusting, &format!("https://localhost:{port}/")).await;
    assert_eq!(sent, Attempt::Answered(204));
    assert!(receiver.request().await.starts_with("POST / "));
    let by_address = send(&trusting, &format!("https://127.0.0.1:{port}/")).await;
    assert_eq!(by_address, Attempt::Failed(Failure::NotTrusted));
    let stranger = send(&sender(), &format!("https://localhost:{port}/")).await;
    assert_eq!(stranger, Attempt::Failed(Failure::NotTrusted));
    assert!(receiver.is_idle());
}
