//! What all commands share: the common arguments, idempotency, sealing of free text, the way through the writer, the answer.

use orderlog_commands::{Origin, Receipt, Submission, SubmitError, receipt_of};
use orderlog_domain::{
    commands::{About, AnswerBulk, Command, ConfirmWhen},
    decide::Names,
    ids::{CommandId, OrderId, StreamId, Version},
    product::Product,
    rejection::{Code, Problems, Rejection, Unfit},
    states::State,
    typed::{Kind, Typed},
};
use orderlog_event_log::{Hash, Recorded};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{
    Failure,
    confirm::{self, Bound, Confirmed},
    views,
};
use crate::{
    history::product_at,
    keyring::{Keyring, Owner},
    mcp::schema::Object,
    node::Node,
    principal::{Caller, Principal},
    resolve::Resolved,
    sentences,
};

/// Namespace of command ids derived from idempotency keys.
const KEYED_COMMANDS: Uuid = Uuid::from_u128(0x6f72_6465_726c_5f67_8000_6964_656d_0001);

/// Arguments that every command takes besides its own.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Common {
    /// New for each change; the call repeated with it acts once.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1, max = 200))]
    pub(crate) idempotency_key: Option<String>,
    /// Refuse unless it still stands at this version.
    #[serde(default)]
    #[schemars(with = "i64", range(min = 0))]
    pub(crate) expected_version: Option<i64>,
    /// Show what would happen; record nothing.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub(crate) dry_run: Option<bool>,
    /// From CONFIRMATION_REQUIRED, once the user agrees.
    #[serde(default)]
    #[schemars(with = "String", length(max = 10_000))]
    pub(crate) confirm_token: Option<String>,
    /// Why it is done.
    #[serde(default)]
    #[schemars(with = "String", length(max = 500))]
    pub(crate) reason: Option<String>,
    /// What the user typed.
    #[serde(default)]
    #[schemars(with = "String", length(max = 2000))]
    pub(crate) request_text: Option<String>,
}

/// A command's frame: who asks, under which id, how.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) common: Common,
    pub(crate) command_id: CommandId,
    /// Whether the same call may come again under the same id.
    keyed: bool,
    /// Whether to refuse it where an identical one came moments ago.
    suspect: bool,
    hash: Hash,
    /// As older releases hashed the same request: with what the user typed and why.
    former_hash: Hash,
    caller: Caller,
}

/// What every command answers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CommandAnswer {
    /// Id of the command.
    command_id: Uuid,
    /// Number of the order it was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    pub(crate) order_id: Option<i64>,
    /// The order's version after it, for expected_version.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64")]
    order_version: Option<i64>,
    /// Version of what it was about.
    version: i64,
    /// The log's position after it.
    position: i64,
    /// What was recorded, or with dry_run would be.
    events: Vec<views::EventView>,
    /// How it stood before, unless it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Object")]
    before: Option<Value>,
    /// How it stands after.
    #[schemars(with = "Object")]
    after: Value,
    /// What the user should know besides.
    warnings: Vec<String>,
    /// Everything already was as asked; nothing was recorded.
    pub(crate) no_change: bool,
    /// The same command had been carried out before; this is its answer.
    pub(crate) replayed: bool,
    /// Nothing was recorded because dry_run was asked for.
    dry_run: bool,
    /// The call that takes it back, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Undo")]
    undo: Option<Undo>,
    /// Fit to be read aloud.
    text: String,
}

/// A call that takes a change back.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Undo {
    /// Name of the tool.
    pub(crate) tool: &'static str,
    /// Its arguments.
    #[schemars(with = "Object")]
    pub(crate) arguments: Value,
}

