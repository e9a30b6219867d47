//! The principal of a request, and the program that sent it.

pub use orderlog_access::Principal;
use orderlog_domain::envelope::{Actor, Agent};

/// Longest name, version or model of a client that is recorded, in characters.
const MAX_AGENT_TEXT: usize = 100;

/// The data that comes with a request in addition to its arguments.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user who answers for the request.
    pub principal: Principal,
    /// The program that sent the request, if it is named.
    pub agent: Option<Agent>,
    /// W3C trace id, 32 hex digits.
    pub trace_id: Option<String>,
    /// Whether a person stands behind the call, or only a program.
    pub word: Word,
    /// The address by which the caller reached this server, for links to its pages: `https://shop.example`.
    pub address: Option<String>,
}

/// Whether a person asked for a call or agreed to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Word {
    /// No person: a program calls, and a model may drive it.
    #[default]
    Program,
    /// A person asks for it, on a page or at the keyboard of this machine.
    Person,
    /// This person agreed to what a program asked for, as the log records.
    Agreed(Actor),
}

impl Caller {
    /// A command line of this machine.
    pub fn command_line(subcommand: &str) -> Caller {
        let agent = agent(&format!("orderlog {subcommand}"), env!("CARGO_PKG_VERSION"), None);
        Caller::of(Principal::of_this_machine(), Some(agent))
    }

    /// A caller with a program, which does not count as a person.
    pub fn of(principal: Principal, agent: Option<Agent>) -> Caller {
        Caller { principal, agent, trace_id: None, word: Word::Program, address: None }
    }

    /// The same caller, if a person asks without a program.
    pub fn in_person(self) -> Caller {
        Caller { word: Word::Person, ..self }
    }

    /// The person who agreed to the call.
    pub(crate) fn confirmed_by(&self) -> Option<Actor> {
        match &self.word {
            Word::Program => None,
            Word::Person => Some(self.principal.actor()),
            Word::Agreed(person) => Some(person.clone()),
        }
    }
}

/// The name that a program gives itself, cut to a sensible length.
fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_AGENT_TEXT).collect()
}

/// A client's description of itself, cut to a sane length.
pub fn agent(name: &str, version: &str, model: Option<&str>) -> Agent {
    Agent { name: cut(name), version: cut(version), model: model.map(cut) }
}
