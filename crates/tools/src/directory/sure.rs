//! How sure the reading of a name must be for each purpose, and what is asked if it is not sure enough.

use orderlog_domain::{
    format::between,
    rejection::{Code, Problem, Rejection},
};
use orderlog_read_models::{Answer, Found, Matched};

use crate::candidates::Candidate;

/// Up to so many candidates, the sentence about an ambiguous name describes each; otherwise it lists only names.
const DESCRIBED: usize = 2;
/// The purpose of a name in an argument, which decides how sure its reading must be (domain rules §3, Names).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// For an answer: the only match is meant, and the answer says how the name was read.
    Read,
    /// For a change: an identifier, the full name or all of its words; anything less certain is asked about.
    Write,
    /// For a change that may create the thing: an identifier or the full name, since a new name may be similar to an
    /// existing one.
    WriteOrMake,
    /// For an act that cannot be taken back: an identifier or the full name exactly as it is written.
    Erase,
}

/// A name in an argument.
pub(super) struct Asked<'a> {
    pub(super) text: &'a str,
    pub(super) field: &'a str,
    pub(super) purpose: Purpose,
    /// The kind of thing: product or customer.
    pub(super) kind: &'static str,
    /// The tool that looks for such things.
    pub(super) tool: &'static str,
}

/// The result of reading a name.
pub(super) enum Sure<T> {
    /// The only match that is sure enough for the purpose, and how the name was read.
    Meant(T, Option<String>),
    /// One of these candidates.
    Among(Vec<T>, Unsure),
}

/// Why a name is not clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsure {
    /// It fits so many things.
    Fits(usize),
    /// It fits nothing; so many things are similar.
    Near(usize),
    /// It fits nothing, and existing things share at most a word with it.
    Far,
}

/// The only match that is sure enough for the purpose, or the candidates to ask about. If the read model lags, a thing
/// that was not found exactly may exist.
pub(super) fn only<T>(
    Answer { found, behind, .. }: Answer<Found<T>>,
    Asked { text, field, purpose, kind, tool }: &Asked<'_>,
    describe: impl Fn(&T) -> String,
) -> Result<Sure<T>, Rejection> {
    let shown = shown(text);
    let exact = matches!(found.how, Matched::Identifier | Matched::Name);
    if behind > 0 && !exact {
        let events = if behind == 1 { "1 event".to_owned() } else { format!("{behind} events") };
        let message = format!("It is not known yet what {kind} `{shown}` means: its list is {events} behind the log.");
        return Err(Rejection::new(Code::StaleRead, message).field(*field).hint("Call again in a moment."));
    }
    let sure = match purpose {
        Purpose::Read => found.how < Matched::Few,
        Purpose::Write => found.how <= Matched::Words,
        Purpose::WriteOrMake | Purpose::Erase => exact,
    };
    let mut items = found.items;
    if items.is_empty() {
        return Err(Rejection::new(Code::NotFound, format!("There is no {kind} called `{shown}`."))
            .field(*field)
            .hint(format!("Look for it with {tool}.")));
    }
    if sure && items.len() == 1 {
        let item = items.remove(0);
        let reading = (!exact).then(|| format!("`{shown}` was read as {}.", describe(&item)));
        return Ok(Sure::Meant(item, reading));
    }
    let total = found.total.max(items.len());
    let unsure = match found.how {
        Matched::Few | Matched::Nothing => Unsure::Far,
        _ if sure => Unsure::Fits(total),
        _ => Unsure::Near(total),
    };
    Ok(Sure::Among(items, unsure))
}

