//! A call said back in words. The words are a sentence of the grammar: read again, they make the same call.

use orderlog_domain::format::plural;
use serde_json::Value;

use crate::plan::Step;

/// What a call does: `Ship order #1234 with carrier "DHL"`.
#[must_use]
pub fn in_words(step: &Step) -> String {
    let words = what(step).unwrap_or_else(|| in_full(step));
    match step.text("reason") {
        Some(reason) => format!("{words} because {reason}"),
        None => words,
    }
}

/// A call with each of its arguments, for what the grammar has no words for.
pub(crate) fn in_full(step: &Step) -> String {
    let arguments: Vec<String> = step.arguments.iter().map(|(name, value)| format!("{name} {value}")).collect();
    format!("Call {}{}{}", step.tool, if arguments.is_empty() { "" } else { " with " }, arguments.join(", "))
}

fn what(step: &Step) -> Option<String> {
    let id = step.number("order_id");
    let order = || id.map(|id| format!("order #{id}"));
    Some(match step.tool.as_str() {
        "orders.get_pending" => open_orders(step),
        "orders.search" => search(step),
        "orders.get" => format!("Show {}{}", order()?, as_of(step)),
        "orders.history" => format!("Show the history of {}", order()?),
        "orders.report_sales" => report(step),
        "sales.explain" => format!(
            "Explain the sales{}{}{}{}",
            quoted(step, " of product ", "product"),
            quoted(step, " to customer ", "customer"),
            days(step, " of "),
            basis(step)
        ),
        "sales.forecast" => {
            let measure = plain(step, " ", "measure");
            format!("Forecast{measure}{}{}", quoted(step, " of product ", "product"), days(step, " for "))
        }
        "inventory.check" => {
            let count =
                step.number("quantity").map(|count| format!(" for {}", plural(count, "unit"))).unwrap_or_default();
            format!("Check the stock of {}{count}{}", name(step, "product")?, as_of(step))
        }
        "notifications.list" => "Show the notifications".to_owned(),
        "notifications.unsubscribe" => format!("End rule {}", step.number("rule_id")?),
        "inventory.reorder" if step.arguments.contains_key("value_only") => "Show the stock value".to_owned(),
        "inventory.reorder" if step.number("threshold").is_some() => {
            format!("Show what is low in stock{}", plain(step, " below ", "threshold"))
        }
        "inventory.reorder" => {
            let days = step.number("days").map(|days| format!(" for {}", plural(days, "day"))).unwrap_or_default();
            format!("Show me what to reorder{days}")
        }
        "products.search" => format!("Show products{}", quoted(step, " matching ", "text")),
        "customers.search" => buyers(step),
        "shop.briefing" => "Show the briefing".to_owned(),
        "shop.activity" => {
            let what = if step.text("by").is_some() { "me what I did" } else { "the activity" };
            format!("Show {what}{}", plain(step, " of ", "since"))
        }
        "orders.update_status" => format!("Set {} to {}{}", order()?, status(step)?, parcel(step)),
        "orders.bulk_update_status" => bulk(step)?,
        "orders.ship" => format!("Ship {}{}", units(step, &order()?)?, parcel(step)),
        "orders.cancel" => format!("Cancel {}", units(step, &order()?)?),
        "orders.set_hold" => {
            let verb = if step.arguments.get("on")?.as_bool()? { "Hold" } else { "Release" };
            format!("{verb} {}{}", order()?, plain(step, " until ", "until"))
        }
        "orders.record_payment" => {
            let method = step
                .text("method")
                .map(|method| format!(" by {}", method.replace("cash_on_delivery", "cod")))
                .unwrap_or_default();
            format!(
                "Record a payment{} for {}{method}{}",
                plain(step, " of ", "amount"),
                order()?,
                quoted(step, " with reference ", "reference")
            )
        }
        "orders.refund" => refund(step, &order()?)?,
        "orders.return_items" => {
            let fate = step.text("disposition").map(|fate| format!(" and {fate}")).unwrap_or_default();
            let fee = if step.arguments.contains_key("shipping") { " with shipping" } else { "" };
            format!("Take back {}{fate}{fee}", units(step, &order()?)?)
        }
        "orders.change_lines" => match step.text("note") {
            Some(note) => noted(step, note, &order()?)?,
            None => changes(step, &order()?)?,
        },
        "orders.create_order" => {
            let lines: Option<Vec<String>> = step.arguments.get("lines")?.as_array()?.iter().map(line).collect();
            let lines = lines?.join(" and ");
            let (fee, off) = (plain(step, ", shipping ", "shipping"), plain(step, ", discount ", "order_discount"));
            format!("Create an order for {}: {lines}{fee}{off}", name(step, "customer")?)
        }
        "orders.undo" => match step.text("command_id") {
            Some(command) => format!("Undo command {command}"),
            None => "Undo the last change".to_owned(),
        },
        "inventory.receive" => format!("Receive {} of {}", step.number("quantity")?, name(step, "product")?),
        "inventory.adjust" => match step.number("counted") {
            Some(counted) => format!("Set the stock of {} to {counted}", name(step, "product")?),
            None => format!("Adjust the stock of {} by {}", name(step, "product")?, step.number("delta")?),
        },
        "notifications.subscribe" => format!("Notify {} when {}", name(step, "target")?, happening(step)?),
        "products.upsert" => product(step)?,
        "customers.upsert" => contact(step)?,
        "customers.erase" => format!("Forget customer {}", name(step, "customer")?),
        "currencies.set_rate" => format!("Set the rate of {} to {}", step.text("currency")?, step.text("rate")?),
        _ => return None,
    })
}

