//! `spawnfile view`.

use serde::Serialize;
use spawnfile_core::organization::{self, ChildNode};
use spawnfile_core::view::{self, Style};

use crate::error::CliError;
use crate::project::gather;
use crate::ui::Ui;
use crate::world::World;

/// Show the organization of a project
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  spawnfile view ./org --ascii")]
pub(crate) struct Args {
    /// Project folder or Spawnfile
    #[arg(default_value = ".")]
    path: String,
    /// Draw with ASCII characters alone
    #[arg(long)]
    ascii: bool,
    /// When to use colour: auto means on a terminal, unless NO_COLOR or CI is set
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    color: Color,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Serialize)]
struct Answer<'a> {
    project: &'a str,
    agents: Vec<Agent<'a>>,
    teams: Vec<Team<'a>>,
}

#[derive(Serialize)]
struct Team<'a> {
    id: &'a str,
    name: &'a str,
    description: &'a str,
    mode: &'a str,
    lead: Option<&'a str>,
    external: &'a [String],
    members: Vec<Child<'a>>,
}

#[derive(Serialize)]
struct Child<'a> {
    id: &'a str,
    node: &'a str,
}

#[derive(Serialize)]
struct Agent<'a> {
    id: &'a str,
    name: &'a str,
    runtime: &'a str,
    description: &'a str,
    teams: &'a [String],
    subagents: Vec<Child<'a>>,
}

pub(crate) fn run(args: &Args, world: &World, ui: &mut Ui) -> Result<u8, CliError> {
    let gathered = gather::gather(&world.cwd, &args.path)?;
    let (organization, _) = organization::resolve(&gathered.sources)
        .map_err(|findings| CliError::findings(&format!("`{}` is not valid", args.path), &findings))?;
    let color = match args.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let ci = world.env("CI").is_some_and(|value| value != "0");
            world.stdout_is_terminal && !ci && world.env("NO_COLOR").is_none()
        }
    };
    let text = view::tree(&organization, Style { ascii: args.ascii, color });
    let agents = organization
        .agents
        .iter()
        .map(|agent| Agent {
            id: &agent.id,
            name: &agent.name,
            runtime: &agent.runtime,
            description: &agent.description,
            teams: &agent.teams,
            subagents: children(&agent.subagents),
        })
        .collect();
    let teams = organization
        .teams
        .iter()
        .map(|team| Team {
            id: &team.id,
            name: &team.name,
            description: &team.description,
            mode: team.mode.as_str(),
            lead: team.lead.as_deref(),
            external: &team.external,
            members: children(&team.members),
        })
        .collect();
    ui.answer(&Answer { project: &organization.project, agents, teams }, |_| text)?;
    Ok(0)
}

fn children(children: &[ChildNode]) -> Vec<Child<'_>> {
    children.iter().map(|child| Child { id: &child.id, node: &child.node }).collect()
}
