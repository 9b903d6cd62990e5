//! The suite of deployment targets: a plan is brought about, repeated, broken, mended and taken down, in a place that
//! lends what the host lends and writes down what it had to refuse.

mod place;
mod plans;
mod rows;

use spawnfile_core::deployment::plan::{DeploymentPlan, PLAN_VERSION};

use self::place::{FOREIGN, Fault, Place, planned};
use super::about;
use super::sheet::{Check, Sheet};
use crate::bindings::types::Document;
use crate::error::Problem;
use crate::handle::engine::EngineRefusal;
use crate::handle::target::{Target, TargetFailure, UnitFacts, UnitRef};
use crate::manifest::PluginManifest;

/// The key of a start.
const KEY: &str = "conformance-key";

/// Most calls that a target may make of an engine that always fails: some for each unit, and some to clean up.
const PATIENCE: usize = 64;

struct Suite<'a> {
    target: &'a Target,
    elsewhere: Target,
    sheet: Sheet,
}

/// Runs the suite.
pub(super) async fn suite(target: &Target, manifest: &PluginManifest) -> Vec<Check> {
    let mut suite = Suite { target, elsewhere: target.elsewhere(), sheet: Sheet::new(rows::ROWS) };
    suite.describe(manifest).await;
    for (name, plan) in plans::ordinary() {
        suite.plan(name, &plan).await;
        suite.whole_life(name, &plan).await;
    }
    let plan = plans::whole();
    suite.mends(&plan).await;
    suite.undoes(&plan).await;
    suite.conflict(&plan).await;
    suite.errors(&plan).await;
    suite.documents().await;
    suite.sheet.finish()
}

