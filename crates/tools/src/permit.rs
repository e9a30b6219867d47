//! What a caller may do, and whether personal data is hidden from the caller.

use orderlog_access::{Principal, Right};
use orderlog_domain::rejection::{Code, Rejection};

tokio::task_local! {
    /// Set while an answer is made for a caller who may not see personal data.
    static HIDING: ();
}

/// The text in place of personal data that the caller may not see.
pub(crate) const HIDDEN: &str = "(hidden)";

/// Passes where the caller has the right.
///
/// # Errors
/// When a right is missing; names the right and who can grant it.
pub fn permit(principal: &Principal, right: Right) -> Result<(), Rejection> {
    if principal.may(right) {
        return Ok(());
    }
    let Principal { user, role, scopes, .. } = principal;
    let message = format!("This needs the right {right}, which {user} ({role}) does not have. Nothing was changed.");
    let hint = match scopes {
        Some(_) => format!("Sign in again and allow {right}; your OAuth provider says whether you may."),
        None => format!("Whoever runs the server can grant it: orderlog keys create NAME --right {right}."),
    };
    Err(Rejection::new(Code::Forbidden, message).hint(hint))
}

/// Makes an answer that contains only what the caller may see.
pub async fn seen_by<T>(principal: &Principal, work: impl Future<Output = T>) -> T {
    if principal.may(Right::CustomersRead) { work.await } else { Box::pin(HIDING.scope((), work)).await }
}

/// Whether personal data is hidden from the reader of the answer.
pub(crate) fn are_particulars_hidden() -> bool {
    HIDING.try_with(|()| ()).is_ok()
}
