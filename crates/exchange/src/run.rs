//! Carries out an import: everything is tried first; then the good entries are written through the writer's queue.
//!
//! Products, counts and customers are statements of fact: importing them again sets what the file says, and records nothing
//! where the shop says so already. An order is placed once: its reference is its idempotency key.

use std::collections::{HashMap, VecDeque};

use chrono::{DateTime, Utc};
use futures::{StreamExt as _, future::BoxFuture, stream};
use orderlog_commands::{Origin, Receipt, Submission, SubmitError};
use orderlog_domain::{
    commands::{Command, CreateOrder, UpsertCustomer},
    decide::{Ask, Names},
    envelope,
    event::Event,
    ids::CommandId,
    rejection::Rejection,
};
use orderlog_event_log::{CommandRecord, Hash};
use orderlog_keyring::Owner;
use orderlog_tools::{CommandAnswer, Failure, OpenShop, Request, principal::Caller, register};
use serde_json::Value;

use crate::{
    content::{content, import_id},
    entries::{Entry, Input, Kind},
    preview::Preview,
    problems,
    report::{Options, Report},
    sheet::Row,
    trial::{Trial, product_named},
};

/// Commands on their way to the log at once: enough for full batches, few enough for the queue of a busy node.
const UNDER_WAY: usize = 256;
/// Customers registered at once: each needs its own key.
const CUSTOMERS_AT_ONCE: usize = 32;
/// Orders looked up at once.
const LOOKED_UP: usize = 500;

/// An entry that was tried and found good.
struct Planned {
    entry: Entry,
    commands: Vec<Prepared>,
}

/// A command whose names are resolved.
struct Prepared {
    command: Command,
    names: Names,
    command_id: CommandId,
    /// Hash of the content, if the same entry must not act twice.
    request_hash: Option<Hash>,
    /// When the act happened, if that is not now.
    occurred_at: Option<DateTime<Utc>>,
}

/// Tries every entry. Writes them if the options allow it and no row is bad, or if bad rows may be skipped.
///
/// # Errors
/// When the log cannot be reached; rows that were written stay written, and importing again continues from there.
pub fn run(shop: &OpenShop, preview: Preview, options: Options) -> BoxFuture<'_, anyhow::Result<Report>> {
    Box::pin(async move {
        let Preview { kind, rows_read, rows, entries, errors, notes } = preview;
        let report =
            Report { kind, wrote: false, rows: rows_read, recorded: 0, unchanged: 0, changes: vec![], notes, errors };
        let mut import = Import { shop, rows: &rows, report };
        let planned = if kind == Kind::Customers {
            import.try_customers(entries).await?
        } else {
            import.try_all(entries).await?
        };
        if options.write && (import.report.errors.is_empty() || options.skip_bad) {
            import.report.wrote = true;
            import.report.recorded = 0;
            if kind == Kind::Customers {
                import.write_customers(planned).await?;
            } else {
                import.write_all(planned, options).await?;
            }
        }
        let mut report = import.report;
        report.errors.sort_by_key(|error| error.row);
        report.notes.sort_by_key(|note| note.row);
        Ok(report)
    })
}

struct Import<'a> {
    shop: &'a OpenShop,
    rows: &'a [Row],
    report: Report,
}