impl Asked<'_> {
    /// Asks which of these is meant.
    pub(super) fn among(&self, candidates: Vec<Candidate>, unsure: Unsure) -> Rejection {
        let (kind, text) = (self.kind, shown(self.text));
        let (many, more) = match unsure {
            Unsure::Fits(total) | Unsure::Near(total) => (total > DESCRIBED, total > candidates.len()),
            Unsure::Far => (false, false),
        };
        // People with the same name are distinguished by their identifiers. If only the likeliest are offered, the
        // sentence says how many there are.
        let mut names: Vec<String> = vec![];
        for one in &candidates {
            let same = candidates.iter().filter(|other| other.name == one.name).count();
            let described = match (many, same) {
                (true, 1) => one.name.clone(),
                (true, _) if more => format!("{} ({same} of them)", one.name),
                (_, _) => format!("{} ({})", one.name, one.identifier),
            };
            if !names.contains(&described) {
                names.push(described);
            }
        }
        let described = names.join(between(&names));
        let are = if candidates.len() == 1 { "is" } else { "are" };
        let (code, message) = match unsure {
            Unsure::Fits(total) if total > candidates.len() => {
                (Code::Ambiguous, format!("`{text}` fits {total} {kind}s, likeliest {described}."))
            }
            Unsure::Fits(total) => (Code::Ambiguous, format!("`{text}` fits {total} {kind}s: {described}.")),
            Unsure::Near(_) => {
                (Code::Ambiguous, format!("No {kind} is called `{text}`; the nearest {are} {described}."))
            }
            Unsure::Far => {
                (Code::NotFound, format!("There is no {kind} called `{text}`; the nearest {are} {described}."))
            }
        };
        let hint = match self.purpose {
            Purpose::Erase => {
                "Ask the user who is meant, then repeat the call with the e-mail address or the customer_id."
            }
            Purpose::Read | Purpose::Write | Purpose::WriteOrMake => {
                "Ask the user which one is meant, then repeat the call with its exact identifier."
            }
        };
        let candidates = candidates.into_iter().map(|candidate| candidate.facts).collect();
        Rejection::new(code, message).field(self.field).hint(hint).candidates(candidates)
    }
}

/// One answer for all names that are not clear: the ambiguous ones can be chosen, and the unknown ones are reported
/// beside them.
pub(super) fn together(mut refused: Vec<Rejection>) -> Rejection {
    // Whatever else there is, the same call may succeed in a moment.
    let worst = refused.iter().position(|one| one.code == Code::StaleRead);
    let ambiguous = worst.or_else(|| refused.iter().position(|one| one.code == Code::Ambiguous));
    if refused.len() == 1 || worst.is_some() {
        return refused.swap_remove(worst.unwrap_or(0));
    }
    let messages: Vec<&str> = refused.iter().map(|one| one.message.as_str()).collect();
    let message = messages.join(" ");
    let problem = |one: &Rejection| Problem {
        field: one.field.clone().unwrap_or_default(),
        message: if one.code == Code::Ambiguous { "fits several" } else { "is unknown" }.to_owned(),
    };
    let problems = refused.iter().map(problem).collect();
    let first = refused.swap_remove(ambiguous.unwrap_or(0));
    Rejection { message, problems, ..first }
}

