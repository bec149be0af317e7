//! Where the tables are, what they are called, and who may see them.

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;

use crate::error::{Error, Result};

/// How the projection runs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server, the database, and as whom.
    pub server: Config,
    /// Certificates, as PEM, of the authorities that may vouch for the server; those of the system where
    /// it is `None`.
    pub authorities: Option<PathBuf>,
    /// The schema of all tables; made where it is not there.
    pub schema: String,
    /// The names of the tables.
    pub tables: Tables,
    /// The role that owns the tables and writes them.
    pub writer: String,
    /// The role that reads what is one operator's.
    pub reader: String,
    /// Records of the journal that are written in one transaction.
    pub records_max: u32,
    /// The least time between two transactions that were not full.
    pub pause: Duration,
    /// The least time between two looks at the first of leaderboards.
    pub leaders_every: Duration,
}

/// The names of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tables {
    /// One row for each player with entries.
    pub balances: String,
    /// One row for each entry of the ledger.
    pub ledger: String,
    /// One row for each input that could not be processed.
    pub dead_letters: String,
    /// One row for each change of a player's tier.
    pub tiers: String,
    /// One row for each redemption, as it is.
    pub redemptions: String,
    /// One row for each signal, as it is.
    pub signals: String,
    /// One row for each reward, as it is.
    pub rewards: String,
    /// One row for each game event that was recorded.
    pub events: String,
    /// One row for each player with game events.
    pub statistics: String,
    /// The first hundred of each leaderboard: a view of a table that has `_by_partition` behind this name.
    pub leaderboards: String,
    /// How far each partition is.
    pub progress: String,
}

impl Default for Tables {
    fn default() -> Self {
        Self {
            balances: "player_loyalty_balance".into(),
            ledger: "loyalty_transaction".into(),
            dead_letters: "dlq".into(),
            tiers: "loyalty_tier_change".into(),
            redemptions: "loyalty_redemption".into(),
            signals: "fraud_signal".into(),
            rewards: "loyalty_reward".into(),
            events: "events".into(),
            statistics: "player_statistics".into(),
            leaderboards: "leaderboards".into(),
            progress: "progress".into(),
        }
    }
}

impl Settings {
    /// The defaults, for a server as `postgres://user:password@host:port/database?sslmode=require`.
    pub fn new(url: &str) -> Result<Self> {
        // Its own words would repeat the password.
        let unreadable = |_| Error::Settings("the URL of the PostgreSQL server is not one".into());
        let mut server: Config = url.parse().map_err(unreadable)?;
        server
            .application_name("accolade")
            .connect_timeout(Duration::from_secs(10))
            .keepalives_idle(Duration::from_secs(10))
            .tcp_user_timeout(Duration::from_secs(30));
        Ok(Self {
            server,
            authorities: None,
            schema: "public".into(),
            tables: Tables::default(),
            writer: "accolade_writer".into(),
            reader: "accolade_reader".into(),
            records_max: 20_000,
            pause: Duration::from_millis(25),
            leaders_every: Duration::from_secs(10),
        })
    }

    /// A table's name in SQL.
    pub(crate) fn table(&self, name: &str) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(name))
    }

    /// `sql` with the names in place: `{schema}`, `{balances}`, `{ledger}`, `{dead_letters}`,
    /// `{tiers}`, `{redemptions}`, `{signals}`, `{rewards}`, `{events}`, `{statistics}`, `{leaders}`,
    /// `{leaderboards}`, `{progress}`, `{writer}`, `{reader}`.
    pub(crate) fn named(&self, sql: &str) -> String {
        sql.replace("{schema}", &quoted(&self.schema))
            .replace("{balances}", &self.table(&self.tables.balances))
            .replace("{ledger}", &self.table(&self.tables.ledger))
            .replace("{dead_letters}", &self.table(&self.tables.dead_letters))
            .replace("{tiers}", &self.table(&self.tables.tiers))
            .replace("{redemptions}", &self.table(&self.tables.redemptions))
            .replace("{signals}", &self.table(&self.tables.signals))
            .replace("{rewards}", &self.table(&self.tables.rewards))
            .replace("{events}", &self.table(&self.tables.events))
            .replace("{statistics}", &self.table(&self.tables.statistics))
            .replace(
                "{leaders}",
                &self.table(&format!("{}_by_partition", self.tables.leaderboards)),
            )
            .replace("{leaderboards}", &self.table(&self.tables.leaderboards))
            .replace("{progress}", &self.table(&self.tables.progress))
            .replace("{writer}", &quoted(&self.writer))
            .replace("{reader}", &quoted(&self.reader))
    }
}

/// A name as an identifier of SQL, whatever it has in it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(quoted(r#"a"; drop table b; --"#), r#""a""; drop table b; --""#);
    }

    #[test]
    fn a_password_is_shown_nowhere() {
        let settings = Settings::new("postgres://anna:se-cret@db/accolade").unwrap();
        assert!(!format!("{settings:?}").contains("se-cret"), "{settings:?}");
        let refused = Settings::new("postgres://anna:se-cret@db:port/accolade").unwrap_err();
        assert!(!refused.to_string().contains("se-cret"), "{refused}");
    }
}
