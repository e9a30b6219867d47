//! customers.search, customers.upsert and customers.erase: what identifies a person is sealed before it reaches the log.

mod bought;

use std::sync::Arc;

use futures::future::BoxFuture;
use orderlog_domain::{
    commands::{Command, EraseCustomer, RegisterCustomer, UpsertCustomer},
    event::SealedProfile,
    ids::{CustomerId, StreamId, Version},
    rejection::{Code, Rejection},
    text::composed,
};
use orderlog_keyring::{Keyring, Pretended};
use orderlog_projections::customers;
use orderlog_read_models::Freshness;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::bought::{Asked, Bought};
use crate::{
    answer::{Short, Told},
    command_answer::{CommandAnswer, answer},
    command_call::{Before, carried_out, carry_out_anew, submit},
    directory::{Purpose, Resolved},
    failure::Failure,
    people,
    permit::are_particulars_hidden,
    query::{Frame, Interpretation, Paging, customer_view, nearest},
    request::Request,
    sentences::{self, commands::Speaker},
    shop::OpenShop,
    table::{Row, Table},
    tool::{Danger, Tool},
    views::CustomerView,
};

/// Customers by words of name, e-mail or postal address (street, city), or by phone; all when left out. Or by what they
/// ordered, who ordered most often first: everything given must hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// Words in any order, or their beginnings; or an id.
    #[serde(default)]
    #[schemars(length(max = 254))]
    text: Option<String>,
    /// Who ordered it: SKU or name.
    #[serde(default)]
    #[schemars(length(max = 254))]
    product: Option<String>,
    /// Who ordered then.
    #[serde(default)]
    #[schemars(length(max = 100))]
    date_range: Option<String>,
    /// Who ordered once, but not for so long: "3 months".
    #[serde(default)]
    #[schemars(length(max = 100))]
    no_order_for: Option<String>,
    /// Only whose first order it was.
    #[serde(default)]
    new: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    /// One page.
    #[schemars(with = "Vec<CustomerView>")]
    customers: Vec<Listed>,
    /// Customers over all pages.
    total_count: i64,
    #[serde(flatten)]
    frame: Frame,
}

#[derive(Debug, Serialize)]
struct Listed {
    #[serde(flatten)]
    customer: CustomerView,
    /// What was ordered, where that was asked for.
    #[serde(flatten)]
    bought: Option<Bought>,
}

impl Told for Output {
    fn short(mut self) -> Short {
        let row = |Listed { customer, bought }: Listed| {
            let row = Row::default().some("name", customer.name).some("email", customer.email);
            let row = row.some("phone", customer.phone);
            let row = match bought {
                Some(bought) => bought.in_row(row),
                None => row.some("address", customer.address),
            };
            row.json("customer_id", customer.customer_id.to_string())
        };
        let rows: Table = self.customers.into_iter().map(row).collect();
        let short = self.frame.open().table("customers", rows, self.total_count);
        self.frame.close(short)
    }
}

pub(super) fn search() -> Tool {
    Tool::listing("customers.search", "Search customers", find)
}

async fn find(shop: Arc<OpenShop>, input: Input, paging: Paging) -> Result<Output, Failure> {
    let asked = Asked {
        text: input.text.as_deref().filter(|text| !text.trim().is_empty()),
        product: input.product.as_deref(),
        date_range: input.date_range.as_deref(),
        no_order_for: input.no_order_for.as_deref(),
        new: input.new,
    };
    if asked.is_about_orders() {
        let (answer, found) = asked.find(&shop, paging.request()?).await?;
        let listed = found.customers.into_iter().map(|(customer, bought)| Listed { customer, bought: Some(bought) });
        let frame = Frame::of(&answer, answer.found.next, found.read.interpretation, found.text);
        return Ok(Output { customers: listed.collect(), total_count: answer.found.total_count, frame });
    }
    let (searched, page, fresh) = (input.text.as_deref(), paging.request()?, shop.moments.fresh().await?);
    if let Some(id) = searched.and_then(|text| text.trim().parse().ok()).map(CustomerId) {
        return with_id(&shop, id, fresh).await;
    }
    let mut answer = customers::customers(&shop.projections, searched, page, fresh).await?;
    let found: Vec<Listed> = std::mem::take(&mut answer.found.customers).into_iter().map(Listed::only).collect();
    let total_count = answer.found.total_count;
    let text = match (total_count, found.as_slice()) {
        (0, _) => "No customer fits.".to_owned(),
        (1, [only]) => format!("{} fits.", only.customer.name.as_deref().unwrap_or("A forgotten customer")),
        (n, _) if searched.is_none() => format!("There are {}.", sentences::plural(n, "customer")),
        (n, _) => format!("{} fit.", sentences::plural(n, "customer")),
    };
    let names = nearest(answer.found.how, searched).into_iter().collect();
    let interpretation = Interpretation { names, ..Interpretation::default() };
    let frame = Frame::of(&answer, answer.found.next, interpretation, text);
    Ok(Output { customers: found, total_count, frame })
}

