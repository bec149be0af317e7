//! The settings of the Redis projection.

use std::path::PathBuf;

use accolade_redis::settings::Settings;
use accolade_wire::secret::Secret;
use anyhow::Context;

/// Leaderboards of tournaments and games and players' statistics as keys of Redis, for services that read it today.
///
/// The node writes them where `url` is set, and never waits for it. `docs/redis.md` says more.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct RedisConfig {
    /// The server, as `rediss://user@host:6379`, or `redis://` without TLS; of a cluster some of its servers, with
    /// commas between.
    #[config(env = "ACCOLADE_REDIS_URL")]
    pub(crate) url: Option<Secret>,

    /// A file with the password.
    #[config(env = "ACCOLADE_REDIS_PASSWORD_FILE")]
    pub(crate) password_file: Option<PathBuf>,

    /// Certificates of the authorities that are trusted, as PEM; the system's where there is none.
    #[config(env = "ACCOLADE_REDIS_CA_FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// Whether it is a cluster.
    #[config(env = "ACCOLADE_REDIS_CLUSTER", default = false)]
    pub(crate) cluster: bool,

    /// What stands before each key; `{operator}` is the operator's id. It may be empty where there is one operator.
    #[config(env = "ACCOLADE_REDIS_PREFIX", default = "{operator}:")]
    pub(crate) prefix: String,

    /// The leaderboard of a tournament, a sorted set; `{id}` is the tournament's.
    #[config(env = "ACCOLADE_REDIS_LEADERBOARD_KEY", default = "tournament:{id}:leaderboard")]
    pub(crate) leaderboard_key: String,

    /// The leaderboard of a game, a sorted set; `{game}` is the game's, and `{period}` `daily`, `weekly` or `alltime`.
    #[config(env = "ACCOLADE_REDIS_GAME_LEADERBOARD_KEY", default = "leaderboard:{game}:{period}")]
    pub(crate) game_leaderboard_key: String,

    /// What is counted of a player's game events, a hash; `{player}` is the player's id.
    #[config(env = "ACCOLADE_REDIS_STATISTICS_KEY", default = "player_stats:{player}")]
    pub(crate) statistics_key: String,

    /// Where it stands how far all is. It begins all keys that nobody else reads.
    #[config(env = "ACCOLADE_REDIS_PROGRESS_KEY", default = "accolade:projection")]
    pub(crate) progress_key: String,

    /// The database of leaderboards; a cluster has no other than 0.
    #[config(env = "ACCOLADE_REDIS_LEADERBOARDS_DATABASE", default = 1)]
    pub(crate) leaderboards_database: u32,

    /// The database of players' statistics.
    #[config(env = "ACCOLADE_REDIS_STATISTICS_DATABASE", default = 0)]
    pub(crate) statistics_database: u32,
}

impl RedisConfig {
    /// How the projection runs; nothing where there is none.
    pub(crate) fn settings(&self) -> anyhow::Result<Option<Settings>> {
        let Some(url) = &self.url else { return Ok(None) };
        let mut settings = Settings::new(url.reveal(), self.cluster).context("`redis.url`")?;
        if let Some(file) = &self.password_file {
            let password = std::fs::read_to_string(file)
                .with_context(|| format!("the password file `{}`", file.display()))?;
            settings.set_password(password.trim_end_matches(['\r', '\n']));
        }
        settings.authorities.clone_from(&self.ca_file);
        settings.names.prefix.clone_from(&self.prefix);
        settings.names.leaderboard.clone_from(&self.leaderboard_key);
        settings.names.game_leaderboard.clone_from(&self.game_leaderboard_key);
        settings.names.statistics.clone_from(&self.statistics_key);
        settings.names.progress.clone_from(&self.progress_key);
        settings.names.check()?;
        settings.leaderboards_database = self.leaderboards_database;
        settings.statistics_database = self.statistics_database;
        Ok(Some(settings))
    }
}

#[cfg(test)]
mod tests {
    use confique::Config as _;

    use super::*;

    #[test]
    fn a_password_comes_from_the_url_or_a_file_and_is_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "from-the-file\n").unwrap();
        let toml = folder.path().join("redis.toml");
        std::fs::write(&toml, "url = \"rediss://anna:in-the-url@cache\"\n").unwrap();
        let mut config = RedisConfig::builder().file(&toml).load().unwrap();
        let password = |config: &RedisConfig| {
            let settings = config.settings().unwrap().unwrap();
            settings.servers[0].redis_settings().password().map(str::to_owned)
        };
        assert_eq!(password(&config).unwrap(), "in-the-url");
        config.password_file = Some(file);
        assert_eq!(password(&config).unwrap(), "from-the-file");
        assert!(!format!("{config:?}").contains("in-the-url"), "{config:?}");
    }

    #[test]
    fn names_are_checked_and_a_prefix_may_be_empty() {
        let folder = tempfile::tempdir().unwrap();
        let toml = folder.path().join("redis.toml");
        let settings = |text: &str| {
            std::fs::write(&toml, format!("url = 'redis://cache'\n{text}")).unwrap();
            RedisConfig::builder().file(&toml).load().unwrap().settings()
        };
        let names = settings("prefix = ''\n").unwrap().unwrap().names;
        assert_eq!(names.leaderboard_of("house", "race"), "tournament:race:leaderboard");
        let names = settings("").unwrap().unwrap().names;
        assert_eq!(names, accolade_redis::keys::Names::default());
        let refused = settings("leaderboard_key = 'board'\n").unwrap_err().to_string();
        assert!(refused.starts_with("`redis.leaderboard_key`: expected"), "{refused}");
    }
}
