//! How far a call about many things is, for whoever waits for its answer.

use tokio::sync::watch;

/// How many parts of a call are done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Steps {
    /// All of them.
    pub of: usize,
    /// Those that are done, whatever came of them.
    pub done: usize,
    /// Those of them that changed nothing.
    pub unchanged: usize,
}

/// Where a call tells it; nowhere, if nobody listens.
#[derive(Clone, Default)]
pub struct Progress(Option<watch::Sender<Steps>>);

impl Progress {
    /// One that is told, and where it is heard.
    #[must_use]
    pub fn heard() -> (Progress, watch::Receiver<Steps>) {
        let (sender, receiver) = watch::channel(Steps::default());
        (Progress(Some(sender)), receiver)
    }

    /// So many parts are to come.
    pub(crate) fn begin(&self, of: usize) {
        self.tell(|steps| *steps = Steps { of, ..Steps::default() });
    }

    /// One more is done.
    pub(crate) fn step(&self, changed: bool) {
        self.tell(|steps| {
            steps.done += 1;
            steps.unchanged += usize::from(!changed);
        });
    }

    fn tell(&self, change: impl FnOnce(&mut Steps)) {
        if let Some(heard) = &self.0 {
            heard.send_modify(change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_heard_and_nobody_need_listen() {
        let (progress, heard) = Progress::heard();
        progress.begin(3);
        [true, false].into_iter().for_each(|changed| progress.step(changed));
        assert_eq!(*heard.borrow(), Steps { of: 3, done: 2, unchanged: 1 });
        Progress::default().step(true);
    }
}
