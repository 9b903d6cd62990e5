//! `cargo xtask fuzz [target] [--seconds N]`: builds the targets of tests/fuzz with libFuzzer, runs one after the other
//! and answers with a line for each. Needs the stable toolchain and a C++ compiler, no cargo-fuzz.
//!
//! Seeds are the committed corpus, which is only read; what a run learns stays below the target folder for the next
//! one. It judges nothing but whether something was found.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::console;
use crate::error::{Context as _, Error, Result};
use crate::tree::Tree;

/// What `cargo xtask fuzz` was told.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this target: the name of a folder in tests/fuzz/corpus
    target: Option<String>,
    /// How long each target runs
    #[arg(long, default_value_t = 60, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
}

/// Coverage of edges and comparisons: what cargo-fuzz asks the compiler for, without a sanitizer, which stable does not
/// have. The targets are safe Rust, so that panics, overflows and limits are what there is to find.
const FLAGS: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "--cfg=fuzzing",
];

/// Longest input in bytes, memory of a run and of one allocation in MiB, seconds for one input.
const LIMITS: [&str; 4] = ["-max_len=65536", "-rss_limit_mb=1024", "-malloc_limit_mb=64", "-timeout=10"];

/// Runs the chore. Each target is one line on standard output; something found is exit code 1.
pub(crate) fn chore(tree: &Tree, args: &Args) -> Result<ExitCode> {
    let fuzz = tree.root().join("tests/fuzz");
    let all = targets(&fuzz.join("corpus"))?;
    let chosen: Vec<String> = match &args.target {
        None => all,
        Some(name) if all.contains(name) => vec![name.clone()],
        Some(name) => return Err(Error::new(format!("there is no fuzz target `{name}`")).hint(format!("one of {}", all.join(", ")))),
    };
    let folder = tree.target().join("fuzz");
    let programs = build(tree, &fuzz, &folder)?;
    let mut found = false;
    for name in chosen {
        let run =
            Run { seeds: fuzz.join("corpus").join(&name), learned: folder.join("corpus").join(&name), findings: folder.join("findings") };
        found |= !run.one(&programs.join(&name), &name, args.seconds)?;
    }
    Ok(if found { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn targets(corpus: &Path) -> Result<Vec<String>> {
    let listing = || format!("listing `{}`", corpus.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(corpus).context(listing)? {
        names.push(entry.context(listing)?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

/// Builds all targets and returns the folder of their programs. The platform is named, so that the flags reach the
/// programs only and not what runs while they are built.
fn build(tree: &Tree, fuzz: &Path, folder: &Path) -> Result<PathBuf> {
    let platform = platform()?;
    console::step("fuzz", format_args!("building for {platform}"));
    let mut cargo = crate::cargo(tree);
    cargo.args(["build", "--release", "--bins", "--target", &platform, "--manifest-path"]).arg(fuzz.join("Cargo.toml"));
    cargo.arg("--target-dir").arg(folder.join("build")).env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"));
    let status = cargo.stdin(Stdio::null()).status().context(|| "starting `cargo build`".to_owned())?;
    if !status.success() {
        return Err(Error::new(format!("`cargo build` of the fuzz targets ended: {status}")));
    }
    Ok(folder.join("build").join(platform).join("release"))
}

/// The platform of this machine, as the compiler names it.
fn platform() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("-vV").output().context(|| "asking rustc for its version".to_owned())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let platform = text.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned);
    platform.ok_or_else(|| Error::new("rustc does not name the platform that it runs on"))
}

/// Folders of a run.
struct Run {
    seeds: PathBuf,
    learned: PathBuf,
    findings: PathBuf,
}

impl Run {
    /// Runs one target; returns whether nothing was found.
    fn one(&self, program: &Path, name: &str, seconds: u32) -> Result<bool> {
        for folder in [&self.learned, &self.findings] {
            std::fs::create_dir_all(folder).context(|| format!("making `{}`", folder.display()))?;
        }
        console::step("fuzz", format_args!("{name}, {seconds} s"));
        let mut fuzzer = Command::new(program);
        fuzzer.args([&self.learned, &self.seeds]).args(LIMITS).args(["-jobs=0", "-print_final_stats=1", "-verbosity=1"]);
        fuzzer.arg(format!("-max_total_time={seconds}"));
        fuzzer.arg(format!("-artifact_prefix={}/{name}-", self.findings.display()));
        let output = fuzzer.stdin(Stdio::null()).output().context(|| format!("starting `{}`", program.display()))?;
        let log = String::from_utf8_lossy(&output.stderr);
        let learned = std::fs::read_dir(&self.learned).map_or(0, Iterator::count);
        if output.status.success() {
            let runs = statistic(&log, "stat::number_of_executed_units:").unwrap_or("?");
            let memory = statistic(&log, "stat::peak_rss_mb:").unwrap_or("?");
            console::answer(format_args!("{name}: nothing found, {runs} inputs in {seconds} s, {learned} kept, {memory} MiB at most"));
            return Ok(true);
        }
        let end = log.len().saturating_sub(4000);
        console::progress(log.get(log.ceil_char_boundary(end)..).unwrap_or_default());
        let input =
            log.lines().rev().find_map(|line| line.split_once("Test unit written to ")).map_or("no input written", |(_, path)| path);
        console::answer(format_args!("{name}: FOUND, {input}: mend it, and put that file into tests/fuzz/corpus/{name}"));
        Ok(false)
    }
}

fn statistic<'a>(log: &'a str, name: &str) -> Option<&'a str> {
    log.lines().rev().find_map(|line| line.strip_prefix(name)).map(str::trim)
}
