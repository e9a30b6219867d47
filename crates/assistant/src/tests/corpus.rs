//! Every sentence of `corpus.txt` makes its plan, and those of `refused.txt` make none.

use std::sync::LazyLock;

use chrono::DateTime;
use orderlog_domain::calendar::BusinessCalendar;
use orderlog_tools::Tools;
use serde_json::{Value, json};

use crate::{Abilities, Plan, Step, Today, Turn, in_words, understand};

/// A sentence a line; below it, behind a tab, each call as `tool {arguments}`. `#` begins a comment.
const CORPUS: &str = include_str!("corpus.txt");
const REFUSED: &str = include_str!("refused.txt");

pub(super) static ABILITIES: LazyLock<Abilities> = LazyLock::new(|| Abilities::of(&Tools::new(false)));

pub(super) fn today() -> Today {
    let now = DateTime::parse_from_rfc3339("2026-11-22T14:30:00+05:30").unwrap().to_utc();
    Today { now, calendar: BusinessCalendar::default() }
}

/// The turn of sentences that lean on one before, which stands in front of `>>`.
fn turn_after(sentence: &str) -> Turn {
    let mut turn = Turn::default();
    let plan = understand(sentence, &today(), &ABILITIES, &turn).unwrap();
    plan.steps.iter().for_each(|step| turn.heard(step));
    turn.command = Some("0190d1f0-0000-7000-8000-000000000001".to_owned());
    turn
}

pub(super) fn plan_of(line: &str) -> Result<Plan, crate::Misunderstood> {
    let abilities = &ABILITIES;
    match line.split_once(" >> ") {
        Some((before, sentence)) => understand(sentence, &today(), abilities, &turn_after(before)),
        None => understand(line, &today(), abilities, &Turn::default()),
    }
}

fn told(plan: &Plan) -> String {
    plan.steps.iter().map(|step| format!("\n\t{} {}", step.tool, Value::Object(step.arguments.clone()))).collect()
}

#[test]
fn every_sentence_of_the_corpus_makes_its_plan() {
    let (mut count, mut wrong) = (0, vec![]);
    let blocks = CORPUS.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let mut expected: Vec<(&str, Vec<Step>)> = vec![];
    for line in blocks {
        match line.strip_prefix('\t') {
            None => expected.push((line, vec![])),
            Some(call) => {
                let (tool, arguments) = call.split_once(' ').unwrap();
                let arguments: Value =
                    serde_json::from_str(arguments).unwrap_or_else(|error| panic!("{call}: {error}"));
                let arguments = arguments.as_object().unwrap().clone();
                expected.last_mut().unwrap().1.push(Step { tool: tool.to_owned(), arguments });
            }
        }
    }
    for (line, steps) in expected {
        count += 1;
        match plan_of(line) {
            Ok(plan) if plan.steps == steps => {}
            Ok(plan) => wrong.push(format!("{line}{}", told(&plan))),
            Err(not) => wrong.push(format!("{line}\n\t!! {not}")),
        }
    }
    assert!(wrong.is_empty(), "{} of {count} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 300, "only {count} sentences");
}

#[test]
fn what_is_not_understood_never_widens_a_search_to_everything() {
    for all_that_narrowed in ["which orders are frobnicated", "show me the zorked orders"] {
        assert!(plan_of(all_that_narrowed).is_err(), "{all_that_narrowed}");
    }
    let narrowed = plan_of("show me the zorked orders from last week").unwrap();
    assert_eq!((narrowed.steps.len(), narrowed.set_aside), (1, vec!["zorked".to_owned()]));
    // A comma within a name is no word.
    assert!(plan_of("Do we have 20 units of Stoneware Mug, Green?").unwrap().set_aside.is_empty());
}

#[test]
fn what_cannot_be_done_makes_no_plan_that_acts() {
    let abilities = &ABILITIES;
    let (mut count, mut wrong) = (0, vec![]);
    for line in REFUSED.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        count += 1;
        match plan_of(line) {
            Ok(plan) if plan.steps.iter().all(|step| abilities.only_reads(step)) && !plan.set_aside.is_empty() => {}
            Ok(plan) => wrong.push(format!("{line}{}", told(&plan))),
            Err(not) if not.to_string().ends_with("Nothing was done.") => {}
            Err(not) => wrong.push(format!("{line}\n\t{not}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 60, "only {count} sentences");
}

#[test]
fn the_words_of_every_plan_make_the_same_plan() {
    let mut wrong = vec![];
    for line in CORPUS.lines().filter(|line| !line.starts_with(['#', '\t']) && !line.trim().is_empty()) {
        let Ok(plan) = plan_of(line) else { continue };
        let words: Vec<String> = plan.steps.iter().map(in_words).collect();
        let again = plan_of(&words.join("; "));
        if again.as_ref().map(|again| &again.steps) != Ok(&plan.steps) {
            let again = again.map_or_else(|not| not.to_string(), |plan| told(&plan));
            wrong.push(format!("{line}\n\t{}{}\n\t->{again}", words.join("; "), told(&plan)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_understood_is_named() {
    for (sentence, said) in [
        ("ship 1234 by pigeon tomorrow", "I understood \"Ship order #1234\"; not"),
        ("tell me when sales miss the forecast", "Name who shall be told: \"tell John when sales miss the forecast\"."),
        ("remind me to ship 1234", "Say it as \"notify John when #1234 ships\"."),
        ("mark 1234 as paid", "Say how it was paid too"),
        ("ship it", "Nothing was spoken of before"),
        ("", "Say what shall be shown or done"),
    ] {
        let not = plan_of(sentence).unwrap_err().to_string();
        assert!(not.contains(said), "{sentence}: {not}");
    }
    let plan = plan_of("show me the flabbergasting pending orders").unwrap();
    assert_eq!(
        (plan.set_aside, plan.steps[0].arguments["scope"].clone()),
        (vec!["flabbergasting".to_owned()], json!("pending"))
    );
}
