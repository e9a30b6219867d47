//! Signing in to a NATS that requires credentials, and the messages when it refuses.

use std::{path::Path, process::Command, time::Duration};

use async_nats::{
    ConnectOptions,
    jetstream::{self, consumer::pull},
};
use futures::StreamExt as _;
use orderlog_domain::ids::Position;
use orderlog_messaging::{Access, Credentials, DEFAULT_STREAM, Nats, RelayState};
use orderlog_testkit::NatsSettings;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::{nats_server::NatsServer, relay::run, shop::Shop};

/// The server answers nothing to what is not allowed.
const FETCHED_WITHIN: Duration = Duration::from_secs(10);
const REFUSED_AFTER: Duration = Duration::from_secs(1);
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

/// Access to a server with credentials that are not in its URL.
fn with(server: &NatsServer, credentials: Credentials) -> Access {
    let mut access = server.access();
    access.credentials = credentials;
    access
}

/// The relay's error, which contains no secret.
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

/// A missing right shows as a time-out; the relay reports the server's message, and does not trust the stream.
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

/// The very rights of docs/OPERATIONS.md.
#[tokio::test(flavor = "multi_thread")]
async fn each_account_has_the_rights_it_needs_and_no_others() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/OPERATIONS.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let (_, rights) = page.split_once("<!-- nats accounts").expect("the rights of accounts");
    let (_, rights) = rights.split_once("```\n").expect("their beginning");
    let (rights, _) = rights.split_once("```").expect("their end");
    let user = |name: &str, rights: &str| format!("{{ user: {name}, password: x, permissions: ${rights} }}\n");
    let users = [user("node", "orderlog_node"), user("all", "reader"), user("warehouse", "warehouse")].concat();
    let server = NatsServer::start_with(&format!("{rights}\nauthorization {{ users: [\n{users}] }}")).await;
    let shop = little_shop().await;
    gets_in(&shop, server.access_as("node:x")).await;

    let as_somebody = async |user: &str, inbox: &str| {
        let options = ConnectOptions::with_user_and_password(user.to_owned(), "x".to_owned());
        let client = options.custom_inbox_prefix(inbox).connect(server.url()).await.expect("connecting");
        (client.clone(), jetstream::new(client))
    };
    let heard = async |context: &jetstream::Context, name: &str, subjects: &str| {
        let config = pull::Config {
            durable_name: Some(name.to_owned()),
            filter_subject: subjects.to_owned(),
            ..Default::default()
        };
        let stream = context.get_stream(DEFAULT_STREAM).await.map_err(|error| error.to_string())?;
        let consumer = stream.create_consumer(config).await.map_err(|error| error.to_string())?;
        let fetched = async {
            let mut messages = consumer.fetch().max_messages(10).messages().await.map_err(|error| error.to_string())?;
            let mut count = 0;
            while let Some(Ok(message)) = messages.next().await {
                message.ack().await.map_err(|error| error.to_string())?;
                count += 1;
            }
            Ok::<i32, String>(count)
        };
        // A request for messages that is not allowed gets no answer.
        timeout(FETCHED_WITHIN, fetched).await.unwrap_or_else(|_| Err("nobody answers".to_owned()))
    };
    let (_all, reading) = as_somebody("all", "_INBOX").await;
    assert_eq!(heard(&reading, "everything", "orderlog.v1.>").await, Ok(3));
    let (warehouse, mut stock) = as_somebody("warehouse", "_INBOX_warehouse").await;
    assert_eq!(heard(&stock, "warehouse", "orderlog.v1.stock.>").await, Ok(3));
    stock.set_timeout(REFUSED_AFTER);
    for (name, subjects) in [
        ("warehouse", "orderlog.v1.>"),
        ("warehouse", "orderlog.v1.order.>"),
        ("everything", "orderlog.v1.>"),
        ("mine", "orderlog.v1.stock.>"),
    ] {
        assert!(heard(&stock, name, subjects).await.is_err(), "{name} heard of {subjects}");
    }
    assert!(stock.delete_stream(DEFAULT_STREAM).await.is_err() && reading.delete_stream(DEFAULT_STREAM).await.is_err());
    // Its messages under the shop's subjects reach no reader, and it does not get the messages of others.
    let mut overheard = warehouse.subscribe("_INBOX.>").await.expect("asking");
    warehouse.publish("orderlog.v1.stock.StockReceived", "{}".into()).await.expect("saying");
    warehouse.flush().await.expect("the server has heard it");
    assert_eq!(heard(&reading, "again", "orderlog.v1.>").await, Ok(3));
    assert!(timeout(REFUSED_AFTER, overheard.next()).await.is_err(), "it hears what others are sent");
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