impl Request {
    /// Takes the common arguments out of `arguments`, leaving the command's own.
    pub(crate) fn split(
        node: &Node,
        tool: &'static str,
        arguments: &mut Object,
        caller: Caller,
    ) -> Result<Request, Rejection> {
        let mut common = Object::new();
        for name in ["idempotency_key", "expected_version", "dry_run", "confirm_token", "reason", "request_text"] {
            common.extend(arguments.remove_entry(name));
        }
        let common: Common = super::read(common)?;
        let hash = request_hash(tool, arguments, common.expected_version, [None, None]);
        let words = [common.reason.as_deref(), common.request_text.as_deref()];
        let former_hash = match words {
            [None, None] => hash,
            words => request_hash(tool, arguments, common.expected_version, words),
        };
        let command_id = match &common.idempotency_key {
            Some(key) => keyed_command(&caller.principal.user, key),
            None => CommandId(node.clock.new_id()),
        };
        let keyed = common.idempotency_key.is_some();
        Ok(Request { common, command_id, keyed, suspect: false, hash, former_hash, caller })
    }

    /// A command that an import reads from a file. It needs no key: what it says is so already, or becomes so.
    pub(crate) fn of_import(
        node: &Node,
        tool: &'static str,
        mut row: Object,
        dry_run: bool,
        caller: Caller,
    ) -> Result<Request, Rejection> {
        row.insert("dry_run".to_owned(), dry_run.into());
        Request::split(node, tool, &mut row, caller)
    }

    /// The same, recording nothing.
    pub(super) fn trial(&self) -> Request {
        let mut trial = self.clone();
        trial.common.dry_run = Some(true);
        trial
    }

    /// One of several commands of the same request, about one order and against a version of its own. Under one key each
    /// order is changed once, however often the user is asked.
    pub(super) fn part(&self, confirmed: &Confirmed, order_id: i64, version: i64) -> Request {
        let whole = if self.keyed { self.command_id.0 } else { confirmed.command_id };
        let mut part = self.clone();
        part.command_id = CommandId(Uuid::new_v5(&whole, &order_id.to_be_bytes()));
        part.keyed = true;
        part.common.expected_version = Some(version);
        part
    }

    /// The whole of such a request, for the log to keep that it was carried out.
    fn whole(&self, confirmed: Option<&Confirmed>) -> Option<Request> {
        let mut whole = self.clone();
        if !self.keyed {
            whole.command_id = CommandId(confirmed?.command_id);
        }
        let Common { reason, request_text, expected_version, .. } = &mut whole.common;
        (*reason, *request_text, *expected_version) = (None, None, None);
        whole.keyed = true;
        Some(whole)
    }

    /// Keeps what a call about many orders answered, for when the same call comes again. Without a key or a token none can.
    pub(super) async fn keep_answer(
        &self,
        node: &Node,
        confirmed: Option<&Confirmed>,
        first: OrderId,
        answer: &Value,
    ) -> Result<(), Failure> {
        let Some(whole) = self.whole(confirmed) else { return Ok(()) };
        let kept = Resolved { names: Names::default(), readings: vec![answer.to_string()] };
        submit(node, whole, AnswerBulk { first }.into(), kept).await.map(drop)
    }

    /// What it answered, if it was carried out before.
    pub(super) async fn kept_answer(&self, node: &Node) -> Result<Option<Value>, Failure> {
        let Some(before) = self.carried_out(node).await? else { return Ok(None) };
        let answer = before.readings.first().and_then(|kept| serde_json::from_str(kept).ok());
        answer.map(Some).ok_or_else(|| anyhow::anyhow!("the answer of a call about many orders is not kept").into())
    }

    pub(super) fn principal(&self) -> &Principal {
        &self.caller.principal
    }

    pub(crate) fn is_dry_run(&self) -> bool {
        self.common.dry_run == Some(true)
    }

    /// The receipt of this very call, if it was carried out before, whatever has changed since: one indexed read where there
    /// is an idempotency key or a token, and none otherwise.
    pub(crate) async fn carried_out(&self, node: &Node) -> Result<Option<Before>, Failure> {
        let confirmed = || self.common.confirm_token.as_deref().and_then(|token| bound(node, self).read(token).ok());
        let id = match &self.common.idempotency_key {
            Some(_) => Some(self.command_id),
            // It is derived from the token then, also from one that is too old to act.
            None => confirmed().map(|(_, confirmed)| CommandId(confirmed.command_id)),
        };
        let Some(id) = id else { return Ok(None) };
        let receipt = receipt_of(&node.log, id, &[self.hash, self.former_hash]).await.map_err(failure)?;
        Ok(receipt.map(|receipt| Before { readings: readings_of(&node.keyring, &receipt), receipt }))
    }

