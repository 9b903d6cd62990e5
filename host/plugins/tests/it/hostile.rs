//! Guests that misbehave: the host goes on, says what happened, and names the plugin.

use spawnfile_core::deployment::plan::{ContainerFacts, ContainerSpec, DeploymentPlan};
use spawnfile_plugins::{BoxFuture, EngineCapability, EngineRefusal, PluginError, PluginHost, Problem, Resource, TargetFailure};

use crate::support::{Home, SHORT, added, added_to, instance, kind, kind_with, manifest, validator};

/// Calls `check` of a guest with that body; afterwards a good guest must still work in the same host.
async fn fails(check: &str) -> PluginError {
    let (home, hostile) = added(check).await;
    let error = hostile.check(&instance("x")).await.unwrap_err();
    named(&error);
    let good = home.file("good/guest.wasm", &kind("good", "(i32.const 4000)"));
    home.host.add(&good).await.unwrap();
    assert_eq!(home.host.runtime_kind("good").await.unwrap().check(&instance("x")).await.unwrap(), []);
    error
}

/// The error says which plugin it was: id, version and digest.
fn named(error: &PluginError) {
    let text = error.to_string();
    assert!(text.starts_with("plugin `test/hostile@1.0.0` (sha256:"), "{text}");
    assert!(error.plugin().is_some_and(|plugin| plugin.digest.to_string().contains(plugin.digest.short())));
}

#[tokio::test]
async fn a_loop_without_end_is_stopped() {
    let error = fails("(loop $l (br $l)) (unreachable)").await;
    assert_eq!(error.problem(), &Problem::Exhausted(Resource::Time));
}

#[tokio::test]
async fn other_tasks_go_on_while_a_guest_loops() {
    let (_home, hostile) = added_to(Home::new(), "(loop $l (br $l)) (unreachable)").await;
    let x = instance("x");
    // On one thread: without yielding, the timer would fire only after the guest's ten seconds.
    let started = std::time::Instant::now();
    assert!(tokio::time::timeout(std::time::Duration::from_millis(300), hostile.check(&x)).await.is_err());
    assert!(started.elapsed() < std::time::Duration::from_secs(8), "{:?}", started.elapsed());
}

#[tokio::test]
async fn memory_ends_at_its_bound() {
    let error = fails("(loop $l (br_if $l (i32.ne (i32.const -1) (memory.grow (i32.const 16))))) (unreachable)").await;
    assert_eq!(error.problem(), &Problem::Exhausted(Resource::Memory));
}

#[tokio::test]
async fn memory_of_several_instances_counts_together() {
    let (_home, hostile) =
        added("(drop (memory.grow (i32.const 1022))) (if (i32.ne (memory.size) (i32.const 1023)) (then (unreachable))) (i32.const 4000)")
            .await;
    for _ in 0..3 {
        assert_eq!(hostile.check(&instance("x")).await.unwrap(), [], "every call has its own memory, just below the bound");
    }
}

#[tokio::test]
async fn tables_end_at_their_bound() {
    let body = "(loop $l (br_if $l (i32.ne (i32.const -1) (table.grow $t (ref.null func) (i32.const 1000))))) (unreachable)";
    let home = Home::impatient();
    let path = home.file("guest.wasm", &kind_with("hostile", &manifest("hostile"), body, "(table $t 1 funcref)", ""));
    home.host.add(&path).await.unwrap();
    let error = home.host.runtime_kind("hostile").await.unwrap().check(&instance("x")).await.unwrap_err();
    named(&error);
    assert_eq!(error.problem(), &Problem::Exhausted(Resource::Memory));

    let large = kind_with("hostile", &manifest("hostile"), "(i32.const 4000)", "(table 1000000 funcref)", "");
    let error = home.host.add(&home.file("large.wasm", &large)).await.unwrap_err();
    named(&error);
    assert_eq!(error.problem(), &Problem::Exhausted(Resource::Memory), "one that begins too large is not even added");
}

