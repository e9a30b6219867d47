//! Seals the typed texts of a command before it is decided: under the key of the person whom they may concern, or under
//! the shop's key.

use orderlog_commands::Receipt;
use orderlog_domain::{
    commands::{About, Command},
    decide::Names,
    rejection::Problems,
    typed::{Kind, Typed},
};
use orderlog_keyring::{Keyring, Owner};

use crate::{failure::Failure, request::Common, shop::OpenShop};

/// The name under which the readings of names are sealed.
const READINGS: &str = "readings";

/// How the names were read in the first call.
pub(crate) fn readings_of(keyring: &Keyring, receipt: &Receipt) -> Vec<String> {
    let opened = receipt.readings.as_deref().and_then(|sealed| keyring.open_seal(READINGS, sealed));
    opened.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default()
}

/// Seals all typed texts. Also seals and returns how names were read, because a reading may name a person.
pub(crate) async fn seal(
    shop: &OpenShop,
    command: &mut Command,
    common: &mut Common,
    names: &Names,
    readings: &[String],
) -> Result<Option<String>, Failure> {
    if command.keeps_no_words() {
        (common.reason, common.request_text) = (None, None);
    }
    let mut readings = match readings {
        [] => None,
        readings => Some(serde_json::to_string(readings).map_err(anyhow::Error::new)?),
    };
    let own = command.typed_mut();
    if own.is_empty() && common.reason.is_none() && common.request_text.is_none() && readings.is_none() {
        return Ok(None);
    }
    let mut problems = Problems::default();
    own.iter().for_each(|typed| typed.check(&mut problems));
    problems.check()?;
    let owner = owner(shop, command, names).await?;
    let around =
        [("reason", &mut common.reason), ("request_text", &mut common.request_text), (READINGS, &mut readings)];
    let around = around.into_iter().filter_map(|(field, text)| {
        let text = text.as_mut()?;
        Some(Typed { field, text, kind: Kind::Words })
    });
    for typed in command.typed_mut().into_iter().chain(around) {
        shop.keyring.seal_for(owner, typed).await?;
    }
    Ok(readings)
}

/// The owner of the key for a command's texts: the person whom they may concern, or else the shop.
pub(crate) async fn owner(shop: &OpenShop, command: &Command, names: &Names) -> Result<Owner, Failure> {
    let order_id = match command.about(names) {
        _ if command.keeps_no_words() => return Ok(Owner::Shop),
        About::NewOrder { customer } => return Ok(customer.map_or(Owner::Shop, Owner::Customer)),
        About::Customer(id) => return Ok(Owner::Customer(id)),
        About::Orders { .. }
        | About::Stock(_)
        | About::Product(_)
        | About::Rate(_)
        | About::Notifications
        | About::Confirmations => {
            return Ok(Owner::Shop);
        }
        About::Order(order_id) => order_id,
    };
    // If there is no such order, the decision refuses the command and nothing is stored.
    Ok(shop.directory.customer_of(order_id).await?.map_or(Owner::Shop, Owner::Customer))
}