    /// The same, refused where an identical one without an idempotency key came moments ago.
    pub(super) fn suspected(self) -> Request {
        Request { suspect: !self.keyed, ..self }
    }
}

/// The id of the command that a user asks for with an idempotency key.
pub(crate) fn keyed_command(user: &str, key: &str) -> CommandId {
    CommandId(Uuid::new_v5(&KEYED_COMMANDS, format!("{user}\0{key}").as_bytes()))
}

impl CommandAnswer {
    /// The fields of something known that read differently after the command.
    pub(crate) fn differences(&self) -> Vec<String> {
        let (Some(Value::Object(before)), Value::Object(after)) = (&self.before, &self.after) else { return vec![] };
        after
            .iter()
            .filter(|(field, value)| before.get(*field) != Some(value))
            .map(|(field, _)| field.clone())
            .collect()
    }
}

/// What a call did when it came first.
pub(crate) struct Before {
    pub(crate) receipt: Receipt,
    readings: Vec<String>,
}

impl Before {
    pub(crate) async fn answer(self, node: &Node, command: Command) -> CommandAnswer {
        let command = spoken(node, command, &self.receipt).await;
        answer(node, &command, self.receipt, self.readings, false)
    }
}

/// Answers a call that came before; otherwise resolves, asks the user to confirm where that is due, seals, submits, answers.
///
/// A command that is appended needs no look-up: the log acts on an id once, and the writer answers a repetition with the
/// first receipt. One that fails, on a name or a version that has changed since, may have been carried out before.
pub(crate) async fn carry_out(node: &Node, request: Request, command: Command) -> Result<CommandAnswer, Failure> {
    if request.is_dry_run() || command.confirm_when() != ConfirmWhen::Never {
        return match request.carried_out(node).await? {
            Some(before) => Ok(before.answer(node, command).await),
            None => carry_out_anew(node, request, command).await,
        };
    }
    if !request.keyed {
        return carry_out_anew(node, request, command).await;
    }
    match carry_out_anew(node, request.clone(), command.clone()).await {
        Err(Failure::Rejected(rejection)) if rejection.code != Code::Unavailable => {
            match request.carried_out(node).await? {
                Some(before) => Ok(before.answer(node, command).await),
                None => Err(rejection.into()),
            }
        }
        done => done,
    }
}

/// The same for a call that is known to be the first.
pub(crate) async fn carry_out_anew(node: &Node, request: Request, command: Command) -> Result<CommandAnswer, Failure> {
    let resolved = node.resolve(command.references()).await?;
    let dry_run = request.is_dry_run();
    if !dry_run && command.confirm_when() != ConfirmWhen::Never {
        // In a box, so that the many commands that need no word do not carry the room for it along.
        return Box::pin(carry_out_if_confirmed(node, request, command, resolved)).await;
    }
    let (command, receipt, readings) = submit(node, request, command, resolved).await?;
    let command = spoken(node, command, &receipt).await;
    Ok(answer(node, &command, receipt, readings, dry_run))
}

