//! The plugin manifest: who a plugin is and what it asks for.
//!
//! `plugin.toml` beside the component of a folder plugin, and the same text in the custom section `spawnfile:plugin`,
//! so that a lone `.wasm` says who it is and one digest covers both.
//!
//! ```toml
//! schema = 1
//! id = "acme/runtime-parrot"       # namespace/name, each in kebab case
//! kind = "runtime-kind"            # runtime-kind | auth-method | target | report-validator
//! version = "0.1.0"
//! world = "spawnfile:runtime-kind/runtime-kind@0.1.0"
//! title = "Parrot agents"
//!
//! [[capability]]                   # only where the world imports more than the log
//! kind = "engine"
//! reason = "start and stop the containers of a deployment"
//! ```

/// Most bytes of a manifest.
pub const MANIFEST_BYTES: usize = 64 * 1024;

/// Puts the plugin manifest into the custom section `spawnfile:plugin` of the module.
///
/// ```
/// spawnfile_plugin::plugin_manifest!("schema = 1\nid = \"acme/runtime-parrot\"\n");
/// # fn main() {}
/// ```
///
/// Usually `plugin_manifest!(include_str!("../plugin.toml"));`. A text longer than [`MANIFEST_BYTES`] or empty does
/// not compile.
#[macro_export]
macro_rules! plugin_manifest {
    ($text:expr) => {
        const _: () = {
            const TEXT: &str = $text;
            const {
                assert!(!TEXT.is_empty() && TEXT.len() <= $crate::manifest::MANIFEST_BYTES, "plugin.toml is empty or too long");
            }
            // `link_section` counts as unsafe since a wrong section breaks a program; a custom section of a wasm module
            // is not mapped and holds plain bytes. Natively there is no such section, so there is none made.
            #[cfg(target_arch = "wasm32")]
            #[used]
            #[unsafe(link_section = "spawnfile:plugin")]
            static SECTION: [u8; TEXT.len()] = $crate::manifest::bytes(TEXT);
        };
    };
}

/// Copies a text into an array of its length, while compiling. For [`plugin_manifest!`](crate::plugin_manifest).
#[doc(hidden)]
pub const fn bytes<const N: usize>(text: &str) -> [u8; N] {
    let text = text.as_bytes();
    let mut bytes = [0; N];
    let mut i = 0;
    while i < N {
        bytes[i] = text[i];
        i += 1;
    }
    bytes
}
