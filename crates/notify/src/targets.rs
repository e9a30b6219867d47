//! Who can be told, as the administrator's file says: names with addresses and secrets, which never leave this crate.

use std::{collections::BTreeMap, fmt, fs, path::Path, sync::Arc};

use lettre::message::Mailbox;
use serde::Deserialize;
use url::Url;

use crate::{
    delivery::{Dkim, DkimEntry, Key},
    digest::Digest,
    quiet::Quiet,
};

/// Characters of a name.
const NAME_CHARS: usize = orderlog_domain::limits::TARGET_CHARS;

/// Every target, and the server that takes e-mail.
#[derive(Clone, Default)]
pub struct Targets {
    all: Vec<Target>,
    pub(crate) smtp: Option<Smtp>,
}

/// One target.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) address: Address,
    /// Whether messages may name the customer.
    pub(crate) names: bool,
    /// Whether it may be on a private network.
    pub(crate) private: bool,
    /// Whether it is told when messages cannot be delivered.
    pub(crate) owner: bool,
    /// When it is sent nothing.
    pub(crate) quiet: Option<Quiet>,
    /// Whether it is told of many things at once, and how often.
    pub(crate) digest: Option<Digest>,
    /// The set of templates that words its messages, unless their rule names another.
    pub(crate) template: Option<String>,
}

/// Where its messages go.
#[derive(Clone)]
pub(crate) enum Address {
    Slack(Url),
    Chat(Url),
    Webhook { url: Url, keys: Vec<Key> },
    Email(Mailbox),
}

impl Address {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Address::Slack(_) => "slack",
            Address::Chat(_) => "chat",
            Address::Webhook { .. } => "webhook",
            Address::Email(_) => "email",
        }
    }
}

/// The server that takes e-mail.
#[derive(Clone)]
pub(crate) struct Smtp {
    pub(crate) url: Url,
    pub(crate) from: Mailbox,
    /// Certificates (PEM) of authorities that may have signed the server's, besides the machine's own.
    pub(crate) authorities: Option<Vec<u8>>,
    /// Signs each e-mail.
    pub(crate) dkim: Option<Arc<Dkim>>,
}

impl fmt::Debug for Targets {
    /// Names only: addresses and secrets are printed nowhere.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all.iter().map(|target| &target.name)).finish()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    smtp: Option<SmtpEntry>,
    #[serde(default)]
    targets: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SmtpEntry {
    url: Option<String>,
    url_file: Option<String>,
    from: String,
    ca_file: Option<String>,
    dkim: Option<DkimEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    kind: Kind,
    url: Option<String>,
    url_file: Option<String>,
    #[serde(default)]
    secrets: Vec<String>,
    #[serde(default)]
    secret_files: Vec<String>,
    to: Option<String>,
    #[serde(default)]
    names: bool,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    owner: bool,
    quiet: Option<String>,
    digest: Option<Digest>,
    template: Option<String>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Slack,
    Chat,
    Webhook,
    Email,
}

impl Targets {
    /// Reads the file. `templates` are the sets that a target may name.
    ///
    /// # Errors
    /// Says what cannot be used, without repeating a secret.
    pub fn read(path: &Path, templates: &[String]) -> Result<Targets, String> {
        let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
        // The message of the parser may repeat a line with a secret; its first line and the place do not.
        let file: File = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            format!("line {line}: {}", error.message().lines().next().unwrap_or_default())
        })?;
        let smtp = file.smtp.map(smtp).transpose()?;
        let mut all = vec![];
        for (name, entry) in file.targets {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
            if name.is_empty() || name.len() > NAME_CHARS || !name.chars().all(fits) {
                return Err(format!(
                    "target `{name}`: a name has at most {NAME_CHARS} small letters, digits, dashes, dots and underscores"
                ));
            }
            let target = target(&name, entry).map_err(|problem| format!("target {name}: {problem}"))?;
            if matches!(target.address, Address::Email(_)) && smtp.is_none() {
                return Err(format!("target {name}: e-mail needs [smtp] with url and from"));
            }
            if let Some(template) = target.template.as_ref().filter(|one| !templates.contains(one)) {
                let known = if templates.is_empty() {
                    "none; name a folder with --notify-templates-dir".to_owned()
                } else {
                    templates.join(", ")
                };
                return Err(format!("target {name}: there is no set of templates `{template}`; there are: {known}"));
            }
            all.push(target);
        }
        Ok(Targets { all, smtp })
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Target> {
        self.all.iter().find(|target| target.name == name)
    }

