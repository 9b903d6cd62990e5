//! First-party plugins and PID 1, made by `cargo xtask assets` and embedded as bytes. Knows nothing of what they mean.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

/// A first-party plugin.
#[derive(Debug, Clone, Copy)]
pub struct Embedded {
    /// Text of its manifest.
    pub manifest: &'static str,
    /// Digest of its component: `sha256:` and 64 hexadecimal digits.
    pub digest: &'static str,
    /// Its component compiled for this machine.
    pub cwasm: &'static [u8],
    /// Whether it was compiled with fuel.
    pub metered: bool,
}

include!(concat!(env!("SPAWNFILE_ASSETS"), "/bundle.rs"));

/// Returns the program that is PID 1 in images of an architecture, in the words of OCI (`amd64`, `arm64`).
pub fn init(architecture: &str) -> Option<&'static [u8]> {
    match architecture {
        "amd64" => Some(INIT_AMD64),
        "arm64" => Some(INIT_ARM64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plugin_of_the_list_is_embedded_whole() {
        let listed = include_str!("../bundle.toml").lines().filter(|line| line.trim_start().starts_with('"')).count();
        assert_eq!(BUILTIN.len(), listed);
        for plugin in BUILTIN {
            assert!(plugin.cwasm.starts_with(b"\x7fELF"), "{}", plugin.manifest);
            assert!(plugin.manifest.contains("schema = 1") && plugin.digest.starts_with("sha256:"));
        }
    }

    #[test]
    fn both_inits_are_programs_of_their_architecture() {
        // e_machine: 62 is x86-64, 183 is AArch64.
        for (architecture, machine) in [("amd64", 62_u16), ("arm64", 183)] {
            let program = init(architecture).unwrap();
            assert!(program.starts_with(b"\x7fELF"));
            assert_eq!(u16::from_le_bytes([program[18], program[19]]), machine);
        }
        assert!(init("riscv64").is_none());
    }
}
