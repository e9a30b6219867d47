//! Links with which the receiver of a message ends the rule behind it (RFC 8058). A link contains the numbers of rules
//! and the shop's signature; no address, no name and no key.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use futures::future::BoxFuture;
use orderlog_domain::{
    commands::Unsubscribe,
    ids::RuleId,
    notifications::{Notifications, Subscription},
    rejection::Code,
};

use crate::{
    command_call::carry_out,
    failure::Failure,
    history,
    principal::{Caller, Principal, agent},
    request::Request,
    schema::Object,
    shop::OpenShop,
};

/// Path of the page of these links.
pub const PATH: &str = "/unsubscribe";
/// The purpose in the signature: no other text that the shop signs begins with it.
const PURPOSE: &[u8] = b"orderlog unsubscribe link\0";
/// Bytes of a signature. It does not expire, so it must be impossible to guess in years.
const SIGNATURE_BYTES: usize = 32;
/// Most rules of one link: as many as a digest may contain.
const MAX_RULES: usize = 40;
const RULE_BYTES: usize = 8;
/// Characters of a token that are looked at.
const MAX_TOKEN: usize = (MAX_RULES * RULE_BYTES + SIGNATURE_BYTES).div_ceil(3) * 4;

/// Whether a link may end this rule. Rules about the system may be ended only by an administrator.
#[must_use]
pub fn may_end(one: &Subscription) -> bool {
    !one.rule.when.iter().any(|watch| watch.is_of_system())
}

/// The address that ends these rules, if the shop's pages can be reached by HTTPS: mailbox providers accept no other.
#[must_use]
pub fn address(shop: &OpenShop, rules: &[RuleId]) -> Option<String> {
    let pages = shop.public_url.as_deref().filter(|url| url.starts_with("https://"))?;
    let mut rules = rules.to_vec();
    rules.sort_unstable();
    rules.dedup();
    if rules.is_empty() || rules.len() > MAX_RULES {
        return None;
    }
    let mut bytes: Vec<u8> = rules.iter().flat_map(|rule| rule.0.to_be_bytes()).collect();
    let signature = shop.keyring.sign(&[PURPOSE, &bytes]);
    bytes.extend(signature);
    Some(format!("{pages}{PATH}/{}", BASE64.encode(bytes)))
}

/// The rules that a link names; `None` if the shop did not make the link.
#[must_use]
pub fn read(shop: &OpenShop, token: &str) -> Option<Vec<RuleId>> {
    if token.len() > MAX_TOKEN {
        return None;
    }
    let bytes = BASE64.decode(token).ok()?;
    let (rules, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE_BYTES)?)?;
    let whole = !rules.is_empty() && rules.len().is_multiple_of(RULE_BYTES);
    if !whole || !shop.keyring.has_signed(&[PURPOSE, rules], signature) {
        return None;
    }
    let number = |bytes: &[u8]| bytes.try_into().ok().map(|bytes| RuleId(i64::from_be_bytes(bytes)));
    rules.chunks_exact(RULE_BYTES).map(number).collect()
}

/// The rules among these that are in force and may be ended by a link, each with its target.
///
/// # Errors
/// When the log cannot be read.
pub fn in_force<'a>(shop: &'a OpenShop, rules: &'a [RuleId]) -> BoxFuture<'a, anyhow::Result<Vec<(RuleId, String)>>> {
    Box::pin(async move {
        let all = history::notifications(&shop.log).await?;
        Ok(those(&all, shop, rules).map(|(id, one)| (id, one.rule.target.clone())).collect())
    })
}

fn those<'a>(
    all: &'a Notifications,
    shop: &OpenShop,
    rules: &[RuleId],
) -> impl Iterator<Item = (RuleId, &'a Subscription)> {
    all.in_force(shop.clock.now()).filter(move |(id, one)| rules.contains(id) && may_end(one))
}

/// Ends the rules. A rule that has ended already stays ended.
///
/// # Errors
/// When the log cannot be read or written.
pub fn end<'a>(shop: &'a OpenShop, rules: &'a [RuleId]) -> BoxFuture<'a, Result<(), Failure>> {
    Box::pin(async move {
        for (rule_id, _) in in_force(shop, rules).await? {
            let request = Request::of_import(shop, "unsubscribe", Object::new(), false, by_link())?;
            match carry_out(shop, request, Unsubscribe { rule_id }.into()).await {
                Ok(_) => {}
                // Somebody else ended the rule at the same moment.
                Err(Failure::Rejected(rejection)) if rejection.code == Code::NotFound => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    })
}

/// The holder of the link: not a known user, and not a program.
fn by_link() -> Caller {
    let (user, role) = ("unsubscribe link".to_owned(), "recipient".to_owned());
    let agent = agent("unsubscribe link", env!("CARGO_PKG_VERSION"), None);
    Caller::of(Principal { user, role, ..Principal::nobody() }, Some(agent))
}
