//! Registering a customer, or changing the personal data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{About, Act};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{CustomerChanged, CustomerRegistered, SealedProfile},
    ids::{CustomerId, StreamId, Version},
    limits,
    rejection::{Code, Problems, Rejection},
    states::States,
    text,
};

/// Register or change a customer. Without `customer`, the one with this e-mail address is changed, or a new one
/// registered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpsertCustomer {
    /// E-mail address, name or id of the known customer to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::REFERENCE_CHARS))]
    pub customer: Option<String>,
    /// Full name. Needed for a new customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::NAME_CHARS))]
    pub name: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = limits::EMAIL_CHARS))]
    pub email: Option<String>,
    /// Phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::PHONE_CHARS))]
    pub phone: Option<String>,
    /// Postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::ADDRESS_CHARS))]
    pub address: Option<String>,
}

impl UpsertCustomer {
    /// Checks the personal data as typed, before it is sealed.
    ///
    /// # Errors
    /// When a value is out of bounds; names every such value.
    pub fn check(&self) -> Result<(), Rejection> {
        let mut problems = Problems::default();
        for (field, given, max) in [
            ("customer", &self.customer, limits::REFERENCE_CHARS),
            ("email", &self.email, limits::EMAIL_CHARS),
            ("phone", &self.phone, limits::PHONE_CHARS),
        ] {
            if let Some(given) = given {
                text::check_line(field, given, max, &mut problems);
            }
        }
        if let Some(name) = &self.name {
            text::check_name("name", name, limits::NAME_CHARS, &mut problems);
        }
        if let Some(email) = &self.email {
            text::check_visible("email", email, &mut problems);
        }
        if let Some(address) = &self.address {
            text::check_words("address", address, limits::ADDRESS_CHARS, &mut problems);
        }
        if self.email.as_deref().is_some_and(|email| !is_email(email)) {
            problems.add("email", "is no e-mail address; write one such as ann@example.com, or leave it out");
        }
        if self.phone.as_deref().is_some_and(|phone| !is_phone(phone)) {
            problems.add("phone", "is no phone number; write one such as +91 98765 43210, or leave it out");
        }
        problems.check()
    }
}

/// `user@host.name`, in any script. Refuses only texts that cannot be an address; whether mail arrives is not checked.
fn is_email(email: &str) -> bool {
    let Some((user, host)) = email.trim().rsplit_once('@') else { return false };
    let in_user = |c: char| !c.is_whitespace() && !c.is_control() && !"@<>()[],;:\\\"".contains(c);
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c == '-' || c.is_alphanumeric() || (!c.is_ascii() && !c.is_whitespace()))
    };
    let top = host.rsplit('.').next().unwrap_or_default();
    !user.is_empty()
        && user.chars().all(in_user)
        && host.contains('.')
        && host.split('.').all(is_label)
        && top.chars().count() >= 2
        && !top.chars().all(|c| c.is_ascii_digit())
}

/// At least as many digits as other letters: `+91 98765 43210`, `(020) 555-0100 ext. 12`.
fn is_phone(phone: &str) -> bool {
    let digits = phone.chars().filter(|c| c.is_numeric()).count();
    digits >= 3 && phone.chars().filter(|c| c.is_alphabetic()).count() <= digits
}

/// [`UpsertCustomer`] after its names were resolved and its texts sealed. Sealing is deterministic, so equal texts have
/// equal seals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterCustomer {
    /// Found, or newly minted, at the edge.
    pub customer_id: CustomerId,
    /// The given data.
    pub profile: SealedProfile,
}

impl Act for RegisterCustomer {
    fn about(&self, _: &Names) -> About {
        About::Customer(self.customer_id)
    }

