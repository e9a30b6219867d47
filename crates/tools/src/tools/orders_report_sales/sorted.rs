//! What stands first among groups.

use orderlog_projections::daily_sales::Sort;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SortInput {
    Revenue,
    Units,
    Orders,
    Change,
    Profit,
    Least,
}

impl SortInput {
    /// None by which read models do not sort.
    pub(super) fn sort(self) -> Option<Sort> {
        Some(match self {
            SortInput::Revenue => Sort::Revenue,
            SortInput::Units => Sort::Units,
            SortInput::Orders => Sort::Orders,
            SortInput::Change => Sort::Change,
            SortInput::Least => Sort::Least,
            SortInput::Profit => return None,
        })
    }
}
