//! The settings of NATS, read together: they must agree with each other.

use std::path::PathBuf;

use orderlog_messaging::{Access, Credentials};

use super::sources::Values;

/// Makes sense only with a server.
const NEED_A_SERVER: [&str; 8] = [
    "nats-user",
    "nats-password",
    "nats-token",
    "nats-nkey-file",
    "nats-creds-file",
    "nats-ca-file",
    "nats-cert-file",
    "nats-key-file",
];

impl Values {
    /// `Some(None)` without a server; `None` if a value cannot be read.
    pub(super) fn read_nats(&mut self) -> Option<Option<Access>> {
        let access = self.read_optional("nats-url", |text| match text.contains("://") {
            true => Access::at(text).map_err(|error| error.to_string()),
            false => Err("expected nats://host:4222 or tls://host:4222".to_owned()),
        });
        let user = self.read_optional("nats-user", text);
        let password = self.read_optional("nats-password", text);
        let token = self.read_optional("nats-token", text);
        let nkey = self.read_optional("nats-nkey-file", contents);
        let creds = self.read_optional("nats-creds-file", contents);
        let ca_file = self.read_optional("nats-ca-file", file);
        let certificate = self.read_optional("nats-cert-file", file);
        let key = self.read_optional("nats-key-file", file);
        let stream = self.read("nats-stream", text);
        let subject_prefix = self.read("nats-subject-prefix", text);
        let (access, user, password, token) = (access?, user?, password?, token?);
        let (nkey, creds, ca_file, certificate, key) = (nkey?, creds?, ca_file?, certificate?, key?);

        let Some(mut access) = access else {
            for name in NEED_A_SERVER {
                if self.is_given(name) {
                    self.problem(format!("--{name} is given without --nats-url"));
                }
            }
            return Some(None);
        };
        if user.is_some() != password.is_some() {
            self.problem("--nats-user and --nats-password belong together: give both or neither");
            return None;
        }
        if certificate.is_some() != key.is_some() {
            self.problem("--nats-cert-file and --nats-key-file belong together: give both or neither");
            return None;
        }
        let ways: Vec<Credentials> = [
            (access.credentials != Credentials::None).then(|| access.credentials.clone()),
            user.zip(password).map(|(user, password)| Credentials::Password { user, password }),
            token.map(Credentials::Token),
            nkey.map(Credentials::NkeySeed),
            creds.map(Credentials::File),
        ]
        .into_iter()
        .flatten()
        .collect();
        if ways.len() > 1 {
            let named: Vec<String> = ways.iter().map(|way| format!("{way:?}")).collect();
            self.problem(format!("NATS: there are several ways to sign in, {}: give one", named.join(" and ")));
            return None;
        }
        access.credentials = ways.into_iter().next().unwrap_or_default();
        (access.ca_file, access.client_certificate) = (ca_file, certificate.zip(key));
        (access.stream, access.subject_prefix) = (stream?, subject_prefix?);
        match access.check() {
            Ok(()) => Some(Some(access)),
            Err(error) => {
                self.problem(format!("NATS: {error}"));
                None
            }
        }
    }
}

fn text(text: &str) -> Result<String, String> {
    Ok(text.to_owned())
}

fn contents(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

/// The path of an existing file; the client reads the file at every connection.
fn file(path: &str) -> Result<PathBuf, String> {
    std::fs::File::open(path).map(|_| PathBuf::from(path)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use orderlog_messaging::Credentials;

    use crate::config::{Config, ConfigError, Given};

    fn load(pairs: &[(&'static str, &str)]) -> Result<Config, ConfigError> {
        Config::load(&Given::of(pairs))
    }

    fn problems(pairs: &[(&'static str, &str)]) -> String {
        load(pairs).unwrap_err().to_string()
    }

    const URL: (&str, &str) = ("nats-url", "nats://127.0.0.1:4222");

    #[test]
    fn names_and_ways_in_are_read() {
        assert!(load(&[]).unwrap().nats.is_none());
        let nats = load(&[URL]).unwrap().nats.unwrap();
        assert_eq!((nats.stream.as_str(), nats.subject_prefix.as_str()), ("ORDERLOG", "orderlog"));
        let more =
            [URL, ("nats-user", "o"), ("nats-password", "p"), ("nats-stream", "S2"), ("nats-subject-prefix", "s2")];
        let nats = load(&more).unwrap().nats.unwrap();
        assert_eq!((nats.stream.as_str(), nats.subject_prefix.as_str()), ("S2", "s2"));
        assert_eq!(nats.credentials, Credentials::Password { user: "o".to_owned(), password: "p".to_owned() });
        assert_eq!(
            load(&[URL, ("nats-token", "t")]).unwrap().nats.unwrap().credentials,
            Credentials::Token("t".to_owned())
        );
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        assert!(problems(&[("nats-user", "o"), ("nats-password", "p")]).contains("without --nats-url"));
        assert!(problems(&[URL, ("nats-user", "o")]).contains("belong together"));
        assert!(problems(&[URL, ("nats-cert-file", "/dev/null")]).contains("belong together"));
        let several = [("nats-url", "nats://a:b@host"), ("nats-token", "s3cret")];
        let said = problems(&several);
        assert!(said.contains("give one") && !said.contains("s3cret"), "{said}");
        assert!(problems(&[URL, ("nats-stream", "A B")]).contains("cannot name a JetStream stream"));
        assert!(problems(&[URL, ("nats-subject-prefix", "a.>")]).contains("cannot begin subjects"));
        assert!(problems(&[URL, ("nats-creds-file", "/nowhere")]).contains("/nowhere"));
        assert!(problems(&[URL, ("nats-creds-file", "/dev/null")]).contains("credentials file"));
    }
}
