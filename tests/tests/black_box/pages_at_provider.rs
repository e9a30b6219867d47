//! People sign in to the pages at an OpenID provider: at a real one, and at one that answers wrongly.

use anyhow::{Context as _, Result};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use orderlog_tests::{
    Browser, Checks, Issuer, Node, OidcProvider, SetUp, Shop, TokenKey, check, events, on_both_engines,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::oauth::{self, now};

on_both_engines!(a_real_provider_signs_people_in);

const COOKIE: &str = "orderlog_session";
const UNDER_WAY: &str = "orderlog_signing_in";
/// As tests/clients/oidc_provider.mjs knows it.
const SECRET: &str = "only-for: this/test+";
const RESOURCE: &str = "http://127.0.0.1:{port}/mcp";

/// One whose pages people sign in to at this provider.
async fn node(shop: &Shop, issuer: &str, further: &[&str]) -> Result<Node> {
    oauth::node(shop, issuer, RESOURCE, further).await
}

/// A value of the address.
fn part(address: &str, name: &str) -> Result<String> {
    let query = address.split_once('?').context("a query")?.1;
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    let found = pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
    found.with_context(|| format!("no {name} in {address}"))
}

async fn a_real_provider_signs_people_in(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
    let provider = OidcProvider::start().await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("secret");
    std::fs::write(&file, format!("{SECRET}\n"))?;
    let file = file.to_str().context("a path")?;
    let node_of = async |further: &[&str]| node(&shop, &provider.url(), further).await;
    let confidential = node_of(&["--oauth-client-id", "pages", "--oauth-client-secret-file", file]).await?;
    let public = node_of(&["--oauth-client-id", "public-pages", "--oauth-scopes", "orders:read"]).await?;

    for (node, client, right, lacking) in [
        (&confidential, "pages", "orders:write", "orders:refund"),
        (&public, "public-pages", "orders:read", "orders:write"),
    ] {
        let mut browser = Browser::at(&node.url())?;
        browser.open("/orders?view=all").await?;
        // The page shows both ways.
        check!(checks, browser.hidden("/sign-in").is_ok(), "{client}: no form for a key: {}", browser.page);
        let to = browser.step(&browser.link("Sign in at 127.0.0.1")?).await?;
        check!(checks, to.starts_with(&provider.url()) && part(&to, "code_challenge_method")? == "S256", "{to}");
        check!(checks, part(&to, "client_id")? == client && part(&to, "scope")?.starts_with("openid "), "{to}");
        let under_way = browser.cookie(UNDER_WAY).context("a sign-in under way")?.to_owned();
        check!(
            checks,
            browser.look("/orders", &[]).await?.status() == 401,
            "{client}: signed in before the provider said so"
        );

        let status = browser.open(&to).await?;
        check!(
            checks,
            status == 200 && browser.place() == "/orders?view=all",
            "{client}: {status} {} {}",
            browser.place(),
            node.output()
        );
        let user = format!("asha@{}", provider.url());
        check!(checks, browser.shows(&user) && browser.shows(right), "{client}: not said who it is: {}", browser.page);
        check!(checks, !browser.shows(lacking), "{client}: {}", browser.page);
        check!(checks, browser.cookie(UNDER_WAY).is_none(), "{client}: the sign-in is still under way");
        let session = browser.cookie(COOKIE).context("a session")?.to_owned();
        let said = String::from_utf8(BASE64.decode(session.split('.').next().unwrap_or_default())?)?;
        check!(checks, !said.contains("eyJ"), "{client}: a token stands in the cookie: {said}");

        // The address to which the provider redirects works once, and only in this browser.
        let back =
            browser.history.iter().find(|url| url.path() == "/sign-in/callback").context("the way back")?.to_string();
        let mut copy = Browser::at(&node.url())?;
        let status = copy.open(&back).await?;
        check!(
            checks,
            status == 403 && copy.shows("was not begun in this browser"),
            "{client}: {status} {}",
            copy.page
        );
        copy.set_cookie(UNDER_WAY, &under_way);
        let status = copy.open(&back).await?;
        check!(checks, status == 403 && copy.shows("was used already"), "{client}: {status} {}", copy.page);
        check!(checks, copy.cookie(COOKIE).is_none(), "{client}: a code served twice");

        if node.url() == confidential.url() {
            browser.open("/orders/1001").await?;
            browser.send("/orders/1001/hold", &[]).await?;
            browser.send("/orders/1001/hold", &[("yes", "1")]).await?;
            let last = events(&shop.node, 0).await?.pop().context("no event")?.json();
            let actor = &last["provenance"]["actor"];
            check!(checks, actor["user"] == user && actor["role"] == "custom", "{last}");
        }
        browser.open("/orders").await?;
        browser.send("/sign-out", &[]).await?;
        browser.set_cookie(COOKIE, &session);
        check!(checks, browser.look("/orders", &[]).await?.status() == 401, "{client}: signed out, and still in");
        check!(checks, !node.output().contains(SECRET) && !node.output().contains("eyJ"), "{}", node.output());
    }
    // Who is not allowed reads so, in our words.
    let refused = node_of(&["--oauth-client-id", "refused-pages"]).await?;
    let mut browser = Browser::at(&refused.url())?;
    browser.open("/sign-in").await?;
    let status = browser.open(&browser.link("Sign in at 127.0.0.1")?).await?;
    check!(checks, status == 403 && browser.shows("did not allow it"), "{status} {}", browser.page);
    check!(checks, !browser.shows("<b>no") && browser.cookie(COOKIE).is_none(), "{}", browser.page);
    // A client that the provider does not know gets the value to compare.
    let wrong = node_of(&["--oauth-client-id", "public-pages", "--oauth-client-secret-file", file]).await?;
    let mut browser = Browser::at(&wrong.url())?;
    browser.open("/sign-in").await?;
    let status = browser.open(&browser.link("Sign in at 127.0.0.1")?).await?;
    check!(checks, status == 403 && browser.shows("--oauth-client-id"), "{status} {}", browser.page);
    // Without a client there is one way only.
    let keys_only = node_of(&[]).await?;
    let mut browser = Browser::at(&keys_only.url())?;
    browser.open("/sign-in").await?;
    check!(checks, browser.link("Sign in at 127.0.0.1").is_err(), "{}", browser.page);
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_answers_wrongly_signs_nobody_in() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::Sqlite).await?;
    let (key, stranger) = (TokenKey::fresh("1")?, TokenKey::fresh("1")?);
    let issuer = Issuer::start(&[&key]).await?;
    let node = node(&shop, issuer.url(), &["--oauth-client-id", "pages"]).await?;
    let resource = format!("{}/mcp", node.url());
    let ended = now();
    let kind = json!({ "alg": "ES256", "typ": "JWT", "kid": "1" });
    let id = json!({ "iss": issuer.url(), "sub": "u-17", "aud": "pages", "exp": ended + 300, "iat": ended });
    let access =
        json!({ "iss": issuer.url(), "sub": "u-17", "aud": resource, "exp": ended + 300, "scope": "openid viewer" });
    // The change: (ID token's or access token's, claim, value, message); without a change the sign-in works.
    let of_id = |name: &str, value: Value| ("id", name.to_owned(), value);
    let of_access = |name: &str, value: Value| ("access", name.to_owned(), value);
    let cases = [
        (of_id("email", json!("x@example.com")), None),
        (of_id("nonce", json!("another")), Some("of another sign-in (nonce)")),
        (of_id("nonce", Value::Null), Some("of another sign-in (nonce)")),
        (of_id("iss", json!("https://other.example")), Some("another issuer gave it")),
        (of_id("aud", json!("other-client")), Some("for another client")),
        (of_id("aud", json!(["pages", "other"])), Some("azp")),
        (of_id("azp", json!("other")), Some("azp")),
        (of_id("exp", json!(ended - 120)), Some("it expired")),
        (of_id("iat", json!(ended + 600)), Some("in the future")),
        (of_id("sub", json!("u-18")), Some("another user")),
        (("stranger", String::new(), Value::Null), Some("signature is wrong")),
        (("unsigned", String::new(), Value::Null), Some("no JWT")),
        (("confused", String::new(), Value::Null), Some("not allowed here")),
        (("access as id", String::new(), Value::Null), Some("no ID token")),
        (("no id", String::new(), Value::Null), Some("no ID token")),
        (("no access", String::new(), Value::Null), Some("no access token")),
        (("error", "invalid_grant".to_owned(), Value::Null), Some("was used already")),
        (("error", "<script>".to_owned(), Value::Null), Some("not known here")),
        (of_access("aud", json!("https://other.example/mcp")), Some("another audience")),
        (of_access("iss", json!("https://other.example")), Some("another issuer gave it")),
        (of_access("exp", json!(ended - 120)), Some("it expired")),
        (of_access("scope", json!("openid profile")), Some("grants nothing here")),
        (of_access("sub", json!("u-18")), Some("another user")),
    ];
    for (number, ((of, name, value), refused)) in cases.into_iter().enumerate() {
        // Each from an address of its own: tries are counted.
        let mut browser = Browser::from(format!("127.0.1.{}", number + 1).parse()?, &node.url())?;
        browser.open("/sign-in?back=%2Fproducts").await?;
        let to = browser.step(&browser.link("Sign in at 127.0.0.1")?).await?;
        check!(checks, part(&to, "tenant")? == "1" && part(&to, "resource")? == resource, "{to}");
        let (state, nonce) = (part(&to, "state")?, part(&to, "nonce")?);
        let (mut proof, mut token) = (id.clone(), access.clone());
        proof["nonce"] = json!(nonce);
        match of {
            "id" => proof[&name] = value.clone(),
            "access" => token[&name] = value.clone(),
            _ => {}
        }
        let signer = if of == "stranger" { &stranger } else { &key };
        let proof = match of {
            "unsigned" => key.unsigned("none", &proof),
            "confused" => key.confused(&proof),
            "access as id" => key.token(&proof)?,
            _ => signer.sign(&kind, &proof)?,
        };
        let mut given = json!({ "token_type": "Bearer", "id_token": proof, "access_token": key.token(&token)? });
        match of {
            "no id" => given["id_token"] = Value::Null,
            "no access" => given["access_token"] = Value::Null,
            "error" => given = json!({ "error": name }),
            _ => {}
        }
        issuer.gives(given);
        let status =
            browser.open(&format!("/sign-in/callback?code=c-{number}&state={state}&iss={}", issuer.url())).await?;
        let is_in = browser.cookie(COOKIE).is_some();
        match refused {
            None => {
                check!(checks, status == 200 && is_in && browser.place() == "/products", "{status} {}", browser.page);
                let form = format!("?{}", issuer.form());
                let verifier = part(&form, "code_verifier")?;
                let challenge = BASE64.encode(Sha256::digest(&verifier));
                check!(checks, challenge == part(&to, "code_challenge")? && verifier.len() >= 43, "{form} {to}");
                check!(checks, part(&form, "redirect_uri")? == format!("{}/sign-in/callback", node.url()), "{form}");
            }
            Some(told) => {
                check!(checks, status >= 400 && !is_in, "{of} {name} {value} signs in");
                let page = browser.page.replace("&lt;", "<");
                check!(checks, page.contains(told) && !page.contains("<script>"), "{of} {name} {value}: {page}");
            }
        }
    }
    // Faults in the redirect, although the provider would answer well.
    for (number, (change, told)) in [
        ("state", "not begun"),
        ("no state", "not begun"),
        ("cookie", "not begun"),
        ("issuer", "another issuer"),
        ("no issuer", "another issuer"),
        ("no code", "no code"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut browser = Browser::from(format!("127.0.2.{}", number + 1).parse()?, &node.url())?;
        browser.open("/sign-in").await?;
        let to = browser.step(&browser.link("Sign in at 127.0.0.1")?).await?;
        let mut proof = id.clone();
        proof["nonce"] = json!(part(&to, "nonce")?);
        issuer.gives(json!({ "id_token": key.sign(&kind, &proof)?, "access_token": key.token(&access)? }));
        let state = part(&to, "state")?;
        let cookie = browser.cookie(UNDER_WAY).context("a sign-in under way")?.to_owned();
        let (text, signature) = cookie.split_once('.').context("a signature")?;
        let (begin, iss) = ("/sign-in/callback?", format!("iss={}", issuer.url()));
        let mut way = format!("{begin}code=c&state={state}&{iss}");
        match change {
            "state" => way = format!("{begin}code=c&state={}A&{iss}", &state[..state.len() - 1]),
            "no state" => way = format!("{begin}code=c&{iss}"),
            "cookie" => {
                let mut payload: Value = serde_json::from_slice(&BASE64.decode(text)?)?;
                payload["back"] = json!("/customers");
                browser.set_cookie(UNDER_WAY, &format!("{}.{signature}", BASE64.encode(payload.to_string())));
            }
            "issuer" => way = format!("{begin}code=c&state={state}&iss=https%3A%2F%2Fother.example"),
            "no issuer" => way = format!("{begin}code=c&state={state}"),
            _ => way = format!("{begin}state={state}&{iss}"),
        }
        let before = issuer.form();
        let status = browser.open(&way).await?;
        check!(checks, status == 403 && browser.shows(told), "{change}: {status} {}", browser.page);
        check!(
            checks,
            browser.cookie(COOKIE).is_none() && issuer.form() == before,
            "{change}: the code was given back"
        );
    }
    // The log contains no token and no code, but the reasons.
    let output = node.output();
    check!(checks, output.contains("a sign-in at the provider was refused") && !output.contains("eyJ"), "{output}");
    checks.all_hold()
}
