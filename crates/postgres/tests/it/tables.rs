//! A schema of its own for each test, and what is in its tables.

use std::time::{Duration, Instant};

use accolade_postgres::settings::Settings;
use accolade_projections::running::Projection;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, Row};

use crate::house::{Balance, House, Line, PATIENCE};

const SERVER: &str = "postgres://accolade:accolade@127.0.0.1:15432/accolade";

/// The server of the tests.
pub(crate) fn server() -> String {
    std::env::var("ACCOLADE_TEST_POSTGRES").unwrap_or_else(|_| SERVER.into())
}

/// A schema that is removed at the end.
pub(crate) struct Tables {
    pub(crate) settings: Settings,
    runtime: Runtime,
    client: Client,
}

impl Tables {
    /// An empty schema on the server of the tests.
    pub(crate) fn new(test: &str) -> Self {
        Self::at(&server(), test)
    }

    pub(crate) fn at(url: &str, test: &str) -> Self {
        let mut settings = Settings::new(url).unwrap();
        settings.schema = format!("test_{test}_{}", std::process::id());
        settings.server.application_name(&settings.schema);
        settings.records_max = 300;
        settings.pause = Duration::from_millis(10);
        settings.leaders_every = Duration::ZERO;
        let runtime = Runtime::new().unwrap();
        let client = runtime.block_on(connect(url));
        Self { settings, runtime, client }
    }

    /// A connection of its own, as `accolade`.
    pub(crate) fn connect(&self) -> Client {
        let mut other = self.settings.server.clone();
        other.application_name("tests");
        self.runtime.block_on(async {
            let (client, connection) = other.connect(NoTls).await.unwrap();
            tokio::spawn(connection);
            client
        })
    }

    pub(crate) fn reconnect(&mut self) {
        self.client = self.connect();
    }

    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// The rows of a query as the writer; `{s}` stands for the schema.
    pub(crate) fn query(&self, sql: &str) -> Vec<Row> {
        self.run("SET ROLE accolade_writer");
        let sql = sql.replace("{s}", &self.settings.schema);
        let rows = self.wait(self.client.query(&sql, &[])).unwrap();
        self.run("RESET ROLE");
        rows
    }

    pub(crate) fn run(&self, sql: &str) {
        let sql = sql.replace("{s}", &self.settings.schema);
        self.wait(self.client.batch_execute(&sql)).unwrap();
    }

    pub(crate) fn count(&self, sql: &str) -> i64 {
        self.query(sql)[0].get(0)
    }

    pub(crate) fn balances(&self) -> Vec<Balance> {
        let rows = self.query(
            "SELECT operator_id, player_id, balance::text,
                (extract(epoch FROM last_updated) * 1000000)::bigint, version
             FROM {s}.player_loyalty_balance ORDER BY operator_id, player_id",
        );
        rows.iter()
            .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4)))
            .collect()
    }

    pub(crate) fn ledger(&self) -> Vec<Line> {
        let rows = self.query(
            "SELECT operator_id, player_id, sequence, kind, points::text, balance_after::text,
                wager_id, format('%s-%s-%s-%s', partition, batch, slot, number), hash
             FROM {s}.loyalty_transaction",
        );
        let line = |row: &Row| -> Line {
            let (operator, player, sequence, kind) =
                (row.get(0), row.get(1), row.get(2), row.get(3));
            let (points, after, wager) = (row.get(4), row.get(5), row.get(6));
            (operator, player, sequence, kind, points, after, wager, row.get(7), row.get(8))
        };
        let mut lines: Vec<Line> = rows.iter().map(line).collect();
        lines.sort();
        lines
    }

    /// That the tables hold exactly what the node has.
    pub(crate) fn are_exactly(&self, house: &House) {
        let (ledger, expected) = (self.ledger(), house.ledger());
        assert_eq!(ledger.len(), expected.len());
        assert!(!expected.is_empty());
        assert_eq!(ledger, expected);
        assert_eq!(self.balances(), house.balances());
    }
}

impl Drop for Tables {
    fn drop(&mut self) {
        let sql = format!(
            "SET client_min_messages = warning; SET ROLE accolade_writer;
             DROP VIEW IF EXISTS {0}.leaderboards; DROP TABLE IF EXISTS {0}.leaderboards_by_partition;
             DROP TABLE IF EXISTS {0}.player_loyalty_balance, {0}.loyalty_transaction, {0}.dlq,
                {0}.loyalty_tier_change, {0}.loyalty_redemption, {0}.fraud_signal, {0}.loyalty_reward,
                {0}.events, {0}.player_statistics,
                {0}.progress, {0}.progress_version; RESET ROLE; DROP SCHEMA IF EXISTS {0}",
            self.settings.schema
        );
        let dropped = self.runtime.block_on(self.client.batch_execute(&sql));
        if !std::thread::panicking() {
            dropped.unwrap();
        }
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect(
        "PostgreSQL answers: `make cluster-up` starts it, ACCOLADE_TEST_POSTGRES names another",
    );
    tokio::spawn(connection);
    client
}

/// Waits until everything is in the tables that was folded before.
pub(crate) fn caught_up(projection: &Projection) {
    until("tables that have caught up", projection, |projection| {
        projection.status().is_caught_up()
    });
}

pub(crate) fn until(awaited: &str, projection: &Projection, is_so: impl Fn(&Projection) -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so(projection) {
        let status = projection.status();
        assert!(Instant::now() < until, "awaited: {awaited}; there is: {status:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
