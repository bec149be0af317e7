//! P17: the SQL projection beside a node.

use std::sync::Arc;
use std::time::{Duration, Instant};

use accolade_engine::feed::Feed;
use accolade_postgres::rebuild;
use accolade_postgres::sink;
use accolade_projections::running::Projection;
use anyhow::Context;

use super::processors::Processors;
use crate::bench::Sizes;
use crate::bench::embedded::{Scratch, run, start};
use crate::bench::load::Load;
use crate::bench::measures::options;
use crate::bench::report::{Bar, Report};
use crate::config::Config;

/// Wagers in one submission.
const CHUNK: usize = 25;
/// How much the tables may be behind, in seconds, for a rate to count as carried.
const LAG_MAX_S: f64 = 5.0;

/// P17: at the bar's rate, at twice that, and everything anew.
pub(crate) fn measure(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let config = Config::load(&sizes.cluster.place)?;
    let Some(mut settings) = config.postgres.settings()? else {
        report.progress("P17 left out: `postgres.url` is not set");
        return Ok(());
    };
    // Tables of reports are not touched.
    settings.schema = "accolade_bench".into();
    let mut processors = Processors::default();
    if let Some(port) = settings.server.get_ports().first() {
        processors.add_service("PostgreSQL", *port);
    }
    let scratch = Scratch::new(&sizes.dir, "p17")?;
    let node = Arc::new(start(options(&scratch.0))?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(rebuild::restart(&settings)).context("the tables cannot be emptied")?;
    let feed = Arc::clone(&node) as Arc<dyn Feed>;
    let mut load = Load::new(11, sizes.players);
    for rate in [20_000, 40_000] {
        let projection = sink::start(settings.clone(), Arc::clone(&feed))?;
        caught_up(&projection)?;
        let spent = processors.spent();
        let events = rate * sizes.cluster.latency_s;
        let mut lag_max = Duration::ZERO;
        let ran = std::thread::scope(|scope| -> anyhow::Result<_> {
            let sending = std::thread::Builder::new().name("sending".into());
            let send = || run(&node, &mut load, events, rate, CHUNK, 1);
            let sending = sending.spawn_scoped(scope, send)?;
            while !sending.is_finished() {
                lag_max = lag_max.max(projection.status().lag);
                std::thread::sleep(Duration::from_millis(50));
            }
            sending.join().expect("the sender does not panic")
        })?;
        let ended = Instant::now();
        caught_up(&projection)?;
        let what = format!("an embedded node's tables behind at {rate}/s, at the most");
        let bar = (rate == 20_000).then_some(Bar::AtMost(LAG_MAX_S));
        report.row("P17", what, lag_max.as_secs_f64(), "s", bar);
        report.row("P17", "  caught up after", ended.elapsed().as_secs_f64(), "s", None);
        report.row("P17", "  dropped", ran.dropped as f64, "events", Some(Bar::AtMost(0.0)));
        report.latencies("P17", "  wager to visible balance meanwhile", &ran.latencies, &[]);
        processors.report("P17", &spent, events, report);
        projection.stop();
    }
    runtime.block_on(rebuild::restart(&settings))?;
    let began = Instant::now();
    let projection = sink::start(settings.clone(), Arc::clone(&feed))?;
    caught_up(&projection)?;
    let rows = projection.status().records as f64;
    let rate = rows / began.elapsed().as_secs_f64();
    report.row("P17", "a rebuild", rate, "entries/s", Some(Bar::AtLeast(20_000.0)));
    projection.stop();
    runtime.block_on(rebuild::restart(&settings))?;
    node.stop()?;
    Ok(())
}

fn caught_up(projection: &Projection) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let status = projection.status();
        if status.is_caught_up() {
            return Ok(());
        }
        let trouble = status.trouble.join("; ");
        anyhow::ensure!(
            began.elapsed() < Duration::from_mins(10),
            "the projection does not catch up: {trouble}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}
