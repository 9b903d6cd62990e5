//! The last look before a push: no path of this machine in what the image says about itself.

use spawnfile_core::oci::labels;

use crate::error::CliError;
use crate::image::Opened;
use crate::world::World;

/// Refuses an image whose documents or labels name a folder of the creator's machine.
pub(crate) fn check(world: &World, typed: &str, opened: &Opened) -> Result<(), CliError> {
    let project = world.cwd.join(typed);
    let resolved = std::fs::canonicalize(&project).unwrap_or_else(|_| project.clone());
    let folders = [Some(&project), Some(&resolved), Some(&world.cwd), Some(&world.home), world.user_home.as_ref()];
    let mut texts = vec![("the report", String::from_utf8_lossy(&opened.documents.report).into_owned())];
    if let Some(extras) = &opened.documents.extras {
        texts.push(("the extras", String::from_utf8_lossy(extras).into_owned()));
    }
    for key in [labels::PROJECT, labels::COMPILE_FINGERPRINT, labels::REPORT] {
        texts.push((key, opened.inspection.labels.get(key).cloned().unwrap_or_default()));
    }
    for folder in folders.into_iter().flatten() {
        // `/` or `/app` would be found in the paths of any image.
        let Some(path) = folder.to_str().filter(|_| folder.components().count() > 2) else { continue };
        // Inside JSON a quote or backslash of the path would be escaped.
        let escaped = serde_json::to_string(path).unwrap_or_default();
        let escaped = escaped.trim_matches('"');
        if let Some((what, _)) = texts.iter().find(|(_, text)| text.contains(escaped)) {
            return Err(CliError::input(format!("{what} of the image names a folder of this machine, `{path}`; it was not pushed"))
                .hint("look for the path in the Spawnfile: an option, an address or a name that has it"));
        }
    }
    Ok(())
}