/// A name as an answer repeats it.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use orderlog_domain::ids::Position;

    use super::*;

    fn resolved(purpose: Purpose, how: Matched, items: &[&str], behind: i64) -> Result<(String, Option<String>), Code> {
        let items: Vec<String> = items.iter().map(|item| (*item).to_owned()).collect();
        let total = items.len();
        let answer = Answer { position: Position(9), behind, found: Found { how, items, total } };
        let asked = Asked { text: "tea", field: "product", purpose, kind: "product", tool: "products_search" };
        match only(answer, &asked, Clone::clone) {
            Ok(Sure::Meant(item, reading)) => Ok((item, reading)),
            Ok(Sure::Among(_, unsure)) => Err(asked.among(vec![], unsure).code),
            Err(rejection) => Err(rejection.code),
        }
    }

    #[test]
    fn three_who_are_called_the_same_are_told_apart() {
        let candidate = |name: &str, identifier: &str| Candidate {
            name: name.to_owned(),
            identifier: identifier.to_owned(),
            facts: serde_json::Value::Null,
        };
        let asked = Asked {
            text: "pooja",
            field: "customer",
            purpose: Purpose::Read,
            kind: "customer",
            tool: "customers_search",
        };
        let candidates = vec![
            candidate("Pooja Chandra", "p1@x.in"),
            candidate("Pooja Das", "d@x.in"),
            candidate("Pooja Chandra", "p2@x.in"),
        ];
        let message = asked.among(candidates, Unsure::Fits(3)).message;
        let expected = "`pooja` fits 3 customers: Pooja Chandra (p1@x.in), Pooja Das, Pooja Chandra (p2@x.in).";
        assert_eq!(message, expected);
        let candidates = vec![
            candidate("Pooja Chandra", "p1@x.in"),
            candidate("Pooja Das", "d@x.in"),
            candidate("Pooja Chandra", "p2@x.in"),
        ];
        let message = asked.among(candidates, Unsure::Fits(9)).message;
        assert_eq!(message, "`pooja` fits 9 customers, likeliest Pooja Chandra (2 of them), Pooja Das.");
    }

    #[test]
    fn what_is_not_found_for_sure_while_the_list_lags_is_to_be_asked_again() {
        let resolved = |how, items: &[&str], behind| resolved(Purpose::Read, how, items, behind);
        let tea = || "Tea".to_owned();
        assert_eq!(resolved(Matched::Nothing, &[], 0), Err(Code::NotFound));
        assert_eq!(resolved(Matched::Nothing, &[], 3), Err(Code::StaleRead));
        assert_eq!(resolved(Matched::Alike, &["Tea"], 0), Ok((tea(), Some("`tea` was read as Tea.".to_owned()))));
        assert_eq!(resolved(Matched::Alike, &["Tea"], 3), Err(Code::StaleRead));
        assert_eq!(resolved(Matched::Prefix, &["Tea", "Teapot"], 3), Err(Code::StaleRead));
        assert_eq!(resolved(Matched::Name, &["Tea"], 3), Ok((tea(), None)));
        assert_eq!(resolved(Matched::Name, &["Tea", "Tea"], 3), Err(Code::Ambiguous));
    }

    #[test]
    fn the_more_a_call_can_spoil_the_surer_its_names_must_be() {
        for (how, write, erase) in [
            (Matched::Identifier, true, true),
            (Matched::Name, true, true),
            (Matched::Words, true, false),
            (Matched::Prefix, false, false),
            (Matched::Most, false, false),
            (Matched::Alike, false, false),
        ] {
            assert!(resolved(Purpose::Read, how, &["Tea"], 0).is_ok(), "{how:?}");
            for (purpose, taken) in [(Purpose::Write, write), (Purpose::Erase, erase)] {
                let expected = if taken { None } else { Some(Code::Ambiguous) };
                assert_eq!(resolved(purpose, how, &["Tea"], 0).err(), expected, "{purpose:?} {how:?}");
            }
        }
        for purpose in [Purpose::Read, Purpose::Write, Purpose::Erase] {
            assert_eq!(resolved(purpose, Matched::Few, &["Tea"], 0).err(), Some(Code::NotFound), "{purpose:?}");
        }
    }

    #[test]
    fn one_answer_tells_every_name_that_means_nothing_sure() {
        let rejection = |code, field: &str, message: &str| Rejection::new(code, message).field(field);
        let unknown = rejection(Code::NotFound, "lines[1].product", "There is no product called `SKU-B`.");
        let ambiguous = rejection(Code::Ambiguous, "customer", "`asha` fits 62 customers.");
        let both = together(vec![unknown.clone(), ambiguous.clone()]);
        assert_eq!((both.code, both.field.as_deref()), (Code::Ambiguous, Some("customer")));
        assert_eq!(both.message, "There is no product called `SKU-B`. `asha` fits 62 customers.");
        assert_eq!(both.problems.len(), 2);
        assert_eq!(together(vec![unknown.clone()]), unknown);
        let stale = rejection(Code::StaleRead, "customer", "It is not known yet.");
        assert_eq!(together(vec![unknown, stale.clone()]), stale);
    }
}
