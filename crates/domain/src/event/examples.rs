//! One realistic example of every event type, for the catalogue and for the tests that hold the stored shapes.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::*;
use crate::{
    guarded::GuardedAct,
    ids::{CustomerId, OrderId, Position, ProductId, RuleId},
    money::Currency,
    notifications::Watch,
    pricing::Discount,
};

const ORDER: OrderId = OrderId(1001);
const CUSTOMER: CustomerId = CustomerId(Uuid::from_u128(0x019a_aaaa_0000_7000_8000_0000_0000_0001));

/// One of every type, in the order of the catalogue.
#[must_use]
pub fn examples() -> Vec<Event> {
    let mut examples = orders();
    examples.extend(stock());
    examples.extend(catalogue_and_customers());
    examples.extend(notifications());
    examples.extend(confirmations());
    examples
}

fn confirmations() -> Vec<Event> {
    let confirmation_id = Uuid::from_u128(0x019a_aaaa_0000_7000_8000_0000_0000_0003);
    vec![
        ConfirmationAsked {
            confirmation_id,
            tool: "orders.refund".to_owned(),
            acts: vec![GuardedAct::Refunds],
            order_id: Some(ORDER),
            arguments: sealed("YXJndW1lbnRz"),
            preview: sealed("cHJldmlldw"),
            confirm_token: "AAAAAGkfxYAAAAAAAAAAAw".to_owned(),
            call: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
            rights: "orders:read orders:write orders:refund".to_owned(),
            refunds_up_to: Some(200_000),
            by_key: true,
            expires_at: "2026-11-21T10:00:00Z".parse().expect("a time"),
        }
        .into(),
        ConfirmationAnswered { confirmation_id, agreed: true }.into(),
    ]
}

fn notifications() -> Vec<Event> {
    let rule_id = RuleId(1);
    let time = |text: &str| text.parse().expect("a time");
    let id = Uuid::from_u128(0x019a_aaaa_0000_5000_8000_0000_0000_0002);
    let message = Message {
        id,
        rule_id,
        target: "john".to_owned(),
        what: Watch::Shipped,
        position: Position(42),
        order_id: Some(ORDER),
        product_id: None,
        tries: 1,
        outcome: Outcome::Waiting,
        not_before: time("2026-11-20T10:01:05Z"),
        why: Some("the endpoint answered 503".to_owned()),
    };
    let rule = Rule {
        when: vec![Watch::Shipped],
        target: "john".to_owned(),
        order_ids: vec![ORDER],
        customer_id: Some(CUSTOMER),
        product_id: Some(tea()),
        at_least: Some(AtLeast { amount: 100_000, currency: Currency::INR }),
        once: true,
        expires_at: Some(time("2026-12-31T00:00:00Z")),
        grace_seconds: 60,
    };
    vec![
        NotificationSubscribed { rule_id, rule, already: vec![ORDER], at_once: true }.into(),
        NotificationUnsubscribed { rule_id }.into(),
        NotificationsHandled { through: Position(42), messages: vec![message], disabled: vec!["books".to_owned()] }
            .into(),
        NotificationsReplayed { messages: vec![id] }.into(),
        NotificationTargetEnabled { target: "books".to_owned() }.into(),
        AlertRaised { alert: Alert::RelayStopped { since: time("2026-11-20T10:00:00Z"), waiting: Some(12) } }.into(),
        AlertEnded { alert: Alert::RelayStopped { since: time("2026-11-20T10:00:00Z"), waiting: Some(12) } }.into(),
    ]
}

fn tea() -> ProductId {
    ProductId::from_sku("TEA-250")
}

