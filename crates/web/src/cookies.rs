//! Reads and sets cookies: only for our own pages, and not readable by scripts.

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};

/// The value of the cookie of that name.
pub(crate) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

/// Sets a cookie: for so many seconds, or until the browser is closed. If it was set over HTTPS, it is sent only over
/// HTTPS. It is sent only with requests from our own pages.
pub(crate) fn give(response: &mut Response, name: &str, value: &str, seconds: Option<u32>, secured: bool) {
    put(response, name, value, ("Strict", seconds, secured));
}

/// As [`give`], but also sent when a link on another site leads to a page of ours: a visitor who follows a link stays
/// signed in.
pub(crate) fn give_to_arrivals(response: &mut Response, name: &str, value: &str, seconds: u32, secured: bool) {
    put(response, name, value, ("Lax", Some(seconds), secured));
}

fn put(response: &mut Response, name: &str, value: &str, (site, seconds, secured): (&str, Option<u32>, bool)) {
    let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let secure = if secured { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite={site}{age}{secure}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
