//! The user on whose behalf a request is made.

use std::{
    process::{Command, Stdio},
    sync::OnceLock,
};

use orderlog_domain::envelope::Actor;

use crate::rights::{Right, Rights};

/// Longest name of a user that is recorded, in characters.
pub(crate) const MAX_NAME: usize = 100;
/// Name, in events, of the user who needs no credentials.
pub(crate) const OPERATOR: &str = "local";

/// The user who answers for a request. Derived from the request's credential, never from an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Name of the user in events.
    pub user: String,
    /// Name of the role in events.
    pub role: String,
    /// What the user may do.
    pub rights: Rights,
    /// Highest sum of an order's refunds, this one included, in minor units of the shop's currency; `None` if there is
    /// no limit.
    pub refunds_up_to: Option<i64>,
    /// For a user who signed in with OAuth: the scopes of the token that mean something here. A client that needs more asks the
    /// user for more.
    pub scopes: Option<String>,
    /// The id of the key by which the user came in, where it is one. Names are given again; ids never are.
    pub key: Option<String>,
}

impl Principal {
    /// The operating user: everybody who can reach a loopback port or start the binary.
    #[must_use]
    pub fn local() -> Principal {
        Principal::owner(OPERATOR.to_owned())
    }

    /// No user: a request whose credential was not checked may do nothing.
    #[must_use]
    pub fn nobody() -> Principal {
        let (user, role) = ("nobody".to_owned(), "none".to_owned());
        Principal { user, role, rights: Rights::NONE, refunds_up_to: None, scopes: None, key: None }
    }

    /// The user of this machine who started the program, as the machine's own list of users names it.
    #[must_use]
    pub fn of_this_machine() -> Principal {
        static NAME: OnceLock<Option<String>> = OnceLock::new();
        let ask = || {
            let output = Command::new("id").arg("-un").stdin(Stdio::null()).output().ok()?;
            let name: String = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            let name: String = name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
            (output.status.success() && !name.is_empty()).then_some(name)
        };
        NAME.get_or_init(ask).clone().map_or_else(Principal::local, Principal::owner)
    }

    fn owner(user: String) -> Principal {
        Principal {
            user,
            role: "owner".to_owned(),
            rights: Rights::all(),
            refunds_up_to: None,
            scopes: None,
            key: None,
        }
    }

    /// Whether the user has this right.
    #[must_use]
    pub fn may(&self, right: Right) -> bool {
        self.rights.has(right)
    }

    /// Whether this user may undo what `user` did: a user with all rights may.
    #[must_use]
    pub fn speaks_for(&self, user: &str) -> bool {
        self.user == user || self.may(Right::Admin)
    }

    /// The user, as events name it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor { user: self.user.clone(), role: self.role.clone() }
    }
}
