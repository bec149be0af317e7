//! The settings of the SQL projection.

use std::path::PathBuf;

use accolade_postgres::settings::{Settings, Tables};
use accolade_wire::secret::Secret;
use anyhow::Context;

/// Balances, ledger and dead letters as SQL tables of a `PostgreSQL` server, for reports and services.
///
/// The node projects where `url` is set, and never waits for it. `docs/postgres.md` says more.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct PostgresConfig {
    /// The server, as `postgres://user@host:5432/database?sslmode=require`.
    #[config(env = "ACCOLADE_POSTGRES_URL")]
    pub(crate) url: Option<Secret>,

    /// A file with the password.
    #[config(env = "ACCOLADE_POSTGRES_PASSWORD_FILE")]
    pub(crate) password_file: Option<PathBuf>,

    /// Certificates of the authorities that are trusted, as PEM; the system's where there is none.
    #[config(env = "ACCOLADE_POSTGRES_CA_FILE")]
    pub(crate) ca_file: Option<PathBuf>,

    /// The schema of the tables; it is made where it is not there.
    #[config(env = "ACCOLADE_POSTGRES_SCHEMA", default = "public")]
    pub(crate) schema: String,

    /// The role that owns and writes the tables.
    #[config(env = "ACCOLADE_POSTGRES_WRITER", default = "accolade_writer")]
    pub(crate) writer_role: String,

    /// The role that reads the rows of one operator, that of the setting `accolade.operator`.
    #[config(env = "ACCOLADE_POSTGRES_READER", default = "accolade_reader")]
    pub(crate) reader_role: String,

    /// The table of balances.
    #[config(env = "ACCOLADE_POSTGRES_BALANCES", default = "player_loyalty_balance")]
    pub(crate) balances_table: String,

    /// The table of the ledger.
    #[config(env = "ACCOLADE_POSTGRES_LEDGER", default = "loyalty_transaction")]
    pub(crate) ledger_table: String,

    /// The table of dead letters.
    #[config(env = "ACCOLADE_POSTGRES_DEAD_LETTERS", default = "dlq")]
    pub(crate) dead_letters_table: String,

    /// The table of changes of tiers.
    #[config(env = "ACCOLADE_POSTGRES_TIERS", default = "loyalty_tier_change")]
    pub(crate) tiers_table: String,

    /// The table of redemptions.
    #[config(env = "ACCOLADE_POSTGRES_REDEMPTIONS", default = "loyalty_redemption")]
    pub(crate) redemptions_table: String,

    /// The table of fraud signals.
    #[config(env = "ACCOLADE_POSTGRES_SIGNALS", default = "fraud_signal")]
    pub(crate) signals_table: String,

    /// The table of rewards.
    #[config(env = "ACCOLADE_POSTGRES_REWARDS", default = "loyalty_reward")]
    pub(crate) rewards_table: String,

    /// The table of game events.
    #[config(env = "ACCOLADE_POSTGRES_EVENTS", default = "events")]
    pub(crate) events_table: String,

    /// The table of what is counted of players' game events.
    #[config(env = "ACCOLADE_POSTGRES_STATISTICS", default = "player_statistics")]
    pub(crate) statistics_table: String,

    /// The view of the first hundred of each leaderboard; behind it is a table with `_by_partition` behind that name.
    #[config(env = "ACCOLADE_POSTGRES_LEADERBOARDS", default = "leaderboards")]
    pub(crate) leaderboards_table: String,

    /// The table that says how far each partition is.
    #[config(env = "ACCOLADE_POSTGRES_PROGRESS", default = "progress")]
    pub(crate) progress_table: String,
}

impl PostgresConfig {
    /// How the projection runs; nothing where there is none.
    pub(crate) fn settings(&self) -> anyhow::Result<Option<Settings>> {
        let Some(url) = &self.url else { return Ok(None) };
        let mut settings = Settings::new(url.reveal()).context("`postgres.url`")?;
        if let Some(file) = &self.password_file {
            let password = std::fs::read_to_string(file)
                .with_context(|| format!("the password file `{}`", file.display()))?;
            settings.server.password(password.trim_end_matches(['\r', '\n']));
        }
        settings.authorities.clone_from(&self.ca_file);
        settings.schema.clone_from(&self.schema);
        settings.writer.clone_from(&self.writer_role);
        settings.reader.clone_from(&self.reader_role);
        settings.tables = Tables {
            balances: self.balances_table.clone(),
            ledger: self.ledger_table.clone(),
            dead_letters: self.dead_letters_table.clone(),
            tiers: self.tiers_table.clone(),
            redemptions: self.redemptions_table.clone(),
            signals: self.signals_table.clone(),
            rewards: self.rewards_table.clone(),
            events: self.events_table.clone(),
            statistics: self.statistics_table.clone(),
            leaderboards: self.leaderboards_table.clone(),
            progress: self.progress_table.clone(),
        };
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
        let toml = folder.path().join("postgres.toml");
        std::fs::write(&toml, "url = \"postgres://anna:in-the-url@db/accolade\"\n").unwrap();
        let mut config = PostgresConfig::builder().file(&toml).load().unwrap();
        let password = |config: &PostgresConfig| {
            let settings = config.settings().unwrap().unwrap();
            settings.server.get_password().map(<[u8]>::to_vec)
        };
        assert_eq!(password(&config).unwrap(), b"in-the-url");
        config.password_file = Some(file);
        assert_eq!(password(&config).unwrap(), b"from-the-file");
        assert!(!format!("{config:?}").contains("in-the-url"), "{config:?}");
    }
}
