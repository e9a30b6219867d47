//! HTTPS on a real socket: calls with a key, and a certificate that is changed while connections stay open.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Authority, Checks, Process, SetUp, Shop, check, free_port, until};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

/// Files are looked at every five seconds; a busy machine takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that others reach by HTTPS, with its key, its log and the authority of its certificate.
struct Secured {
    _shop: Shop,
    key: String,
    authority: Authority,
    folder: TempDir,
    process: Process,
    port: u16,
    tls: TlsConnector,
}

impl Secured {
    async fn start() -> Result<Secured> {
        let (shop, authority, folder) = (Shop::open(SetUp::Sqlite).await?, Authority::new()?, tempfile::tempdir()?);
        let key = shop.key(&["asha", "--role", "owner"]).await?;
        let tls = {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_file(authority.certificate())?)?;
            let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
            let config = config.with_safe_default_protocol_versions()?.with_root_certificates(roots);
            TlsConnector::from(Arc::new(config.with_no_client_auth()))
        };
        let port = free_port()?;
        let file = |name: &str| folder.path().join(name).display().to_string();
        let (certificate, private) = authority.sign("first")?;
        std::fs::copy(certificate, file("cert.pem"))?;
        std::fs::copy(private, file("key.pem"))?;
        let listen = format!("0.0.0.0:{port}");
        let command = shop.command(&[
            "serve",
            "--listen",
            &listen,
            "--tls-cert-file",
            &file("cert.pem"),
            "--tls-key-file",
            &file("key.pem"),
        ])?;
        let process = Process::start("orderlog", command, folder.path().join("log"))?;
        let secured = Secured { _shop: shop, key, authority, folder, process, port, tls };
        secured.said("serving MCP at /mcp").await?;
        Ok(secured)
    }

    /// Waits until the server's log holds this.
    async fn said(&self, text: &str) -> Result<()> {
        let said = until(text, PATIENCE, async || Ok(self.process.output().contains(text).then_some(()))).await;
        said.with_context(|| self.process.output())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn connect(&self) -> Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.context("connecting")?;
        self.tls.connect(ServerName::try_from("localhost")?, stream).await.context("the handshake")
    }

    /// Asks for the list of tools on a connection that stays open.
    async fn list(&self, stream: &mut TlsStream<TcpStream>, headers: &str) -> Result<String> {
        let headers =
            format!("Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\n{headers}");
        self.ask(stream, "POST /mcp", &headers, r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#).await
    }

    /// Sends a request on a connection that stays open; the answer in small letters.
    async fn ask(&self, stream: &mut TlsStream<TcpStream>, line: &str, headers: &str, body: &str) -> Result<String> {
        let (port, length) = (self.port, body.len());
        let request =
            format!("{line} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
        stream.write_all(request.as_bytes()).await?;
        answer(stream).await
    }

    fn bearer(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.key)
    }

    /// Waits until a new connection is shown another certificate than `old`.
    async fn other_than(&self, old: &CertificateDer<'static>) -> Result<CertificateDer<'static>> {
        until("another certificate", PATIENCE, async || {
            Ok(Some(shown(&self.connect().await?)?).filter(|now| now != old))
        })
        .await
        .with_context(|| self.process.output())
    }
}

/// One answer with a length, whole.
async fn answer(stream: &mut TlsStream<TcpStream>) -> Result<String> {
    let mut heard = Vec::new();
    let reading = async {
        loop {
            let text = String::from_utf8_lossy(&heard).to_lowercase();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).context("a length")?;
                if body.len() >= length.parse()? {
                    return Ok(text);
                }
            }
            ensure!(stream.read_buf(&mut heard).await? > 0, "the server closed the connection after {text}");
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.context("no answer")?
}

fn shown(stream: &TlsStream<TcpStream>) -> Result<CertificateDer<'static>> {
    let chain = stream.get_ref().1.peer_certificates().context("no certificate was shown")?;
    Ok(chain.first().context("an empty chain")?.clone().into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_changed_while_connections_stay() -> Result<()> {
    let mut checks = Checks::default();
    let secured = Secured::start().await?;
    let mut staying = secured.connect().await?;
    let first = shown(&staying)?;
    let told = secured.list(&mut staying, &secured.bearer()).await?;
    check!(checks, told.starts_with("http/1.1 200") && told.contains("orders_get"), "{told}");
    let without = secured.list(&mut staying, "").await?;
    check!(checks, without.starts_with("http/1.1 401"), "{without}");

    // Plain HTTP gets an explanation.
    let mut plain = TcpStream::connect(("127.0.0.1", secured.port)).await?;
    plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await?;
    let mut heard = String::new();
    plain.read_to_string(&mut heard).await?;
    check!(checks, heard.starts_with("HTTP/1.1 400") && heard.contains("ask for https://"), "{heard}");

    // The certificate is replaced before its key: in between the old certificate stays in use.
    let (certificate, key) = secured.authority.sign("second")?;
    std::fs::copy(certificate, secured.file("cert.pem"))?;
    secured.said("the one before is kept").await?;
    check!(checks, shown(&secured.connect().await?)? == first, "the old certificate serves");
    std::fs::copy(key, secured.file("key.pem"))?;
    let second = secured.other_than(&first).await?;
    let told = secured.list(&mut staying, &secured.bearer()).await?;
    check!(checks, told.starts_with("http/1.1 200"), "the connection from before stays: {told}");

    // SIGHUP reads the files at once, and stops nothing.
    let (certificate, key) = secured.authority.sign("third")?;
    std::fs::copy(certificate, secured.file("cert.pem"))?;
    std::fs::copy(key, secured.file("key.pem"))?;
    secured.process.signal("HUP")?;
    secured.other_than(&second).await?;
    secured.process.signal("HUP")?;
    secured.said("the certificate was read again changed=false").await?;
    let told = secured.list(&mut staying, &secured.bearer()).await?;
    check!(checks, told.starts_with("http/1.1 200"), "{told}");
    check!(checks, shown(&staying)? == first, "it is the first connection still");
    check!(checks, !secured.process.output().contains("unencrypted"), "{}", secured.process.output());
    check!(checks, !secured.process.output().contains("panicked"), "{}", secured.process.output());
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_know_that_they_came_by_https() -> Result<()> {
    let mut checks = Checks::default();
    let secured = Secured::start().await?;
    let (mut stream, bearer) = (secured.connect().await?, secured.bearer());
    let connect = secured.ask(&mut stream, "GET /connect", &bearer, "").await?;
    let address = format!("https://localhost:{}/mcp", secured.port);
    check!(checks, connect.contains(&address) && !connect.contains("http://localhost"), "{connect}");
    let blank = secured.ask(&mut stream, "GET /orders/new", &bearer, "").await?;
    let cookie = blank.lines().find_map(|line| line.strip_prefix("set-cookie: ")).context("a cookie")?;
    check!(checks, cookie.ends_with("; secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap_or_default();
    let token = blank.split_once("name=\"form_token\" value=\"").context("a token")?.1;
    let form = format!("form_token={}&more=1", token.split('"').next().unwrap_or_default());
    for (origin, expected) in [(address.trim_end_matches("/mcp"), "200"), ("https://elsewhere.example", "403")] {
        let headers = format!(
            "{bearer}Origin: {origin}\r\nCookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        );
        let sent = secured.ask(&mut stream, "POST /orders/new", &headers, &form).await?;
        check!(checks, sent.starts_with(&format!("http/1.1 {expected}")), "from {origin}: {sent}");
    }
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_served_is_said_at_once() -> Result<()> {
    let mut checks = Checks::default();
    let (shop, authority) = (Shop::open(SetUp::Sqlite).await?, Authority::new()?);
    let ((certificate, key), (_, other)) = (authority.sign("one")?, authority.sign("two")?);
    let (certificate, key, other) =
        (certificate.display().to_string(), key.display().to_string(), other.display().to_string());
    let loopback = "127.0.0.1:0";
    for (listen, certificate, key, told) in [
        (loopback, certificate.as_str(), other.as_str(), "cannot be used together"),
        (loopback, &key, &key, "holds no certificate"),
        (loopback, &certificate, &certificate, "holds no private key"),
        // HTTPS is no credential.
        ("0.0.0.0:0", &certificate, &key, "needs a key, and the shop has none in force"),
    ] {
        let refused =
            shop.cli(&["serve", "--listen", listen, "--tls-cert-file", certificate, "--tls-key-file", key]).await?;
        check!(checks, !refused.success && refused.stderr.contains(told), "{told}: {refused:?}");
    }
    checks.all_hold()
}
