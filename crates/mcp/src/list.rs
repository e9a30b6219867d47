//! The answer of `tools/list`.

use std::sync::Arc;

use orderlog_access::Principal;
use orderlog_tools::{Danger, Tool, Tools, slim};
use rmcp::model::{Tool as ListedTool, ToolAnnotations};

use crate::views;

/// How tool names are listed. Both forms can be called everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// `orders_get_pending`: some hosts drop all tools when one name has a dot.
    Underscored,
    /// `orders.get_pending`.
    Dotted,
}

/// The tools that are listed for this caller: only those that the caller may use.
pub(crate) fn of(tools: &Tools, names: Names, principal: &Principal) -> Vec<ListedTool> {
    let shown = tools.all().filter(|tool| tool.is_listed() && tool.serves(principal));
    shown.map(|tool| listed(tool, names)).collect()
}

fn listed(tool: &Tool, names: Names) -> ListedTool {
    let name = match names {
        Names::Underscored => tool.name.replace('.', "_"),
        Names::Dotted => tool.name.to_owned(),
    };
    let annotations = ToolAnnotations::new()
        .read_only(tool.danger == Danger::Read)
        .destructive(tool.danger == Danger::Destructive)
        .idempotent(tool.danger == Danger::Read)
        .open_world(false);
    let mut listed = ListedTool::new(name, tool.description.clone(), Arc::new(slim(&tool.input)))
        .with_title(tool.title)
        .with_annotations(annotations)
        .with_raw_output_schema(Arc::clone(&tool.output));
    listed.meta = views::of_tool(tool.name);
    listed
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use serde_json::Value;

    use super::*;

    /// Bytes that hosts accept; larger lists are shortened or refused.
    const MAX_LIST_BYTES: usize = 50_000;
    /// Bytes of the list that a model reads: names, descriptions, input schemas. They are part of every conversation.
    const MAX_READ_BYTES: usize = 30_000;
    /// With more tools assistants choose badly. Three more than the usual thirty: rules of notifications are a subject
    /// of their own, and none of the three can be an argument of another tool.
    const MAX_TOOLS: usize = 33;

    #[test]
    fn the_list_of_tools_fits_every_host() {
        let listed = of(&Tools::new(true), Names::Underscored, &Principal::local());
        assert!(listed.len() <= MAX_TOOLS, "{} tools are listed", listed.len());
        // Hosts do not get the tool that only benchmarks use.
        let bytes = serde_json::to_vec(&of(&Tools::new(false), Names::Underscored, &Principal::local())).unwrap().len();
        assert!(bytes <= MAX_LIST_BYTES, "tools/list has {bytes} bytes");
        let read = of(&Tools::new(false), Names::Underscored, &Principal::local()).into_iter().map(|tool| {
            let schema = serde_json::to_vec(&tool.input_schema).unwrap().len();
            tool.name.len() + tool.description.as_ref().unwrap().len() + schema
        });
        let bytes: usize = read.sum();
        assert!(bytes <= MAX_READ_BYTES, "a model reads {bytes} bytes of tools/list");
        for tool in &listed {
            let name = &tool.name;
            let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
                && name.len() <= 40;
            assert!(fits, "{name}");
            let hints = tool.annotations.as_ref().unwrap();
            assert!(tool.title.is_some(), "{name}");
            let all = [hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint];
            assert!(all.iter().all(Option::is_some), "{name}");
            assert!(tool.description.as_ref().is_some_and(|text| text.len() > 20), "{name} has no description");
            assert_eq!(tool.output_schema.as_ref().unwrap()["type"], "object", "{name}");
            check_schema(name, &serde_json::to_value(tool).unwrap());
        }
    }

    /// No null types, no formats on numbers, no references.
    fn check_schema(path: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                assert!(fields.get("type") != Some(&Value::from("null")), "{path} is null");
                assert!(!fields.get("type").is_some_and(Value::is_array), "{path} has several types");
                assert!(!fields.contains_key("$ref"), "{path} is a reference");
                let number = fields.get("type").is_some_and(|kind| kind == "integer" || kind == "number");
                assert!(!(number && fields.contains_key("format")), "{path} is a number with a format");
                fields.iter().for_each(|(name, inner)| check_schema(&format!("{path}.{name}"), inner));
            }
            Value::Array(items) => items.iter().for_each(|inner| check_schema(path, inner)),
            _ => {}
        }
    }

    #[test]
    fn what_is_listed_is_what_the_snapshots_say() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/listed");
        let renew = std::env::var_os("ORDERLOG_WRITE_DOCS").is_some();
        let mut known: BTreeSet<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        let mut changed = vec![];
        for tool in of(&Tools::new(false), Names::Underscored, &Principal::local()) {
            let (file, listed) = (format!("{}.json", tool.name), serde_json::to_string_pretty(&tool).unwrap() + "\n");
            if renew {
                std::fs::write(folder.join(&file), &listed).unwrap();
            }
            if std::fs::read_to_string(folder.join(&file)).unwrap_or_default() != listed {
                changed.push(file.clone());
            }
            known.remove(&file);
        }
        changed.extend(known);
        assert!(
            changed.is_empty(),
            "tools/list changed in {changed:?}: run this test with ORDERLOG_WRITE_DOCS=1 and look at the difference; delete \
             the file of a tool that is gone"
        );
    }
}
