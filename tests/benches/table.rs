//! The rows as a table for people, or as a document.

use serde_json::{Value, json};

use crate::figure::{Budget, Row, Samples, Unit};

const PROFILE: &str = "bench: the release's optimisation, without its link-time optimisation";

/// Returns the table with its heading.
pub(crate) fn text(rows: &[Row]) -> String {
    let heading = ["what", "ours", "beside", "", "budget", "verdict"].map(str::to_owned);
    let mut cells = vec![heading];
    for row in rows {
        let (beside, name) = match &row.beside {
            Some((name, samples)) => (figure(samples, row.unit), name.clone()),
            None => (String::new(), String::new()),
        };
        let verdict = row.verdict().unwrap_or("-").to_owned();
        cells.push([row.what.clone(), figure(&row.ours, row.unit), beside, name, budget(row), verdict]);
    }
    let widths: Vec<usize> = (0..6).map(|column| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or_default()).collect();
    let mut text =
        format!("profile {PROFILE}; {} processors; {}\ntimes: median of N (min); memory: largest of N (min)\n", processors(), engine());
    for row in &cells {
        let line: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push('\n');
        text.push_str(line.join("  ").trim_end());
    }
    let over = rows.iter().filter(|row| row.verdict() == Some("over")).count();
    let judged = rows.iter().filter(|row| row.verdict().is_some()).count();
    text.push_str(&format!("\n\n{} within, {over} over budget, {} without one", judged - over, rows.len() - judged));
    text
}

/// Returns the same as JSON: times in milliseconds, memory in mebibytes.
pub(crate) fn json(rows: &[Row]) -> String {
    let samples =
        |samples: &Samples| json!({ "median": samples.median(), "min": samples.min(), "max": samples.max(), "n": samples.count() });
    let row = |row: &Row| {
        json!({
            "what": row.what,
            "unit": match row.unit { Unit::Time => "ms", Unit::Memory => "MiB" },
            "ours": samples(&row.ours),
            "beside": row.beside.as_ref().map(|(name, beside)| json!({ "what": name, "figures": samples(beside) })),
            "budget": match row.budget { Budget::Unset => Value::Null, _ => Value::from(budget(row)) },
            "limit": row.limit(),
            "verdict": row.verdict(),
        })
    };
    let document = json!({
        "version": "spawnfile.bench.v1", "profile": PROFILE, "processors": processors(), "engine": engine(),
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&document).unwrap()
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn engine() -> String {
    format!("Docker Engine {}", crate::support::sh("docker", ["version", "--format", "{{.Server.Version}}"]))
}

fn figure(samples: &Samples, unit: Unit) -> String {
    let value = match unit {
        Unit::Time => samples.median(),
        Unit::Memory => samples.max(),
    };
    format!("{} of {} ({})", amount(value, unit), samples.count(), amount(samples.min(), unit))
}

fn budget(row: &Row) -> String {
    match row.budget {
        Budget::Most(most) => amount(most, row.unit),
        Budget::Above(more) => format!("{} above", amount(more, row.unit)),
        Budget::Times(times) => format!("{times} x"),
        Budget::Unset => "-".to_owned(),
    }
}

fn amount(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Memory => format!("{value:.0} MiB"),
        Unit::Time if value < 0.995 => format!("{:.0} us", value * 1e3),
        Unit::Time if value < 9.95 => format!("{value:.1} ms"),
        Unit::Time => format!("{value:.0} ms"),
    }
}
