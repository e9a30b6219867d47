//! Getting into a NATS that asks who one is, and what is said when it does not let one in.

use std::{path::Path, process::Command};

use orderlog_domain::ids::Position;
use orderlog_messaging::{Access, Credentials, Nats, RelayState};
use orderlog_testkit::NatsSettings;
use tempfile::TempDir;

use crate::{nats_server::NatsServer, relay::run, shop::Shop};

const USERS: &str = r#"authorization { users: [ { user: "orderlog", password: "p@ss:w%rd" } ] }"#;
const TOKEN: &str = r#"authorization { token: "s3cret-token" }"#;
/// The public half of [`SEED`].
const NKEY: &str = "authorization { users: [ { nkey: UA3DQPB5TIRLDXRXO2LZSE56FB4C6JXM6OUOESSY3DFMX6TIOCIRL5KG } ] }";
const SEED: &str = "SUAJALGFIZ3PKKHFBOJCPFEWO446ODSUCAHJVTJYHABSWVAHDN4BH7FYK4";

pub(crate) async fn gets_in(shop: &Shop, access: Access) {
    let nats = Nats::connect(access).await.expect("connecting to NATS");
    run(shop, &nats).reaches(shop.head()).await;
}

pub(crate) async fn little_shop() -> Shop {
    let mut shop = Shop::open(1).await;
    shop.append(3).await;
    shop
}

/// How to get into a server with credentials that do not stand in its URL.
fn with(server: &NatsServer, credentials: Credentials) -> Access {
    let mut access = server.access();
    access.credentials = credentials;
    access
}

/// What the relay says, which names no secret.
pub(crate) async fn is_kept_out(access: Access) -> String {
    let shop = Shop::open(1).await;
    let nats = Nats::connect(access).await.expect("an outage is waited out");
    let said = run(&shop, &nats).is(RelayState::Retrying).await;
    assert!(!said.contains("p%40ss") && !said.contains("p@ss") && !said.contains("s3cret"), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_password_in_the_url_or_beside_it() {
    let shop = little_shop().await;
    let server = NatsServer::start_with(USERS).await;
    gets_in(&shop, server.access_as("orderlog:p%40ss%3Aw%25rd")).await;
    let (user, password) = ("orderlog".to_owned(), "p@ss:w%rd".to_owned());
    gets_in(&shop, with(&server, Credentials::Password { user, password })).await;
    for wrong in [server.access(), server.access_as("orderlog:p%40ss"), server.access_as("s3cret")] {
        let said = is_kept_out(wrong).await;
        assert!(said.contains("authorization violation"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_token() {
    let shop = little_shop().await;
    let server = NatsServer::start_with(TOKEN).await;
    gets_in(&shop, server.access_as("s3cret-token")).await;
    gets_in(&shop, with(&server, Credentials::Token("s3cret-token".to_owned()))).await;
    assert!(is_kept_out(server.access()).await.contains("authorization violation"));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_an_nkey() {
    let shop = little_shop().await;
    let server = NatsServer::start_with(NKEY).await;
    gets_in(&shop, with(&server, Credentials::NkeySeed(format!("{SEED}\n")))).await;
    assert!(is_kept_out(server.access()).await.contains("authorization violation"));
}

/// A right that is missing shows as a time-out; the relay says what the server said of it, and believes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_is_named() {
    let server = NatsServer::start_with(
        r#"authorization { users: [
            { user: "all", password: "x" }
            { user: "some", password: "x", permissions: { publish: { deny: "$JS.API.STREAM.MSG.GET.>" } } }
        ] }"#,
    )
    .await;
    let mut shop = Shop::open(1).await;
    shop.append(3).await;
    run(&shop, &Nats::connect(server.access_as("all:x")).await.expect("connecting")).reaches(Position(3)).await;
    shop.append(1).await;
    let nats = Nats::connect(server.access_as("some:x")).await.expect("connecting");
    let mut relay = run(&shop, &nats);
    let said = relay.is(RelayState::Retrying).await;
    assert!(said.contains("cannot read a message of stream ORDERLOG"), "{said}");
    assert!(said.to_lowercase().contains("permissions violation"), "{said}");
}

/// A certificate authority, and what it signed for the server and for a client, as files.
fn certificates(folder: &Path) {
    const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
    let openssl = |arguments: String| {
        let done = Command::new("openssl").args(arguments.split_whitespace()).current_dir(folder).output();
        let done = done.expect("openssl is missing: run tests/run, which installs it");
        assert!(done.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&done.stderr));
    };
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n").expect("writing names");
    openssl(format!("req -x509 {KEY} -subj /CN=authority -keyout ca-key.pem -out ca.pem"));
    for name in ["server", "client"] {
        openssl(format!("req {KEY} -subj /CN={name} -keyout {name}-key.pem -out {name}.csr").replace("-days 2", ""));
        openssl(format!(
            "x509 -req -days 2 -in {name}.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -extfile names -out {name}.pem"
        ));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_tls_both_ways() {
    let shop = little_shop().await;
    let folder: TempDir = tempfile::tempdir().expect("a temporary folder");
    certificates(folder.path());
    let file = |name: &str| folder.path().join(name);
    let settings = format!(
        "tls {{ cert_file: {:?}, key_file: {:?}, ca_file: {:?}, verify: true }}",
        file("server.pem"),
        file("server-key.pem"),
        file("ca.pem")
    );
    let (ca_file, certificate) = (Some(file("ca.pem")), Some((file("client.pem"), file("client-key.pem"))));
    let server = NatsServer::start_in(folder, NatsSettings { further: settings, ..NatsSettings::default() }).await;
    for scheme in ["tls", "nats"] {
        let access = Access::at(&format!("{scheme}://localhost:{}", server.port())).expect("a URL");
        let mut known = access.clone();
        (known.ca_file, known.client_certificate) = (ca_file.clone(), certificate.clone());
        gets_in(&shop, known).await;
        let said = is_kept_out(access).await;
        assert!(said.contains("certificate"), "an authority that nobody knows: {said}");
    }
}
