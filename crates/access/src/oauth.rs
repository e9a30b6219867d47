//! OAuth 2.1 as a resource server: accepts access tokens of users who signed in at a provider. The provider is another
//! program.

mod code;
mod fetch;
mod id_token;
mod key_set;
mod provider;
mod scopes;
mod settings;
mod signatures;
mod token;
mod unfinished;

use std::{fmt, sync::Arc};

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

pub(crate) use self::unfinished::Secrets;
use self::{provider::Provider, scopes::Granted};
pub use self::{
    settings::{CALLBACK_PATH, METADATA_PATH, Settings},
    unfinished::Unfinished,
};
use crate::{
    keys::Keys,
    pass::Pass,
    principal::Principal,
    rates::{Gauge, Rates, UserGauges},
    refused::Refused,
    rights::Right,
};

/// Admits users who signed in at the provider.
pub struct OAuth {
    settings: Settings,
    provider: Provider,
    each: UserGauges,
    all: Arc<Gauge>,
}

impl OAuth {
    /// Knows no key of the provider until [`OAuth::keep_up`] runs. Calls count together with those of `keys`.
    ///
    /// # Errors
    /// When TLS cannot be used.
    pub fn new(settings: Settings, rates: Rates, keys: &Keys) -> anyhow::Result<OAuth> {
        signatures::use_ring();
        let provider = Provider::new(settings.issuer())?;
        Ok(OAuth { settings, provider, each: UserGauges::new(rates.each), all: keys.all() })
    }

    /// The settings of the provider.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The principal that calls with this token, and until when the token is valid; counts one call.
    ///
    /// # Errors
    /// When the token is not valid, or a limit is reached; names the reason.
    pub fn admit<'a>(
        &'a self,
        token: &'a str,
        now: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<(Arc<Principal>, Pass), Refused>> {
        Box::pin(async move {
            let signed = token::signed(token)?;
            let key = self.provider.key(&signed).await?;
            let claims = token::check(token, signed.algorithm, &key, &self.settings, now)?;
            let principal = self.count(&claims.subject, self.granted(claims.scopes.iter().map(String::as_str))?)?;
            Ok((principal, Pass::Until(claims.until)))
        })
    }

    /// Waits until the provider was asked for the first time.
    pub(crate) fn asked_once(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move { self.provider.asked_once().await })
    }

    fn granted<'a>(&self, scopes: impl IntoIterator<Item = &'a str>) -> Result<Granted, Refused> {
        Granted::by(scopes).ok_or_else(|| Refused::NoScope(self.settings.scopes().to_owned()))
    }

    /// The principal of a session of this subject; counts one call.
    pub(crate) fn admit_session(&self, subject: &str, scopes: &str) -> Result<Arc<Principal>, Refused> {
        self.count(subject, self.granted(scopes.split(' '))?)
    }

    fn count(&self, subject: &str, granted: Granted) -> Result<Arc<Principal>, Refused> {
        let Granted { rights, role, scopes } = granted;
        // Subjects belong to one provider: another provider may give the same subject to another person.
        let user = format!("{subject}@{}", self.settings.issuer());
        self.each.count(&user).and_then(|()| self.all.count()).map_err(Refused::TooMany)?;
        let (role, scopes) = (role.to_owned(), Some(scopes));
        Ok(Arc::new(Principal { user, role, rights, refunds_up_to: None, scopes, key: None }))
    }

    /// The scopes to ask the user for, all at once: those of the caller's token, or else those to ask for at first; and
    /// one more if they do not give the right that is wanted.
    #[must_use]
    pub fn scopes_for(&self, principal: Option<&Principal>, right: Option<Right>) -> String {
        let held = principal.and_then(|principal| principal.scopes.as_deref());
        let asked = held.unwrap_or(self.settings.scopes());
        let opens = |right: &Right| Granted::by(asked.split(' ')).is_some_and(|granted| granted.rights.has(*right));
        right.filter(|right| !opens(right)).map_or_else(|| asked.to_owned(), |right| scopes::with(asked, right.name()))
    }

    /// The value of the header `WWW-Authenticate` (RFC 6750, RFC 9728).
    #[must_use]
    pub fn challenge(&self, error: Option<&str>, scopes: &str) -> String {
        let error = error.map(|error| format!(", error=\"{error}\"")).unwrap_or_default();
        let place = self.settings.metadata_url();
        format!("Bearer realm=\"orderlog\"{error}, resource_metadata=\"{place}\", scope=\"{scopes}\"")
    }

    /// Reads the provider's keys, and again and again, until `ending`.
    pub fn keep_up(self: Arc<OAuth>, ending: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(async move { self.provider.keep_up(ending).await })
    }
}

impl fmt::Debug for OAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth").field("settings", &self.settings).finish_non_exhaustive()
    }
}
