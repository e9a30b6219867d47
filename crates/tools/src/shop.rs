//! An open shop, which every tool uses.

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

/// The log and its writer, the read models, the keys, and the readers and writers of names, moments and amounts.
pub struct OpenShop {
    /// The name of the shop, if it was set.
    pub name: Option<Arc<str>>,
    /// Currency, calendar and locale.
    pub settings: Shop,
    /// Reads the time and makes ids.
    pub clock: Clock,
    /// The log, to be read.
    pub log: Log,
    /// Takes commands.
    pub writer: Writer,
    /// The read models.
    pub projections: Projections,
    /// Keys of customers and of the shop.
    pub keyring: Arc<Keyring>,
    /// Data of erased customers in files that is not removed yet.
    pub left_behind: Arc<LeftBehind>,
    /// Resolves names in arguments.
    pub directory: Directory,
    /// Resolves moments of the past, and finds the moment that a fresh answer must show.
    pub moments: Moments,
    /// How amounts and times are written.
    pub wording: Wording,
    /// The targets of notifications.
    pub targets: Arc<[Target]>,
    /// Sets of templates that a rule may ask for, by name.
    pub templates: Arc<[String]>,
    /// Whether its events are published to NATS.
    pub relays: bool,
    /// The address of the shop's pages, if it was set.
    pub public_url: Option<Arc<str>>,
    /// Calls that are running; closing the shop waits for them.
    pub tasks: TaskTracker,
}

impl OpenShop {
    /// Makes the other parts from those that are open already.
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

    /// Sets the targets of notifications.
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

    /// Sets the address of the shop's pages.
    pub fn open_at(mut self, public_url: Option<String>) -> OpenShop {
        self.public_url = public_url.map(Arc::from);
        self
    }

    /// Sets the name of the shop.
    pub fn called(mut self, name: Option<String>) -> OpenShop {
        self.name = name.map(Arc::from);
        self
    }

    /// Opens the sealed texts of an event, as far as the reader of the answer may see them.
    pub(crate) fn open_event(&self, event: &mut Envelope<Event>) {
        if are_particulars_hidden() {
            hide(event.data.typed_mut());
            hide(event.provenance.typed_mut());
        } else {
            self.keyring.open_event(event);
        }
    }

    /// The order with its sealed texts opened, as far as the reader may see them.
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
