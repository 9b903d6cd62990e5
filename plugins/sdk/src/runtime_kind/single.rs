//! Kinds of which an instance is one agent, with a port of its own: what each of them would check.

use crate::diagnostic::Diagnostic;
use crate::document::instance::{Agent, Instance};

/// Ports of a kind's instances, by their position among all of the kind.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// Port of the first instance.
    pub first: u16,
    /// Distance from one instance to the next, at least 1: more where a program uses ports above its own.
    pub stride: u32,
}

impl Ports {
    /// Returns the port of an instance, if one is left.
    pub fn of(self, instance: &Instance) -> Option<u16> {
        instance.index.checked_mul(self.stride)?.checked_add(self.first.into())?.try_into().ok()
    }
}

/// Checks that the paths are absolute, a port is left, and the instance is one agent. Returns the agent, so that the
/// checks of what it declares can follow.
pub fn check<'a>(instance: &'a Instance, ports: Ports, found: &mut Vec<Diagnostic>) -> Option<&'a Agent> {
    for (name, path) in [("root", &instance.root), ("runtime_root", &instance.runtime_root)] {
        if !path.starts_with('/') {
            found.push(Diagnostic::error("runtime-kind.path", format!("`{path}` is not an absolute path")).at(format!("/{name}")));
        }
    }
    if ports.of(instance).is_none() {
        let message = format!("no port is left for instance number {}", instance.index);
        let hint = format!("use fewer {} agents in one organization", instance.runtime);
        found.push(Diagnostic::error("runtime-kind.port", message).at("/index").hint(hint));
    }
    let [agent] = instance.agents.as_slice() else {
        let message = format!("an instance of runtime kind `{}` is one agent, not {}", instance.runtime, instance.agents.len());
        found.push(Diagnostic::error("runtime-kind.agents", message).at("/agents"));
        return None;
    };
    Some(agent)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTS: Ports = Ports { first: 65000, stride: 300 };

    #[test]
    fn ports_end_where_there_are_no_more() {
        let at = |index| PORTS.of(&Instance { index, ..Instance::sample("k", "a") });
        assert_eq!([at(0), at(1), at(2), at(u32::MAX)], [Some(65000), Some(65300), None, None]);
    }

    #[test]
    fn everything_is_said_at_once() {
        let mut found = Vec::new();
        let good = Instance::sample("k", "a");
        assert_eq!(check(&good, PORTS, &mut found), good.agents.first());
        assert_eq!(found, []);
        let bad = Instance { root: "x".to_owned(), index: 9, agents: Vec::new(), ..good };
        assert_eq!(check(&bad, PORTS, &mut found), None);
        let codes: Vec<&str> = found.iter().map(|diagnostic| diagnostic.code.as_str()).collect();
        assert_eq!(codes, ["runtime-kind.path", "runtime-kind.port", "runtime-kind.agents"]);
    }
}
