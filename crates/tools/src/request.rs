//! The frame of one call of a command: the caller, the id, and the arguments that every command takes in addition to
//! its own.

use orderlog_domain::{decide::Ask, ids::CommandId, rejection::Rejection};
use orderlog_event_log::Hash;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    answer::Detail,
    arguments::{COMMON, read_as},
    call::Call,
    confirm::{Bound, Confirmed},
    principal::{Caller, Principal, Word},
    schema::Object,
    shop::OpenShop,
};

/// Namespace of command ids derived from idempotency keys.
const KEYED_COMMANDS: Uuid = Uuid::from_u128(0x6f72_6465_726c_5f67_8000_6964_656d_0001);

/// The argument which says that a repetition of a recent act is intended. It is not part of what is asked for.
pub const AGAIN: &str = "allow_duplicate";

/// Arguments that every command takes besides its own.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Common {
    /// One per change; repeats act once.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    pub(crate) idempotency_key: Option<String>,
    /// Refuse at another version.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub(crate) expected_version: Option<i64>,
    /// Only show what would happen.
    #[serde(default)]
    pub(crate) dry_run: Option<bool>,
    /// Only of tools that may ask; see [`crate::tool::Tool::asks`].
    #[serde(default)]
    #[schemars(skip)]
    pub(crate) confirm_token: Option<String>,
    /// Why.
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub(crate) reason: Option<String>,
    /// The user's words.
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub(crate) request_text: Option<String>,
}

/// The frame of a command: the caller, the id, and the common arguments.
#[derive(Debug, Clone)]
pub struct Request {
    pub(crate) common: Common,
    pub(crate) command_id: CommandId,
    /// Whether the same call may come again under the same id.
    pub(crate) keyed: bool,
    /// What to refuse until the user confirms it.
    pub(crate) ask: Ask,
    pub(crate) hash: Hash,
    /// The hash that older releases made of the same request: with the reason and the user's words.
    pub(crate) former_hash: Hash,
    pub(crate) caller: Caller,
    /// How much the answer must contain.
    pub(crate) detail: Detail,
    /// The call about many orders to which this command belongs.
    pub(crate) whole: Option<Uuid>,
    /// The command that this one undoes.
    pub(crate) undoes: Option<Uuid>,
}

impl Request {
    /// Takes the common arguments out of a call's, leaving the command's own.
    pub(crate) fn split(shop: &OpenShop, tool: &'static str, call: Call) -> Result<(Request, Object), Rejection> {
        let Call { mut arguments, caller, detail, .. } = call;
        let mut common = Object::new();
        for name in COMMON {
            common.extend(arguments.remove_entry(name));
        }
        let common: Common = read_as(common)?;
        let meant_again = arguments.remove(AGAIN) == Some(Value::Bool(true));
        let hash = request_hash(tool, &arguments, common.expected_version, [None, None]);
        let words = [common.reason.as_deref(), common.request_text.as_deref()];
        let former_hash = match words {
            [None, None] => hash,
            words => request_hash(tool, &arguments, common.expected_version, words),
        };
        let command_id = match &common.idempotency_key {
            Some(key) => keyed_command(&caller.principal.user, key),
            None => CommandId(shop.clock.new_id()),
        };
        let keyed = common.idempotency_key.is_some();
        let ask = Ask { repeated: !keyed && !meant_again, too_much: true };
        let (whole, undoes) = (None, None);
        let request = Request { common, command_id, keyed, ask, hash, former_hash, caller, detail, whole, undoes };
        Ok((request, arguments))
    }

    /// A command that an import reads from a file. It needs no key: to repeat it changes nothing.
    pub fn of_import(
        shop: &OpenShop,
        tool: &'static str,
        mut row: Object,
        dry_run: bool,
        caller: Caller,
    ) -> Result<Request, Rejection> {
        row.insert("dry_run".to_owned(), dry_run.into());
        Ok(Request::split(shop, tool, Call::new(row, caller))?.0.meant())
    }

    /// The same request as a dry run.
    pub(crate) fn trial(&self) -> Request {
        let mut trial = self.clone();
        trial.common.dry_run = Some(true);
        trial
    }

    /// One of several commands of the same request, about one order and against the version of that order. Under one
    /// key each order is changed once, no matter how often the user is asked.
    pub(crate) fn part(&self, confirmed: &Confirmed, order_id: i64, version: i64) -> Request {
        let whole = self.whole_id(confirmed);
        let mut part = self.clone().meant();
        part.whole = Some(whole);
        part.command_id = CommandId(Uuid::new_v5(&whole, &order_id.to_be_bytes()));
        part.keyed = true;
        part.common.expected_version = Some(version);
        part
    }

    /// The id of such a request as a whole: undoing it undoes all its commands.
    pub(crate) fn whole_id(&self, confirmed: &Confirmed) -> Uuid {
        if self.keyed { self.command_id.0 } else { confirmed.command_id }
    }

