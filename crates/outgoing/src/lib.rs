//! One request to a foreign server, over HTTP or HTTPS: webhooks, the keys of a provider, a language model. One
//! connection, to an address that the caller chose; no redirect is followed, and no proxy is used.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use http_body_util::{BodyExt as _, Full, Limited};
pub use hyper::Method;
use hyper::{
    HeaderMap, Request, StatusCode,
    body::Bytes,
    client::conn::http1,
    header::{CONNECTION, HOST, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
};
use tokio_rustls::{
    TlsConnector,
    rustls::{self, ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};
use url::{Host, Url};

/// Sends requests, and trusts the machine's authorities.
pub struct Client {
    tls: TlsConnector,
}

/// A request.
pub struct Ask<'a> {
    /// The address; its path and query are requested.
    pub url: &'a Url,
    /// `GET`, `POST`.
    pub method: Method,
    /// Headers in addition to `Host`, `User-Agent` and `Connection`.
    pub headers: &'a [(&'a str, String)],
    /// The body; empty for `GET`.
    pub body: Vec<u8>,
    /// Longest answer that is read, in bytes.
    pub most: usize,
}

/// The server's answer.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// The body; `None` if it was too long, or broke off.
    pub body: Option<Bytes>,
}

/// Why there is no answer. Says nothing of the address, which may be a secret.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The name has no address.
    #[error("the name cannot be looked up")]
    Name,
    /// Nothing listens at this address.
    #[error("no connection: {0}")]
    Connect(io::ErrorKind),
    /// The certificate does not hold, or the server speaks no TLS.
    #[error("TLS failed: {0}")]
    Tls(io::Error),
    /// The request cannot be written: a host without a certificate, a header of several lines.
    #[error("this cannot be asked for")]
    Ask,
    /// The connection broke.
    #[error("the connection was broken off")]
    Broken,
}

/// The addresses of the host.
///
/// # Errors
/// `Name` if there is none.
pub async fn addresses(url: &Url) -> Result<Vec<SocketAddr>, Failed> {
    let port = url.port_or_known_default().unwrap_or(443);
    let found: Vec<SocketAddr> = match url.host() {
        Some(Host::Ipv4(address)) => vec![(address, port).into()],
        Some(Host::Ipv6(address)) => vec![(address, port).into()],
        Some(Host::Domain(name)) => lookup_host((name, port)).await.map_err(|_| Failed::Name)?.collect(),
        None => vec![],
    };
    if found.is_empty() { Err(Failed::Name) } else { Ok(found) }
}

impl Client {
    /// # Errors
    /// When TLS cannot be used.
    pub fn new() -> Result<Client, rustls::Error> {
        let mut roots = RootCertStore::empty();
        // Certificates that cannot be read are left out: a machine may have odd ones.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Client { tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Asks at the first of these addresses that takes a connection. It is for the caller to end it after a time.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn send(&self, to: &[SocketAddr], ask: Ask<'_>) -> Result<Answer, Failed> {
        let (url, most) = (ask.url, ask.most);
        let request = request(ask)?;
        let name = server_name(url)?;
        let stream = TcpStream::connect(to).await.map_err(|error| Failed::Connect(error.kind()))?;
        match url.scheme() {
            "http" => talk(stream, request, most).await,
            _ => talk(self.tls.connect(name, stream).await.map_err(Failed::Tls)?, request, most).await,
        }
    }
}

fn server_name(url: &Url) -> Result<ServerName<'static>, Failed> {
    match url.host() {
        Some(Host::Ipv4(address)) => Ok(IpAddr::V4(address).into()),
        Some(Host::Ipv6(address)) => Ok(IpAddr::V6(address).into()),
        Some(Host::Domain(name)) => ServerName::try_from(name.to_owned()).map_err(|_| Failed::Ask),
        None => Err(Failed::Ask),
    }
}

fn request(ask: Ask<'_>) -> Result<Request<Full<Bytes>>, Failed> {
    let Ask { url, method, headers, body, .. } = ask;
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, host)
        .header(USER_AGENT, concat!("Orderlog/", env!("CARGO_PKG_VERSION")))
        .header(CONNECTION, "close");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    request.body(Full::new(Bytes::from(body))).map_err(|_| Failed::Ask)
}

async fn talk<S>(stream: S, request: Request<Full<Bytes>>, most: usize) -> Result<Answer, Failed>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| Failed::Broken)?;
    let running = tokio::spawn(connection);
    let answered = match sender.send_request(request).await {
        Ok(answer) => {
            let (status, headers) = (answer.status(), answer.headers().clone());
            // Read to its end, within bounds, so that the server sees a whole exchange.
            let body = Limited::new(answer.into_body(), most).collect().await;
            Ok(Answer { status, headers, body: body.ok().map(|body| body.to_bytes()) })
        }
        Err(_) => Err(Failed::Broken),
    };
    running.abort();
    answered
}
