//! What the Engine knows of containers, as facts about units. No judgement.

use serde::Serialize;
use spawnfile_plugin::target::{ContainerFacts, Engine, EngineError, Publish, TargetError, UnitFacts, UnitRef};
use spawnfile_plugin::{Document, Pair, document};

use crate::error;

/// State of a unit whose container does not exist.
const MISSING: &str = "missing";
/// Schema of the raw document.
const RAW_VERSION: &str = "spawnfile.target-docker.facts.v1";

#[derive(Serialize)]
struct Raw<'a> {
    id: &'a str,
    name: &'a str,
}

/// Returns the facts of one container by id or name, or nothing when there is none.
pub(crate) fn container<E: Engine>(engine: &E, id: &str) -> Result<Option<ContainerFacts>, EngineError> {
    match engine.facts(&[id.to_owned()]) {
        Ok(found) => Ok(found.into_iter().find(|facts| facts.id == id || facts.name == id)),
        Err(EngineError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the facts of units in the order in which they were asked for; a missing container has the state `missing`.
pub(crate) fn inspect<E: Engine>(engine: &E, units: &[UnitRef]) -> Result<Vec<UnitFacts>, TargetError> {
    units
        .iter()
        .map(|unit| match container(engine, &unit.native).map_err(|error| error::of_unit(error, &unit.unit))? {
            Some(facts) => of_unit(unit, facts),
            None => Ok(missing(unit)),
        })
        .collect()
}

fn of_unit(unit: &UnitRef, facts: ContainerFacts) -> Result<UnitFacts, TargetError> {
    let raw = raw(&facts.id, &facts.name)?;
    Ok(UnitFacts {
        unit: unit.unit.clone(),
        native: facts.id,
        state: facts.state,
        exit_code: facts.exit_code,
        started_unix_ms: facts.started_unix_ms,
        image: facts.image_id,
        labels: facts.labels,
        ports: facts.ports.iter().map(port).collect(),
        raw,
    })
}

fn missing(unit: &UnitRef) -> UnitFacts {
    UnitFacts {
        unit: unit.unit.clone(),
        native: unit.native.clone(),
        state: MISSING.to_owned(),
        exit_code: None,
        started_unix_ms: None,
        image: String::new(),
        labels: Vec::new(),
        ports: Vec::new(),
        raw: Document { schema: RAW_VERSION.to_owned(), json: b"{}".to_vec() },
    }
}

fn raw(id: &str, name: &str) -> Result<Document, TargetError> {
    document::make(RAW_VERSION, &Raw { id, name }).map_err(|error| TargetError::Failed(error.message))
}

/// A published port: where it is reached (which is unique), and the port in the container.
fn port(port: &Publish) -> Pair {
    let address = if port.address.contains(':') { format!("[{}]", port.address) } else { port.address.clone() };
    Pair { key: format!("{address}:{}", port.host_port), value: port.port.to_string() }
}