/// Carries out a command that may need the user's word: with a token that serves, or where it turns out that it needs none.
async fn carry_out_if_confirmed(
    node: &Node,
    mut request: Request,
    command: Command,
    resolved: Resolved,
) -> Result<CommandAnswer, Failure> {
    let mut unfit = None;
    if let Some(token) = request.common.confirm_token.take() {
        match bound(node, &request).check(&token, node.clock.now()) {
            Err(why) => unfit = Some(why),
            Ok(confirmed) => {
                let mut granted = request.clone();
                granted.common.expected_version.get_or_insert(confirmed.version.0);
                granted.keyed = true;
                if granted.common.idempotency_key.is_none() {
                    granted.command_id = CommandId(confirmed.command_id);
                }
                match submit(node, granted, command.clone(), resolved.clone()).await {
                    Ok((command, receipt, readings)) => return Ok(answer(node, &command, receipt, readings, false)),
                    Err(Failure::Rejected(rejection)) if rejection.code == Code::VersionConflict => {
                        unfit = Some(Unfit::Overtaken);
                    }
                    Err(failure) => return Err(failure),
                }
            }
        }
    }
    let (foreseen, receipt, readings) = submit(node, request.trial(), command.clone(), resolved.clone()).await?;
    if confirm::is_needed(&command, &receipt) {
        let version = receipt.before.as_ref().map_or(Version::NONE, State::version);
        let preview = answer(node, &foreseen, receipt, readings, true);
        let (now, nonce) = (node.clock.now(), node.clock.new_id());
        let text = preview.text.clone();
        let preview = confirm::preview(preview);
        return Err(bound(node, &request).ask(preview, &text, version, &[], (now, nonce), unfit).into());
    }
    let (command, receipt, readings) = submit(node, request, command, resolved).await?;
    Ok(answer(node, &command, receipt, readings, false))
}

/// The command as sentences speak of it: a product whose stock it changes has the name that it bore then, however it was
/// typed, so that a repetition is answered in the same words.
async fn spoken(node: &Node, mut command: Command, receipt: &Receipt) -> Command {
    let product = match &mut command {
        Command::ReceiveStock(receive) => &mut receive.product,
        Command::AdjustStock(adjust) => &mut adjust.product,
        _ => return command,
    };
    let State::Stock(stock) = &receipt.after else { return command };
    // In a box, so that the many commands that change no stock do not carry the room for it along.
    let known = Box::pin(product_at(&node.log, stock.product_id, receipt.position)).await;
    if let Ok(Product { entry: Some(entry), .. }) = known {
        *product = entry.name;
    }
    command
}

/// What a confirm token of this request is bound to.
pub(super) fn bound<'a>(node: &'a Node, request: &'a Request) -> Bound<'a> {
    Bound { keyring: &node.keyring, principal: &request.caller.principal, request: request.hash }
}

/// Puts a command whose names are resolved through the writer.
pub(crate) async fn submit(
    node: &Node,
    request: Request,
    mut command: Command,
    resolved: Resolved,
) -> Result<(Command, Receipt, Vec<String>), Failure> {
    let Resolved { names, readings } = resolved;
    let Request { mut common, command_id, keyed, suspect, hash, caller, .. } = request;
    let sealed_readings = seal(node, &mut command, &mut common, &names, &readings).await?;
    let now = node.clock.now();
    let submission = Submission {
        names,
        command_id,
        keyed,
        suspect,
        request_hash: hash,
        now,
        occurred_at: command.occurred_at().unwrap_or(now),
        expected_version: common.expected_version.map(Version),
        readings: sealed_readings,
        dry_run: common.dry_run == Some(true),
        origin: Origin {
            trace_id: caller.trace_id,
            reason: common.reason,
            request_text: common.request_text,
            ..Origin::of(caller.principal.actor(), caller.agent)
        },
        command: command.clone(),
    };
    let receipt = node.writer.submit(submission).await.map_err(failure)?;
    let readings = if receipt.replayed { readings_of(&node.keyring, &receipt) } else { readings };
    Ok((command, receipt, readings))
}

fn failure(error: SubmitError) -> Failure {
    match error {
        SubmitError::Rejected(rejection) => Failure::Rejected(*rejection),
        SubmitError::Failed(error) => (*error).clone().into(),
    }
}

impl CommandAnswer {
    /// The same with something more that the user should know.
    pub(super) fn warned(mut self, warning: Option<String>) -> CommandAnswer {
        self.warnings.extend(warning);
        self
    }
}