    /// Such a request as a whole, so that the log records that it was carried out.
    pub(crate) fn whole(&self, confirmed: Option<&Confirmed>) -> Option<Request> {
        let mut whole = self.clone();
        if !self.keyed {
            whole.command_id = CommandId(confirmed?.command_id);
        }
        let Common { reason, request_text, expected_version, .. } = &mut whole.common;
        (*reason, *request_text, *expected_version) = (None, None, None);
        whole.keyed = true;
        Some(whole)
    }

    /// The list of orders that the preview shows, so that the log stores it.
    pub(crate) fn list(&self, id: CommandId) -> Request {
        let mut list = self.clone();
        let Common { reason, request_text, expected_version, .. } = &mut list.common;
        (*reason, *request_text, *expected_version) = (None, None, None);
        (list.command_id, list.keyed) = (id, true);
        list
    }

    /// The request to which a confirm token is bound.
    pub(crate) fn bound<'a>(&'a self, shop: &'a OpenShop) -> Bound<'a> {
        let agreed = matches!(self.caller.word, Word::Agreed(_));
        Bound { keyring: &shop.keyring, principal: &self.caller.principal, request: self.hash, agreed }
    }

    /// Whether some acts of this request must wait for a person.
    pub(crate) fn may_wait(&self, shop: &OpenShop) -> bool {
        !shop.settings.confirmed_by_people.is_empty() && self.caller.word == Word::Program
    }

    /// What stands for who called what, in hex. Two calls with different idempotency keys are two, and so are those of two
    /// access keys of one name: what a person is asked for one of them is not done for the other.
    pub(crate) fn call(&self) -> String {
        let mut hasher = Sha256::new();
        for text in [&self.caller.principal.user, self.common.idempotency_key.as_ref().unwrap_or(&String::new())] {
            hash_text(&mut hasher, text);
        }
        if let Some(key) = &self.caller.principal.key {
            hash_text(&mut hasher, key);
        }
        hasher.update(self.hash.0);
        hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(crate) fn principal(&self) -> &Principal {
        &self.caller.principal
    }

    pub(crate) fn is_dry_run(&self) -> bool {
        self.common.dry_run == Some(true)
    }

    /// The same request, for which nothing more is to be asked.
    pub(crate) fn meant(self) -> Request {
        Request { ask: Ask::default(), ..self }
    }
}

/// The id of the command that a user asks for with this idempotency key.
pub fn keyed_command(user: &str, key: &str) -> CommandId {
    CommandId(Uuid::new_v5(&KEYED_COMMANDS, format!("{user}\0{key}").as_bytes()))
}

/// SHA-256 over the tool's name and the arguments, in any order of their members. The reason and the user's `words` are
/// not included; older releases included them.
fn request_hash(tool: &str, arguments: &Object, expected_version: Option<i64>, words: [Option<&str>; 2]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(tool);
    hash_object(&mut hasher, arguments);
    hasher.update(expected_version.unwrap_or(-1).to_be_bytes());
    for text in words {
        hash_text(&mut hasher, text.unwrap_or("\0"));
    }
    Hash(hasher.finalize().into())
}

fn hash_object(hasher: &mut Sha256, object: &Object) {
    let mut names: Vec<&String> = object.keys().collect();
    names.sort_unstable();
    hasher.update(b"{");
    for name in names {
        hash_text(hasher, name);
        hash_value(hasher, &object[name]);
    }
    hasher.update(b"}");
}

fn hash_value(hasher: &mut Sha256, value: &Value) {
    match value {
        Value::Object(object) => hash_object(hasher, object),
        Value::Array(items) => {
            hasher.update(b"[");
            items.iter().for_each(|item| hash_value(hasher, item));
            hasher.update(b"]");
        }
        Value::String(text) => hash_text(hasher, text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            hasher.update(b"=");
            hash_text(hasher, &value.to_string());
        }
    }
}

/// Hashes the length before the text, so that no two requests have the same bytes.
fn hash_text(hasher: &mut Sha256, text: &str) {
    hasher.update((text.len() as u64).to_be_bytes());
    hasher.update(text);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hash(value: Value) -> Hash {
        request_hash("orders.ship", value.as_object().unwrap(), None, [None, None])
    }

    #[test]
    fn the_hash_ignores_order_but_nothing_else() {
        let one = hash(json!({"order_id": 1001, "lines": [{"line": 1, "quantity": 2}]}));
        assert_eq!(one, hash(json!({"lines": [{"quantity": 2, "line": 1}], "order_id": 1001})));
        assert_ne!(one, hash(json!({"order_id": 1001, "lines": [{"line": 1, "quantity": 3}]})));
        assert_ne!(hash(json!({"a": "1"})), hash(json!({"a": 1})));
    }
}
