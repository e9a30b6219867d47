//! The reference page docs/CONFIGURATION.md, written from the table of settings.

use std::fmt::Write as _;

use super::settings::SETTINGS;

/// The whole page.
pub(crate) fn markdown() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         <!-- Written by `orderlog config --markdown`; a test compares it with the code. -->\n\n\
         Every setting can be given as a flag, as an environment variable, or in a TOML file named by `--config FILE`\n\
         (or `ORDERLOG_CONFIG`). A flag beats the environment, the environment beats the file, the file beats the default.\n\
         All values are checked before anything starts, and every problem is reported at once. Commands that read the log\n\
         without a server (`replay`, `verify`, `status`, …) take the same settings. `orderlog config` prints what is in force.\n\n\
         A secret need not stand in the environment: `ORDERLOG_DATABASE_URL_FILE=/run/secrets/url` reads the setting from that\n\
         file, and so does every other variable with `_FILE` at its end.\n\n\
         The settings of the shop but its name and `locale` stand in its log: the first start records them, later ones take them from there and\n\
         are refused when they are given others. `orderlog settings` shows and changes them.\n",
    );
    let mut group = "";
    for setting in SETTINGS {
        if setting.group != group {
            group = setting.group;
            let _ = write!(page, "\n## {group}\n\n| flag | environment | default | meaning |\n|---|---|---|---|\n");
        }
        let value = if setting.is_switch() { String::new() } else { format!(" {}", setting.value) };
        let default = setting.default.map_or_else(|| "–".to_owned(), |text| format!("`{text}`"));
        let (name, variable, help) = (setting.name, setting.variable(), setting.help);
        let _ = writeln!(page, "| `--{name}{value}` | `{variable}` | {default} | {help} |");
    }
    page.push_str(
        "\n## A file\n\n```toml\ndatabase-url = \"postgres://orderlog@127.0.0.1/orderlog\"\nnats-url = \"nats://127.0.0.1:4222\"\n\
         timezone = \"Asia/Kolkata\"\ncurrency = \"INR\"\nday-start = \"04:00\"\n```\n",
    );
    page
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_reference_page_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/CONFIGURATION.md");
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == super::markdown(),
            "docs/CONFIGURATION.md is stale; run: cargo run -p orderlog-server -- config --markdown > docs/CONFIGURATION.md"
        );
    }
}
