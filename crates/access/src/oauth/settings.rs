//! Settings of the OAuth provider: who issues access tokens, and for which resource they must be.

use std::fmt;

use serde_json::{Value, json};
use url::{Host, Url};

use super::scopes::Granted;

/// Path where a server says who signs its users in (RFC 9728).
pub const METADATA_PATH: &str = "/.well-known/oauth-protected-resource";

/// Path to which the provider redirects people who sign in to the pages.
pub const CALLBACK_PATH: &str = "/sign-in/callback";

/// Settings of the OAuth provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    issuer: String,
    resource: Url,
    /// The resource as it was written: `Url` may write it in another way, and clients compare letter by letter.
    resource_text: String,
    audience: String,
    scopes: String,
    client: Option<PagesClient>,
}

/// The client under which the provider knows the server's pages.
#[derive(Clone, PartialEq, Eq)]
pub struct PagesClient {
    pub(super) id: String,
    /// `None` if the client proves by PKCE alone that it began the sign-in.
    pub(super) secret: Option<String>,
}

impl fmt::Debug for PagesClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PagesClient").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Settings {
    /// Checks that the settings can be used.
    ///
    /// # Errors
    /// When a setting cannot be used; names it and how to write it.
    pub fn new(issuer: &str, resource: &str, audience: Option<&str>, scopes: &str) -> Result<Settings, String> {
        let resource_url = address(resource).map_err(|fault| format!("the resource {resource} {fault}"))?;
        address(issuer).map_err(|fault| format!("the issuer {issuer} {fault}"))?;
        if resource_url.path() == "/" || resource.ends_with('/') {
            return Err(format!(
                "the resource {resource} must be the address of the MCP endpoint as clients write it, such as \
                 https://shop.example/mcp, without a slash at its end"
            ));
        }
        let unknown = scopes.split_whitespace().find(|scope| Granted::by([*scope]).is_none());
        if let Some(unknown) = unknown {
            return Err(format!("the scope {unknown} opens nothing here; use rights such as orders:read, or roles"));
        }
        Ok(Settings {
            issuer: issuer.to_owned(),
            resource: resource_url,
            resource_text: resource.to_owned(),
            audience: audience.unwrap_or(resource).to_owned(),
            scopes: scopes.split_whitespace().collect::<Vec<_>>().join(" "),
            client: None,
        })
    }

    /// The same settings, with this client for people who sign in to the pages.
    #[must_use]
    pub fn with_client(self, id: String, secret: Option<String>) -> Settings {
        Settings { client: Some(PagesClient { id, secret }), ..self }
    }

    /// The client of the pages; `None` if people cannot sign in to the pages at the provider.
    #[must_use]
    pub fn client(&self) -> Option<&PagesClient> {
        self.client.as_ref()
    }

    /// Address to which the provider redirects people, on the host of the resource.
    #[must_use]
    pub fn callback(&self) -> String {
        format!("{}{CALLBACK_PATH}", self.resource.origin().ascii_serialization())
    }

    /// The address of the MCP endpoint, as clients write it.
    pub(super) fn resource(&self) -> &str {
        &self.resource_text
    }

    /// The issuer, as tokens name it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The audience that tokens must name.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// The scopes that clients ask the user for at first.
    #[must_use]
    pub fn scopes(&self) -> &str {
        &self.scopes
    }

    /// Address of the metadata: its path is between the host and the path of the resource.
    #[must_use]
    pub fn metadata_url(&self) -> String {
        format!("{}{METADATA_PATH}{}", self.resource.origin().ascii_serialization(), self.resource.path())
    }

    /// Whether the metadata is served at this path too: at the standard one, at that of `/mcp` (if a proxy serves the
    /// resource elsewhere), and at that of the host, which some clients ask for.
    #[must_use]
    pub fn is_metadata_path(&self, path: &str) -> bool {
        let of = path.strip_prefix(METADATA_PATH);
        of.is_some_and(|of| of.is_empty() || of == "/mcp" || of == self.resource.path())
    }

    /// The metadata of RFC 9728.
    #[must_use]
    pub fn metadata(&self) -> Value {
        json!({
            "resource": self.resource_text,
            "resource_name": "Orderlog",
            "authorization_servers": [self.issuer],
            "bearer_methods_supported": ["header"],
            "scopes_supported": self.scopes.split(' ').collect::<Vec<_>>(),
        })
    }
}

/// Checks an address to which secrets may be sent: HTTPS, or this machine. It has no query.
pub(super) fn address(text: &str) -> Result<Url, &'static str> {
    let url = endpoint(text)?;
    if url.query().is_some() { Err("must have no user, query or fragment") } else { Ok(url) }
}

/// Checks an address in the same way, for endpoints that get a query or form from us: some providers distinguish their
/// endpoints by a query.
pub(super) fn endpoint(text: &str) -> Result<Url, &'static str> {
    let url: Url = text.parse().map_err(|_| "must be an address such as https://id.example")?;
    let of_this_machine = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let secure = url.scheme() == "https" || (url.scheme() == "http" && of_this_machine);
    if !secure {
        return Err("must begin with https://; only on this machine http:// is safe");
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err("must have no user, query or fragment");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_stands_where_clients_look_for_it() {
        let settings = Settings::new("https://id.example/t", "https://shop.example:8443/a/mcp", None, "staff").unwrap();
        let url = "https://shop.example:8443/.well-known/oauth-protected-resource/a/mcp";
        assert_eq!(settings.metadata_url(), url);
        for (path, there) in [("", true), ("/mcp", true), ("/a/mcp", true), ("/b", false), ("x", false)] {
            assert_eq!(settings.is_metadata_path(&format!("{METADATA_PATH}{path}")), there, "{path}");
        }
        let metadata = settings.metadata();
        assert_eq!(metadata["resource"], "https://shop.example:8443/a/mcp");
        assert_eq!(metadata["authorization_servers"], json!(["https://id.example/t"]));
        assert_eq!(settings.audience(), "https://shop.example:8443/a/mcp");
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        let good = ("https://id.example", "https://shop.example/mcp", "orders:read");
        let fault = |issuer: &str, resource: &str, scopes: &str| Settings::new(issuer, resource, None, scopes);
        assert!(fault(good.0, good.1, good.2).is_ok());
        assert!(fault("http://127.0.0.1:9/x", "http://localhost:7400/mcp", good.2).is_ok());
        for (issuer, resource, scopes, told) in [
            ("http://id.example", good.1, good.2, "begin with https"),
            ("id.example", good.1, good.2, "must be an address"),
            ("https://user@id.example", good.1, good.2, "no user"),
            (good.0, "http://shop.example/mcp", good.2, "begin with https"),
            (good.0, "https://shop.example", good.2, "MCP endpoint"),
            (good.0, "https://shop.example/mcp/", good.2, "without a slash"),
            (good.0, "https://shop.example/mcp?x=1", good.2, "query"),
            (good.0, good.1, "orders:read orders:everything", "orders:everything"),
        ] {
            let told_of = fault(issuer, resource, scopes).unwrap_err();
            assert!(told_of.contains(told), "{issuer} {resource} {scopes}: {told_of}");
        }
    }
}
