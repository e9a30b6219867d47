//! Changes that are hard to take back: previewed first, carried out with a token of the preview.
//!
//! A token is signed, not stored, so that any node can check it. It is bound to the principal, to the arguments and to
//! the version that the preview showed. It works once because it names the command: the command's id is derived from it,
//! and the log acts on an id once; the same call again is answered with the receipt of the first.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use orderlog_commands::Receipt;
use orderlog_domain::{
    commands::{Command, ConfirmWhen},
    envelope,
    guarded::Guarded,
    ids::{CommandId, CustomerId, Version},
    rejection::{Code, Confirmation, Rejection, Unfit},
    states::State,
};
use orderlog_event_log::Hash;
use orderlog_keyring::Keyring;
use serde_json::Value;
use uuid::Uuid;

use crate::{failure::Failure, principal::Principal, shop::OpenShop};

/// The argument that carries a token.
pub const TOKEN: &str = "confirm_token";
/// Most characters of a token that are read; tokens of older releases were longer.
pub(crate) const MAX_TOKEN: usize = 10_000;
/// How long a token is valid.
pub(crate) const TOKEN_MINUTES: i64 = 10;
/// How far the clocks of two nodes may differ: one node checks the token that another made.
const CLOCKS_DIFFER_MINUTES: i64 = 1;
/// Namespace of command ids derived from tokens.
const CONFIRMED_COMMANDS: Uuid = Uuid::from_u128(0x6f72_6465_726c_5f67_8000_636f_6e66_0001);
/// Namespace of the ids under which the log stores the lists that previews showed.
const SHOWN_LISTS: Uuid = Uuid::from_u128(0x6f72_6465_726c_5f67_8000_636f_6e66_0002);
/// Bytes of a token before the signature: expiry in Unix seconds, version, nonce.
const PAYLOAD_BYTES: usize = 8 + 8 + 16;
/// Bytes of a signature in a token: too many to guess within its minutes, and few enough, because assistants repeat
/// every letter.
const SIGNATURE_BYTES: usize = 16;

/// An order's number and the version that the preview showed.
pub(crate) type Pair = (i64, i64);

/// Under which id the log keeps the list of orders that a preview showed.
pub(crate) fn list_id(nonce: Uuid) -> CommandId {
    CommandId(Uuid::new_v5(&SHOWN_LISTS, nonce.as_bytes()))
}

/// Whether the command needs the user's confirmation, now that its changes are known.
pub(crate) fn is_needed(command: &Command, foreseen: &Receipt) -> bool {
    let paid = matches!(&foreseen.before, Some(State::Order(order)) if order.captured > order.refunded);
    !foreseen.no_change()
        && match command.confirm_when() {
            ConfirmWhen::Never => false,
            ConfirmWhen::IfPaid => paid,
            // The decision was refused before.
            ConfirmWhen::IfRefused => true,
            ConfirmWhen::Always => true,
        }
}

/// The guarded acts in a foreseen change, to which a person must agree in this shop.
pub(crate) fn guarded(shop: &OpenShop, foreseen: &Receipt) -> Result<Guarded, Failure> {
    let wanted = shop.settings.confirmed_by_people;
    if wanted.is_empty() {
        return Ok(Guarded::NONE);
    }
    let mut found = Guarded::NONE;
    for event in foreseen.events() {
        found = found.and(envelope::decode(&event.json).map_err(anyhow::Error::new)?.data.guarded());
    }
    Ok(found.among(wanted))
}

/// The request to which a token is bound.
pub(crate) struct Bound<'a> {
    pub(crate) keyring: &'a Keyring,
    pub(crate) principal: &'a Principal,
    pub(crate) request: Hash,
    /// Whether a person agreed to the act on a page: then the question decides how long the agreement is valid.
    pub(crate) agreed: bool,
}

/// The content of a valid token.
pub(crate) struct Confirmed {
    /// The version that the preview showed.
    pub(crate) version: Version,
    /// The command's id, if no idempotency key gives it another.
    pub(crate) command_id: Uuid,
    /// Where the log stores the orders that the preview showed, if there were many.
    pub(crate) list: CommandId,
}

