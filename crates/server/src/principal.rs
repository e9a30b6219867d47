//! On whose behalf a request is made, and through which program.

use orderlog_domain::envelope::{Actor, Agent};

/// Longest name, version or model of a client that is recorded, in characters.
const MAX_AGENT_TEXT: usize = 100;

/// The one who answers for a request. Derived from the request's credential, never from an argument; as long as the
/// server has no credentials it is always [`Principal::local`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Principal {
    pub(crate) user: String,
    pub(crate) role: String,
}

impl Principal {
    /// Whoever can reach a loopback port or start the binary.
    pub(crate) fn local() -> Principal {
        Principal { user: "local".to_owned(), role: "owner".to_owned() }
    }

    /// As events name it.
    pub(crate) fn actor(&self) -> Actor {
        Actor { user: self.user.clone(), role: self.role.clone() }
    }
}

/// What came with a request besides its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) principal: Principal,
    pub(crate) agent: Option<Agent>,
    /// W3C trace id, 32 hex digits.
    pub(crate) trace_id: Option<String>,
}

impl Caller {
    /// A command line of this machine.
    pub(crate) fn command_line(subcommand: &str) -> Caller {
        let agent = agent(&format!("orderlog {subcommand}"), env!("CARGO_PKG_VERSION"), None);
        Caller { principal: Principal::local(), agent: Some(agent), trace_id: None }
    }
}

/// A client's description of itself, cut to a sane length.
pub(crate) fn agent(name: &str, version: &str, model: Option<&str>) -> Agent {
    let cut = |text: &str| text.chars().filter(|c| !c.is_control()).take(MAX_AGENT_TEXT).collect::<String>();
    Agent { name: cut(name), version: cut(version), model: model.map(cut) }
}

/// The trace id of a W3C `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`.
pub(crate) fn trace_id(traceparent: &str) -> Option<String> {
    let mut parts = traceparent.split('-');
    let (version, trace) = (parts.next()?, parts.next()?);
    let hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let usable = version.len() == 2
        && version != "ff"
        && trace.len() == 32
        && hex(trace)
        && trace.bytes().any(|b| b != b'0')
        && parts.next().is_some_and(|parent| parent.len() == 16 && hex(parent));
    usable.then(|| trace.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_valid_trace_ids_are_taken() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_id(&format!("00-{trace}-00f067aa0ba902b7-01")).as_deref(), Some(trace));
        for bad in ["", "00-xyz", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", trace] {
            assert_eq!(trace_id(bad), None, "{bad}");
        }
    }
}
