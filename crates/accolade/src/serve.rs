//! `accolade serve`: a node that listens until it is told to stop.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use accolade_server::{Front, Keeps, Settings, api, local, nodes, serve_tcp, serve_unix};
use accolade_storage::descriptors::Counts;
use anyhow::{Context, anyhow, bail};
use clap::Args;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::Ended;
use crate::arguments::Where;
use crate::config::{Config, LogFormat};
use crate::first_key;
use crate::hosting::{Hosted, SOCKET_FILE, metrics};
use crate::logs;
use crate::operator;
use crate::terminal::exit_at_once;

/// How long requests that have begun may take once the node is told to stop.
const PATIENCE: Duration = Duration::from_secs(12);

/// How long the collector may take for the last traces.
const LAST_TRACES: Duration = Duration::from_secs(3);

/// The arguments of `accolade serve`.
#[derive(Debug, Args)]
#[command(
    long_about = "Runs a node: the HTTP API, the log, the fold and the ledger in one process over one \
                  data directory, which it makes where it is not there. What was answered is on disk; \
                  after a crash the node replays what is missing and goes on.\n\n\
                  Ctrl-C or SIGTERM ends it: it takes nothing in any more, finishes what it has, writes \
                  a checkpoint and ends with 0. A second Ctrl-C ends it at once, which loses nothing.",
    after_help = "Examples:\n  accolade serve\n  \
                  accolade serve --data-dir /var/lib/accolade --listen 0.0.0.0:8080\n  \
                  accolade serve --config accolade.toml"
)]
pub(crate) struct Arguments {
    /// Address and port of the HTTP API; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// How log lines are written [default: text on a terminal, or else JSON]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
    /// Where there is no operator yet: add this one, and print its key, this once
    #[arg(long, env = "ACCOLADE_FIRST_OPERATOR", value_name = "ID")]
    first_operator: Option<String>,
    /// Print no key that adds the first operator over HTTP, where there is none yet
    #[arg(long, env = "ACCOLADE_NO_FIRST_KEY")]
    no_first_key: bool,
    /// Confirm that a clock far from the log's time is right
    #[arg(long)]
    accept_clock_step: bool,
}

/// Runs `accolade serve`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    let config = Config::load(place)?;
    logs::begin(arguments.log_format.unwrap_or(config.logs.format), &config.logs.filter)?;
    let metrics = metrics()?;
    let front = config.http.front()?;

    let began = Instant::now();
    let data_dir = config.data_dir.display().to_string();
    tracing::info!(version = env!("CARGO_PKG_VERSION"), data_dir, "opening the data directory");
    #[cfg(any(feature = "postgres", feature = "redis"))]
    let wanted = crate::projection::Wanted::by(&config)?;
    let traces = config.traces.begin()?;
    let settings = Settings { traces: traces.clone(), ..config.settings_to_serve()? };
    let (hosted, between) = start(&config, settings, arguments.accept_clock_step, metrics).await?;
    let status = hosted.host().status();
    let Counts { limit, open_max, .. } = status.descriptors;
    let connections_max = front.bounds.connections_max;
    tracing::info!(
        limit,
        closed_files_max = open_max,
        connections_max,
        "descriptors for files and connections"
    );
    tracing::info!(
        millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        players = status.players,
        ids_in_memory = status.ids_in_memory,
        partitions = hosted.host().partitions(),
        operators = hosted.host().rules().operators().count(),
        "opened, and replayed what no checkpoint had"
    );

    #[cfg(any(feature = "postgres", feature = "redis"))]
    let projections = wanted.begin(&hosted)?;
    let telling = hosted.service.tell_webhooks(hosted.feed())?;
    let (feed, keeps) = (hosted.feed(), Keeps::default());
    let keeping = hosted.service.keep_leaderboards(feed, &hosted.data_dir, keeps)?;
    let is_tls = front.tls.is_some();
    let listening =
        Listening::begin(&hosted, arguments.listen.unwrap_or(config.listen), front, between).await;
    let listening = match listening {
        Ok(listening) => listening,
        Err(error) => {
            hosted.stop().await?;
            return Err(error);
        }
    };
    first_steps(&hosted, &arguments, &data_dir).await;
    let scheme = if is_tls { "https" } else { "http" };
    let api = format!("{scheme}://{}", listening.address);
    if !is_tls && !listening.address.ip().is_loopback() {
        tracing::warn!(
            "API keys travel in clear to this address: set `http.certificate_file` and `http.key_file`, unless a \
             proxy with TLS is in front and nobody else reaches it"
        );
    }
    let nodes = listening.nodes.map(|address| format!("http://{address}"));
    tracing::info!(
        api,
        page = format!("{api}/api/docs"),
        nodes,
        socket = listening.socket,
        "listening"
    );

    let failure = until_end(&hosted).await?;
    tokio::spawn(end_at_once_when_told_again());
    tracing::info!("stopping: nothing is taken in any more, and what was is finished");
    hosted.service.retire();
    listening.end().await;
    let stop = move || {
        telling.stop();
        keeping.stop();
    };
    tokio::task::spawn_blocking(stop).await?;
    #[cfg(any(feature = "postgres", feature = "redis"))]
    for projection in &projections {
        projection.0.stop();
    }
    let stopped = hosted.stop().await;
    if let Some(traces) = traces {
        traces.end(LAST_TRACES).await;
    }
    match failure {
        Some(failure) => bail!("the node failed: {failure}"),
        None => stopped?,
    }
    tracing::info!("stopped; everything answered is on disk");
    Ok(Ended::Well)
}

