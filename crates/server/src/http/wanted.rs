//! The query of a request to `/v1/events`.

use orderlog_tools::echo::shown;

/// Every parameter.
const PARAMETERS: [&str; 8] = ["after", "limit", "stream", "order", "type", "from", "to", "follow"];

/// Which events.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Only those after this position; 0 for all.
    pub(super) after: i64,
    /// At most this many; all up to the present head when left out.
    pub(super) limit: Option<u64>,
    /// Only events of one stream, such as `order-1001`.
    pub(super) stream: Option<String>,
    /// Only events of one order, by number.
    pub(super) order: Option<i64>,
    /// Only events of these types, separated by commas.
    pub(super) types: Option<String>,
    /// Only those recorded at this moment or later (RFC 3339).
    pub(super) from: Option<String>,
    /// Only those recorded before this moment (RFC 3339).
    pub(super) to: Option<String>,
    /// Whether to continue with events that are recorded later.
    pub(super) follow: bool,
}

impl Wanted {
    /// Reads the names and values of a query.
    ///
    /// # Errors
    /// Says which parameter is wrong, and how it is written.
    pub(super) fn read(asked: Vec<(String, String)>) -> Result<Wanted, String> {
        let (mut wanted, mut seen) = (Wanted::default(), vec![]);
        for (name, value) in asked {
            let Some(known) = PARAMETERS.iter().find(|known| **known == name) else {
                let known = PARAMETERS.join(", ");
                return Err(format!("there is no parameter `{}`; those there are: {known}", shown(&name)));
            };
            if seen.contains(known) {
                return Err(format!("{known} stands twice: give it once"));
            }
            seen.push(known);
            let wrong = |what: &str| format!("{known} must be {what}; it is `{}`", shown(&value));
            match name.as_str() {
                "after" => wanted.after = whole(&value).ok_or_else(|| wrong("a position, 0 or greater"))?,
                "limit" => {
                    let limit = value.parse().ok();
                    wanted.limit = Some(limit.ok_or_else(|| wrong("a number of events, 0 or greater"))?);
                }
                "order" => wanted.order = Some(whole(&value).ok_or_else(|| wrong("an order's number such as 1001"))?),
                "follow" => wanted.follow = value.parse().map_err(|_| wrong("true or false"))?,
                "stream" => wanted.stream = Some(value),
                "type" => wanted.types = Some(value),
                "from" => wanted.from = Some(value),
                _ => wanted.to = Some(value),
            }
        }
        Ok(wanted)
    }
}

fn whole(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number| *number >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Wanted, String> {
        Wanted::read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn every_parameter_is_read() {
        let wanted =
            read(&[("after", "7"), ("limit", "2"), ("type", "OrderPlaced"), ("order", "1001"), ("follow", "true")]);
        let expected = Wanted {
            after: 7,
            limit: Some(2),
            order: Some(1001),
            types: Some("OrderPlaced".to_owned()),
            follow: true,
            ..Wanted::default()
        };
        assert_eq!(wanted, Ok(expected));
        assert_eq!(read(&[]), Ok(Wanted::default()));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_parameter() {
        for (pairs, told) in [
            (&[("after", "x")][..], "after must be a position, 0 or greater; it is `x`"),
            (&[("after", "-1")], "after must be a position, 0 or greater; it is `-1`"),
            (&[("limit", "-1")], "limit must be a number of events, 0 or greater; it is `-1`"),
            (&[("order", "#1001")], "order must be an order's number such as 1001; it is `#1001`"),
            (&[("follow", "yes")], "follow must be true or false; it is `yes`"),
            (&[("after", "1"), ("after", "2")], "after stands twice: give it once"),
            (
                &[("since", "1")],
                "there is no parameter `since`; those there are: after, limit, stream, order, type, from, to, follow",
            ),
        ] {
            assert_eq!(read(pairs), Err(told.to_owned()));
        }
    }
}
