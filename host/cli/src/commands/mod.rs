//! One file a command: arguments with their user documentation, and a `run` that reads as gather, decide, act.

pub(crate) mod auth;
pub(crate) mod build;
pub(crate) mod compile;
pub(crate) mod completions;
pub(crate) mod down;
pub(crate) mod list;
pub(crate) mod lock;
pub(crate) mod plugin;
pub(crate) mod publish;
pub(crate) mod status;
pub(crate) mod up;
pub(crate) mod validate;
pub(crate) mod view;

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
        Command::Status(args) => wait(status::run(args, world, ui)),
        Command::List(args) => list::run(&args, world, ui),
        Command::Down(args) => wait(down::run(args, world, ui)),
        Command::Auth(args) => auth::run(args, world, ui),
        Command::Plugin(args) => wait(plugin::run(args, world, ui)),
        Command::Completions(args) => completions::run(&args, ui),
    }
}

/// Runs an asynchronous command to its end, or until a signal asks it to stop. What it had half made on the Engine it
/// takes away itself: see [`interruptible`].
fn wait<F: Future<Output = Result<u8, CliError>>>(command: F) -> Result<u8, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::failed(format!("cannot start: {error}")))?;
    let result = runtime.block_on(async {
        tokio::select! {
            result = Box::pin(command) => result,
            number = signal() => Err(CliError::signal(number)),
        }
    });
    // Clean-ups that were started in the background (a helper container of an interrupted read) get a moment.
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
    result
}

/// Runs a part of a command that makes things on the Engine; on failure or a signal they are removed again.
async fn interruptible<T>(
    docker: &spawnfile_docker::Docker,
    undo: &Undo,
    part: impl Future<Output = Result<T, CliError>>,
) -> Result<T, CliError> {
    let result = tokio::select! {
        result = Box::pin(part) => result,
        number = signal() => Err(CliError::signal(number)),
    };
    match result {
        Ok(value) => Ok(value),
        Err(error) => {
            let left = undo.run(docker).await;
            Err(left.into_iter().fold(error, |error, left| error.hint(format!("remove by hand: {left}"))))
        }
    }
}

/// Returns when the process is asked to stop, with the signal's number.
async fn signal() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => 2,
        _ = terminate.recv() => 15,
    }
}
