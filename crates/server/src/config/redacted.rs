//! Addresses without their passwords, for messages.

/// The address in a form that may be printed: its scheme and the part after the credentials. A text that is not an
/// address is not printed, because it may be a password in the wrong place.
pub(crate) fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "(not shown)".to_owned() };
    // The last `@` ends the credentials, which may contain any character.
    let (credentials, rest) = rest.rsplit_once('@').map_or(("", rest), |(_, rest)| ("…@", rest));
    let (host, query) = match rest.find(['?', '&']) {
        Some(at) => (&rest[..at], "?…"),
        None => (rest, ""),
    };
    // A name and a password of which the host was forgotten look like a host with a port.
    let port = host.split('/').next().and_then(|host| host.rsplit_once(':')).map(|(_, port)| port);
    let host = if port.is_none_or(|port| port.parse::<u16>().is_ok()) { host } else { "…" };
    format!("{scheme}://{credentials}{host}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_that_may_be_a_password_is_left() {
        for (url, shown) in [
            ("postgers://orderlog:s3cret@db/orderlog", "postgers://…@db/orderlog"),
            ("postgres://orderlog:s3c@ret@db:5432/orderlog?sslmode=require", "postgres://…@db:5432/orderlog?…"),
            ("postgres://db/orderlog?user=orderlog&password=s3cret", "postgres://db/orderlog?…"),
            ("postgres://orderlog:s3?cret@db/orderlog", "postgres://…@db/orderlog"),
            ("postgres://db/orderlog?user=o@x&password=s3cret", "postgres://…@x?…"),
            ("postgers://orderlog:s3cret", "postgers://…"),
            ("nats://orderlog:s3cret/with/slashes@", "nats://…@"),
            ("nats://[::1]:4222", "nats://[::1]:4222"),
            ("sqlite://orderlog-data/log.db", "sqlite://orderlog-data/log.db"),
            ("orderlog:s3cret@db", "(not shown)"),
            ("s3cret", "(not shown)"),
        ] {
            assert_eq!(redacted(url), shown);
        }
    }
}
