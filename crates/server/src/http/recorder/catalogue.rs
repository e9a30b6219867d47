//! Every series by name, with its meaning: the HELP lines of `/metrics`.

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// Counters without labels that every node has.
pub(crate) const PLAIN_COUNTERS: &[&str] = &[
    "orderlog_append_failures_total",
    "orderlog_commands_shed_total",
    "orderlog_events_appended_total",
    "orderlog_http_connections_refused_total",
    "orderlog_notification_templates_failed_total",
    "orderlog_swaps_lost_total",
];
/// Counters without labels of a node with NATS.
pub(crate) const RELAY_COUNTERS: &[&str] = &["orderlog_relay_published_total", "orderlog_relay_refills_total"];

/// Gauges of every read model.
pub(crate) const OF_READ_MODELS: &[&str] =
    &["orderlog_projection_lag_events", "orderlog_projection_lag_seconds", "orderlog_projection_parked_events"];

/// By kind: name and help.
const COUNTERS: &[(&str, &str)] = &[
    ("orderlog_append_failures_total", "Batches that the log did not take."),
    (
        "orderlog_calls_total",
        "Calls of tools, by tool and outcome: ok, refused (see orderlog_refusals_total) or failed.",
    ),
    ("orderlog_commands_shed_total", "Commands refused because they had waited too long, or would have."),
    ("orderlog_commands_total", "Calls of tools that change something, by tool and outcome."),
    ("orderlog_events_appended_total", "Events this node recorded."),
    ("orderlog_http_connections_refused_total", "Connections answered 503 because too many were open."),
    ("orderlog_http_requests_total", "HTTP requests, by path and class of status."),
    (
        "orderlog_notification_templates_failed_total",
        "Messages whose template failed, or was not there any more; other words were sent.",
    ),
    ("orderlog_refusals_total", "Calls that were refused, by code."),
    ("orderlog_relay_published_total", "Events this node published on NATS."),
    ("orderlog_relay_refills_total", "Times the stream was filled from the log because it had lost events."),
    ("orderlog_swaps_lost_total", "Batches decided anew because another node wrote first."),
    ("process_cpu_seconds_total", "CPU time used by the process, in user and kernel mode, in whole seconds."),
];
const GAUGES: &[(&str, &str)] = &[
    ("orderlog_build_info", "1, with the version and the kind of database."),
    ("orderlog_http_connections", "Open HTTP connections."),
    ("orderlog_log_position", "Position of the log's last event."),
    ("orderlog_log_up", "Whether the log could be read at the last look, 1 or 0."),
    ("orderlog_nats_connected", "Whether there is a connection to NATS, 1 or 0."),
    ("orderlog_pages_listening", "Open pages that hold a stream of news."),
    ("orderlog_pool_connections", "Connections to the database of a pool, open and idle among them."),
    ("orderlog_projection_lag_events", "Events of the log that a read model has yet to take in."),
    ("orderlog_projection_lag_seconds", "Age of the oldest event that a read model has yet to take in."),
    ("orderlog_projection_parked_events", "Events of a read model that are parked because they did not fit."),
    ("orderlog_queue_commands", "Commands that wait for the writer."),
    ("orderlog_writer_streams", "Streams whose states are at hand, so that a command about them needs no statement."),
    ("orderlog_queue_limit_commands", "Commands that may wait; one more is refused."),
    ("orderlog_read_models_up", "Whether the read models could be read at the last look, 1 or 0."),
    ("orderlog_relay_lag_events", "Events of the log that the relay has yet to publish."),
    ("orderlog_relay_position", "Last position that the stream acknowledged."),
    ("orderlog_relay_state", "1 for the state the relay is in: starting, running, retrying or stopped."),
    ("orderlog_scrape_seconds", "Time it took to collect these figures."),
    ("process_max_fds", "Files the process may open."),
    ("process_open_fds", "Files the process has open."),
    ("process_resident_memory_bytes", "Memory of the process that is in RAM."),
    ("process_start_time_seconds", "When the process started, since the Unix epoch."),
    ("process_threads", "Threads of the process."),
    ("process_virtual_memory_bytes", "Address space of the process."),
];
const HISTOGRAMS: &[(&str, &str)] = &[
    ("orderlog_append_seconds", "Time the database took for one batch."),
    ("orderlog_batch_commands", "Commands appended in one batch."),
    ("orderlog_call_seconds", "Time from the arrival of a call until its answer, by tool."),
];

/// Gives every series its HELP.
pub(super) fn describe() {
    COUNTERS.iter().for_each(|(name, help)| describe_counter!(*name, *help));
    GAUGES.iter().for_each(|(name, help)| describe_gauge!(*name, *help));
    HISTOGRAMS.iter().for_each(|(name, help)| describe_histogram!(*name, *help));
}
