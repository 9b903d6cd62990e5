//! How the program gets into the image: references that parse, a tree in its own folder, one command a line.

use super::{Check, is_line, quote};
use crate::oci::Reference;
use crate::organization::RUNTIMES_ROOT;
use crate::path::{is_below, is_clean_absolute};

/// The base image that is none.
pub(crate) const SCRATCH: &str = "scratch";
/// Linux capabilities that a runtime may keep.
const CAPABILITIES: [&str; 7] = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"];
/// Package managers that the Dockerfile has a line for.
const MANAGERS: [&str; 3] = ["apt", "npm", "pipx"];

impl Check<'_> {
    pub(super) fn install(&mut self) {
        let install = &self.lowering.install;
        if install.base_image != SCRATCH {
            self.reference("base", &install.base_image);
        }
        match (&install.runtime_image, &install.runtime_path) {
            (Some(image), Some(path)) => {
                self.reference("runtime", image);
                if !is_clean_absolute(path) || !is_plain(path) || !is_below(path, RUNTIMES_ROOT) {
                    self.refuse("lowering.install", format!("runtime path {} is no plain path below {RUNTIMES_ROOT}", quote(path)));
                }
            }
            (None, None) => {}
            _ => self.refuse("lowering.install", "a runtime image and the path of its tree must be given together"),
        }
        for command in install.run.iter().filter(|command| command.trim().is_empty() || !is_line(command)) {
            self.refuse("lowering.install", format!("command {} is empty or no single line", quote(command)));
        }
        for (manager, package) in &install.packages {
            if !MANAGERS.contains(&manager.as_str()) || !is_package(package) {
                self.refuse("lowering.install", format!("package {} of {} cannot be installed", quote(package), quote(manager)));
            }
        }
        if install.base_image == SCRATCH && !(install.run.is_empty() && install.packages.is_empty()) {
            self.refuse("lowering.install", "commands and packages need a base image, but it is scratch");
        }
        for capability in self.lowering.linux_capabilities.iter().filter(|word| !CAPABILITIES.contains(&word.as_str())) {
            let message = format!("Linux capability {} is none of {}", quote(capability), CAPABILITIES.join(", "));
            self.refuse("lowering.install", message);
        }
    }

    fn reference(&mut self, role: &str, text: &str) {
        if text.parse::<Reference>().is_err() || text.trim() != text {
            self.refuse("lowering.install", format!("the {role} image {} is no image reference", quote(text)));
        }
    }
}

/// Returns whether a path can stand in a line of a Dockerfile: nothing that the builder expands.
fn is_plain(path: &str) -> bool {
    path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_' | b'-'))
}

/// Returns whether a text can stand as a package in a command line: no option, nothing that a shell reads.
fn is_package(text: &str) -> bool {
    text.len() <= 214
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'@')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'@' | b'/' | b'.' | b'_' | b'+' | b':' | b'=' | b'~' | b'-'))
}
