//! On whose behalf a request is made, and through which program.

use std::{
    process::{Command, Stdio},
    sync::OnceLock,
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
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

/// The program that a User-Agent header names first: `python-httpx/0.28.1 (…)`.
pub fn user_agent(header: &str) -> Option<Agent> {
    let product = header.split([' ', '(']).next()?;
    let (name, version) = product.split_once('/').unwrap_or((product, ""));
    (!name.is_empty()).then(|| agent(name, version, None))
}

/// How the header of a session begins that carries a client's name.
const SESSION: &str = "client.";

/// What the client repeats with every request, in place of a session that the server would have to remember. It proves
/// nothing, as what a client says of itself never does.
pub fn to_session(agent: &Agent) -> Option<String> {
    let said = serde_json::to_vec(&(&agent.name, &agent.version)).ok()?;
    (!agent.name.is_empty()).then(|| format!("{SESSION}{}", BASE64_URL_SAFE_NO_PAD.encode(said)))
}

/// The client named in such a header.
pub fn of_session(header: &str) -> Option<Agent> {
    let said = BASE64_URL_SAFE_NO_PAD.decode(header.strip_prefix(SESSION)?).ok()?;
    let (name, version): (String, String) = serde_json::from_slice(&said).ok()?;
    (!name.is_empty()).then(|| agent(&name, &version, None))
}

/// The trace id of a W3C `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`.
pub fn trace_id(traceparent: &str) -> Option<String> {
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
    fn clients_are_known_by_what_they_say() {
        let named = |name: &str, version: &str| Some(agent(name, version, None));
        assert_eq!(user_agent("python-httpx/0.28.1"), named("python-httpx", "0.28.1"));
        assert_eq!(user_agent("shop"), named("shop", ""));
        assert_eq!(user_agent("Mozilla/5.0 (X11; Linux) Chrome/1"), named("Mozilla", "5.0"));
        assert_eq!(user_agent(""), None);
        let client = agent("Cursör \u{1f600}", "1.2", None);
        assert_eq!(of_session(&to_session(&client).unwrap()), Some(client));
        assert_eq!(to_session(&agent("", "1", None)), None);
        for bad in [
            "",
            "client.",
            "client.%%%",
            "1868a90c-session",
            &format!("client.{}", BASE64_URL_SAFE_NO_PAD.encode("{}")),
        ] {
            assert_eq!(of_session(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_valid_trace_ids_are_taken() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_id(&format!("00-{trace}-00f067aa0ba902b7-01")).as_deref(), Some(trace));
        for bad in ["", "00-xyz", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", trace] {
            assert_eq!(trace_id(bad), None, "{bad}");
        }
    }
}
