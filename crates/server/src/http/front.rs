//! `/`: where to go from here, for whoever opens the address in a browser.

/// A text, so that nothing in it can be anything else.
pub(super) async fn page() -> String {
    format!(
        "Orderlog {}: a shop's orders, operated by AI assistants through MCP.\n\n\
         /mcp          MCP over HTTP (POST); give this address to your assistant\n\
         /mcp/dotted   the same with tool names such as orders.get_pending\n\
         /v1/events    every event with its hash, one JSON a line (?after=POSITION&limit=N)\n\
         /v1/head      where the log ends\n\
         /readyz       whether this node can serve, and if not, why\n\
         /healthz      whether the process lives\n\
         /metrics      figures for Prometheus\n\
         /version      the version\n",
        env!("CARGO_PKG_VERSION")
    )
}
