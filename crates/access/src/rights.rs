//! Rights, sets of them, and the roles that are usual bundles.

use std::{fmt, str::FromStr};

/// Name, in events, of the role of a user who was given single rights.
pub(crate) const SINGLE_RIGHTS: &str = "custom";

/// A right. Each tool needs one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// See orders, stock, products and figures.
    OrdersRead,
    /// Place orders and change them.
    OrdersWrite,
    /// Pay money back.
    OrdersRefund,
    /// Change stock and products.
    InventoryWrite,
    /// See names, addresses and what was typed about people; hidden without it.
    CustomersRead,
    /// Forget a customer.
    CustomersErase,
    /// Read the log itself, and the metrics.
    AuditRead,
    /// Make and end rules of notifications.
    NotifyWrite,
    /// Change settings of the whole shop.
    Admin,
}

impl Right {
    /// All rights.
    pub const ALL: [Right; 9] = [
        Right::OrdersRead,
        Right::OrdersWrite,
        Right::OrdersRefund,
        Right::InventoryWrite,
        Right::CustomersRead,
        Right::CustomersErase,
        Right::AuditRead,
        Right::NotifyWrite,
        Right::Admin,
    ];

    /// `orders:read`
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Right::OrdersRead => "orders:read",
            Right::OrdersWrite => "orders:write",
            Right::OrdersRefund => "orders:refund",
            Right::InventoryWrite => "inventory:write",
            Right::CustomersRead => "customers:read",
            Right::CustomersErase => "customers:erase",
            Right::AuditRead => "audit:read",
            Right::NotifyWrite => "notify:write",
            Right::Admin => "admin",
        }
    }

    fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Right {
    type Err = String;

    fn from_str(text: &str) -> Result<Right, String> {
        let found = Right::ALL.into_iter().find(|right| right.name() == text);
        found.ok_or_else(|| format!("there is no right `{text}`; the rights are {}", named(&Right::ALL)))
    }
}

fn named(rights: &[Right]) -> String {
    rights.iter().map(|right| right.name()).collect::<Vec<_>>().join(", ")
}

/// A set of rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights(u16);

impl Rights {
    /// No rights.
    pub const NONE: Rights = Rights(0);

    /// Every right there is.
    #[must_use]
    pub fn all() -> Rights {
        Right::ALL.into_iter().collect()
    }

    /// Whether the set contains this right.
    #[must_use]
    pub fn has(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These and others.
    #[must_use]
    pub fn and(self, others: impl IntoIterator<Item = Right>) -> Rights {
        others.into_iter().fold(self, |rights, right| Rights(rights.0 | right.bit()))
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Rights {
        Rights::NONE.and(rights)
    }
}

/// `orders:read orders:write`
impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut held = Right::ALL.into_iter().filter(|right| self.has(*right));
        if let Some(first) = held.next() {
            write!(f, "{first}")?;
        }
        held.try_for_each(|right| write!(f, " {right}"))
    }
}

impl FromStr for Rights {
    type Err = String;

    fn from_str(text: &str) -> Result<Rights, String> {
        text.split_whitespace().map(str::parse::<Right>).collect()
    }
}

/// A usual bundle of rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// All rights.
    Owner,
    /// Daily business: no refunds, no erasing, no settings.
    Staff,
    /// Orders, stock and figures, without personal data.
    Viewer,
    /// The rights of a viewer, and the log itself.
    Auditor,
}

impl Role {
    /// All roles.
    pub const ALL: [Role; 4] = [Role::Owner, Role::Staff, Role::Viewer, Role::Auditor];

    /// Name of the role in events.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Role::Owner => "owner",
            Role::Staff => "staff",
            Role::Viewer => "viewer",
            Role::Auditor => "auditor",
        }
    }

    /// The rights of the role.
    #[must_use]
    pub fn rights(self) -> Rights {
        use Right::{AuditRead, CustomersRead, InventoryWrite, NotifyWrite, OrdersRead, OrdersWrite};
        match self {
            Role::Owner => Rights::all(),
            Role::Staff => [OrdersRead, OrdersWrite, InventoryWrite, CustomersRead, NotifyWrite].into_iter().collect(),
            Role::Viewer => [OrdersRead].into_iter().collect(),
            Role::Auditor => [OrdersRead, AuditRead].into_iter().collect(),
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Role, String> {
        let found = Role::ALL.into_iter().find(|role| role.name() == text);
        found.ok_or_else(|| format!("there is no role `{text}`; the roles are owner, staff, viewer and auditor"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_kept_and_read_by_their_names() {
        for right in Right::ALL {
            assert_eq!(right.name().parse(), Ok(right));
            let others: Rights = Right::ALL.into_iter().filter(|other| *other != right).collect();
            assert!(!others.has(right) && Rights::all().has(right), "{right}");
        }
        assert_eq!(Rights::all().to_string().parse(), Ok(Rights::all()));
        assert_eq!(Rights::NONE.to_string().parse(), Ok(Rights::NONE));
        assert!("orders:everything".parse::<Right>().unwrap_err().contains("orders:refund"));
    }

    #[test]
    fn a_role_is_what_its_page_says() {
        let told = |role: Role| role.rights().to_string();
        assert_eq!(Role::Owner.rights(), Rights::all());
        assert_eq!(told(Role::Staff), "orders:read orders:write inventory:write customers:read notify:write");
        assert_eq!(told(Role::Viewer), "orders:read");
        assert_eq!(told(Role::Auditor), "orders:read audit:read");
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
        }
    }
}
