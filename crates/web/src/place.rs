//! Placing an order: the form, the preview, the Yes, the order's page.

use axum::response::Response;
use maud::{Markup, html};
use serde_json::{Value, json};

use crate::{
    consent::{Came, Question, Wanted, step},
    front::Trouble,
    layout::Page,
    order,
    params::{Params, as_number},
    parts::{self, text},
    posted::Posted,
    visit::{Visit, status},
};

const PATH: &str = "/orders/new";
const PLACE: &str = "/orders";
/// Lines of an empty form, and those added by "More lines".
const LINES: usize = 4;
/// Most lines of a form, which is also the most of an order.
const MOST: usize = 100;
/// The button that asks for more lines.
const MORE: &str = "more";

pub(crate) async fn blank(visit: Visit) -> Response {
    let visit = visit.still();
    let page = page(&visit, &visit.params, None);
    visit.shown(PLACE, Ok(page)).await
}

pub(crate) async fn sent(posted: Posted) -> Response {
    let Posted { visit, form } = posted;
    if form.get(MORE).is_some() {
        return visit.shown(PLACE, Ok(page(&visit, &form, None))).await;
    }
    let wanted = Wanted { tool: "orders.create_order", asks: false, arguments: arguments(&form) };
    match step(&visit.front, wanted, &form).await {
        Came::Done(answer) => {
            let id = answer["order_id"].as_i64().unwrap_or_default();
            visit.done(&order::address(&id.to_string()), &answer)
        }
        Came::Foreseen(foreseen) => {
            let title = "Place this order?".to_owned();
            let question = Question { title, place: PLACE, action: PATH, yes: "Yes, place it", back: PATH };
            let page = question.page(&visit, &form, &foreseen, &html! {});
            visit.shown(PLACE, Ok(page)).await
        }
        Came::Refused(Trouble(trouble)) => {
            let page = page(&visit, &form, Some(&trouble));
            visit.framed(status(text(&trouble["code"])).0, &page)
        }
    }
}

fn arguments(form: &Params) -> Value {
    let lines: Vec<Value> = (1..=MOST)
        .filter_map(|row| {
            let product = form.get(&format!("product_{row}"))?;
            let quantity = form.get(&format!("quantity_{row}")).unwrap_or("1");
            Some(json!({ "product": product, "quantity": as_number(quantity) }))
        })
        .collect();
    json!({
        "customer": form.get("customer").unwrap_or_default(), "lines": lines, "shipping": form.get("shipping"),
        "order_discount": form.get("order_discount"), "note": form.get("note"),
    })
}

fn page(visit: &Visit, form: &Params, trouble: Option<&Value>) -> Page {
    let filled = (1..=MOST).rev().find(|row| form.get(&format!("product_{row}")).is_some()).unwrap_or(0);
    let rows = (filled + if form.get(MORE).is_some() || filled == 0 { LINES } else { 1 }).clamp(LINES, MOST);
    let typed = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let line = |row: usize| -> Markup {
        let (product, quantity) = (format!("product_{row}"), format!("quantity_{row}"));
        html! {
            div class="fields" {
                label { "Product " (row) " (name or SKU)" input name=(product) maxlength="254" value=(typed(&product)); }
                label { "Units" input type="number" min="1" name=(quantity) value=(typed(&quantity)); }
            }
        }
    };
    let body = html! {
        @if let Some(trouble) = trouble { (parts::trouble(trouble)) }
        form method="post" action=(PATH) class="place" {
            (visit.token.field())
            label { "Customer (e-mail address or name)" input name="customer" required maxlength="254" value=(typed("customer")); }
            @for row in 1..=rows { (line(row)) }
            div class="fields" {
                label { "Shipping fee" input name="shipping" inputmode="decimal" maxlength="30" value=(typed("shipping")); }
                label { "Discount (50.00 or 10%)" input name="order_discount" maxlength="30" value=(typed("order_discount")); }
            }
            label { "Note" textarea name="note" rows="2" maxlength="2000" { (typed("note")) } }
            div class="buttons" { button { "What would it come to? …" } button name=(MORE) value="1" formnovalidate { "More lines" } }
        }
    };
    Page { title: "Place an order".to_owned(), place: PLACE, body }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_they_were_typed() {
        let form = Params::read(Some("customer=Asha&product_1=PEN&quantity_1=2&product_3=Mug&quantity_3=two&note="));
        let read = arguments(&form);
        let lines = json!([{ "product": "PEN", "quantity": 2 }, { "product": "Mug", "quantity": "two" }]);
        assert_eq!((&read["customer"], &read["lines"], &read["note"]), (&json!("Asha"), &lines, &Value::Null));
    }
}
