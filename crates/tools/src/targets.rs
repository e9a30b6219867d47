//! Who can be told of something, by name. The addresses are the administrator's and never come here.

use orderlog_domain::rejection::{Code, Rejection};

use crate::echo::shown;

/// A target as tools know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As the administrator named it.
    pub name: String,
    /// `slack`, `webhook` or `email`.
    pub kind: &'static str,
}

/// The target that a text names, whatever its case.
pub(crate) fn named<'a>(targets: &'a [Target], text: &str) -> Result<&'a Target, Rejection> {
    let wanted = text.trim().to_lowercase();
    if let Some(found) = targets.iter().find(|target| target.name.to_lowercase() == wanted) {
        return Ok(found);
    }
    let hint = match targets {
        [] => "Tell the user that an administrator has to set targets up first (docs/NOTIFICATIONS.md).",
        _ => "Ask the user which target is meant. Only an administrator can set up others.",
    };
    let message = match targets {
        [] => "Nobody can be notified: no target is set up.".to_owned(),
        _ => {
            let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
            format!("There is no target `{}`. There are: {}.", shown(text), names.join(", "))
        }
    };
    let candidates = targets.iter().take(5).map(|target| serde_json::json!({ "target": target.name })).collect();
    Err(Rejection::new(Code::NotFound, message).field("target").hint(hint).candidates(candidates))
}