    pub(crate) fn owner(&self) -> Option<&Target> {
        self.all.iter().find(|target| target.owner)
    }

    /// Whether nobody can be told anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// As tools know them.
    #[must_use]
    pub fn names(&self) -> Vec<orderlog_tools::Target> {
        let known = |target: &Target| orderlog_tools::Target { name: target.name.clone(), kind: target.address.kind() };
        self.all.iter().map(known).collect()
    }

    /// For an administrator: each name, its kind, where it goes without what is secret of it, what it may hold, and when it is
    /// told.
    #[must_use]
    pub fn described(&self) -> Vec<[String; 5]> {
        let described = |target: &Target| {
            let place = match &target.address {
                Address::Slack(url) | Address::Chat(url) | Address::Webhook { url, .. } => {
                    format!("{}://{}/…", url.scheme(), url.host_str().unwrap_or_default())
                }
                Address::Email(to) => to.email.to_string(),
            };
            let may =
                [(target.names, "customers' names"), (target.private, "private network"), (target.owner, "owner")];
            let may: Vec<&str> = may.into_iter().filter_map(|(is, what)| is.then_some(what)).collect();
            let quiet = target.quiet.map(|quiet| format!("not {quiet}"));
            let digest = target.digest.map(|digest| format!("each {}", digest.name()));
            let when: Vec<String> = digest.into_iter().chain(quiet).collect();
            [target.name.clone(), target.address.kind().to_owned(), place, may.join(", "), when.join(", ")]
        };
        self.all.iter().map(described).collect()
    }
}

fn smtp(entry: SmtpEntry) -> Result<Smtp, String> {
    let failed = |problem: String| format!("smtp: {problem}");
    let url = secret(entry.url, entry.url_file, "url").map_err(failed)?;
    let url: Url = url.parse().map_err(|_| failed("url must be such as smtp://user:password@host:587".to_owned()))?;
    if !matches!(url.scheme(), "smtp" | "smtps") || url.host_str().is_none() {
        return Err(failed("url must begin with smtp:// (STARTTLS) or smtps:// and name a host".to_owned()));
    }
    let from = entry.from.parse().map_err(|_| failed("from must be such as Shop <shop@example.com>".to_owned()))?;
    let read = |path: String| fs::read(&path).map_err(|error| failed(format!("{path}: {error}")));
    let authorities = entry.ca_file.map(read).transpose()?;
    let dkim = entry.dkim.map(Dkim::read).transpose().map_err(failed)?.map(Arc::new);
    Ok(Smtp { url, from, authorities, dkim })
}

fn target(name: &str, entry: Entry) -> Result<Target, String> {
    let address = match entry.kind {
        Kind::Email => {
            if entry.url.is_some() || entry.url_file.is_some() {
                return Err("e-mail takes to, not url".to_owned());
            }
            let to = entry.to.ok_or("e-mail needs to, such as John <john@example.com>")?;
            Address::Email(to.parse().map_err(|_| "to must be such as John <john@example.com>")?)
        }
        kind => {
            if entry.to.is_some() {
                return Err("to is for e-mail only".to_owned());
            }
            let url = web(&secret(entry.url, entry.url_file, "url")?, entry.private)?;
            let read = |path: &String| fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
            let files = entry.secret_files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            let secrets = entry.secrets.iter().chain(&files);
            let keys = secrets.map(|text| Key::parse(text.trim())).collect::<Result<Vec<_>, _>>()?;
            match kind {
                Kind::Slack | Kind::Chat if !keys.is_empty() => {
                    return Err("a chat takes no secrets: its url is one".to_owned());
                }
                Kind::Slack => Address::Slack(url),
                Kind::Chat => Address::Chat(url),
                _ if keys.is_empty() => return Err("a webhook needs secrets, such as [\"whsec_…\"]".to_owned()),
                _ => Address::Webhook { url, keys },
            }
        }
    };
    let (names, private, owner) = (entry.names, entry.private, entry.owner);
    let quiet = entry.quiet.as_deref().map(Quiet::parse).transpose()?;
    Ok(Target {
        name: name.to_owned(),
        address,
        names,
        private,
        owner,
        quiet,
        digest: entry.digest,
        template: entry.template,
    })
}

