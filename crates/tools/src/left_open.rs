//! Open matters of a customer who would be erased.

use orderlog_domain::ids::CustomerId;
use orderlog_projections::pending_orders::{self, Filter, PendingOrders, Scope};
use orderlog_read_models::PageRequest;

use crate::{failure::Failure, sentences, shop::OpenShop};

/// Most orders that the warning names; of the others it gives the number.
const NAMED: u32 = 3;

/// The warning before a customer is erased: orders that owe goods would have no address any more, and nobody could be
/// asked for unpaid money.
pub(crate) async fn left_open(shop: &OpenShop, customer: CustomerId) -> Result<Option<String>, Failure> {
    let (at, fresh) = (shop.clock.now(), shop.moments.fresh().await?);
    let open = async |scope: Scope| -> Result<PendingOrders, Failure> {
        let filter = Filter { scope, customer: Some(customer), at, ..Filter::default() };
        Ok(pending_orders::pending_orders(&shop.projections, &filter, PageRequest::first(NAMED), fresh).await?.found)
    };
    let (owing, unpaid) = (open(Scope::Pending).await?, open(Scope::Unpaid).await?);
    let said = |found: &PendingOrders, one: &str, many: &str| {
        let mut names: Vec<String> = found.orders.iter().map(|order| format!("#{}", order.order_id)).collect();
        let more = found.total_count - names.len() as i64;
        if more > 0 {
            names.push(format!("{more} more"));
        }
        let verb = if found.total_count == 1 { one } else { many };
        let orders = sentences::plural(found.total_count, "order");
        (found.total_count > 0).then(|| format!("{orders} of this customer {verb} ({})", names.join(", ")))
    };
    let parts = [
        said(&owing, "still owes goods", "still owe goods")
            .map(|said| format!("{said}: no address would be left to ship to.")),
        said(&unpaid, "is unpaid", "are unpaid").map(|said| format!("{said}: nobody would be left to ask.")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    Ok((!parts.is_empty()).then(|| parts.join(" ")))
}
