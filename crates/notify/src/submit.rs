//! Brings to the log what the program itself has to record.

use std::time::Duration;

use orderlog_commands::{Origin, Submission, SubmitError};
use orderlog_domain::{
    commands::Command,
    decide::{Ask, Names},
    envelope::{Actor, Agent},
    ids::CommandId,
    rejection::Code,
};
use orderlog_event_log::Hash;
use orderlog_tools::OpenShop;
use tokio::time::sleep;

/// How often a log that takes nothing is tried before everything is read anew from it.
const TRIES: u32 = 30;
/// Pause between tries.
const PAUSE: Duration = Duration::from_secs(1);

/// As the user `orderlog`, and no person.
pub(crate) async fn submit(shop: &OpenShop, command: impl Into<Command>) -> anyhow::Result<()> {
    let now = shop.clock.now();
    let actor = Actor { user: "orderlog".to_owned(), role: "system".to_owned() };
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let agent = Agent { name: "orderlog notifications".to_owned(), version, model: None };
    let submission = Submission {
        command: command.into(),
        names: Names::default(),
        // The same for every try: it is recorded once.
        command_id: CommandId(shop.clock.new_id()),
        keyed: false,
        ask: Ask::default(),
        request_hash: Hash::of(b"orderlog notifications"),
        now,
        occurred_at: now,
        expected_version: None,
        readings: None,
        dry_run: false,
        origin: Origin::of(actor, Some(agent)),
    };
    for _ in 1..TRIES {
        match shop.writer.submit(submission.clone()).await {
            Ok(_) => return Ok(()),
            Err(SubmitError::Rejected(rejection)) if rejection.code != Code::Unavailable => {
                anyhow::bail!("it cannot be recorded: {rejection}");
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
    anyhow::bail!("the log takes no commands")
}
