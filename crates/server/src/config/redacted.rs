//! Addresses without their passwords, for messages.

/// The address as it may be printed: its scheme and what follows the credentials. What is no address at all is not printed,
/// for it may be a password in the wrong place.
pub(crate) fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "(not shown)".to_owned() };
    let (rest, query) = rest.split_once('?').map_or((rest, ""), |(rest, _)| (rest, "?…"));
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://…@{host}{query}"),
        None if is_host(rest) => format!("{scheme}://{rest}{query}"),
        None => format!("{scheme}://…{query}"),
    }
}

/// Whether what stands before the path is a host, perhaps with a port; a user with a password whose host is missing is not.
fn is_host(rest: &str) -> bool {
    let authority = rest.split('/').next().unwrap_or_default();
    authority.split(',').all(|host| match host.rsplit_once(':') {
        Some((_, port)) => port.bytes().all(|byte| byte.is_ascii_digit()),
        None => true,
    })
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
            ("sqlite://orderlog-data/log.db", "sqlite://orderlog-data/log.db"),
            ("orderlog:s3cret@db", "(not shown)"),
            ("s3cret", "(not shown)"),
        ] {
            assert_eq!(redacted(url), shown);
        }
    }
}
