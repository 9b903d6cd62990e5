//! A planned unit as the container to create, one to one.

use std::collections::BTreeMap;

use spawnfile_plugin::Pair;
use spawnfile_plugin::document::plan::PlannedUnit;
use spawnfile_plugin::target::{ContainerSpec, Limits, Mount, Publish};

/// Returns the container of a unit. Secrets that are delivered as files are the host's business alone.
pub(crate) fn container(unit: &PlannedUnit) -> ContainerSpec {
    let mount = |volume: &spawnfile_plugin::document::plan::PlannedVolume| Mount {
        volume: volume.name.clone(),
        path: volume.path.clone(),
        read_only: volume.read_only,
    };
    let publish = |port: &spawnfile_plugin::document::plan::PlannedPort| Publish {
        address: port.address.clone(),
        host_port: port.host_port,
        port: port.port,
    };
    ContainerSpec {
        name: unit.container_name.clone(),
        unit: unit.id.clone(),
        image: unit.image.clone(),
        env_names: unit.secret_env.clone(),
        env: pairs(&unit.env),
        mounts: unit.volumes.iter().map(mount).collect(),
        publish: unit.publish.iter().map(publish).collect(),
        network: unit.network.clone(),
        limits: Limits { memory_bytes: unit.limits.memory_bytes, cpu_millis: unit.limits.cpu_millis, pids: unit.limits.pids },
        labels: pairs(&unit.labels),
        linux_capabilities: unit.linux_capabilities.clone(),
        stop_grace_ms: unit.stop_grace_ms,
    }
}

fn pairs(map: &BTreeMap<String, String>) -> Vec<Pair> {
    map.iter().map(|(key, value)| Pair { key: key.clone(), value: value.clone() }).collect()
}
