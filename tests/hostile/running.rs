//! Guests that run away once they are called: each is stopped, named, and the next command works.

use std::time::{Duration, Instant};

use super::{SPAWNFILE, kind, named};
use crate::support::{Ran, User};

/// Validates a project whose kind misbehaves in that way, then the same with a kind that does not.
fn attacked(word: &str) -> Ran {
    let user = User::new();
    user.write("org/Spawnfile", SPAWNFILE);
    user.run(["plugin", "add", &kind(&user, word)]).expect(0);
    let started = Instant::now();
    let ran = named(user.run(["validate", "org"]).expect(1));
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
    user.run(["plugin", "list"]).expect(0).says("test/hostile");
    user.run(["plugin", "add", &kind(&user, "none")]).expect(0).says("replaced test/hostile@0.1.0");
    user.run(["validate", "org"]).expect(0);
    ran
}

#[test]
fn an_endless_loop_is_stopped() {
    attacked("loop").says("it used more time than it may and was stopped");
}

#[test]
fn memory_growth_is_stopped() {
    attacked("memory").says("it used more memory than it may and was stopped");
}

#[test]
fn recursion_is_stopped() {
    // A guest of Rust has a stack of its own in its memory, which ends first.
    attacked("recursion").says("more stack than its own");
}

#[test]
fn an_answer_of_sixty_megabytes_is_not_taken() {
    attacked("huge").says("it used more");
}

#[test]
fn a_flood_of_log_lines_is_stopped() {
    let ran = attacked("flood").says("it used more host calls than it may and was stopped");
    assert!(ran.all().len() < 100_000, "{} bytes are shown", ran.all().len());
}

#[test]
fn long_log_lines_are_stopped() {
    let ran = attacked("long-lines").says("it used more bytes than it may and was stopped");
    assert!(ran.all().len() < 100_000, "{} bytes are shown", ran.all().len());
}

#[test]
fn the_text_of_a_panic_reaches_the_user() {
    attacked("panic").says("this is a bug in the plugin").says("the cat sat on the keyboard \\u{1b}[31m\\u{202e}");
}
