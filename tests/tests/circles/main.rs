//! No files of a crate import each other in a circle: each file can be understood with only the files below it.

mod source;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use source::Source;

/// A module's path in its crate; the crate itself is the empty one.
type Module = Vec<String>;

#[test]
fn no_files_of_a_crate_import_each_other_in_a_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folders = fs::read_dir(root.join("crates")).expect("crates/").map(|entry| entry.expect("an entry").path());
    let folders = folders.chain([root.join("projections"), root.join("tests")]).filter(|f| f.join("src").is_dir());
    let mut wrong = vec![];
    let mut seen = 0;
    for folder in folders {
        let name = folder.strip_prefix(&root).expect("a folder of ours").display().to_string();
        let circles = Crate::read(&folder).circles();
        if !circles.is_empty() {
            wrong.push(format!("{name} has a circle:\n{}", circles.join("\nand another:\n")));
        }
        seen += 1;
    }
    assert!(seen > 7, "only {seen} crates were read");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The files of a crate.
struct Crate {
    folder: PathBuf,
    files: BTreeMap<Module, (PathBuf, Source)>,
}

impl Crate {
    /// Reads every file that is reached from `lib.rs` or `main.rs`; those of tests only are left out.
    fn read(folder: &Path) -> Crate {
        let mut read = Crate { folder: folder.to_owned(), files: BTreeMap::new() };
        let src = folder.join("src");
        let entry = ["lib.rs", "main.rs"].map(|name| src.join(name)).into_iter().find(|file| file.exists());
        read.load(vec![], entry.expect("a lib.rs or main.rs"), &src);
        read
    }

    /// Reads one file and its children, which are in `below`.
    fn load(&mut self, module: Module, file: PathBuf, below: &Path) {
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let source = Source::read(&text);
        for (name, path) in &source.modules {
            let child = [&module[..], std::slice::from_ref(name)].concat();
            match path {
                Some(path) => {
                    let file = file.with_file_name(path);
                    let below = file.parent().expect("a file has a folder").to_owned();
                    self.load(child, file, &below);
                }
                None => self.load(child, below.join(format!("{name}.rs")), &below.join(name)),
            }
        }
        self.files.insert(module, (file, source));
    }

    /// Every set of files that import each other in a circle, as text.
    fn circles(&self) -> Vec<String> {
        let imports: BTreeMap<&Module, BTreeSet<Module>> =
            self.files.iter().map(|(module, (_, source))| (module, self.imports(module, source))).collect();
        let reached: BTreeMap<&Module, BTreeSet<Module>> =
            imports.keys().map(|module| (*module, reached(module, &imports))).collect();
        let mut circles = BTreeMap::new();
        for (module, beyond) in &reached {
            let circle: Vec<&Module> = beyond.iter().filter(|other| reached[other].contains(*module)).collect();
            if let Some(first) = circle.first().copied() {
                circles.entry(first.clone()).or_insert(circle);
            }
        }
        let lines = circles.values().map(|circle| {
            circle.iter().map(|module| {
                let within = imports[module].iter().filter(|other| circle.contains(other));
                let within: Vec<String> = within.map(|other| self.file(other)).collect();
                format!("    {} imports {}", self.file(module), within.join(", "))
            })
        });
        lines.map(|lines| lines.collect::<Vec<_>>().join("\n")).collect()
    }

    /// The name of a module's file in the crate.
    fn file(&self, module: &Module) -> String {
        let (file, _) = &self.files[module];
        file.strip_prefix(&self.folder).unwrap_or(file).display().to_string()
    }

    fn imports(&self, module: &Module, source: &Source) -> BTreeSet<Module> {
        let found = source.paths.iter().filter_map(|path| self.defined_in(module, path, &mut BTreeSet::new()));
        found.filter(|other| other != module).collect()
    }

