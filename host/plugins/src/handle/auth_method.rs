//! An auth method, as far as it is used today: it can be added, says what it is, and is tried out by the conformance
//! suite. Values that it makes stay inside this module: what comes out are their names.

use crate::bindings::auth_method::spawnfile::auth_method::types as wit;
use crate::bindings::auth_method::{AuthMethod as Guest, AuthMethodPre};
use crate::error::{PluginError, Problem, clean};
use crate::sandbox::plugin::Plugin;
use crate::sandbox::state::State;

/// An auth method plugin, ready to be called.
pub(crate) struct AuthMethod {
    plugin: Plugin,
    guest: AuthMethodPre<State>,
    descriptor: AuthDescriptor,
}

/// What an auth method says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuthDescriptor {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) providers: Vec<String>,
    pub(crate) slots: Vec<String>,
    /// Ids of what it wants to read, why, and the most bytes of each.
    pub(crate) sources: Vec<(String, String, u32)>,
    pub(crate) origins: Vec<String>,
}

/// What a method made of bytes: names of slots that it filled, or why not. Values are compared by digest alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parsed {
    pub(crate) slots: Vec<String>,
    digest: spawnfile_core::oci::Digest,
}

impl AuthMethod {
    pub(crate) async fn new(plugin: Plugin) -> Result<Self, PluginError> {
        let guest = AuthMethodPre::new(plugin.instance.clone())
            .map_err(|error| plugin.error(Problem::Incompatible(format!("it does not fit `{}` of this host: {error:#}", plugin.world))))?;
        let descriptor = ask(&plugin, &guest).await?;
        super::check_id(&plugin, &descriptor.id)?;
        Ok(Self { plugin, guest, descriptor })
    }

    /// Returns the same method in another place; see [`Plugin::elsewhere`].
    pub(crate) fn elsewhere(&self) -> Self {
        Self { plugin: self.plugin.elsewhere(), guest: self.guest.clone(), descriptor: self.descriptor.clone() }
    }

    /// Returns what it says about itself.
    pub(crate) const fn describe(&self) -> &AuthDescriptor {
        &self.descriptor
    }

    /// Asks it again who it is.
    pub(crate) async fn ask(&self) -> Result<AuthDescriptor, PluginError> {
        ask(&self.plugin, &self.guest).await
    }

    /// Returns what it makes of bytes by source id. What it makes is also checked by itself, at the given time.
    pub(crate) async fn parse(&self, found: &[(String, Vec<u8>)], now_unix: u64) -> Result<Result<Parsed, String>, PluginError> {
        self.plugin.check_input(found.iter().map(|(_, bytes)| bytes.len()).sum())?;
        let found: Vec<_> =
            found.iter().map(|(id, bytes)| wit::Found { id: id.clone(), bytes: bytes.clone(), modified_unix: None }).collect();
        let mut store = self.plugin.store(None)?;
        let outcome = self
            .plugin
            .within(async {
                let guest: Guest = self.guest.instantiate_async(&mut store).await?;
                let method = guest.spawnfile_auth_method_method();
                let parsed = method.call_parse(&mut store, &found).await?;
                if let Ok(credential) = &parsed {
                    // The verdict is the user's business; that it comes to one is the suite's.
                    let _verdict = method.call_check(&mut store, credential, now_unix).await?;
                }
                Ok(parsed)
            })
            .await;
        let parsed = self.plugin.finish(store, outcome)?;
        Ok(parsed.map(|credential| summary(&credential)).map_err(|problem| clean(&said(problem), super::MESSAGE)))
    }
}

async fn ask(plugin: &Plugin, guest: &AuthMethodPre<State>) -> Result<AuthDescriptor, PluginError> {
    let mut store = plugin.store(None)?;
    let outcome = plugin
        .within(async {
            let method = guest.instantiate_async(&mut store).await?;
            method.spawnfile_auth_method_method().call_describe(&mut store).await
        })
        .await;
    let wit::Descriptor { id, title, providers, slots, sources, origins } = plugin.finish(store, outcome)?;
    let sources = sources.into_iter().map(|wanted| (wanted.id, wanted.why, wanted.max_bytes)).collect();
    Ok(AuthDescriptor { id, title, providers, slots, sources, origins })
}

fn summary(credential: &wit::Credential) -> Parsed {
    let mut bytes = format!("{:?}", (&credential.label, &credential.account, &credential.scopes, credential.expires_unix)).into_bytes();
    for slot in &credential.slots {
        bytes.extend_from_slice(slot.name.as_bytes());
        bytes.extend_from_slice(&(slot.value.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&slot.value);
    }
    let digest = spawnfile_core::oci::Digest::of(&bytes);
    bytes.fill(0);
    Parsed { slots: credential.slots.iter().map(|slot| slot.name.clone()).collect(), digest }
}

fn said(problem: wit::Problem) -> String {
    match problem {
        wit::Problem::NotFound(text) => format!("not found: {text}"),
        wit::Problem::Malformed(text) => format!("malformed: {text}"),
        wit::Problem::Expired(at) => format!("expired at {at}"),
        wit::Problem::Insufficient(text) => format!("insufficient: {text}"),
        wit::Problem::Denied(text) => format!("denied: {text}"),
        wit::Problem::Unreachable(text) => format!("unreachable: {text}"),
    }
}
