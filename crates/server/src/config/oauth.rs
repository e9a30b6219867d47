//! The settings of signing in, read together: they must agree with each other.

use orderlog_access::OAuthSettings;

use super::sources::Values;

impl Values {
    /// `Some(None)` without a provider; `None` when something cannot be read.
    pub(super) fn read_oauth(&mut self) -> Option<Option<OAuthSettings>> {
        let text = |text: &str| Ok(text.to_owned());
        let issuer = self.read_optional("oauth-issuer", text);
        let resource = self.read_optional("oauth-resource", text);
        let audience = self.read_optional("oauth-audience", text);
        let scopes = self.read("oauth-scopes", text);
        let (issuer, resource, audience, scopes) = (issuer?, resource?, audience?, scopes?);
        let Some(issuer) = issuer else {
            for name in ["oauth-resource", "oauth-audience", "oauth-scopes"] {
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
        match OAuthSettings::new(&issuer, &resource, audience.as_deref(), &scopes) {
            Ok(settings) => Some(Some(settings)),
            Err(fault) => {
                self.problem(format!("OAuth: {fault}"));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, ConfigError, Given};

    fn load(pairs: &[(&'static str, &str)]) -> Result<Config, ConfigError> {
        Config::load(&Given::of(pairs))
    }

    const ISSUER: (&str, &str) = ("oauth-issuer", "https://id.example");
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
    fn what_does_not_fit_together_is_refused() {
        for (pairs, told) in [
            (&[RESOURCE][..], "without --oauth-issuer"),
            (&[("oauth-scopes", "staff")], "without --oauth-issuer"),
            (&[ISSUER], "needs --oauth-resource"),
            (&[ISSUER, ("oauth-resource", "http://shop.example/mcp")], "begin with https"),
            (&[ISSUER, RESOURCE, ("oauth-scopes", "everything")], "opens nothing"),
        ] {
            let error = load(pairs).unwrap_err().to_string();
            assert!(error.contains(told), "{pairs:?}: {error}");
        }
    }
}
