//! The command line.

use clap::{Parser, Subcommand};

use crate::commands;

/// Compile an organization of AI agents, publish it as an OCI image that describes itself, and run it from its
/// reference.
#[derive(Debug, Parser)]
#[command(name = "spawnfile", version, arg_required_else_help = true, propagate_version = true, infer_long_args = false)]
#[command(after_help = "\
Examples:
  spawnfile publish ./org --tag ghcr.io/you/org:1.0.0    publish an organization
  spawnfile status ghcr.io/you/org:1.0.0 --pull          see what an image is and needs
  spawnfile up ghcr.io/you/org:1.0.0 --env-file .env     run it with your own secrets
  spawnfile status --deployment org --live               see how it is
  spawnfile down --deployment org                        take it down

Exit codes: 0 done; 1 it ran and something is wrong; 2 usage, input, contract or preflight; 128 and the signal's number
when a signal ended it (130 for Ctrl-C, 143 for TERM, 129 for HUP), what it had made taken away again.")]
pub(crate) struct Args {
    /// Answer in JSON on standard output
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Say nothing but the answer, warnings and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a project without writing anything
    Validate(commands::validate::Args),
    /// Show the organization of a project
    View(commands::view::Args),
    /// Compile a project to a folder that any docker build turns into the image
    Compile(commands::compile::Args),
    /// Pin the images and plugins of a project in Spawnfile.lock
    Lock(commands::lock::Args),
    /// Compile a project and build its image on the Engine
    Build(commands::build::Args),
    /// Compile, build, check and push a project's image
    Publish(commands::publish::Args),
    /// Run an organization from its image reference, or from its project
    Up(commands::up::Args),
    /// Run a project in the foreground; nothing is left when it ends
    Run(commands::run::Args),
    /// Show what an image is and needs, or how a deployment is
    Status(commands::status::Args),
    /// Show what a deployment says
    Logs(commands::logs::Args),
    /// List deployments
    List(commands::list::Args),
    /// Take a deployment down
    Down(commands::down::Args),
    /// Manage auth profiles: named sets of your secrets
    Auth(commands::auth::Args),
    /// Manage plugins: runtime kinds, auth methods, targets
    Plugin(commands::plugin::Args),
    /// Print a completion script for a shell
    Completions(commands::completions::Args),
}
