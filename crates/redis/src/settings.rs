//! Where Redis is, and what keys are called.

use std::path::PathBuf;
use std::time::Duration;

use redis::{ConnectionInfo, IntoConnectionInfo};

use crate::error::{Error, Result};
use crate::keys::Names;

/// How the projection runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server; of a cluster those that are asked for the others.
    pub servers: Vec<ConnectionInfo>,
    /// Keys are spread over the servers of a cluster.
    pub is_cluster: bool,
    /// Certificates, as PEM, of the authorities that may vouch for servers; those of the system where it is `None`.
    pub authorities: Option<PathBuf>,
    /// What keys are called.
    pub names: Names,
    /// The database of players' statistics, and of how far all is. A cluster has no other than 0.
    pub statistics_database: u32,
    /// The database of leaderboards.
    pub leaderboards_database: u32,
    /// Records of the journal that are written at once.
    pub records_max: u32,
    /// The least time between two writes that were not full.
    pub pause: Duration,
}

impl Settings {
    /// The defaults, for a server as `rediss://user:password@host:port`; for servers of a cluster, with commas between.
    pub fn new(url: &str, is_cluster: bool) -> Result<Self> {
        // Its own words would repeat the password.
        let unreadable = |_| Error::Settings("the URL of the Redis server is not one".into());
        let urls = url.split(',').map(|url| url.trim().into_connection_info().map_err(unreadable));
        let servers: Vec<_> = urls.collect::<Result<_>>()?;
        if servers.len() > 1 && !is_cluster {
            let why = "several URLs are those of a cluster: set `redis.cluster`, or give one";
            return Err(Error::Settings(why.into()));
        }
        if servers.iter().any(|server| server.redis_settings().db() != 0) {
            let why = "the URL names a database: `redis.statistics_database` and `redis.leaderboards_database` do that";
            return Err(Error::Settings(why.into()));
        }
        Ok(Self {
            servers,
            is_cluster,
            authorities: None,
            names: Names::default(),
            statistics_database: 0,
            leaderboards_database: 1,
            records_max: 5_000,
            pause: Duration::from_millis(100),
        })
    }

    /// Has the password be this one.
    pub fn set_password(&mut self, password: &str) {
        for server in &mut self.servers {
            let redis = server.redis_settings().clone().set_password(password);
            *server = server.clone().set_redis_settings(redis);
        }
    }

    /// What must be the same for what was written to be gone on with.
    pub(crate) fn shape(&self) -> String {
        let Names { prefix, leaderboard, game_leaderboard, statistics, .. } = &self.names;
        let databases = if self.is_cluster {
            "0 0".to_owned()
        } else {
            format!("{} {}", self.statistics_database, self.leaderboards_database)
        };
        [&**prefix, leaderboard, game_leaderboard, statistics, &databases].join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_shown_nowhere() {
        let mut settings = Settings::new("redis://anna:se-cret@cache:6379", false).unwrap();
        assert!(!format!("{settings:?}").contains("se-cret"), "{settings:?}");
        settings.set_password("another-se-cret");
        assert_eq!(settings.servers[0].redis_settings().password(), Some("another-se-cret"));
        assert_eq!(settings.servers[0].redis_settings().username(), Some("anna"));
        assert!(!format!("{settings:?}").contains("se-cret"), "{settings:?}");
        for url in ["anna:se-cret@cache", "redis://anna:se-cret@cache:port", "http://se-cret"] {
            let refused = Settings::new(url, false).unwrap_err();
            assert!(!refused.to_string().contains("se-cret"), "{refused}");
        }
    }

    #[test]
    fn what_would_not_be_used_is_refused() {
        for (url, expected) in
            [("redis://a,redis://b", "`redis.cluster`"), ("redis://a/3", "database")]
        {
            let refused = Settings::new(url, false).unwrap_err().to_string();
            assert!(refused.contains(expected), "{refused}");
        }
        let servers = Settings::new("redis://a:1, redis://b:2", true).unwrap().servers;
        assert_eq!(servers.len(), 2);
    }
}
