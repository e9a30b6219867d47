//! The event catalogue, written from the domain's declarations.

/// The whole page.
pub(crate) fn markdown() -> String {
    orderlog_domain::event::catalogue().iter().map(|kind| format!("- {}\n", kind.name)).collect()
}
