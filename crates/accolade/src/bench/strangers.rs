//! What strangers cost those who are served: thousands of sockets that say nothing, and clients that mean harm, from a
//! process of their own.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use super::Sizes;
use super::embedded::Scratch;
use super::http::{clients, serve, wagers};
use super::report::{Bar, Report};

const IDLE: u32 = 10_000;
const HOSTILE: u32 = 1_000;
const NEWCOMERS: usize = 200;
/// Between two bytes of whoever is slow, and before a connection is made again.
const PAUSE: Duration = Duration::from_millis(200);

/// R7: one event a request at 10,000/s, alone and beside strangers.
pub(crate) fn beside(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let scratch = Scratch::new(&sizes.dir, "r7")?;
    let served = serve(&scratch.0)?;
    let in_clear = served.in_clear();
    clients(&in_clear, wagers(1_000, sizes.players), 5_000, 2)?;
    let alone = clients(&in_clear, wagers(2_000, sizes.players), 10_000, sizes.steady_s)?;
    let strangers = Strangers::come(served.address)?;
    let beside = clients(&in_clear, wagers(3_000, sizes.players), 10_000, sizes.steady_s)?;
    let newcomers = served.newcomers(NEWCOMERS)?;
    drop(strangers);
    report.latencies("R7", "alone, at 10,000/s", &alone.latencies, &[]);
    let what = "beside 10,000 idle and 1,000 hostile connections";
    report.latencies("R7", what, &beside.latencies, &[]);
    report.latencies("R7", "connected and answered beside them", &newcomers, &[]);
    let p99 = |seen: &super::http::Seen| seen.latencies.value_at_quantile(0.99) as f64;
    report.row(
        "R7",
        "p99 beside them to p99 alone",
        p99(&beside) / p99(&alone),
        "",
        Some(Bar::AtMost(2.0)),
    );
    let failed = (alone.failed + beside.failed) as f64;
    report.row("R7", "not answered with 200", failed, "", Some(Bar::AtMost(0.0)));
    served.stop()
}

/// The process of the strangers; they go with it.
struct Strangers(Child);

impl Strangers {
    /// Returns once all of them have connected.
    fn come(to: SocketAddr) -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["bench", "--strangers", &to.to_string()])
            .stdout(Stdio::piped())
            .spawn()?;
        let told = child.stdout.take().context("no output")?;
        let strangers = Self(child);
        let mut line = String::new();
        BufReader::new(told).read_line(&mut line)?;
        anyhow::ensure!(line.trim() == "here", "the strangers did not come: `{line}`");
        Ok(strangers)
    }
}

impl Drop for Strangers {
    fn drop(&mut self) {
        // They may have ended by themselves.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Connects from an address of their own, of those that loopback has.
async fn connect(number: u32, to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    let [_, _, high, low] = (number % 1_000 + 2).to_be_bytes();
    socket.bind(SocketAddr::from(([127, 0, high + 1, low], 0)))?;
    socket.connect(to).await
}

/// Is the strangers, until killed.
pub(crate) fn be(to: SocketAddr) -> anyhow::Result<()> {
    crate::limits::raise();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let mut idle = Vec::new();
        for number in 0..IDLE {
            idle.push(connect(number, to).await?);
        }
        for number in 0..HOSTILE {
            tokio::spawn(async move {
                // Not all at the same moment.
                sleep(PAUSE * 2 * number / HOSTILE).await;
                loop {
                    // What comes of it does not matter to them.
                    harm(number, to).await.ok();
                    sleep(PAUSE).await;
                }
            });
        }
        writeln!(std::io::stdout(), "here")?;
        std::future::pending::<()>().await;
        drop(idle);
        Ok(())
    })
}

/// Does one of the things that harm.
async fn harm(number: u32, to: SocketAddr) -> std::io::Result<()> {
    let mut stream = connect(number, to).await?;
    let slowly = match number % 4 {
        // A head that never ends.
        0 => "GET /api/v1/players/x/balance HTTP/1.1\r\nhost: x\r\nx-slow: ".to_owned(),
        // A body that never comes.
        1 => "POST /api/v1/wagers HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
              content-length: 100000\r\n\r\n"
            .to_owned(),
        // Garbage behind requests without a credential, and the answers are not read.
        2 => {
            let refused = "GET /api/v1/program HTTP/1.1\r\nhost: x\r\n\r\n".repeat(20);
            stream.write_all(format!("{refused}\0\r\n\r\n").as_bytes()).await?;
            sleep(PAUSE).await;
            return Ok(());
        }
        // A request, and the connection is reset.
        _ => {
            stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await?;
            stream.set_zero_linger()?;
            return Ok(());
        }
    };
    stream.write_all(slowly.as_bytes()).await?;
    let mut answer = [0; 1024];
    loop {
        stream.write_all(b"x").await?;
        if let Ok(read) = timeout(PAUSE, stream.read(&mut answer)).await
            && read? == 0
        {
            return Ok(());
        }
    }
}
