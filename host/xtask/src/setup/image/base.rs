//! A look-alike of a Node.js base image: a small Debian from packages, with the pinned Node.js below /usr/local.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{node, pack};
use crate::error::{Context as _, Error, Result};
use crate::program;
use crate::third_party::{Base, ThirdParty};
use crate::tree::Tree;

/// The configuration that users of the real image rely on.
pub(super) fn changes(base: &Base) -> Vec<String> {
    vec![
        "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
        format!("ENV NODE_VERSION={}", base.node),
        "CMD [\"node\"]".to_owned(),
    ]
}

/// Writes the image's archive.
pub(super) fn make(tree: &Tree, third_party: &ThirdParty, base: &Base, archive: &Path) -> Result<()> {
    let local = node::unpacked(tree, third_party, base)?;
    let work = tempfile::tempdir_in(tree.setup_folder("")?).context(|| "making a folder".to_owned())?;
    let packed = work.path().join("local.tar");
    pack(&local, &packed, &["."])?;
    let mut debstrap = Command::new("mmdebstrap");
    debstrap
        .args(["--quiet", "--variant=minbase", "--format=tar"])
        .arg(format!("--include={}", base.debian.join(",")))
        .arg(format!("--customize-hook=tar-in {} /usr/local", quoted(&packed)))
        .arg(&base.suite)
        .arg(archive);
    let sources = sources(&base.suite)?;
    if sources.is_empty() {
        // This machine has no such suite; mmdebstrap knows where Debian is.
        return program::run(&mut debstrap);
    }
    feed(debstrap.arg("-"), &sources)
}

/// This machine's own package sources for a suite, one line each: they are known to be reachable from here.
fn sources(suite: &str) -> Result<String> {
    if program::find("apt-get").is_none() {
        return Ok(String::new());
    }
    let targets = program::output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(CREATED_BY)|$(ORIGIN)|$(COMPONENT)|$(RELEASE)|$(REPO_URI)",
    ]))?;
    Ok(source_lines(&targets, suite))
}

fn source_lines(targets: &str, suite: &str) -> String {
    let lines: BTreeSet<_> = targets
        .lines()
        .filter_map(|line| {
            let words: Vec<_> = line.splitn(5, '|').collect();
            // Debian's own, since packages of others have no business in a look-alike.
            let &["Packages", "Debian", component @ "main", release, uri] = words.as_slice() else { return None };
            let of_suite = release.strip_prefix(suite).is_some_and(|rest| ["", "-updates", "-security"].contains(&rest));
            of_suite.then(|| format!("deb {uri} {release} {component}\n"))
        })
        .collect();
    lines.into_iter().collect()
}

fn feed(command: &mut Command, input: &str) -> Result<()> {
    let what = program::line(command);
    let mut child = command.stdin(Stdio::piped()).stdout(std::io::stderr()).spawn().context(|| format!("starting `{what}`"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).context(|| format!("writing to `{what}`"))?;
    }
    let status = child.wait().context(|| format!("waiting for `{what}`"))?;
    if status.success() { Ok(()) } else { Err(Error::new(format!("`{what}` failed: {status}"))) }
}

/// A path as one word of a hook.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_debians_own_sources_of_the_suite_are_taken() {
        let targets = "\
Packages|Debian|main|bookworm|http://127.0.0.1/debian/
Packages|Debian|main|bookworm|http://127.0.0.1/debian/
Translations|Debian|main|bookworm|http://127.0.0.1/debian/
Packages|Debian|main|bookworm-updates|http://127.0.0.1/debian/
Packages|Debian|main|bookworm-security|http://127.0.0.1/debian-security/
Packages|Debian Backports|main|bookworm-backports|http://127.0.0.1/debian/
Packages|Debian|non-free|bookworm|http://127.0.0.1/debian/
Packages|Debian|main|trixie|http://127.0.0.1/debian/
Packages|Other|main|bookworm|https://127.0.0.1/other
Packages||main|bookworm|https://127.0.0.1/unknown
broken";
        assert_eq!(
            source_lines(targets, "bookworm"),
            "deb http://127.0.0.1/debian-security/ bookworm-security main\ndeb http://127.0.0.1/debian/ bookworm main\ndeb http://127.0.0.1/debian/ bookworm-updates main\n"
        );
        assert_eq!(source_lines(targets, "sid"), "");
    }
}
