//! The end of the log and the subjects of its newest events, read once for all open pages.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use orderlog_tools::{About, OpenShop, news};
use tokio::sync::{Mutex, watch};
use tokio_util::sync::CancellationToken;

/// How often the end of the log is read: once for all pages of the process, and not at all while no page is open.
const LOOK: Duration = Duration::from_millis(200);
/// Most events that are read at once; if there are more, every page is told to load again.
const MOST_NEWS: u32 = 1_000;
/// Most orders whose last event is known.
const MOST_ORDERS: usize = 20_000;
/// Before every position.
pub(crate) const NOWHERE: i64 = -1;

/// How far the log reaches.
#[derive(Clone)]
pub(crate) struct Head {
    head: Arc<watch::Sender<i64>>,
    touched: Arc<RwLock<Touched>>,
    looking: Arc<Mutex<()>>,
    /// Cancelled when pages get no more news.
    pub(crate) stopping: CancellationToken,
}

/// The subjects of the newest events.
#[derive(Debug, Default)]
struct Touched {
    /// Every event after this position is known.
    from: i64,
    /// The last event of each order.
    orders: HashMap<i64, i64>,
    /// The last event about a name that any page may show.
    names: i64,
}

impl Head {
    /// Looks until the node stops.
    pub(crate) fn start(shop: Arc<OpenShop>, stopping: CancellationToken) -> Head {
        let all = Head {
            head: Arc::new(watch::Sender::new(NOWHERE)),
            touched: Arc::default(),
            looking: Arc::default(),
            stopping,
        };
        let looking = all.clone();
        tokio::spawn(async move {
            while looking.stopping.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
                if looking.head.receiver_count() > 0 {
                    looking.look(&shop).await;
                }
            }
        });
        all
    }

    /// Follows the end of the log from now on.
    pub(crate) async fn follow(&self, shop: &OpenShop) -> (watch::Receiver<i64>, i64) {
        let news = self.head.subscribe();
        (news, self.look(shop).await)
    }

    /// Whether an event after this position concerns the page of an order.
    pub(crate) fn concerns(&self, order: i64, after: i64) -> bool {
        self.touched.read().unwrap_or_else(PoisonError::into_inner).concerns(order, after)
    }

    /// The present end of the log. If the log cannot be read now, pages get no news.
    async fn look(&self, shop: &OpenShop) -> i64 {
        let _one = self.looking.lock().await;
        let known = *self.head.borrow();
        if let Ok(head) = shop.projections.head(&shop.log).await
            && head.position.0 != known
        {
            let head = head.position.0;
            // Only up to the position that pages are told now: with later events they would load now and once more
            // afterwards.
            let few = u32::try_from(head - known).ok().filter(|few| known != NOWHERE && *few <= MOST_NEWS);
            let about = match few {
                Some(few) => news(shop, known, few).await,
                None => None,
            };
            self.touched.write().unwrap_or_else(PoisonError::into_inner).learn(head, about);
            // Sent last, so that a page that receives it finds the subjects.
            self.head.send_replace(head);
        }
        *self.head.borrow()
    }
}

impl Touched {
    fn concerns(&self, order: i64, after: i64) -> bool {
        after < self.from || self.names > after || self.orders.get(&order).is_some_and(|last| *last > after)
    }

    /// Adds the subjects of the events up to `head`; if they are not known, the subjects of all earlier events count as
    /// unknown.
    fn learn(&mut self, head: i64, about: Option<Vec<(i64, About)>>) {
        let Some(about) = about.filter(|_| self.orders.len() < MOST_ORDERS) else {
            *self = Touched { from: head, ..Touched::default() };
            return;
        };
        for (position, about) in about {
            match about {
                About::Order(id) => {
                    self.orders.insert(id, position);
                }
                About::Names => self.names = position,
                About::Other => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_concerned_by_its_order_by_names_and_by_what_nobody_knows() {
        let mut touched = Touched::default();
        touched.learn(10, None);
        assert!(touched.concerns(1001, 9) && !touched.concerns(1001, 10));
        touched.learn(13, Some(vec![(11, About::Order(1002)), (12, About::Other), (13, About::Order(1001))]));
        assert!(touched.concerns(1001, 12) && !touched.concerns(1001, 13) && !touched.concerns(1002, 11));
        touched.learn(14, Some(vec![(14, About::Names)]));
        assert!(touched.concerns(1001, 13) && touched.concerns(1002, 13) && !touched.concerns(1002, 14));
        // A log that was put back, or that went on by more than is read.
        touched.learn(5, None);
        assert!(touched.concerns(1002, 4) && !touched.concerns(1002, 5));
    }
}
