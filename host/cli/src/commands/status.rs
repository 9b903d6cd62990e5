//! `spawnfile status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}
pub(crate) async fn run(_args: Args, _world: &crate::world::World, _ui: &mut crate::ui::Ui) -> Result<u8, crate::error::CliError> { Ok(0) }
