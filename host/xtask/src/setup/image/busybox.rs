//! A small image for tests: one static busybox and a link for each of its programs.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::pack;
use crate::error::{Context as _, Result};
use crate::program;

/// Writes the image's archive.
pub(super) fn make(busybox: &Path, archive: &Path) -> Result<()> {
    let work = tempfile::tempdir().context(|| "making a folder".to_owned())?;
    let bin = work.path().join("bin");
    std::fs::create_dir(&bin).context(|| format!("making `{}`", bin.display()))?;
    std::fs::copy(busybox, bin.join("busybox")).context(|| format!("copying `{}`", busybox.display()))?;
    for applet in program::output(Command::new(busybox).arg("--list"))?.lines().filter(|applet| *applet != "busybox") {
        symlink("busybox", bin.join(applet)).context(|| format!("linking `{applet}`"))?;
    }
    pack(work.path(), archive, &["bin"])
}
