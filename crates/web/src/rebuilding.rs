//! The note on a page that a read model is being rebuilt, and a part of the shop cannot be shown yet.

use maud::{Markup, html};
use serde_json::Value;

use crate::{
    front::Front,
    parts::{items, number, text},
};

/// The read models that have not caught up with the log, and how far they are; empty if all have.
pub(crate) async fn said(front: &Front) -> Markup {
    let status = front.status().await;
    let head = number(&status["log"]["position"]);
    let is_behind = |one: &&Value| {
        let unfit = one["outdated"] == true || !one["another_past"].is_null();
        unfit || number(&one["lag"]) > 0 || !one["building"].is_null()
    };
    let behind: Vec<_> = items(&status["projections"]).iter().filter(is_behind).collect();
    html! {
        @if !behind.is_empty() {
            section class="rebuilding" role="status" {
                p { "Being rebuilt from the log, which ends at " (head) ":" }
                ul {
                    @for one in behind {
                        @let at = one["building"].as_i64().unwrap_or_else(|| if one["outdated"] == true { 0 } else { number(&one["position"]) });
                        li {
                            (text(&one["name"]).replace('_', " ")) ": " (at) " of " (head) " events taken in "
                            @if let Some(why) = one["another_past"].as_str() { " (" (why) ") " }
                            progress aria-label=(text(&one["name"])) max=(head) value=(at) {}
                        }
                    }
                }
                p { "Load the page again in a moment." }
            }
        }
    }
}
