//! The address of NATS, the credentials of a node, and the names it uses there. Secrets never appear in `Debug` or in
//! errors.

use std::{fmt, path::PathBuf};

use async_nats::{ConnectOptions, ServerAddr};

use crate::error::NatsError;

/// Stream name unless configured.
pub const DEFAULT_STREAM: &str = "ORDERLOG";

/// First part of every subject unless configured.
pub const DEFAULT_SUBJECT_PREFIX: &str = "orderlog";

/// Longest name of a stream and longest prefix, bytes.
const MAX_NAME_BYTES: usize = 64;

/// All settings of a node for NATS.
#[derive(Debug, Clone)]
pub struct Access {
    /// Servers of one cluster, without credentials in them.
    pub(crate) servers: Vec<ServerAddr>,
    /// The credentials of the node.
    pub credentials: Credentials,
    /// Certificates (PEM) that the server's is checked against; the machine's own when left out.
    pub ca_file: Option<PathBuf>,
    /// The node's own certificate and its key (PEM), for servers that ask for one.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
    /// Name of the JetStream stream.
    pub stream: String,
    /// First part of every subject.
    pub subject_prefix: String,
}

/// The credentials of a node.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    /// No credentials.
    #[default]
    None,
    /// A user with a password.
    Password {
        /// Name of the user.
        user: String,
        /// Password of the user.
        password: String,
    },
    /// A token.
    Token(String),
    /// The seed of an NKEY, which signs the server's challenge.
    NkeySeed(String),
    /// The contents of a credentials file: a JWT and its seed.
    File(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Credentials::None => "none",
            Credentials::Password { .. } => "a user with a password",
            Credentials::Token(_) => "a token",
            Credentials::NkeySeed(_) => "an NKEY",
            Credentials::File(_) => "a credentials file",
        })
    }
}

impl Access {
    /// Reads one URL or several, separated by commas: `nats://host:4222`, `tls://user:password@host`, `nats://token@host`.
    ///
    /// # Errors
    /// When a URL is malformed, or two of them name different credentials. The error does not repeat the URL.
    pub fn at(urls: &str) -> Result<Access, NatsError> {
        let mut access = Access {
            servers: vec![],
            credentials: Credentials::None,
            ca_file: None,
            client_certificate: None,
            stream: DEFAULT_STREAM.to_owned(),
            subject_prefix: DEFAULT_SUBJECT_PREFIX.to_owned(),
        };
        for url in urls.split(',').map(str::trim).filter(|url| !url.is_empty()) {
            let server: ServerAddr = url.parse().map_err(|_| NatsError::Url)?;
            if !matches!(server.scheme(), "nats" | "tls") || server.host().is_empty() {
                return Err(NatsError::Url);
            }
            let credentials = match (server.username(), server.password()) {
                (Some(user), Some(password)) => {
                    Credentials::Password { user: decoded(user)?, password: decoded(password)? }
                }
                (Some(token), None) => Credentials::Token(decoded(token)?),
                (None, _) => Credentials::None,
            };
            if credentials != Credentials::None {
                if access.credentials != Credentials::None && access.credentials != credentials {
                    return Err(NatsError::TwoCredentials);
                }
                access.credentials = credentials;
            }
            let mut bare = server.into_inner();
            // Neither fails for a URL that has a host.
            let cleared = bare.set_username("").and_then(|()| bare.set_password(None));
            cleared.map_err(|()| NatsError::Url)?;
            access.servers.push(ServerAddr::from_url(bare).map_err(|_| NatsError::Url)?);
        }
        if access.servers.is_empty() { Err(NatsError::Url) } else { Ok(access) }
    }

