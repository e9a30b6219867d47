//! One call of a tool, as it comes in.

use crate::{answer::Detail, principal::Caller, schema::Object};

/// One call of a tool.
pub struct Call {
    /// As the caller sent them.
    pub arguments: Object,
    /// On whose behalf, through which program.
    pub caller: Caller,
    /// How much the answer shall say; taken out of the arguments.
    pub(crate) detail: Detail,
}

impl Call {
    /// As it came.
    pub fn new(arguments: Object, caller: Caller) -> Call {
        Call { arguments, caller, detail: Detail::default() }
    }
}
