//! Packages of the image: what agents and teams declare and what runtime kinds need, one line for each package manager.
//!
//! Refused is what cannot come out as declared: one package in two versions, since all agents share one image, and a
//! package manager that the base image is known not to have.

use std::collections::{BTreeMap, BTreeSet};

use super::{CompileInput, resources};
use crate::finding::{Finding, Findings};
use crate::manifest::PackageManager;

/// What pipx itself needs.
const PIPX: &str = "pipx";
/// What a git resource needs, also over https.
const GIT: [&str; 2] = ["ca-certificates", "git"];

const HINT: &str = "a runtime kind decides on the base image; `spawnfile compile` shows it in the Dockerfile";

/// Returns the commands that install the packages: apt first, which may bring the other two.
pub(super) fn commands(input: &CompileInput<'_>) -> Vec<String> {
    let apt = words(input, PackageManager::Apt);
    let npm = words(input, PackageManager::Npm);
    let pipx = words(input, PackageManager::Pipx);
    let mut commands = Vec::new();
    if !apt.is_empty() {
        let packages = line(&apt);
        commands.push(format!("apt-get update && apt-get install -y --no-install-recommends {packages} && rm -rf /var/lib/apt/lists/*"));
    }
    if !npm.is_empty() {
        commands.push(format!("npm install -g --omit=dev --no-fund --no-audit {}", line(&npm)));
    }
    if !pipx.is_empty() {
        // One at a time: the pipx of older distributions takes no more.
        let installs: Vec<String> = pipx.iter().map(|package| format!("pipx install {}", word(package))).collect();
        commands.push(format!("export PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin && {}", installs.join(" && ")));
    }
    commands
}

/// Returns what a package manager is asked for, sorted: of a package that the project declares, its version is taken.
fn words(input: &CompileInput<'_>, manager: PackageManager) -> BTreeSet<String> {
    let declared = input.organization.agents.iter().flat_map(|agent| &agent.packages).filter(|package| package.manager == manager);
    let declared: BTreeMap<&str, Option<&str>> = declared.map(|package| (package.name.as_str(), package.version.as_deref())).collect();
    let mut words: BTreeSet<String> =
        needed(input, manager).filter(|word| !declared.contains_key(name(manager, word))).map(str::to_owned).collect();
    words.extend(declared.iter().map(|(name, version)| match version {
        Some(version) => format!("{name}{}{version}", manager.separator()),
        None => (*name).to_owned(),
    }));
    if manager == PackageManager::Apt {
        let pipx =
            input.organization.agents.iter().flat_map(|agent| &agent.packages).any(|package| package.manager == PackageManager::Pipx);
        let git = resources::git(input).is_some();
        let brought = pipx.then_some(PIPX).into_iter().chain(GIT.into_iter().filter(|_| git));
        words.extend(brought.filter(|name| !declared.contains_key(name)).map(str::to_owned));
    }
    words
}

/// Returns what the runtime kinds ask a package manager for.
fn needed<'a>(input: &'a CompileInput<'_>, manager: PackageManager) -> impl Iterator<Item = &'a str> {
    let packages = input.instances.iter().flat_map(|instance| &instance.lowering().install.packages);
    packages.filter(move |(own, _)| own == manager.as_str()).map(|(_, package)| package.as_str())
}

/// Returns the name in a word of a command line.
fn name(manager: PackageManager, word: &str) -> &str {
    // The `@` of a scope is no separator.
    let from = usize::from(word.starts_with('@'));
    match word.get(from..).and_then(|rest| rest.find(manager.separator())) {
        Some(at) => word.get(..from + at).unwrap_or(word),
        None => word,
    }
}

fn line(words: &BTreeSet<String>) -> String {
    words.iter().map(|package| word(package)).collect::<Vec<_>>().join(" ")
}

/// Quotes what a shell could take for more than a word. Quotes themselves are in no name or version.
fn word(text: &str) -> String {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'@' | b'/' | b'.' | b'_' | b'+' | b':' | b'=' | b'-'));
    if plain { text.to_owned() } else { format!("'{text}'") }
}

pub(super) fn check(input: &CompileInput<'_>, base: Option<&str>, findings: &mut Findings) {
    let mut known: BTreeMap<(PackageManager, &str), (&Option<String>, &str)> = BTreeMap::new();
    let mut managers: BTreeMap<PackageManager, (&str, &str)> = BTreeMap::new();
    for agent in &input.organization.agents {
        for package in &agent.packages {
            managers.entry(package.manager).or_insert((&package.name, &agent.file));
            let (version, first) = known.entry((package.manager, &package.name)).or_insert((&package.version, &agent.id));
            if *version != &package.version {
                let message = format!(
                    "{first} and {} want different versions of package `{}` of {}, but share one image",
                    agent.id,
                    package.name,
                    package.manager.as_str()
                );
                findings.push(Finding::error("compile.package", message).at(&agent.file, None).hint("declare the same version"));
            }
        }
    }
    if let Some((agent, resource)) = resources::git(input)
        && let Some(why) = lacks(input, PackageManager::Apt, base)
    {
        let message = format!("resource `{}` of {} needs git, which cannot be installed: {why}", resource.id, agent.id);
        findings.push(Finding::error("compile.package", message).at(&agent.file, None).hint(HINT));
    }
    for (manager, (package, file)) in managers {
        if let Some(why) = lacks(input, manager, base) {
            let message = format!("package `{package}` of {} cannot be installed: {why}", manager.as_str());
            findings.push(Finding::error("compile.package", message).at(file, None).hint(HINT));
        }
    }
}

/// Returns why a base image is known not to have a package manager. Of most images that is not known before the build.
fn lacks(input: &CompileInput<'_>, manager: PackageManager, base: Option<&str>) -> Option<String> {
    let Some(base) = base else { return Some("the base image of its runtime is `scratch`, in which nothing can be installed".to_owned()) };
    let without_digest = base.split('@').next().unwrap_or_default();
    let last = without_digest.rsplit('/').next().unwrap_or_default();
    let (repository, tag) = last.split_once(':').unwrap_or((last, ""));
    if manager != PackageManager::Npm && (matches!(repository, "alpine" | "busybox") || tag.contains("alpine")) {
        return Some(format!("the base image `{base}` has no apt"));
    }
    let brings_npm = words(input, PackageManager::Apt).iter().any(|word| name(PackageManager::Apt, word) == "npm");
    if manager == PackageManager::Npm && repository == "debian" && !brings_npm {
        return Some(format!("the base image `{base}` has no npm; package `npm` of apt would bring it"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_in_a_word() {
        for (manager, word, found) in [
            (PackageManager::Apt, "curl=7.88.1-10", "curl"),
            (PackageManager::Apt, "g++", "g++"),
            (PackageManager::Npm, "@scope/tool@1.2.3", "@scope/tool"),
            (PackageManager::Npm, "@scope/tool", "@scope/tool"),
            (PackageManager::Npm, "tool@^1", "tool"),
            (PackageManager::Pipx, "black==24.1.0", "black"),
        ] {
            assert_eq!(name(manager, word), found);
        }
    }

    #[test]
    fn words_that_a_shell_could_read_are_quoted() {
        for (text, quoted) in [("a@^1.2", "'a@^1.2'"), ("a=1~rc", "'a=1~rc'"), ("a==1!2", "'a==1!2'"), ("@s/a@1.0+b", "@s/a@1.0+b")] {
            assert_eq!(word(text), quoted);
        }
    }
}