pub(crate) fn answer(
    node: &Node,
    command: &Command,
    receipt: Receipt,
    readings: Vec<String>,
    dry_run: bool,
) -> CommandAnswer {
    let mut text = sentences::of_command(node, command, &receipt);
    if dry_run {
        text = format!("Nothing was recorded; this is what would happen. {text}");
    }
    let order_id = match receipt.subject {
        StreamId::Order(OrderId(id)) => Some(id),
        StreamId::Stock(_) | StreamId::Product(_) | StreamId::Customer(_) | StreamId::Rate(_) => None,
    };
    let version = receipt.version().0;
    let no_change = receipt.no_change();
    let seen = |event: &Recorded| match receipt.dry_run {
        true => views::EventView::foreseen(node, event),
        false => views::EventView::recorded(event),
    };
    CommandAnswer {
        command_id: receipt.command_id.0,
        order_id,
        order_version: order_id.map(|_| version),
        version,
        position: receipt.position.0,
        events: receipt.events().iter().map(seen).collect(),
        before: receipt.before.as_ref().map(|state| views::state(node, state)),
        after: views::state(node, &receipt.after),
        warnings: readings.into_iter().chain(receipt.warnings.iter().cloned()).collect(),
        no_change,
        replayed: receipt.replayed,
        dry_run,
        undo: if no_change || dry_run { None } else { undo(command, &receipt) },
        text,
    }
}

/// The call that takes the change back, where orders.undo can.
fn undo(command: &Command, receipt: &Receipt) -> Option<Undo> {
    let facts: Vec<&str> = receipt.events().iter().map(|event| event.event_type.as_str()).collect();
    command.is_undoable(&facts).then(|| {
        let arguments = serde_json::json!({ "command_id": receipt.command_id.0 });
        Undo { tool: "orders_undo", arguments }
    })
}

/// What the readings of names are sealed as.
const READINGS: &str = "readings";

/// How the names were read when the call came first.
fn readings_of(keyring: &Keyring, receipt: &Receipt) -> Vec<String> {
    let opened = receipt.readings.as_deref().and_then(|sealed| keyring.open_seal(READINGS, sealed));
    opened.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default()
}

/// Seals all that was typed, and answers how names were read, sealed as well: a reading may name a person.
async fn seal(
    node: &Node,
    command: &mut Command,
    common: &mut Common,
    names: &Names,
    readings: &[String],
) -> Result<Option<String>, Failure> {
    if command.keeps_no_words() {
        (common.reason, common.request_text) = (None, None);
    }
    let mut readings = match readings {
        [] => None,
        readings => Some(serde_json::to_string(readings).map_err(anyhow::Error::new)?),
    };
    let own = command.typed_mut();
    if own.is_empty() && common.reason.is_none() && common.request_text.is_none() && readings.is_none() {
        return Ok(None);
    }
    let mut problems = Problems::default();
    own.iter().for_each(|typed| typed.check(&mut problems));
    problems.check()?;
    let owner = owner(node, command, names).await?;
    let around =
        [("reason", &mut common.reason), ("request_text", &mut common.request_text), (READINGS, &mut readings)];
    let around = around.into_iter().filter_map(|(field, text)| {
        let text = text.as_mut()?;
        Some(Typed { field, text, kind: Kind::Words })
    });
    for typed in command.typed_mut().into_iter().chain(around) {
        node.keyring.seal_for(owner, typed).await?;
    }
    Ok(readings)
}

/// Under whose key the texts of a command are sealed: the person's whom they may be about, or else the shop's.
async fn owner(node: &Node, command: &Command, names: &Names) -> Result<Owner, Failure> {
    let order_id = match command.about(names) {
        _ if command.keeps_no_words() => return Ok(Owner::Shop),
        About::NewOrder { customer } => return Ok(customer.map_or(Owner::Shop, Owner::Customer)),
        About::Customer(id) => return Ok(Owner::Customer(id)),
        About::Orders { .. } | About::Stock(_) | About::Product(_) | About::Rate(_) => return Ok(Owner::Shop),
        About::Order(order_id) => order_id,
    };
    // Where there is no such order, the decision says so and nothing is kept.
    Ok(node.customer_of(order_id).await?.map_or(Owner::Shop, Owner::Customer))
}

/// SHA-256 over the tool's name and everything the caller asked, however the members were ordered. Why it is asked and in
/// which `words` is no part of that; older releases took them in.
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

/// With its length before it, so that no two requests have the same bytes.
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
