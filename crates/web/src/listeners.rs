//! Limits how many streams of news each browser has: a browser opens few connections to a server, and its pages need
//! some of them.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use metrics::gauge;
use tokio_util::sync::CancellationToken;

/// Most streams of one browser. Over HTTP/1.1 it opens six connections to a server: two are left for pages and forms.
const MOST_STREAMS: usize = 4;

/// The streams of this node by browser, each browser's oldest first.
#[derive(Clone, Default)]
pub(crate) struct Listeners(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    entered: u64,
    streams: HashMap<String, VecDeque<(u64, CancellationToken)>>,
}

/// One stream, as long as it exists.
pub(crate) struct Listener {
    all: Listeners,
    browser: Option<String>,
    id: u64,
    /// When the stream has to end.
    pub(crate) over: CancellationToken,
}

impl Listeners {
    /// Adds a stream of this browser. If the browser has enough streams, its oldest one ends: a page that is still open
    /// asks again by itself, so all pages take turns. A client without a browser cookie is not counted.
    pub(crate) fn enter(&self, browser: Option<&str>, stopping: &CancellationToken) -> Listener {
        let over = stopping.child_token();
        let mut held = self.held();
        held.entered += 1;
        let id = held.entered;
        if let Some(browser) = browser {
            let streams = held.streams.entry(browser.to_owned()).or_default();
            if streams.len() >= MOST_STREAMS
                && let Some((_, oldest)) = streams.pop_front()
            {
                oldest.cancel();
            }
            streams.push_back((id, over.clone()));
        }
        gauge!("orderlog_pages_listening").increment(1.0);
        Listener { all: self.clone(), browser: browser.map(str::to_owned), id, over }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        gauge!("orderlog_pages_listening").decrement(1.0);
        let Some(browser) = &self.browser else { return };
        let mut held = self.all.held();
        if let Some(streams) = held.streams.get_mut(browser) {
            streams.retain(|(id, _)| *id != self.id);
            if streams.is_empty() {
                held.streams.remove(browser);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_stream_of_a_browser_ends_for_a_fifth() {
        let (all, stopping) = (Listeners::default(), CancellationToken::new());
        let enter = |browser| all.enter(browser, &stopping);
        let over = |held: &[Listener]| held.iter().map(|one| one.over.is_cancelled()).collect::<Vec<_>>();
        let mut held: Vec<_> = (0..4).map(|_| enter(Some("one"))).collect();
        let others = [enter(Some("other")), enter(None), enter(None), enter(None), enter(None), enter(None)];
        assert!(!over(&held).contains(&true) && !over(&others).contains(&true));
        held.push(enter(Some("one")));
        assert_eq!(over(&held), [true, false, false, false, false]);
        // A stream that ended by itself makes room.
        held.remove(3);
        held.push(enter(Some("one")));
        assert_eq!(over(&held), [true, false, false, false, false]);
        drop((held, others));
        assert!(all.held().streams.is_empty(), "a browser that is gone is forgotten");
    }
}