/// `order #1234 is shipped`
fn happening(step: &Step) -> Option<String> {
    let first = |argument: &str| step.arguments.get(argument)?.as_array()?.first();
    let happens = match first("when")?.as_str()? {
        "relay_stopped" => return Some("the relay stops".to_owned()),
        "verify_failed" => return Some("a check of the log fails".to_owned()),
        "forecast_missed" => return Some("sales miss the forecast".to_owned()),
        "waiting" => &format!("waits longer than {}", lasting(step.number("grace")?)),
        "low_stock" => "runs low",
        "out_of_stock" => "runs out",
        "payment" => "is paid",
        "refund" => "is refunded",
        status => &format!("is {status}"),
    };
    let of = match (first("order_ids"), name(step, "product")) {
        (Some(id), _) => format!("order #{id}"),
        (None, Some(product)) => product,
        (None, None) if happens.starts_with("runs") => "any product".to_owned(),
        (None, None) => format!("an order{}", quoted(step, " of ", "customer")),
    };
    Some(format!("{of} {happens}"))
}

/// Seconds in the largest unit that has no rest.
fn lasting(seconds: i64) -> String {
    const UNITS: [(i64, &str); 3] = [(24 * 3600, "day"), (3600, "hour"), (60, "minute")];
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| seconds % unit == 0).unwrap_or((1, "second"));
    plural(seconds / unit, name)
}

fn open_orders(step: &Step) -> String {
    let scope = match step.text("scope") {
        Some("on_hold") => "held",
        Some(scope) => scope,
        None => "pending",
    };
    let older = plain(step, " older than ", "older_than");
    format!("Show {scope} orders{}{older}{}{}", filters(step), sorted(step), as_of(step))
}

fn search(step: &Step) -> String {
    let words = |name: &str| -> Vec<String> {
        let all = step.arguments.get(name).and_then(Value::as_array);
        all.into_iter().flatten().filter_map(|one| one.as_str().map(|one| one.replace('_', " "))).collect()
    };
    let kinds = [words("status"), words("payment_status")].map(|kinds| kinds.join(" or "));
    let kinds: Vec<String> = kinds.into_iter().filter(|kinds| !kinds.is_empty()).collect();
    let kinds = if kinds.is_empty() { String::new() } else { format!("{} ", kinds.join(" and ")) };
    let bounds = format!("{}{}", plain(step, " of at least ", "min_total"), plain(step, " of at most ", "max_total"));
    let older = plain(step, " older than ", "older_than");
    format!("Find {kinds}orders{}{}{bounds}{older}{}", quoted(step, " matching ", "text"), filters(step), sorted(step))
}

