//! What is known of a wasm file before any of it runs: its form, what it exports and imports at the outermost level,
//! and the manifest in its custom section. Reads section by section with bounds; compiles nothing, trusts nothing.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use spawnfile_core::oci::Digest;
use wasmparser::{Encoding, Parser, Payload};

use crate::error::Problem;
use crate::limits::{COMPONENT_BYTES, MANIFEST_BYTES};

/// Name of the custom section with the text of `plugin.toml`.
pub const MANIFEST_SECTION: &str = "spawnfile:plugin";

/// Most names that a component may export or import, and most custom sections read.
const NAMES: usize = 1000;

/// Deepest nesting of components and modules that is read.
const DEPTH: usize = 32;

/// What a wasm file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A component.
    Component,
    /// A core module with component type information, as cargo builds it: can be turned into a component.
    TypedModule,
    /// Any other core module.
    Module,
}

/// Facts about a wasm file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What it is.
    pub form: Form,
    /// Names it exports.
    pub exports: Vec<String>,
    /// Names it imports.
    pub imports: Vec<String>,
    /// Text of the manifest section.
    pub manifest: Option<String>,
}

/// Reads a component file.
///
/// # Errors
/// When it is no regular file, too large, or cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    read_bounded(path, COMPONENT_BYTES)
}

/// Reads a regular file of at most `most` bytes.
pub(crate) fn read_bounded(path: &Path, most: u64) -> Result<Vec<u8>, Problem> {
    let io = |error: std::io::Error| Problem::Io(format!("cannot read `{}`: {error}", path.display()));
    // Asked before it is opened, since opening a pipe waits for its writer.
    if !std::fs::metadata(path).map_err(io)?.is_file() {
        return Err(Problem::Refused(format!("`{}` is no regular file", path.display())));
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(io)?.take(most + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > most {
        return Err(Problem::Refused(format!("`{}` is larger than {most} bytes", path.display())));
    }
    Ok(bytes)
}

/// Returns the digest that identifies a component.
pub fn digest(bytes: &[u8]) -> Digest {
    Digest::of(bytes)
}

/// Reads the facts about a wasm file.
///
/// # Errors
/// When it is no wasm, is cut off, or has more names than any plugin needs.
pub fn facts(bytes: &[u8]) -> Result<Facts, Problem> {
    let corrupt = |what: String| Problem::Corrupt(format!("it is no valid wasm: {what}"));
    if !bytes.starts_with(b"\0asm") {
        return Err(corrupt("it does not begin like one".to_owned()));
    }
    let mut found = Facts { form: Form::Module, exports: Vec::new(), imports: Vec::new(), manifest: None };
    let mut depth = 0_usize;
    let mut sections = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(|error| corrupt(error.to_string()))? {
            Payload::Version { encoding, .. } => {
                depth += 1;
                if depth > DEPTH {
                    return Err(corrupt("it is nested too deeply".to_owned()));
                }
                if depth == 1 && encoding == Encoding::Component {
                    found.form = Form::Component;
                }
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentExportSection(reader) if depth == 1 => {
                for export in reader {
                    let name = export.map_err(|error| corrupt(error.to_string()))?.name.name;
                    push(&mut found.exports, name)?;
                }
            }
            Payload::ComponentImportSection(reader) if depth == 1 => {
                for import in reader {
                    let name = import.map_err(|error| corrupt(error.to_string()))?.name.name;
                    push(&mut found.imports, name)?;
                }
            }
            Payload::CustomSection(section) => {
                sections += 1;
                if sections > NAMES {
                    return Err(corrupt("it has too many custom sections".to_owned()));
                }
                if section.name().starts_with("component-type") && depth == 1 && found.form == Form::Module {
                    found.form = Form::TypedModule;
                }
                if section.name() == MANIFEST_SECTION {
                    let text = manifest_text(section.data())?;
                    if found.manifest.replace(text).is_some() {
                        return Err(Problem::Refused(format!("it has more than one section `{MANIFEST_SECTION}`")));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

fn push(names: &mut Vec<String>, name: &str) -> Result<(), Problem> {
    if names.len() == NAMES || name.len() > 1024 {
        return Err(Problem::Refused(format!("it exports or imports more than {NAMES} names, or one that is too long")));
    }
    names.push(name.to_owned());
    Ok(())
}

fn manifest_text(data: &[u8]) -> Result<String, Problem> {
    if data.len() as u64 > MANIFEST_BYTES {
        return Err(Problem::Refused(format!("its section `{MANIFEST_SECTION}` is larger than {MANIFEST_BYTES} bytes")));
    }
    String::from_utf8(data.to_vec()).map_err(|_| Problem::Corrupt(format!("its section `{MANIFEST_SECTION}` is no text")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_outermost_level_are_read_and_those_of_inner_ones_are_not() {
        let bytes = wat::parse_str(
            r#"(component
                (import "a:b/c@0.1.0" (instance))
                (component (import "inner:x/y" (instance)) (instance $i) (export "inner:z/w" (instance $i)))
                (core module (@custom "spawnfile:plugin" "schema = 1"))
                (instance $out)
                (export "d:e/f@0.1.0" (instance $out)))"#,
        )
        .unwrap();
        let facts = facts(&bytes).unwrap();
        assert_eq!(facts.form, Form::Component);
        assert_eq!(facts.imports, ["a:b/c@0.1.0"]);
        assert_eq!(facts.exports, ["d:e/f@0.1.0"]);
        assert_eq!(facts.manifest.as_deref(), Some("schema = 1"));
    }

    #[test]
    fn a_module_is_told_apart_from_one_that_can_become_a_component() {
        let plain = wat::parse_str("(module)").unwrap();
        assert_eq!(facts(&plain).unwrap().form, Form::Module);
        let typed = wat::parse_str(r#"(module (@custom "component-type:x" "y"))"#).unwrap();
        assert_eq!(facts(&typed).unwrap().form, Form::TypedModule);
    }

    #[test]
    fn garbage_of_every_kind_is_refused() {
        let whole = wat::parse_str(r#"(component (core module (func) (export "f" (func 0))))"#).unwrap();
        for cut in 0..whole.len() {
            drop(facts(&whole[..cut]));
        }
        for bad in [&b""[..], b"\0asm", b"\0asm\x01\0\0\0\xff\xff\xff\xff\xff", b"PK\x03\x04", b"\x7fELF", &[0; 100]] {
            assert!(matches!(facts(bad), Err(Problem::Corrupt(_))), "{bad:?}");
        }
        let twice = wat::parse_str(r#"(component (@custom "spawnfile:plugin" "a") (@custom "spawnfile:plugin" "b"))"#).unwrap();
        assert!(matches!(facts(&twice), Err(Problem::Refused(_))));
    }

    #[test]
    fn only_regular_files_of_a_bounded_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(read_bounded(folder.path(), 10), Err(Problem::Refused(_))));
        let file = folder.path().join("x");
        std::fs::write(&file, [0; 11]).unwrap();
        assert!(matches!(read_bounded(&file, 10), Err(Problem::Refused(_))));
        assert_eq!(read_bounded(&file, 11).unwrap().len(), 11);
        assert!(matches!(read_bounded(&folder.path().join("none"), 10), Err(Problem::Io(_))));
    }
}
