//! From the log to its readers: the in-process bus, CloudEvents on JetStream, and feeds that never miss an event. Knows
//! envelopes, positions and hashes; does not know orders.

mod access;
mod bus;
mod catalogue;
mod cloud_event;
mod error;
mod feed;
mod nats;
mod relay;
mod reminder;
mod schemas;
mod stream;

pub use access::{Access, Credentials, DEFAULT_STREAM, DEFAULT_SUBJECT_PREFIX};
pub use bus::{Bus, BusSubscription};
pub use catalogue::catalogue_markdown;
pub use cloud_event::{CloudEvent, CloudEventError, cloud_event_json, subject_of};
pub use error::{NatsError, StreamError};
pub use feed::{Feed, FeedError, Source};
pub use nats::Nats;
pub use relay::{Relay, RelayError, RelayState, RelayStatus};
pub use schemas::{asyncapi, schema_files};
pub use stream::take_stream;
