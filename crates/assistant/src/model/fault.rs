//! Why a language model made no plan, for whoever typed the sentence.

/// Why there is no plan. Repeats nothing that the model wrote but names of tools and arguments.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// Too many ask at once.
    #[error("it is busy with other sentences; try again in a moment")]
    Busy,
    /// The user has had it asked as often as is allowed.
    #[error(
        "each user may have it asked for {limit} sentences an hour (--language-model-sentences-per-hour); try again in {again}"
    )]
    TooOften {
        /// Sentences an hour.
        limit: u32,
        /// How long to wait, in words.
        again: String,
    },
    /// No connection.
    #[error("it could not be reached: {0}")]
    Away(#[from] orderlog_outgoing::Failed),
    /// The name leads to another machine, and the address is one of http.
    #[error("its address leads to another machine, which may not be asked by http")]
    Unsafe,
    /// It took too long, in seconds.
    #[error("it made no plan within {0} s")]
    Late(u64),
    /// Its server refused or failed: the status, and what kind of error it named.
    #[error("its server answered with {0}{1}")]
    Status(u16, String),
    /// It asks to come back after so many seconds.
    #[error("its server asks to wait {0} s")]
    Wait(u64),
    /// More bytes than are read, or a connection that broke off.
    #[error("its answer broke off, or has more than {0} KiB")]
    TooLong(usize),
    /// Its own limit ended the answer, so that calls may lack their end.
    #[error("its answer was cut off at its own limit")]
    CutOff,
    /// Not what its interface promises.
    #[error("its answer cannot be read: {0}")]
    Unreadable(String),
    /// It did not want to.
    #[error("it refused")]
    Refused,
    /// It wrote, and asked for nothing.
    #[error("it found nothing in it that the shop's tools do")]
    Nothing,
    /// It still looked things up.
    #[error("it had no plan after {0} answers")]
    Rounds(usize),
    /// What it asked for cannot be done.
    #[error("it asked for what cannot be done: {0}")]
    Unfit(String),
}

impl Fault {
    /// Whether the model heard nothing of the sentence, because it was not its user's turn.
    pub(crate) fn is_before_asking(&self) -> bool {
        matches!(self, Fault::Busy | Fault::TooOften { .. })
    }
}