/// Three packets of tea at 1,000.00 with 10 % discount and 18 % tax.
fn placed() -> OrderPlaced {
    let amounts = Amounts { gross: 300_000, discount: 30_000, tax: 48_600 };
    let shipping = Charge { net: 9_900, tax: 1_782 };
    OrderPlaced {
        order_id: ORDER,
        customer_id: CUSTOMER,
        currency: Currency::INR,
        tax_inclusive: false,
        lines: vec![PlacedLine {
            line: 1,
            product_id: tea(),
            sku: "TEA-250".to_owned(),
            name: "Assam tea, 250 g".to_owned(),
            quantity: 3,
            unit_price: 100_000,
            tax_rate: Decimal::from(18),
            tax_inclusive: false,
            line_total: Some(LineTotal { amount: 300_000, units: 3 }),
            discounts: vec![Discount::Percent(Decimal::from(5)), Discount::Amount(15_000)],
            order_discount: true,
            amounts,
            tracked: true,
            cancelled: 0,
            reserved: 2,
            backordered: 1,
        }],
        shipping,
        totals: Totals::of([amounts], shipping),
        note: Some(sealed("bm90ZQ")),
        converted: None,
        external_reference: Some("#AA10412".to_owned()),
    }
}

fn orders() -> Vec<Event> {
    let placed = placed();
    let units = |units: i64| {
        let per_unit = Amounts { gross: 100_000 * units, discount: 10_000 * units, tax: 16_200 * units };
        vec![LineUnits { line: 1, product_id: tea(), units, amounts: per_unit }]
    };
    let (order_id, customer_id, currency) = (ORDER, CUSTOMER, Currency::INR);
    let dollar: Currency = "USD".parse().expect("a currency");
    let by = StoredRate { currency, rate: Decimal::new(84_125, 3) };
    let rupees = Amounts { gross: 8_412_500, discount: 841_250, tax: 1_362_825 };
    vec![
        placed.clone().into(),
        OrderConfirmed { order_id }.into(),
        OrderUnconfirmed { order_id }.into(),
        OrderHeld { order_id, until: "2026-11-27T18:00:00+05:30".parse().ok() }.into(),
        OrderReleased { order_id }.into(),
        ProcessingStarted { order_id }.into(),
        UnitsShipped {
            order_id,
            customer_id,
            currency,
            shipment: 1,
            lines: units(2),
            shipping: placed.shipping,
            first: true,
            completes: false,
            carrier: Some("Blue Dart".to_owned()),
            tracking: Some("BD123456789IN".to_owned()),
            converted: None,
        }
        .into(),
        UnitsDelivered { order_id, customer_id, currency, lines: units(2), completes: false }.into(),
        UnitsCancelled {
            order_id,
            customer_id,
            currency,
            lines: units(1),
            shipping: Charge::default(),
            completes: false,
            converted: None,
            goodwill_back: Charge::default(),
            goodwill_back_converted: None,
            gone: vec![],
        }
        .into(),
        BackorderFilled { order_id, line: 1, product_id: tea(), units: 1 }.into(),
        PaymentCaptured {
            order_id,
            customer_id,
            currency,
            amount: placed.totals.total,
            method: "upi".to_owned(),
            reference: Some("pay_29QQoUBi66xm2f".to_owned()),
            converted: None,
        }
        .into(),
        another_line(&placed),
        ShipmentVoided {
            order_id,
            customer_id,
            currency,
            shipment: 1,
            lines: units(2),
            shipping: placed.shipping,
            last: true,
            converted: None,
        }
        .into(),
        UnitsReturned {
            order_id,
            customer_id,
            currency: dollar,
            lines: units(1),
            disposition: Disposition::Restock,
            shipping: Charge::default(),
            completes: false,
            converted: Some(Converted { by, lines: vec![rupees], shipping: Charge::default() }),
            goodwill_back: Charge { net: 1_000, tax: 180 },
            goodwill_back_converted: Some(ConvertedCharge { by, net: 84_125, tax: 15_143 }),
        }
        .into(),
        PaymentRefunded {
            order_id,
            customer_id,
            currency: dollar,
            amount: 5_000,
            kind: RefundKind::Goodwill,
            allowance: Charge { net: 4_237, tax: 763 },
            method: "upi".to_owned(),
            reference: Some("rfnd_29QQoUBi66xm2f".to_owned()),
            lines: vec![],
            undoes_payment: Some(false),
            converted: Some(ConvertedRefund {
                by,
                amount: 420_625,
                allowance: Some(Charge { net: 356_438, tax: 64_187 }),
            }),
        }
        .into(),
    ]
}

