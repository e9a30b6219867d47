//! The settings of a language model, read together: an address is of no use without a model's name.

use std::sync::Arc;

use orderlog_assistant::LanguageModel;

use super::sources::Values;

impl Values {
    /// `Some(None)` if no model is set up; `None` if a value cannot be read.
    pub(super) fn read_language_model(&mut self) -> Option<Option<Arc<LanguageModel>>> {
        let text = |text: &str| Ok(text.to_owned());
        let url = self.read_optional("language-model-url", text);
        let name = self.read_optional("language-model", super::readers::name);
        let key = self.read_optional("language-model-key-file", |path| {
            std::fs::read_to_string(path).map(|key| key.trim().to_owned()).map_err(|error| error.to_string())
        });
        let an_hour = self.read("language-model-sentences-per-hour", super::readers::limit);
        match (url?, name?, key?) {
            (None, None, None) => an_hour.map(|_| None),
            (Some(url), Some(name), key) => match LanguageModel::new(&url, &name, key, an_hour?) {
                Ok(model) => Some(Some(Arc::new(model))),
                Err(fault) => {
                    self.problem(format!("language model: {fault}"));
                    None
                }
            },
            _ => {
                self.problem(
                    "--language-model-url and --language-model belong together; --language-model-key-file needs both",
                );
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, ConfigError, Given};

    const URL: (&str, &str) = ("language-model-url", "https://models.example/v1/chat/completions");
    const NAME: (&str, &str) = ("language-model", "small");

    fn load(pairs: &[(&'static str, &str)]) -> Result<Config, ConfigError> {
        Config::load(&Given::of(pairs))
    }

    #[test]
    fn no_model_is_asked_unless_one_is_named() {
        assert!(load(&[]).unwrap().language_model.is_none());
        let config = load(&[URL, NAME]).unwrap();
        assert_eq!(config.language_model.unwrap().name(), "small");
        let here = ("language-model-url", "http://127.0.0.1:11434/v1/chat/completions");
        assert!(load(&[here, NAME]).unwrap().language_model.is_some());
    }

    #[test]
    fn the_key_stands_in_a_file_and_is_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "sk-s3cret\n").unwrap();
        let config = load(&[URL, NAME, ("language-model-key-file", file.to_str().unwrap())]).unwrap();
        assert!(config.language_model.is_some() && !format!("{config:?}").contains("s3cret"));
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        for (pairs, told) in [
            (&[URL][..], "belong together"),
            (&[NAME], "belong together"),
            (&[("language-model-key-file", "/dev/null")], "needs both"),
            (&[URL, NAME, ("language-model-key-file", "/nowhere/key")], "language-model-key-file"),
            (&[URL, NAME, ("language-model-key-file", "/dev/null")], "one line"),
            (&[("language-model-url", "https://models.example/v1"), NAME], "whole address"),
            (&[("language-model-url", "http://models.example/v1/messages"), NAME], "on this machine"),
            (&[("language-model-sentences-per-hour", "often")], "0 for no limit"),
            (&[("language-model-url", "ftp://models.example/v1/messages"), NAME], "begins with https"),
        ] {
            let error = load(pairs).unwrap_err().to_string();
            assert!(error.contains(told), "{pairs:?}: {error}");
        }
    }
}
