//! `orderlog simulate`: the history of a made-up shop, from a seed, given to the writer as commands.

use std::sync::Arc;

use clap::Args;
use futures::{StreamExt as _, stream::FuturesOrdered};
use indicatif::HumanCount;
use orderlog_commands::{Origin, Submission, SubmitError};
use orderlog_domain::{
    commands::{Command, RegisterCustomer, UpsertCustomer},
    decide::{Ask, Names},
    envelope,
    event::SealedProfile,
    ids::{CommandId, CustomerId, Position},
};
use orderlog_event_log::{Hash, Log};
use orderlog_keyring::Owner;
use orderlog_tools::principal::Caller;
use uuid::Uuid;

use super::output::{grouped, print, progress};
use crate::{
    config::Config,
    node::{self, Node},
    simulate::{Action, Options, Simulation, Step},
};

/// Commands on their way to the writer at once.
const WINDOW: usize = 1_024;
/// Under this name events are simulated ones.
const SUBCOMMAND: &str = "simulate";
/// Namespace of the command ids of simulations.
const SIMULATED: Uuid = Uuid::from_u128(0x6f72_6465_726c_5f67_8000_7369_6d75_0001);

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Business days, today included
    #[arg(long, default_value_t = 365)]
    days: u32,
    /// Orders on an average day
    #[arg(long, default_value_t = 25)]
    orders_per_day: u32,
    /// The same seed tells the same story
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Also into a log that holds other events than simulated ones; none of them can be taken out again
    #[arg(long)]
    into_existing: bool,
}

impl Arguments {
    /// The options of the demo.
    pub(super) fn a_year() -> Arguments {
        Arguments { days: 365, orders_per_day: 25, seed: 1, into_existing: false }
    }
}

pub(super) async fn run(config: Config, arguments: Arguments) -> anyhow::Result<()> {
    if !arguments.into_existing {
        refuse_a_real_shop(&node::open_log(&config).await?).await?;
    }
    let node = Arc::new(Node::start(config).await?);
    let told = tell(&node, &arguments).await;
    node.stop().await;
    told
}

/// Made-up orders cannot be taken out of a log again.
async fn refuse_a_real_shop(log: &Log) -> anyhow::Result<()> {
    /// Events read at once.
    const PAGE: u32 = 2_000;
    let simulator = Caller::command_line(SUBCOMMAND).agent.map(|agent| agent.name);
    let mut after = Position::START;
    loop {
        let page = log.read(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.position;
        for recorded in &page {
            let event = envelope::decode(&recorded.json)?;
            anyhow::ensure!(
                event.provenance.agent.map(|agent| agent.name) == simulator,
                "this log belongs to a shop: event {} was not simulated, and simulated orders could never be taken out again. \
                 Simulate into a log of its own (--database-url sqlite://simulated/log.db), or pass --into-existing",
                event.position
            );
        }
    }
}

/// Records the complete simulation and reports the result.
pub(super) async fn tell(node: &Arc<Node>, arguments: &Arguments) -> anyhow::Result<()> {
    let started = std::time::Instant::now();
    let head = node.shop.log.head().await?;
    let simulation = Simulation::new(Options {
        days: arguments.days,
        orders_per_day: arguments.orders_per_day,
        seed: arguments.seed,
        until: node.shop.clock.now(),
        calendar: node.shop.settings.calendar.clone(),
        currency: node.shop.settings.currency,
        first_order: head.next_order,
    });
    let people: Vec<(CustomerId, UpsertCustomer)> = simulation.customers().collect();
    let newcomers: Vec<_> = people.iter().map(|(id, person)| (*id, person.email.as_deref())).collect();
    node.shop.keyring.introduce(&newcomers).await?;

    let bar = progress(simulation.orders(), "simulating orders");
    let mut refused = 0_u64;
    let mut on_their_way = FuturesOrdered::new();
    for (nth, step) in (0_u64..).zip(simulation) {
        let is_order = matches!(step.action, Action::Command(Command::CreateOrder(_)));
        let submission = submission(node, arguments, head.next_order.0, nth, step).await?;
        // Queued in the order of the simulation; only the answers are awaited together.
        let answer = node.shop.writer.enqueue(submission).await?;
        on_their_way.push_back(async move { (is_order, answer.await) });
        if on_their_way.len() >= WINDOW
            && let Some(answer) = on_their_way.next().await
        {
            refused += count(answer, &bar)?;
        }
    }
    while let Some(answer) = on_their_way.next().await {
        refused += count(answer, &bar)?;
    }
    bar.finish_and_clear();
    let now = node.shop.log.head().await?;
    print(&format!(
        "Simulated {} orders in {} events, in {:.1} s{}.\n",
        grouped(now.next_order.0 - head.next_order.0),
        grouped(now.position.0 - head.position.0),
        started.elapsed().as_secs_f64(),
        if refused > 0 { format!("; {} commands were refused", HumanCount(refused)) } else { String::new() },
    ))?;
    Ok(())
}

type Told = (bool, Result<orderlog_commands::Receipt, SubmitError>);

/// 1 for a command that was refused: somebody else does business in the same log.
fn count((is_order, answer): Told, bar: &indicatif::ProgressBar) -> anyhow::Result<u64> {
    if is_order {
        bar.inc(1);
    }
    match answer {
        Ok(_) => Ok(0),
        Err(SubmitError::Rejected(rejection)) => {
            tracing::debug!(%rejection, "a simulated command was refused");
            Ok(1)
        }
        Err(error @ SubmitError::Failed(_)) => Err(error.into()),
    }
}

async fn submission(
    node: &Node,
    arguments: &Arguments,
    first_order: i64,
    nth: u64,
    Step { occurred_at, action }: Step,
) -> anyhow::Result<Submission> {
    let command = match action {
        Action::Command(mut command) => {
            for typed in command.typed_mut() {
                // No person is concerned by an invented parcel: the shop's key is enough.
                node.shop.keyring.seal_for(Owner::Shop, typed).await?;
            }
            command
        }
        Action::Customer { customer_id, particulars } => {
            RegisterCustomer { customer_id, profile: sealed(node, customer_id, &particulars).await? }.into()
        }
    };
    let id = Uuid::new_v5(&SIMULATED, format!("{}/{first_order}/{nth}", arguments.seed).as_bytes());
    let caller = Caller::command_line(SUBCOMMAND);
    Ok(Submission {
        command,
        names: Names::default(),
        command_id: CommandId(id),
        keyed: false,
        ask: Ask::default(),
        request_hash: Hash::of(id.as_bytes()),
        // The simulation is recorded with its own times, so that the shop can be shown at any moment of the past.
        now: occurred_at,
        occurred_at,
        expected_version: None,
        readings: None,
        dry_run: false,
        origin: Origin::of(caller.principal.actor(), caller.agent).by_a_person(),
    })
}

async fn sealed(node: &Node, id: CustomerId, person: &UpsertCustomer) -> anyhow::Result<SealedProfile> {
    let mut profile = SealedProfile::default();
    for (field, plain, sealed) in [
        ("name", &person.name, &mut profile.name),
        ("email", &person.email, &mut profile.email),
        ("phone", &person.phone, &mut profile.phone),
        ("address", &person.address, &mut profile.address),
    ] {
        if let Some(plain) = plain {
            *sealed = Some(node.shop.keyring.seal(id, field, plain).await?);
        }
    }
    Ok(profile)
}
