//! One file a command: arguments with their user documentation, and a `run` that reads as gather, decide, act.

pub(crate) mod auth;
pub(crate) mod build;
pub(crate) mod compile;
pub(crate) mod completions;
pub(crate) mod down;
pub(crate) mod list;
pub(crate) mod lock;
pub(crate) mod logs;
pub(crate) mod plugin;
pub(crate) mod publish;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod up;
pub(crate) mod validate;
pub(crate) mod view;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::args::Command;
use crate::error::CliError;
use crate::run::undo::Undo;
use crate::ui::Ui;
use crate::world::World;

/// Runs a command; returns its exit code when it could answer.
pub(crate) fn run(command: Command, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    match command {
        Command::Validate(args) => wait(validate::run(args, world, ui)),
        Command::View(args) => view::run(&args, world, ui),
        Command::Compile(args) => wait(compile::run(args, world, ui)),
        Command::Lock(args) => wait(lock::run(args, world, ui)),
        Command::Build(args) => wait(build::run(args, world, ui)),
        Command::Publish(args) => wait(publish::run(args, world, ui)),
        Command::Up(args) => wait(up::run(args, world, ui)),
        Command::Run(args) => wait(run::run(args, world, ui)),
        Command::Status(args) => wait(status::run(args, world, ui)),
        Command::Logs(args) => wait(logs::run(args, world, ui)),
        Command::List(args) => list::run(&args, world, ui),
        Command::Down(args) => wait(down::run(args, world, ui)),
        Command::Auth(args) => auth::run(args, world, ui),
        Command::Plugin(args) => wait(plugin::run(args, world, ui)),
        Command::Completions(args) => completions::run(&args, ui),
    }
}

/// Says what the argument of `up` and `status` must be.
fn no_subject(error: &dyn std::error::Error) -> CliError {
    CliError::input_from(error).hint("an image reference has a registry, a tag or a digest: ghcr.io/you/org:1.0.0; --image takes any name")
}

/// Parts of commands under way that take away themselves what they made when a signal comes: see [`interruptible`].
static UNDOING: AtomicUsize = AtomicUsize::new(0);
/// How long such a part may take to do so.
const UNDO_TIME: Duration = Duration::from_secs(120);

/// Runs an asynchronous command to its end, or until a signal asks it to stop.
fn wait<F: Future<Output = Result<u8, CliError>>>(command: F) -> Result<u8, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::failed(format!("cannot start: {error}")))?;
    let result = runtime.block_on(async {
        let mut command = Box::pin(command);
        let number = tokio::select! {
            result = &mut command => return result,
            number = signal() => number,
        };
        // The part that made something sees the same signal; dropping it here would leave what it made.
        if UNDOING.load(Ordering::Relaxed) > 0
            && let Ok(result) = tokio::time::timeout(UNDO_TIME, command).await
        {
            return result;
        }
        Err(CliError::signal(number))
    });
    if result.is_err() {
        // Clean-ups go on in tasks of their own (the helper container of a read that broke off): they end first.
        runtime.block_on(settled());
    }
    runtime.shutdown_timeout(Duration::from_millis(500));
    result
}

/// Waits until every task is done, for as long as the Engine may take to remove a helper.
async fn settled() {
    const LONGEST: Duration = Duration::from_secs(15);
    let tasks = tokio::runtime::Handle::current().metrics();
    let begun = tokio::time::Instant::now();
    while tasks.num_alive_tasks() > 0 && begun.elapsed() < LONGEST {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Runs a part of a command that makes things on the Engine; on failure or a signal they are removed again.
async fn interruptible<T>(
    docker: &spawnfile_docker::Docker,
    undo: &Undo,
    part: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    UNDOING.fetch_add(1, Ordering::Relaxed);
    let result = tokio::select! {
        result = Box::pin(part) => result,
        number = signal() => Err(CliError::signal(number)),
    };
    let result = match result {
        Ok(value) => Ok(value),
        Err(error) => {
            let left = undo.run(docker).await;
            Err(left.into_iter().fold(error, |error, left| error.hint(format!("remove by hand: {left}"))))
        }
    };
    UNDOING.fetch_sub(1, Ordering::Relaxed);
    result
}

/// Runs a part of a command until a signal comes, whose number is returned: the command then ends in its own way.
async fn until_signal<T>(part: impl Future<Output = T>) -> Result<T, u8> {
    UNDOING.fetch_add(1, Ordering::Relaxed);
    let result = tokio::select! {
        result = Box::pin(part) => Ok(result),
        number = signal() => Err(number),
    };
    // The count stays: what comes after the signal is the command's own way to end, and is not cut short.
    if result.is_ok() {
        UNDOING.fetch_sub(1, Ordering::Relaxed);
    }
    result
}

/// Returns when the process is asked to stop, with the signal's number.
async fn signal() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()), signal(SignalKind::hangup()));
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)) = kinds else { return std::future::pending().await };
    tokio::select! {
        _ = interrupt.recv() => 2,
        _ = terminate.recv() => 15,
        // The terminal is gone: nobody sees how it ends, so it must not end half way.
        _ = hangup.recv() => 1,
    }
}
