//! Engine errors as target errors, with the unit they are about.

use spawnfile_plugin::target::{EngineError, TargetError};

/// An error about a unit.
pub(crate) fn of_unit(error: EngineError, unit: &str) -> TargetError {
    about(error, &format!("unit `{unit}`"))
}

/// An error about a volume.
pub(crate) fn of_volume(error: EngineError, volume: &str) -> TargetError {
    about(error, &format!("volume `{volume}`"))
}

fn about(error: EngineError, subject: &str) -> TargetError {
    match error {
        EngineError::Refused(text) => TargetError::Refused(format!("{subject}: {text}")),
        EngineError::NotFound => TargetError::NotFound(subject.to_owned()),
        EngineError::Conflict(text) => TargetError::Conflict(format!("{subject}: {text}")),
        EngineError::Unreachable(text) => TargetError::Unreachable(format!("{subject}: {text}")),
        EngineError::Failed(text) => TargetError::Failed(format!("{subject}: {text}")),
        EngineError::Budget => {
            TargetError::Refused(format!("{subject}: this call has used up what the host allows it to ask of the Engine"))
        }
    }
}

/// Returns an error with something added to its text.
pub(crate) fn with_note(error: TargetError, note: &str) -> TargetError {
    let add = |text: String| format!("{text}; {note}");
    match error {
        TargetError::NotFound(text) => TargetError::NotFound(add(text)),
        TargetError::Conflict(text) => TargetError::Conflict(add(text)),
        TargetError::Refused(text) => TargetError::Refused(add(text)),
        TargetError::Unreachable(text) => TargetError::Unreachable(add(text)),
        TargetError::Unsupported(text) => TargetError::Unsupported(add(text)),
        TargetError::Failed(text) => TargetError::Failed(add(text)),
    }
}
