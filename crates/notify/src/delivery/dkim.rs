//! Signs e-mails as RFC 6376 has it: RSA over SHA-256, headers and body in the relaxed form, so that what servers on the way
//! fold or trim does no harm.

use std::{fmt::Write as _, fs};

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chrono::{DateTime, Utc};
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// Headers that are signed where they stand in the e-mail. RFC 8058 wants the last two among them.
const SIGNED: [&str; 9] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
];
/// Characters of a line of the signature.
const LINE_CHARS: usize = 72;

/// As the file of targets has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DkimEntry {
    /// The public key stands in the TXT record `selector._domainkey.domain`.
    selector: String,
    domain: String,
    key_file: String,
}

/// A key with the name under which its public half is found.
pub(crate) struct Dkim {
    selector: String,
    domain: String,
    key: RsaKeyPair,
}

impl Dkim {
    /// Reads the key.
    pub(crate) fn read(entry: DkimEntry) -> Result<Dkim, String> {
        let DkimEntry { selector, domain, key_file } = entry;
        let is_label = |text: &str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        for (name, text) in [("selector", &selector), ("domain", &domain)] {
            if !text.split('.').all(is_label) {
                return Err(format!("dkim: {name} must be a name such as example.com"));
            }
        }
        let pem = fs::read_to_string(&key_file).map_err(|error| format!("dkim: {key_file}: {error}"))?;
        let key = key(&pem).ok_or_else(|| {
            format!("dkim: {key_file} holds no RSA key in PEM of 2048 bits or more (openssl genrsa 2048)")
        })?;
        Ok(Dkim { selector, domain, key })
    }

    /// The e-mail with its signature as the first header. Nothing where the key cannot sign or it is no e-mail.
    pub(crate) fn sign(&self, mail: &[u8], now: DateTime<Utc>) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(mail).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let headers = headers(head);
        let find = |wanted: &&str| headers.iter().rfind(|(name, _)| name.eq_ignore_ascii_case(wanted));
        let signed: Vec<&(&str, &str)> = SIGNED.iter().filter_map(find).collect();
        let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
        let digest = BASE64.encode(Sha256::digest(relaxed_body(body)));
        let mut value = format!(
            "v=1; a=rsa-sha256; c=relaxed/relaxed; d={}; s={};\r\n\tt={}; h={};\r\n\tbh={digest};\r\n\tb=",
            self.domain,
            self.selector,
            now.timestamp(),
            names.join(":\r\n\t"),
        );
        let mut bytes: String = signed.iter().map(|(name, value)| relaxed_header(name, value) + "\r\n").collect();
        bytes.push_str(&relaxed_header("DKIM-Signature", &value));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), bytes.as_bytes(), &mut signature).ok()?;
        for (nth, character) in BASE64.encode(signature).chars().enumerate() {
            let fold = if nth > 0 && nth.is_multiple_of(LINE_CHARS) { "\r\n\t" } else { "" };
            write!(value, "{fold}{character}").ok()?;
        }
        Some(format!("DKIM-Signature: {value}\r\n{text}").into_bytes())
    }
}

/// PKCS #8 or PKCS #1, as openssl writes them.
fn key(pem: &str) -> Option<RsaKeyPair> {
    let within = |kind: &str| {
        let (_, rest) = pem.split_once(&format!("-----BEGIN {kind}-----"))?;
        let (base64, _) = rest.split_once(&format!("-----END {kind}-----"))?;
        BASE64.decode(base64.split_whitespace().collect::<String>()).ok()
    };
    match (within("PRIVATE KEY"), within("RSA PRIVATE KEY")) {
        (Some(der), _) => RsaKeyPair::from_pkcs8(&der).ok(),
        (None, Some(der)) => RsaKeyPair::from_der(&der).ok(),
        (None, None) => None,
    }
}

/// Names and values, folded as they stand.
fn headers(head: &str) -> Vec<(&str, &str)> {
    let mut all = vec![];
    let mut rest = head;
    while !rest.is_empty() {
        // A header ends at a line end that no white space follows.
        let end = rest.match_indices("\r\n").find(|(at, _)| !rest[at + 2..].starts_with([' ', '\t']));
        let (one, next) = end.map_or((rest, ""), |(at, _)| (&rest[..at], &rest[at + 2..]));
        all.extend(one.split_once(':'));
        rest = next;
    }
    all
}

/// RFC 6376, 3.4.2: without the line end.
fn relaxed_header(name: &str, value: &str) -> String {
    let words = value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty());
    format!("{}:{}", name.trim().to_ascii_lowercase(), words.collect::<Vec<_>>().join(" "))
}

/// RFC 6376, 3.4.4.
fn relaxed_body(body: &str) -> String {
    let mut relaxed = String::with_capacity(body.len());
    let mut empty = 0;
    for line in body.split("\r\n") {
        let trimmed = line.trim_end_matches([' ', '\t']);
        if trimmed.is_empty() {
            empty += 1;
            continue;
        }
        relaxed.push_str(&"\r\n".repeat(std::mem::take(&mut empty)));
        let mut after_space = false;
        for character in trimmed.chars() {
            let is_space = matches!(character, ' ' | '\t');
            if !(is_space && after_space) {
                relaxed.push(if is_space { ' ' } else { character });
            }
            after_space = is_space;
        }
        relaxed.push_str("\r\n");
    }
    relaxed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relaxed_forms_are_those_of_the_rfc() {
        // RFC 6376, 3.4.5.
        let mail = "A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n";
        let (head, body) = mail.split_once("\r\n\r\n").unwrap();
        let seen: Vec<String> = headers(head).into_iter().map(|(name, value)| relaxed_header(name, value)).collect();
        assert_eq!(seen, ["a:X", "b:Y Z"]);
        assert_eq!(relaxed_body(body), " C\r\nD E\r\n");
        assert_eq!(relaxed_body(""), "");
        assert_eq!(relaxed_body("\r\n\r\n"), "");
        assert_eq!(relaxed_body("x"), "x\r\n");
    }
}
