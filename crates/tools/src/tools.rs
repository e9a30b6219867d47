//! The table of tools.

mod bench_noop;
mod customers;
mod inventory;
mod inventory_reorder;
mod notifications;
mod orders_bulk_update_status;
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
mod shop_briefing;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use orderlog_access::Right;
use orderlog_domain::commands::{
    AdjustStock, Cancel, ChangeLines, CreateOrder, ReceiveStock, RecordPayment, Refund, ReturnItems, SetHold, SetRate,
    Ship, UpdateStatus, UpsertProduct,
};

pub use self::{
    customers::register,
    orders_get::order_json,
    orders_history::history_json,
    orders_undo::can_take_back,
    sales_forecast::{Missed, missed},
};
use crate::{
    arguments::{self, Elsewhere},
    tool::{Danger, Tool},
};
use serde_json::Value;

/// All tools, by both forms of their names.
pub struct Tools {
    all: Vec<Arc<Tool>>,
    by_name: HashMap<String, Arc<Tool>>,
}

impl Tools {
    /// The tools of this version, one line each, with the right that each needs.
    pub fn new(bench_noop: bool) -> Tools {
        Tools::made(bench_noop, false)
    }

    /// The same tools, of which none may change anything, for any caller.
    pub fn only_reading(bench_noop: bool) -> Tools {
        Tools::made(bench_noop, true)
    }

    fn made(bench_noop: bool, only_reading: bool) -> Tools {
        use Right::{
            Admin, CustomersErase, CustomersRead, InventoryWrite, NotifyWrite, OrdersRead, OrdersRefund, OrdersWrite,
        };
        let (write, destructive) = (Danger::Write, Danger::Destructive);
        let mut all = vec![
            orders_get_pending::tool().needs(OrdersRead),
            Tool::command::<CreateOrder>("orders.create_order", "Create an order", write).suspects().needs(OrdersWrite),
            Tool::command::<UpdateStatus>("orders.update_status", "Update an order's status", destructive)
                .asks()
                .suspects()
                .needs(OrdersWrite),
            orders_report_sales::tool().needs(OrdersRead),
            sales_explain::tool().needs(OrdersRead),
            sales_forecast::tool().needs(OrdersRead),
            orders_get::tool().needs(OrdersRead),
            orders_search::tool().needs(OrdersRead),
            orders_history::tool().needs(OrdersRead),
            Tool::command::<Ship>("orders.ship", "Ship units of an order", write).suspects().needs(OrdersWrite),
            Tool::command::<Cancel>("orders.cancel", "Cancel an order or units of it", destructive)
                .asks()
                .needs(OrdersWrite),
            Tool::command::<SetHold>("orders.set_hold", "Hold or release an order", write).needs(OrdersWrite),
            Tool::command::<RecordPayment>("orders.record_payment", "Record a payment", write)
                .asks()
                .suspects()
                .needs(OrdersWrite),
            Tool::command::<ChangeLines>("orders.change_lines", "Change an order's lines or add a note", destructive)
                .asks()
                .needs(OrdersWrite),
            Tool::command::<ReturnItems>("orders.return_items", "Take back shipped units", destructive)
                .needs(OrdersWrite),
            Tool::command::<Refund>("orders.refund", "Pay money back", destructive).asks().needs(OrdersRefund),
            orders_bulk_update_status::tool().asks().needs(OrdersWrite),
            orders_undo::tool().asks().needs(OrdersWrite),
            shop_briefing::tool().needs(OrdersRead),
            shop_activity::tool().needs(OrdersRead),
            Tool::command::<SetRate>("currencies.set_rate", "Store an exchange rate", write).needs(Admin),
            inventory::check().needs(OrdersRead),
            inventory_reorder::tool().needs(OrdersRead),
            Tool::command::<ReceiveStock>("inventory.receive", "Receive stock", write).suspects().needs(InventoryWrite),
            Tool::command::<AdjustStock>("inventory.adjust", "Correct stock", destructive).needs(InventoryWrite),
            products::search().needs(OrdersRead),
            Tool::command::<UpsertProduct>("products.upsert", "Register or change a product", write)
                .needs(InventoryWrite),
            customers::search().needs(CustomersRead),
            customers::upsert().needs(OrdersWrite),
            customers::erase().asks().needs(CustomersErase),
            notifications::subscribe().needs(NotifyWrite),
            notifications::list().needs(OrdersRead),
            notifications::unsubscribe().needs(NotifyWrite),
        ];
        if bench_noop {
            all.push(bench_noop::tool().needs(OrdersWrite));
        }
        let takers = takers(&all);
        all.iter_mut().for_each(|tool| tool.learn(&takers));
        if only_reading {
            all.iter_mut().for_each(Tool::only_reads);
        }
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

    /// Every tool, also those that are not listed.
    pub fn all(&self) -> impl Iterator<Item = &Tool> {
        self.all.iter().map(|tool| &**tool)
    }
}

/// Which tools take each argument, and which arguments take each listed word; those that nearly all take, such as `detail`,
/// lead nowhere.
fn takers(all: &[Tool]) -> Elsewhere {
    /// Most tools that may take an argument for which advice is still useful.
    const FEW: usize = 6;
    let mut takers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for tool in all.iter().filter(|tool| tool.is_listed()) {
        let arguments = tool.input.get("properties").and_then(Value::as_object).into_iter().flatten();
        let tool = tool.name.replace('.', "_");
        for (argument, schema) in arguments {
            takers.entry(argument.clone()).or_default().push(tool.clone());
            let words = schema.get("enum").or_else(|| schema.get("items")?.get("enum")).and_then(Value::as_array);
            for word in words.into_iter().flatten().filter_map(Value::as_str) {
                takers.entry(arguments::word(word)).or_default().push(format!("{argument} of {tool}"));
            }
        }
    }
    takers.retain(|_, tools| tools.len() <= FEW);
    Arc::new(takers)
}

#[cfg(test)]
mod tests {
    use orderlog_access::{Principal, Rights};

