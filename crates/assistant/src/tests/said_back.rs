//! Any plan, said in words and read again, is the same plan.

use proptest::{option, prelude::*, sample::select};
use serde_json::{Value, json};

use super::corpus::{ABILITIES, today};
use crate::{Step, Turn, in_words, understand};

/// Names with everything in them that the grammar listens for.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z][A-Za-z0-9 .,;:!?'%#@-]{0,20}[A-Za-z0-9]",
        select(vec![
            "Tea for Two",
            "order 1234",
            "and",
            "because",
            "last week",
            "to shipped",
            "Product A",
            "A",
            "2 of Tea",
            "Asha's"
        ])
        .prop_map(str::to_owned),
    ]
}

fn days() -> impl Strategy<Value = String> {
    let said = [
        "today",
        "yesterday",
        "last week",
        "this month",
        "last 7 days",
        "since Monday",
        "20 Nov",
        "1 Nov to 15 Nov",
        "2026-11-20",
        "Q1",
        "November",
        "previous 3 months",
    ];
    select(said.to_vec()).prop_map(str::to_owned)
}

fn amount() -> impl Strategy<Value = String> {
    (1..1_000_000_u32, option::of(0..100_u32)).prop_map(|(whole, cents)| match cents {
        Some(cents) => format!("{whole}.{cents:02}"),
        None => whole.to_string(),
    })
}

fn lines() -> impl Strategy<Value = Value> {
    prop::collection::vec((1..999_i64, name()), 1..4).prop_map(|lines| {
        lines.into_iter().map(|(quantity, product)| json!({ "product": product, "quantity": quantity })).collect()
    })
}

fn order() -> impl Strategy<Value = i64> {
    1..999_999_999_i64
}

fn reads() -> impl Strategy<Value = Step> {
    let scope = select(vec!["pending", "unconfirmed", "unpaid", "on_hold", "backordered", "late"]);
    let sort = option::of(select(vec!["oldest", "newest", "largest"]));
    let open =
        (scope, option::of(name()), option::of(name()), option::of(days()), sort.clone(), option::of(1..=100_i64));
    let lasts = option::of(select(vec!["36 hours", "2 days", "1 day and 12 hours", "a week", "3 months"]));
    let open = (open, lasts).prop_map(|((scope, customer, product, days, sort, limit), lasts)| {
        let step =
            Step::of("orders.get_pending").with("scope", scope).some("customer", customer).some("product", product);
        step.some("date_range", days).some("sort", sort).some("limit", limit).some("older_than", lasts)
    });
    let status =
        select(vec!["confirmed", "processing", "partially_shipped", "shipped", "delivered", "returned", "cancelled"]);
    let found = (status, option::of(name()), option::of(days()), option::of(amount()), option::of(amount()), sort);
    let found = found.prop_map(|(status, text, days, least, most, sort)| {
        let step =
            Step::of("orders.search").with("status", json!([status])).some("text", text).some("date_range", days);
        step.some("min_total", least).some("max_total", most).some("sort", sort)
    });
    let report = (
        days(),
        option::of(select(vec!["day", "week", "month", "weekday", "hour", "product", "customer", "city"])),
        option::of(select(vec!["booked", "shipped", "cash"])),
    );
    let report = report.prop_map(|(days, group, basis)| {
        let one_day = ["today", "yesterday", "20 Nov", "2026-11-20"].contains(&days.as_str());
        let step = Step::of("orders.report_sales").with(if one_day { "date" } else { "date_range" }, days);
        step.some("group_by", group.map(|group| json!([group]))).some("basis", basis)
    });
    let forecast = (
        option::of(select(vec!["revenue", "orders", "units"])),
        option::of(name()),
        option::of(select(vec!["next week", "tomorrow", "next 14 days"])),
    );
    prop_oneof![
        open,
        found,
        report,
        forecast.prop_map(|(measure, product, days)| {
            Step::of("sales.forecast").some("measure", measure).some("product", product).some("date_range", days)
        }),
        (name(), option::of(1..9999_i64))
            .prop_map(|(product, count)| Step::of("inventory.check").with("product", product).some("quantity", count)),
        (order(), option::of(select(vec!["yesterday", "20 Nov"])))
            .prop_map(|(id, day)| Step::of("orders.get").with("order_id", id).some("as_of", day)),
        order().prop_map(|id| Step::of("orders.history").with("order_id", id)),
        option::of(0..99_i64).prop_map(|least| Step::of("inventory.reorder").some("threshold", least)),
        option::of(name()).prop_map(|text| Step::of("products.search").some("text", text)),
        option::of(name()).prop_map(|text| Step::of("customers.search").some("text", text)),
    ]
}

