//! Posts to an endpoint: one request, one connection, to the very address that was checked. No redirect is followed.

use std::{net::IpAddr, sync::Arc, time::Duration};

use anyhow::Context as _;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};
use url::{Host, Url};

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

pub(crate) struct Client {
    tls: TlsConnector,
}

impl Client {
    pub(crate) fn new() -> anyhow::Result<Client> {
        let mut roots = RootCertStore::empty();
        // Those that cannot be read are left out: a machine may have odd ones.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .context("TLS cannot be used")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Client { tls: TlsConnector::from(Arc::new(config)) })
    }

    pub(crate) async fn post(
        &self,
        url: &Url,
        private: bool,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Result<Posted, Failed> {
        let late = Err(Failed::Later("the endpoint did not answer in time".to_owned()));
        timeout(DEADLINE, self.exchange(url, private, headers, body)).await.unwrap_or(late)
    }

    async fn exchange(
        &self,
        url: &Url,
        private: bool,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Result<Posted, Failed> {
        let stream = connect(url, private).await?;
        let request = request(url, headers, body)?;
        if url.scheme() == "http" {
            return talk(stream, request).await;
        }
        let name = match url.host() {
            Some(Host::Ipv4(address)) => ServerName::from(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => ServerName::from(IpAddr::V6(address)),
            _ => ServerName::try_from(url.host_str().unwrap_or_default().to_owned())
                .map_err(|_| Failed::Forbidden("the target's host cannot have a certificate".to_owned()))?,
        };
        let secured = self.tls.connect(name, stream).await;
        talk(secured.map_err(|error| Failed::Later(format!("TLS with the endpoint failed: {error}")))?, request).await
    }
}

/// Every address of the name is looked at before one is connected to, so that no answer of DNS leads inside.
async fn connect(url: &Url, private: bool) -> Result<TcpStream, Failed> {
    let unknown = || Failed::Later("the endpoint's name cannot be looked up".to_owned());
    let port = url.port_or_known_default().unwrap_or(443);
    let addresses = match url.host() {
        Some(Host::Ipv4(address)) => vec![(IpAddr::V4(address), port).into()],
        Some(Host::Ipv6(address)) => vec![(IpAddr::V6(address), port).into()],
        Some(Host::Domain(name)) => tokio::net::lookup_host((name, port)).await.map_err(|_| unknown())?.collect(),
        None => vec![],
    };
    if addresses.is_empty() {
        return Err(unknown());
    }
    if !private && addresses.iter().any(|address: &std::net::SocketAddr| is_private(address.ip())) {
        let why = "the target is on a private network, which its setting does not allow (private = true)";
        return Err(Failed::Forbidden(why.to_owned()));
    }
    let connected = TcpStream::connect(addresses.as_slice()).await;
    connected.map_err(|error| Failed::Later(format!("no connection to the endpoint: {}", error.kind())))
}

fn request(url: &Url, headers: &[(&str, String)], body: Vec<u8>) -> Result<Request<Full<Bytes>>, Failed> {
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let mut request = Request::post(path)
        .header("host", host)
        .header("content-type", "application/json")
        .header("user-agent", concat!("Orderlog/", env!("CARGO_PKG_VERSION")))
        .header("connection", "close");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request
        .body(Full::new(Bytes::from(body)))
        .map_err(|_| Failed::Forbidden("the target's url cannot be asked for".to_owned()))
}

async fn talk<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Posted, Failed>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |_| Failed::Later("the endpoint broke the connection".to_owned());
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let running = tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(broken);
    let posted = match answer {
        Ok(answer) => {
            let retry_after = answer.headers().get("retry-after").and_then(|value| value.to_str().ok());
            let retry_after = retry_after.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
            let status = answer.status().as_u16();
            // Read to its end, within bounds, so that the endpoint sees a whole exchange.
            _ = Limited::new(answer.into_body(), ANSWER_BYTES).collect().await;
            Ok(Posted { status, retry_after })
        }
        Err(failed) => Err(failed),
    };
    running.abort();
    posted
}

/// Whether an address is no public one: loopback, private, link-local, shared, reserved, multicast, or such an IPv4 address
/// inside an IPv6 one.
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
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || inner.is_some_and(is_private)
        }
    }
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
        ] {
            assert!(is_private(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(!is_private(outside.parse().unwrap()), "{outside}");
        }
    }

    #[tokio::test]
    async fn a_private_address_is_not_connected_to() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("http://localhost:{}/", listener.local_addr().unwrap().port()).parse().unwrap();
        assert!(matches!(connect(&url, false).await, Err(Failed::Forbidden(_))));
        assert!(connect(&url, true).await.is_ok());
    }
}
