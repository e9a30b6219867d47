//! A small shop to place orders in: one customer, one product without stock keeping, one with plenty of stock.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use orderlog_commands::{Options, Origin, Receipt, Submission, Writer};
use orderlog_domain::{
    commands::{Command, CreateOrder, RegisterCustomer},
    decide::{Ask, Names, Shop as Settings},
    envelope::Actor,
    event::SealedProfile,
    ids::{CommandId, CustomerId, Position, ProductId},
};
use orderlog_event_log::{Hash, Log};
use serde_json::json;
use uuid::Uuid;

/// A log with its writer, and what is needed to place orders in it.
#[derive(Clone)]
pub(crate) struct Shop {
    pub(crate) log: Log,
    writer: Writer,
    order: Arc<CreateOrder>,
    names: Arc<Names>,
    customer: CustomerId,
}

/// Opens a fresh log and fills in the shop.
pub(crate) async fn open(url: &str) -> Result<Shop> {
    open_with(url, Box::new(|_| {})).await
}

/// Opens a shop with a function that gets every batch.
pub(crate) async fn open_with(
    url: &str,
    on_append: Box<dyn Fn(Arc<[orderlog_event_log::Recorded]>) + Send + Sync>,
) -> Result<Shop> {
    let log = Log::open(url).await?;
    let settings = Settings::default();
    let (writer, _) = Writer::start(log.clone(), Options { shop: settings, on_append }).await?;
    let customer = CustomerId(new_id());
    let mut names = Names::default();
    for sku in ["SERVICE", "STOCKED"] {
        names.products.insert(sku.to_owned(), ProductId::from_sku(sku));
    }
    names.customers.insert("customer".to_owned(), customer);
    let shop = Shop { log, writer, order: Arc::new(order_of("SERVICE")?), names: Arc::new(names), customer };
    let profile = SealedProfile { name: Some("Bench".to_owned()), ..SealedProfile::default() };
    shop.submit(RegisterCustomer { customer_id: shop.customer, profile }.into()).await?;
    for (sku, policy) in [("SERVICE", "untracked"), ("STOCKED", "deny")] {
        let product = json!({"sku": sku, "name": sku, "price": "499.00", "tax_rate": "18", "policy": policy});
        shop.submit(Command::UpsertProduct(serde_json::from_value(product)?)).await?;
    }
    for _ in 0..20 {
        let receipt = json!({"product": "STOCKED", "quantity": 1_000_000});
        shop.submit(Command::ReceiveStock(serde_json::from_value(receipt)?)).await?;
    }
    Ok(shop)
}

impl Shop {
    /// The same shop, with orders for another product.
    pub(crate) fn selling(&self, product: &str) -> Result<Shop> {
        Ok(Shop { order: Arc::new(order_of(product)?), ..self.clone() })
    }

    /// Places an order of one line and one unit.
    pub(crate) async fn place_order(&self) -> Result<Receipt> {
        self.submit(Command::CreateOrder((*self.order).clone())).await
    }

    async fn submit(&self, command: Command) -> Result<Receipt> {
        let now = now();
        let origin = Origin::of(Actor { user: "bench".to_owned(), role: "owner".to_owned() }, None);
        let submission = Submission {
            command,
            names: (*self.names).clone(),
            command_id: CommandId(new_id()),
            keyed: false,
            ask: Ask::default(),
            request_hash: Hash::ZERO,
            now,
            occurred_at: now,
            expected_version: None,
            readings: None,
            dry_run: false,
            origin,
        };
        Ok(self.writer.enqueue(submission).await?.await?)
    }
}

fn order_of(product: &str) -> Result<CreateOrder> {
    let order = json!({"customer": "customer", "lines": [{"product": product, "quantity": 1}]});
    Ok(serde_json::from_value(order)?)
}

/// The bytes of an `OrderPlaced` as this log stores it.
pub(crate) async fn sample_event(shop: &Shop) -> Result<String> {
    let receipt = shop.place_order().await?;
    let page = shop.log.read(Position(receipt.position.0 - 1), 1).await?;
    Ok(page.into_iter().next().context("the order just placed is in the log")?.json)
}

/// A fresh id.
#[expect(clippy::disallowed_methods, reason = "the benchmark is an edge: it plays the callers")]
pub(crate) fn new_id() -> Uuid {
    Uuid::now_v7()
}

/// The present.
#[expect(clippy::disallowed_methods, reason = "the benchmark is an edge: it plays the callers")]
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}
