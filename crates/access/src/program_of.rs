//! What a program with a key may do now, asked by the key's id: a new key of the same name is another one.

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use orderlog_keyring::Keyring;

use crate::{holder::Holder, key, principal::Principal};

/// The program with the key of that id, while it is in force; none where it was revoked or has expired, and none of a person.
///
/// # Errors
/// When the keys cannot be read.
pub fn program_of<'a>(
    keyring: &'a Keyring,
    id: &'a str,
    now: DateTime<Utc>,
) -> BoxFuture<'a, anyhow::Result<Option<Principal>>> {
    Box::pin(async move {
        let in_force = |until: &str| DateTime::parse_from_rfc3339(until).is_ok_and(|until| now < until);
        let keys = keyring.access_keys().await?;
        let mut found = keys.iter().filter(|kept| {
            kept.id == id && kept.revoked_at.is_none() && kept.expires_at.as_deref().is_none_or(in_force)
        });
        Ok(found.find_map(|kept| match key::understood(kept) {
            Ok((Holder::Program, principal)) => Some(principal),
            _ => None,
        }))
    })
}
