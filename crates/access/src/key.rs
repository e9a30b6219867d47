//! One key: its text, the rights that it grants, and the part of it that is stored.

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use chrono::{DateTime, SecondsFormat, Utc};
use orderlog_keyring::AccessKey;
use rand::TryRngCore as _;
use sha2::{Digest as _, Sha256};

use crate::{
    holder::Holder,
    principal::{MAX_NAME, OPERATOR, Principal},
    rights::{Right, Rights, Role, SINGLE_RIGHTS},
};

/// The first characters of a key, so that scanners for lost secrets recognise it.
pub const PREFIX: &str = "olk_";
/// Bytes of a key's id; it is written in hex.
const ID_BYTES: usize = 6;
/// Bytes of a key's secret.
const SECRET_BYTES: usize = 32;
/// Name of the program in events that no caller asked for, such as the sending of a notification.
const PROGRAM: &str = "orderlog";

/// The properties of a new key.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Name of the user in events.
    pub name: String,
    /// The person or program that will use the key.
    pub holder: Holder,
    /// What the holder may do.
    pub grant: Grant,
    /// Until when.
    pub expires: Option<DateTime<Utc>>,
}

/// What a key may do.
#[derive(Debug, Clone, Default)]
pub struct Grant {
    /// A bundle.
    pub role: Option<Role>,
    /// More than the bundle has.
    pub rights: Vec<Right>,
    /// Highest sum of the refunds of one order, in minor units. If set, the key has the right to refund.
    pub refunds_up_to: Option<i64>,
}

impl Grant {
    fn rights(&self) -> Rights {
        let refunds = self.refunds_up_to.map(|_| Right::OrdersRefund);
        self.role.map_or(Rights::NONE, Role::rights).and(self.rights.iter().copied()).and(refunds)
    }
}

impl Wanted {
    /// Makes a key: its text, which the owner sees once, and the record that is stored.
    ///
    /// # Errors
    /// When the properties contradict each other, or the random source of the system fails.
    pub fn make(&self, now: DateTime<Utc>, by: &str) -> anyhow::Result<(String, AccessKey)> {
        self.check(now)?;
        let (mut id, mut secret) = ([0; ID_BYTES], [0; SECRET_BYTES]);
        let mut random = rand::rngs::OsRng;
        random.try_fill_bytes(&mut id).context("ask the system for randomness")?;
        random.try_fill_bytes(&mut secret).context("ask the system for randomness")?;
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("{PREFIX}{id}_{}", BASE64.encode(secret));
        let kept = AccessKey {
            secret_hash: hash(&secret).to_vec(),
            id,
            name: self.name.clone(),
            holder: self.holder.name().to_owned(),
            role: self.grant.role.map_or(SINGLE_RIGHTS, Role::name).to_owned(),
            rights: self.grant.rights().to_string(),
            refunds_up_to: self.grant.refunds_up_to,
            created_at: written(now),
            created_by: by.to_owned(),
            expires_at: self.expires.map(written),
            revoked_at: None,
            revoked_by: None,
            last_used_at: None,
        };
        Ok((text, kept))
    }

    fn check(&self, now: DateTime<Utc>) -> anyhow::Result<()> {
        let name = &self.name;
        anyhow::ensure!(
            !name.trim().is_empty() && name.trim() == name && name.chars().count() <= MAX_NAME,
            "a key's name has 1 to {MAX_NAME} characters, with no blanks around it"
        );
        anyhow::ensure!(!name.chars().any(char::is_control), "a key's name is one line of text");
        anyhow::ensure!(name != OPERATOR, "`{OPERATOR}` is who calls without a key; give this key another name");
        anyhow::ensure!(
            name != PROGRAM,
            "`{PROGRAM}` is what the program records of itself; give this key another name"
        );
        anyhow::ensure!(
            !self.grant.rights().is_empty(),
            "say what the key may do: --role owner, staff, viewer or auditor, or --right orders:read and so on"
        );
        anyhow::ensure!(
            !name.contains("://"),
            "users who sign in are recorded with the address of their provider; give this key a name without ://"
        );
        let expired = self.expires.is_some_and(|expires| expires <= now);
        anyhow::ensure!(!expired, "the key would have expired already; give a later time");
        Ok(())
    }
}

