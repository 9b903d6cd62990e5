//! Front matter of a `SKILL.md`: YAML between two lines `---` at the start of the file.

use super::decode::Decoder;
use super::workspace::is_name;
use super::yaml;
use crate::finding::{Finding, Findings, Position};
use crate::project::MAX_MANIFEST_BYTES;

/// What a skill says about itself. Keys other than these are allowed and left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontMatter {
    /// Name: one part of a path.
    pub name: String,
    /// Description.
    pub description: String,
}

/// Parses the front matter of the file at key `file`. Positions count from the start of the file.
pub fn front_matter(file: &str, bytes: &[u8]) -> Result<FrontMatter, Findings> {
    let missing = || {
        let finding = Finding::error("skill.front-matter", "the skill has no front matter").at(file, Some(Position { line: 1, column: 1 }));
        Findings::from(finding.hint("start the file with `---`, `name: …`, `description: …`, `---`"))
    };
    let text = std::str::from_utf8(bytes).map_err(|_| Finding::error("skill.encoding", "the skill is not UTF-8").at(file, None))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (first, rest) = text.split_once('\n').ok_or_else(missing)?;
    if first.trim_end() != "---" {
        return Err(missing());
    }
    let mut end = 0;
    let yaml_text = rest
        .split_inclusive('\n')
        .find_map(|line| {
            if line.trim_end() == "---" {
                return rest.get(..end);
            }
            end += line.len();
            None
        })
        .ok_or_else(missing)?;
    // A line break in front keeps line numbers those of the file.
    let yaml_text = format!("\n{yaml_text}");
    let root = yaml::parse(yaml_text.as_bytes(), MAX_MANIFEST_BYTES)
        .map_err(|error| Finding::error("skill.front-matter", error.message).at(file, Some(error.at)))?;
    let mut decoder = Decoder::new(file);
    let Some(fields) = decoder.free_map(&root, "") else { return Err(decoder.findings) };
    let name = decoder.required_text(&fields, "name");
    let description = decoder.required_text(&fields, "description");
    if !name.value.is_empty() && !is_name(&name.value) {
        decoder.error("skill.name", name.at, "the skill's `name` must be one part of a path, without `:`");
    }
    if decoder.findings.has_errors() {
        return Err(decoder.findings);
    }
    Ok(FrontMatter { name: name.value, description: description.value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_needed_and_leaves_the_rest() {
        let text = "---\r\nname: web_search\r\nlicense: MIT\r\ndescription: \"Search: the web.\"\r\n---\r\nBody\r\n---\r\n";
        let front = front_matter("s/SKILL.md", text.as_bytes()).unwrap();
        assert_eq!(front, FrontMatter { name: "web_search".into(), description: "Search: the web.".into() });
    }

    #[test]
    fn refuses_what_is_missing_or_escapes() {
        for (text, line) in [
            ("name: x", 1),
            ("---\nname: x\ndescription: y\n", 1),
            ("---\nname: ../../x\ndescription: y\n---\n", 2),
            ("---\nname: ..\ndescription: y\n---\n", 2),
            ("---\nname: a/b\ndescription: y\n---\n", 2),
            ("---\nname: x\n---\n", 2),
            ("---\nname: x\ndescription: 7\n---\n", 3),
            ("---\n- x\n---\n", 2),
        ] {
            let findings = front_matter("SKILL.md", text.as_bytes()).unwrap_err();
            assert_eq!(findings.iter().next().unwrap().position.unwrap().line, line, "{text:?}");
        }
    }
}
