//! Holds docs to the code: every rule cited anywhere stands in RULES.md and names the functions that decide it; files that
//! are named exist.

use std::{
    collections::BTreeSet,
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

#[test]
fn every_file_that_is_named_exists() {
    let mut missing = vec![];
    let mut named = 0;
    for page in ["docs/CONTRIBUTING.md", "docs/ARCHITECTURE.md", "docs/RULES.md", "README.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        for path in text.split('`').skip(1).step_by(2) {
            let is_path = ["crates/", "projections/", "tests/", "docs/", "migrations/"];
            let is_path = is_path.iter().any(|top| path.starts_with(top)) && !path.contains(['<', ' ', '*', '{']);
            named += usize::from(is_path);
            if is_path && !root().join(path).exists() {
                missing.push(format!("{page}: {path}"));
            }
        }
    }
    assert!(named > 50, "only {named} files are named");
    assert!(missing.is_empty(), "these do not exist:\n{}", missing.join("\n"));
}
