//! Where values come from: the command line and environment (through clap), then the TOML file, then the default.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, parser::ValueSource};

use super::{
    ConfigError,
    settings::{SETTINGS, Setting},
};

/// What was given on the command line and in the environment, unread.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given {
    /// By setting: the text and where it stood.
    texts: BTreeMap<&'static str, Text>,
    file: Option<PathBuf>,
}

#[derive(Debug, Clone)]
struct Text {
    text: String,
    origin: String,
}

impl Given {
    /// Replaces what was given for a setting; `demo` and tests choose some themselves.
    pub(crate) fn set(&mut self, name: &'static str, text: impl Into<String>) {
        self.texts.insert(name, Text { text: text.into(), origin: format!("--{name}") });
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
}

impl Values {
    pub(super) fn collect(given: &Given) -> Result<Values, ConfigError> {
        let mut values = Values { texts: BTreeMap::new(), problems: vec![] };
        for setting in SETTINGS {
            if let Some(default) = setting.default {
                let origin = format!("default of --{}", setting.name);
                values.texts.insert(setting.name, Text { text: default.to_owned(), origin });
            }
        }
        if let Some(path) = &given.file {
            values.read_file(path)?;
        }
        values.texts.extend(given.texts.clone());
        Ok(values)
    }

    /// The problems found so far.
    pub(super) fn problems(self) -> Vec<String> {
        self.problems
    }

    /// A setting that has a default.
    pub(super) fn read<T>(&mut self, name: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.read_optional(name, parse).flatten()
    }

    /// A setting that may be absent: `Some(None)`. `None` when it cannot be read.
    pub(super) fn read_optional<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        let Some(Text { text, origin }) = self.texts.get(name) else { return Some(None) };
        // A variable that a script forgot to fill must not stand for the default: a fresh log, for one.
        if text.trim().is_empty() {
            self.problems.push(format!("{origin}: is empty; give it a value, or leave it out altogether"));
            return None;
        }
        match parse(text) {
            Ok(value) => Some(Some(value)),
            Err(problem) => {
                self.problems.push(format!("{origin}: `{text}` cannot be used: {problem}"));
                None
            }
        }
    }

    fn read_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let fail = |what: String| ConfigError(vec![format!("{}: {what}", path.display())]);
        let text = std::fs::read_to_string(path).map_err(|error| fail(format!("cannot be read: {error}")))?;
        let table: toml::Table = toml::from_str(&text).map_err(|error| fail(error.to_string()))?;
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
            self.texts.insert(setting.name, Text { text, origin: format!("{key} in {}", path.display()) });
        }
        Ok(())
    }
}

/// `; did you mean …?` when a name is close to one that exists.
fn suggestion(key: &str) -> String {
    /// Below this similarity a suggestion would only confuse.
    const SIMILAR: f64 = 0.8;
    SETTINGS
        .iter()
        .map(|setting| (strsim::jaro_winkler(key, setting.name), setting.name))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
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

impl Args for Given {
    fn augment_args(command: Command) -> Command {
        let file = Arg::new("config")
            .long("config")
            .env("ORDERLOG_CONFIG")
            .value_name("FILE")
            .help("A TOML file with settings, one per line, named like the flags: currency = \"INR\"")
            .value_parser(clap::value_parser!(PathBuf))
            .global(true);
        command.arg(file).args(SETTINGS.iter().map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Given::augment_args(command)
    }
}

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Given, clap::Error> {
        let mut given = Given { texts: BTreeMap::new(), file: matches.get_one::<PathBuf>("config").cloned() };
        for setting in SETTINGS {
            let text = matches.get_one::<String>(setting.name);
            let origin = match matches.value_source(setting.name) {
                Some(ValueSource::EnvVariable) => setting.variable(),
                _ => format!("--{}", setting.name),
            };
            if let Some(text) = text {
                given.texts.insert(setting.name, Text { text: text.clone(), origin });
            }
        }
        Ok(given)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Given::from_arg_matches(matches)?;
        Ok(())
    }
}