#[tokio::test]
async fn a_guest_that_sleeps_in_an_import_is_woken_by_the_clock() {
    // An hour by WASI's clock, which costs no computing at all.
    let home = Home::impatient();
    let guest = kind_with(
        "hostile",
        &manifest("hostile"),
        "(call $block (call $subscribe (i64.const 3600000000000))) (i32.const 4000)",
        "(import \"wasi:clocks/monotonic-clock@0.2.6\" \"subscribe-duration\" (func $subscribe (param i64) (result i32)))
         (import \"wasi:io/poll@0.2.6\" \"[method]pollable.block\" (func $block (param i32)))",
        "import wasi:clocks/monotonic-clock@0.2.6; import wasi:io/poll@0.2.6;",
    );
    home.host.add(&home.file("guest.wasm", &guest)).await.unwrap();
    let sleeper = home.host.runtime_kind("hostile").await.unwrap();
    let started = std::time::Instant::now();
    let error = sleeper.check(&instance("x")).await.unwrap_err();
    assert_eq!(error.problem(), &Problem::Exhausted(Resource::Time));
    named(&error);
    let slept = started.elapsed();
    assert!(slept >= SHORT.wall && slept < SHORT.wall * 5, "{slept:?}");
}

#[tokio::test]
async fn recursion_ends_at_the_stack() {
    let body = "(call $check (local.get 0) (local.get 1) (local.get 2) (i32.add (local.get 3) (call $check (local.get 0) (local.get 1) (local.get 2) (local.get 3))))";
    let error = fails(body).await;
    assert_eq!(error.problem(), &Problem::Exhausted(Resource::Stack));
}

#[tokio::test]
async fn a_huge_answer_is_not_copied() {
    // 1.36 million diagnostics of 44 bytes, all zero: 60 MB, which fit into the guest's memory.
    let body = "(drop (memory.grow (i32.const 1000))) (i32.store (i32.const 4008) (i32.const 65536)) (i32.store (i32.const 4012) (i32.const 1360000)) (i32.const 4008)";
    let error = fails(body).await;
    assert_eq!(error.problem(), &Problem::Exhausted(Resource::Bytes));
}

#[tokio::test]
async fn an_answer_outside_its_memory_is_a_crash() {
    let body = "(i32.store (i32.const 4008) (i32.const -16)) (i32.store (i32.const 4012) (i32.const 1)) (i32.const 4008)";
    assert!(matches!(fails(body).await.problem(), Problem::Trapped(_)));
}

#[tokio::test]
async fn a_flood_of_log_lines_is_cut_and_then_stopped() {
    let error = fails("(loop $l (call $emit (i32.const 2) (i32.const 3000) (i32.const 13)) (br $l)) (unreachable)").await;
    assert_eq!(error.problem(), &Problem::Exhausted(Resource::HostCalls));
    assert_eq!(error.log().len(), 201, "200 lines and one that says how many were dropped");
    assert!(error.log()[200].message.contains("9800 more"), "{}", error.log()[200].message);
}

#[tokio::test]
async fn long_log_lines_are_bounded_in_bytes() {
    let body = "(drop (memory.grow (i32.const 100))) (loop $l (call $emit (i32.const 2) (i32.const 65536) (i32.const 6000000)) (br $l)) (unreachable)";
    let error = fails(body).await;
    assert_eq!(error.problem(), &Problem::Exhausted(Resource::Bytes));
    assert!(error.log().iter().map(|line| line.message.len()).sum::<usize>() <= 65 * 1024);
}

#[tokio::test]
async fn a_crash_is_named_and_brings_its_last_words_without_escapes() {
    let error = fails("(call $emit (i32.const 2) (i32.const 3000) (i32.const 18)) (unreachable)").await;
    assert_eq!(error.problem(), &Problem::Trapped("wasm `unreachable` instruction executed".to_owned()));
    assert!(error.to_string().ends_with("it said: about to fail\\u{1b}[31m"), "{error}");
}

#[tokio::test]
async fn every_call_starts_afresh() {
    // Fails on the second call within one instance.
    let (_home, kind) =
        added("(if (i32.load (i32.const 5000)) (then (unreachable))) (i32.store (i32.const 5000) (i32.const 1)) (i32.const 4000)").await;
    for _ in 0..5 {
        kind.check(&instance("x")).await.unwrap();
    }
}

#[tokio::test]
async fn input_has_a_bound() {
    let (_home, kind) = added("(i32.const 4000)").await;
    let error = kind.check(&instance(&"x".repeat(9 << 20))).await.unwrap_err();
    assert!(matches!(error.problem(), Problem::Refused(why) if why.contains("at most 8388608")), "{error}");
}

#[tokio::test]
async fn a_metered_loop_runs_out_of_fuel() {
    let home = Home::impatient();
    let path = home.file("guest.wasm", &validator("loops", "(loop $l (br $l)) (unreachable)"));
    home.host.add(&path).await.unwrap();
    let error = home.host.validator().await.unwrap().validate_report(b"{}").await.unwrap_err();
    let spawnfile_plugins::InvalidReport::Plugin(error) = error else { panic!("{error}") };
    assert_eq!(error.problem(), &Problem::Exhausted(Resource::Fuel));
}

#[tokio::test]
async fn a_guest_that_crashes_when_asked_who_it_is_is_not_added() {
    let home = Home::new();
    let path = home.file(
        "guest.wasm",
        &kind_with("hostile", &manifest("hostile"), "(i32.const 4000)", "(start $boom) (func $boom (unreachable))", ""),
    );
    let error = home.host.add(&path).await.unwrap_err();
    assert!(matches!(error.problem(), Problem::Trapped(_)), "{error}");
    assert!(home.host.list().unwrap().is_empty());
}

#[tokio::test]
async fn wasi_answers_with_nothing_and_the_same_every_time() {
    let home = Home::new();
    // The seed must be zero: else the guest crashes.
    let wasm = kind_with(
        "wasi",
        &manifest("wasi"),
        "(call $seed (i32.const 4016)) (if (i64.ne (i64.const 0) (i64.load (i32.const 4016))) (then (unreachable))) (i32.const 4000)",
        "(import \"wasi:random/insecure-seed@0.2.6\" \"insecure-seed\" (func $seed (param i32)))",
        "import wasi:random/insecure-seed@0.2.6;",
    );
    home.host.add(&home.file("guest.wasm", &wasm)).await.unwrap();
    let kind = home.host.runtime_kind("wasi").await.unwrap();
    assert_eq!(kind.check(&instance("x")).await.unwrap(), []);
}

#[tokio::test]
async fn a_component_of_another_world_is_refused_by_what_it_is() {
    let home = Home::new();
    // Says that it is a target, and is a runtime kind.
    let lying = manifest("hostile").replace("kind = \"runtime-kind\"", "kind = \"target\"");
    let error = home.host.add(&home.file("kind.wasm", &kind_with("hostile", &lying, "(i32.const 4000)", "", ""))).await.unwrap_err();
    named(&error);
    assert!(error.to_string().contains("the component is a runtime-kind"), "{error}");
    // Says the right kind and another world of it.
    let other = manifest("hostile").replace("runtime-kind/runtime-kind@", "runtime-kind/other@");
    let error = home.host.add(&home.file("world.wasm", &kind_with("hostile", &other, "(i32.const 4000)", "", ""))).await.unwrap_err();
    named(&error);
    assert!(error.to_string().contains("made for `spawnfile:runtime-kind/runtime-kind@0.1.0`"), "{error}");
    assert!(home.host.list().unwrap().is_empty());
}

#[tokio::test]
async fn newer_and_older_worlds_say_who_has_to_be_upgraded() {
    let home = Home::new();
    let custom = format!("(@custom \"spawnfile:plugin\" {:?})", manifest("hostile"));
    for (version, says) in
        [("0.2.0", "upgrade spawnfile"), ("1.0.0", "upgrade spawnfile"), ("0.0.9", "upgrade the plugin"), ("0", "without a version")]
    {
        let export = format!(r#"(instance $i) (export "spawnfile:runtime-kind/lowering@{version}" (instance $i))"#);
        let export = if version == "0" { export.replace("@0", "") } else { export };
        let wasm = wat::parse_str(format!("(component {custom} {export})")).unwrap();
        let error = home.host.add(&home.file("guest.wasm", &wasm)).await.unwrap_err();
        named(&error);
        assert!(error.to_string().contains(says), "{version}: {error}");
    }
}

#[tokio::test]
async fn an_import_that_the_world_does_not_have_is_refused_by_name() {
    let home = Home::new();
    let custom = format!("(@custom \"spawnfile:plugin\" {:?})", manifest("hostile"));
    let lowering = r#"(instance $i) (export "spawnfile:runtime-kind/lowering@0.1.0" (instance $i))"#;
    for import in ["wasi:filesystem/types@0.2.6", "wasi:http/outgoing-handler@0.2.6", "spawnfile:target/engine@0.1.0", "acme:own/thing"] {
        let wasm = wat::parse_str(format!("(component {custom} (import \"{import}\" (instance)) {lowering})")).unwrap();
        let error = home.host.add(&home.file("guest.wasm", &wasm)).await.unwrap_err();
        named(&error);
        assert!(matches!(error.problem(), Problem::Undeclared { import: found, .. } if found == import), "{error}");
    }
    assert!(home.host.list().unwrap().is_empty());
}

#[tokio::test]
async fn a_guest_that_loops_when_asked_who_it_is_is_not_added() {
    let home = Home::impatient();
    let loops = kind_with("hostile", &manifest("hostile"), "(i32.const 4000)", "(start $s) (func $s (loop $l (br $l)))", "");
    let error = home.host.add(&home.file("guest.wasm", &loops)).await.unwrap_err();
    named(&error);
    assert_eq!(error.problem(), &Problem::Exhausted(Resource::Time));
    assert!(home.host.list().unwrap().is_empty());
}

/// An engine that never answers.
struct Stuck;

fn never<'a, T>() -> BoxFuture<'a, Result<T, EngineRefusal>>
where
    T: Send + 'a,
{
    Box::pin(std::future::pending())
}

impl EngineCapability for Stuck {
    fn create(&mut self, _spec: ContainerSpec) -> BoxFuture<'_, Result<String, EngineRefusal>> {
        never()
    }

    fn start(&mut self, _id: String) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        never()
    }

    fn stop(&mut self, _id: String, _grace_ms: u32) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        never()
    }

    fn rename(&mut self, _id: String, _name: String) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        never()
    }

    fn remove(&mut self, _id: String) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        never()
    }

    fn ensure_volume(&mut self, _name: String) -> BoxFuture<'_, Result<(), EngineRefusal>> {
        never()
    }

    fn facts(&mut self, _ids: Vec<String>) -> BoxFuture<'_, Result<Vec<ContainerFacts>, EngineRefusal>> {
        never()
    }
}

#[tokio::test]
async fn a_target_that_waits_in_the_engine_for_ever_is_ended_by_the_clock() {
    let host = PluginHost::new(crate::support::builtin(), None).with_limits(SHORT);
    let target = host.target("docker").await.unwrap();
    let plan: DeploymentPlan =
        serde_json::from_str(include_str!("../../../../specs/schemas/examples/deployment-plan.v1/echo.json")).unwrap();
    let started = std::time::Instant::now();
    let failure = target.start(&plan, "key", Box::new(Stuck)).await.unwrap_err();
    let TargetFailure::Plugin(error) = failure else { panic!("{failure}") };
    assert_eq!(error.problem(), &Problem::Exhausted(Resource::Time));
    assert!(error.to_string().starts_with("plugin `spawnfile/target-docker@"), "{error}");
    assert!(started.elapsed() >= SHORT.wall && started.elapsed() < SHORT.wall * 5);
    assert!(target.plan(&plan).await.is_ok(), "and the next call works");
}
