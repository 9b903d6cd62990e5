//! The plan: read bounded, parsed strictly, checked whole before anything is done.

pub(crate) mod check;

use std::path::Path;

use spawnfile_core::init_plan::{INIT_VERSION, InitPlan};

use crate::file::{self, FileError, Links};

/// A plan may have this many bytes.
pub const PLAN_LIMIT: usize = 4 << 20;

/// Why a plan cannot be followed. Its text is one sentence that names the problem.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// It cannot be read.
    #[error("plan: {0}")]
    File(#[from] FileError),
    /// It is no JSON, or not of the form of a plan.
    #[error("plan `{path}`: {source}")]
    Form {
        /// The plan.
        path: String,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// It is of another version.
    #[error("plan `{path}`: version `{found}` is not `{INIT_VERSION}`: this image needs another spawnfile-init")]
    Version {
        /// The plan.
        path: String,
        /// What it says.
        found: String,
    },
    /// It says something that cannot be.
    #[error("plan `{path}`: {what}")]
    Content {
        /// The plan.
        path: String,
        /// What.
        what: String,
    },
}

/// Only the version, to tell a plan of another version from a malformed one.
#[derive(serde::Deserialize)]
struct Version {
    version: String,
}

/// Reads and checks the plan.
///
/// # Errors
/// When it is missing, longer than [`PLAN_LIMIT`], not of the form, of another version, or says what cannot be.
pub fn load(path: &Path) -> Result<InitPlan, PlanError> {
    let (bytes, _) = file::read(path, PLAN_LIMIT, Links::Follow)?;
    let path = path.display().to_string();
    let form = |source| PlanError::Form { path: path.clone(), source };
    let Version { version } = serde_json::from_slice(&bytes).map_err(form)?;
    if version != INIT_VERSION {
        return Err(PlanError::Version { path, found: version.chars().take(80).collect() });
    }
    let plan = serde_json::from_slice(&bytes).map_err(form)?;
    check::check(&plan).map_err(|what| PlanError::Content { path, what })?;
    Ok(plan)
}
