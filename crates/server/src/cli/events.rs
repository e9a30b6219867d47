//! `orderlog events`: the event catalogue for consumers, as a page, as schemas, or as an AsyncAPI document.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use clap::Args;
use orderlog_messaging::{asyncapi, catalogue_markdown, schema_files};
use serde_json::{Map, Value};

use super::output::print;

#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct Arguments {
    /// As Markdown: the text of docs/EVENTS.md (also when nothing else is asked for)
    #[arg(long)]
    markdown: bool,
    /// All JSON Schemas as one object, by file name
    #[arg(long)]
    json: bool,
    /// Write each JSON Schema into a file of this folder
    #[arg(long, value_name = "DIR")]
    schemas: Option<PathBuf>,
    /// The AsyncAPI 3 document: the text of docs/asyncapi.json
    #[arg(long)]
    asyncapi: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let Some(folder) = &arguments.schemas {
        fs::create_dir_all(folder).with_context(|| format!("make the folder {}", folder.display()))?;
        let files = schema_files();
        for (name, schema) in &files {
            let path = folder.join(name);
            let text = serde_json::to_string_pretty(schema)? + "\n";
            fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        }
        return print(&format!("{} schemas are in {}.\n", files.len(), folder.display()));
    }
    if arguments.json {
        let all: Map<String, Value> = schema_files().into_iter().collect();
        return print(&(serde_json::to_string_pretty(&all)? + "\n"));
    }
    if arguments.asyncapi {
        return print(&(serde_json::to_string_pretty(&asyncapi()?)? + "\n"));
    }
    print(&catalogue_markdown()?)
}
