//! Sources of values: the command line and environment (through clap), then the TOML file, then the default.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, parser::ValueSource};

use super::{
    error::ConfigError,
    redacted::redacted,
    settings::{SETTINGS, Setting},
};

/// The environment variable with the name of a configuration file.
const FILE_VARIABLE: &str = "ORDERLOG_CONFIG";
/// The ending of a variable that names a file with the setting: for a secret that is mounted, not typed.
const IN_A_FILE: &str = "_FILE";

/// Names of settings and their values, each in one spelling only.
pub(crate) type Texts = BTreeMap<String, String>;

/// The values from the command line and the environment, not yet read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given {
    /// The text of each setting and its origin.
    texts: BTreeMap<&'static str, Text>,
    file: Option<PathBuf>,
    problems: Vec<String>,
    warnings: Vec<String>,
}

#[derive(Debug, Clone)]
struct Text {
    text: String,
    origin: String,
    /// Whether the value was given, and is not the default.
    given: bool,
}

impl Text {
    fn given(text: impl Into<String>, origin: impl Into<String>) -> Text {
        Text { text: text.into(), origin: origin.into(), given: true }
    }
}

/// A setting with its present value, in a form that may be printed.
pub(crate) struct Effective {
    pub(crate) setting: &'static Setting,
    pub(crate) value: Option<String>,
    /// `--currency`, `ORDERLOG_CURRENCY`, `currency in orderlog.toml`, `default of --currency`.
    pub(crate) origin: Option<String>,
}

impl Given {
    /// Replaces the given value of a setting; `demo` and tests set some.
    pub(crate) fn set(&mut self, name: &'static str, text: impl Into<String>) {
        self.texts.insert(name, Text::given(text, format!("--{name}")));
    }

    /// Every setting with its origin, without secrets.
    ///
    /// # Errors
    /// Lists what cannot be read.
    pub(crate) fn effective(&self) -> Result<Vec<Effective>, ConfigError> {
        let values = Values::collect(self)?;
        let effective = |setting: &'static Setting| {
            let text = values.texts.get(setting.name);
            let value = text.map(|text| shown(setting.name, &text.text));
            Effective { setting, value, origin: text.map(|text| text.origin.clone()) }
        };
        Ok(SETTINGS.iter().map(effective).collect())
    }

    /// Reads the files that variables such as `ORDERLOG_DATABASE_URL_FILE` name, and notes unknown variables.
    fn read_environment(&mut self, variables: impl Iterator<Item = (String, String)>) {
        let mut strangers = vec![];
        for (variable, value) in variables.filter(|(name, _)| name.starts_with("ORDERLOG_")) {
            let of_setting = |name: &str| SETTINGS.iter().find(|setting| setting.variable() == name);
            if variable == FILE_VARIABLE || of_setting(&variable).is_some() {
                continue;
            }
            if let Some(setting) = variable.strip_suffix(IN_A_FILE).and_then(of_setting) {
                match std::fs::read_to_string(&value) {
                    Err(error) => self.problems.push(format!("{variable}: {value} cannot be read: {error}")),
                    Ok(_) if self.texts.get(setting.name).is_some_and(|text| text.origin == setting.variable()) => {
                        let name = setting.variable();
                        self.problems.push(format!("{name} and {variable} are both set; leave one of them out"));
                    }
                    Ok(text) => {
                        self.texts.entry(setting.name).or_insert_with(|| Text::given(text.trim(), &variable));
                    }
                }
                continue;
            }
            let names: Vec<String> = SETTINGS.iter().map(Setting::variable).collect();
            match nearest(&variable, names.iter().map(String::as_str)) {
                Some(near) => {
                    self.problems.push(format!("{variable}: there is no such setting; did you mean `{near}`?"))
                }
                None => strangers.push(variable),
            }
        }
        if !strangers.is_empty() {
            self.warnings.push(format!("no settings, and not read: {}", strangers.join(", ")));
        }
    }

    #[cfg(test)]
    pub(crate) fn of(pairs: &[(&'static str, &str)]) -> Given {
        let mut given = Given::default();
        pairs.iter().for_each(|(name, text)| given.set(name, *text));
        given
    }

    #[cfg(test)]
    pub(crate) fn with_file(mut self, file: &Path) -> Given {
        self.file = Some(file.to_owned());
        self
    }
}

/// Every setting as text with its origin, and the problems found while reading them.
pub(super) struct Values {
    texts: BTreeMap<&'static str, Text>,
    problems: Vec<String>,
    warnings: Vec<String>,
}

impl Values {
    pub(super) fn collect(given: &Given) -> Result<Values, ConfigError> {
        let (problems, warnings) = (given.problems.clone(), given.warnings.clone());
        let mut values = Values { texts: BTreeMap::new(), problems, warnings };
        for setting in SETTINGS {
            if let Some(default) = setting.default {
                let origin = format!("default of --{}", setting.name);
                values.texts.insert(setting.name, Text { text: default.to_owned(), origin, given: false });
            }
        }
        if let Some(path) = &given.file {
            values.read_file(path)?;
        }
        values.texts.extend(given.texts.clone());
        Ok(values)
    }

    /// The settings among these that this release knows.
    pub(super) fn of(texts: &Texts, origin: &str) -> Values {
        let known = SETTINGS.iter().filter_map(|setting| Some((setting.name, texts.get(setting.name)?)));
        let texts = known.map(|(name, text)| (name, Text::given(text, format!("{name} in {origin}")))).collect();
        Values { texts, problems: vec![], warnings: vec![] }
    }

    /// The given values and their origins.
    pub(super) fn given(&self) -> BTreeMap<&'static str, String> {
        let given = self.texts.iter().filter(|(_, text)| text.given);
        given.map(|(name, text)| (*name, text.origin.clone())).collect()
    }

    /// Whether a setting was given.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.texts.get(name).is_some_and(|text| text.given)
    }

    /// Adds a problem that concerns several settings.
    pub(super) fn problem(&mut self, problem: impl Into<String>) {
        self.problems.push(problem.into());
    }

    /// Warnings for the operator.
    pub(super) fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }

    /// The problems found so far.
    pub(super) fn problems(self) -> Vec<String> {
        self.problems
    }

    /// A setting that has a default.
    pub(super) fn read<T>(&mut self, name: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.read_optional(name, parse).flatten()
    }

    /// A setting that may be absent: then `Some(None)`. `None` if it cannot be read.
    pub(super) fn read_optional<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        let Some(Text { text, origin, .. }) = self.texts.get(name) else { return Some(None) };
        // A variable that a script forgot to fill must not mean the default, for example a new log.
        if text.trim().is_empty() {
            self.problems.push(format!("{origin}: is empty; give it a value, or leave it out altogether"));
            return None;
        }
        match parse(text) {
            Ok(value) => Some(Some(value)),
            Err(problem) => {
                self.problems.push(format!("{origin}: `{}` cannot be used: {problem}", shown(name, text)));
                None
            }
        }
    }

    fn read_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let fail = |what: String| ConfigError(vec![format!("{}: {what}", path.display())]);
        let text = std::fs::read_to_string(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
        let table: toml::Table = toml::from_str(&text).map_err(|error| fail(no_toml(&text, &error)))?;
        for (key, value) in table {
            let Some(setting) = SETTINGS.iter().find(|setting| setting.name == key) else {
                self.problems.push(format!("{}: there is no setting `{key}`{}", path.display(), suggestion(&key)));
                continue;
            };
            let text = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(truth) => truth.to_string(),
                toml::Value::Datetime(time) => time.to_string(),
                other => {
                    let kind = other.type_str();
                    self.problems.push(format!("{}: `{key}` must be a text, not {kind}", path.display()));
                    continue;
                }
            };
            self.texts.insert(setting.name, Text::given(text, format!("{key} in {}", path.display())));
        }
        Ok(())
    }
}