/// The same order after one packet was cancelled, with a mug added.
fn another_line(placed: &OrderPlaced) -> Event {
    let mug = ProductId::from_sku("MUG-1");
    let (kept, added) =
        (Amounts { gross: 200_000, discount: 20_000, tax: 32_400 }, Amounts { gross: 20_000, discount: 0, tax: 3_600 });
    let tea = PlacedLine { cancelled: 1, backordered: 0, ..placed.lines[0].clone() };
    let added_line = PlacedLine {
        line: 2,
        product_id: mug,
        sku: "MUG-1".to_owned(),
        name: "Mug".to_owned(),
        quantity: 1,
        unit_price: 23_600,
        tax_inclusive: true,
        line_total: None,
        discounts: vec![],
        order_discount: false,
        amounts: added,
        cancelled: 0,
        reserved: 1,
        ..tea.clone()
    };
    LinesChanged {
        order_id: placed.order_id,
        customer_id: placed.customer_id,
        currency: placed.currency,
        totals: Totals::of([kept, added], placed.shipping),
        lines: vec![tea, added_line],
        differences: vec![LineDifference { line: 2, product_id: mug, units: 1, amounts: added }],
        shipping: placed.shipping,
        shipping_difference: Charge::default(),
        converted: None,
        converted_differences: None,
        goodwill_back: Charge::default(),
        goodwill_back_converted: None,
        joined: vec![mug],
        gone: vec![],
    }
    .into()
}

fn stock() -> Vec<Event> {
    let (product_id, order_id, line) = (tea(), ORDER, 1);
    vec![
        StockReserved { product_id, order_id, line, units: 2, from_backorder: false }.into(),
        StockBackordered { product_id, order_id, line, units: 1 }.into(),
        StockReleased { product_id, order_id, line, reserved: 0, backordered: 1 }.into(),
        StockConsumed { product_id, order_id, line, units: 2 }.into(),
        StockReceived { product_id, units: 50 }.into(),
        StockAdjusted { product_id, delta: -2, counted: Some(48) }.into(),
        StockReturned { product_id, order_id, line, units: 1, reserved: 0 }.into(),
        LowStockReached { product_id, available: 10, threshold: 10 }.into(),
        LowStockRecovered { product_id, available: 60, threshold: 10 }.into(),
    ]
}

fn catalogue_and_customers() -> Vec<Event> {
    let (product_id, sku, customer_id) = (tea(), "TEA-250".to_owned(), CUSTOMER);
    let entry = CatalogueEntry {
        name: "Assam tea, 250 g".to_owned(),
        price: 100_000,
        currency: Currency::INR,
        tax_rate: Decimal::from(18),
        tax_inclusive: false,
        policy: StockPolicy::Backorder,
        backorder_limit: 20,
        low_stock_threshold: Some(10),
        cost: Some(62_000),
        lead_time_days: Some(10),
        archived: false,
    };
    let dearer = CatalogueEntry { price: 110_000, ..entry.clone() };
    vec![
        ProductRegistered { product_id, sku: sku.clone(), entry }.into(),
        ProductChanged { product_id, sku, entry: dearer }.into(),
        CustomerRegistered {
            customer_id,
            profile: SealedProfile {
                name: Some(sealed("bmFtZQ")),
                email: Some(sealed("ZW1haWw")),
                phone: Some(sealed("cGhvbmU")),
                address: Some(sealed("YWRkcmVzcw")),
            },
        }
        .into(),
        CustomerChanged {
            customer_id,
            profile: SealedProfile { phone: Some(sealed("bmV3IHBob25l")), ..SealedProfile::default() },
        }
        .into(),
        CustomerErased { customer_id }.into(),
        RateStored {
            currency: "USD".parse().expect("a currency"),
            shop_currency: Currency::INR,
            rate: Decimal::new(84_125, 3),
        }
        .into(),
    ]
}

fn sealed(text: &str) -> String {
    format!("sealed:1:{CUSTOMER}:{text}")
}
