//! The trust check on a target: it may arrange what the plan holds, never add to it.

use std::collections::BTreeSet;

use super::plan::{ContainerSpec, DeploymentPlan, Limits, PlannedUnit};
use crate::display::excerpt;

/// Checks a container that a target asks for against the plan.
///
/// Image, name, variables, secret names, volumes, network and labels are the plan's. Limits may be stricter, published
/// ports and Linux capabilities fewer, and the grace to stop shorter.
///
/// # Errors
/// One sentence that names the first thing that the plan does not hold.
pub fn container(spec: &ContainerSpec, plan: &DeploymentPlan) -> Result<(), String> {
    let unit =
        plan.units.iter().find(|unit| unit.id == spec.unit).ok_or_else(|| format!("the plan has no unit `{}`", excerpt(&spec.unit)))?;
    same("name", &spec.name, &unit.container_name)?;
    same("image", &spec.image, &unit.image)?;
    same("network", &spec.network, &unit.network)?;
    if spec.env != unit.env {
        return Err(differs("variables", &unit.id));
    }
    if spec.labels != unit.labels {
        return Err(differs("labels", &unit.id));
    }
    all("secret", spec.env_names.iter(), unit.secret_env.iter(), &unit.id)?;
    let volume = |volume: &super::plan::PlannedVolume| (volume.name.clone(), volume.path.clone(), volume.read_only);
    let (asked, planned): (Vec<_>, Vec<_>) = (spec.volumes.iter().map(volume).collect(), unit.volumes.iter().map(volume).collect());
    all("volume", asked.iter(), planned.iter(), &unit.id)?;
    if let Some(port) = spec.publish.iter().find(|port| !unit.publish.contains(port)) {
        return Err(format!("the plan does not publish port {} on {}:{}", port.port, excerpt(&port.address), port.host_port));
    }
    if let Some(capability) = spec.linux_capabilities.iter().find(|asked| !unit.linux_capabilities.contains(asked)) {
        return Err(format!("the plan does not keep the capability `{}`", excerpt(capability)));
    }
    limits(&spec.limits, unit)?;
    if spec.stop_grace_ms > unit.stop_grace_ms {
        return Err(format!("the grace to stop is {} ms, longer than the planned {} ms", spec.stop_grace_ms, unit.stop_grace_ms));
    }
    Ok(())
}

fn same(what: &str, asked: &str, planned: &str) -> Result<(), String> {
    if asked == planned {
        return Ok(());
    }
    Err(format!("the {what} is `{}`, planned is `{}`", excerpt(asked), excerpt(planned)))
}

fn differs(what: &str, unit: &str) -> String {
    format!("the {what} of unit `{}` are not the planned ones", excerpt(unit))
}

/// Both hold the same items, in any order, each once.
fn all<'a, T: Ord + 'a>(
    what: &str,
    asked: impl ExactSizeIterator<Item = &'a T>,
    planned: impl Iterator<Item = &'a T>,
    unit: &str,
) -> Result<(), String> {
    let count = asked.len();
    let asked: BTreeSet<&T> = asked.collect();
    if asked.len() == count && asked == planned.collect() { Ok(()) } else { Err(differs(&format!("{what}s"), unit)) }
}

fn limits(asked: &Limits, unit: &PlannedUnit) -> Result<(), String> {
    fn within<T: Ord>(asked: Option<T>, planned: Option<T>) -> bool {
        match (asked, planned) {
            (_, None) => true,
            (Some(asked), Some(planned)) => asked <= planned,
            (None, Some(_)) => false,
        }
    }
    let planned = &unit.limits;
    let kept = within(asked.memory_bytes, planned.memory_bytes)
        && within(asked.cpu_millis, planned.cpu_millis)
        && within(asked.pids, planned.pids);
    if kept { Ok(()) } else { Err(format!("the limits of unit `{}` are looser than planned", excerpt(&unit.id))) }
}
