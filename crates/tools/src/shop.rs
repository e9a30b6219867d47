//! An open shop: what every tool works with.

use std::sync::Arc;

use orderlog_commands::Writer;
use orderlog_domain::{decide::Shop, envelope::Envelope, event::Event, order::Order, typed::Typed};
use orderlog_event_log::Log;
use orderlog_keyring::Keyring;
use orderlog_read_models::Projections;
use tokio_util::task::TaskTracker;

use crate::{
    clock::Clock,
    directory::Directory,
    left_behind::LeftBehind,
    moments::Moments,
    permit::{HIDDEN, are_particulars_hidden},
    targets::Target,
    wording::Wording,
};

/// The log and its writer, the read models, the keys, and how names, moments and amounts are read and written.
pub struct OpenShop {
    /// What it is called, if anybody said so.
    pub name: Option<Arc<str>>,
    /// Currency, calendar and locale.
    pub settings: Shop,
    /// Tells the time and mints ids.
    pub clock: Clock,
    /// The log, to be read.
    pub log: Log,
    /// Takes commands.
    pub writer: Writer,
    /// The read models.
    pub projections: Projections,
    /// Keys of customers and of the shop.
    pub keyring: Arc<Keyring>,
    /// What erased customers left in files and is not cleared away yet.
    pub left_behind: Arc<LeftBehind>,
    /// What names in arguments mean.
    pub directory: Directory,
    /// What moments of the past mean, and which moment a fresh answer must show.
    pub moments: Moments,
    /// How amounts and times are written.
    pub wording: Wording,
    /// Who can be told of something.
    pub targets: Arc<[Target]>,
    /// Sets of templates that a rule may ask for, by name.
    pub templates: Arc<[String]>,
    /// Whether its events are published to NATS.
    pub relays: bool,
    /// Where people open the shop's pages, if anybody said so.
    pub public_url: Option<Arc<str>>,
    /// Calls under way; whoever closes the shop waits for them.
    pub tasks: TaskTracker,
}

impl OpenShop {
    /// Adds to what is open already the parts that tools read and write with.
    pub fn new(
        settings: Shop,
        clock: Clock,
        log: Log,
        writer: Writer,
        projections: Projections,
        keyring: Arc<Keyring>,
        left_behind: Arc<LeftBehind>,
    ) -> OpenShop {
        let moments = Moments::new(log.clone(), projections.clone(), clock, settings.calendar.clone());
        let wording = Wording::of(&settings);
        let directory =
            Directory::new(log.clone(), projections.clone(), Arc::clone(&keyring), moments.clone(), wording.clone());
        let tasks = TaskTracker::new();
        let targets = Arc::new([]);
        OpenShop {
            name: None,
            settings,
            clock,
            log,
            writer,
            projections,
            keyring,
            left_behind,
            directory,
            moments,
            wording,
            targets,
            templates: Arc::new([]),
            relays: false,
            public_url: None,
            tasks,
        }
    }

    /// The same, where these can be told of something.
    pub fn with_targets(mut self, targets: Vec<Target>) -> OpenShop {
        self.targets = targets.into();
        self
    }

    /// The same, where a rule may ask for these sets of templates.
    pub fn with_templates(mut self, templates: Vec<String>) -> OpenShop {
        self.templates = templates.into();
        self
    }

    /// The same, where this says whether events are published to NATS.
    pub fn relaying(mut self, relays: bool) -> OpenShop {
        self.relays = relays;
        self
    }

    /// The same, whose pages people open there.
    pub fn open_at(mut self, public_url: Option<String>) -> OpenShop {
        self.public_url = public_url.map(Arc::from);
        self
    }

    /// The same, under its name.
    pub fn called(mut self, name: Option<String>) -> OpenShop {
        self.name = name.map(Arc::from);
        self
    }

    /// Opens what was typed into an event, as far as whom the answer is for may see it.
    pub(crate) fn open_event(&self, event: &mut Envelope<Event>) {
        if are_particulars_hidden() {
            hide(event.data.typed_mut());
            hide(event.provenance.typed_mut());
        } else {
            self.keyring.open_event(event);
        }
    }

    /// The order with what was typed into it opened, likewise.
    pub(crate) fn opened(&self, order: &Order) -> Order {
        if !are_particulars_hidden() {
            return self.keyring.opened(order);
        }
        let mut order = order.clone();
        hide(order.typed_mut());
        order
    }
}

fn hide(typed: Vec<Typed<'_>>) {
    typed.into_iter().for_each(|Typed { text, .. }| HIDDEN.clone_into(text));
}
