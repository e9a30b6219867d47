//! Small pages that a host may show beside an answer (MCP Apps, 2026-01-26), without network and without storage.
//!
//! A page calls the same tools as an assistant, so every rule, preview and right holds for it.

use rmcp::model::{MetaObject, Resource, ResourceContents};
use serde_json::{Value, json};

/// The media type by which hosts recognise such a page.
const MIME: &str = "text/html;profile=mcp-app";
const STYLE: &str = include_str!("views/style.css");
const HOST: &str = include_str!("views/host.js");
const ACT: &str = include_str!("views/act.js");

/// A page: its address, its content, the tools whose answers it shows, its scripts.
struct View {
    uri: &'static str,
    name: &'static str,
    title: &'static str,
    tools: &'static [&'static str],
    scripts: &'static [&'static str],
}

const VIEWS: [View; 4] = [
    View {
        uri: "ui://orderlog/orders",
        name: "orders_view",
        title: "Orders",
        tools: &["orders.get_pending", "orders.search"],
        scripts: &[HOST, ACT, include_str!("views/orders.js")],
    },
    View {
        uri: "ui://orderlog/order",
        name: "order_view",
        title: "Order",
        tools: &["orders.get"],
        scripts: &[HOST, ACT, include_str!("views/order.js")],
    },
    View {
        uri: "ui://orderlog/sales",
        name: "sales_view",
        title: "Sales",
        tools: &["orders.report_sales"],
        scripts: &[HOST, include_str!("views/sales.js")],
    },
    View {
        uri: "ui://orderlog/briefing",
        name: "briefing_view",
        title: "Briefing",
        tools: &["shop.briefing"],
        scripts: &[HOST, include_str!("views/briefing.js")],
    },
];

/// The metadata of a listed tool that name the page for its answer.
pub(crate) fn of_tool(name: &str) -> Option<MetaObject> {
    let view = VIEWS.iter().find(|view| view.tools.contains(&name))?;
    Some(meta(json!({ "resourceUri": view.uri })))
}

pub(crate) fn list() -> impl Iterator<Item = Resource> {
    VIEWS.iter().map(|view| Resource::new(view.uri, view.name).with_title(view.title).with_mime_type(MIME))
}

/// The page at this address.
pub(crate) fn read(uri: &str) -> Option<ResourceContents> {
    let view = VIEWS.iter().find(|view| view.uri == uri)?;
    let contents = ResourceContents::text(page(view), uri).with_mime_type(MIME);
    // No domain is named, so hosts give the page no network.
    Some(contents.with_meta(meta(json!({ "csp": {}, "prefersBorder": true }))))
}

fn page(view: &View) -> String {
    let scripts = view.scripts.join("\n");
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main></main>\n<script \
         type=\"module\">\n{scripts}</script>\n</body>\n</html>\n",
        view.title
    )
}

fn meta(ui: Value) -> MetaObject {
    MetaObject([("ui".to_owned(), ui)].into_iter().collect())
}

#[cfg(test)]
mod tests {
    use orderlog_tools::Tools;

    use super::*;

    /// Bytes that a host loads before the page is visible.
    const MAX_PAGE_BYTES: usize = 20_000;

    #[test]
    fn pages_are_small_and_reach_nothing() {
        for view in &VIEWS {
            let page = page(view);
            assert!(page.len() <= MAX_PAGE_BYTES, "{} has {} bytes", view.uri, page.len());
            for reach in ["fetch(", "XMLHttpRequest", "WebSocket", "innerHTML", "localStorage", "eval(", "import("] {
                assert!(!page.contains(reach), "{} holds {reach}", view.uri);
            }
            let addresses = page.matches("http").count();
            assert_eq!(addresses, 1, "{} names an address beside that of SVG", view.uri);
        }
    }

    #[test]
    fn every_view_shows_tools_that_exist() {
        let tools = Tools::new(false);
        for name in VIEWS.iter().flat_map(|view| view.tools) {
            assert!(tools.find(name).is_some_and(|tool| tool.is_listed()), "{name}");
        }
    }
}
