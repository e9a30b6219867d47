//! The operator's folder of templates: files for every message, and folders of further sets by name.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use orderlog_domain::limits::TEMPLATE_CHARS;

use super::form::Form;

/// Where a template came from that no file replaces.
pub(super) const BUILT_IN: &str = "built in";
/// Bytes of one file.
const FILE_BYTES: u64 = 100_000;
/// Sets in the folder.
const SETS: usize = 50;
/// Files of one set, with those that are included.
const FILES: usize = 50;

/// The text of a template, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) place: String,
    pub(super) text: String,
}

/// The files of one set by name.
pub(super) type Set = BTreeMap<String, Source>;

pub(super) fn built_in() -> Set {
    let source = |form: Form| Source { place: BUILT_IN.to_owned(), text: form.built_in().to_owned() };
    Form::ALL.into_iter().map(|form| (form.file().to_owned(), source(form))).collect()
}

/// The set that every message has, and further ones by name. Each has what it lacks from the one before.
pub(super) fn read(folder: &Path) -> Result<(Set, BTreeMap<String, Set>), String> {
    let (files, folders) = listed(folder)?;
    let mut all = built_in();
    add(&mut all, &files)?;
    let mut named = BTreeMap::new();
    for path in folders {
        let name = name_of(&path)?;
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if name.len() > TEMPLATE_CHARS || !name.chars().all(fits) {
            return Err(format!(
                "{}: the name of a set has at most {TEMPLATE_CHARS} small letters, digits, dashes and underscores",
                path.display()
            ));
        }
        let (files, folders) = listed(&path)?;
        if let Some(inner) = folders.first() {
            return Err(format!("{}: a set holds no folders", inner.display()));
        }
        if files.is_empty() {
            return Err(format!(
                "{}: it holds no template; take the folder away, or add one of {}",
                path.display(),
                known()
            ));
        }
        let mut set = all.clone();
        add(&mut set, &files)?;
        named.insert(name, set);
    }
    if named.len() > SETS {
        return Err(format!("{}: it has more than {SETS} sets", folder.display()));
    }
    Ok((all, named))
}

/// Files and folders in it, but hidden ones.
fn listed(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut paths = vec![];
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_note = name_of(&path).is_ok_and(|name| name.starts_with('.') || name.starts_with("README"));
        if !is_note {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths.into_iter().partition(|path| !path.is_dir()))
}

fn name_of(path: &Path) -> Result<String, String> {
    let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    name.ok_or_else(|| format!("{}: its name is no text", path.display()))
}

pub(super) fn known() -> String {
    Form::ALL.map(Form::file).join(", ")
}

fn add(set: &mut Set, files: &[PathBuf]) -> Result<(), String> {
    for path in files {
        let (name, place) = (name_of(path)?, path.display().to_string());
        let is_part = name.starts_with('_') && [".html", ".txt"].iter().any(|ending| name.ends_with(ending));
        if !is_part && !Form::ALL.iter().any(|form| form.file() == name) {
            return Err(format!(
                "{place}: there is no message of this name. There are {}; what they include begins with _, such as _footer.html",
                known()
            ));
        }
        let failed = |error: std::io::Error| format!("{place}: {error}");
        if fs::metadata(path).map_err(failed)?.len() > FILE_BYTES {
            return Err(format!("{place}: it has more than {FILE_BYTES} bytes"));
        }
        let text = fs::read_to_string(path).map_err(failed)?.replace("\r\n", "\n");
        set.insert(name, Source { place, text });
    }
    if set.len() > FILES {
        return Err(format!("a set of templates has more than {FILES} files"));
    }
    Ok(())
}
