//! The settings of signing in, read together: they must agree with each other.

use orderlog_access::OAuthSettings;

use super::sources::Values;

impl Values {
    /// `Some(None)` without a provider; `None` if a value cannot be read.
    pub(super) fn read_oauth(&mut self) -> Option<Option<OAuthSettings>> {
        let text = |text: &str| Ok(text.to_owned());
        let issuer = self.read_optional("oauth-issuer", text);
        let resource = self.read_optional("oauth-resource", text);
        let audience = self.read_optional("oauth-audience", text);
        let scopes = self.read("oauth-scopes", text);
        let client = self.read_optional("oauth-client-id", text);
        let secret = self.read_optional("oauth-client-secret-file", secret);
        let (issuer, resource, audience, scopes) = (issuer?, resource?, audience?, scopes?);
        let (client, secret) = (client?, secret?);
        let Some(issuer) = issuer else {
            for name in
                ["oauth-resource", "oauth-audience", "oauth-scopes", "oauth-client-id", "oauth-client-secret-file"]
            {
                if self.is_given(name) {
                    self.problem(format!("--{name} is given without --oauth-issuer"));
                }
            }
            return Some(None);
        };
        let Some(resource) = resource else {
            self.problem("--oauth-issuer needs --oauth-resource: the address of the MCP endpoint as clients write it");
            return None;
        };
        if secret.is_some() && client.is_none() {
            self.problem("--oauth-client-secret-file is given without --oauth-client-id");
        }
        match OAuthSettings::new(&issuer, &resource, audience.as_deref(), &scopes) {
            Ok(settings) => Some(Some(match client {
                Some(client) => settings.with_client(client, secret),
                None => settings,
            })),
            Err(fault) => {
                self.problem(format!("OAuth: {fault}"));
                None
            }
        }
    }
}

/// The secret in a file, without the end of the line.
fn secret(path: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    match text.trim() {
        "" => Err("is empty; write the client's secret into it, or leave the setting out".to_owned()),
        text => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, ConfigError, Given};

    fn load(pairs: &[(&'static str, &str)]) -> Result<Config, ConfigError> {
        Config::load(&Given::of(pairs))
    }

    const ISSUER: (&str, &str) = ("oauth-issuer", "https://id.example");
    const CLIENT: (&str, &str) = ("oauth-client-id", "pages");
    const RESOURCE: (&str, &str) = ("oauth-resource", "https://shop.example/mcp");

    #[test]
    fn a_provider_is_read_and_then_everybody_needs_a_credential() {
        let config = load(&[]).unwrap();
        assert!(config.oauth.is_none() && !config.require_keys);
        let config = load(&[ISSUER, RESOURCE]).unwrap();
        assert!(config.require_keys);
        let oauth = config.oauth.unwrap();
        assert_eq!((oauth.issuer(), oauth.audience()), (ISSUER.1, RESOURCE.1));
        let config = load(&[ISSUER, RESOURCE, ("oauth-audience", "api://shop"), ("oauth-scopes", "staff")]).unwrap();
        let oauth = config.oauth.unwrap();
        assert_eq!((oauth.audience(), oauth.scopes()), ("api://shop", "staff"));
    }

    #[test]
    fn the_pages_are_a_client_of_the_provider_and_its_secret_is_never_told() {
        assert!(load(&[ISSUER, RESOURCE]).unwrap().oauth.is_some_and(|oauth| oauth.client().is_none()));
        // Any file that is not empty.
        let secret = std::fs::read_to_string("/proc/version").unwrap();
        let config = load(&[ISSUER, RESOURCE, CLIENT, ("oauth-client-secret-file", "/proc/version")]).unwrap();
        let oauth = config.oauth.unwrap();
        assert!(oauth.client().is_some() && oauth.callback() == "https://shop.example/sign-in/callback");
        assert!(!format!("{oauth:?}").contains(secret.trim()));
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        for (pairs, told) in [
            (&[RESOURCE][..], "without --oauth-issuer"),
            (&[("oauth-scopes", "staff")], "without --oauth-issuer"),
            (&[CLIENT], "--oauth-client-id is given without --oauth-issuer"),
            (&[ISSUER, RESOURCE, ("oauth-client-secret-file", "/dev/null")], "is empty"),
            (&[ISSUER, RESOURCE, ("oauth-client-secret-file", "/proc/version")], "without --oauth-client-id"),
            (&[ISSUER], "needs --oauth-resource"),
            (&[ISSUER, ("oauth-resource", "http://shop.example/mcp")], "begin with https"),
            (&[ISSUER, RESOURCE, ("oauth-scopes", "everything")], "opens nothing"),
        ] {
            let error = load(pairs).unwrap_err().to_string();
            assert!(error.contains(told), "{pairs:?}: {error}");
        }
    }
}
