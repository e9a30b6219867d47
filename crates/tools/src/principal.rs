//! On whose behalf a request is made, and through which program.

pub use orderlog_access::Principal;
use orderlog_domain::envelope::Agent;

/// Longest name, version or model of a client that is recorded, in characters.
const MAX_AGENT_TEXT: usize = 100;

/// What came with a request besides its arguments.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who answers for the request.
    pub principal: Principal,
    /// The program that sent it, where it says so.
    pub agent: Option<Agent>,
    /// W3C trace id, 32 hex digits.
    pub trace_id: Option<String>,
}

impl Caller {
    /// A command line of this machine.
    pub fn command_line(subcommand: &str) -> Caller {
        let agent = agent(&format!("orderlog {subcommand}"), env!("CARGO_PKG_VERSION"), None);
        Caller { principal: Principal::of_this_machine(), agent: Some(agent), trace_id: None }
    }
}

/// What somebody says of itself, cut to a sane length.
fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_AGENT_TEXT).collect()
}

/// A client's description of itself, cut to a sane length.
pub fn agent(name: &str, version: &str, model: Option<&str>) -> Agent {
    Agent { name: cut(name), version: cut(version), model: model.map(cut) }
}
