//! Targets of notifications, by name. Only the administrator knows the addresses; they never come here.

use orderlog_domain::rejection::{Code, Rejection};

use crate::echo::shown;

/// A target as tools know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The name that the administrator gave.
    pub name: String,
    /// `slack`, `webhook` or `email`.
    pub kind: &'static str,
}

/// The target with this name, upper or lower case.
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

/// The set of templates that a text names, whatever its case.
pub(crate) fn template_named<'a>(templates: &'a [String], text: &str) -> Result<&'a str, Rejection> {
    let wanted = text.trim().to_lowercase();
    if let Some(found) = templates.iter().find(|name| **name == wanted) {
        return Ok(found);
    }
    let message = match templates {
        [] => format!("There is no template `{}`: messages have the shop's usual words.", shown(text)),
        _ => format!("There is no template `{}`. There are: {}.", shown(text), templates.join(", ")),
    };
    let hint = match templates {
        [] => "Leave template out.",
        _ => "Ask the user which one is meant, or leave template out for the usual words.",
    };
    let candidates = templates.iter().take(5).map(|name| serde_json::json!({ "template": name })).collect();
    Err(Rejection::new(Code::NotFound, message).field("template").hint(hint).candidates(candidates))
}
