//! What was measured, as text and as JSON.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

use super::Sizes;

/// One figure beside its bar.
#[derive(Debug)]
struct Row {
    measure: &'static str,
    what: String,
    figure: f64,
    unit: &'static str,
    bar: Option<Bar>,
}

/// What a figure must reach.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bar {
    AtLeast(f64),
    AtMost(f64),
}

impl Bar {
    fn is_reached(self, figure: f64) -> bool {
        match self {
            Self::AtLeast(bar) => figure >= bar,
            Self::AtMost(bar) => figure <= bar,
        }
    }
}

/// The report of one call.
#[derive(Debug)]
pub(crate) struct Report {
    machine: Vec<(&'static str, String)>,
    rows: Vec<Row>,
    began: Instant,
}

impl Report {
    /// Notes machine, form, versions and settings, and measures the disk.
    pub(crate) fn begin(sizes: &Sizes, form: String) -> anyhow::Result<Self> {
        let (p50, p99) = fsync_micros(&sizes.dir)?;
        let first = |path: &str, key: &str| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
            line.split(':').nth(1).unwrap_or_default().trim().to_string()
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let machine = vec![
            ("accolade", env!("CARGO_PKG_VERSION").to_string()),
            ("processor", format!("{}, {cores} cores", first("/proc/cpuinfo", "model name"))),
            ("memory", first("/proc/meminfo", "MemTotal")),
            ("kernel", kernel.trim().to_string()),
            ("disk fsync of 64 KiB", format!("p50 {p50} µs, p99 {p99} µs")),
            ("players", sizes.players.to_string()),
            ("form", form),
        ];
        Ok(Self { machine, rows: Vec::new(), began: Instant::now() })
    }

    /// Says what is being done.
    pub(crate) fn progress(&self, words: &str) {
        let line = format!("[{:>5.0} s] {words}\n", self.began.elapsed().as_secs_f64());
        drop(std::io::stderr().write_all(line.as_bytes()));
    }

    /// Adds a figure.
    pub(crate) fn row(
        &mut self,
        measure: &'static str,
        what: impl Into<String>,
        figure: f64,
        unit: &'static str,
        bar: Option<Bar>,
    ) {
        let what = what.into();
        self.progress(&format!("{measure} {what}: {} {unit}", in_words(figure)));
        self.rows.push(Row { measure, what, figure, unit, bar });
    }

    /// The figure of `measure` whose row begins with `what`.
    pub(crate) fn figure(&self, measure: &str, what: &str) -> Option<f64> {
        let is_it = |row: &&Row| row.measure == measure && row.what.starts_with(what);
        self.rows.iter().find(is_it).map(|row| row.figure)
    }

    /// Adds percentiles of latencies in microseconds, in milliseconds.
    pub(crate) fn latencies(
        &mut self,
        measure: &'static str,
        what: &str,
        latencies: &Histogram<u64>,
        bars: &[(f64, f64)],
    ) {
        for quantile in [0.5, 0.99, 0.999] {
            let is_its = |bar: &&(f64, f64)| (bar.0 - quantile).abs() < 1e-9;
            let bar = bars.iter().find(is_its).map(|bar| Bar::AtMost(bar.1));
            let figure = latencies.value_at_quantile(quantile) as f64 / 1e3;
            self.row(measure, format!("{what}, p{}", quantile * 100.0), figure, "ms", bar);
        }
    }

    /// Prints everything.
    pub(crate) fn finish(&self, as_json: bool) {
        let text = if as_json { self.to_json() } else { self.to_text() };
        drop(std::io::stdout().write_all(text.as_bytes()));
    }

    fn to_text(&self) -> String {
        let mut lines: Vec<String> =
            self.machine.iter().map(|(key, value)| format!("{key:<22} {value}")).collect();
        lines.push(String::new());
        for row in &self.rows {
            let (bar, verdict) = match row.bar {
                None => (String::new(), ""),
                Some(bar) => {
                    let words = match bar {
                        Bar::AtLeast(bar) => format!("at least {}", in_words(bar)),
                        Bar::AtMost(bar) => format!("at most {}", in_words(bar)),
                    };
                    (words, if bar.is_reached(row.figure) { "reached" } else { "MISSED" })
                }
            };
            let figure = format!("{} {}", in_words(row.figure), row.unit);
            let Row { measure, what, .. } = row;
            lines.push(format!("{measure:<4} {what:<58} {figure:>18}  {bar:<20} {verdict}"));
        }
        lines.join("\n") + "\n"
    }

    fn to_json(&self) -> String {
        let machine: serde_json::Map<String, Value> =
            self.machine.iter().map(|(key, value)| ((*key).into(), json!(value))).collect();
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let (bar, reached) = match row.bar {
                    None => (Value::Null, Value::Null),
                    Some(bar) => {
                        let words = match bar {
                            Bar::AtLeast(bar) => json!({ "atLeast": bar }),
                            Bar::AtMost(bar) => json!({ "atMost": bar }),
                        };
                        (words, json!(bar.is_reached(row.figure)))
                    }
                };
                json!({"measure": row.measure, "what": row.what, "figure": row.figure,
                       "unit": row.unit, "bar": bar, "reached": reached})
            })
            .collect();
        format!("{}\n", json!({ "machine": machine, "rows": rows }))
    }
}

fn in_words(figure: f64) -> String {
    if figure.abs() < 100.0 {
        return format!("{figure:.2}");
    }
    let figures = format!("{figure:.0}");
    let mut grouped = String::new();
    for (at, figure) in figures.chars().enumerate() {
        if at > 0 && (figures.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(figure);
    }
    grouped
}

/// The disk's own time for a durable write of 64 KiB, p50 and p99.
pub(crate) fn fsync_micros(dir: &Path) -> anyhow::Result<(u64, u64)> {
    use std::os::unix::fs::FileExt;
    let path = dir.join(format!("accolade-bench-fsync-{}", std::process::id()));
    let file = std::fs::File::create(&path)?;
    let bytes = vec![7; 64 << 10];
    let mut micros = Vec::new();
    for at in 0..300_u64 {
        let began = Instant::now();
        file.write_all_at(&bytes, at * bytes.len() as u64)?;
        file.sync_data()?;
        micros.push(began.elapsed().as_micros() as u64);
    }
    std::fs::remove_file(&path)?;
    micros.sort_unstable();
    Ok((micros[150], micros[297]))
}
