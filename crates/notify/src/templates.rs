//! The words and the layout of messages: templates in files of the operator, and built-in ones where there are none.
//!
//! Only who may write files on the server words messages: no tool and no page does. A text that somebody typed is a value of a
//! template, and never one.

mod engine;
mod examples;
mod files;
mod form;
mod values;
mod voice;

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use chrono::{DateTime, Utc};
use minijinja::value::Value;
use orderlog_domain::decide::Shop;

use self::{
    engine::{Engine, Problem},
    files::Set,
    values::values,
};
pub(crate) use self::{form::Form, voice::Voice};
use crate::content::Content;

/// Problems that are told at once.
const PROBLEMS: usize = 5;
/// What to do about any of them.
const ADVICE: &str =
    "docs/NOTIFICATIONS.md lists what a template can name; `orderlog notifications templates` shows each message";

/// Every set of templates, as it was read.
#[derive(Debug, Clone)]
pub struct Templates {
    files: Arc<(Set, BTreeMap<String, Set>)>,
}

impl Default for Templates {
    fn default() -> Self {
        Templates { files: Arc::new((files::built_in(), BTreeMap::new())) }
    }
}

impl Templates {
    /// Reads the operator's folder, and tries every template with an example of every message.
    ///
    /// # Errors
    /// Says file, line, and what to do.
    pub fn read(folder: &Path) -> Result<Templates, String> {
        let templates = Templates { files: Arc::new(files::read(folder)?) };
        let shop = Shop::default();
        let wording = Wording::new(&templates, Voice::of(&shop, None)).map_err(|problems| in_words(&problems))?;
        let problems = wording.problems(&examples::all(&shop));
        if problems.is_empty() { Ok(templates) } else { Err(in_words(&problems)) }
    }

    /// Names of the sets that a rule or a target may ask for.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.files.1.keys().cloned().collect()
    }

    /// Each set, its files, and where each file came from.
    #[must_use]
    pub fn described(&self) -> Vec<[String; 3]> {
        let rows = |name: &str, set: &Set| -> Vec<[String; 3]> {
            set.iter().map(|(file, source)| [name.to_owned(), file.clone(), source.place.clone()]).collect()
        };
        let (common, named) = &*self.files;
        let named = named.iter().flat_map(|(name, set)| rows(name, set));
        rows("every message", common).into_iter().chain(named).collect()
    }

    /// Every message from an example, as a set words it in the shop's way of writing: its kind, the file, and the text.
    ///
    /// # Errors
    /// When there is no such set or file, or a template cannot be rendered.
    pub fn preview(
        &self,
        set: Option<&str>,
        file: Option<&str>,
        shop: &Shop,
        shop_name: Option<&str>,
    ) -> Result<Vec<[String; 3]>, String> {
        let wording = Wording::new(self, Voice::of(shop, shop_name)).map_err(|problems| in_words(&problems))?;
        let engine = match set {
            None => &wording.common,
            Some(name) => wording.named.get(name).ok_or_else(|| {
                let known = if wording.named.is_empty() { "none".to_owned() } else { self.names().join(", ") };
                format!("there is no set of templates `{name}`; there are: {known}")
            })?,
        };
        let forms: Vec<Form> =
            Form::ALL.into_iter().filter(|form| file.is_none_or(|file| file == form.file())).collect();
        if forms.is_empty() {
            return Err(format!("there is no message of this name; there are {}", files::known()));
        }
        let mut shown = vec![];
        for content in examples::full(shop) {
            let values = values(&content, &wording.voice.shop, "john", examples::moment());
            for form in &forms {
                let text = engine.render(*form, &values).map_err(|problem| in_words(&[problem]))?;
                shown.push([content.kind.clone(), form.file().to_owned(), text]);
            }
        }
        Ok(shown)
    }

    /// Writes the built-in ones into a folder, for somebody who wants other words. Leaves out what is there.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write_built_in(folder: &Path) -> Result<Vec<String>, String> {
        let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
        fs::create_dir_all(folder).map_err(failed)?;
        let mut written = vec![];
        for form in Form::ALL {
            let path = folder.join(form.file());
            if !path.exists() {
                fs::write(&path, form.built_in()).map_err(failed)?;
                written.push(path.display().to_string());
            }
        }
        Ok(written)
    }
}