/// Where and why a file is not TOML. The line itself is not repeated: it may contain a secret.
fn no_toml(text: &str, error: &toml::de::Error) -> String {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or_default();
    let (line, column) =
        (before.matches('\n').count() + 1, before.chars().rev().take_while(|c| *c != '\n').count() + 1);
    // The text that was read is not repeated either: only the first line of the message is the parser's own.
    let message = error.message().lines().next().unwrap_or_default();
    format!("line {line}, column {column}: {message}; write one setting a line, texts in quotes: currency = \"INR\"")
}

/// `; did you mean …?` if a name is similar to an existing one.
fn suggestion(key: &str) -> String {
    nearest(key, SETTINGS.iter().map(|setting| setting.name))
        .map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// The name that was probably meant.
pub(crate) fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    /// Below this similarity a suggestion would only confuse: edits for each letter.
    const SIMILAR: f64 = 0.8;
    let typed = typed.to_lowercase();
    names
        .map(|name| (strsim::normalized_damerau_levenshtein(&typed, &name.to_lowercase()), name))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// A setting's text in a form that may be printed.
fn shown(name: &str, text: &str) -> String {
    match name {
        "nats-password" | "nats-token" => "…".to_owned(),
        _ if name.ends_with("-url") => redacted(text),
        _ => text.to_owned(),
    }
}

fn argument(setting: &Setting) -> Arg {
    let default = setting.default.map_or_else(String::new, |text| format!(" [default: {text}]"));
    let argument = Arg::new(setting.name)
        .long(setting.name)
        .env(setting.variable())
        .value_name(setting.value)
        .help(format!("{}{default}", setting.help))
        .help_heading(format!("{} settings", setting.group))
        .hide_env_values(true)
        .hide_short_help(true)
        .action(ArgAction::Set)
        .global(true);
    if setting.is_switch() {
        argument.num_args(0..=1).require_equals(true).default_missing_value("true")
    } else {
        argument
    }
}

fn file_argument() -> Arg {
    Arg::new("config")
        .long("config")
        .env(FILE_VARIABLE)
        .value_name("FILE")
        .help("A TOML file with settings, one per line, named like the flags: currency = \"INR\"")
        .value_parser(clap::value_parser!(PathBuf))
        .global(true)
}

/// The settings that `foreign` selects, for a subcommand that does not use them: it accepts them, because they may be
/// in a file or a script for all subcommands, but its help does not show them.
pub(crate) fn hidden(foreign: impl Fn(&Setting) -> bool, file: bool) -> impl Iterator<Item = Arg> {
    let settings = SETTINGS.iter().filter(move |setting| foreign(setting)).map(argument);
    settings.chain(file.then(file_argument)).map(|argument| argument.hide(true))
}

impl Args for Given {
    fn augment_args(command: Command) -> Command {
        command.arg(file_argument()).args(SETTINGS.iter().map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Given::augment_args(command)
    }
}

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Given, clap::Error> {
        let mut given = Given { file: matches.get_one::<PathBuf>("config").cloned(), ..Given::default() };
        for setting in SETTINGS {
            let text = matches.get_one::<String>(setting.name);
            let origin = match matches.value_source(setting.name) {
                Some(ValueSource::EnvVariable) => setting.variable(),
                _ => format!("--{}", setting.name),
            };
            if let Some(text) = text {
                given.texts.insert(setting.name, Text::given(text, origin));
            }
        }
        let variables =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        given.read_environment(variables);
        Ok(given)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Given::from_arg_matches(matches)?;
        Ok(())
    }
}
