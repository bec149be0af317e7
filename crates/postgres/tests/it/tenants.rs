use accolade_domain::outcome::Outcome;
use accolade_postgres::sink::start;
use accolade_wire::control::Command;
use tokio_postgres::{Client, NoTls};

use crate::house::{House, OPERATORS, wager};
use crate::played::played;
use crate::rewards::reward;
use crate::tables::{Tables, caught_up};
use crate::told::PROGRAM;

const TABLES: [&str; 3] = ["player_loyalty_balance", "loyalty_transaction", "dlq"];
const TOLD: [&str; 8] = [
    "loyalty_tier_change",
    "loyalty_redemption",
    "fraud_signal",
    "loyalty_reward",
    "events",
    "player_statistics",
    "leaderboards",
    "leaderboards_by_partition",
];

/// Somebody who reads reports: a login of their own, in the reader's role.
struct Reports<'a> {
    tables: &'a Tables,
    name: String,
    client: Client,
}

impl<'a> Reports<'a> {
    fn connect(tables: &'a Tables, name: &str) -> Self {
        let name = format!("{name}_{}", std::process::id());
        tables.run(&format!("CREATE ROLE {name} LOGIN PASSWORD 'reports' IN ROLE accolade_reader"));
        let mut settings = tables.settings.server.clone();
        settings.user(&name).password("reports");
        let client = tables.wait(async {
            let (client, connection) = settings.connect(NoTls).await.unwrap();
            tokio::spawn(connection);
            client
        });
        Self { tables, name, client }
    }

    fn run(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        self.tables.wait(self.client.batch_execute(sql))
    }
}

impl Drop for Reports<'_> {
    fn drop(&mut self) {
        self.tables.run(&format!("DROP ROLE {}", self.name));
    }
}

fn seen(tables: &Tables, reader: &Client, table: &str) -> Vec<String> {
    let sql = format!("SELECT DISTINCT operator_id FROM {}.{table}", tables.settings.schema);
    let rows = tables.wait(reader.query(&sql, &[])).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[test]
fn a_reader_sees_one_operator_even_without_a_condition() {
    let (house, tables) = (House::open(), Tables::new("tenants"));
    house.wagers("w", 60, 10);
    for operator in ["house", "rival"] {
        house.take(operator, &[("anna", b"no event".to_vec())]);
    }
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    let reports = Reports::connect(&tables, "reports_tenants");
    let (reader, run) = (&reports.client, |sql: &str| reports.run(sql));
    for table in TABLES {
        assert!(seen(&tables, reader, table).is_empty(), "{table}, before an operator is set");
    }
    for operator in ["house", "rival"] {
        run(&format!("SET accolade.operator = '{operator}'")).unwrap();
        for table in TABLES {
            assert_eq!(seen(&tables, reader, table), [operator], "{table}");
        }
    }
    run("RESET accolade.operator").unwrap();
    for table in TABLES {
        assert!(seen(&tables, reader, table).is_empty(), "{table}, after it was reset");
    }
}

#[test]
fn a_reader_sees_what_is_told_of_one_operator_alone() {
    let (house, tables) = (House::open(), Tables::new("told_tenants"));
    for operator in OPERATORS {
        house.publish(operator, 1, PROGRAM);
        house.offer(&reward(operator, "mug", 0));
        house.take(operator, &[("anna", wager(operator, "anna", "w1", "150.00").into())]);
        house.take(operator, &[("anna", wager(operator, "anna", "w2", "150.00").into())]);
        house.take(operator, &[("anna", wager(operator, "anna", "w3", "150.00").into())]);
        house.play(operator, "anna", &played("anna", "e1", "player_score", r#"{"score": 5}"#));
        let (id, player_id, item) = ("r".into(), "anna".into(), String::new());
        let reserve = Command::Reserve { id, player_id, points: 100, item, who: "test".into() };
        let outcome = house.command(operator, "anna", &reserve);
        assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    }
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    let reports = Reports::connect(&tables, "reports_told");
    for table in TOLD {
        assert!(seen(&tables, &reports.client, table).is_empty(), "{table}, before one is set");
    }
    for operator in OPERATORS {
        reports.run(&format!("SET accolade.operator = '{operator}'")).unwrap();
        for table in TOLD {
            assert_eq!(seen(&tables, &reports.client, table), [operator], "{table}");
        }
    }
}

#[test]
fn a_reader_has_no_way_around_the_policy_and_writes_nothing() {
    let (house, tables) = (House::open(), Tables::new("reader"));
    house.wagers("w", 10, 3);
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    let schema = &tables.settings.schema;
    let months = tables.query(&format!(
        "SELECT c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid
         WHERE inhparent = '{schema}.loyalty_transaction'::regclass ORDER BY 1"
    ));
    let months: Vec<String> = months.iter().map(|row| row.get(0)).collect();
    assert!(months.len() >= 3, "months are made ahead: {months:?}");
    let reports = Reports::connect(&tables, "reports_reader");
    let run = |sql: &str| reports.run(sql);
    run("SET accolade.operator = 'house'").unwrap();
    for sql in [
        format!("SELECT * FROM {schema}.{}", months[0]),
        format!("UPDATE {schema}.player_loyalty_balance SET balance = 0"),
        format!("DELETE FROM {schema}.loyalty_transaction"),
        format!("UPDATE {schema}.progress SET next = 1"),
        format!("ALTER TABLE {schema}.dlq DISABLE ROW LEVEL SECURITY"),
        format!("CREATE TABLE {schema}.mine (a int)"),
        "SET ROLE accolade_writer".to_owned(),
    ] {
        let refused = run(&sql).unwrap_err();
        assert!(refused.as_db_error().is_some(), "{sql}: {refused}");
    }
    run("SET row_security = off").unwrap();
    let whole = format!("SELECT * FROM {schema}.loyalty_transaction");
    run(&whole).expect_err("without the policy there is no answer at all");
}
