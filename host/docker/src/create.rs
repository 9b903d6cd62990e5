//! A container from a specification: hardened, from an image id, named volumes only.
//!
//! Refuses images by name, host paths as volumes, values that the environment cannot hold, and a network of another
//! owner. Secret values go from their type into the request and nowhere else.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use bollard::models::{
    ContainerCreateBody, HostConfig, HostConfigLogConfig, Mount, MountType, PortBinding, RestartPolicy, RestartPolicyNameEnum,
};
use hyper::body::Bytes;
use serde::{Deserialize, Serialize, Serializer};
use spawnfile_core::deployment::plan::ContainerSpec;
use spawnfile_core::oci::Digest;
use spawnfile_core::secret::Secret;

use crate::container::name;
use crate::engine::Docker;
use crate::error::DockerError;
use crate::text::{Redactor, printable};
use crate::volume;
use crate::wire::{Call, LONG, within};

/// What a container gets besides its specification.
#[derive(Debug, Clone)]
pub struct CreateExtras {
    /// Secret values for the environment, by name.
    pub secret_env: BTreeMap<String, Secret>,
    /// Largest size of a log file, in bytes, before it is rotated.
    pub log_max_bytes: u64,
    /// Rotated log files kept; at least 1.
    pub log_max_files: u32,
    /// User (`10001:10001`); the image's where none is given.
    pub user: Option<String>,
}

#[derive(Deserialize)]
struct Created {
    #[serde(rename = "Id")]
    id: String,
}

/// One `NAME=value`, written straight into the request.
struct Variable<'a> {
    name: &'a str,
    value: &'a str,
}

impl Serialize for Variable<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}={}", self.name, self.value))
    }
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    rest: ContainerCreateBody,
    #[serde(rename = "Env")]
    env: Vec<Variable<'a>>,
}

/// Bytes of a request that are wiped when it is sent.
struct Wiped(Secret);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.expose()
    }
}

/// Returns bytes that are wiped when nobody needs them any more.
pub(crate) fn wiped(bytes: Vec<u8>) -> Bytes {
    Bytes::from_owner(Wiped(Secret::new(bytes)))
}

impl Docker {
    /// Creates a container and returns its id; it is not started. Linux capabilities are dropped but those of the
    /// specification, privileges cannot grow, restarting is off, logs rotate. For the network `internal` the network
    /// of the deployment is made if need be. 120 s.
    ///
    /// # Errors
    ///
    /// [`DockerError::Invalid`] for what is refused here, [`DockerError::Conflict`] when the name is in use,
    /// [`DockerError::NotFound`] without the image, and what may happen on the way.
    pub async fn create(&self, spec: &ContainerSpec, extra: &CreateExtras) -> Result<String, DockerError> {
        let what = format!("container `{}`", printable(&spec.name, 120));
        name(&spec.name)?;
        let rest = lower(spec, extra).map_err(|why| DockerError::invalid(&what, why))?;
        let env = environment(spec, extra).map_err(|why| DockerError::invalid(&what, why))?;
        let redactor = Redactor::new(extra.secret_env.values().map(Secret::expose));
        // Large enough that no half-written copy of the values is left behind by growing.
        let room = 64 * 1024 + env.iter().map(|variable| variable.name.len() + variable.value.len() * 6 + 8).sum::<usize>();
        let mut document = Vec::with_capacity(room);
        serde_json::to_writer(&mut document, &Body { rest, env })
            .map_err(|_| DockerError::invalid(&what, "it cannot be written as JSON"))?;
        let body = bollard::body_full(wiped(document));
        within(&what, LONG, async {
            if spec.network == "internal" {
                self.ensure_network(&spec.labels).await?;
            }
            let call = Call::post("/containers/create", &what).query("name", &spec.name);
            let created: Created = self.wire.json(call, body, &redactor).await?;
            Ok(created.id)
        })
        .await
    }
}

fn environment<'a>(spec: &'a ContainerSpec, extra: &'a CreateExtras) -> Result<Vec<Variable<'a>>, String> {
    let mut env = Vec::with_capacity(spec.env.len() + extra.secret_env.len());
    for (name, value) in &spec.env {
        env.push(Variable { name, value });
    }
    for (name, secret) in &extra.secret_env {
        if spec.env.contains_key(name) {
            return Err(format!("the variable `{}` is given as plain and as a secret", printable(name, 120)));
        }
        let value = std::str::from_utf8(secret.expose()).map_err(|_| {
            format!("the secret `{}` is no UTF-8 text, which the environment needs; deliver it as a file", printable(name, 120))
        })?;
        env.push(Variable { name, value });
    }
    for variable in &env {
        if variable.name.is_empty() || variable.name.contains(['=', '\0']) {
            return Err(format!("`{}` is no name of a variable", printable(variable.name, 120)));
        }
        if variable.value.contains('\0') {
            return Err(format!("the value of `{}` has a NUL byte", printable(variable.name, 120)));
        }
    }
    Ok(env)
}

