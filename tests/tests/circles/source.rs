//! The relations of one file of Rust to others: the modules it declares and the paths it names, without the tests in
//! the file.

use std::{collections::BTreeMap, iter::Peekable, str::Chars};

/// A path as written, such as `["crate", "money", "Money"]`.
pub(crate) type Path = Vec<String>;

/// The relations of a file to others.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// `mod name;`, with the file that a `#[path]` names.
    pub(crate) modules: Vec<(String, Option<String>)>,
    /// Every path that it imports or names in its code.
    pub(crate) paths: Vec<Path>,
    /// Names that it passes on with `pub use`, and where they come from.
    pub(crate) passed_on: BTreeMap<String, Path>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
    /// `::`
    Colons,
}

impl Source {
    /// Reads a file. What does not compile is not understood.
    pub(crate) fn read(text: &str) -> Source {
        let tokens = tokens(text);
        let mut source = Source::default();
        let mut at = 0;
        let (mut attributes, mut public, mut depth, mut inline) = (vec![], false, 0_usize, vec![]);
        while let Some(token) = tokens.get(at) {
            let begins_path = at == 0 || tokens[at - 1] != Token::Colons;
            match token {
                Token::Sign('#') if tokens.get(at + 1) == Some(&Token::Sign('[')) => {
                    let end = closing(&tokens, at + 1);
                    let attribute = &tokens[at + 2..end];
                    source.paths.extend(named_in(attribute).map(|path| from_file(path, inline.len())));
                    attributes.push(attribute);
                    at = end + 1;
                    continue;
                }
                Token::Word(word) if word == "pub" => {
                    public = true;
                    let scope = tokens.get(at + 1) == Some(&Token::Sign('('));
                    at = if scope { closing(&tokens, at + 1) + 1 } else { at + 1 };
                    continue;
                }
                Token::Word(word) if word == "mod" && matches!(tokens.get(at + 1), Some(Token::Word(_))) => {
                    let Token::Word(name) = &tokens[at + 1] else { unreachable!("a word was seen") };
                    let of_tests = attributes.iter().any(|a| **a == *words(&["cfg", "(", "test", ")"]));
                    let is_inline = tokens.get(at + 2) == Some(&Token::Sign('{'));
                    if of_tests {
                        at = if is_inline { closing(&tokens, at + 2) } else { at + 2 };
                    } else if is_inline {
                        inline.push(depth);
                    } else {
                        source.modules.push((name.clone(), attributes.iter().find_map(|a| path_attribute(a))));
                    }
                    at += if of_tests || !is_inline { 1 } else { 2 };
                }
                // Not the `use<'a>` of a type.
                Token::Word(word) if word == "use" && tokens.get(at + 1) != Some(&Token::Sign('<')) => {
                    let end = (at..tokens.len()).find(|&i| tokens[i] == Token::Sign(';')).unwrap_or(tokens.len());
                    for (name, path) in use_tree(&[], &tokens[at + 1..end]) {
                        let path = from_file(path, inline.len());
                        match public {
                            true => _ = source.passed_on.insert(name, path),
                            false => source.paths.push(path),
                        }
                    }
                    at = end;
                }
                Token::Word(_) if begins_path && tokens.get(at + 1) == Some(&Token::Colons) => {
                    let path = path_at(&tokens[at..]);
                    at += 2 * (path.len() - 1);
                    source.paths.push(from_file(path, inline.len()));
                }
                Token::Sign('{') => depth += 1,
                Token::Sign('}') => {
                    depth = depth.saturating_sub(1);
                    inline.pop_if(|opened| *opened == depth);
                }
                _ => {}
            }
            (attributes, public) = (vec![], false);
            at += 1;
        }
        source
    }
}

/// `super` inside of inline modules, as the file itself would write it.
fn from_file(mut path: Path, mut inline: usize) -> Path {
    while inline > 0 && path.first().is_some_and(|first| first == "super") {
        path[0] = "self".to_owned();
        if path.get(1).is_some_and(|second| second == "super") {
            path.remove(0);
        }
        inline -= 1;
    }
    path
}

/// Paths in an attribute, also as text: `#[serde(with = "crate::money::decimal_string")]`.
fn named_in(attribute: &[Token]) -> impl Iterator<Item = Path> {
    let paths = attribute.iter().enumerate().map(|(at, token)| match token {
        Token::Text(text) => path_at(&tokens(text)),
        Token::Word(_) if at == 0 || attribute[at - 1] != Token::Colons => path_at(&attribute[at..]),
        _ => vec![],
    });
    paths.filter(|path| path.len() > 1)
}