impl Import<'_> {
    fn refuse(&mut self, entry: &Entry, rejection: &Rejection) {
        let rows: Vec<&Row> = entry.rows.iter().map(|row| &self.rows[*row]).collect();
        self.report.errors.extend(problems::of_rows(rejection, &rows));
    }

    fn note(&mut self, entry: &Entry, text: impl Into<String>) {
        self.report.notes.extend(entry.rows.first().map(|row| self.rows[*row].note(text)));
    }

    fn will_change(&mut self, entry: &Entry, differences: &[String]) {
        if !differences.is_empty() {
            let text = format!("{}: {}", entry.name(), differences.join(", "));
            self.report.changes.extend(entry.rows.first().map(|row| self.rows[*row].note(text)));
        }
    }

    /// Tries products and orders, each on the state that the entries before it would leave. Returns those with
    /// something to write.
    async fn try_all(&mut self, entries: Vec<Entry>) -> anyhow::Result<Vec<Planned>> {
        let known = self.known(&entries).await?;
        let now = self.shop.clock.now();
        let mut trial = Trial::new(&self.shop.log, &self.shop.settings, now).await?;
        let mut planned = vec![];
        for entry in entries {
            let Some(commands) = self.prepare(&entry, &known).await? else { continue };
            let (mut changes, mut differences, mut refused) = (false, vec![], false);
            for prepared in &commands {
                let occurred_at = prepared.occurred_at.unwrap_or(now);
                match trial.decide(&prepared.command, &prepared.names, occurred_at).await? {
                    Ok(foreseen) => {
                        changes |= foreseen.changes;
                        differences.extend(foreseen.differences);
                        foreseen.warnings.into_iter().for_each(|warning| self.note(&entry, warning));
                    }
                    Err(rejection) => {
                        self.refuse(&entry, &rejection);
                        refused = true;
                        break;
                    }
                }
            }
            match (refused, changes) {
                (true, _) => {}
                (false, false) => self.report.unchanged += 1,
                (false, true) => {
                    self.report.recorded += 1;
                    self.will_change(&entry, &differences);
                    planned.push(Planned { entry, commands });
                }
            }
        }
        Ok(planned)
    }

    /// The commands of an entry with their names resolved; empty if it is refused, or was imported before.
    async fn prepare(
        &mut self,
        entry: &Entry,
        known: &HashMap<CommandId, CommandRecord>,
    ) -> anyhow::Result<Option<Vec<Prepared>>> {
        let new_id = || CommandId(self.shop.clock.new_id());
        match &entry.input {
            Input::Product(product, counted) => {
                let names = product_named(&product.sku);
                let commands =
                    [Some(Command::UpsertProduct(product.clone())), counted.clone().map(Command::AdjustStock)];
                let prepared = |command| Prepared {
                    command,
                    names: names.clone(),
                    command_id: new_id(),
                    request_hash: None,
                    occurred_at: None,
                };
                Ok(Some(commands.into_iter().flatten().map(prepared).collect()))
            }
            Input::Order(order, placed_at) => {
                let (command_id, hash) = (import_id(order), content(order, *placed_at, self.shop.settings.currency));
                if let Some(record) = known.get(&command_id) {
                    self.was_imported(entry, order, record, hash).await?;
                    return Ok(None);
                }
                let command = Command::CreateOrder(order.clone());
                let Some(names) = self.resolve(entry, &command).await? else { return Ok(None) };
                Ok(Some(vec![Prepared {
                    command,
                    names,
                    command_id,
                    request_hash: Some(hash),
                    occurred_at: *placed_at,
                }]))
            }
            Input::Customer(_) => Ok(None),
        }
    }

    /// The ids of the names in a command; every name that is not found is a problem of its row.
    async fn resolve(&mut self, entry: &Entry, command: &Command) -> anyhow::Result<Option<Names>> {
        let (mut names, mut refused) = (Names::default(), false);
        for reference in command.references() {
            match self.shop.directory.resolve(vec![reference]).await {
                Ok(resolved) => {
                    names.products.extend(resolved.names.products);
                    names.customers.extend(resolved.names.customers);
                    resolved.readings.into_iter().for_each(|reading| self.note(entry, reading));
                }
                Err(Failure::Rejected(rejection)) => {
                    self.refuse(entry, &rejection);
                    refused = true;
                }
                Err(Failure::Failed(error)) => return Err(error),
            }
        }
        Ok((!refused).then_some(names))
    }

    /// The orders among these that were imported before.
    async fn known(&self, entries: &[Entry]) -> anyhow::Result<HashMap<CommandId, CommandRecord>> {
        let ids = entries.iter().filter_map(|entry| match &entry.input {
            Input::Order(order, _) => Some(import_id(order)),
            Input::Product(..) | Input::Customer(_) => None,
        });
        let ids: Vec<CommandId> = ids.collect();
        let mut known = HashMap::new();
        for ids in ids.chunks(LOOKED_UP) {
            let found = self.shop.log.find_commands(ids).await?;
            known.extend(found.into_iter().map(|record| (record.command_id, record)));
        }
        Ok(known)
    }

    /// An order that was imported before is unchanged, or refused if the file has another content now.
    async fn was_imported(
        &mut self,
        entry: &Entry,
        order: &CreateOrder,
        record: &CommandRecord,
        hash: Hash,
    ) -> anyhow::Result<()> {
        let before = orderlog_domain::ids::Position(record.first.0 - 1);
        let first = self.shop.log.read(before, 1).await?;
        let placed = match first.first().map(|event| envelope::decode(&event.json)).transpose()?.map(|event| event.data)
        {
            Some(Event::OrderPlaced(placed)) => placed,
            _ => anyhow::bail!("position {} holds no placed order, as its command says", record.first.0),
        };
        let reference = order.external_reference.as_deref().unwrap_or_default();
        let number = placed.order_id;
        // An earlier release stored no reference and another hash: its imports cannot be compared.
        if record.request_hash == hash || placed.external_reference.is_none() {
            self.report.unchanged += 1;
        } else if let Some(row) = entry.rows.first() {
            let problem = format!("`{reference}` was imported before as order #{number} with other content");
            let advice = format!("Change order #{number} itself, or give a new order another order_ref.");
            self.report.errors.push(self.rows[*row].error("order_ref", &problem, &advice));
        }
        Ok(())
    }

    /// Writes in the order of the file. Each command waits for its place in the queue; its answer is awaited later.
    async fn write_all(&mut self, planned: Vec<Planned>, options: Options) -> anyhow::Result<()> {
        let mut under_way: VecDeque<(Entry, Vec<Answer>)> = VecDeque::new();
        for Planned { entry, commands } in planned {
            // The shop changed since the trial: the remaining entries are not written.
            if !options.skip_bad && !self.report.errors.is_empty() {
                break;
            }
            let mut answers = vec![];
            for prepared in commands {
                let submission = self.submission(prepared).await?;
                let answer = self.shop.writer.enqueue(submission).await?;
                answers.push(Box::pin(answer) as Answer);
            }
            under_way.push_back((entry, answers));
            while under_way.len() > UNDER_WAY {
                self.take_answer(&mut under_way).await?;
            }
        }
        while !under_way.is_empty() {
            self.take_answer(&mut under_way).await?;
        }
        Ok(())
    }

    async fn take_answer(&mut self, under_way: &mut VecDeque<(Entry, Vec<Answer>)>) -> anyhow::Result<()> {
        let Some((entry, answers)) = under_way.pop_front() else { return Ok(()) };
        let (mut recorded, mut refused) = (false, false);
        for answer in answers {
            match answer.await {
                Ok(receipt) => recorded |= !receipt.no_change() && !receipt.replayed,
                Err(SubmitError::Rejected(rejection)) => {
                    self.refuse(&entry, &rejection);
                    refused = true;
                }
                Err(error @ SubmitError::Failed(_)) => return Err(error.into()),
            }
        }
        match (refused, recorded) {
            (true, _) => {}
            (false, true) => self.report.recorded += 1,
            (false, false) => self.report.unchanged += 1,
        }
        Ok(())
    }

    async fn submission(&self, prepared: Prepared) -> anyhow::Result<Submission> {
        let Prepared { mut command, names, command_id, request_hash, occurred_at } = prepared;
        if let Command::CreateOrder(order) = &command {
            let owner = names.customer(&order.customer).map_or(Owner::Shop, Owner::Customer);
            for typed in command.typed_mut() {
                self.shop.keyring.seal_for(owner, typed).await?;
            }
        }
        let (caller, now) = (caller(), self.shop.clock.now());
        Ok(Submission {
            command,
            names,
            command_id,
            keyed: request_hash.is_some(),
            ask: Ask::default(),
            request_hash: request_hash.unwrap_or(Hash([0; 32])),
            now,
            occurred_at: occurred_at.unwrap_or(now),
            expected_version: None,
            readings: None,
            dry_run: false,
            origin: Origin::of(caller.principal.actor(), caller.agent).by_a_person(),
        })
    }
}

