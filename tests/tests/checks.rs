//! A test that collects its checks asks in the end whether all of them hold: otherwise it could not fail.

use std::{fs, path::Path};

#[test]
fn whoever_collects_checks_asks_for_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/black_box");
    let (mut collected, mut wrong) = (0, vec![]);
    for entry in fs::read_dir(folder).expect("the black-box tests") {
        let path = entry.expect("an entry of the folder").path();
        let text = fs::read_to_string(&path).expect("a file in UTF-8");
        // Each function ends where a line begins with its brace.
        for function in text.split("\n}\n").filter(|function| function.contains("Checks::default()")) {
            let [made, asked] = ["Checks::default()", ".all_hold()"].map(|what| function.matches(what).count());
            collected += made;
            if made != asked {
                let name = function.split("fn ").nth(1).and_then(|rest| rest.split('(').next()).unwrap_or_default();
                wrong.push(format!("{}: {name} makes {made} and asks {asked} times", path.display()));
            }
        }
    }
    assert!(collected > 50, "only {collected} were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
