//! What a target promises, in the order in which it is shown.

use crate::conformance::about;
use crate::conformance::sheet::{LOADS, Row};

pub(super) const ROWS: &[Row] = &[
    LOADS,
    about::MANIFEST,
    about::DESCRIBE,
    about::SCHEMA,
    (
        "plan.same",
        "the same plan gives the same document, however it is written and wherever, and it is an object",
        "use `BTreeMap` for what is written, and no clock or random number",
    ),
    (
        "start.works",
        "after `start` every unit of the plan runs, in the planned container, and is returned once",
        "create and start each unit of the plan, and return its id",
    ),
    (
        "start.capability",
        "it asks the engine for nothing that the plan does not hold, and for nothing of somebody else's",
        "hand over the planned unit one to one; the host refuses the rest and the user sees that refusal",
    ),
    (
        "start.repeat",
        "`start` again with the same key changes nothing and returns the same units",
        "look at what is there (`facts`) before anything is created",
    ),
    (
        "start.mends",
        "what a broken attempt left is made anew",
        "remove a container of the unit that is there and does not run, then create it",
    ),
    (
        "start.undoes",
        "a `start` that fails leaves nothing that it made",
        "remember what was created and remove it before returning the error",
    ),
    (
        "start.conflict",
        "a name that is taken by something else is an error, and that is left alone",
        "return `conflict`; never remove what is not of the unit and its image",
    ),
    (
        "inspect",
        "facts are those of the units asked for, also of one that is gone",
        "answer for a unit whose container does not exist, or say not-found",
    ),
    ("stop", "`stop` stops the units asked for and no other, twice is harmless", "go through the units given, and stop those"),
    ("remove", "`remove` removes the units asked for and no other", "go through the units given, and remove those"),
    ("errors", "what the engine refuses is reported, without trying for ever", "pass the error on; the host decides what to do next"),
    ("documents", "documents of other versions and broken ones are refused", "parse with the SDK, which does it"),
    about::FINDINGS,
    about::BOUNDED,
];
