//! One set of templates, ready to be rendered: a file that the set lacks is that of the folder, or the one that is built in.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, Output, UndefinedBehavior,
    syntax::SyntaxConfig,
    value::{Value, ValueKind},
};

use super::{
    files::{BUILT_IN, Source},
    form::{Form, Markup},
    voice::Voice,
};

/// Work that one part of a message may take: instructions, and 64 bytes each of what is made. The built-in ones take under 2,000.
const FUEL: u64 = 50_000;
/// Bytes of one part of a message. An e-mail with a digest of 40 messages has about 8,000.
const OUTPUT_BYTES: usize = 100_000;
/// How deep includes, macros and loops may stand in each other.
const DEPTH: usize = 60;

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The file and the line.
    pub(crate) place: String,
    /// Without any value that was to be written.
    pub(crate) kind: String,
    /// All that is known; it may repeat a value.
    pub(crate) what: String,
}

/// A set that can be rendered.
pub(crate) struct Engine {
    by_markup: Vec<(Markup, Environment<'static>)>,
    /// Where each file came from.
    pub(crate) places: BTreeMap<String, String>,
}

impl Engine {
    /// # Errors
    /// With each file that cannot be read as a template.
    pub(super) fn new(sources: &BTreeMap<String, Source>, voice: &Voice) -> Result<Engine, Vec<Problem>> {
        let places: BTreeMap<String, String> =
            sources.iter().map(|(file, source)| (file.clone(), source.place.clone())).collect();
        let (mut by_markup, mut problems) = (vec![], vec![]);
        for markup in Markup::ALL {
            let mut engine = environment(markup, voice);
            for (file, source) in sources {
                let is_its = match Form::ALL.into_iter().find(|form| form.file() == file) {
                    Some(form) => form.markup() == markup,
                    None => file.ends_with(markup.ending()),
                };
                if is_its && let Err(error) = engine.add_template_owned(file.clone(), source.text.clone()) {
                    let problem = problem(&places, &error);
                    if !problems.contains(&problem) {
                        problems.push(problem);
                    }
                }
            }
            by_markup.push((markup, engine));
        }
        if problems.is_empty() { Ok(Engine { by_markup, places }) } else { Err(problems) }
    }

    pub(super) fn render(&self, form: Form, values: &Value) -> Result<String, Problem> {
        let of = |error: &Error| problem(&self.places, error);
        let engine = self.by_markup.iter().find(|(markup, _)| *markup == form.markup()).map(|(_, engine)| engine);
        let mut text = Bounded(vec![]);
        let template = engine.ok_or_else(|| Error::from(ErrorKind::TemplateNotFound));
        template
            .and_then(|engine| engine.get_template(form.file()))
            .and_then(|template| template.render_captured_to(values.clone(), &mut text).map(drop))
            .map_err(|error| of(&error))?;
        let mut text = String::from_utf8_lossy(&text.0).into_owned();
        if form.ends_with_text() {
            text.truncate(text.trim_end().len());
        }
        if text.trim().is_empty() && !form.may_be_blank() {
            let place = self.places.get(form.file()).cloned().unwrap_or_default();
            let what = "nothing is written for this message".to_owned();
            return Err(Problem { place, kind: what.clone(), what });
        }
        Ok(text)
    }
}

fn environment(markup: Markup, voice: &Voice) -> Environment<'static> {
    let mut engine = Environment::new();
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    if let Ok(syntax) = syntax {
        engine.set_syntax(syntax);
    }
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_debug(true);
    engine.set_fuel(Some(FUEL));
    engine.set_recursion_limit(DEPTH);
    // What a macro or a block made is escaped already, and marked so; nothing else can be marked.
    engine.remove_filter("safe");
    engine.set_auto_escape_callback(move |_| match markup {
        Markup::None => AutoEscape::None,
        Markup::Html => AutoEscape::Html,
        Markup::Slack | Markup::Chat => AutoEscape::Custom("orderlog".into()),
    });
    engine.set_formatter(move |output, _, value| write(markup, output, value));
    voice.teach(&mut engine);
    engine
}

/// Writes one value. It looks at the kind of file alone: no block of a template turns the escaping off.
fn write(markup: Markup, output: &mut Output<'_>, value: &Value) -> Result<(), Error> {
    match value.kind() {
        // An `if` without `else`: everything else that is undefined was refused before.
        ValueKind::Undefined => Ok(()),
        ValueKind::None => {
            let what = "there is nothing to write here in this message; ask with `if` first";
            Err(Error::new(ErrorKind::InvalidOperation, what))
        }
        ValueKind::Bool | ValueKind::Number | ValueKind::String => {
            let text = value.to_string();
            let written = if value.is_safe() { text } else { markup.escaped(&text).into_owned() };
            Ok(output.write_str(&written)?)
        }
        _ => {
            let what = "this has parts; name the part to write, or use a filter such as `money`";
            Err(Error::new(ErrorKind::InvalidOperation, what))
        }
    }
}

fn problem(places: &BTreeMap<String, String>, error: &Error) -> Problem {
    let file = error.name().unwrap_or_default();
    let place = places.get(file).map_or(BUILT_IN, String::as_str);
    let line = error.line().map(|line| format!(", line {line}")).unwrap_or_default();
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    let beneath = std::error::Error::source(error).map(|beneath| format!(" ({beneath})")).unwrap_or_default();
    // The name of what is undefined is the template's; every other detail may be a value.
    let named = if error.kind() == ErrorKind::UndefinedError { detail.as_str() } else { "" };
    Problem {
        place: format!("{place}{line}"),
        kind: format!("{}{named}", error.kind()),
        what: format!("{}{detail}{beneath}", error.kind()),
    }
}

/// Takes no more than a message may have.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > OUTPUT_BYTES {
            return Err(io::Error::other(format!("it has more than {OUTPUT_BYTES} bytes")));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
