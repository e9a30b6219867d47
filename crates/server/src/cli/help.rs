//! Help of the command line, which shows each command its own settings; completions; manual pages.

use anyhow::Context as _;

use crate::config::{Setting, hidden};

/// The complete command line, each command with its own settings.
pub(super) fn command(all: clap::Command) -> clap::Command {
    all.mut_subcommands(|command| {
        let name = command.get_name().to_owned();
        let file = matches!(concerned(&name), Concerned::By(_));
        let foreign = hidden(|setting| !concerns(&name, setting), !file);
        command.args(foreign)
    })
}

enum Concerned {
    /// The settings for which the function is true.
    By(fn(&Setting) -> bool),
    ByNone,
}

/// Which settings matter to a command.
fn concerned(command: &str) -> Concerned {
    let by = match command {
        "events" | "completions" | "man" | "help" => return Concerned::ByNone,
        "serve" | "config" => |_: &Setting| true,
        "demo" => |setting: &Setting| setting.name != "database-url",
        "mcp" => |setting: &Setting| !of_http(setting),
        "simulate" | "import" => |setting: &Setting| !of_http(setting) && setting.name != "bench-noop-tool",
        "replay" => |setting: &Setting| matches!(setting.name, "database-url" | "locale" | "log-format" | "clock"),
        "rebuild" => |setting: &Setting| matches!(setting.name, "database-url" | "log-format" | "accept-missing-keys"),
        "take-stream" => |setting: &Setting| {
            setting.name.starts_with("nats-") || matches!(setting.name, "database-url" | "log-format")
        },
        _ => |setting: &Setting| matches!(setting.name, "database-url" | "log-format"),
    };
    Concerned::By(by)
}

fn concerns(command: &str, setting: &Setting) -> bool {
    match concerned(command) {
        Concerned::By(by) => by(setting),
        Concerned::ByNone => false,
    }
}

fn of_http(setting: &Setting) -> bool {
    matches!(setting.name, "listen" | "metrics-listen" | "allowed-hosts" | "allowed-origins")
}

/// A script for a shell.
pub(super) fn completions(mut all: clap::Command, shell: clap_complete::Shell) -> anyhow::Result<String> {
    let mut script = vec![];
    clap_complete::generate(shell, &mut all, "orderlog", &mut script);
    Ok(String::from_utf8(script)?)
}

/// A manual page in roff, of the program or of one command.
pub(super) fn manual(mut all: clap::Command, of: Option<&str>) -> anyhow::Result<String> {
    all.build();
    let described = match of {
        None => all,
        Some(name) => {
            let names: Vec<&str> = all.get_subcommands().map(clap::Command::get_name).collect();
            let unknown = || format!("there is no command `{name}`; there are: {}", names.join(", "));
            let found = all.find_subcommand(name).with_context(unknown)?;
            found.clone().name(format!("orderlog-{name}"))
        }
    };
    let mut page = vec![];
    clap_mangen::Man::new(described).render(&mut page).context("write the manual page")?;
    Ok(String::from_utf8(page)?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::Cli;

    fn command() -> clap::Command {
        super::command(Cli::command())
    }

    fn long_help(name: &str) -> String {
        let mut all = command();
        all.build();
        all.find_subcommand_mut(name).unwrap().render_long_help().to_string()
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn help_shows_a_command_its_own_settings_only() {
        for name in ["status", "verify", "replay", "rebuild", "export", "settings"] {
            let help = long_help(name);
            assert!(help.contains("--database-url"), "{name}: {help}");
            for foreign in ["--allowed-hosts", "--listen", "--week-start", "--bench-noop-tool", "--nats-url"] {
                assert!(!help.contains(foreign), "{name} shows {foreign}: {help}");
            }
        }
        assert!(long_help("serve").contains("--allowed-hosts") && long_help("import").contains("--currency"));
        assert!(!long_help("events").contains("--database-url") && !long_help("events").contains("--config"));
    }

    #[test]
    fn foreign_settings_are_accepted_all_the_same() {
        for place in [
            ["orderlog", "status", "--week-start", "sunday", "--database-url", "sqlite://a/log.db"],
            ["orderlog", "--week-start", "sunday", "--database-url", "sqlite://a/log.db", "status"],
        ] {
            let matches = command().try_get_matches_from(place).unwrap();
            let given = |name: &str| matches.get_one::<String>(name).cloned();
            assert_eq!(given("week-start").as_deref(), Some("sunday"));
            assert_eq!(given("database-url").as_deref(), Some("sqlite://a/log.db"));
        }
    }

    #[test]
    fn every_command_has_an_example_in_its_help() {
        for command in command().get_subcommands() {
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains("orderlog "), "`{}` shows no example", command.get_name());
        }
    }

    #[test]
    fn shells_and_manual_know_every_command() {
        use clap::ValueEnum as _;
        for shell in clap_complete::Shell::value_variants() {
            let script = completions(command(), *shell).unwrap();
            for command in command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
        }
        assert!(manual(command(), None).unwrap().contains("orderlog\\-replay"));
        let page = manual(command(), Some("replay")).unwrap();
        assert!(page.contains("as\\-of") && page.starts_with(".ie"), "{page}");
        assert!(manual(command(), Some("reply")).unwrap_err().to_string().contains("there are: serve"));
    }
}
