//! One call of a tool, as it comes in.

use std::{pin::Pin, sync::Arc};

use crate::{
    answer::{Detail, Reply},
    failure::Failure,
    principal::Caller,
    progress::Progress,
    schema::Object,
    shop::OpenShop,
};

/// The answer to a call under way.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Result<Reply, Failure>> + Send>>;
/// What a tool does.
pub(crate) type Run = Box<dyn Fn(Arc<OpenShop>, Call) -> Answering + Send + Sync>;

/// One call of a tool.
#[derive(Clone)]
pub struct Call {
    /// As the caller sent them.
    pub arguments: Object,
    /// On whose behalf, through which program.
    pub caller: Caller,
    /// Where a call about many things tells how far it is.
    pub progress: Progress,
    /// How much the answer shall say; taken out of the arguments.
    pub(crate) detail: Detail,
}

impl Call {
    /// As it came.
    pub fn new(arguments: Object, caller: Caller) -> Call {
        Call { arguments, caller, progress: Progress::default(), detail: Detail::default() }
    }
}
