//! On whose behalf a request is made, and through which program.

use std::{
    process::{Command, Stdio},
    sync::OnceLock,
};

use orderlog_domain::envelope::{Actor, Agent};

/// Longest name, version or model of a client that is recorded, in characters.
const MAX_AGENT_TEXT: usize = 100;

/// The one who answers for a request. Derived from the request's credential, never from an argument; as long as the
/// server has no credentials it is always [`Principal::local`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// As events name the user.
    pub user: String,
    /// As events name the role.
    pub role: String,
}

impl Principal {
    /// Whoever can reach a loopback port or start the binary.
    pub fn local() -> Principal {
        Principal { user: "local".to_owned(), role: "owner".to_owned() }
    }

    /// The user of this machine who started the program, as the machine's own list of users names it.
    pub fn of_this_machine() -> Principal {
        static NAME: OnceLock<Option<String>> = OnceLock::new();
        let ask = || {
            let output = Command::new("id").arg("-un").stdin(Stdio::null()).output().ok()?;
            let name = cut(String::from_utf8_lossy(&output.stdout).trim());
            (output.status.success() && !name.is_empty()).then_some(name)
        };
        let name = NAME.get_or_init(ask).clone();
        name.map_or_else(Principal::local, |user| Principal { user, role: "owner".to_owned() })
    }

    /// Whether what that user did is this one's to take back: whoever reaches the server may do all that the users of
    /// its machine may.
    pub fn speaks_for(&self, user: &str) -> bool {
        self.user == user || *self == Principal::local()
    }

    /// As events name it.
    pub fn actor(&self) -> Actor {
        Actor { user: self.user.clone(), role: self.role.clone() }
    }
}

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
