//! What an image wants, merged over the categories of its report.

use std::collections::{BTreeMap, BTreeSet};

use crate::extras::Extras;
use crate::report::DistributionReport;

/// The name by which other tools hand all imported credentials over at once. An image that uses import methods lists
/// it as required; having the credentials satisfies it.
pub const IMPORTED_AUTH_ENV: &str = "SPAWNFILE_CLI_AUTH_JSON";

/// A model login that an instance needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuthNeed {
    /// Runtime kind.
    pub runtime: String,
    /// Instance.
    pub instance: String,
    /// Model provider.
    pub provider: String,
    /// Auth method.
    pub method: String,
}

impl AuthNeed {
    /// Returns whether a credential has to be imported for it; keys come as secrets.
    pub fn is_import(&self) -> bool {
        !matches!(self.method.as_str(), "api_key" | "none")
    }
}

impl std::fmt::Display for AuthNeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = crate::display::excerpt;
        let (runtime, instance) = (shown(&self.runtime), shown(&self.instance));
        write!(f, "{runtime}/{instance} ({}: {})", shown(&self.provider), shown(&self.method))
    }
}

/// What an image wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Names that it cannot start without and that nobody makes.
    pub required: BTreeSet<String>,
    /// Names that it can do without.
    pub optional: BTreeSet<String>,
    /// Names that the host makes when nobody gives them: generated in any category, even when required in another.
    pub generated: BTreeSet<String>,
    /// Model logins, sorted.
    pub auth: Vec<AuthNeed>,
}

impl Wanted {
    /// Returns what a report wants; extras add the optional names that bind its networks.
    pub fn of(report: &DistributionReport, extras: Option<&Extras>) -> Self {
        // Name to (required, generated).
        let mut names: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
        for (_, secret) in report.secrets.all() {
            let entry = names.entry(secret.name.as_str()).or_default();
            entry.0 |= secret.required;
            entry.1 |= secret.generated;
        }
        for name in extras.into_iter().flat_map(|extras| &extras.networks).flat_map(|network| &network.env) {
            names.entry(name.as_str()).or_default();
        }
        let pick = |wanted: fn(bool, bool) -> bool| -> BTreeSet<String> {
            let of = |(name, (required, generated)): (&&str, &(bool, bool))| wanted(*required, *generated).then(|| (*name).to_owned());
            names.iter().filter_map(of).collect()
        };
        let mut auth: Vec<AuthNeed> = report
            .runtime_instances
            .iter()
            .flat_map(|instance| {
                instance.model_auth_methods.iter().map(|(provider, method)| AuthNeed {
                    runtime: instance.runtime.clone(),
                    instance: instance.id.clone(),
                    provider: provider.clone(),
                    method: method.clone(),
                })
            })
            .collect();
        auth.sort();
        Self {
            required: pick(|required, generated| required && !generated),
            optional: pick(|required, generated| !required && !generated),
            generated: pick(|_, generated| generated),
            auth,
        }
    }

    /// Returns whether the image declares a name in any way.
    pub fn declares(&self, name: &str) -> bool {
        self.names().any(|declared| declared == name)
    }

    /// Returns every declared name: the required, the optional, and the generated ones.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.required.iter().chain(&self.optional).chain(&self.generated).map(String::as_str)
    }

    /// Returns the import methods that some instance needs.
    pub fn import_methods(&self) -> BTreeSet<&str> {
        self.auth.iter().filter(|need| need.is_import()).map(|need| need.method.as_str()).collect()
    }
}