impl Bound<'_> {
    /// The bytes that are signed: the content of the token, the principal and the request.
    fn signed<T>(&self, payload: &[u8], with: impl FnOnce(&Keyring, &[&[u8]]) -> T) -> T {
        let user = self.principal.user.as_bytes();
        with(self.keyring, &[&(user.len() as u64).to_be_bytes(), user, &self.request.0, payload])
    }

    fn token(&self, version: Version, expires: DateTime<Utc>, nonce: Uuid) -> String {
        let mut bytes = Vec::with_capacity(PAYLOAD_BYTES + SIGNATURE_BYTES);
        bytes.extend(expires.timestamp().to_be_bytes());
        bytes.extend(version.0.to_be_bytes());
        bytes.extend(nonce.as_bytes());
        let signature = self.signed(&bytes, Keyring::sign);
        bytes.extend(&signature[..SIGNATURE_BYTES]);
        BASE64.encode(bytes)
    }

    /// The content of the token, or why it is not valid.
    pub(crate) fn check(&self, token: &str, now: DateTime<Utc>) -> Result<Confirmed, Unfit> {
        let (expires, confirmed) = self.read(token)?;
        if self.agreed {
            return Ok(confirmed);
        }
        // A token with a later expiry than any that is made now was made while the clock was ahead, at an unknown time.
        let longest = (now + TimeDelta::minutes(TOKEN_MINUTES + CLOCKS_DIFFER_MINUTES)).timestamp();
        if (now.timestamp() + 1..=longest).contains(&expires) { Ok(confirmed) } else { Err(Unfit::Expired) }
    }

    /// The content of the token, and until when it is valid (Unix seconds).
    pub(crate) fn read(&self, token: &str) -> Result<(i64, Confirmed), Unfit> {
        let bytes = BASE64.decode(token).map_err(|_| Unfit::Foreign)?;
        if bytes.len() != PAYLOAD_BYTES + SIGNATURE_BYTES {
            return Err(Unfit::Foreign);
        }
        let (payload, signature) = bytes.split_at(bytes.len() - SIGNATURE_BYTES);
        if !self.signed(payload, |keyring, parts| keyring.has_signed(parts, signature)) {
            return Err(Unfit::Foreign);
        }
        let number = |from: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&payload[from..from + 8]);
            i64::from_be_bytes(bytes)
        };
        let nonce = Uuid::from_slice(&payload[16..PAYLOAD_BYTES]).map_err(|_| Unfit::Foreign)?;
        let command_id = Uuid::new_v5(&CONFIRMED_COMMANDS, token.as_bytes());
        Ok((number(0), Confirmed { version: Version(number(8)), command_id, list: list_id(nonce) }))
    }

    /// Asks for the user's confirmation: the preview and a new token. `at` is the present time and a new random id.
    pub(crate) fn ask(
        &self,
        preview: Value,
        version: Version,
        at: (DateTime<Utc>, Uuid),
        unfit: Option<Unfit>,
        guarded: Guarded,
        concerns: Option<CustomerId>,
    ) -> Rejection {
        let (now, nonce) = at;
        let expires = now + TimeDelta::minutes(TOKEN_MINUTES);
        let why = unfit.map(|why| format!("{why} ")).unwrap_or_default();
        let message = format!("{why}The user must confirm this.");
        let mut rejection = Rejection::new(Code::ConfirmationRequired, message)
            .hint("Show the preview; after a yes repeat with confirm_token.");
        rejection.confirmation = Some(Box::new(Confirmation {
            confirm_token: self.token(version, expires, nonce),
            expires_at: expires.to_rfc3339_opts(SecondsFormat::Secs, true),
            preview,
            unfit,
            guarded,
            concerns: concerns.map(|customer| customer.0),
        }));
        rejection
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An assistant repeats the token letter by letter.
    const TOKEN_CHARACTERS: usize = 100;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_token_serves_for_its_ten_minutes_by_the_clock_that_is_right() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log.db");
        let which = orderlog_event_log::WhichLog { log_id: Uuid::nil(), file: Some(log.clone()) };
        let keyring = Keyring::open(&orderlog_event_log::sqlite_url(&log), &which).await.unwrap();
        let bound = Bound { keyring: &keyring, principal: &Principal::local(), request: Hash::ZERO, agreed: false };
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let check = |made: TimeDelta| {
            let expires = now + made + TimeDelta::minutes(TOKEN_MINUTES);
            bound.check(&bound.token(Version(3), expires, Uuid::nil()), now).map(|confirmed| confirmed.version.0)
        };
        assert!(bound.token(Version(i64::MAX), now, Uuid::max()).len() <= TOKEN_CHARACTERS);
        assert_eq!(check(TimeDelta::zero()), Ok(3));
        assert_eq!(check(-TimeDelta::minutes(TOKEN_MINUTES) + TimeDelta::seconds(1)), Ok(3));
        assert_eq!(check(-TimeDelta::minutes(TOKEN_MINUTES)), Err(Unfit::Expired));
        // One was made by a node whose clock is a little ahead; one while the clock was a year ahead.
        assert_eq!(check(TimeDelta::seconds(50)), Ok(3));
        assert_eq!(check(TimeDelta::days(365)), Err(Unfit::Expired));
    }
}