    use super::*;

    /// The tools that each right opens. A tool without a row fails, and so does a right that opens too much.
    #[test]
    fn every_tool_has_its_right_and_no_other_opens_it() {
        let expected = "\
            bench.noop orders:write\n\
            currencies.set_rate admin\n\
            customers.erase customers:erase\n\
            customers.search customers:read\n\
            customers.upsert orders:write\n\
            inventory.adjust inventory:write\n\
            inventory.check orders:read\n\
            inventory.receive inventory:write\n\
            inventory.reorder orders:read\n\
            notifications.list orders:read\n\
            notifications.subscribe notify:write\n\
            notifications.unsubscribe notify:write\n\
            orders.bulk_update_status orders:write\n\
            orders.cancel orders:write\n\
            orders.change_lines orders:write\n\
            orders.create_order orders:write\n\
            orders.get orders:read\n\
            orders.get_pending orders:read\n\
            orders.history orders:read\n\
            orders.record_payment orders:write\n\
            orders.refund orders:refund\n\
            orders.report_sales orders:read\n\
            orders.return_items orders:write\n\
            orders.search orders:read\n\
            orders.set_hold orders:write\n\
            orders.ship orders:write\n\
            orders.undo orders:write\n\
            orders.update_status orders:write\n\
            products.search orders:read\n\
            products.upsert inventory:write\n\
            sales.explain orders:read\n\
            sales.forecast orders:read\n\
            shop.activity orders:read\n\
            shop.briefing orders:read";
        let tools = Tools::new(true);
        let mut rows = vec![];
        for tool in tools.all() {
            assert!(tool.said_needs().is_some(), "say in tools.rs which right {} needs", tool.name);
            let with = |rights: Rights| Principal { rights, ..Principal::nobody() };
            let opens: Vec<&str> = Right::ALL
                .into_iter()
                .filter(|right| tool.serves(&with([*right].into_iter().collect())))
                .map(Right::name)
                .collect();
            let without = Right::ALL.into_iter().filter(|right| *right != tool.right()).collect();
            assert!(!tool.serves(&with(without)), "{} is open without {}", tool.name, tool.right());
            let reads = tool.right().name().ends_with(":read");
            assert!(tool.is_command() || reads || !tool.is_listed(), "{} reads", tool.name);
            rows.push(format!("{} {}", tool.name, opens.join(" ")));
        }
        rows.sort_unstable();
        assert_eq!(rows.join("\n"), expected);
    }

    #[test]
    fn a_server_that_only_reads_refuses_the_owner_too() {
        let (owner, tools) = (Principal::local(), Tools::only_reading(true));
        for tool in tools.all() {
            assert_eq!(tool.serves(&owner), !tool.is_command(), "{}", tool.name);
        }
    }

    #[test]
    fn both_forms_of_a_name_call_the_same_tool() {
        let tools = Tools::new(false);
        let dotted = tools.find("orders.get_pending").unwrap();
        assert!(Arc::ptr_eq(&dotted, &tools.find("orders_get_pending").unwrap()));
        assert!(tools.find("bench.noop").is_none());
    }
}
