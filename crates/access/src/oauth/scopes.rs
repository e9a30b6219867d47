//! Which rights a scope gives: a right's name gives that right, a role's name gives its rights, `admin` gives all.

use crate::rights::{Right, Rights, Role, SINGLE_RIGHTS};

/// Roles, from the most rights to the fewest.
const ROLES: [Role; 4] = [Role::Owner, Role::Staff, Role::Auditor, Role::Viewer];

/// The rights that the scopes of a token grant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Granted {
    pub(super) rights: Rights,
    /// Name of the role in events.
    pub(super) role: &'static str,
    /// The scopes that grant something here.
    pub(super) scopes: String,
}

impl Granted {
    /// The rights of these scopes; `None` if they grant nothing. Unknown scopes are ignored: `openid`, for example, is
    /// for others.
    pub(super) fn by<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Option<Granted> {
        let mut granted = Granted { rights: Rights::NONE, role: SINGLE_RIGHTS, scopes: String::new() };
        let mut roles = vec![];
        for scope in scopes {
            let rights = match (scope.parse::<Role>(), scope.parse::<Right>()) {
                (Ok(role), _) => {
                    roles.push(role);
                    role.rights()
                }
                (_, Ok(Right::Admin)) => {
                    roles.push(Role::Owner);
                    Rights::all()
                }
                (_, Ok(right)) => [right].into_iter().collect(),
                _ => continue,
            };
            granted.rights = granted.rights.and(Right::ALL.into_iter().filter(|right| rights.has(*right)));
            granted.scopes = with(&granted.scopes, scope);
        }
        if let Some(role) = ROLES.into_iter().find(|role| roles.contains(role)) {
            granted.role = role.name();
        }
        (!granted.rights.is_empty()).then_some(granted)
    }
}

/// These scopes and one more.
pub(super) fn with(scopes: &str, more: &str) -> String {
    match scopes.split(' ').any(|scope| scope == more) {
        true => scopes.to_owned(),
        false => format!("{scopes} {more}").trim_start().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_open_what_they_name_and_what_is_below() {
        for (scopes, rights, role) in [
            ("orders:read", "orders:read", "custom"),
            ("openid orders:read orders:read profile", "orders:read", "custom"),
            ("viewer", "orders:read", "viewer"),
            ("viewer orders:refund", "orders:read orders:refund", "viewer"),
            ("auditor viewer", "orders:read audit:read", "auditor"),
            ("viewer staff", "orders:read orders:write inventory:write customers:read notify:write", "staff"),
        ] {
            let granted = Granted::by(scopes.split(' ')).unwrap();
            assert_eq!((granted.rights.to_string().as_str(), granted.role), (rights, role), "{scopes}");
        }
        for all in ["admin", "owner", "orders:read admin"] {
            let granted = Granted::by(all.split(' ')).unwrap();
            assert_eq!((granted.rights, granted.role), (Rights::all(), "owner"), "{all}");
        }
        for nothing in ["", "openid", "Orders:Read", "orders:*", "orders", "administrator"] {
            assert_eq!(Granted::by(nothing.split(' ')), None, "{nothing}");
        }
    }

    #[test]
    fn what_is_asked_for_next_holds_what_is_held() {
        let held = Granted::by("openid staff".split(' ')).unwrap().scopes;
        assert_eq!(with(&held, "orders:refund"), "staff orders:refund");
        assert_eq!(with("staff", "staff"), "staff");
        assert_eq!(with("", "staff"), "staff");
    }
}
