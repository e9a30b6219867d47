//! An OAuth issuer that a test controls: it publishes the given keys, and signs the given claims.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A key that signs tokens with ES256.
#[derive(Debug)]
pub struct TokenKey {
    id: String,
    pair: EcdsaKeyPair,
}

impl TokenKey {
    /// A fresh one.
    ///
    /// # Errors
    /// When the random source of the system fails.
    pub fn fresh(id: &str) -> Result<TokenKey> {
        let (kind, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let made = EcdsaKeyPair::generate_pkcs8(kind, &random).ok().context("making a key")?;
        let pair = EcdsaKeyPair::from_pkcs8(kind, made.as_ref(), &random).ok().context("reading the key")?;
        Ok(TokenKey { id: id.to_owned(), pair })
    }

    fn published(&self) -> Value {
        let point = &self.pair.public_key().as_ref()[1..];
        let (x, y) = point.split_at(32);
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": self.id, "x": BASE64.encode(x), "y": BASE64.encode(y) })
    }

    /// A token that says this, as a well-behaved issuer signs it.
    ///
    /// # Errors
    /// When the random source of the system fails.
    pub fn token(&self, claims: &Value) -> Result<String> {
        self.sign(&json!({ "alg": "ES256", "typ": "at+jwt", "kid": self.id }), claims)
    }

    /// A token with a header of the test's own.
    ///
    /// # Errors
    /// When the random source of the system fails.
    pub fn sign(&self, header: &Value, claims: &Value) -> Result<String> {
        let message = message(header, claims);
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).ok().context("signing")?;
        Ok(format!("{message}.{}", BASE64.encode(signature)))
    }

    /// A token whose "shared secret" is this public key, which everybody knows.
    #[must_use]
    pub fn confused(&self, claims: &Value) -> String {
        let message = message(&json!({ "alg": "HS256", "kid": self.id }), claims);
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.pair.public_key().as_ref());
        format!("{message}.{}", BASE64.encode(hmac::sign(&key, message.as_bytes())))
    }

    /// A token without a signature.
    #[must_use]
    pub fn unsigned(&self, algorithm: &str, claims: &Value) -> String {
        format!("{}.", message(&json!({ "alg": algorithm, "kid": self.id }), claims))
    }
}

fn message(header: &Value, claims: &Value) -> String {
    format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
}

#[derive(Debug, Default)]
struct Shared {
    keys: Vec<Value>,
    away: bool,
    /// How it names itself, where that is not its address.
    name: Option<String>,
    asked: usize,
    /// The answer to a code.
    given: Value,
    /// The form that a code came in.
    form: String,
}

/// The issuer; it ends with this value.
#[derive(Debug)]
pub struct Issuer {
    url: String,
    shared: Arc<Mutex<Shared>>,
    serving: JoinHandle<()>,
}

impl Issuer {
    /// Starts one that publishes these keys.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start(keys: &[&TokenKey]) -> Result<Issuer> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("listening")?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (kept, base) = (Arc::clone(&shared), url.clone());
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, base) = (Arc::clone(&kept), base.clone());
                tokio::spawn(async move { serve(stream, &shared, &base).await });
            }
        });
        let issuer = Issuer { url, shared, serving };
        issuer.publish(keys);
        Ok(issuer)
    }

    /// `http://127.0.0.1:…`, which is its name too.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Publishes these keys and no others from now on.
    pub fn publish(&self, keys: &[&TokenKey]) {
        self.change(|shared| shared.keys = keys.iter().map(|key| key.published()).collect());
    }

    /// Answers 500 to everything, or no longer.
    pub fn is_away(&self, away: bool) {
        self.change(|shared| shared.away = away);
    }

    /// Says in its metadata that it is another one.
    pub fn calls_itself(&self, name: &str) {
        self.change(|shared| shared.name = Some(name.to_owned()));
    }

    /// How often its keys were asked for.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).asked
    }

    /// Answers every code with this from now on.
    pub fn gives(&self, given: Value) {
        self.change(|shared| shared.given = given);
    }

    /// The form that the last code came in.
    #[must_use]
    pub fn form(&self) -> String {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).form.clone()
    }

    fn change(&self, change: impl FnOnce(&mut Shared)) {
        change(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(mut stream: TcpStream, shared: &Mutex<Shared>, base: &str) -> Option<()> {
    let mut bytes = vec![];
    while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, begun) = text.split_once("\r\n\r\n")?;
    let path = head.split(' ').nth(1)?;
    let length: Option<usize> =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut form = begun.as_bytes().to_vec();
    while form.len() < length.unwrap_or_default() {
        if stream.read_buf(&mut form).await.ok()? == 0 {
            return None;
        }
    }
    let (status, body) = {
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        match path {
            _ if shared.away => (500, Value::Null),
            "/.well-known/openid-configuration" => {
                let name = shared.name.clone().unwrap_or_else(|| base.to_owned());
                let at = |path: &str| format!("{base}/{path}");
                let (authorization, token) = (at("authorize?tenant=1"), at("token"));
                (
                    200,
                    json!({
                        "issuer": name, "jwks_uri": at("keys"), "authorization_endpoint": authorization, "token_endpoint": token,
                    "authorization_response_iss_parameter_supported": true,
                    }),
                )
            }
            "/token" => {
                shared.form = String::from_utf8_lossy(&form).into_owned();
                (if shared.given.get("error").is_some() { 400 } else { 200 }, shared.given.clone())
            }
            "/keys" => {
                shared.asked += 1;
                (200, json!({ "keys": shared.keys }))
            }
            _ => (404, Value::Null),
        }
    };
    let body = body.to_string();
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status} Told\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).await.ok()
}
