//! The cost of a key, limits and HTTPS for an order: one server without them and one with them, in interleaved rounds.

use std::{path::Path, process::Command, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use orderlog_event_log::Log;
use orderlog_testkit::Database;
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, pem::PemObject as _},
    },
};

use crate::{
    arguments::Arguments,
    correctness,
    http::Secured,
    mcp::{Mix, calls, fill_shop},
    measure,
    report::Row,
    server::{Server, free_address},
};

const CONNECTIONS: [usize; 3] = [1, 8, 32];
/// Calls are counted against limits that are never met.
const CALLS_PER_SECOND: &str = "1000000";
const CERTIFICATE: &str = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
                           -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE \
                           -keyout key.pem -out cert.pem";

/// Rows on PostgreSQL.
pub(crate) async fn run(arguments: &Arguments) -> Result<Vec<Row>> {
    let binary = arguments.binary.as_ref().context("--binary names the orderlog to measure")?;
    let folder = tempfile::tempdir()?;
    let databases =
        [Database::on_server(&arguments.postgres_url).await?, Database::on_server(&arguments.postgres_url).await?];
    let mut plain = Server::start(binary, &databases[0].url()).await?;
    let (mut guarded, secured) = guarded(binary, &databases[1].url(), folder.path()).await?;
    fill_shop(&plain.address, None).await?;
    fill_shop(&guarded.address, Some(&secured)).await?;
    let (length, mut rows) = (Duration::from_secs_f32(arguments.seconds), vec![]);
    let logs = [Log::open(&databases[0].url()).await?, Log::open(&databases[1].url()).await?];
    for connections in CONNECTIONS {
        let (mut rounds, mut verdicts) = ([vec![], vec![]], ["0/0/0".to_owned(), "0/0/0".to_owned()]);
        for round in 0..arguments.rounds {
            for (nth, (server, secured)) in [(&plain, None), (&guarded, Some(&secured))].into_iter().enumerate() {
                let since = logs[nth].head().await?.position;
                let (round, acknowledged) =
                    calls(&server.address, secured, Mix::Create, connections, length, round as u64).await?;
                rounds[nth].push(round);
                let found = correctness::check(&logs[nth], since, &acknowledged).await?;
                if found != "0/0/0" {
                    verdicts[nth] = found;
                }
            }
        }
        let [without, with] = &rounds;
        let [first, second] = verdicts;
        rows.push(Row::new("create_order without a key, over HTTP", connections, &measure::median(without), first));
        let row = Row::new("create_order with key, limits and HTTPS", connections, &measure::median(with), second);
        rows.push(row.beside("without", with, without));
    }
    plain.stop().await?;
    guarded.stop().await?;
    Ok(rows)
}

/// A server that asks for a key and speaks HTTPS, and the way in.
async fn guarded(binary: &Path, url: &str, folder: &Path) -> Result<(Server, Secured)> {
    // The first start begins the shop, so that a key can be made.
    Server::start(binary, url).await?.stop().await?;
    let made =
        Command::new(binary).args(["keys", "create", "bench", "--role", "owner", "--database-url", url]).output()?;
    ensure!(made.status.success(), "no key was made: {}", String::from_utf8_lossy(&made.stderr));
    let key = String::from_utf8(made.stdout)?.lines().next().context("a key")?.to_owned();
    let done = Command::new("openssl").args(CERTIFICATE.split_whitespace()).current_dir(folder).output();
    let done = done.context("openssl is missing")?;
    ensure!(done.status.success(), "openssl: {}", String::from_utf8_lossy(&done.stderr));
    let [certificate, private] = ["cert.pem", "key.pem"].map(|name| folder.join(name).display().to_string());
    let machines = free_address()?;
    let settings = [
        ["--tls-cert-file", certificate.as_str()],
        ["--tls-key-file", private.as_str()],
        ["--metrics-listen", machines.as_str()],
        ["--calls-per-second", CALLS_PER_SECOND],
        ["--calls-per-second-in-all", CALLS_PER_SECOND],
    ];
    let settings = [&["--require-keys"], &*settings.concat()].concat();
    let server = Server::start_with(binary, url, &settings, Some(&machines)).await?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&certificate)?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth();
    Ok((server, Secured { tls: TlsConnector::from(Arc::new(config)), key }))
}
