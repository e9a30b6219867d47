//! Checks the arrows of docs/ARCHITECTURE.md: which crate may depend on which, and what the domain must never use.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use serde_json::Value;

/// The crates of ours on which each crate may depend directly.
const ARROWS: [(&str, &[&str]); 18] = [
    ("orderlog-testkit", &[]),
    ("orderlog-domain", &[]),
    ("orderlog-forecast", &[]),
    ("orderlog-outgoing", &[]),
    ("orderlog-event-log", &["orderlog-domain"]),
    ("orderlog-messaging", &["orderlog-domain", "orderlog-event-log"]),
    ("orderlog-commands", &["orderlog-domain", "orderlog-event-log"]),
    ("orderlog-keyring", &["orderlog-domain", "orderlog-event-log"]),
    ("orderlog-read-models", &["orderlog-domain", "orderlog-event-log", "orderlog-messaging"]),
    ("orderlog-projections", &["orderlog-domain", "orderlog-read-models"]),
    ("orderlog-access", &["orderlog-domain", "orderlog-keyring", "orderlog-outgoing"]),
    (
        "orderlog-tools",
        &[
            "orderlog-access",
            "orderlog-domain",
            "orderlog-event-log",
            "orderlog-commands",
            "orderlog-keyring",
            "orderlog-read-models",
            "orderlog-projections",
            "orderlog-forecast",
        ],
    ),
    ("orderlog-assistant", &["orderlog-access", "orderlog-domain", "orderlog-outgoing", "orderlog-tools"]),
    ("orderlog-mcp", &["orderlog-access", "orderlog-domain", "orderlog-messaging", "orderlog-tools"]),
    ("orderlog-web", &["orderlog-access", "orderlog-assistant", "orderlog-tools"]),
    (
        "orderlog-exchange",
        &["orderlog-domain", "orderlog-event-log", "orderlog-commands", "orderlog-keyring", "orderlog-tools"],
    ),
    (
        "orderlog-notify",
        &[
            "orderlog-domain",
            "orderlog-event-log",
            "orderlog-commands",
            "orderlog-messaging",
            "orderlog-outgoing",
            "orderlog-tools",
        ],
    ),
    (
        "orderlog-server",
        &[
            "orderlog-access",
            "orderlog-domain",
            "orderlog-event-log",
            "orderlog-messaging",
            "orderlog-commands",
            "orderlog-keyring",
            "orderlog-read-models",
            "orderlog-projections",
            "orderlog-tools",
            "orderlog-mcp",
            "orderlog-assistant",
            "orderlog-exchange",
            "orderlog-web",
            "orderlog-notify",
        ],
    ),
];

/// The domain is pure: no runtime, no database, no network. (Clocks and random ids are banned by .clippy.toml.)
const NEVER_IN_THE_DOMAIN: [&str; 8] = ["tokio", "sqlx", "sqlx-core", "async-nats", "axum", "hyper", "rmcp", "reqwest"];

type Dependencies = BTreeMap<String, BTreeSet<String>>;

#[test]
fn arrows_point_down_only() {
    let direct = dependencies();
    for (name, allowed) in ARROWS {
        let ours = direct[name].iter().filter(|dependency| dependency.starts_with("orderlog-"));
        let forbidden: Vec<_> = ours.filter(|dependency| !allowed.contains(&dependency.as_str())).collect();
        assert!(forbidden.is_empty(), "{name} must not depend on {forbidden:?}");
    }
}

#[test]
fn every_crate_stands_in_the_map() {
    let mapped = ARROWS.map(|(name, _)| name);
    let outside = ["orderlog-tests", "orderlog-bench"]; // programs about the product, not in it
    let ours = dependencies().into_keys().filter(|name| name.starts_with("orderlog-"));
    let unknown: Vec<_> =
        ours.filter(|name| !mapped.contains(&name.as_str()) && !outside.contains(&name.as_str())).collect();
    assert!(unknown.is_empty(), "say in ARROWS what {unknown:?} may depend on");
}

#[test]
fn the_domain_is_pure() {
    let direct = dependencies();
    let mut reached = BTreeSet::new();
    let mut open = vec!["orderlog-domain".to_owned()];
    while let Some(name) = open.pop() {
        let further = direct[&name].iter().filter(|dependency| reached.insert((*dependency).clone()));
        open.extend(further.cloned());
    }
    let impure: Vec<_> = NEVER_IN_THE_DOMAIN.iter().filter(|name| reached.contains(**name)).collect();
    assert!(impure.is_empty(), "the domain must not reach {impure:?}");
}

/// Direct dependencies by package name; development dependencies left out.
fn dependencies() -> Dependencies {
    let rustc = printed(Command::new("rustc").arg("-vV"));
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    // Only this platform's crates are on this machine; with them no network is needed.
    let metadata = printed(
        Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
            .args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", host])
            .current_dir(env!("CARGO_MANIFEST_DIR")),
    );
    let metadata: Value = serde_json::from_str(&metadata).expect("cargo metadata prints JSON");
    let names: BTreeMap<&str, &str> =
        array(&metadata["packages"]).map(|p| (text(&p["id"]), text(&p["name"]))).collect();
    let mut direct = Dependencies::new();
    for node in array(&metadata["resolve"]["nodes"]) {
        let needed = array(&node["deps"]).filter(|dep| array(&dep["dep_kinds"]).any(|kind| kind["kind"] != "dev"));
        let needed = needed.map(|dep| names[text(&dep["pkg"])].to_owned());
        direct.entry(names[text(&node["id"])].to_owned()).or_default().extend(needed);
    }
    direct
}

fn printed(command: &mut Command) -> String {
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the program prints text")
}

fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
