//! The table of tools.

mod bench_noop;
mod customers;
mod inventory;
mod orders_bulk_update_status;
mod orders_create_order;
mod orders_get;
mod orders_get_pending;
mod orders_history;
mod orders_report_sales;
mod orders_search;
mod orders_undo;
mod products;
mod sales_explain;
mod sales_forecast;
mod shop_activity;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use orderlog_domain::commands::{
    AdjustStock, Cancel, ChangeLines, ReceiveStock, RecordPayment, Refund, ReturnItems, SetHold, SetRate, Ship,
    UpdateStatus, UpsertProduct,
};

pub use self::{customers::register, orders_get::order_json, orders_history::history_json};
use crate::{
    arguments::Elsewhere,
    tool::{Danger, Tool},
};
use serde_json::{Map, Value};

/// All tools, by both forms of their names.
pub struct Tools {
    all: Vec<Arc<Tool>>,
    by_name: HashMap<String, Arc<Tool>>,
}

impl Tools {
    /// The tools of this version. One line each.
    pub fn new(bench_noop: bool) -> Tools {
        let (write, destructive) = (Danger::Write, Danger::Destructive);
        let mut all = vec![
            orders_get_pending::tool(),
            orders_create_order::tool(),
            Tool::command::<UpdateStatus>("orders.update_status", "Update an order's status", destructive).asks(),
            orders_report_sales::tool(),
            sales_explain::tool(),
            sales_forecast::tool(),
            orders_get::tool(),
            orders_search::tool(),
            orders_history::tool(),
            Tool::command::<Ship>("orders.ship", "Ship units of an order", write),
            Tool::command::<Cancel>("orders.cancel", "Cancel an order or units of it", destructive).asks(),
            Tool::command::<SetHold>("orders.set_hold", "Hold or release an order", write),
            Tool::command::<RecordPayment>("orders.record_payment", "Record a payment", write),
            Tool::command::<ChangeLines>("orders.change_lines", "Change an order's lines", destructive).asks(),
            Tool::command::<ReturnItems>("orders.return_items", "Take back shipped units", destructive),
            Tool::command::<Refund>("orders.refund", "Pay money back", destructive).asks(),
            orders_bulk_update_status::tool().asks(),
            orders_undo::tool().asks(),
            shop_activity::tool(),
            Tool::command::<SetRate>("currencies.set_rate", "Store an exchange rate", write),
            inventory::check(),
            inventory::low_stock(),
            Tool::command::<ReceiveStock>("inventory.receive", "Receive stock", write),
            Tool::command::<AdjustStock>("inventory.adjust", "Correct stock", destructive),
            products::search(),
            Tool::command::<UpsertProduct>("products.upsert", "Register or change a product", write),
            customers::search(),
            customers::upsert(),
            customers::erase().asks(),
        ];
        if bench_noop {
            all.push(bench_noop::tool());
        }
        let takers = takers(&all);
        all.iter_mut().for_each(|tool| tool.learn(&takers));
        let all: Vec<Arc<Tool>> = all.into_iter().map(Arc::new).collect();
        let by_name = all
            .iter()
            .flat_map(|tool| [tool.name.to_owned(), tool.name.replace('.', "_")].map(|name| (name, Arc::clone(tool))))
            .collect();
        Tools { all, by_name }
    }

    /// The tool called `orders.get_pending` or `orders_get_pending`.
    pub fn find(&self, name: &str) -> Option<Arc<Tool>> {
        self.by_name.get(name).cloned()
    }

    /// Every tool, those that are not listed among them.
    pub fn all(&self) -> impl Iterator<Item = &Tool> {
        self.all.iter().map(|tool| &**tool)
    }
}

/// Which tools take each argument; those that nearly all take, such as `detail`, lead nowhere.
fn takers(all: &[Tool]) -> Elsewhere {
    /// Tools that may take an argument which is still worth an advice.
    const FEW: usize = 6;
    let mut takers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for tool in all.iter().filter(|tool| tool.is_listed()) {
        let arguments = tool.input.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys);
        for argument in arguments {
            takers.entry(argument.clone()).or_default().push(tool.name.replace('.', "_"));
        }
    }
    takers.retain(|_, tools| tools.len() <= FEW);
    Arc::new(takers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_name_call_the_same_tool() {
        let tools = Tools::new(false);
        let dotted = tools.find("orders.get_pending").unwrap();
        assert!(Arc::ptr_eq(&dotted, &tools.find("orders_get_pending").unwrap()));
        assert!(tools.find("bench.noop").is_none());
    }
}
