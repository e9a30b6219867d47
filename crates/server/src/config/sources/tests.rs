//! Which of several values counts, and the origins in messages.

use super::*;
use crate::config::Config;

fn environment(variables: &[(&str, &str)]) -> Given {
    let mut given = Given::of(&[("nats-url", "nats://localhost:4222")]);
    given.read_environment(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    given
}

#[test]
fn a_mistyped_variable_is_a_problem_and_a_foreign_one_is_told() {
    let given = environment(&[("ORDERLOG_CURENCY", "USD"), ("ORDERLOG_CURRENCY", "INR"), ("HOME", "/")]);
    assert_eq!(given.problems, ["ORDERLOG_CURENCY: there is no such setting; did you mean `ORDERLOG_CURRENCY`?"]);
    // A Kubernetes service named orderlog puts such variables into every container.
    let foreign = ["ORDERLOG_PORT", "ORDERLOG_SERVICE_HOST", "ORDERLOG_PORT_7400_TCP_ADDR"];
    let given = environment(&foreign.map(|name| (name, "x")));
    assert!(given.problems.is_empty(), "{:?}", given.problems);
    assert_eq!(given.warnings.len(), 1, "{:?}", given.warnings);
    assert!(foreign.iter().all(|name| given.warnings[0].contains(name)), "{:?}", given.warnings);
}

#[test]
fn a_setting_can_stand_in_a_file_that_its_variable_names() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("url");
    std::fs::write(&secret, "postgres://orderlog:s3cret@db/orderlog\n").unwrap();
    let given = environment(&[("ORDERLOG_DATABASE_URL_FILE", &secret.display().to_string())]);
    assert_eq!(given.texts["database-url"].text, "postgres://orderlog:s3cret@db/orderlog");
    let effective = given.effective().unwrap();
    let shown = effective.iter().find(|one| one.setting.name == "database-url").unwrap();
    assert_eq!(shown.value.as_deref(), Some("postgres://…@db/orderlog"));
    assert_eq!(shown.origin.as_deref(), Some("ORDERLOG_DATABASE_URL_FILE"));

    let missing = environment(&[("ORDERLOG_DATABASE_URL_FILE", "/nowhere/url")]);
    assert!(missing.problems[0].starts_with("ORDERLOG_DATABASE_URL_FILE: /nowhere/url cannot be read"), "{missing:?}");
}

#[test]
fn a_file_that_is_no_toml_is_told_by_its_place_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("orderlog.toml");
    for (text, place) in [
        ("nats-password = s3cret\n", "line 1, column "),
        ("currency = \"INR\"\ndatabase-url = \"postgres://o:s3cret@db/o\n", "line 2, column "),
        ("nats-token = \"s3cret\"\nnats-token = \"s3cret\"\n", "line 2, column "),
        ("nats-password = \"s3cret\" s3cret\n", "line 1, column "),
        ("# é\n\n\"s3cret\"\n", "line 3, column "),
        ("nats-token = \"\\s3cret\"\n", "line 1, column "),
    ] {
        std::fs::write(&file, text).unwrap();
        let told = Config::load(&Given::default().with_file(&file)).unwrap_err().to_string();
        assert!(told.contains(&format!("{}: {place}", file.display())), "{text}: {told}");
        assert!(!told.contains("s3cret") && told.contains("; write one setting a line"), "{text}: {told}");
    }
}
