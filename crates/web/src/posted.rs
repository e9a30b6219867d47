//! A form that was sent: its fields, after it is certain that a page of ours sent it.

use axum::{
    body::to_bytes,
    extract::{FromRequest, FromRequestParts as _, Request},
    http::{StatusCode, header},
    response::Response,
};
use maud::html;

use crate::{
    form_token::FIELD,
    layout::Page,
    params::Params,
    visit::{Source, Visit},
};

/// Bytes of a form: an order of a hundred lines has fewer.
const MAX_BYTES: usize = 256 * 1024;
const KIND: &str = "application/x-www-form-urlencoded";

/// A form that a page of ours sent. There is no other way to read a form.
pub(crate) struct Posted {
    pub(crate) visit: Visit,
    pub(crate) form: Params,
}

impl FromRequest<Source> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, source: &Source) -> Result<Posted, Response> {
        let (mut parts, body) = request.into_parts();
        let Ok(visit) = Visit::from_request_parts(&mut parts, source).await;
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with(KIND) {
            return Err(refused(
                &visit,
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "A form is sent as application/x-www-form-urlencoded.",
            ));
        }
        let Ok(bytes) = to_bytes(body, MAX_BYTES).await else {
            return Err(refused(
                &visit,
                StatusCode::PAYLOAD_TOO_LARGE,
                "The form is too long, or did not arrive whole.",
            ));
        };
        let form = Params::read(Some(&String::from_utf8_lossy(&bytes)));
        if !visit.token.fits(form.get(FIELD)) {
            let why = "This form was not sent by a page of this shop in this browser, so nothing was done.";
            return Err(refused(&visit, StatusCode::FORBIDDEN, why));
        }
        Ok(Posted { visit, form })
    }
}

fn refused(visit: &Visit, status: StatusCode, why: &str) -> Response {
    let body = html! {
        section class="trouble" role="alert" {
            p { (why) }
            p { "Open the page again and send it from there. The browser must take cookies of this address." }
        }
    };
    visit.framed(status, &Page { title: "Nothing was done".to_owned(), place: "", body })
}
