//! The worlds that this host runs, and which of them a component is made for: read from what it exports and imports,
//! never from what its manifest claims. Refuses imports that the world does not have.

use std::fmt;

use crate::error::Problem;
use crate::limits::{self, Limits};

/// Version of every package under `wit/`: major and minor. Within a minor version only additions that old components
/// do not notice are made.
const HOST: (u64, u64) = (0, 1);

/// A WIT world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum World {
    /// `spawnfile:runtime-kind/runtime-kind`: pure.
    RuntimeKind,
    /// `spawnfile:auth-method/auth-method`: pure.
    AuthMethod,
    /// `spawnfile:auth-method/auth-method-online`: talks to declared origins.
    AuthMethodOnline,
    /// `spawnfile:target/target-engine`: works on containers through the host's driver.
    TargetEngine,
    /// `spawnfile:target/target-endpoint`: talks to one endpoint that the host opened.
    TargetEndpoint,
    /// `spawnfile:report-validator/report-validator`: pure and metered.
    ReportValidator,
}

/// Interfaces of WASI that answer with nothing: no argument, no variable, closed input, a clock that stands still and
/// numbers that are the same in every run. Guests of other languages import them whether they use them or not.
const WASI: [&str; 18] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
];

impl World {
    /// Returns every world.
    pub const ALL: [Self; 6] =
        [Self::RuntimeKind, Self::AuthMethod, Self::AuthMethodOnline, Self::TargetEngine, Self::TargetEndpoint, Self::ReportValidator];

    /// Returns the word under `kind` in a manifest.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::RuntimeKind => "runtime-kind",
            Self::AuthMethod | Self::AuthMethodOnline => "auth-method",
            Self::TargetEngine | Self::TargetEndpoint => "target",
            Self::ReportValidator => "report-validator",
        }
    }

    /// Returns the full name with its version.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RuntimeKind => "spawnfile:runtime-kind/runtime-kind@0.1.0",
            Self::AuthMethod => "spawnfile:auth-method/auth-method@0.1.0",
            Self::AuthMethodOnline => "spawnfile:auth-method/auth-method-online@0.1.0",
            Self::TargetEngine => "spawnfile:target/target-engine@0.1.0",
            Self::TargetEndpoint => "spawnfile:target/target-endpoint@0.1.0",
            Self::ReportValidator => "spawnfile:report-validator/report-validator@0.1.0",
        }
    }

    /// Returns whether its calls are bounded by fuel too.
    pub const fn metered(self) -> bool {
        matches!(self, Self::ReportValidator)
    }

    /// Returns what a guest of it may use.
    pub const fn limits(self) -> Limits {
        match self {
            Self::TargetEngine | Self::TargetEndpoint => limits::TARGET,
            Self::RuntimeKind | Self::AuthMethod | Self::AuthMethodOnline | Self::ReportValidator => limits::PURE,
        }
    }

    /// Returns the interface with functions, besides the log, that it imports.
    const fn capability(self) -> Option<&'static str> {
        match self {
            Self::TargetEngine => Some("spawnfile:target/engine"),
            Self::TargetEndpoint => Some("spawnfile:target/endpoint"),
            Self::AuthMethodOnline => Some("spawnfile:auth-method/broker"),
            Self::RuntimeKind | Self::AuthMethod | Self::ReportValidator => None,
        }
    }

    /// Returns the world that exports these interfaces.
    ///
    /// # Errors
    /// When none does; a known interface of another version says who has to be upgraded.
    pub fn of_exports<'a>(exports: impl Iterator<Item = &'a str> + Clone) -> Result<Self, Problem> {
        let mut names = Vec::new();
        for export in exports.clone() {
            let interface = Interface::parse(export);
            if interface.package().starts_with("spawnfile:") {
                interface.check_version()?;
            }
            names.push(interface.name);
        }
        let has = |name: &str| names.contains(&name);
        if has("spawnfile:runtime-kind/lowering") {
            Ok(Self::RuntimeKind)
        } else if has("spawnfile:report-validator/validator") {
            Ok(Self::ReportValidator)
        } else if has("spawnfile:auth-method/method") {
            Ok(if has("spawnfile:auth-method/online") { Self::AuthMethodOnline } else { Self::AuthMethod })
        } else if has("spawnfile:target/verbs") {
            Ok(if has("spawnfile:target/reach") { Self::TargetEndpoint } else { Self::TargetEngine })
        } else {
            let exports: Vec<_> = exports.take(10).map(|name| format!("`{}`", crate::error::clean(name, 120))).collect();
            let found = if exports.is_empty() { "nothing".to_owned() } else { exports.join(", ") };
            Err(Problem::Incompatible(format!("it is no spawnfile plugin: it exports {found}, and no interface of a plugin")))
        }
    }

    /// Checks that everything imported is in the world, and that what is more than the log is declared in the
    /// manifest. Returns whether WASI is among it.
    ///
    /// # Errors
    /// Names the first import that is refused.
    pub fn check_imports<'a>(self, imports: impl Iterator<Item = &'a str>, declared: &[&str]) -> Result<bool, Problem> {
        let mut wasi = false;
        for import in imports {
            let interface = Interface::parse(import);
            let undeclared = |why: &str| Problem::Undeclared { import: crate::error::clean(import, 120), why: why.to_owned() };
            if WASI.contains(&interface.name) && interface.version.is_some_and(|version| version.starts_with("0.2.")) {
                wasi = true;
                continue;
            }
            if interface.package().starts_with("spawnfile:") {
                interface.check_version()?;
            }
            if interface.name == "spawnfile:common/log" || interface.name == "spawnfile:common/types" || interface.name == self.types() {
                continue;
            }
            if Some(interface.name) == self.capability() {
                let word = interface.name.rsplit('/').next().unwrap_or_default();
                if declared.contains(&word) {
                    continue;
                }
                return Err(undeclared(&format!("and its plugin.toml has no [[capability]] with kind = \"{word}\"")));
            }
            return Err(undeclared(&format!("which plugins of the kind {} do not get", self.kind())));
        }
        Ok(wasi)
    }

    const fn types(self) -> &'static str {
        match self {
            Self::RuntimeKind => "spawnfile:runtime-kind/types",
            Self::AuthMethod | Self::AuthMethodOnline => "spawnfile:auth-method/types",
            Self::TargetEngine | Self::TargetEndpoint => "spawnfile:target/types",
            Self::ReportValidator => "spawnfile:report-validator/types",
        }
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// `namespace:package/interface@version`, taken apart.
#[derive(Clone, Copy)]
struct Interface<'a> {
    name: &'a str,
    version: Option<&'a str>,
}