    /// Refuses names that cannot be part of a subject, and a credentials file without credentials.
    ///
    /// # Errors
    /// When a value is wrong; names it and the reason.
    pub fn check(&self) -> Result<(), NatsError> {
        let word = |text: &str| {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        if self.stream.len() > MAX_NAME_BYTES || !word(&self.stream) {
            return Err(NatsError::StreamName(self.stream.clone()));
        }
        if self.subject_prefix.len() > MAX_NAME_BYTES || !self.subject_prefix.split('.').all(word) {
            return Err(NatsError::SubjectPrefix(self.subject_prefix.clone()));
        }
        self.options().map(|_| ())
    }

    /// The servers as text for people.
    pub(crate) fn servers(&self) -> String {
        let servers: Vec<&str> = self.servers.iter().map(ServerAddr::as_url_str).collect();
        servers.join(", ")
    }

    pub(crate) fn addresses(&self) -> Vec<ServerAddr> {
        self.servers.clone()
    }

    /// The client's options.
    pub(crate) fn options(&self) -> Result<ConnectOptions, NatsError> {
        let mut options = ConnectOptions::new().name("orderlog");
        options = match self.credentials.clone() {
            Credentials::None => options,
            Credentials::Password { user, password } => options.user_and_password(user, password),
            Credentials::Token(token) => options.token(token),
            Credentials::NkeySeed(seed) => options.nkey(seed.trim().to_owned()),
            Credentials::File(text) => options.credentials(&text).map_err(|_| NatsError::CredentialsFile)?,
        };
        if let Some(file) = &self.ca_file {
            options = options.add_root_certificates(file.clone());
        }
        if let Some((certificate, key)) = &self.client_certificate {
            options = options.add_client_certificate(certificate.clone(), key.clone());
        }
        Ok(options)
    }
}

/// Undoes the percent encoding of a URL.
fn decoded(text: &str) -> Result<String, NatsError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        bytes.push(digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).ok_or(NatsError::Url)?);
        rest = &tail[2..];
    }
    String::from_utf8(bytes).map_err(|_| NatsError::Url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_taken_out_of_the_url() {
        let access = Access::at("tls://asha:p%40ss%3Aword@nats.example:4333, nats://other").expect("an access");
        let (user, password) = ("asha".to_owned(), "p@ss:word".to_owned());
        assert_eq!(access.credentials, Credentials::Password { user, password });
        assert_eq!(access.servers(), "tls://nats.example:4333, nats://other");
        assert_eq!(Access::at("nats://s3cret@host").expect("one").credentials, Credentials::Token("s3cret".to_owned()));
        assert_eq!(Access::at("nats://[::1]:4222").expect("one").credentials, Credentials::None);
    }

    #[test]
    fn what_is_no_url_is_refused_and_no_secret_is_told() {
        for wrong in
            ["", ",", "http://asha:s3cret@host", "nats://", "nats://asha:s3cret@", "nats://asha:s3cret%zz@host"]
        {
            let told = Access::at(wrong).expect_err(wrong).to_string();
            assert!(!told.contains("s3cret"), "{told}");
        }
        let two = Access::at("nats://a:1@host,nats://b:2@host").expect_err("two users");
        assert!(matches!(two, NatsError::TwoCredentials), "{two}");
        let access = Access::at("nats://asha:s3cret@host").expect("one");
        assert!(!format!("{access:?}").contains("s3cret"), "{access:?}");
    }

    #[test]
    fn names_that_would_bend_a_subject_are_refused() {
        let mut access = Access::at("nats://host").expect("one");
        for prefix in ["shop", "eu.shop-2", "a_b.c"] {
            access.subject_prefix = prefix.to_owned();
            assert!(access.check().is_ok(), "{prefix}");
        }
        for prefix in ["", ".shop", "shop.", "a..b", "*", ">", "shop 2", "$JS", "öl", &"x".repeat(65)] {
            access.subject_prefix = prefix.to_owned();
            assert!(matches!(access.check(), Err(NatsError::SubjectPrefix(_))), "{prefix}");
        }
        access.subject_prefix = "shop".to_owned();
        for stream in ["", "A.B", "A B", "Ö", &"x".repeat(65)] {
            access.stream = stream.to_owned();
            assert!(matches!(access.check(), Err(NatsError::StreamName(_))), "{stream}");
        }
    }
}
