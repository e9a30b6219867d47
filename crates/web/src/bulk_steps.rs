//! The page of a change of many orders that is under way: it is sent piece by piece, so that a browser shows how far it is,
//! without a script, and what came of it in its place. The change goes on where the page is left.

use std::convert::Infallible;

use axum::{
    body::{Body, Bytes, to_bytes},
    http::StatusCode,
    response::Response,
};
use futures::{future::BoxFuture, stream};
use maud::{Markup, html};
use orderlog_tools::Steps;
use tokio::sync::watch;

use crate::{layout::Page, visit::Visit};

/// Stands in a page where the pieces come.
const HERE: &str = "<!-- here -->";
/// Pieces at most that tell how far it is: a page has a limit of bytes.
const PIECES: usize = 100;
/// Bytes of a page without its pieces, at most.
const FRAME_BYTES: usize = 100_000;

/// What comes of it, as the end of the page.
pub(crate) type Answering = BoxFuture<'static, Markup>;

/// The page around what is to come: what stands before it, and behind.
pub(crate) struct Around {
    response: Response,
    before: String,
    behind: String,
}

impl Around {
    pub(crate) async fn of(visit: &Visit, title: String, place: &'static str) -> Around {
        let body = html! { (maud::PreEscaped(HERE)) };
        let (parts, body) = visit.framed(StatusCode::OK, &Page { title, place, body }).into_parts();
        let page = to_bytes(body, FRAME_BYTES).await.unwrap_or_default();
        let page = String::from_utf8_lossy(&page);
        let (before, behind) = page.split_once(HERE).unwrap_or((&page, ""));
        let (before, behind) = (before.to_owned(), behind.to_owned());
        Around { response: Response::from_parts(parts, Body::empty()), before, behind }
    }

    /// Sends it, with how far `answering` is until it is there.
    pub(crate) fn sent(self, steps: watch::Receiver<Steps>, answering: Answering) -> Response {
        let Around { response, before, behind } = self;
        let opening = Some(format!("{before}<div class=\"steps\">"));
        let underway = Underway { opening, behind, steps, told: None, answering: Some(answering) };
        let pieces = stream::unfold(underway, async |underway| underway.next().await);
        let (parts, _) = response.into_parts();
        Response::from_parts(parts, Body::from_stream(pieces))
    }
}

struct Underway {
    opening: Option<String>,
    behind: String,
    steps: watch::Receiver<Steps>,
    told: Option<Steps>,
    answering: Option<Answering>,
}

impl Underway {
    /// The next piece; nothing at the end.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Underway)> {
        let mut answering = self.answering.take()?;
        let mut piece = self.opening.take().unwrap_or_default();
        loop {
            let steps = *self.steps.borrow_and_update();
            if is_news(self.told, steps) {
                self.told = Some(steps);
                piece.push_str(&told(steps).into_string());
                self.answering = Some(answering);
                return Some((Ok(piece.into()), self));
            }
            let over = tokio::select! {
                biased;
                came = &mut answering => Some(came),
                changed = self.steps.changed() => match changed {
                    Ok(()) => None,
                    Err(_) => Some((&mut answering).await),
                },
            };
            if let Some(came) = over {
                piece.push_str(&format!("</div>{}{}", came.into_string(), self.behind));
                return Some((Ok(piece.into()), self));
            }
        }
    }
}

/// Whether it is so much further that a piece is worth it.
fn is_news(told: Option<Steps>, now: Steps) -> bool {
    now.of > 0 && told.is_none_or(|told| now.done.saturating_sub(told.done) * PIECES >= now.of)
}

/// `120 of 500, 3 not changed so far`; the style shows the last of them alone.
fn told(steps: Steps) -> Markup {
    let Steps { of, done, unchanged } = steps;
    html! {
        p { progress max=(of) value=(done) aria-label="Orders done" {} " " (done) " of " (of) ", " (unchanged) " not changed so far" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_steps_make_few_pieces() {
        for of in [1, 3, 99, 100, 101, 500] {
            let (mut last, mut pieces) = (None, 0);
            for done in 0..=of {
                let now = Steps { of, done, unchanged: 0 };
                if is_news(last, now) {
                    (last, pieces) = (Some(now), pieces + 1);
                }
            }
            assert!(pieces <= PIECES + 1 && pieces > of.min(PIECES / 2), "{pieces} of {of}");
        }
        assert!(!is_news(None, Steps::default()), "before anything is known");
    }
}
