//! Asks the provider over HTTPS: for a document that it publishes, or with a form.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use orderlog_outgoing::{Ask, Client, Method, addresses};
use url::Url;

/// Longest time from looking the name up to the end of the answer.
const DEADLINE: Duration = Duration::from_secs(10);
/// Deadline of a form that a page waits for: the page itself must be answered within 10 s.
const FORM_DEADLINE: Duration = Duration::from_secs(7);
/// Longest document that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;
pub(super) const OK: u16 = 200;
const NOT_FOUND: u16 = 404;

/// A document; `None` if there is no document at this address.
pub(super) type Found = Option<Vec<u8>>;

/// Fetches the document at this address.
///
/// # Errors
/// When there is no answer in time, or another than 200 and 404.
pub(super) async fn get(client: &Client, url: &Url) -> anyhow::Result<Found> {
    let read = tokio::time::timeout(DEADLINE, read(client, url)).await;
    read.unwrap_or_else(|_| bail!("no answer within {} s", DEADLINE.as_secs())).with_context(|| format!("GET {url}"))
}

async fn read(client: &Client, url: &Url) -> anyhow::Result<Found> {
    let headers = [("accept", "application/json".to_owned())];
    let ask = Ask { url, method: Method::GET, headers: &headers, body: vec![], most: MAX_BYTES };
    let answer = client.send(&addresses(url).await?, ask).await?;
    if answer.status.as_u16() == NOT_FOUND {
        return Ok(None);
    }
    ensure!(answer.status.as_u16() == OK, "answered with {}, and only 200 is taken", answer.status);
    let body = answer.body.context("the answer cannot be read, or is too long")?;
    Ok(Some(body.to_vec()))
}

/// Sends a form; gives the status and the body of the answer.
///
/// # Errors
/// When there is no answer in time, or it cannot be read.
pub(super) async fn post(
    client: &Client,
    url: &Url,
    authorization: Option<String>,
    form: String,
) -> anyhow::Result<(u16, Vec<u8>)> {
    let mut headers = vec![
        ("accept", "application/json".to_owned()),
        ("content-type", "application/x-www-form-urlencoded".to_owned()),
    ];
    headers.extend(authorization.map(|authorization| ("authorization", authorization)));
    let asking = async {
        let ask = Ask { url, method: Method::POST, headers: &headers, body: form.into_bytes(), most: MAX_BYTES };
        let answer = client.send(&addresses(url).await?, ask).await?;
        let body = answer.body.context("the answer cannot be read, or is too long")?;
        anyhow::Ok((answer.status.as_u16(), body.to_vec()))
    };
    let answered = tokio::time::timeout(FORM_DEADLINE, asking).await;
    answered
        .unwrap_or_else(|_| bail!("no answer within {} s", FORM_DEADLINE.as_secs()))
        .with_context(|| format!("POST {url}"))
}
