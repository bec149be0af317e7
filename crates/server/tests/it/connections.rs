//! Strangers who hold connections, and do nothing with them or much too much.

use std::time::Duration;

use accolade_server::{Bounds, Front, Peer, Proxies, Settings, Tls};
use axum::extract::Request;
use axum::routing::get;
use axum::{Extension, Router};
use futures_util::future::join_all;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Api, PATIENCE, wager};
use crate::wire::{Authority, Listener, exchange, rest_of};

const ASK: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

fn bounded(adjust: impl FnOnce(&mut Bounds)) -> Front {
    let mut bounds = Bounds::of_connections(20);
    adjust(&mut bounds);
    Front { bounds, ..Front::default() }
}

async fn is_served(listener: &Listener) {
    let answer = listener.exchange(ASK.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

async fn keeps_alive(listener: &Listener) -> TcpStream {
    let mut stream = listener.connect().await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    while !answer.ends_with("ok\n") {
        let mut buffer = [0; 512];
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(count > 0, "{answer}");
        answer.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
    stream
}

/// How many of the streams are still open, once the others are known to be closed.
async fn still_open(streams: Vec<TcpStream>, at_most: usize) -> usize {
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        let open = streams
            .iter()
            .filter(|stream| {
                let read = stream.try_read(&mut [0; 1]);
                read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
            })
            .count();
        if open <= at_most {
            return open;
        }
        assert!(tokio::time::Instant::now() < until, "{open} are open");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn idle_sockets_in_any_number_make_room_for_whoever_asks() {
    let api = Api::start().await;
    let listener = Listener::start(api.router.clone(), bounded(|_| ())).await;
    let mut busy = keeps_alive(&listener).await;
    let mut strangers = Vec::new();
    for number in 0..300 {
        strangers.push(listener.connect().await);
        if number % 50 == 0 {
            is_served(&listener).await;
        }
    }
    is_served(&listener).await;
    assert!(still_open(strangers, 5).await <= 5, "a quarter of all");
    busy.write_all(ASK.as_bytes()).await.unwrap();
    let answer = rest_of(busy).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "whoever has asked stays: {answer}");
}

#[tokio::test]
async fn many_may_connect_while_nobody_is_accepted() {
    let api = Api::start().await;
    let listener = Listener::start(api.router.clone(), bounded(|_| ())).await;
    is_served(&listener).await;
    // On this thread the listener accepts nothing meanwhile.
    let connect = |_| std::net::TcpStream::connect_timeout(&listener.address, PATIENCE).unwrap();
    let waiting: Vec<_> = (0..1_000).map(connect).collect();
    drop(waiting);
    is_served(&listener).await;
    listener.stop().await;
}

#[tokio::test]
async fn connections_that_were_used_once_make_room_too() {
    let api = Api::start().await;
    let front = bounded(|bounds| bounds.by_address_max = 10);
    let listener = Listener::start(api.router.clone(), front).await;
    let mut kept = Vec::new();
    for _ in 0..60 {
        kept.push(keeps_alive(&listener).await);
    }
    is_served(&listener).await;
    assert!(still_open(kept, 10).await <= 10, "all are of one address");
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_given_up() {
    let api = Api::start().await;
    let front = bounded(|bounds| bounds.head_ms = 200);
    let listener = Listener::start(api.router.clone(), front).await;
    let slow = async |mut stream: TcpStream| {
        let head = "GET /healthz HTTP/1.1\r\nx: ".bytes().chain(std::iter::repeat(b'a'));
        for byte in head {
            if stream.write_all(&[byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let first = slow(listener.connect().await);
    let later = slow(keeps_alive(&listener).await);
    let both = async { tokio::join!(first, later, is_served(&listener)) };
    tokio::time::timeout(PATIENCE, both).await.expect("slow heads are given up");
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_is_given_up() {
    let settings = Settings { body_ms: 100, ..Settings::default() };
    let api = Api::with_limits(settings, 0).await;
    let front = bounded(|bounds| (bounds.unasked_max, bounds.by_address_max) = (20, 20));
    let listener = Listener::start(api.router.clone(), front).await;
    let head = format!(
        "POST /api/v1/wagers HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\n\r\n[",
        api.key
    );
    let slow = join_all((0..10).map(|_| listener.exchange(head.as_bytes())));
    let (answers, ()) = tokio::join!(slow, is_served(&listener));
    for answer in answers {
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
}

#[tokio::test]
async fn a_peer_that_takes_no_answers_loses_its_connection() {
    let api = Api::start().await;
    let front = bounded(|bounds| bounds.stalled_ms = 200);
    let listener = Listener::start(api.router.clone(), front).await;
    let ask = "GET /api/docs/page.js HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
    let greedy = async {
        let mut stream = listener.connect().await;
        while stream.write_all(ask.as_bytes()).await.is_ok() {}
    };
    let both = async { tokio::join!(greedy, is_served(&listener)) };
    tokio::time::timeout(PATIENCE, both).await.expect("it is given up");
}

#[tokio::test]
async fn an_idle_connection_ends_after_its_time() {
    let api = Api::start().await;
    let front = bounded(|bounds| bounds.idle_ms = 100);
    let listener = Listener::start(api.router.clone(), front).await;
    assert_eq!(rest_of(keeps_alive(&listener).await).await, "");
}

#[tokio::test]
async fn heads_that_are_too_large_or_have_too_many_fields_are_refused() {
    let api = Api::start().await;
    let front = bounded(|bounds| (bounds.head_bytes_max, bounds.headers_max) = (8 << 10, 20));
    let listener = Listener::start(api.router.clone(), front).await;
    let many = "x: y\r\n".repeat(30);
    for fields in [many, format!("x: {}\r\n", "y".repeat(9_000))] {
        let head = format!("GET /healthz HTTP/1.1\r\nhost: x\r\n{fields}\r\n");
        let answer = listener.exchange(head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{} {answer}", fields.len());
    }
    is_served(&listener).await;
}

#[tokio::test]
async fn whoever_is_refused_eight_times_in_a_row_has_to_connect_again() {
    let api = Api::start().await;
    let listener = Listener::start(api.router.clone(), Front::default()).await;
    let refused = "GET /api/v1/program HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\n\r\n";
    let well = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let some = [&refused.repeat(7), well].concat().repeat(2);
    let answer = listener.exchange([some, refused.repeat(20)].concat().as_bytes()).await;
    let statuses = |wanted: &str| answer.matches(wanted).count();
    assert_eq!((statuses("HTTP/1.1 200"), statuses("HTTP/1.1 401")), (2, 7 + 7 + 8), "{answer}");
    is_served(&listener).await;
}

#[tokio::test]
async fn a_handshake_that_is_never_made_is_given_up() {
    let api = Api::start().await;
    let authority = Authority::new();
    let mut front = authority.front();
    front.bounds.handshake_ms = 100;
    let listener = Listener::start(api.router.clone(), front).await;
    assert_eq!(rest_of(listener.connect().await).await, "");
    let in_clear = listener.exchange(ASK.as_bytes()).await;
    assert!(!in_clear.contains("200"), "{in_clear}");
}

/// Asks over HTTP/2.
async fn ask_http2(
    stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
) -> (u16, Vec<u8>) {
    let (sender, connection) = h2::client::handshake(stream).await.unwrap();
    let driven = tokio::spawn(connection);
    let mut sender = sender.ready().await.unwrap();
    let request = axum::http::Request::get("http://x/healthz").body(()).unwrap();
    let (answer, _) = sender.send_request(request, true).unwrap();
    let (parts, mut body) = answer.await.unwrap().into_parts();
    let mut bytes = Vec::new();
    while let Some(data) = body.data().await {
        bytes.extend_from_slice(&data.unwrap());
    }
    driven.abort();
    (parts.status.as_u16(), bytes)
}

#[tokio::test]
async fn http_2_is_spoken_in_clear_and_over_tls_beside_http_1() {
    let api = Api::start().await;
    let in_clear = Listener::start(api.router.clone(), bounded(|_| ())).await;
    assert_eq!(ask_http2(in_clear.connect().await).await, (200, b"ok\n".to_vec()));
    is_served(&in_clear).await;

    let authority = Authority::new();
    let listener = Listener::start(api.router.clone(), authority.front()).await;
    let stream = authority.connect(&listener, None, "h2").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    assert_eq!(ask_http2(stream).await, (200, b"ok\n".to_vec()));
    let stream = authority.connect(&listener, None, "http/1.1").await.unwrap();
    let answer = exchange(stream, ASK.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    listener.stop().await;
}

#[tokio::test]
async fn a_shutdown_ends_what_is_idle_and_finishes_what_is_asked_over_http_2() {
    let (begun, has_begun) = tokio::sync::oneshot::channel::<()>();
    let (end, may_end) = tokio::sync::oneshot::channel::<()>();
    let both = std::sync::Mutex::new(Some((begun, may_end)));
    let both = std::sync::Arc::new(both);
    let slow = move |_: Request| {
        let taken = both.lock().unwrap().take();
        async move {
            let (begun, may_end) = taken.unwrap();
            begun.send(()).unwrap();
            may_end.await.unwrap();
            "done"
        }
    };
    let listener =
        Listener::start(Router::new().route("/healthz", get(slow)), Front::default()).await;
    let asking = tokio::spawn(ask_http2(listener.connect().await));
    has_begun.await.unwrap();
    let idle = listener.connect().await;
    let stopping = tokio::spawn(listener.stop());
    assert_eq!(rest_of(idle).await, "");
    end.send(()).unwrap();
    assert_eq!(asking.await.unwrap(), (200, b"done".to_vec()));
    stopping.await.unwrap();
}

#[tokio::test]
async fn a_new_certificate_is_shown_without_a_restart_and_a_broken_one_is_not() {
    let api = Api::start().await;
    let authority = Authority::new();
    let front = authority.front();
    let tls: Tls = front.tls.clone().unwrap();
    let listener = Listener::start(api.router.clone(), front).await;
    let shown = async || {
        let stream = authority.connect(&listener, None, "h2").await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    };
    let first = shown().await;
    let files = authority.sign("server");
    tls.look_again();
    let second = shown().await;
    assert_ne!(first, second);
    std::fs::write(&files.certificate, "no certificate").unwrap();
    tls.look_again();
    assert_eq!(shown().await, second);
    let other = authority.sign("other");
    std::fs::copy(&other.certificate, &files.certificate).unwrap();
    tls.look_again();
    assert_eq!(shown().await, second, "the key is not that of the certificate");
    std::fs::copy(&other.key, &files.key).unwrap();
    tls.look_again();
    assert_ne!(shown().await, second);
}

#[tokio::test]
async fn whoever_has_no_certificate_of_the_authority_is_not_heard_where_one_is_wanted() {
    let api = Api::start().await;
    let (authority, others) = (Authority::new(), Authority::new());
    let mut files = authority.sign("server");
    files.client_ca = Some(authority.file());
    let tls = Some(Tls::new(files).unwrap());
    let listener = Listener::start(api.router.clone(), Front { tls, ..Front::default() }).await;
    let (own, foreign) = (authority.sign("client"), others.sign("client"));
    for shows in [None, Some(&foreign)] {
        // The client learns that it is refused when it reads.
        let answer = match authority.connect(&listener, shows, "http/1.1").await {
            Ok(stream) => exchange(stream, ASK.as_bytes()).await,
            Err(error) => error.to_string(),
        };
        assert!(!answer.contains("200"), "{answer}");
    }
    let stream = authority.connect(&listener, Some(&own), "http/1.1").await.unwrap();
    let answer = exchange(stream, ASK.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

fn telling() -> Router {
    Router::new().route("/", get(async |Extension(Peer(peer)): Extension<Peer>| peer.to_string()))
}

async fn told(front: Front, before: &str, header: &str) -> String {
    let listener = Listener::start(telling(), front).await;
    let ask = format!("{before}GET / HTTP/1.1\r\n{header}connection: close\r\n\r\n");
    let answer = listener.exchange(ask.as_bytes()).await;
    answer.rsplit("\r\n").next().unwrap().to_owned()
}

#[tokio::test]
async fn only_named_proxies_tell_the_peer_s_address() {
    let behind = |networks: &str, way: &str| Front {
        proxies: Proxies::new(networks, way).unwrap(),
        ..Front::default()
    };
    let line = "PROXY TCP4 192.0.2.7 10.0.0.1 4000 443\r\n";
    assert_eq!(told(behind("127.0.0.0/8", "proxy"), line, "").await, "192.0.2.7");
    assert_eq!(told(behind("127.0.0.1", "proxy"), "", "").await, "", "a proxy that tells nothing");
    assert_eq!(told(behind("10.0.0.0/8", "proxy"), line, "").await, "", "a stranger's is bad HTTP");
    let header = "x-forwarded-for: 192.0.2.7\r\n";
    assert_eq!(told(behind("127.0.0.1", "x-forwarded-for"), "", header).await, "192.0.2.7");
    assert_eq!(told(behind("10.0.0.1", "x-forwarded-for"), "", header).await, "127.0.0.1");
    assert_eq!(told(Front::default(), "", header).await, "127.0.0.1");
}

#[tokio::test]
async fn addresses_that_a_proxy_tells_are_bound_one_by_one() {
    let api = Api::start().await;
    let mut front = bounded(|bounds| bounds.by_address_max = 2);
    front.proxies = Proxies::new("127.0.0.1", "proxy").unwrap();
    let listener = Listener::start(api.router.clone(), front).await;
    let from = async |address: &str| {
        let mut stream = listener.connect().await;
        let line = format!("PROXY TCP4 {address} 10.0.0.1 4000 443\r\n");
        stream.write_all(line.as_bytes()).await.unwrap();
        stream
    };
    let other = from("192.0.2.8").await;
    let mut greedy = Vec::new();
    for _ in 0..4 {
        greedy.push(from("192.0.2.7").await);
    }
    assert!(still_open(greedy, 2).await <= 2);
    let answer = exchange(other, ASK.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn an_upgraded_connection_goes_on_both_ways() {
    let upgrade = async |mut request: Request| {
        let upgrading = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut stream = hyper_util::rt::TokioIo::new(upgrading.await.unwrap());
            let mut heard = [0; 5];
            stream.read_exact(&mut heard).await.unwrap();
            heard.reverse();
            stream.write_all(&heard).await.unwrap();
        });
        let headers = [("upgrade", "echo"), ("connection", "upgrade")];
        (axum::http::StatusCode::SWITCHING_PROTOCOLS, headers)
    };
    let listener = Listener::start(Router::new().route("/", get(upgrade)), Front::default()).await;
    let mut stream = listener.connect().await;
    let ask = b"GET / HTTP/1.1\r\nhost: x\r\nupgrade: echo\r\nconnection: upgrade\r\n\r\n";
    stream.write_all(ask).await.unwrap();
    let mut head = [0; 12];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 101");
    let answer = exchange(stream, b"abcde").await;
    assert!(answer.ends_with("edcba"), "{answer}");
}

#[tokio::test]
async fn wagers_are_taken_in_over_http_2_and_tls() {
    let api = Api::start().await;
    let authority = Authority::new();
    let listener = Listener::start(api.router.clone(), authority.front()).await;
    let stream = authority.connect(&listener, None, "h2").await.unwrap();
    let (sender, connection) = hyper::client::conn::http2::handshake(
        hyper_util::rt::TokioExecutor::new(),
        hyper_util::rt::TokioIo::new(stream),
    )
    .await
    .unwrap();
    tokio::spawn(connection);
    let answers = join_all((0..50).map(|number| {
        let body = wager(&format!("w{number}"), "p1").to_string();
        let request = axum::http::Request::post("https://localhost/api/v1/wagers")
            .header("authorization", format!("Bearer {}", api.key))
            .header("content-type", "application/json")
            .body(axum::body::Body::from(body))
            .unwrap();
        let mut sender = sender.clone();
        async move { sender.send_request(request).await.unwrap() }
    }));
    for answer in answers.await {
        assert_eq!(answer.status(), 200);
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(body.starts_with(b"{\"status\":\"success\""), "{body:?}");
    }
}

#[tokio::test]
async fn requests_that_are_taken_back_at_once_cost_their_connection() {
    let api = Api::start().await;
    let listener =
        Listener::start(api.router.clone(), bounded(|bounds| bounds.resets_max = 8)).await;
    let (sender, connection) = h2::client::handshake(listener.connect().await).await.unwrap();
    let driven = tokio::spawn(connection);
    let storm = async {
        let mut taken_back = 0_u32;
        while let Ok(mut ready) = sender.clone().ready().await {
            let request = axum::http::Request::get("http://x/readyz").body(()).unwrap();
            let Ok((answer, mut stream)) = ready.send_request(request, true) else { break };
            stream.send_reset(h2::Reason::CANCEL);
            drop(answer);
            taken_back += 1;
            if taken_back.is_multiple_of(100) {
                tokio::task::yield_now().await;
            }
        }
        taken_back
    };
    let both = async { tokio::join!(storm, is_served(&listener)) };
    let (taken_back, ()) = tokio::time::timeout(PATIENCE, both).await.expect("the storm ends");
    assert!(taken_back > 8, "{taken_back}");
    let ended = driven.await.unwrap().unwrap_err();
    assert_eq!(ended.reason(), Some(h2::Reason::ENHANCE_YOUR_CALM), "{ended}");
    is_served(&listener).await;
}