    /// The file that defines what `path` names in `module`. A module that only passes a name on is a front: it is looked through.
    fn defined_in(&self, module: &Module, path: &[String], through: &mut BTreeSet<Module>) -> Option<Module> {
        let (mut base, mut rest) = match path[0].as_str() {
            "crate" => (vec![], &path[1..]),
            "self" => (module.clone(), &path[1..]),
            "super" => {
                let climbed = path.iter().take_while(|word| *word == "super").count();
                (module[..module.len().checked_sub(climbed)?].to_vec(), &path[climbed..])
            }
            child if self.files.contains_key(&[&module[..], &[child.to_owned()]].concat()) => (module.clone(), path),
            _ => return None,
        };
        while let Some(child) = rest.first().map(|name| [&base[..], std::slice::from_ref(name)].concat()) {
            if !self.files.contains_key(&child) {
                break;
            }
            (base, rest) = (child, &rest[1..]);
        }
        let Some((name, further)) = rest.split_first() else { return Some(base) };
        let front = self.files[&base].1.passed_on.get(name);
        match front.filter(|_| through.insert([&base[..], std::slice::from_ref(name)].concat())) {
            Some(origin) => self.defined_in(&base, &[&origin[..], further].concat(), through).or(Some(base)),
            None => Some(base),
        }
    }
}

/// Everything that is imported from `start` on, directly or through others.
fn reached(start: &Module, imports: &BTreeMap<&Module, BTreeSet<Module>>) -> BTreeSet<Module> {
    let (mut reached, mut open) = (BTreeSet::new(), vec![start]);
    while let Some(module) = open.pop() {
        open.extend(imports[module].iter().filter(|next| reached.insert((*next).clone())));
    }
    reached
}

/// Writes a crate of these files and looks for its circles.
fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let file = folder.path().join("src").join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("the folder is made");
        fs::write(file, text).expect("the file is written");
    }
    Crate::read(folder.path()).circles()
}

#[test]
fn a_circle_is_found_and_its_files_are_named() {
    let circles = circles_of(&[
        ("lib.rs", "//! A crate.\nmod order;\nmod stock;\nmod money;\npub use order::Order;\n"),
        ("order.rs", "use crate::{money::Money, stock::{self, Stock as Held,},};\nmod line;\npub struct Order;\n"),
        ("order/line.rs", "fn of() -> crate::money::Money { todo!(\"stock::x\") } // super::Order\n"),
        ("stock.rs", "pub(crate) struct Stock;\nimpl Stock { fn of(_: &crate::Order) {} }\n"),
        ("money.rs", "pub struct Money;\n"),
    ]);
    let order = "    src/order.rs imports src/stock.rs";
    let stock = "    src/stock.rs imports src/order.rs";
    assert_eq!(circles, [format!("{order}\n{stock}")]);
}

#[test]
fn a_child_that_needs_its_parent_and_is_needed_by_it_is_a_circle() {
    let circles = circles_of(&[
        ("main.rs", "mod order;\nfn main() { order::place() }\n"),
        ("order.rs", "mod line;\npub(crate) const MOST: u8 = 9;\npub(crate) fn place() { line::add() }\n"),
        ("order/line.rs", "use super::MOST;\npub(super) fn add() -> u8 { MOST }\n"),
    ]);
    let (order, line) = ("src/order.rs", "src/order/line.rs");
    assert_eq!(circles, [format!("    {order} imports {line}\n    {line} imports {order}")]);
}

#[test]
fn a_front_and_what_only_tests_import_make_no_circle() {
    let circles = circles_of(&[
        ("lib.rs", "mod order;\nmod stock;\n#[cfg(test)]\nmod testing;\npub use order::Line;\n"),
        (
            "order.rs",
            "mod line;\nmod total;\npub use line::Line;\n#[cfg(test)]\nmod tests { use crate::stock::Stock; }\n",
        ),
        ("order/line.rs", "pub struct Line; mod part { use super::Line; }\n"),
        ("order/total.rs", "use super::Line;\n"),
        ("stock.rs", "use crate::{\n    order::Line,\n};\npub struct Stock;\n"),
        ("testing.rs", "use crate::{order, stock};\n"),
    ]);
    assert_eq!(circles, Vec::<String>::new());
}
