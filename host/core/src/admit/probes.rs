//! Ports and probes.

use super::{Check, MAX_TEXT, is_line, quote, repeated};
use crate::lowering::ProbeAction;
use crate::path::is_segment;

/// Longest timeout and interval of a probe, in milliseconds.
const MAX_MS: u32 = 60_000;
/// Most attempts of a probe.
const MAX_ATTEMPTS: u32 = 10_000;

impl Check<'_> {
    pub(super) fn ports(&mut self) {
        let ports = &self.lowering.ports;
        for port in ports.iter().filter(|port| port.number == 0 || !is_segment(&port.name)) {
            self.refuse(
                "lowering.port",
                format!("port {} has the number {} or a name that cannot be used", quote(&port.name), port.number),
            );
        }
        for name in repeated(ports.iter().map(|port| port.name.as_str())) {
            self.refuse("lowering.port", format!("two ports have the name {}", quote(name)));
        }
        let numbers: Vec<String> = ports.iter().map(|port| port.number.to_string()).collect();
        for number in repeated(numbers.iter().map(String::as_str)) {
            self.refuse("lowering.port", format!("two ports have the number {number}"));
        }
    }

    pub(super) fn probes(&mut self) {
        for probe in &self.lowering.probes {
            let what = format!("probe {}", quote(&probe.id));
            if !is_segment(&probe.id) || !is_key(&probe.observation) {
                self.refuse("lowering.probe", format!("{what} has an id or observation that cannot be used"));
            }
            if !matches!(probe.phase.as_str(), "ready" | "live" | "status") {
                self.refuse("lowering.probe", format!("{what} has phase {}, which is none of ready, live, status", quote(&probe.phase)));
            }
            if !(1..=MAX_MS).contains(&probe.timeout_ms) || probe.interval_ms > MAX_MS || !(1..=MAX_ATTEMPTS).contains(&probe.attempts) {
                self.refuse("lowering.probe", format!("{what} has a timeout, interval or number of attempts out of bounds"));
            }
            self.action(&what, &probe.action);
        }
        for id in repeated(self.lowering.probes.iter().map(|probe| probe.id.as_str())) {
            self.refuse("lowering.probe", format!("two probes have the id {}", quote(id)));
        }
    }

    fn action(&mut self, what: &str, action: &ProbeAction) {
        match action {
            ProbeAction::HttpGet(port, path) => {
                if !self.lowering.ports.iter().any(|known| known.name == *port) {
                    self.refuse("lowering.probe", format!("{what} asks port {}, which the lowering does not have", quote(port)));
                }
                if !path.starts_with('/') || path.len() > 1024 || path.chars().any(|c| c.is_control() || c.is_whitespace()) {
                    self.refuse("lowering.probe", format!("{what} asks for {}, which is no path", quote(path)));
                }
            }
            ProbeAction::Exec(argv) => {
                let bad = |arg: &String| arg.len() > MAX_TEXT || arg.contains('\0');
                if argv.first().is_none_or(String::is_empty) || argv.len() > super::MAX_ITEMS || argv.iter().any(bad) {
                    self.refuse("lowering.probe", format!("{what} has no program, or an argument that cannot be passed"));
                }
            }
            ProbeAction::FileExists(path) | ProbeAction::DirExists(path) => self.path(what, path),
            ProbeAction::JsonFile(path, pointer) => {
                self.path(what, path);
                if !super::environment::is_pointer(pointer) {
                    self.refuse("lowering.probe", format!("{what} has a malformed pointer"));
                }
            }
        }
    }
}

/// Returns whether a text is a dotted key (`runtime.health`).
fn is_key(text: &str) -> bool {
    text.len() <= 256 && is_line(text) && text.split('.').all(|part| !part.is_empty())
}
