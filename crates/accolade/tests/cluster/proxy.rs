//! Stands between a node and the brokers, and cuts the way.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch::{Receiver, Sender, channel};

/// What becomes of what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// It arrives.
    Open,
    /// Connections are reset, old ones and new ones.
    Reset,
    /// Nobody hears anything. Once the way is open again, what was sent meanwhile arrives, as late as that.
    Silent,
}

/// Listens until it is dropped.
pub(crate) struct Proxy {
    way: Sender<Way>,
    _runtime: Runtime,
}

impl Proxy {
    /// Takes connections to the first port of each pair to the second.
    pub(crate) fn start(ports: &[(u16, u16)]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_io()
            .build()
            .unwrap();
        let (way, seen) = channel(Way::Open);
        for (port, to) in ports {
            let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", *port))).unwrap();
            runtime.spawn(listen(listener, *to, seen.clone()));
        }
        Self { way, _runtime: runtime }
    }

    /// From now on the way is like this.
    pub(crate) fn set(&self, way: Way) {
        self.way.send(way).unwrap();
    }
}

async fn listen(listener: TcpListener, to: u16, way: Receiver<Way>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let way = way.clone();
        tokio::spawn(async move {
            // Either end may break a connection off at any time.
            drop(carry(client, to, way).await);
        });
    }
}

async fn carry(mut client: TcpStream, to: u16, mut way: Receiver<Way>) -> io::Result<()> {
    while *way.borrow_and_update() == Way::Silent && way.changed().await.is_ok() {}
    let mut broker = TcpStream::connect(("127.0.0.1", to)).await?;
    client.set_nodelay(true)?;
    broker.set_nodelay(true)?;
    let mut resets = way.clone();
    let is_cut = {
        let (from_client, to_client) = client.split();
        let (from_broker, to_broker) = broker.split();
        let there = pump(from_client, to_broker, way.clone());
        let back = pump(from_broker, to_client, way);
        tokio::select! {
            ended = async { tokio::try_join!(there, back) } => { ended?; false }
            cut = resets.wait_for(|way| *way == Way::Reset) => cut.is_ok(),
        }
    };
    if is_cut {
        client.set_zero_linger()?;
        broker.set_zero_linger()?;
    }
    Ok(())
}

async fn pump(
    mut from: tokio::net::tcp::ReadHalf<'_>,
    mut to: tokio::net::tcp::WriteHalf<'_>,
    mut way: Receiver<Way>,
) -> io::Result<()> {
    let mut bytes = vec![0; 64 << 10];
    loop {
        let count = from.read(&mut bytes).await?;
        while *way.borrow_and_update() == Way::Silent && way.changed().await.is_ok() {}
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&bytes[..count]).await?;
    }
}