/// Adds the first operator, or says what does, where there is none. The node listens by then: a start that cannot
/// leaves no operator behind, and no key that is printed once.
async fn first_steps(hosted: &Hosted, arguments: &Arguments, data_dir: &str) {
    if let Some(id) = &arguments.first_operator
        && let Err(error) = operator::add_first(local(hosted.service.clone()), id).await
    {
        let error: &(dyn std::error::Error + 'static) = error.as_ref();
        tracing::warn!(error, "the first operator was not added: `accolade operator add` does it");
    }
    if arguments.first_operator.is_none() && !arguments.no_first_key {
        first_key::tell(hosted).await;
    }
    let has_no_operator = hosted.host().rules().operators().next().is_none();
    if has_no_operator && hosted.host().knows_rules() {
        let command = format!("accolade --data-dir {data_dir} operator add ID");
        tracing::info!(
            command,
            "there is no operator yet: this command adds one, and prints its key"
        );
    }
}

/// Starts a node of the form that is configured; one of a cluster listens for the others from here on.
async fn start(
    config: &Config,
    settings: Settings,
    accept_clock_step: bool,
    metrics: PrometheusHandle,
) -> anyhow::Result<(Hosted, Option<Between>)> {
    #[cfg(feature = "cluster")]
    if let Some(joining) = config.joining()? {
        let to = config.ship.to.as_ref();
        let to =
            to.context("`ship.to` is not set: nodes of a cluster keep their checkpoints there")?;
        let objects = config.objects(to)?;
        let (hosted, between) = crate::cluster::begin(joining, objects, settings, metrics).await?;
        return Ok((hosted, Some(between)));
    }
    let mut options = config.node_options();
    options.accept_clock_step = accept_clock_step;
    options.ship = config.ship_options()?;
    let hosted = Hosted::start(options, settings, metrics).await?;
    Ok((hosted, None))
}

/// Where other nodes of a cluster reach this one, and how it meets them.
pub(crate) type Between = (TcpListener, Front);

/// The sockets of a node.
#[derive(Debug)]
pub(crate) struct Listening {
    /// Where the HTTP API listens.
    pub(crate) address: SocketAddr,
    /// Where it listens for other nodes.
    pub(crate) nodes: Option<SocketAddr>,
    /// Where commands of this machine come in.
    pub(crate) socket: String,
    stop: watch::Sender<bool>,
    tasks: tokio::task::JoinSet<std::io::Result<()>>,
}

impl Listening {
    /// Begins to listen on `address` and in the data directory.
    pub(crate) async fn begin(
        hosted: &Hosted,
        address: SocketAddr,
        front: Front,
        between: Option<Between>,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!("cannot listen on {address}: choose another address with `--listen`")
        })?;
        let address = listener.local_addr()?;
        let socket = hosted.data_dir.join(SOCKET_FILE);
        if socket.exists() {
            // The directory is ours: it is left from a process that was killed.
            std::fs::remove_file(&socket)?;
        }
        let (stop, stopped) = watch::channel(false);
        let told = |mut stopped: watch::Receiver<bool>| async move {
            // An error says that the other end is gone, which is the same to us.
            drop(stopped.wait_for(|stopped| *stopped).await);
        };
        let mut tasks = tokio::task::JoinSet::new();
        let outside = api(hosted.service.clone());
        tasks.spawn(serve_tcp(listener, outside, front, told(stopped.clone())));
        let mut own = None;
        if let Some((listener, front)) = between {
            own = Some(listener.local_addr()?);
            let others = nodes(hosted.service.clone());
            tasks.spawn(serve_tcp(listener, others, front, told(stopped.clone())));
        }
        let inside = local(hosted.service.clone());
        let path = socket.clone();
        tasks.spawn(async move { serve_unix(&path, inside, told(stopped)).await });
        let socket_text = socket.display().to_string();
        while !socket.exists() {
            tokio::select! {
                ended = tasks.join_next() => {
                    let ended = ended.context("nothing listens")??;
                    return Err(ended.err().map_or_else(
                        || anyhow!("nothing listens"),
                        |error| anyhow!(error).context(format!("cannot listen on `{socket_text}`")),
                    ));
                }
                () = tokio::time::sleep(Duration::from_millis(1)) => {}
            }
        }
        Ok(Self { address, nodes: own, socket: socket_text, stop, tasks })
    }

    /// Takes no more connections, and gives requests that have begun some time.
    pub(crate) async fn end(mut self) {
        self.stop.send_replace(true);
        let finished = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(PATIENCE, finished).await.is_err() {
            tracing::warn!("requests were still open and are broken off");
        }
    }
}

/// Waits for a signal, or for the failure that has ended the node.
async fn until_end(hosted: &Hosted) -> anyhow::Result<Option<String>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut look = tokio::time::interval(Duration::from_millis(500));
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(None),
            _ = interrupt.recv() => return Ok(None),
            _ = look.tick() => {}
        }
        if let Some(failure) = hosted.host().status().fatal {
            return Ok(Some(failure));
        }
    }
}

/// A second signal: whoever sends it does not want to wait.
async fn end_at_once_when_told_again() {
    if let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        exit_at_once();
    }
}