    fn decide(&self, states: &States, _: &Context<'_>) -> Result<Decision, Refusal> {
        let RegisterCustomer { customer_id, ref profile } = *self;
        let customer = states.customer(customer_id)?;
        let stream = StreamId::Customer(customer_id);
        let mut decision = Decision::about(stream);
        if customer.version == Version::NONE {
            if profile.name.is_none() {
                return Err(Rejection::invalid("name", "A new customer needs a name.").into());
            }
            decision.record(stream, CustomerRegistered { customer_id, profile: profile.clone() });
            return Ok(decision);
        }
        if customer.erased {
            return Err(Rejection::new(Code::NotFound, "This customer was erased and cannot come back.")
                .field("customer")
                .hint("Register the person anew with customers_upsert and an e-mail address, without a customer id.")
                .into());
        }
        let changed = |given: &Option<String>, known: &Option<String>| given.clone().filter(|_| given != known);
        let profile = SealedProfile {
            name: changed(&profile.name, &customer.profile.name),
            email: changed(&profile.email, &customer.profile.email),
            phone: changed(&profile.phone, &customer.profile.phone),
            address: changed(&profile.address, &customer.profile.address),
        };
        if profile != SealedProfile::default() {
            decision.record(stream, CustomerChanged { customer_id, profile });
        }
        Ok(decision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        commands::Command,
        testing::{ANN, Story, types},
    };

    fn upsert(customer_id: CustomerId, name: Option<&str>, phone: Option<&str>) -> Command {
        let sealed = |text: &str| format!("sealed:1:{text}");
        let profile = SealedProfile { name: name.map(sealed), phone: phone.map(sealed), ..SealedProfile::default() };
        RegisterCustomer { customer_id, profile }.into()
    }

    #[test]
    fn only_what_changed_is_recorded() {
        let mut story = Story::new();
        let decision = story.done(upsert(ANN, Some("ann"), Some("1")));
        let profile = SealedProfile { phone: Some("sealed:1:1".to_owned()), ..SealedProfile::default() };
        assert_eq!(decision.facts[0].1, CustomerChanged { customer_id: ANN, profile }.into());
        assert_eq!(types(&story.done(upsert(ANN, Some("ann"), None))), Vec::<&str>::new());
        let nobody = CustomerId(uuid::Uuid::from_u128(8));
        assert_eq!(story.refused(upsert(nobody, None, Some("1"))).field.as_deref(), Some("name"));
    }

    #[test]
    fn addresses_and_numbers_of_real_people_are_taken_and_nothing_else() {
        for email in [
            "ann@example.com",
            "ann.o'neil+shop@mail.example.co.uk",
            "..a.@docomo.example",
            "ann@xn--bcher-kva.example",
            "राम@उदाहरण.भारत",
            "a_b-c@1.example",
        ] {
            assert!(is_email(email), "{email}");
        }
        for email in [
            "ann",
            "@example.com",
            "ann@",
            "ann@localhost",
            "a@b",
            "ann@@example.com",
            "ann@exa mple.com",
            "an n@example.com",
            "ann@.com",
            "ann@example.",
            "ann@example..com",
            "ann@-a.com",
            "ann@1.2.3.4",
            "<ann@example.com>",
            "a,b@example.com",
            "ann@example.c",
            "ann@exam_ple.com",
            "mailto:ann@example.com",
        ] {
            assert!(!is_email(email), "{email}");
        }
        for phone in ["+91 98765 43210", "(020) 555-0100 ext. 12", "112", "٠١٢٣٤٥", "111"] {
            assert!(is_phone(phone), "{phone}");
        }
        for phone in ["none", "-", "+", "12", "call me at 5 or 6 or 7", "n/a"] {
            assert!(!is_phone(phone), "{phone}");
        }
    }

    #[test]
    fn plain_particulars_are_checked_before_they_are_sealed() {
        let input = UpsertCustomer {
            name: Some("a\u{7}".to_owned()),
            email: Some("not an address".to_owned()),
            address: Some("Two\nlines".to_owned()),
            ..UpsertCustomer::default()
        };
        let refused = input.check().expect_err("two problems");
        let fields: Vec<&str> = refused.problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["name", "email"]);
    }
}
