//! `orderlog ask` and `orderlog chat`: sentences without an assistant. The program shows how it understood them;
//! changes wait for a Yes.

use std::{
    collections::BTreeSet,
    io::{self, BufRead as _, IsTerminal as _},
    process::ExitCode,
    sync::Arc,
};

use clap::Args;
use orderlog_assistant::{Assistant, Done, Plan, Step};
use orderlog_tools::principal::Caller;
use serde_json::{Value, json};

use super::output::print;
use crate::{
    config::Config,
    node::{self, Node},
};

/// Words that mean yes.
const YES: [&str; 5] = ["y", "yes", "ok", "do it", "sure"];
/// Words that end a conversation.
const BYE: [&str; 4] = ["bye", "exit", "quit", "q"];

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What shall be shown or done
    #[arg(required = true, value_name = "SENTENCE")]
    sentence: Vec<String>,
    /// Make the changes without asking
    #[arg(long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How the user's Yes is obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Given,
    Asked,
    /// There is nobody to ask.
    None,
    /// The Yes was given before a language model made the plan, so nobody has seen the plan.
    Unseen,
}

/// The result of a sentence.
struct Told {
    done: Vec<Done>,
    /// Changes without a Yes.
    left: Vec<Step>,
}

pub(super) async fn ask(config: Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let node = open(config).await?;
    let word = match arguments.yes {
        true => Word::Given,
        false if !arguments.json && io::stdin().is_terminal() => Word::Asked,
        false => Word::None,
    };
    let mut assistant = assistant(&node, "ask", word == Word::Asked);
    let sentence = arguments.sentence.join(" ");
    let answered = one(&mut assistant, &sentence, word, arguments.json).await;
    node.stop().await;
    Ok(if answered? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(super) async fn chat(config: Config) -> anyhow::Result<()> {
    let node = open(config).await?;
    let mut assistant = assistant(&node, "chat", io::stdin().is_terminal());
    print("Say what shall be shown or done, such as: show me pending orders from last week. \"bye\" ends.\n")?;
    let talked = async {
        while let Some(line) = heard("> ")? {
            let sentence = line.trim();
            if BYE.contains(&sentence.to_lowercase().as_str()) {
                break;
            }
            if !sentence.is_empty() {
                one(&mut assistant, sentence, Word::Asked, false).await?;
            }
        }
        anyhow::Ok(())
    };
    let talked = talked.await;
    node.stop().await;
    talked
}

/// Opens an existing shop: a sentence never creates one.
async fn open(config: Config) -> anyhow::Result<Node> {
    node::refuse_to_begin(&config).await?;
    Node::start(config).await
}

/// A user at a terminal is a person, whose Yes counts; a script counts as a program.
fn assistant(node: &Node, subcommand: &str, in_person: bool) -> Assistant {
    let caller = Caller::command_line(subcommand);
    let caller = if in_person { caller.in_person() } else { caller };
    let model = node.config.language_model.clone();
    Assistant::new(Arc::clone(&node.shop), Arc::new(node.config.tools()), caller, model)
}

/// Understands one sentence and carries it out; true if all of it was done.
async fn one(assistant: &mut Assistant, sentence: &str, word: Word, as_json: bool) -> anyhow::Result<bool> {
    let plan = match assistant.understand(sentence).await {
        Ok(plan) => plan,
        Err(not) => {
            let told = json!({ "not_understood": not.to_string(), "understood": not.understood, "not": not.not });
            print(&if as_json { format!("{told}\n") } else { format!("{not}\n") })?;
            return Ok(false);
        }
    };
    let word = match (word, &plan.by) {
        (Word::Given, Some(_)) if !as_json && io::stdin().is_terminal() => Word::Asked,
        (Word::Given, Some(_)) => Word::Unseen,
        (word, _) => word,
    };
    let told = carry_out(assistant, &plan, sentence, word, !as_json).await?;
    let all = told.left.is_empty() && told.done.iter().all(|done| done.outcome.is_answer());
    if as_json {
        let done: Vec<Value> = told.done.iter().map(Done::to_json).collect();
        let left: Vec<String> = told.left.iter().map(|step| assistant.in_words(step)).collect();
        print(&format!(
            "{}\n",
            json!({ "done": done, "not_done": left, "set_aside": plan.set_aside, "by": plan.by, "note": plan.note })
        ))?;
    }
    Ok(all)
}

/// Runs questions at once; previews changes, asks once for all of them, and makes them, in the order of the sentence: a
/// question after a change is answered after the change.
async fn carry_out(
    assistant: &mut Assistant,
    plan: &Plan,
    sentence: &str,
    word: Word,
    aloud: bool,
) -> anyhow::Result<Told> {
    let mut told = Told { done: vec![], left: vec![] };
    let say = |text: &str| if aloud { print(&format!("{text}\n")) } else { Ok(()) };
    for words in &plan.set_aside {
        say(&format!("(I did not understand '{words}' and set it aside.)"))?;
    }
    if let Some(note) = &plan.note {
        say(note)?;
    }
    if let Some(model) = &plan.by {
        say(&format!("(The grammar did not understand that; the language model {model} made this of it.)"))?;
    }
    let first_change = plan.steps.iter().position(|step| assistant.needs_yes(step)).unwrap_or(plan.steps.len());
    let (reads, rest) = plan.steps.split_at(first_change);
    for step in reads {
        finish(assistant.carry_out(step, sentence).await, &mut told, &say)?;
    }
    let mut shown = BTreeSet::new();
    let agreed = match agree(assistant, rest, word, &mut shown, &mut told, &say).await? {
        Some(agreed) => agreed,
        None => return Ok(told),
    };
    for step in rest {
        if !assistant.needs_yes(step) {
            finish(assistant.carry_out(step, sentence).await, &mut told, &say)?;
            continue;
        }
        if !agreed {
            told.left.push(step.clone());
            continue;
        }
        let mut done = assistant.carry_out(step, sentence).await;
        if let Some(confirmation) = done.outcome.confirmation().cloned() {
            // The Yes was for what was shown. The outcome may be different now.
            let preview = confirmation.preview["text"].as_str().unwrap_or_default();
            let same = word == Word::Given || shown.contains(preview);
            if !same {
                say(&done.outcome.in_words())?;
            }
            if same || yes(word)? {
                done = assistant.confirm(step, sentence, &confirmation).await;
            } else {
                told.left.push(step.clone());
                continue;
            }
        }
        let failed = !done.outcome.is_answer();
        finish(done, &mut told, &say)?;
        if failed {
            // The following changes may depend on this one.
            let after = rest.iter().skip_while(|one| *one != step).skip(1).filter(|one| assistant.needs_yes(one));
            told.left.extend(after.cloned());
            break;
        }
    }
    if !told.left.is_empty() {
        let left: Vec<String> = told.left.iter().map(|step| assistant.in_words(step)).collect();
        let how = match word {
            Word::None if plan.by.is_none() => " Say --yes to do it.",
            Word::None | Word::Unseen => {
                " What a language model made of it waits for a Yes to what is shown: use a terminal."
            }
            Word::Given | Word::Asked => "",
        };
        say(&format!("Not done: {}.{how}", left.join("; ")))?;
    }
    Ok(told)
}

/// Previews the changes and asks for one Yes to all of them; `None` if the first of them cannot be made.
async fn agree(
    assistant: &Assistant,
    steps: &[Step],
    word: Word,
    shown: &mut BTreeSet<String>,
    told: &mut Told,
    say: &impl Fn(&str) -> anyhow::Result<()>,
) -> anyhow::Result<Option<bool>> {
    let changes: Vec<&Step> = steps.iter().filter(|step| assistant.needs_yes(step)).collect();
    for (at, step) in changes.iter().enumerate() {
        let trial = assistant.try_out(step).await;
        if trial.outcome.is_answer() {
            let would = trial.outcome.in_words();
            shown.extend(would.lines().next().map(str::to_owned));
            say(&format!("{}: {}", trial.words, would.lines().next().unwrap_or_default()))?;
        } else if at == 0 {
            say(&format!("{}: {}\nNothing was done.", trial.words, trial.outcome.in_words()))?;
            told.done.push(trial);
            return Ok(None);
        } else {
            // It may depend on an earlier change, which is not made yet.
            say(&trial.words)?;
        }
    }
    Ok(Some(changes.is_empty() || yes(word)?))
}

/// Whether the user says Yes.
fn yes(word: Word) -> anyhow::Result<bool> {
    match word {
        Word::Given => Ok(true),
        Word::None | Word::Unseen => Ok(false),
        Word::Asked => {
            let answer = heard("Do it? [y/N] ")?.unwrap_or_default();
            Ok(YES.contains(&answer.trim().trim_end_matches(['.', '!']).to_lowercase().as_str()))
        }
    }
}

fn finish(done: Done, told: &mut Told, say: &impl Fn(&str) -> anyhow::Result<()>) -> anyhow::Result<()> {
    say(&done.outcome.in_words())?;
    told.done.push(done);
    Ok(())
}

/// The next line of standard input, if there is one.
fn heard(prompt: &str) -> anyhow::Result<Option<String>> {
    print(prompt)?;
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line)?;
    Ok((read > 0).then_some(line))
}
