//! A language model, where the operator wants one, for sentences that the grammar does not understand. What it answers
//! becomes a plan like any other, or is refused; nothing it writes is ever shown.

mod allowance;
mod anthropic;
mod fault;
mod offer;
mod openai;
mod talk;
mod wire;

#[cfg(test)]
mod tests;

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use orderlog_outgoing::Client;
use orderlog_tools::{OpenShop, Tools, principal::Caller};
use tokio::{sync::Semaphore, time::Instant};
use url::{Host, Url};

pub(crate) use self::fault::Fault;
use self::{
    allowance::Allowance,
    offer::{LOOK, Offer},
    talk::Asked,
    wire::{Server, Wire},
};
use crate::plan::Step;

/// Answers that are asked for at most: the plan, and what the model looks up before.
const MAX_ROUNDS: usize = 4;
/// Calls of one answer at most; a sentence has no more requests.
const MAX_CALLS: usize = 10;
/// Sentences that are with the model at once, on this node.
const MAX_AT_ONCE: usize = 4;

/// Where a language model is asked, and in which form.
#[derive(Clone)]
pub struct LanguageModel {
    server: Server,
    name: String,
    places: Arc<Semaphore>,
    allowance: Arc<Allowance>,
}

impl LanguageModel {
    /// Longest time from the sentence to its plan, everything that is looked up included.
    pub const DEADLINE: Duration = Duration::from_secs(25);

    /// Each user may have it asked for so many sentences `an_hour`, on this node. The path of `url` says which form it takes: `/chat/completions` (OpenAI's and those like it), `/messages` (Anthropic's).
    ///
    /// # Errors
    /// When the address cannot be one, or would send the key and sentences unencrypted to another machine.
    pub fn new(
        url: &str,
        name: &str,
        key: Option<String>,
        an_hour: Option<NonZeroU32>,
    ) -> Result<LanguageModel, String> {
        let url: Url = url.parse().map_err(|_| "expected an address such as https://models.example/v1/messages")?;
        let wire = Wire::of(url.path()).ok_or(
            "expected the whole address, which ends in /chat/completions (OpenAI's form) or in /messages (Anthropic's)",
        )?;
        let is_here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        match url.scheme() {
            "https" => {}
            "http" if is_here => {}
            "http" => return Err("only a model on this machine (localhost, 127.0.0.1) may be asked by http".to_owned()),
            _ => return Err("expected an address that begins with https".to_owned()),
        }
        if key.as_deref().is_some_and(|key| key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err("the key must be one line of printable characters without blanks".to_owned());
        }
        let client = Arc::new(Client::new().map_err(|error| format!("TLS cannot be used: {error}"))?);
        let places = Arc::new(Semaphore::new(MAX_AT_ONCE));
        let allowance = Arc::new(Allowance::new(an_hour));
        Ok(LanguageModel { server: Server { url, wire, key, client }, name: name.to_owned(), places, allowance })
    }

    /// What it is called, as events name it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The calls that the sentence asks for. Each is of a tool that the caller may use, with arguments that it takes.
    pub(crate) async fn plan(
        &self,
        shop: &Arc<OpenShop>,
        tools: &Tools,
        caller: &Caller,
        sentence: &str,
    ) -> Result<Vec<Step>, Fault> {
        let _place = self.places.try_acquire().map_err(|_| Fault::Busy)?;
        let ends = Instant::now() + LanguageModel::DEADLINE;
        let offer = Offer::of(shop, tools, caller);
        // Whoever finds every place taken has not had a turn.
        self.allowance.count(&caller.principal.user)?;
        in_time(ends, self.ask(shop, &offer, sentence, ends)).await
    }

    async fn ask(
        &self,
        shop: &Arc<OpenShop>,
        offer: &Offer<'_>,
        sentence: &str,
        ends: Instant,
    ) -> Result<Vec<Step>, Fault> {
        if offer.is_empty() {
            return Err(Fault::Nothing);
        }
        let Server { wire, .. } = &self.server;
        let mut talk = wire.begin(&offer.instructions, sentence);
        for _ in 0..MAX_ROUNDS {
            let answer = self.server.send(&wire.body(&self.name, offer, &talk), ends).await?;
            let said = wire.read(&answer)?;
            match said.calls.len() {
                0 => return Err(Fault::Nothing),
                1..=MAX_CALLS => {}
                _ => return Err(Fault::Unfit(format!("it asked for more than {MAX_CALLS} calls"))),
            }
            if !said.calls.iter().any(|call| call.name == LOOK) {
                return said.calls.into_iter().map(|call| offer.step(shop, call).map_err(Fault::Unfit)).collect();
            }
            let mut found = vec![];
            for call in said.calls {
                let Asked { id, name, arguments } = call;
                found.push((id, offer.look_up(shop, &name, arguments).await));
            }
            wire.go_on(&mut talk, said.message, found);
        }
        Err(Fault::Rounds(MAX_ROUNDS))
    }
}

async fn in_time<T>(ends: Instant, asking: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    tokio::time::timeout_at(ends, asking).await.unwrap_or(Err(Fault::Late(LanguageModel::DEADLINE.as_secs())))
}

impl std::fmt::Debug for LanguageModel {
    /// Without the key, and without what an address may hold besides its host.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LanguageModel").field("host", &self.server.url.host_str()).field("name", &self.name).finish()
    }
}