/// Returns the request without its environment.
fn lower(spec: &ContainerSpec, extra: &CreateExtras) -> Result<ContainerCreateBody, String> {
    let image: Digest = spec.image.parse().map_err(|_| "its image is no id (`sha256:…`); a name can move".to_owned())?;
    let network_mode = match spec.network.as_str() {
        "bridge" | "none" => spec.network.clone(),
        "internal" => crate::network::name_of(&spec.labels)?,
        other => return Err(format!("`{}` is no network mode (bridge, internal, none)", printable(other, 80))),
    };
    for capability in &spec.linux_capabilities {
        if capability.is_empty()
            || capability == "ALL"
            || !capability.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        {
            return Err(format!("`{}` is no single Linux capability", printable(capability, 80)));
        }
    }
    let memory = spec.limits.memory_bytes.map(i64::try_from).transpose().map_err(|_| "its memory limit is out of range".to_owned())?;
    let (exposed, bindings) = ports(spec)?;
    let host = HostConfig {
        cap_drop: Some(vec!["ALL".to_owned()]),
        cap_add: (!spec.linux_capabilities.is_empty()).then(|| spec.linux_capabilities.clone()),
        security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
        privileged: Some(false),
        init: Some(false),
        auto_remove: Some(false),
        publish_all_ports: Some(false),
        pids_limit: spec.limits.pids.map(i64::from),
        memory,
        // Equal to the memory limit: no swap on top of it.
        memory_swap: memory,
        nano_cpus: spec.limits.cpu_millis.map(|millis| i64::from(millis) * 1_000_000),
        log_config: Some(HostConfigLogConfig {
            typ: Some("json-file".to_owned()),
            config: Some(HashMap::from([
                ("max-size".to_owned(), extra.log_max_bytes.max(1).to_string()),
                ("max-file".to_owned(), extra.log_max_files.max(1).to_string()),
            ])),
        }),
        restart_policy: Some(RestartPolicy { name: Some(RestartPolicyNameEnum::NO), maximum_retry_count: None }),
        mounts: Some(mounts(spec)?),
        port_bindings: Some(bindings),
        network_mode: Some(network_mode),
        ..HostConfig::default()
    };
    Ok(ContainerCreateBody {
        image: Some(image.to_string()),
        user: extra.user.clone(),
        labels: Some(spec.labels.clone().into_iter().collect()),
        exposed_ports: Some(exposed),
        stop_timeout: Some(i64::from(spec.stop_grace_ms.div_ceil(1000))),
        tty: Some(false),
        open_stdin: Some(false),
        host_config: Some(host),
        ..ContainerCreateBody::default()
    })
}

fn mounts(spec: &ContainerSpec) -> Result<Vec<Mount>, String> {
    let mut mounts = Vec::with_capacity(spec.volumes.len());
    for planned in &spec.volumes {
        volume::name(&planned.name).map_err(|error| error.to_string())?;
        if !planned.path.starts_with('/') {
            return Err(format!("the place `{}` of the volume `{}` is not absolute", printable(&planned.path, 120), planned.name));
        }
        mounts.push(Mount {
            typ: Some(MountType::VOLUME),
            source: Some(planned.name.clone()),
            target: Some(planned.path.clone()),
            read_only: Some(planned.read_only),
            ..Mount::default()
        });
    }
    Ok(mounts)
}

type Ports = (Vec<String>, HashMap<String, Option<Vec<PortBinding>>>);

fn ports(spec: &ContainerSpec) -> Result<Ports, String> {
    let mut bindings: HashMap<String, Option<Vec<PortBinding>>> = HashMap::new();
    for planned in &spec.publish {
        if planned.port == 0 {
            return Err("a container has no port 0".to_owned());
        }
        // Without an address the Engine would publish on all of them.
        let address: IpAddr =
            planned.address.parse().map_err(|_| format!("`{}` is no address to publish on", printable(&planned.address, 80)))?;
        let binding = PortBinding { host_ip: Some(address.to_string()), host_port: Some(planned.host_port.to_string()) };
        bindings.entry(format!("{}/tcp", planned.port)).or_default().get_or_insert_default().push(binding);
    }
    let mut exposed: Vec<String> = bindings.keys().cloned().collect();
    exposed.sort();
    Ok((exposed, bindings))
}

#[cfg(test)]
#[path = "create_tests.rs"]
mod tests;
