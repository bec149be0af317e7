//! The way to Redis: one server, or a cluster of them.

use std::time::Duration;

use accolade_engine::error::in_full;
use futures_util::{StreamExt, stream};
use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo};
use redis::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, Pipeline, RedisError, RedisResult,
    TlsCertificates, Value, cmd, from_redis_value,
};

use crate::error::{Error, Result};
use crate::scripts::{self, Scripts};
use crate::settings::Settings;

/// How long a server may take to let us in.
const CONNECTS_WITHIN: Duration = Duration::from_secs(10);
/// How long it may take to answer.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);
/// So many commands are sent to one server before its answers are waited for.
const AT_ONCE: usize = 256;
/// A cluster's client asks another server so often, which it does by itself where a slot has moved.
const RETRIES: u32 = 3;

/// In which of the two databases of a server; a cluster has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Database {
    Statistics,
    Leaderboards,
}

/// A connection.
#[derive(Clone)]
pub(crate) struct Link {
    way: Way,
    pub(crate) scripts: Scripts,
}

#[derive(Clone)]
enum Way {
    One { statistics: MultiplexedConnection, leaderboards: MultiplexedConnection },
    Cluster(ClusterConnection),
}

impl Link {
    /// Connects, and tells servers the scripts.
    pub(crate) async fn connect(settings: &Settings) -> Result<Self> {
        let way =
            if settings.is_cluster { cluster(settings).await? } else { one(settings).await? };
        let mut link = Self { way, scripts: Scripts::default() };
        link.scripts = Scripts {
            board: link.load(scripts::BOARD).await?,
            drop: link.load(scripts::DROP).await?,
            statistics: link.load(scripts::STATISTICS).await?,
            begin: link.load(scripts::BEGIN).await?,
            advance: link.load(scripts::ADVANCE).await?,
        };
        Ok(link)
    }

    async fn load(&mut self, script: &str) -> Result<String> {
        let mut load = cmd("SCRIPT");
        load.arg("LOAD").arg(script);
        self.ask(Database::Statistics, &load).await
    }

    /// Asks one thing.
    pub(crate) async fn ask<T: FromRedisValue>(
        &mut self,
        database: Database,
        command: &Cmd,
    ) -> Result<T> {
        Ok(match (&mut self.way, database) {
            (Way::One { statistics, .. }, Database::Statistics) => {
                command.query_async(statistics).await?
            }
            (Way::One { leaderboards, .. }, Database::Leaderboards) => {
                command.query_async(leaderboards).await?
            }
            (Way::Cluster(cluster), _) => command.query_async(cluster).await?,
        })
    }

    /// Runs commands, each by itself, and says what became of each; fails where nobody answers.
    pub(crate) async fn run(
        &mut self,
        database: Database,
        commands: Vec<Cmd>,
    ) -> Result<Vec<RedisResult<Value>>> {
        let one = match (&mut self.way, database) {
            (Way::One { statistics, .. }, Database::Statistics) => statistics,
            (Way::One { leaderboards, .. }, Database::Leaderboards) => leaderboards,
            (Way::Cluster(cluster), _) => {
                let asked = commands.into_iter().map(|command| {
                    let mut cluster = cluster.clone();
                    async move { command.query_async(&mut cluster).await }
                });
                return Ok(stream::iter(asked).buffered(AT_ONCE).collect().await);
            }
        };
        let mut answers = Vec::with_capacity(commands.len());
        let mut commands = commands.into_iter().peekable();
        while commands.peek().is_some() {
            let mut pipeline = Pipeline::with_capacity(AT_ONCE);
            pipeline.ignore_errors();
            for command in commands.by_ref().take(AT_ONCE) {
                pipeline.add_command(command);
            }
            let some: Vec<RedisResult<Value>> = pipeline.query_async(one).await?;
            answers.extend(some);
        }
        Ok(answers)
    }

    /// What a server says of itself.
    pub(crate) async fn info(&mut self) -> Result<String> {
        match &mut self.way {
            Way::One { statistics, .. } => Ok(cmd("INFO").query_async(statistics).await?),
            Way::Cluster(cluster) => {
                let any = RoutingInfo::SingleNode(SingleNodeRoutingInfo::RandomPrimary);
                let said = cluster.route_command(cmd("INFO"), any).await?;
                Ok(from_redis_value(said).map_err(RedisError::from)?)
            }
        }
    }

    /// What servers of a cluster are called, each anew whenever it starts; none where it is one server, which has lost
    /// nothing or all.
    pub(crate) async fn servers(&mut self) -> Result<Vec<String>> {
        let Way::Cluster(cluster) = &mut self.way else { return Ok(Vec::new()) };
        let mut info = cmd("INFO");
        info.arg("server");
        let all = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
        let answer = cluster.route_command(info, all).await?;
        let Value::Map(by_address) = answer else {
            return Err(Error::Answer("`INFO` of all servers".into()));
        };
        let mut servers = Vec::with_capacity(by_address.len());
        for (_, said) in by_address {
            let said: String = from_redis_value(said).map_err(RedisError::from)?;
            let id = said.lines().find_map(|line| line.strip_prefix("run_id:"));
            let id = id.ok_or_else(|| Error::Answer("`INFO` without `run_id`".into()))?;
            servers.push(id.trim().to_owned());
        }
        servers.sort_unstable();
        Ok(servers)
    }
}

async fn one(settings: &Settings) -> Result<Way> {
    let [server] = &settings.servers[..] else {
        return Err(Error::Settings("expected the URL of one server".into()));
    };
    let connect = async |database: u32| -> Result<MultiplexedConnection> {
        let redis = server.redis_settings().clone().set_db(database.into());
        let server = server.clone().set_redis_settings(redis);
        let client = match certificates(settings)? {
            Some(certificates) => Client::build_with_tls(server, certificates)?,
            None => Client::open(server)?,
        };
        let how = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTS_WITHIN))
            .set_response_timeout(Some(ANSWERS_WITHIN));
        Ok(client.get_multiplexed_async_connection_with_config(&how).await?)
    };
    let statistics = connect(settings.statistics_database).await?;
    let leaderboards = connect(settings.leaderboards_database).await?;
    Ok(Way::One { statistics, leaderboards })
}

async fn cluster(settings: &Settings) -> Result<Way> {
    let mut builder = ClusterClient::builder(settings.servers.iter().cloned())
        .connection_timeout(CONNECTS_WITHIN)
        .response_timeout(ANSWERS_WITHIN)
        .retries(RETRIES);
    if let Some(certificates) = certificates(settings)? {
        builder = builder.certs(certificates);
    }
    Ok(Way::Cluster(builder.build()?.get_async_connection().await?))
}

fn certificates(settings: &Settings) -> Result<Option<TlsCertificates>> {
    let Some(file) = &settings.authorities else { return Ok(None) };
    let unreadable = |error: std::io::Error| {
        Error::Settings(format!("TLS: `{}`: {}", file.display(), in_full(&error)))
    };
    let root_cert = Some(std::fs::read(file).map_err(unreadable)?);
    Ok(Some(TlsCertificates { client_tls: None, root_cert }))
}
