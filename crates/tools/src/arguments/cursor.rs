//! Cursors in answers and in calls: each names its list, and is valid for no other list.

use orderlog_domain::rejection::Rejection;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::schema::Object;

/// The member of an answer that carries the cursor of the next page.
pub(crate) const NEXT: &str = "next_cursor";

/// The character in a cursor before the name of its list.
const OF_LIST: char = '~';

/// Names a list: the tool and its arguments, without the page.
pub(crate) fn list_of(tool: &str, arguments: &Object) -> String {
    let asked = serde_json::to_vec(&(tool, arguments)).unwrap_or_default();
    Sha256::digest(asked).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Writes the list onto a cursor.
pub(crate) fn give(cursor: &mut String, list: &str) {
    cursor.push(OF_LIST);
    cursor.push_str(list);
}

/// Takes the name of the list off the caller's cursor. The cursor is valid only if that list is the one asked for.
pub(crate) fn take(paging: &mut Object, list: &str) -> Result<(), Rejection> {
    let Some(Value::String(cursor)) = paging.get_mut("cursor") else { return Ok(()) };
    match cursor.rsplit_once(OF_LIST) {
        Some((place, of)) if of == list => {
            *cursor = place.to_owned();
            Ok(())
        }
        _ => {
            let message = "This cursor was not given by a page of this list.";
            Err(Rejection::invalid("cursor", message)
                .hint("Give it with the same arguments as the page before, or start again without a cursor."))
        }
    }
}
