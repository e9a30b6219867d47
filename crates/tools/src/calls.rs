//! One call of a tool, in a task of its own and within a deadline.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use orderlog_domain::rejection::{Code, Rejection};
use tracing::Instrument as _;

use crate::{answer::Answer, call::Call, failure::Failure, shop::OpenShop, tool::Tool};

/// Longest time a call may take before its client is told to try again.
pub const CALL_DEADLINE: Duration = Duration::from_secs(30);

/// Runs the tool in a task of its own, so that neither a panic, nor the deadline, nor a client that goes away stops it
/// half way. The client always gets an answer.
pub fn run_in_task(shop: &Arc<OpenShop>, tool: Arc<Tool>, call: Call) -> BoxFuture<'_, Result<Answer, Failure>> {
    Box::pin(async move {
        let running = Arc::clone(shop);
        let task = shop.tasks.spawn(async move { tool.run(running, call).await }.in_current_span());
        let answered = shop.log.while_there("answering", task);
        match tokio::time::timeout(CALL_DEADLINE, answered).await {
            Ok(Ok(Ok(answer))) => answer,
            Ok(Err(away)) => Err(away.into()),
            Ok(Ok(Err(broken))) => Err(Failure::Failed(anyhow::anyhow!("the tool broke off: {broken}"))),
            Err(_) => Err(Failure::Rejected(
                Rejection::new(
                    Code::Unavailable,
                    "The answer took too long; the change may or may not have been made.",
                )
                .hint("Repeat the call with the same idempotency_key, or look first whether it was made."),
            )),
        }
    })
}
