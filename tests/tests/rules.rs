//! Checks the docs against the code: every cited rule is in RULES.md and names the functions that decide it; files that
//! are named exist.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A rule's id and its text.
fn rules() -> Vec<(String, String)> {
    let page = fs::read_to_string(root().join("docs/RULES.md")).expect("docs/RULES.md");
    let sections = page.split("\n## ").skip(1).map(|section| section.split_once(' ').unwrap_or((section, "")));
    sections.filter(|(id, _)| is_id(id)).map(|(id, text)| (id.to_owned(), text.to_owned())).collect()
}

/// `R4`, `R5a`, `C12`.
fn is_id(word: &str) -> bool {
    let Some(rest) = word.strip_prefix(['C', 'D', 'N', 'O', 'P', 'R', 'S']) else { return false };
    let digits = rest.trim_end_matches(|c: char| c.is_ascii_lowercase());
    !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit()) && rest.len() <= digits.len() + 1
}

/// Every file of ours that may cite a rule.
fn texts(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry of the folder").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "node_modules" {
            texts(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "md" || kind == "sql") {
            found.push((path.clone(), fs::read_to_string(&path).expect("a file in UTF-8")));
        }
    }
}

#[test]
fn every_rule_that_is_cited_is_written_down() {
    let known: BTreeSet<String> = rules().into_iter().map(|(id, _)| id).collect();
    let mut files = vec![];
    for folder in ["crates", "projections", "tests", "docs", "migrations"] {
        texts(&root().join(folder), &mut files);
    }
    let (mut cited, mut unknown) = (0, vec![]);
    for (path, text) in &files {
        for (index, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split(|c: char| !c.is_ascii_alphanumeric()).collect();
            let after = words.windows(2).filter(|pair| matches!(pair[0], "rule" | "rules" | "Rule" | "Rules"));
            for id in after.map(|pair| pair[1]).filter(|word| is_id(word)) {
                cited += 1;
                if !known.contains(id) {
                    unknown.push(format!("{}:{}: {id}", path.display(), index + 1));
                }
            }
        }
    }
    assert!(cited > 20, "only {cited} citations were found");
    assert!(unknown.is_empty(), "docs/RULES.md does not have:\n{}", unknown.join("\n"));
}

#[test]
fn every_rule_names_the_functions_that_decide_it() {
    let rules = rules();
    assert!(rules.len() > 30, "only {} rules were found", rules.len());
    let mut wrong = vec![];
    for (id, text) in rules {
        let decided: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("Decided by: ")).collect();
        if decided.is_empty() {
            wrong.push(format!("{id} does not say what decides it"));
        }
        for line in decided {
            let names: Vec<&str> = line.split('`').skip(1).step_by(2).collect();
            let [file, function] = names[..] else {
                wrong.push(format!("{id}: {line}"));
                continue;
            };
            let code = fs::read_to_string(root().join(file)).unwrap_or_default();
            let declared = [format!("fn {function}("), format!("fn {function}<"), format!("const {function}:")];
            if !declared.iter().any(|declared| code.contains(declared)) {
                wrong.push(format!("{id}: {file} has no {function}"));
            }
        }
    }
    assert!(wrong.is_empty(), "docs/RULES.md is not true:\n{}", wrong.join("\n"));
}

/// Every page of the docs but what was true of earlier releases.
fn pages() -> Vec<(PathBuf, String)> {
    let mut pages = vec![];
    texts(&root().join("docs"), &mut pages);
    let readme = root().join("README.md");
    pages.push((readme.clone(), fs::read_to_string(readme).expect("README.md")));
    pages.retain(|(path, _)| path.extension().is_some_and(|kind| kind == "md") && !path.ends_with("CHANGELOG.md"));
    pages
}

#[test]
fn every_file_that_is_named_exists() {
    let mut sources = vec![];
    for folder in ["crates", "projections", "tests"] {
        texts(&root().join(folder), &mut sources);
    }
    let is_source = |name: &str| sources.iter().any(|(path, _)| path.ends_with(name));
    let (mut missing, mut named) = (vec![], 0);
    for (page, text) in pages() {
        for path in text.split('`').skip(1).step_by(2).filter(|path| !path.contains(['<', ' ', '*', '{', '\n'])) {
            let is_path = ["crates/", "projections/", "tests/", "docs/", "migrations/"];
            let is_path = is_path.iter().any(|top| path.starts_with(top));
            let is_code = path.ends_with(".rs");
            named += usize::from(is_path || is_code);
            if (is_path && !root().join(path).exists() && !is_source(path)) || (is_code && !is_source(path)) {
                missing.push(format!("{}: {path}", page.display()));
            }
        }
    }
    assert!(named > 300, "only {named} files are named");
    assert!(missing.is_empty(), "these do not exist:\n{}", missing.join("\n"));
}

#[test]
fn the_table_of_sections_spans_every_rule() {
    let page = fs::read_to_string(root().join("docs/RULES.md")).expect("docs/RULES.md");
    let table = page.split("\n## ").next().expect("a table before the first rule");
    let mut ends: BTreeMap<char, (String, String)> = BTreeMap::new();
    for (id, _) in rules() {
        let letter = id.chars().next().expect("an id");
        let (_, last) = ends.entry(letter).or_insert((id.clone(), id.clone()));
        *last = id;
    }
    assert!(ends.len() > 5, "only {ends:?}");
    for (first, last) in ends.values() {
        let spans = table.contains(&format!("[{first}](#")) && table.contains(&format!(" to [{last}](#"));
        assert!(spans, "the table does not say \"{first} to {last}\"");
    }
}
