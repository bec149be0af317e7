//! What the tables in `PostgreSQL` come to.

use std::collections::BTreeMap;
use std::process::Command;

use crate::processes::{Cluster, OPERATOR};

/// What the tables say of one player, as text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) balance: String,
    pub(crate) version: u64,
    /// Of the ledger: how many entries, how many different sequence numbers and wagers, the last sequence
    /// number, the sum of the points.
    pub(crate) entries: u64,
    pub(crate) sequences: u64,
    pub(crate) wagers: u64,
    pub(crate) last: u64,
    pub(crate) points: String,
}

const BOTH: &str = "
    select coalesce(b.player_id, l.player_id), coalesce(balance, -1), coalesce(version, 0),
           coalesce(entries, 0), coalesce(sequences, 0), coalesce(wagers, 0), coalesce(last, 0),
           coalesce(points, 0)
    from (select * from player_loyalty_balance where operator_id = :'operator') b
    full join (
        select player_id, count(*) entries, count(distinct sequence) sequences,
               count(distinct wager_id) wagers, max(sequence) as last, sum(points) points
        from loyalty_transaction where operator_id = :'operator' group by player_id
    ) l on b.player_id = l.player_id";

/// All players of the tables.
pub(crate) fn read(cluster: &Cluster) -> BTreeMap<String, Row> {
    let url = cluster.service("postgres.sh", &["address"]);
    let query = format!("set search_path to {};{BOTH};", cluster.schema());
    let mut psql = Command::new("psql");
    psql.args(["-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-v"])
        .arg(format!("operator={OPERATOR}"))
        .args(["-f", "-", url.trim()]);
    let out = crate::processes::run_with(&mut psql, &query);
    let lines = out.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    lines
        .map(|fields| {
            let [player, balance, version, entries, sequences, wagers, last, points] = fields[..]
            else {
                panic!("{fields:?}")
            };
            let number = |text: &str| text.parse().unwrap();
            let row = Row {
                balance: balance.into(),
                version: number(version),
                entries: number(entries),
                sequences: number(sequences),
                wagers: number(wagers),
                last: number(last),
                points: points.into(),
            };
            (player.to_owned(), row)
        })
        .collect()
}