/// `path = "…"`
fn path_attribute(attribute: &[Token]) -> Option<String> {
    match attribute {
        [Token::Word(name), Token::Sign('='), Token::Text(path)] if name == "path" => Some(path.clone()),
        _ => None,
    }
}

/// Where the bracket that opens at `open` closes.
fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Sign('{' | '[' | '(') => depth += 1,
            Token::Sign('}' | ']' | ')') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    tokens.len()
}

/// The words of the path that begins here.
fn path_at(tokens: &[Token]) -> Path {
    let mut path = vec![];
    for pair in tokens.chunks(2) {
        let Token::Word(word) = &pair[0] else { break };
        path.push(word.clone());
        if pair.get(1) != Some(&Token::Colons) {
            break;
        }
    }
    path
}

/// The paths of a `use`, each with the name that it gets.
fn use_tree(prefix: &[String], tokens: &[Token]) -> Vec<(String, Path)> {
    let (mut found, mut depth, mut begin) = (vec![], 0_usize, 0);
    for at in 0..=tokens.len() {
        match tokens.get(at) {
            Some(Token::Sign('{')) => depth += 1,
            Some(Token::Sign('}')) => depth -= 1,
            Some(Token::Sign(',')) | None if depth == 0 => {
                found.extend(use_branch(prefix, &tokens[begin..at]));
                begin = at + 1;
            }
            _ => {}
        }
    }
    found
}

fn use_branch(prefix: &[String], tokens: &[Token]) -> Vec<(String, Path)> {
    if tokens.is_empty() {
        return vec![]; // after the last comma
    }
    let mut path = prefix.to_vec();
    let mut name = None;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Sign('{') => return use_tree(&path, &tokens[at + 1..closing(tokens, at)]),
            Token::Sign('*') => path.push("*".to_owned()),
            Token::Word(word) if word == "as" => {
                name = match tokens.get(at + 1) {
                    Some(Token::Word(name)) => Some(name.clone()),
                    _ => None,
                };
                break;
            }
            Token::Word(word) => path.push(word.clone()),
            _ => {}
        }
    }
    // `use a::{self}` names `a`.
    if path.len() > 1 {
        path.pop_if(|last| last == "self");
    }
    let name = name.or_else(|| path.last().cloned());
    name.map(|name| (name, path)).into_iter().collect()
}

fn words(signs: &[&str]) -> Vec<Token> {
    signs.iter().flat_map(|sign| tokens(sign)).collect()
}

/// The file without its comments.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = vec![];
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '/' if rest.peek() == Some(&'/') => while rest.next_if(|c| *c != '\n').is_some() {},
            '"' => tokens.push(Token::Text(string(&mut rest))),
            'r' if matches!(rest.peek(), Some('"' | '#')) => raw_string(&mut rest),
            '\'' => lifetime_or_char(&mut rest),
            ':' if rest.next_if_eq(&':').is_some() => tokens.push(Token::Colons),
            c if c.is_alphanumeric() || c == '_' => {
                let mut word = c.to_string();
                while let Some(next) = rest.next_if(|c| c.is_alphanumeric() || *c == '_') {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
            c if c.is_whitespace() => {}
            c => tokens.push(Token::Sign(c)),
        }
    }
    tokens
}

fn string(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(c) = rest.next() {
        match c {
            '"' => break,
            '\\' => _ = rest.next(),
            c => text.push(c),
        }
    }
    text
}

/// `r"…"`, `r#"…"#`
fn raw_string(rest: &mut Peekable<Chars<'_>>) {
    let mut fence = 0;
    while rest.next_if_eq(&'#').is_some() {
        fence += 1;
    }
    if rest.next_if_eq(&'"').is_none() {
        return; // `r#type`
    }
    let mut seen = None;
    for c in rest.by_ref() {
        seen = match (c, seen) {
            ('"', _) => Some(0),
            ('#', Some(count)) => Some(count + 1),
            _ => None,
        };
        if seen == Some(fence) {
            break;
        }
    }
}

/// `'a` or `'a'`: neither matters, but a quote in a `'"'` must not begin a text.
fn lifetime_or_char(rest: &mut Peekable<Chars<'_>>) {
    if rest.next_if_eq(&'\\').is_some() {
        rest.next();
        while rest.next().is_some_and(|c| c != '\'') {}
        return;
    }
    let first = rest.next();
    if rest.next_if_eq(&'\'').is_none() && first.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        while rest.next_if(|c| c.is_alphanumeric() || *c == '_').is_some() {}
    }
}
