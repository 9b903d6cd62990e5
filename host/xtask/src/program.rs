//! Other programs: whether one is there, running one, and the words in which it failed.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::error::{Context as _, Error, Result};

/// Path of a program of PATH, or of the folders where Debian keeps what only root runs.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

/// Runs a program with its output on standard error, where progress belongs, and nothing on its standard input.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let what = line(command);
    let status = command.stdin(Stdio::null()).stdout(std::io::stderr()).status().context(|| format!("starting `{what}`"))?;
    if status.success() { Ok(()) } else { Err(Error::new(format!("`{what}` failed: {status}"))) }
}

/// Runs a program and gives its standard output. What it says on standard error is told only when it fails.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let what = line(command);
    let output = command.stdin(Stdio::null()).output().context(|| format!("starting `{what}`"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Error::new(format!("`{what}` failed: {}\n{}", output.status, said.trim_end())));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

/// Whether a program runs and succeeds; silent.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// The command as one would type it, without its environment.
pub(crate) fn line(command: &Command) -> String {
    std::iter::once(command.get_program()).chain(command.get_args()).map(word).collect::<Vec<_>>().join(" ")
}

fn word(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.into_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// Whether this process is root.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_typed() {
        let mut command = Command::new("docker");
        command.args(["import", "--change", "CMD [\"node\"]", "it's", ""]);
        assert_eq!(line(&command), r#"docker import --change 'CMD ["node"]' 'it'\''s' ''"#);
    }

    #[test]
    fn a_failure_tells_what_the_program_said() {
        let error = output(Command::new("sh").args(["-c", "echo heard >&2; exit 3"])).unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && error.contains("heard"), "{error}");
    }
}
