//! No file of Rust is longer than a reader likes, unless it says in its first lines why it is one piece.

use std::{fs, path::Path};

/// Lines that a file may have.
const LONGEST: usize = 400;
/// The reason that a longer file gives within its first lines.
const REASON: &str = "//! One file, because ";
const FIRST_LINES: usize = 5;

#[test]
fn a_long_file_says_why_it_is_one_piece() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = vec![];
    for folder in ["crates", "projections", "tests"] {
        files_below(&root.join(folder), &mut files);
    }
    assert!(files.len() > 200, "only {} files were found", files.len());
    let mut wrong = vec![];
    for path in files {
        let name = path.strip_prefix(&root).expect("a file of ours").display().to_string();
        let text = fs::read_to_string(&path).expect("a file in UTF-8");
        let lines = text.lines().count();
        let has_reason = text.lines().take(FIRST_LINES).any(|line| line.starts_with(REASON));
        match (lines > LONGEST, has_reason) {
            (true, false) => wrong.push(format!("{name} has {lines} lines: split it, or say {REASON:?} …")),
            (false, true) => wrong.push(format!("{name} has only {lines} lines: it needs no {REASON:?}")),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn files_below(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry of the folder").path();
        if path.is_dir() && !path.ends_with("node_modules") {
            files_below(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}