/// Plain HTTP goes to a private network only.
fn web(text: &str, private: bool) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|_| "url cannot be read")?;
    match url.scheme() {
        "https" => {}
        "http" if private => {}
        _ => return Err("url must begin with https:// (or http://, with private = true)".to_owned()),
    }
    if url.host_str().is_none() { Err("url names no host".to_owned()) } else { Ok(url) }
}

fn secret(given: Option<String>, file: Option<String>, name: &str) -> Result<String, String> {
    match (given, file) {
        (Some(text), None) => Ok(text),
        (None, Some(path)) => {
            let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
            Ok(text.trim().to_owned())
        }
        (Some(_), Some(_)) => Err(format!("{name} and {name}_file are both given")),
        (None, None) => Err(format!("needs {name} or {name}_file")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn read(text: &str) -> Result<Targets, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let file = folder.path().join("targets.toml");
        fs::write(&file, text).map_err(|error| error.to_string())?;
        Targets::read(&file, &["german".to_owned()])
    }

    #[test]
    fn a_file_names_targets_and_nothing_of_it_is_printed() {
        let targets = read(&format!(
            "[smtp]\nurl = \"smtp://u:s3cret@mail.example:587\"\nfrom = \"Shop <shop@example.com>\"\n\
             [targets.john]\nkind = \"email\"\nto = \"John <john@example.com>\"\nnames = true\n\
             [targets.ops]\nkind = \"slack\"\nurl = \"https://hooks.example/T/s3cret\"\nowner = true\ntemplate = \"german\"\n\
             [targets.books]\nkind = \"webhook\"\nurl = \"https://books.example/in\"\nsecrets = [\"{SECRET}\"]\n"
        ))
        .unwrap();
        let names: Vec<String> = targets.names().into_iter().map(|target| target.name).collect();
        assert_eq!(names, ["books", "john", "ops"]);
        assert_eq!(targets.owner().unwrap().name, "ops");
        let printed = format!("{targets:?} {:?}", targets.described());
        assert!(!printed.contains("s3cret") && !printed.contains("whsec"), "{printed}");
    }

    #[test]
    fn what_cannot_be_used_is_said_without_the_secret() {
        for (text, problem) in [
            ("[targets.john]\nkind = \"email\"\nto = \"john@example.com\"\n", "needs [smtp]"),
            ("[targets.john]\nkind = \"slack\"\nurl = \"http://hooks.example/s3cret\"\n", "must begin with https://"),
            ("[targets.john]\nkind = \"webhook\"\nurl = \"https://a.example/s3cret\"\n", "needs secrets"),
            ("[targets.\"Jo hn\"]\nkind = \"slack\"\nurl = \"https://a.example/s3cret\"\n", "a name has"),
            ("[targets.john]\nkind = \"pigeon\"\nurl = \"https://a.example/s3cret\"\n", "line 2"),
            ("[targets.john]\nkind = \"slack\"\n", "needs url"),
            (
                "[targets.john]\nkind = \"slack\"\nurl = \"https://a.example/s3cret\"\ntemplate = \"dutch\"\n",
                "no set of templates `dutch`; there are: german",
            ),
            (
                "[targets.john]\nkind = \"chat\"\nurl = \"https://a.example/s3cret\"\nsecrets = [\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"]\n",
                "takes no secrets",
            ),
            (
                "[targets.john]\nkind = \"slack\"\nurl = \"https://a.example/s3cret\"\nquiet = \"night\"\n",
                "22:00-07:00",
            ),
            ("[targets.john]\nkind = \"webhook\"\nurl = \"https://a.example/\"\nsecrets = [\"s3cret\"]\n", "whsec_"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(problem) && !said.contains("s3cret"), "{said}");
        }
    }
}
