//! Every environment name that the image wants, with its categories: what reports, `.env.example` and PID 1 are
//! made from.
//!
//! A name that is wanted for several reasons is one name: its categories are united, it is required when one reason
//! requires it, and the host makes a value only when every reason lets it.

use std::collections::{BTreeMap, BTreeSet};

use crate::admit::LoweredInstance;
use crate::collate::Collation;
use crate::manifest::{IMPORT_SECRET, is_import_method};
use crate::report::{SecretCategory, SecretRequirement, Secrets};

/// A wanted name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) categories: BTreeSet<SecretCategory>,
    pub(super) required: bool,
    pub(super) generated: bool,
    pub(super) description: String,
}

/// All wanted names.
#[derive(Debug, Default)]
pub(super) struct Registry(BTreeMap<String, Wanted>);

impl Registry {
    /// Returns what the instances want. The first reason for a name describes it.
    pub(super) fn of(instances: &[LoweredInstance]) -> Self {
        let mut registry = Self::default();
        for agent in instances.iter().flat_map(|instance| &instance.document().agents) {
            for secret in &agent.secrets {
                registry.add(&secret.name, SecretCategory::Project, secret.required, false, "Declared in Spawnfile secrets");
            }
        }
        for instance in instances {
            for name in model_secrets(instance) {
                registry.add(&name, SecretCategory::Model, true, false, &format!("Model provider auth for {name}"));
            }
        }
        for instance in instances {
            for need in &instance.lowering().env {
                registry.add(&need.name, SecretCategory::Runtime, need.required, need.generated, &need.description);
            }
        }
        for instance in instances {
            registry.patched(instance);
        }
        registry
    }

    /// Adds what is written into configuration: as required as it was declared, and required when nothing declared it.
    fn patched(&mut self, instance: &LoweredInstance) {
        let derived: BTreeSet<&str> = instance.lowering().derived_env.iter().map(|derived| derived.name.as_str()).collect();
        for patch in &instance.lowering().json_patches {
            match self.0.get_mut(&patch.from) {
                Some(known) => {
                    known.categories.insert(SecretCategory::Runtime);
                }
                None if derived.contains(patch.from.as_str()) => {}
                None => self.add(&patch.from, SecretCategory::Runtime, true, false, "Written into the runtime's configuration at start"),
            }
        }
    }

    fn add(&mut self, name: &str, category: SecretCategory, required: bool, generated: bool, description: &str) {
        let fresh = || Wanted { categories: BTreeSet::new(), required, generated, description: description.to_owned() };
        let wanted = self.0.entry(name.to_owned()).or_insert_with(fresh);
        wanted.categories.insert(category);
        wanted.required |= required;
        wanted.generated &= generated;
    }

    /// Returns the names in ICU order.
    pub(super) fn sorted(&self) -> Vec<(&str, &Wanted)> {
        let mut names: Vec<(&str, &Wanted)> = self.0.iter().map(|(name, wanted)| (name.as_str(), wanted)).collect();
        Collation::new().sort_by_key(&mut names, |(name, _)| name);
        names
    }

    /// Returns the names that cannot be missing, in ICU order; of one category, or of all.
    pub(super) fn required(&self, category: Option<SecretCategory>) -> Vec<String> {
        let sorted = self.sorted().into_iter().filter(|(_, wanted)| wanted.required);
        let chosen = sorted.filter(|(_, wanted)| category.is_none_or(|category| wanted.categories.contains(&category)));
        chosen.map(|(name, _)| name.to_owned()).collect()
    }

    /// Returns the names by category as the report has them.
    pub(super) fn by_category(&self) -> Secrets {
        let sorted = self.sorted();
        let of = |category| {
            let chosen = sorted.iter().filter(|(_, wanted)| wanted.categories.contains(&category));
            let requirement = |(name, wanted): &(&str, &Wanted)| SecretRequirement {
                generated: wanted.generated,
                name: (*name).to_owned(),
                required: wanted.required,
            };
            chosen.map(requirement).collect()
        };
        Secrets {
            model: of(SecretCategory::Model),
            project: of(SecretCategory::Project),
            runtime: of(SecretCategory::Runtime),
            surface: of(SecretCategory::Surface),
        }
    }
}

/// Returns the names that the models of an instance need, in ICU order.
pub(super) fn model_secrets(instance: &LoweredInstance) -> Vec<String> {
    let models = instance.document().agents.iter().filter_map(|agent| agent.model.as_ref());
    let mut names: Vec<String> = models
        .flat_map(|model| std::iter::once(&model.primary).chain(&model.fallback))
        .filter_map(|target| match &target.auth_key {
            Some(key) => Some(key.clone()),
            None => is_import_method(&target.auth_method).then(|| IMPORT_SECRET.to_owned()),
        })
        .collect::<BTreeSet<String>>()
        .into_iter()
        .collect();
    Collation::new().sort_by_key(&mut names, |name| name);
    names
}

/// Returns provider and auth method of the models of an instance.
pub(super) fn auth_methods(instance: &LoweredInstance) -> BTreeMap<String, String> {
    let models = instance.document().agents.iter().filter_map(|agent| agent.model.as_ref());
    models
        .flat_map(|model| std::iter::once(&model.primary).chain(&model.fallback))
        .map(|target| (target.provider.clone(), target.auth_method.clone()))
        .collect()
}
