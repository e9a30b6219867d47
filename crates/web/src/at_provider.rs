//! Signing in at the OpenID provider: the browser goes there from here, and comes back here.

use axum::{
    Extension,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use orderlog_access::{Answered, Peer, Unfinished};

use crate::{
    session::{self, SIGNING_IN},
    sign_in::{BACK, end_former, led, own, refusal, refused_page},
    visit::{Source, Visit},
};

pub(crate) async fn away(State(source): State<Source>, visit: Visit) -> Response {
    let Some(sign_in) = source.sign_in else { return StatusCode::NOT_FOUND.into_response() };
    let back = own(visit.params.get(BACK)).to_owned();
    sign_in.provider_asked().await;
    match sign_in.away(&back, source.shop.clock.now()) {
        Ok(away) => {
            let mut response = led(&away.address);
            session::keep(&mut response, SIGNING_IN, &away.cookie, away.seconds, visit.secured);
            response
        }
        Err(refused) => refusal(visit, &sign_in, &back, &refused),
    }
}

pub(crate) async fn back(
    State(source): State<Source>,
    Extension(peer): Extension<Peer>,
    visit: Visit,
    headers: axum::http::HeaderMap,
) -> Response {
    let Some(sign_in) = source.sign_in else { return StatusCode::NOT_FOUND.into_response() };
    let (params, secured) = (&visit.params, visit.secured);
    let answered = Answered {
        code: params.get("code"),
        state: params.get("state"),
        error: params.get("error"),
        issuer: params.get("iss"),
    };
    let cookie = session::read(&headers, SIGNING_IN, secured);
    match sign_in.back(cookie, answered, peer, source.shop.clock.now()).await {
        Ok((begun, back)) => {
            let mut response = led(own(Some(&back)));
            session::give(&mut response, &begun, secured);
            session::keep(&mut response, SIGNING_IN, "", 0, secured);
            end_former(&sign_in, &visit, &source.shop).await;
            response
        }
        // A foreign link that looks like an answer must not end a sign-in that has begun.
        Err(reason @ Unfinished::NotBegun) => refused_page(visit, &sign_in, StatusCode::FORBIDDEN, "/", &reason),
        Err(reason) => {
            let mut response = match &reason {
                Unfinished::Refused(refused) => refusal(visit, &sign_in, "/", refused),
                _ => refused_page(visit, &sign_in, StatusCode::FORBIDDEN, "/", &reason),
            };
            session::keep(&mut response, SIGNING_IN, "", 0, secured);
            response
        }
    }
}
