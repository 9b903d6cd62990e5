//! What wasmtime makes of the WIT packages, one module a world. Every call is awaited; every import may trap.

#![expect(unreachable_pub, reason = "generated code")]

mod shared {
    wasmtime::component::bindgen!({
        inline: "
            package spawnfile:host;
            world shared {
                import spawnfile:common/types@0.1.0;
                import spawnfile:common/log@0.1.0;
            }
        ",
        path: ["../../wit/common/0.1"],
        imports: { default: async | trappable },
        exports: { default: async },
    });
}

/// The log, and the types that all worlds share.
pub use shared::spawnfile::common::log as common;
pub use shared::spawnfile::common::types;

/// World `spawnfile:runtime-kind/runtime-kind`.
pub mod runtime_kind {
    wasmtime::component::bindgen!({
        world: "spawnfile:runtime-kind/runtime-kind@0.1.0",
        path: ["../../wit/common/0.1", "../../wit/runtime-kind/0.1"],
        with: {
            "spawnfile:common/types@0.1.0": super::types,
            "spawnfile:common/log@0.1.0": super::common,
        },
        imports: { default: async | trappable },
        exports: { default: async },
    });
}

/// World `spawnfile:report-validator/report-validator`.
pub mod report_validator {
    wasmtime::component::bindgen!({
        world: "spawnfile:report-validator/report-validator@0.1.0",
        path: ["../../wit/common/0.1", "../../wit/report-validator/0.1"],
        with: { "spawnfile:common/log@0.1.0": super::common },
        imports: { default: async | trappable },
        exports: { default: async },
    });
}

/// World `spawnfile:auth-method/auth-method`.
pub mod auth_method {
    wasmtime::component::bindgen!({
        world: "spawnfile:auth-method/auth-method@0.1.0",
        path: ["../../wit/common/0.1", "../../wit/auth-method/0.1"],
        with: { "spawnfile:common/log@0.1.0": super::common },
        imports: { default: async | trappable },
        exports: { default: async },
    });
}

/// World `spawnfile:target/target-engine`.
pub mod target {
    wasmtime::component::bindgen!({
        world: "spawnfile:target/target-engine@0.1.0",
        path: ["../../wit/common/0.1", "../../wit/target/0.1"],
        with: {
            "spawnfile:common/types@0.1.0": super::types,
            "spawnfile:common/log@0.1.0": super::common,
        },
        imports: { default: async | trappable },
        exports: { default: async },
    });
}

/// The `engine` interface that targets import.
pub use target::spawnfile::target::engine;
