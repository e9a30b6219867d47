//! Where the log ends, looked at once for all open pages.

use std::{sync::Arc, time::Duration};

use orderlog_tools::OpenShop;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often the end of the log is looked at: once for all pages of the process, and not at all while none is open.
const LOOK: Duration = Duration::from_millis(200);
/// Before every position.
pub(crate) const NOWHERE: i64 = -1;

/// How far the log reaches.
#[derive(Clone)]
pub(crate) struct Head {
    head: Arc<watch::Sender<i64>>,
    /// When nobody is told any more.
    pub(crate) stopping: CancellationToken,
}

impl Head {
    /// Looks until the node stops.
    pub(crate) fn start(shop: Arc<OpenShop>, stopping: CancellationToken) -> Head {
        let all = Head { head: Arc::new(watch::Sender::new(NOWHERE)), stopping };
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

    /// Follows it from now on.
    pub(crate) async fn follow(&self, shop: &OpenShop) -> (watch::Receiver<i64>, i64) {
        let news = self.head.subscribe();
        (news, self.look(shop).await)
    }

    /// Where the log ends now. A log that cannot be read just now has not changed, as far as pages go.
    async fn look(&self, shop: &OpenShop) -> i64 {
        if let Ok(head) = shop.projections.head(&shop.log).await {
            self.head.send_if_modified(|known| std::mem::replace(known, head.position.0) != head.position.0);
        }
        *self.head.borrow()
    }
}
