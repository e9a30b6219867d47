//! Posts to an endpoint, at the very address that was checked.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use chrono::{DateTime, Utc};
use orderlog_outgoing::{Ask, Client, Method, addresses};
use tokio::time::timeout;
use url::Url;

/// Longest time from looking the name up to the end of the answer.
const DEADLINE: Duration = Duration::from_secs(15);
/// Bytes of an answer that are read; nothing in it is used.
const ANSWER_BYTES: usize = 16_384;

/// What an endpoint answered.
pub(crate) struct Posted {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
}

/// Why there is no answer. Says nothing of the address, which may be a secret.
pub(crate) enum Failed {
    Later(String),
    /// It is never to be tried.
    Forbidden(String),
}

pub(crate) async fn post(
    client: &Client,
    url: &Url,
    private: bool,
    headers: &[(&str, String)],
    body: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<Posted, Failed> {
    let late = Err(Failed::Later("the endpoint did not answer in time".to_owned()));
    timeout(DEADLINE, exchange(client, url, private, headers, body, now)).await.unwrap_or(late)
}

async fn exchange(
    client: &Client,
    url: &Url,
    private: bool,
    headers: &[(&str, String)],
    body: Vec<u8>,
    now: DateTime<Utc>,
) -> Result<Posted, Failed> {
    let addresses = allowed(url, private).await?;
    let kind = ("content-type", "application/json".to_owned());
    let headers: Vec<(&str, String)> = std::iter::once(kind).chain(headers.iter().cloned()).collect();
    let ask = Ask { url, method: Method::POST, headers: &headers, body, most: ANSWER_BYTES };
    let answer = client.send(&addresses, ask).await.map_err(failed)?;
    let retry_after = answer.headers.get("retry-after").and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|text| wait(text, now));
    Ok(Posted { status: answer.status.as_u16(), retry_after })
}

/// How long an endpoint wants to be left alone: seconds, or until a date (RFC 9110, 10.2.3).
fn wait(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    let until = || (DateTime::parse_from_rfc2822(text).ok()?.to_utc() - now).to_std().ok();
    text.parse().ok().map(Duration::from_secs).or_else(until)
}

/// Every address of the name is looked at before one is connected to, so that no answer of DNS leads inside.
async fn allowed(url: &Url, private: bool) -> Result<Vec<SocketAddr>, Failed> {
    let addresses = addresses(url).await.map_err(failed)?;
    if !private && addresses.iter().any(|address| is_private(address.ip())) {
        let why = "the target is on a private network, which its setting does not allow (private = true)";
        return Err(Failed::Forbidden(why.to_owned()));
    }
    Ok(addresses)
}

fn failed(why: orderlog_outgoing::Failed) -> Failed {
    match why {
        orderlog_outgoing::Failed::Ask => Failed::Forbidden(format!("the target's url is of no use: {why}")),
        why => Failed::Later(format!("the endpoint could not be reached: {why}")),
    }
}

/// Whether an address is no public one: loopback, private, link-local, shared, reserved, multicast, or such an IPv4 address
/// inside an IPv6 one. Of IPv6 only 2000::/3 is public, and what leads from it to IPv4 by way of somebody's translator is not.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || matches!((a, b, c), (0, ..) | (240.., ..) | (100, 64..=127, _) | (192, 0, 0) | (198, 18..=19, _))
        }
        IpAddr::V6(v6) => {
            let inner = match v6.segments() {
                [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some((high, low)),
                [0x2002, high, low, ..] => Some((high, low)),
                _ => None,
            };
            let inner = inner.map(|(high, low)| {
                let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
                IpAddr::from([a, b, c, d])
            });
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || inner.map_or_else(|| is_no_global_unicast(v6), is_private)
        }
    }
}

/// Unique local, link-local, site-local, a translator of the network's own (64:ff9b:1::/48), Teredo, and what is reserved.
fn is_no_global_unicast(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    first & 0xe000 != 0x2000 || (first, second) == (0x2001, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_inside_are_told_from_those_outside() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "64:ff9b:1::a00:1",
            "fec0::1",
            "2001:0:4136:e378:8000:63bf:f5ff:fffe",
            "100::1",
        ] {
            assert!(is_private(inside.parse().unwrap()), "{inside}");
        }
        for outside in
            ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
        {
            assert!(!is_private(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn an_endpoint_may_say_how_long_or_until_when() {
        let now = DateTime::parse_from_rfc3339("2026-11-22T09:00:00Z").unwrap().to_utc();
        let seconds = |text: &str| wait(text, now).map(|wait| wait.as_secs());
        assert_eq!(seconds(" 120 "), Some(120));
        assert_eq!(seconds("Sun, 22 Nov 2026 09:30:00 GMT"), Some(1_800));
        for none in ["Sun, 22 Nov 2026 08:30:00 GMT", "-1", "soon", ""] {
            assert_eq!(seconds(none), None, "{none}");
        }
    }

    #[tokio::test]
    async fn a_private_address_is_not_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("http://localhost:{}/", listener.local_addr().unwrap().port()).parse().unwrap();
        let client = Client::new().unwrap();
        assert!(matches!(
            post(&client, &url, false, &[], vec![], DateTime::UNIX_EPOCH).await,
            Err(Failed::Forbidden(_))
        ));
        // The first connection that comes is that of the target that may be there.
        tokio::select! {
            accepted = listener.accept() => assert!(accepted.is_ok()),
            _ = post(&client, &url, true, &[], vec![], DateTime::UNIX_EPOCH) => panic!("nobody answered"),
        }
    }
}
