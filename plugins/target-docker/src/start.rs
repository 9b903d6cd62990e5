//! Bringing a plan about, or leaving nothing of the attempt.

use spawnfile_plugin::DeploymentPlan;
use spawnfile_plugin::document::plan::PlannedUnit;
use spawnfile_plugin::log;
use spawnfile_plugin::target::{Engine, TargetError, UnitRef};

use crate::{error, facts, spec, steps};

/// What a unit needs so that it runs.
enum Wanted<'a> {
    /// Nothing: it runs already, in the container with this id.
    Nothing(String),
    /// A new container, after removing the one with this id that a broken attempt left.
    Container(&'a PlannedUnit, Option<String>),
}

/// Starts all units of a plan.
///
/// What of it runs already is left alone, so a repeated call changes nothing. Containers are told by name, unit and
/// image: one that is not running is taken for the rest of a broken attempt and made anew, since nobody knows what
/// was delivered into it.
pub(crate) fn start<E: Engine>(engine: &E, plan: &DeploymentPlan) -> Result<Vec<UnitRef>, TargetError> {
    if let Some(diagnostic) = steps::check(plan).into_iter().next() {
        return Err(TargetError::Unsupported(diagnostic.message));
    }
    let wanted = plan.units.iter().map(|unit| look(engine, unit)).collect::<Result<Vec<_>, _>>()?;
    for volume in steps::volumes(plan) {
        engine.ensure_volume(volume).map_err(|error| error::of_volume(error, volume))?;
    }
    let mut created = Vec::new();
    create_and_start(engine, &wanted, &mut created).map_err(|error| undo(engine, &created, error))?;
    let mut created = created.into_iter();
    let units = wanted.into_iter().zip(&plan.units).filter_map(|(wanted, unit)| match wanted {
        Wanted::Nothing(native) => Some(UnitRef { unit: unit.id.clone(), native }),
        Wanted::Container(..) => created.next(),
    });
    Ok(units.collect())
}

fn look<'a, E: Engine>(engine: &E, unit: &'a PlannedUnit) -> Result<Wanted<'a>, TargetError> {
    let Some(found) = facts::container(engine, &unit.container_name).map_err(|error| error::of_unit(error, &unit.id))? else {
        return Ok(Wanted::Container(unit, None));
    };
    let same = found.unit == unit.id && found.image_id == unit.image;
    match found.state.as_str() {
        "running" if same => Ok(Wanted::Nothing(found.id)),
        "created" | "exited" | "dead" if same => Ok(Wanted::Container(unit, Some(found.id))),
        state => {
            let what = if same { "is" } else { "is of another unit or image and" };
            Err(TargetError::Conflict(format!("unit `{}`: container `{}` {what} {state}", unit.id, found.name)))
        }
    }
}

/// Creates all containers before it starts the first: most refusals come while nothing runs yet.
fn create_and_start<E: Engine>(engine: &E, wanted: &[Wanted<'_>], created: &mut Vec<UnitRef>) -> Result<(), TargetError> {
    for wanted in wanted {
        let Wanted::Container(unit, left) = wanted else { continue };
        if let Some(left) = left {
            engine.remove(left).map_err(|error| error::of_unit(error, &unit.id))?;
        }
        let native = engine.create(&spec::container(unit)).map_err(|error| error::of_unit(error, &unit.id))?;
        created.push(UnitRef { unit: unit.id.clone(), native });
    }
    created.iter().try_for_each(|unit| engine.start(&unit.native).map_err(|error| error::of_unit(error, &unit.unit)))
}

/// Removes what was created, newest first, and returns the error, which names what could not be removed.
fn undo<E: Engine>(engine: &E, created: &[UnitRef], error: TargetError) -> TargetError {
    let mut left = Vec::new();
    for unit in created.iter().rev() {
        // A container that never started, or has ended, cannot be stopped; whether it can be removed is what counts.
        if let Err(error) = engine.stop(&unit.native, 0) {
            log::debug(&format!("unit `{}` was not stopped: {error:?}", unit.unit));
        }
        if engine.remove(&unit.native).is_err() {
            left.push(format!("`{}` (unit `{}`)", unit.native, unit.unit));
        }
    }
    if left.is_empty() { error } else { error::with_note(error, &format!("left behind: {}", left.join(", "))) }
}