fn writes() -> impl Strategy<Value = Step> {
    let to = || select(vec!["shipped", "delivered", "confirmed", "processing", "partially_shipped", "cancelled"]);
    let method = select(vec!["card", "cash", "upi", "bank_transfer", "cheque", "paypal", "wallet", "cash_on_delivery"]);
    let when = || select(vec!["placed", "confirmed", "shipped", "delivered", "cancelled", "held", "payment", "refund"]);
    let subscribe = |target: String, when: &str| {
        Step::of("notifications.subscribe").with("target", target).with("when", vec![when])
    };
    prop_oneof![
        (name(), when(), order())
            .prop_map(move |(target, when, id)| subscribe(target, when).with("order_ids", vec![id])),
        (name(), when(), option::of(name()))
            .prop_map(move |(target, when, customer)| subscribe(target, when).some("customer", customer)),
        (name(), select(vec!["low_stock", "out_of_stock"]), name())
            .prop_map(move |(target, when, product)| subscribe(target, when).with("product", product)),
        (order(), to()).prop_map(|(id, to)| Step::of("orders.update_status").with("order_id", id).with("status", to)),
        (prop::collection::vec(order(), 2..5), to())
            .prop_map(|(ids, to)| Step::of("orders.bulk_update_status").with("order_ids", ids).with("status", to)),
        (option::of(select(vec!["pending", "confirmed", "processing"])), option::of(name()), days(), to()).prop_map(
            |(now, customer, days, to)| {
                let step = Step::of("orders.bulk_update_status").some("present_status", now).some("customer", customer);
                step.with("date_range", days).with("status", to)
            }
        ),
        (order(), option::of(lines()), option::of(name()), option::of(name())).prop_map(
            |(id, lines, carrier, tracking)| {
                Step::of("orders.ship")
                    .with("order_id", id)
                    .some("lines", lines)
                    .some("carrier", carrier)
                    .some("tracking", tracking)
            }
        ),
        (order(), option::of(lines()))
            .prop_map(|(id, lines)| Step::of("orders.cancel").with("order_id", id).some("lines", lines)),
        (order(), any::<bool>(), option::of(select(vec!["Friday", "5 Dec"]))).prop_map(|(id, on, until)| {
            Step::of("orders.set_hold").with("order_id", id).with("on", on).some("until", until.filter(|_| on))
        }),
        (select(vec!["confirmed", "shipped", "delivered", "cancelled", "paid"]), days(), to()).prop_map(
            |(by, days, to)| {
                let present = Some(by).filter(|by| ["confirmed", "shipped"].contains(by));
                let step = Step::of("orders.bulk_update_status").with("by", by).some("present_status", present);
                step.with("date_range", days).with("status", to)
            }
        ),
        (order(), name())
            .prop_map(|(id, note)| Step::of("orders.change_lines").with("order_id", id).with("note", note)),
        (order(), name(), 0..99_i64).prop_map(|(id, product, count)| {
            let change = json!([{ "product": product, "quantity": count }]);
            Step::of("orders.change_lines").with("order_id", id).with("changes", change)
        }),
        (order(), option::of(amount()), method, option::of(name())).prop_map(|(id, amount, method, reference)| {
            Step::of("orders.record_payment")
                .with("order_id", id)
                .some("amount", amount)
                .with("method", method)
                .some("reference", reference)
        }),
        (order(), lines(), select(vec!["restock", "scrap"])).prop_map(|(id, lines, fate)| {
            Step::of("orders.return_items").with("order_id", id).with("lines", lines).with("disposition", fate)
        }),
        (order(), amount()).prop_map(|(id, amount)| Step::of("orders.refund")
            .with("order_id", id)
            .with("kind", "goodwill")
            .with("amount", amount)),
        (order(), option::of(amount()))
            .prop_map(|(id, amount)| Step::of("orders.refund").with("order_id", id).some("amount", amount)),
        (order(), lines()).prop_map(|(id, lines)| {
            let text = lines.to_string().replace("\"quantity\"", "\"more\"");
            let changes: Value = serde_json::from_str(&text).expect("it was JSON before");
            Step::of("orders.change_lines").with("order_id", id).with("changes", changes)
        }),
        (name(), lines(), option::of(amount()), option::of(1..=100_u8)).prop_map(|(customer, lines, fee, off)| {
            let step =
                Step::of("orders.create_order").with("customer", customer).with("lines", lines).some("shipping", fee);
            step.some("order_discount", off.map(|off| format!("{off}%")))
        }),
        (name(), 1..9999_i64).prop_map(|(product, count)| Step::of("inventory.receive")
            .with("product", product)
            .with("quantity", count)),
        (name(), -999..999_i64)
            .prop_map(|(product, delta)| Step::of("inventory.adjust").with("product", product).with("delta", delta)),
        (name(), amount()).prop_map(|(sku, price)| Step::of("products.upsert").with("sku", sku).with("price", price)),
        name().prop_map(|customer| Step::of("customers.erase").with("customer", customer)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_plan_said_in_words_is_read_as_the_same_plan(
        steps in prop::collection::vec(prop_oneof![reads(), writes()], 1..4),
    ) {
        let words: Vec<String> = steps.iter().map(in_words).collect();
        let words = words.join("; ");
        prop_assume!(words.chars().count() <= crate::MAX_SENTENCE_CHARS);
        let again = understand(&words, &today(), &ABILITIES, &Turn::default());
        let again = again.map_err(|not| TestCaseError::fail(format!("{words}: {not}")))?;
        prop_assert_eq!(&again.steps, &steps, "{}", words);
    }

    /// Whatever is typed, the answer comes, and a plan has only calls that its tools take.
    #[test]
    fn nothing_typed_breaks_it(text in "\\PC{0,80}") {
        if let Ok(plan) = understand(&text, &today(), &ABILITIES, &Turn::default()) {
            for step in plan.steps {
                prop_assert!(ABILITIES.fit(step).is_ok());
            }
        }
    }
}

/// What is said back of counts is grammatical, and is read again as the same call.
#[test]
fn counts_are_said_as_people_say_them() {
    for count in [1, 2, 20] {
        let enough = Step::of("inventory.check").with("product", "Tea").with("quantity", count);
        let reorder = Step::of("inventory.reorder").with("days", count);
        for step in [enough, reorder] {
            let words = in_words(&step);
            let noun = words.split(&format!(" {count} ")).nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
            assert_eq!(noun.ends_with('s'), count != 1, "{words}");
            let again = understand(&words, &today(), &ABILITIES, &Turn::default()).unwrap();
            assert_eq!(again.steps, [step], "{words}");
        }
    }
}