impl Suite<'_> {
    async fn describe(&mut self, manifest: &PluginManifest) {
        let descriptor = self.target.describe().clone();
        about::manifest(&mut self.sheet, manifest, Some(&descriptor.id), &descriptor.title);
        about::schema(&mut self.sheet, descriptor.settings_schema.as_deref());
        for target in [self.target, &self.elsewhere] {
            match target.ask().await {
                Ok(again) => self.sheet.expect(again == descriptor, "describe.same", || "asked again, it says something else".to_owned()),
                Err(error) => self.sheet.crashed("describe", &error),
            }
        }
    }

    /// Notes a crash; returns what is left to be judged.
    fn survived<T>(&mut self, during: &str, outcome: Result<T, TargetFailure>) -> Option<Result<T, TargetFailure>> {
        match outcome {
            Err(TargetFailure::Plugin(error)) if matches!(error.problem(), Problem::Trapped(_) | Problem::Exhausted(_)) => {
                self.sheet.crashed(during, &error);
                None
            }
            other => Some(other),
        }
    }

    async fn plan(&mut self, name: &str, plan: &DeploymentPlan) {
        let sorted = serde_json::to_value(plan).and_then(|value| serde_json::to_vec_pretty(&value)).unwrap_or_default();
        let rewritten = Document { schema: PLAN_VERSION.to_owned(), json: sorted };
        let (first, again) = (self.target.plan(plan).await, self.target.plan(plan).await);
        let other = self.elsewhere.plan_document(&rewritten).await;
        self.sheet.expect(first == again && first == other, "plan.same", || format!("{name}: asked again, it gives another document"));
        match self.survived("plan", first) {
            Some(Ok(document)) => self.sheet.expect(document.is_object(), "plan.same", || format!("{name}: its document is no object")),
            Some(Err(TargetFailure::Findings(findings))) => about::findings(&mut self.sheet, name, &findings, true),
            Some(Err(error)) => self.sheet.fail("plan.same", format!("{name}: {error}")),
            None => {}
        }
    }

    /// Start, start again, look, stop, remove.
    async fn whole_life(&mut self, name: &str, plan: &DeploymentPlan) {
        let place = Place::of(plan);
        let started = self.target.start(plan, KEY, place.lend()).await;
        self.admitted(name, &place);
        let units = match self.survived("start", started) {
            Some(Ok(units)) => units,
            Some(Err(error)) => return self.sheet.fail("start.works", format!("{name}: {error}")),
            None => return,
        };
        self.runs(name, plan, &place, &units);

        let (before, effects) = (place.own(), place.inner().effects.len());
        let again = self.target.start(plan, KEY, place.lend()).await;
        if let Some(again) = self.survived("start again", again) {
            let changed: Vec<String> = place.inner().effects.iter().skip(effects).cloned().collect();
            self.sheet
                .expect(changed.is_empty() && place.own() == before, "start.repeat", || format!("{name}: it did {}", changed.join(", ")));
            self.sheet.expect(again.as_ref() == Ok(&units), "start.repeat", || format!("{name}: it returned {}", shown(&again)));
        }
        self.inspect(name, &place, &units).await;
        self.down(name, &place, &units).await;
        self.admitted(name, &place);
    }

    /// Everything refused is something that the target must not ask for.
    fn admitted(&mut self, name: &str, place: &Place) {
        for refused in &place.inner().refused {
            self.sheet.fail("start.capability", format!("{name}: {refused}"));
        }
        self.sheet.expect(place.foreign_untouched(), "start.capability", || format!("{name}: somebody else's container was touched"));
    }

    fn runs(&mut self, name: &str, plan: &DeploymentPlan, place: &Place, units: &[UnitRef]) {
        let own = place.own();
        for unit in &plan.units {
            let native: Vec<&UnitRef> = units.iter().filter(|started| started.unit == unit.id).collect();
            let running = native.first().and_then(|started| own.get(&started.native));
            let good = native.len() == 1 && running.is_some_and(|container| container.state == "running" && container.spec.unit == unit.id);
            self.sheet
                .expect(good, "start.works", || format!("{name}: unit `{}` does not run in the container that was returned", unit.id));
        }
        let extra = own.len() > plan.units.len() || units.len() > plan.units.len();
        self.sheet.expect(!extra, "start.works", || format!("{name}: there are more containers or units than planned"));
    }

    async fn inspect(&mut self, name: &str, place: &Place, units: &[UnitRef]) {
        let effects = place.inner().effects.len();
        let gone = UnitRef { unit: "gone".to_owned(), native: "container-that-is-gone".to_owned() };
        for asked in [units.to_vec(), Vec::new(), vec![gone]] {
            let facts = self.target.inspect(&asked, place.lend()).await;
            match self.survived("inspect", facts) {
                Some(Ok(facts)) => {
                    let same = |(unit, facts): (&UnitRef, &UnitFacts)| unit.unit == facts.unit.unit;
                    let all = facts.len() == asked.len() && asked.iter().zip(&facts).all(same);
                    self.sheet
                        .expect(all, "inspect", || format!("{name}: asked for {} units, it answers for {}", asked.len(), facts.len()));
                    let running = facts.iter().filter(|facts| facts.state == "running").count();
                    let planned = if asked == units { units.len() } else { 0 };
                    self.sheet.expect(running == planned, "inspect", || format!("{name}: {running} units are said to run, {planned} do"));
                }
                Some(Err(TargetFailure::NotFound(_))) if asked != units => {}
                Some(Err(error)) => self.sheet.fail("inspect", format!("{name}: {error}")),
                None => {}
            }
        }
        self.sheet.expect(place.inner().effects.len() == effects, "inspect", || format!("{name}: looking changed something"));
    }

    async fn down(&mut self, name: &str, place: &Place, units: &[UnitRef]) {
        let state = |place: &Place, unit: &UnitRef| place.own().get(&unit.native).map(|container| container.state);
        let Some((first, rest)) = units.split_first() else { return };
        for round in ["once", "twice"] {
            let done = self.target.stop(std::slice::from_ref(first), 1000, place.lend()).await;
            if let Some(done) = self.survived("stop", done) {
                let stopped = state(place, first) == Some("exited") && rest.iter().all(|unit| state(place, unit) == Some("running"));
                self.sheet.expect(done.is_ok() && stopped, "stop", || format!("{name}: asked {round} to stop one unit, {}", shown(&done)));
            }
        }
        let done = self.target.remove(std::slice::from_ref(first), place.lend()).await;
        if let Some(done) = self.survived("remove", done) {
            let removed = state(place, first).is_none() && rest.iter().all(|unit| state(place, unit).is_some());
            self.sheet.expect(done.is_ok() && removed, "remove", || format!("{name}: asked to remove one unit, {}", shown(&done)));
        }
        // Not there any more: an error or nothing to do, but never a crash, and the others go all the same.
        let done = self.target.remove(units, place.lend()).await;
        if self.survived("remove", done).is_some() {
            self.sheet.expect(place.own().is_empty(), "remove", || format!("{name}: asked to remove all units, some are left"));
        }
    }

    async fn mends(&mut self, plan: &DeploymentPlan) {
        for state in ["created", "exited"] {
            let place = Place::of(plan);
            if let Some(unit) = plan.units.first() {
                place.put("container-of-before", planned(unit), state, true);
            }
            let started = self.target.start(plan, KEY, place.lend()).await;
            self.admitted("a broken attempt", &place);
            let Some(started) = self.survived("start", started) else { continue };
            let own = place.own();
            let running = own.values().filter(|container| container.state == "running").count();
            let anew = !own.contains_key("container-of-before") && running == plan.units.len() && own.len() == plan.units.len();
            self.sheet.expect(started.is_ok() && anew, "start.mends", || format!("a container was `{state}` already, {}", shown(&started)));
        }
    }

    async fn undoes(&mut self, plan: &DeploymentPlan) {
        for (verb, at) in [("create", 0), ("create", 1), ("start", 0), ("start", 1), ("ensure-volume", 1)] {
            let place = Place::of(plan);
            place.fail(Fault::At(verb, at), EngineRefusal::Failed("no room (said by the suite)".to_owned()));
            let started = self.target.start(plan, KEY, place.lend()).await;
            self.admitted("a failing start", &place);
            let Some(started) = self.survived("start", started) else { continue };
            let left = place.own().len();
            let say = || format!("`{verb}` number {} failed, {}, {left} containers are left", at + 1, shown(&started));
            self.sheet.expect(started.is_err() && left == 0, "start.undoes", say);
        }
    }

    async fn conflict(&mut self, plan: &DeploymentPlan) {
        let Some(unit) = plan.units.first() else { return };
        let other = spawnfile_core::deployment::plan::ContainerSpec { image: format!("sha256:{}", "f".repeat(64)), ..planned(unit) };
        for (what, own) in [("a container of another image", true), ("somebody else's container", false)] {
            let place = Place::of(plan);
            place.put("container-in-the-way", other.clone(), "running", own);
            let started = self.target.start(plan, KEY, place.lend()).await;
            self.admitted(what, &place);
            let Some(started) = self.survived("start", started) else { continue };
            let there =
                place.inner().containers.get("container-in-the-way").is_some_and(|found| found.state == "running" && found.spec == other);
            self.sheet.expect(started.is_err() && there, "start.conflict", || format!("the name was taken by {what}, {}", shown(&started)));
        }
    }

    async fn errors(&mut self, plan: &DeploymentPlan) {
        let refusals = [
            EngineRefusal::Refused("by the suite".to_owned()),
            EngineRefusal::Unreachable("by the suite".to_owned()),
            EngineRefusal::Failed("by the suite".to_owned()),
            EngineRefusal::Conflict("by the suite".to_owned()),
            EngineRefusal::Budget,
        ];
        let units = [UnitRef { unit: "first-container".to_owned(), native: FOREIGN.to_owned() }];
        for refusal in refusals {
            let place = Place::of(plan);
            place.fail(Fault::Always, refusal.clone());
            let started = self.target.start(plan, KEY, place.lend()).await.map(drop);
            let stopped = self.target.stop(&units, 1000, place.lend()).await;
            let removed = self.target.remove(&units, place.lend()).await;
            let inspected = self.target.inspect(&units, place.lend()).await.map(drop);
            for (verb, outcome) in [("start", started), ("stop", stopped), ("remove", removed), ("inspect", inspected)] {
                if let Some(outcome) = self.survived(verb, outcome) {
                    self.sheet.expect(outcome.is_err(), "errors", || {
                        format!("the engine answered `{refusal}`, and `{verb}` says that it is done")
                    });
                }
            }
            let calls = place.calls();
            self.sheet
                .expect(calls <= PATIENCE, "errors", || format!("the engine always answered `{refusal}`, and was asked {calls} times"));
        }
        // What is not theirs, by name: refused by the place, and reported as an error.
        let place = Place::of(plan);
        for (verb, outcome) in
            [("stop", self.target.stop(&units, 1000, place.lend()).await), ("remove", self.target.remove(&units, place.lend()).await)]
        {
            if let Some(outcome) = self.survived(verb, outcome) {
                let kept = outcome.is_err() && place.foreign_untouched();
                self.sheet.expect(kept, "errors", || format!("`{verb}` of somebody else's container says that it is done"));
            }
        }
    }

    async fn documents(&mut self) {
        for (name, schema, json) in plans::foreign() {
            let document = Document { schema: schema.to_owned(), json };
            let planned = self.target.plan_document(&document).await;
            if let Some(planned) = self.survived(&format!("plan, {name}"), planned) {
                self.sheet.expect(planned.is_err(), "documents", || format!("{name} is planned"));
            }
            let place = Place::of(&plans::whole());
            let started = self.target.start_document(&document, KEY, place.lend()).await;
            if let Some(started) = self.survived(&format!("start, {name}"), started) {
                self.sheet.expect(started.is_err() && place.own().is_empty(), "documents", || format!("{name} is started"));
            }
        }
        let empty = DeploymentPlan { units: Vec::new(), ..plans::whole() };
        let (place, planned) = (Place::of(&empty), self.target.plan(&empty).await);
        self.survived("plan without units", planned);
        let started = self.target.start(&empty, KEY, place.lend()).await;
        self.survived("start without units", started);
        self.sheet.expect(place.own().is_empty(), "documents", || "a plan without units makes containers".to_owned());
    }
}

/// What came of a call, in a few words.
fn shown<T: std::fmt::Debug>(outcome: &Result<T, TargetFailure>) -> String {
    match outcome {
        Ok(_) => "it says that it is done".to_owned(),
        Err(error) => format!("it says: {error}"),
    }
}