impl<'a> Interface<'a> {
    fn parse(text: &'a str) -> Self {
        match text.split_once('@') {
            Some((name, version)) => Self { name, version: Some(version) },
            None => Self { name: text, version: None },
        }
    }

    fn package(self) -> &'a str {
        self.name.split('/').next().unwrap_or_default()
    }

    fn check_version(self) -> Result<(), Problem> {
        let package = self.package();
        if !["spawnfile:common", "spawnfile:runtime-kind", "spawnfile:auth-method", "spawnfile:target", "spawnfile:report-validator"]
            .contains(&package)
        {
            return Ok(());
        }
        let mut parts = self.version.unwrap_or_default().split('.').map(str::parse::<u64>);
        let (Some(Ok(major)), Some(Ok(minor))) = (parts.next(), parts.next()) else {
            return Err(Problem::Incompatible(format!("it uses `{}` without a version", crate::error::clean(self.name, 120))));
        };
        let (host_major, host_minor) = HOST;
        let needs = format!("it needs {package} {major}.{minor}, this host has {host_major}.{host_minor}");
        match (major, minor).cmp(&HOST) {
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(Problem::Incompatible(format!("{needs}: upgrade spawnfile"))),
            std::cmp::Ordering::Less => Err(Problem::Incompatible(format!("{needs}: upgrade the plugin"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(exports: &[&str]) -> Result<World, Problem> {
        World::of_exports(exports.iter().copied())
    }

    #[test]
    fn a_world_is_known_by_its_exports() {
        assert_eq!(of(&["spawnfile:runtime-kind/lowering@0.1.0"]), Ok(World::RuntimeKind));
        assert_eq!(of(&["spawnfile:runtime-kind/lowering@0.1.7"]), Ok(World::RuntimeKind));
        assert_eq!(of(&["spawnfile:target/verbs@0.1.0"]), Ok(World::TargetEngine));
        assert_eq!(of(&["spawnfile:target/verbs@0.1.0", "spawnfile:target/reach@0.1.0"]), Ok(World::TargetEndpoint));
        assert!(of(&[]).unwrap_err().to_string().contains("exports nothing"));
        assert!(of(&["wasi:http/incoming-handler@0.2.0"]).unwrap_err().to_string().contains("wasi:http/incoming-handler"));
    }

    #[test]
    fn another_version_says_who_has_to_be_upgraded() {
        let newer = of(&["spawnfile:target/verbs@0.3.0"]).unwrap_err().to_string();
        assert_eq!(newer, "it needs spawnfile:target 0.3, this host has 0.1: upgrade spawnfile");
        let older = of(&["spawnfile:target/verbs@0.0.4"]).unwrap_err().to_string();
        assert_eq!(older, "it needs spawnfile:target 0.0, this host has 0.1: upgrade the plugin");
        assert!(of(&["spawnfile:target/verbs"]).unwrap_err().to_string().contains("without a version"));
        assert!(of(&["spawnfile:target/verbs@1.0.0"]).unwrap_err().to_string().contains("upgrade spawnfile"));
    }

    #[test]
    fn only_the_imports_of_the_world_pass_and_capabilities_must_be_declared() {
        let pure = ["spawnfile:common/types@0.1.0", "spawnfile:runtime-kind/types@0.1.0", "spawnfile:common/log@0.1.0"];
        assert_eq!(World::RuntimeKind.check_imports(pure.into_iter(), &[]), Ok(false));
        assert_eq!(World::RuntimeKind.check_imports(["wasi:io/streams@0.2.6"].into_iter(), &[]), Ok(true));
        for import in
            ["wasi:filesystem/types@0.2.6", "wasi:io/streams@0.3.0", "spawnfile:target/engine@0.1.0", "env", "spawnfile:new/x@0.1.0"]
        {
            let refused = World::RuntimeKind.check_imports([import].into_iter(), &["engine"]).unwrap_err();
            assert!(matches!(&refused, Problem::Undeclared { import: name, .. } if name == import), "{import}: {refused}");
        }
        let engine = ["spawnfile:target/engine@0.1.0"];
        assert!(World::TargetEngine.check_imports(engine.into_iter(), &[]).unwrap_err().to_string().contains("kind = \"engine\""));
        assert_eq!(World::TargetEngine.check_imports(engine.into_iter(), &["engine"]), Ok(false));
    }
}