/// The answer to a command under way.
type Answer = BoxFuture<'static, Result<Receipt, SubmitError>>;

// Customers: each has its own key, and none depends on another row.
impl Import<'_> {
    async fn try_customers(&mut self, entries: Vec<Entry>) -> anyhow::Result<Vec<Planned>> {
        let mut planned = vec![];
        for (entry, answer) in self.register_all(entries, true).await {
            match answer {
                Ok(answer) if answer.no_change => self.report.unchanged += 1,
                Ok(answer) => {
                    self.report.recorded += 1;
                    self.will_change(&entry, &answer.differences());
                    planned.push(Planned { entry, commands: vec![] });
                }
                Err(Failure::Rejected(rejection)) => self.refuse(&entry, &rejection),
                Err(Failure::Failed(error)) => return Err(error),
            }
        }
        Ok(planned)
    }

    async fn write_customers(&mut self, planned: Vec<Planned>) -> anyhow::Result<()> {
        let entries = planned.into_iter().map(|planned| planned.entry).collect();
        for (entry, answer) in self.register_all(entries, false).await {
            match answer {
                Ok(answer) if answer.no_change => self.report.unchanged += 1,
                Ok(_) => self.report.recorded += 1,
                Err(Failure::Rejected(rejection)) => self.refuse(&entry, &rejection),
                Err(Failure::Failed(error)) => return Err(error),
            }
        }
        Ok(())
    }

    async fn register_all(&self, entries: Vec<Entry>, dry_run: bool) -> Vec<(Entry, Result<CommandAnswer, Failure>)> {
        let shop = self.shop;
        let register_one = |entry: Entry| async move {
            let answer = match &entry.input {
                Input::Customer(customer) => register_customer(shop, customer.clone(), dry_run).await,
                Input::Product(..) | Input::Order(..) => Err(anyhow::anyhow!("only customers are registered").into()),
            };
            (entry, answer)
        };
        stream::iter(entries).map(register_one).buffered(CUSTOMERS_AT_ONCE).collect().await
    }
}

async fn register_customer(shop: &OpenShop, customer: UpsertCustomer, dry_run: bool) -> Result<CommandAnswer, Failure> {
    let row = match serde_json::to_value(&customer).map_err(anyhow::Error::new)? {
        Value::Object(row) => row,
        _ => Default::default(),
    };
    let request = Request::of_import(shop, "customers.upsert", row, dry_run, caller())?;
    register(shop, request, customer).await
}

impl Entry {
    fn name(&self) -> String {
        match &self.input {
            Input::Product(product, _) => product.sku.clone(),
            Input::Customer(customer) => customer.email.clone().unwrap_or_default(),
            Input::Order(order, _) => order.external_reference.clone().unwrap_or_default(),
        }
    }
}

/// The caller for whom rows are written.
fn caller() -> Caller {
    Caller::command_line("import")
}