async fn with_id(shop: &OpenShop, id: CustomerId, fresh: Freshness) -> Result<Output, Failure> {
    let mut answer = customers::customers_by_id(&shop.projections, &[id], fresh).await?;
    let found: Vec<Listed> = std::mem::take(&mut answer.found).into_iter().map(Listed::only).collect();
    let text = match found.first() {
        None => "No customer has this id.".to_owned(),
        Some(only) => format!("{} has this id.", only.customer.name.as_deref().unwrap_or("A forgotten customer")),
    };
    let frame = Frame::of(&answer, None, Interpretation::default(), text);
    Ok(Output { total_count: found.len() as i64, customers: found, frame })
}

impl Listed {
    fn only(customer: customers::Customer) -> Listed {
        Listed { customer: customer_view(customer), bought: None }
    }
}

const UPSERT: &str = "customers.upsert";

pub(super) fn upsert() -> Tool {
    Tool::command_with(UPSERT, "Register or change a customer", Danger::Write, |shop, request, input| async move {
        register(&shop, request, input).await
    })
}

const ERASE: &str = "customers.erase";

/// Forget a customer: the key to name, e-mail address, phone, address and free texts is destroyed for good. Orders and
/// every figure stay as they are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Erase {
    /// E-mail address, id or whole name.
    #[schemars(length(min = 1, max = 254))]
    customer: String,
}

pub(super) fn erase() -> Tool {
    Tool::command_with(ERASE, "Erase a customer", Danger::Destructive, |shop, request, input| async move {
        let Erase { customer } = input;
        if let Some(before) = carried_out(&shop, &request).await? {
            let customer_id = customer_in(&before)?;
            // The first call may have broken off before the key was gone.
            let warning = forget(&shop, customer_id).await?;
            let command = EraseCustomer { customer_id }.into();
            return Ok(before.answer(&shop, command, request.detail).await.warned(warning));
        }
        let (customer_id, _) = shop.directory.customer(&customer, "customer", Purpose::Erase).await?;
        let dry_run = request.is_dry_run();
        // The fact first: a crash before the key is gone is mended at the next start, or by the same call again.
        let done = carry_out_anew(&shop, request, EraseCustomer { customer_id }.into()).await?;
        let warning = if dry_run { None } else { forget(&shop, customer_id).await? };
        Ok(done.warned(warning))
    })
}

/// Whom a call was about that came before.
fn customer_in(before: &Before) -> Result<CustomerId, Failure> {
    match before.receipt.subject {
        StreamId::Customer(customer_id) => Ok(customer_id),
        subject => Err(anyhow::anyhow!("a change of a customer was about {subject}").into()),
    }
}

