//! Reads what the provider publishes: one GET, one connection. No redirect is followed, and no proxy is used.

use std::{net::IpAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, bail, ensure};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{Request, StatusCode, body::Bytes, client::conn::http1, header};
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
const DEADLINE: Duration = Duration::from_secs(10);
/// Longest document that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// Reads documents over HTTPS.
pub(super) struct Fetcher {
    tls: TlsConnector,
}

/// A document, or that there is none at this address.
pub(super) type Found = Option<Vec<u8>>;

impl Fetcher {
    pub(super) fn new() -> anyhow::Result<Fetcher> {
        let mut roots = RootCertStore::empty();
        // Those that cannot be read are left out: a machine may have odd ones.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .context("TLS cannot be used")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Fetcher { tls: TlsConnector::from(Arc::new(config)) })
    }

    /// What stands there.
    ///
    /// # Errors
    /// When there is no answer in time, or another than 200 and 404.
    pub(super) async fn get(&self, url: &Url) -> anyhow::Result<Found> {
        let answered = timeout(DEADLINE, self.exchange(url)).await;
        answered
            .unwrap_or_else(|_| bail!("no answer within {} s", DEADLINE.as_secs()))
            .with_context(|| format!("GET {url}"))
    }

    async fn exchange(&self, url: &Url) -> anyhow::Result<Found> {
        let host = url.host().context("the address names no host")?;
        let port = url.port_or_known_default().unwrap_or(443);
        let (stream, name) = match host {
            Host::Domain(name) => {
                let name_for_tls = ServerName::try_from(name.to_owned()).context("no host can be called so")?;
                (TcpStream::connect((name, port)).await, name_for_tls)
            }
            Host::Ipv4(address) => (TcpStream::connect((address, port)).await, IpAddr::V4(address).into()),
            Host::Ipv6(address) => (TcpStream::connect((address, port)).await, IpAddr::V6(address).into()),
        };
        let stream = stream.context("connect")?;
        let host = url.port().map_or_else(|| host.to_string(), |port| format!("{host}:{port}"));
        match url.scheme() {
            "http" => talk(stream, url, &host).await,
            _ => talk(self.tls.connect(name, stream).await.context("TLS")?, url, &host).await,
        }
    }
}

async fn talk<S>(stream: S, url: &Url, host: &str) -> anyhow::Result<Found>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let request = Request::get(url.path())
        .header(header::HOST, host)
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, concat!("Orderlog/", env!("CARGO_PKG_VERSION")))
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .context("make the request")?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.context("begin HTTP")?;
    let running = tokio::spawn(connection);
    let answered = async {
        let answer = sender.send_request(request).await.context("send the request")?;
        let status = answer.status();
        if status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        ensure!(status == StatusCode::OK, "answered with {status}, and only 200 is taken");
        let body = Limited::new(answer.into_body(), MAX_BYTES).collect().await;
        let body = body.map_err(|error| anyhow::anyhow!("the answer cannot be read, or is too long: {error}"))?;
        Ok(Some(body.to_bytes().to_vec()))
    };
    let answered = answered.await;
    running.abort();
    answered
}
