//! The authorization code flow with PKCE, by which people sign in to the pages at the provider.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as BASE64},
};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use url::{Url, form_urlencoded::Serializer};

use super::{
    OAuth,
    fetch::post,
    id_token::{self, Expected},
    provider::Endpoints,
    settings::PagesClient,
    token,
    unfinished::{Proven, Secrets, Unfinished},
};
use crate::refused::Refused;

/// The provider's answer to a code.
#[derive(Deserialize)]
struct Given {
    id_token: Option<String>,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct Fault {
    error: String,
}

impl OAuth {
    /// The address where a browser signs in.
    pub(crate) fn address(&self, secrets: &Secrets) -> Result<Url, Refused> {
        let (client, endpoints) = self.pages_client()?;
        let mut address = endpoints.authorization;
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &client.id)
            .append_pair("redirect_uri", &self.settings.callback())
            .append_pair("scope", &format!("openid {}", self.settings.scopes()))
            .append_pair("resource", self.settings.resource())
            .append_pair("state", &secrets.state)
            .append_pair("nonce", &secrets.nonce)
            .append_pair("code_challenge", &BASE64.encode(Sha256::digest(&secrets.verifier)))
            .append_pair("code_challenge_method", "S256");
        Ok(address)
    }

    /// Whether our provider answered, as far as the answer names its issuer (RFC 9207).
    pub(crate) fn is_of_issuer(&self, named: Option<&str>) -> bool {
        let must = self.provider.endpoints().is_some_and(|endpoints| endpoints.names_itself);
        named.map_or(!must, |named| named == self.settings.issuer())
    }

    fn pages_client(&self) -> Result<(&PagesClient, Endpoints), Refused> {
        let client = self.settings.client().ok_or(Refused::NotNow)?;
        Ok((client, self.provider.endpoints().ok_or(Refused::NotNow)?))
    }

    /// Redeems the code that the provider sent back, and gives the user who signed in. The rights come from the access
    /// token, which is checked like the token of any call.
    pub(crate) async fn redeem(&self, code: &str, secrets: &Secrets, now: DateTime<Utc>) -> Result<Proven, Unfinished> {
        let given = self.ask(code, secrets).await?;
        let lacks = |what: &str| Unfinished::NotProven(format!("the provider gave no {what}"));
        let proof = given.id_token.ok_or_else(|| lacks("ID token"))?;
        let subject = self.subject(&proof, secrets, now).await.map_err(|refused| match refused {
            Refused::Token(why) => Unfinished::NotProven(why),
            other => Unfinished::Refused(other),
        })?;
        let access = given.access_token.ok_or_else(|| lacks("access token"))?;
        let signed = token::signed(&access)?;
        let key = self.provider.key(&signed).await?;
        let claims = token::check(&access, signed.algorithm, &key, &self.settings, now)?;
        if claims.subject != subject {
            return Err(Unfinished::NotProven("the access token is another user's".to_owned()));
        }
        let granted = self.granted(claims.scopes.iter().map(String::as_str))?;
        Ok(Proven { subject, scopes: granted.scopes })
    }

    async fn subject(&self, proof: &str, secrets: &Secrets, now: DateTime<Utc>) -> Result<String, Refused> {
        let signed = token::signed(proof)?;
        let key = self.provider.key(&signed).await?;
        let (client, _) = self.pages_client()?;
        let expected = Expected { issuer: self.settings.issuer(), client: &client.id, nonce: &secrets.nonce };
        id_token::check(proof, &signed, &key, &expected, now)
    }

    /// Exchanges the code for tokens.
    async fn ask(&self, code: &str, secrets: &Secrets) -> Result<Given, Unfinished> {
        let (client, endpoints) = self.pages_client()?;
        let (authorization, form) = self.form(client, &endpoints, code, secrets);
        let answered = post(self.provider.client(), &endpoints.token, authorization, form).await;
        let (status, body) = answered.map_err(|error| {
            tracing::warn!(error = format!("{error:#}"), "the OAuth provider did not answer a sign-in");
            Refused::NotNow
        })?;
        if status == super::fetch::OK {
            return serde_json::from_slice(&body)
                .map_err(|_| Unfinished::NotProven("the provider's answer is no JSON".to_owned()));
        }
        let fault = serde_json::from_slice::<Fault>(&body).map(|fault| fault.error).unwrap_or_default();
        Err(Unfinished::Denied(self.in_words(&fault)))
    }

    /// The form, and the header that goes with it if the client's secret is sent in a header.
    fn form(
        &self,
        client: &PagesClient,
        endpoints: &Endpoints,
        code: &str,
        secrets: &Secrets,
    ) -> (Option<String>, String) {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.settings.callback())
            .append_pair("code_verifier", &secrets.verifier)
            .append_pair("resource", self.settings.resource());
        let mut authorization = None;
        match &client.secret {
            Some(secret) if endpoints.takes_basic => authorization = Some(basic(&client.id, secret)),
            Some(secret) => _ = form.append_pair("client_id", &client.id).append_pair("client_secret", secret),
            None => _ = form.append_pair("client_id", &client.id),
        }
        (authorization, form.finish())
    }

    /// An error code of the provider in words, if it is known here.
    pub(crate) fn in_words(&self, error: &str) -> String {
        match error {
            "access_denied" => "you, or the provider, did not allow it".to_owned(),
            "login_required" | "interaction_required" | "consent_required" | "account_selection_required" => {
                "the provider wants you to sign in there first; begin again".to_owned()
            }
            "server_error" | "temporarily_unavailable" => {
                "the provider cannot sign you in just now; try again in a moment".to_owned()
            }
            "invalid_grant" => "the provider's code was used already, or is too old; begin again".to_owned(),
            "invalid_scope" | "invalid_target" => format!(
                "the provider does not know what this server asks for ({error}): whoever runs it compares --oauth-scopes and \
                 --oauth-resource with what the provider knows"
            ),
            "invalid_client" | "unauthorized_client" | "invalid_request" | "unsupported_response_type" => format!(
                "the provider does not take this server as its client ({error}): whoever runs it compares --oauth-client-id, its \
                 secret, and the redirect address {} with what the provider knows",
                self.settings.callback()
            ),
            _ => "the provider answered with an error that is not known here; begin again".to_owned(),
        }
    }
}

/// RFC 6749, 2.3.1: both are encoded as in a form first.
fn basic(id: &str, secret: &str) -> String {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(id), encoded(secret))))
}