/// A time, as it is stored.
pub(crate) fn written(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The stored hash of a secret. The secret is random, so one round is enough: nobody can guess it.
fn hash(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Splits the text of a key into its id and the hash of its secret; `None` if the text has another form.
pub(crate) fn read(text: &str) -> Option<(&str, [u8; 32])> {
    let (id, secret) = text.strip_prefix(PREFIX)?.split_at_checked(2 * ID_BYTES)?;
    let mut bytes = [0; SECRET_BYTES];
    let length = BASE64.decode_slice(secret.strip_prefix('_')?, &mut bytes).ok()?;
    (length == SECRET_BYTES).then(|| (id, hash(&bytes)))
}

/// The holder of a stored key, and the principal that calls with it.
///
/// # Errors
/// When a newer release kept rights or a holder that this one does not know: it must not guess what they allow.
pub(crate) fn understood(kept: &AccessKey) -> Result<(Holder, Principal), String> {
    let (holder, rights) = (kept.holder.parse()?, kept.rights.parse()?);
    let (user, role) = (kept.name.clone(), kept.role.clone());
    let (refunds_up_to, key) = (kept.refunds_up_to, Some(kept.id.clone()));
    Ok((holder, Principal { user, role, rights, refunds_up_to, scopes: None, key }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(name: &str, grant: Grant) -> Wanted {
        Wanted { name: name.to_owned(), holder: Holder::Program, grant, expires: None }
    }

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn a_key_is_read_as_it_was_made_and_its_secret_is_not_kept() {
        let role = Some(Role::Staff);
        let (text, kept) = wanted("asha", Grant { role, ..Grant::default() }).make(now(), "root").unwrap();
        assert_eq!(text.len(), PREFIX.len() + 12 + 1 + 43, "{text}");
        let (id, hash) = read(&text).unwrap();
        assert_eq!((id, hash.to_vec()), (kept.id.as_str(), kept.secret_hash.clone()));
        let secret = &text[PREFIX.len() + 13..];
        assert!(!format!("{kept:?}").contains(secret));
        for bad in
            ["", "olk_", &text[4..], &text[..text.len() - 1], &format!("{text}A"), &format!("{text}AA"), "olk_äöü"]
        {
            assert!(read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_limit_of_refunds_gives_the_right_to_refund() {
        let grant = Grant { role: Some(Role::Staff), refunds_up_to: Some(200_000), ..Grant::default() };
        let (_, kept) = wanted("asha", grant).make(now(), "root").unwrap();
        let (holder, who) = understood(&kept).unwrap();
        assert!(holder == Holder::Program && who.may(Right::OrdersRefund) && who.refunds_up_to == Some(200_000));
    }

    #[test]
    fn what_a_newer_release_kept_is_not_guessed_at() {
        let grant = || Grant { role: Some(Role::Staff), ..Grant::default() };
        for holder in Holder::ALL {
            let (_, kept) = Wanted { holder, ..wanted("asha", grant()) }.make(now(), "root").unwrap();
            assert_eq!(understood(&kept).unwrap().0, holder);
            assert!(understood(&AccessKey { holder: "robot".to_owned(), ..kept.clone() }).is_err());
            assert!(understood(&AccessKey { rights: "orders:all".to_owned(), ..kept }).is_err());
        }
    }

    #[test]
    fn keys_that_make_no_sense_are_refused() {
        let staff = || Grant { role: Some(Role::Staff), ..Grant::default() };
        for (name, grant, told) in [
            ("", staff(), "1 to 100"),
            (" asha", staff(), "blanks"),
            ("a\nb", staff(), "one line"),
            ("local", staff(), "without a key"),
            ("orderlog", staff(), "the program records"),
            ("asha@https://id.example", staff(), "without ://"),
            ("asha", Grant::default(), "--role"),
        ] {
            let error = wanted(name, grant).make(now(), "root").unwrap_err().to_string();
            assert!(error.contains(told), "{name:?}: {error}");
        }
        let late = Wanted { expires: Some(now()), ..wanted("asha", staff()) };
        assert!(late.make(now(), "root").unwrap_err().to_string().contains("expired"));
    }
}
