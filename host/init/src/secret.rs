//! `secret put`: a value from standard input into the folder of secrets, whole or not at all. Refuses an empty value,
//! one that is too long or has a NUL byte, and a folder that is not one.

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::process::geteuid;
use spawnfile_core::name::EnvName;
use zeroize::Zeroizing;

use crate::file::{self, FileError};
use crate::plan::{self, PlanError};
use crate::values::VALUE_LIMIT;

/// Why a secret was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// There is no plan to say where secrets go.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Standard input cannot be read.
    #[error("cannot read the value of `{0}` from standard input: {1}")]
    Input(EnvName, std::io::Error),
    /// The value cannot be a secret.
    #[error("the value of `{0}` {1}")]
    Value(EnvName, &'static str),
    /// It cannot be written.
    #[error("secret `{0}`: {1}")]
    File(EnvName, FileError),
}

impl PutError {
    /// Returns the exit code that says it.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Plan(_) => crate::CONFIG,
            Self::Value(..) => crate::USAGE,
            Self::Input(..) | Self::File(..) => crate::NO,
        }
    }
}

/// Writes the value of `name` (0400, the folder's owner's) into the folder that the plan names.
///
/// # Errors
/// When there is no good plan, no good value, or the system says no. The old value stays then.
pub fn put(plan: &Path, name: &EnvName, input: impl Read) -> Result<(), PutError> {
    let plan = plan::load(plan)?;
    let mut value = Zeroizing::new(Vec::with_capacity(VALUE_LIMIT + 1));
    input.take(VALUE_LIMIT as u64 + 1).read_to_end(&mut value).map_err(|error| PutError::Input(name.clone(), error))?;
    let wrong = match value.len() {
        0 => Some("is empty"),
        length if length > VALUE_LIMIT => Some("is longer than 1048576 bytes"),
        _ if value.contains(&0) => Some("has a NUL byte"),
        _ => None,
    };
    if let Some(wrong) = wrong {
        return Err(PutError::Value(name.clone(), wrong));
    }
    write(Path::new(&plan.secrets_dir), name, &value).map_err(|error| PutError::File(name.clone(), error))
}

fn write(folder: &Path, name: &EnvName, value: &[u8]) -> Result<(), FileError> {
    file::make_folder(folder)?;
    let open = OpenOptions::new().read(true).custom_flags((OFlags::DIRECTORY | OFlags::NOFOLLOW).bits().cast_signed()).open(folder);
    let lock = open.map_err(FileError::system("open folder", folder))?;
    // Two at a time would share one temporary file. The kernel lets go of the lock when this process ends.
    flock(&lock, FlockOperation::LockExclusive).map_err(|error| FileError::system("lock", folder)(error.into()))?;
    let metadata = lock.metadata().map_err(FileError::system("read", folder))?;
    // Executed as root, it must still be the runtime user's.
    let owner = (metadata.uid() != geteuid().as_raw()).then(|| (metadata.uid(), metadata.gid()));
    file::replace_for(&folder.join(name.as_str()), value, 0o400, owner)
}
