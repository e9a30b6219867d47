//! One call of a tool, as it arrives.

use std::{pin::Pin, sync::Arc};

use crate::{
    answer::{Detail, Reply},
    failure::Failure,
    principal::Caller,
    progress::Progress,
    schema::Object,
    shop::OpenShop,
};

/// The answer of a call that is running.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Reply, Failure>> + Send>>;
/// The function of a tool.
pub(crate) type Run = Box<dyn Fn(Arc<OpenShop>, Call) -> Answering + Send + Sync>;

/// One call of a tool.
#[derive(Clone)]
pub struct Call {
    /// The arguments, as the caller sent them.
    pub arguments: Object,
    /// The principal, and the program that it uses.
    pub caller: Caller,
    /// Where a call about many things tells how far it is.
    pub progress: Progress,
    /// How much the answer shall say; taken out of the arguments.
    pub(crate) detail: Detail,
}

impl Call {
    /// A call as it arrived.
    pub fn new(arguments: Object, caller: Caller) -> Call {
        Call { arguments, caller, progress: Progress::default(), detail: Detail::default() }
    }
}
