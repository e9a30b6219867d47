//! The settings of HTTPS, read together: a certificate is of no use without its key.

use std::path::PathBuf;

use super::sources::Values;

/// The files of the server's certificate and of its key.
#[derive(Debug, Clone)]
pub(crate) struct TlsFiles {
    /// The certificate, then those between it and its authority (PEM).
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Values {
    /// `Some(None)` for plain HTTP; `None` if a value cannot be read.
    pub(super) fn read_tls(&mut self) -> Option<Option<TlsFiles>> {
        let file =
            |path: &str| std::fs::File::open(path).map(|_| PathBuf::from(path)).map_err(|error| error.to_string());
        let certificate = self.read_optional("tls-cert-file", file);
        let key = self.read_optional("tls-key-file", file);
        match (certificate?, key?) {
            (Some(certificate), Some(key)) => Some(Some(TlsFiles { certificate, key })),
            (None, None) => Some(None),
            _ => {
                self.problem("--tls-cert-file and --tls-key-file belong together: give both or neither");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Given};

    #[test]
    fn a_certificate_without_its_key_is_refused() {
        let problem = |pairs: &[(&'static str, &str)]| Config::load(&Given::of(pairs)).unwrap_err().to_string();
        assert!(problem(&[("tls-cert-file", "/dev/null")]).contains("belong together"));
        assert!(problem(&[("tls-key-file", "/dev/null")]).contains("belong together"));
        assert!(problem(&[("tls-cert-file", "/nowhere"), ("tls-key-file", "/dev/null")]).contains("/nowhere"));
        let both = Config::load(&Given::of(&[("tls-cert-file", "/dev/null"), ("tls-key-file", "/dev/zero")])).unwrap();
        assert!(both.tls.is_some_and(|files| files.key.ends_with("zero")));
    }
}