/// Finds or mints the customer, seals what was given, and submits that.
pub fn register(
    shop: &OpenShop,
    request: Request,
    input: UpsertCustomer,
) -> BoxFuture<'_, Result<CommandAnswer, Failure>> {
    Box::pin(async move {
        if let Some(before) = carried_out(shop, &request).await? {
            let customer_id = customer_in(&before)?;
            let command = Command::from(RegisterCustomer { customer_id, profile: SealedProfile::default() });
            return Ok(before.answer(shop, command, request.detail).await);
        }
        input.check()?;
        let mut readings = vec![];
        let known = match (&input.customer, &input.email) {
            (Some(customer), _) => {
                let (id, reading) = shop.directory.customer(customer, "customer", Purpose::Write).await?;
                readings.extend(reading);
                Some(id)
            }
            (None, Some(email)) => shop.keyring.by_email(email).await?,
            (None, None) => None,
        };
        // Derived from the command, so that the same call again means the same person.
        let proposed = CustomerId(Uuid::new_v5(&request.command_id.0, b"customer"));
        let (dry_run, detail) = (request.is_dry_run(), request.detail);
        let (customer_id, key) = match known {
            // A person forgotten since the same call came first: its receipt needs no key, and nobody gets one back.
            None if dry_run || shop.keyring.is_forgotten(proposed.0) => {
                (proposed, Under::Pretended(shop.keyring.pretend(proposed)?))
            }
            None => {
                if input.name.is_none() {
                    return Err(Rejection::invalid("name", "A new customer needs a name.").into());
                }
                let _given = shop.keyring.giving_an_address().await;
                let id = shop.keyring.identify(proposed, input.email.as_deref()).await?;
                (id, Under::Ring(&shop.keyring, id))
            }
            // Whoever may not see particulars must not learn by asking which of them are right: here all of them differ.
            Some(id) if dry_run && are_particulars_hidden() => (id, Under::Pretended(shop.keyring.pretend(id)?)),
            // The decision says that this person was erased.
            Some(id) if !shop.keyring.has_key(id).await? && (is_erased(shop, id).await? || dry_run) => {
                (id, Under::Pretended(shop.keyring.pretend(id)?))
            }
            Some(id) => {
                // Somebody whose key was lost gets a new one, for what is known from now on.
                if !shop.keyring.has_key(id).await? {
                    shop.keyring.introduce(&[(id, None)]).await?;
                }
                (id, Under::Ring(&shop.keyring, id))
            }
        };
        // Of a customer who is named, the address moves: not before that is recorded, and to nobody else meanwhile.
        let moving = match (&input.customer, &input.email) {
            (Some(_), Some(email)) => Some((email, shop.keyring.changing_an_address().await)),
            _ => None,
        };
        if let Some((email, _)) = &moving
            && shop.keyring.holder_of(email).await?.is_some_and(|holder| holder != customer_id)
        {
            let message = format!("Another customer already has the e-mail address {}.", email.trim());
            return Err(Rejection::new(Code::InvalidArgument, message).field("email").into());
        }
        let profile = key.seal_all(&input).await?;
        let command = Command::from(RegisterCustomer { customer_id, profile });
        let resolved = Resolved { readings, ..Resolved::default() };
        let (command, receipt, readings) = submit(shop, request, command, resolved).await?;
        let speaker = if dry_run { Speaker::would(shop, &receipt).await? } else { Speaker::done(shop) };
        let mut warning = None;
        if let (Some((email, _)), false) = (&moving, dry_run)
            && !people::settle_address(&shop.log, &shop.keyring, customer_id).await?
        {
            // Two nodes gave one address away at the same moment; the log holds both.
            warning =
                Some(format!("Another customer was given {} as well: give one of them another address.", email.trim()));
        }
        Ok(answer(&speaker, &command, receipt, readings, detail).warned(warning))
    })
}

/// Under which key particulars are sealed.
enum Under<'a> {
    Ring(&'a Keyring, CustomerId),
    Pretended(Pretended),
}

impl Under<'_> {
    async fn seal_all(&self, input: &UpsertCustomer) -> Result<SealedProfile, Failure> {
        Ok(SealedProfile {
            name: self.seal("name", &input.name).await?,
            email: self.seal("email", &input.email.as_deref().map(composed)).await?,
            phone: self.seal("phone", &input.phone).await?,
            address: self.seal("address", &input.address).await?,
        })
    }

    async fn seal(&self, field: &str, text: &Option<String>) -> Result<Option<String>, Failure> {
        let Some(text) = text.as_deref().map(str::trim) else { return Ok(None) };
        Ok(Some(match self {
            Under::Ring(keyring, id) => keyring.seal(*id, field, text).await?,
            Under::Pretended(key) => key.seal(field, text),
        }))
    }
}

/// Destroys a customer's key and every plain trace of the person. Safe to repeat. What cannot be cleared away yet is
/// tried again every minute: the answer is a warning.
async fn forget(shop: &OpenShop, customer: CustomerId) -> Result<Option<String>, Failure> {
    shop.keyring.forget(customer).await?;
    shop.left_behind.one_more();
    if shop.left_behind.clear(&shop.log, &shop.keyring, &shop.projections).await {
        return Ok(None);
    }
    let warning = "The key is destroyed. What else lists and files of the database hold of the customer is not cleared away \
                   yet; the server tries again every minute, and /readyz tells it until then.";
    Ok(Some(warning.to_owned()))
}

/// Refuses an id that the log knows no customer by; tells whether the customer was erased.
async fn is_erased(shop: &OpenShop, id: CustomerId) -> Result<bool, Failure> {
    let customer = people::customer(&shop.log, id).await?;
    if customer.version > Version::NONE {
        return Ok(customer.erased);
    }
    let rejection = Rejection::new(Code::NotFound, format!("There is no customer with the id {id}."));
    Err(rejection.field("customer").hint("Find the customer with customers_search.").into())
}
