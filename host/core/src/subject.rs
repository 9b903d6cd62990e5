//! What a command's argument means: a project on disk or an image.

use crate::display::excerpt;
use crate::oci::Reference;
use crate::oci::reference::ReferenceError;

/// The thing that a command works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A project folder or manifest, as typed.
    Project(String),
    /// An image.
    Image(Reference),
}

/// Why an argument is neither.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// `--image` was given, but the text is no reference.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// Nothing exists at the path and the text is no explicit reference.
    #[error("`{0}` is neither an existing path nor an image reference with a registry, tag or digest")]
    Neither(String),
}

/// Returns what `text` means, given whether a file or folder exists at it.
///
/// An existing path is a project unless `--image` was given; a text that looks like a path is never an image.
pub fn classify(text: &str, exists: bool, force_image: bool) -> Result<Subject, SubjectError> {
    if force_image {
        return Ok(Subject::Image(text.parse()?));
    }
    if exists {
        return Ok(Subject::Project(text.to_owned()));
    }
    match text.parse::<Reference>() {
        Ok(reference) if reference.is_explicit() => Ok(Subject::Image(reference)),
        _ => Err(SubjectError::Neither(excerpt(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_wins_over_a_reference_unless_image_is_forced() {
        assert_eq!(classify("a:1", true, false), Ok(Subject::Project("a:1".into())));
        assert!(matches!(classify("a:1", true, true), Ok(Subject::Image(_))));
        assert!(matches!(classify("a:1", false, false), Ok(Subject::Image(_))));
        assert!(matches!(classify("nope", false, false), Err(SubjectError::Neither(_))));
        assert!(matches!(classify("./a:1", false, false), Err(SubjectError::Neither(_))));
        assert!(matches!(classify("-x", false, true), Err(SubjectError::Reference(_))));
    }
}
