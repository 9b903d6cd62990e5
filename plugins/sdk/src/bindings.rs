//! What wit-bindgen makes of the WIT packages, one module a world.
//!
//! Authors use the modules of this crate instead: they re-export the types of these and hide the rest.

#![allow(
    unreachable_pub,
    missing_debug_implementations,
    clippy::use_self,
    clippy::needless_pass_by_value,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]

/// Types and the log that all worlds share.
pub mod common {
    wit_bindgen::generate!({
        // A world of the SDK's own, so that the shared types exist once and not once a world.
        inline: "
            package spawnfile:sdk;
            world common {
                import spawnfile:common/types@0.1.0;
                import spawnfile:common/log@0.1.0;
            }
        ",
        path: ["../../wit/common/0.1"],
        additional_derives: [PartialEq, Eq],
        generate_unused_types: true,
        generate_all,
    });
}

/// World `spawnfile:runtime-kind/runtime-kind@0.1.0`.
#[cfg(feature = "runtime-kind")]
pub mod runtime_kind {
    wit_bindgen::generate!({
        world: "spawnfile:runtime-kind/runtime-kind@0.1.0",
        path: ["../../wit/common/0.1", "../../wit/runtime-kind/0.1"],
        with: {
            "spawnfile:common/types@0.1.0": crate::bindings::common::spawnfile::common::types,
            "spawnfile:common/log@0.1.0": crate::bindings::common::spawnfile::common::log,
        },
        additional_derives: [PartialEq, Eq],
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_runtime_kind_world",
        default_bindings_module: "spawnfile_plugin::bindings::runtime_kind",
    });
}

/// World `spawnfile:auth-method/auth-method@0.1.0`.
#[cfg(feature = "auth-method")]
pub mod auth_method {
    wit_bindgen::generate!({
        world: "spawnfile:auth-method/auth-method@0.1.0",
        path: ["../../wit/common/0.1", "../../wit/auth-method/0.1"],
        with: { "spawnfile:common/log@0.1.0": crate::bindings::common::spawnfile::common::log },
        additional_derives: [PartialEq, Eq],
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_auth_method_world",
        default_bindings_module: "spawnfile_plugin::bindings::auth_method",
    });
}

/// World `spawnfile:target/target-engine@0.1.0`.
#[cfg(feature = "target")]
pub mod target {
    wit_bindgen::generate!({
        world: "spawnfile:target/target-engine@0.1.0",
        path: ["../../wit/common/0.1", "../../wit/target/0.1"],
        with: {
            "spawnfile:common/types@0.1.0": crate::bindings::common::spawnfile::common::types,
            "spawnfile:common/log@0.1.0": crate::bindings::common::spawnfile::common::log,
        },
        additional_derives: [PartialEq, Eq],
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_target_world",
        default_bindings_module: "spawnfile_plugin::bindings::target",
    });
}

/// World `spawnfile:report-validator/report-validator@0.1.0`.
#[cfg(feature = "report-validator")]
pub mod report_validator {
    wit_bindgen::generate!({
        world: "spawnfile:report-validator/report-validator@0.1.0",
        path: ["../../wit/common/0.1", "../../wit/report-validator/0.1"],
        with: { "spawnfile:common/log@0.1.0": crate::bindings::common::spawnfile::common::log },
        additional_derives: [PartialEq, Eq],
        generate_all,
        pub_export_macro: true,
        export_macro_name: "export_report_validator_world",
        default_bindings_module: "spawnfile_plugin::bindings::report_validator",
    });
}
