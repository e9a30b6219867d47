//! A certificate authority of a test's own, made with openssl.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
const SIGN: &str = "-days 2 -CA ca.pem -CAkey ca-key.pem -CAcreateserial -extfile names";

/// The authority; what it signed ends with this value.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
}

impl Authority {
    /// Makes one.
    ///
    /// # Errors
    /// When openssl is missing.
    pub fn new() -> Result<Authority> {
        let authority = Authority { folder: tempfile::tempdir()? };
        std::fs::write(authority.file("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n")?;
        authority.openssl(&format!("req -x509 -days 2 {KEY} -subj /CN=authority -keyout ca-key.pem -out ca.pem"))?;
        Ok(authority)
    }

    /// Its own certificate.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        self.file("ca.pem")
    }

    /// Signs a new certificate for localhost; answers it and its key.
    ///
    /// # Errors
    /// When openssl fails.
    pub fn sign(&self, name: &str) -> Result<(PathBuf, PathBuf)> {
        self.openssl(&format!("req {KEY} -subj /CN={name} -keyout {name}-key.pem -out {name}.csr"))?;
        self.openssl(&format!("x509 -req -in {name}.csr -out {name}.pem {SIGN}"))?;
        Ok((self.file(&format!("{name}.pem")), self.file(&format!("{name}-key.pem"))))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn openssl(&self, arguments: &str) -> Result<()> {
        let folder: &Path = self.folder.path();
        let done = Command::new("openssl").args(arguments.split_whitespace()).current_dir(folder).output();
        let done = done.context("openssl is missing: run tests/run, which installs it")?;
        ensure!(done.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    }
}
