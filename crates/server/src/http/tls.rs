//! The certificate of HTTPS. It is read again when its files change; open connections stay open.

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use tokio::{sync::watch, time::sleep};
use tokio_rustls::rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio_util::sync::CancellationToken;

use super::limits::CERTIFICATE_INTERVAL;
use crate::{
    config::TlsFiles,
    signals::{self, HangUp},
};

/// The TLS configuration of new connections.
pub(super) type Secured = watch::Receiver<Arc<ServerConfig>>;

/// The certificate in use, and its files.
pub(super) struct Certificate {
    files: TlsFiles,
    /// The content of the files when they were read last, usable or not.
    seen: Result<Pem, String>,
    in_use: watch::Sender<Arc<ServerConfig>>,
    hang_up: HangUp,
}

/// The contents of the two files.
#[derive(PartialEq, Eq)]
struct Pem {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Certificate {
    /// Reads the files.
    ///
    /// # Errors
    /// When the files cannot be read, or the key does not fit the certificate.
    pub(super) async fn read(files: TlsFiles) -> anyhow::Result<Certificate> {
        let pem = contents(&files).await.map_err(anyhow::Error::msg)?;
        let (in_use, _) = watch::channel(server_config(&pem, &files)?);
        Ok(Certificate { files, seen: Ok(pem), in_use, hang_up: signals::hang_up()? })
    }

    pub(super) fn secured(&self) -> Secured {
        self.in_use.subscribe()
    }

    /// Looks at the files again and again, and at once on SIGHUP.
    pub(super) async fn keep_up(mut self, stopping: CancellationToken) {
        loop {
            let asked = tokio::select! {
                () = stopping.cancelled() => return,
                () = self.hang_up.heard() => true,
                () = sleep(CERTIFICATE_INTERVAL) => false,
            };
            let found = contents(&self.files).await;
            if found == self.seen && !asked {
                continue;
            }
            let taken = match &found {
                Ok(pem) => server_config(pem, &self.files).map_err(|error| format!("{error:#}")),
                Err(problem) => Err(problem.clone()),
            };
            match taken {
                Ok(config) => {
                    let changed = found != self.seen;
                    tracing::info!(changed, "the certificate was read again");
                    if changed {
                        self.in_use.send_replace(config);
                    }
                }
                // One of the two files may be replaced a moment after the other.
                Err(problem) => tracing::warn!(problem, "the certificate cannot be used; the one before is kept"),
            }
            self.seen = found;
        }
    }
}

async fn contents(files: &TlsFiles) -> Result<Pem, String> {
    let read = async |path: &Path| {
        tokio::fs::read(path).await.map_err(|error| format!("{} cannot be read: {error}", path.display()))
    };
    Ok(Pem { certificate: read(&files.certificate).await?, key: read(&files.key).await? })
}

fn server_config(pem: &Pem, files: &TlsFiles) -> anyhow::Result<Arc<ServerConfig>> {
    let (certificate, key) = (files.certificate.display(), files.key.display());
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&pem.certificate)
        .collect::<Result<_, _>>()
        .with_context(|| format!("{certificate} holds no certificates in PEM"))?;
    anyhow::ensure!(!chain.is_empty(), "{certificate} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)");
    // The parser's own words could contain a part of the key.
    let private = PrivateKeyDer::from_pem_slice(&pem.key)
        .map_err(|_| anyhow::anyhow!("{key} holds no private key in PEM without a password"))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("TLS cannot be used")?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .with_context(|| format!("the certificate in {certificate} and the key in {key} cannot be used together"))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