fn buyers(step: &Step) -> String {
    if let Some(long) = step.text("no_order_for") {
        return format!("Show customers who have not ordered for {long}");
    }
    if step.text("product").is_none() && step.text("date_range").is_none() {
        return format!("Show customers{}", quoted(step, " matching ", "text"));
    }
    format!("Show customers who ordered{}{}", quoted(step, " product ", "product"), days(step, " on "))
}

fn filters(step: &Step) -> String {
    let (customer, product) = (quoted(step, " for customer ", "customer"), quoted(step, " with product ", "product"));
    format!("{customer}{product}{}", on_days(step))
}

/// The days on which orders were placed, or what else is said of them happened.
fn on_days(step: &Step) -> String {
    days(step, &format!(" {} ", step.text("by").unwrap_or("placed")))
}

fn sorted(step: &Step) -> String {
    let sort = step.text("sort").map(|sort| format!(", {sort} first")).unwrap_or_default();
    format!("{sort}{}", plain(step, ", at most ", "limit"))
}

fn report(step: &Step) -> String {
    let of = format!("{}{}", quoted(step, " of product ", "product"), quoted(step, " to customer ", "customer"));
    let groups: Vec<&str> = match step.arguments.get("group_by") {
        Some(Value::Array(groups)) => groups.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(group)) => vec![group],
        _ => vec![],
    };
    let by = match groups.as_slice() {
        [] => String::new(),
        [one] => format!(" by {}", one.replace('_', " ")),
        _ => " by customer and by product".to_owned(),
    };
    let compared = plain(step, ", compared to ", "compare_to");
    let (sort, limit) = (plain(step, ", first by ", "sort"), plain(step, ", at most ", "limit"));
    let of = if step.arguments.contains_key("profit") { format!(" with profit{of}") } else { of };
    format!("Show the sales{of}{}{by}{}{compared}{sort}{limit}{}", days(step, " of "), basis(step), as_of(step))
}

fn basis(step: &Step) -> String {
    step.text("basis").map(|basis| format!(" on the {basis} basis")).unwrap_or_default()
}

fn bulk(step: &Step) -> Option<String> {
    let status = status(step)?;
    if let Some(ids) = step.arguments.get("order_ids").and_then(Value::as_array) {
        let ids: Vec<String> = ids.iter().map(|id| format!("#{id}")).collect();
        return Some(format!("Set orders {} to {status}", ids.join(", ")));
    }
    let present = plain(step, "", "present_status").replace('_', " ");
    let present = if present.is_empty() { String::new() } else { format!("{present} ") };
    Some(format!("Set all {present}orders{}{} to {status}", quoted(step, " for customer ", "customer"), on_days(step)))
}

fn refund(step: &Step, order: &str) -> Option<String> {
    let tail = format!(
        "{}{}",
        plain(step, " by ", "method").replace("cash_on_delivery", "cod"),
        quoted(step, " with reference ", "reference")
    );
    if step.arguments.contains_key("lines") {
        return Some(format!("Refund {}{tail}", units(step, order)?));
    }
    Some(match (step.text("kind"), step.text("amount")) {
        (Some("shipping"), _) => format!("Refund the shipping on {order}{tail}"),
        (Some("goodwill"), amount) => format!("Refund {} as goodwill on {order}{tail}", amount?),
        (_, Some(amount)) => format!("Refund {amount} on {order}{tail}"),
        (_, None) => format!("Refund {order}{tail}"),
    })
}