pub(crate) fn in_words(problems: &[Problem]) -> String {
    let mut told: Vec<String> =
        problems.iter().take(PROBLEMS).map(|problem| format!("{}: {}", problem.place, problem.what)).collect();
    if problems.len() > PROBLEMS {
        told.push(format!("and {} more", problems.len() - PROBLEMS));
    }
    format!("{} ({ADVICE})", told.join("; "))
}

/// All sets, ready to be rendered in the shop's way of writing.
pub(crate) struct Wording {
    voice: Voice,
    built_in: Engine,
    /// What every message has that asks for no set.
    common: Engine,
    named: BTreeMap<String, Engine>,
}

impl Wording {
    /// # Errors
    /// With each template that cannot be read.
    pub(crate) fn new(templates: &Templates, voice: Voice) -> Result<Wording, Vec<Problem>> {
        let (common, named) = &*templates.files;
        let mut problems = vec![];
        let mut engine = |set: &Set| match Engine::new(set, &voice) {
            Ok(engine) => Some(engine),
            Err(found) => {
                for problem in found {
                    if !problems.contains(&problem) {
                        problems.push(problem);
                    }
                }
                None
            }
        };
        let built_in = engine(&files::built_in());
        let common = engine(common);
        let named: BTreeMap<String, Engine> =
            named.iter().filter_map(|(name, set)| Some((name.clone(), engine(set)?))).collect();
        match (built_in, common) {
            (Some(built_in), Some(common)) if problems.is_empty() => Ok(Wording { voice, built_in, common, named }),
            _ => Err(problems),
        }
    }

    /// The words of a message in these forms. A template that fails, or that is not there any more, loses no message: the
    /// built-in words go out, and the operator is told. `of_target` is the set that its target asks for.
    pub(crate) fn words<const N: usize>(
        &self,
        forms: [Form; N],
        target: &str,
        of_target: Option<&str>,
        content: &Content,
        now: DateTime<Utc>,
    ) -> [String; N] {
        let values = values(content, &self.voice.shop, target, now);
        let chosen = content.template.as_deref().or(of_target);
        let lost = |template: &str| {
            failed();
            tracing::warn!(target, template, "there is no such set of templates any more; the common words are sent");
            &self.common
        };
        let engine = match chosen {
            Some(name) => self.named.get(name).unwrap_or_else(|| lost(name)),
            None => &self.common,
        };
        let rendered = all(engine, forms, &values).or_else(|Problem { place, kind, .. }| {
            failed();
            let message = &content.kind;
            tracing::error!(place, kind, message, "a template failed; the built-in words are sent instead");
            all(&self.built_in, forms, &values)
        });
        // The built-in ones are tried by a test with every message; what a shop could make of them loses no message either.
        rendered.unwrap_or_else(|_| forms.map(|form| form.markup().escaped(&content.text).into_owned()))
    }

    /// What goes wrong with these messages, each problem once.
    fn problems(&self, messages: &[Content]) -> Vec<Problem> {
        let mut problems: Vec<Problem> = vec![];
        for content in messages {
            let values = values(content, &self.voice.shop, "john", examples::moment());
            for engine in std::iter::once(&self.common).chain(self.named.values()) {
                for problem in Form::ALL.into_iter().filter_map(|form| engine.render(form, &values).err()) {
                    if !problems.iter().any(|known| known.place == problem.place) {
                        let what = format!("{} (in the message {})", problem.what, content.kind);
                        problems.push(Problem { what, ..problem });
                    }
                }
            }
        }
        problems
    }
}

fn all<const N: usize>(engine: &Engine, forms: [Form; N], values: &Value) -> Result<[String; N], Problem> {
    let mut rendered = forms.map(|_| String::new());
    for (text, form) in rendered.iter_mut().zip(forms) {
        *text = engine.render(form, values)?;
    }
    Ok(rendered)
}

fn failed() {
    metrics::counter!("orderlog_notification_templates_failed_total").increment(1);
}

#[cfg(test)]
mod tests;
