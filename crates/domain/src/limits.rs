//! Every limit of a command, named, with its unit.

use chrono::TimeDelta;

/// Lines of one order.
pub const LINES_PER_ORDER: usize = 200;
/// Units in one line, one receipt or one correction.
pub const UNITS: i64 = 1_000_000;
/// Units that may be on hand of one product: far below where sums overflow.
pub const UNITS_ON_HAND: i64 = 1_000_000_000_000;
/// Characters of a name of a product or person.
pub const NAME_CHARS: usize = 200;
/// Characters of a SKU.
pub const SKU_CHARS: usize = 64;
/// Characters of the name of a product or customer: SKU, name or e-mail address.
pub const REFERENCE_CHARS: usize = 254;
/// Characters of an order's note.
pub const NOTE_CHARS: usize = 2_000;
/// Notes that can be added to one order after it was placed.
pub const NOTES_PER_ORDER: usize = 100;
/// Characters of an order's number in another system.
pub const EXTERNAL_REFERENCE_CHARS: usize = 100;
/// Characters of a carrier's name.
pub const CARRIER_CHARS: usize = 100;
/// Characters of a tracking number or a payment provider's reference.
pub const TRACKING_CHARS: usize = 200;
/// Characters of a payment method.
pub const METHOD_CHARS: usize = 40;
/// Characters of a status or its synonym.
pub const STATUS_CHARS: usize = 40;
/// Characters of an amount or percentage as text.
pub const AMOUNT_CHARS: usize = 40;
/// Characters of an e-mail address (RFC 5321).
pub const EMAIL_CHARS: usize = 254;
/// Characters of a phone number.
pub const PHONE_CHARS: usize = 40;
/// Characters of a postal address.
pub const ADDRESS_CHARS: usize = 500;
/// Decimals of a percentage.
pub const PERCENT_DECIMALS: usize = 4;
/// Days that `occurred_at` may lie before the present.
pub const BACKDATING_DAYS: i64 = 366;
/// Decimals of an exchange rate.
pub const RATE_DECIMALS: u32 = 10;
/// Largest exchange rate.
pub const RATE_MAX: i64 = 1_000_000;
/// For how long the same act is suspected of being a repetition.
pub const SUSPICION: TimeDelta = TimeDelta::seconds(120);
/// Recent receipts of a product that are kept in its state, to find a repetition.
pub const RECENT_RECEIPTS: usize = 16;
/// Hours after which a shipment can no longer be voided.
pub const VOID_SHIPMENT_HOURS: i64 = 24;
/// Days for which an order can be put on hold in advance.
pub const HOLD_DAYS: i64 = 366;

/// Days from ordering goods to receiving them.
pub const LEAD_TIME_DAYS: i64 = 730;
/// Rules of notifications in force.
pub const NOTIFICATION_RULES: usize = 200;
/// Orders that one rule names.
pub const ORDERS_PER_RULE: usize = 100;
/// Characters of a target's name.
pub const TARGET_CHARS: usize = 40;
/// Characters of the name of a set of templates.
pub const TEMPLATE_CHARS: usize = 40;
/// Seconds that a message can be held back so that an undo stops it.
pub const GRACE_SECONDS: u32 = 86_400;
/// Default of these seconds.
pub const DEFAULT_GRACE_SECONDS: u32 = 60;
/// Seconds for which an order can wait before a rule sends a message.
pub const WAITING_SECONDS: u32 = 90 * 86_400;
/// Faults of the log that are reported before one of them is repaired.
pub const OPEN_FAULTS: usize = 20;
/// Characters of the description of a fault.
pub const FAULT_CHARS: usize = 300;
/// Messages that are kept in the state after they were given up, newest last.
pub const DEAD_MESSAGES: usize = 1_000;
/// Messages in one event about their outcomes: the event stays far below the largest message of NATS.
pub const MESSAGES_PER_EVENT: usize = 500;
/// Acts that may wait for a person's word at once.
pub const WAITING_QUESTIONS: usize = 100;
/// How long a question to people is valid.
pub const QUESTION_HOLDS: TimeDelta = TimeDelta::hours(24);