fn changes(step: &Step, order: &str) -> Option<String> {
    let changes = step.arguments.get("changes")?.as_array()?;
    if let [change] = changes.as_slice()
        && let Some(number) = change["line"].as_i64()
    {
        return Some(match change["quantity"].as_i64()? {
            0 => format!("Remove line {number} from {order}"),
            count => format!("Change line {number} of {order} to {count}"),
        });
    }
    if let [change] = changes.as_slice()
        && let (Some(name), Some(count)) = (change["product"].as_str(), change["quantity"].as_i64())
    {
        return Some(match count {
            0 => format!("Remove \"{name}\" from {order}"),
            count => format!("Change \"{name}\" in {order} to {count}"),
        });
    }
    let lines: Option<Vec<String>> = changes.iter().map(|change| units_of(change, "more")).collect();
    Some(format!("Add {} to {order}", lines?.join(" and ")))
}

/// In quotes, unless it has some of its own.
fn noted(step: &Step, note: &str, order: &str) -> Option<String> {
    if step.arguments.contains_key("changes") {
        return None;
    }
    let plain = note.contains(['"', '“', '„']);
    Some(if plain { format!("Add a note to {order}: {note}") } else { format!("Add a note to {order}: \"{note}\"") })
}

fn product(step: &Step) -> Option<String> {
    let sku = name(step, "sku")?;
    Some(match (step.text("name"), step.text("price"), step.arguments.get("archived").and_then(Value::as_bool)) {
        (Some(_), Some(price), _) => format!("Add product {sku} named {} at {price}", name(step, "name")?),
        (None, Some(price), _) => format!("Set the price of {sku} to {price}"),
        (_, _, Some(true)) => format!("Archive {sku}"),
        (_, _, Some(false)) => format!("Restore {sku}"),
        _ => return None,
    })
}

fn contact(step: &Step) -> Option<String> {
    if !step.arguments.contains_key("customer") {
        return Some(format!("Add customer {} with email {}", step.text("name")?, step.text("email")?));
    }
    let field = ["email", "phone", "address", "name"].into_iter().find(|field| step.arguments.contains_key(*field))?;
    Some(format!("Set the {field} of {} to {}", name(step, "customer")?, name(step, field)?))
}

/// `2 of "Tea" and 1 of "Mug" from order #1234`, or the order alone.
fn units(step: &Step, order: &str) -> Option<String> {
    let Some(lines) = step.arguments.get("lines").and_then(Value::as_array) else { return Some(order.to_owned()) };
    let lines: Option<Vec<String>> = lines.iter().map(line).collect();
    Some(format!("{} from {order}", lines?.join(" and ")))
}

fn line(line: &Value) -> Option<String> {
    units_of(line, "quantity")
}

fn units_of(line: &Value, units: &str) -> Option<String> {
    let price = line["unit_price"].as_str().map(|price| format!(" at {price}")).unwrap_or_default();
    Some(format!("{} of \"{}\"{price}", line[units].as_i64()?, line["product"].as_str()?))
}

fn parcel(step: &Step) -> String {
    format!("{}{}", quoted(step, " with carrier ", "carrier"), quoted(step, " tracking ", "tracking"))
}

fn status(step: &Step) -> Option<String> {
    step.text("status").map(|status| status.replace('_', " "))
}

fn as_of(step: &Step) -> String {
    plain(step, " as of ", "as_of")
}

fn days(step: &Step, before: &str) -> String {
    step.text("date").or(step.text("date_range")).map(|days| format!("{before}{days}")).unwrap_or_default()
}

fn name(step: &Step, argument: &str) -> Option<String> {
    step.text(argument).map(|name| format!("\"{name}\""))
}

fn quoted(step: &Step, before: &str, argument: &str) -> String {
    name(step, argument).map(|name| format!("{before}{name}")).unwrap_or_default()
}

fn plain(step: &Step, before: &str, argument: &str) -> String {
    match step.arguments.get(argument) {
        Some(Value::String(text)) => format!("{before}{text}"),
        Some(value) => format!("{before}{value}"),
        None => String::new(),
    }
}
