//! A credentials file (JWT and seed, as `nsc` writes it) against a server in operator mode, which trusts signatures alone.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD};
use nkeys::KeyPair;
use orderlog_messaging::{Access, Credentials};
use serde_json::{Value, json};

use crate::{
    access::{gets_in, is_kept_out, little_shop},
    nats_server::NatsServer,
};

/// Some time in 2024: the server refuses a JWT that is not valid yet.
const ISSUED_AT: i64 = 1_720_000_000;

/// A JWT in which `issuer` says who `subject` is.
fn jwt(issuer: &KeyPair, subject: &KeyPair, says: &Value) -> String {
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let header = part(&json!({ "typ": "JWT", "alg": "ed25519-nkey" }));
    let claims = part(&json!({
        "jti": subject.public_key(), "iat": ISSUED_AT, "iss": issuer.public_key(), "sub": subject.public_key(),
        "name": subject.public_key(), "nats": says,
    }));
    let signed = format!("{header}.{claims}");
    let signature = issuer.sign(signed.as_bytes()).expect("a key with a seed signs");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn user_jwt(account: &KeyPair, user: &KeyPair) -> String {
    jwt(account, user, &json!({ "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1 }))
}

/// A credentials file.
fn credentials(user_jwt: &str, user: &KeyPair) -> Credentials {
    let seed = user.seed().expect("a new key has a seed");
    Credentials::File(format!(
        "-----BEGIN NATS USER JWT-----\n{user_jwt}\n------END NATS USER JWT------\n\n\
         ************************* IMPORTANT *************************\n\
         NKEY Seed printed below can be used to sign and prove identity.\n\
         NKEYs are sensitive and should be treated as secrets.\n\n\
         -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n\n\
         *************************************************************\n"
    ))
}

/// The server's settings: it trusts the operator, who signed the account of the shop and that of the system.
fn operator_mode(operator: &KeyPair, shop: &KeyPair) -> String {
    let system = KeyPair::new_account();
    let account = |key: &KeyPair, storage: i64| {
        let limits = json!({
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1, "leaf": -1,
            "mem_storage": storage, "disk_storage": storage, "streams": storage, "consumer": storage,
        });
        let says = json!({ "type": "account", "version": 2, "limits": limits });
        format!("{}: {}", key.public_key(), jwt(operator, key, &says))
    };
    format!(
        "operator: {}\nsystem_account: {}\nresolver: MEMORY\nresolver_preload: {{ {}, {} }}",
        jwt(operator, operator, &json!({ "type": "operator", "version": 2 })),
        system.public_key(),
        account(shop, -1),
        account(&system, 0),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_credentials_file() {
    let (operator, account, user) = (KeyPair::new_operator(), KeyPair::new_account(), KeyPair::new_user());
    let server = NatsServer::start_with(&operator_mode(&operator, &account)).await;
    let with = |credentials: Credentials| {
        let mut access: Access = server.access();
        access.credentials = credentials;
        access
    };
    let shop = little_shop().await;
    let signed = user_jwt(&account, &user);
    gets_in(&shop, with(credentials(&signed, &user))).await;

    let (other_user, other_account) = (KeyPair::new_user(), KeyPair::new_account());
    let wrong_seed = credentials(&signed, &other_user);
    let unknown_account = credentials(&user_jwt(&other_account, &user), &user);
    for wrong in [wrong_seed, unknown_account, Credentials::None] {
        let said = is_kept_out(with(wrong)).await;
        assert!(said.contains("authorization violation"), "{said}");
        assert!(!said.contains(&user.seed().expect("a seed")), "{said}");
    }
}
