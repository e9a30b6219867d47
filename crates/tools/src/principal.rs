//! On whose behalf a request is made, and through which program.

pub use orderlog_access::Principal;
use orderlog_domain::envelope::{Actor, Agent};

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
    /// Whose word stands behind it.
    pub word: Word,
    /// How the caller reached this server, for links to its pages: `https://shop.example`.
    pub address: Option<String>,
}

/// Whose word stands behind a call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Word {
    /// Nobody's that counts: a program calls, and a model may drive it.
    #[default]
    Program,
    /// A person asks for it, on a page or at the keyboard of this machine.
    Person,
    /// This person agreed to what a program asked for, as the log says.
    Agreed(Actor),
}

impl Caller {
    /// A command line of this machine.
    pub fn command_line(subcommand: &str) -> Caller {
        let agent = agent(&format!("orderlog {subcommand}"), env!("CARGO_PKG_VERSION"), None);
        Caller::of(Principal::of_this_machine(), Some(agent))
    }

    /// Somebody with a program, whose word does not count.
    pub fn of(principal: Principal, agent: Option<Agent>) -> Caller {
        Caller { principal, agent, trace_id: None, word: Word::Program, address: None }
    }

    /// The same, where a person asks and no program does.
    pub fn in_person(self) -> Caller {
        Caller { word: Word::Person, ..self }
    }

    /// Who agreed to what is asked for.
    pub(crate) fn confirmed_by(&self) -> Option<Actor> {
        match &self.word {
            Word::Program => None,
            Word::Person => Some(self.principal.actor()),
            Word::Agreed(person) => Some(person.clone()),
        }
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
