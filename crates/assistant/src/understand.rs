//! From a sentence to its plan: where one request ends and the next begins, and what is said when one is not understood.

use crate::{
    abilities::Abilities,
    grammar::{self, typed},
    plan::{Plan, Step},
    requests,
    token::{Today, Token, tokens},
    turn::Turn,
    vocabulary,
    wording::in_words,
};

/// Longest sentence that is read, in characters.
pub const MAX_SENTENCE_CHARS: usize = 500;
/// Most requests of one sentence.
const MAX_STEPS: usize = 10;
/// Most pieces of a sentence that are tried as a request.
const MAX_TRIES: usize = 400;
/// Longest run of unknown words that a request which only reads may do without.
const MAX_SET_ASIDE: usize = 4;

/// Words between requests.
const SEPARATORS: [&str; 9] = ["and", "then", ",", ";", ".", "!", "?", "&", "afterwards"];
/// Words behind which a name stands.
const LEADING: [&str; 11] = ["for", "of", "by", "from", "to", "with", "on", "in", "about", "many", "much"];
/// Words of requests that want to be told of something later.
const NOTIFY: [&str; 6] = ["notify", "alert", "remind", "subscribe", "email", "text"];

/// A sentence that is not carried out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misunderstood {
    /// What was understood of it, in words.
    pub understood: Vec<String>,
    /// The words that were not.
    pub not: Vec<String>,
    /// What is missing, or cannot be done.
    pub why: Option<String>,
    /// What came of asking a language model.
    pub asked: Option<String>,
}

impl std::fmt::Display for Misunderstood {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let not: Vec<String> = self.not.iter().map(|words| format!("'{words}'")).collect();
        match (self.understood.is_empty(), not.is_empty()) {
            (true, false) => write!(f, "I did not understand {}. ", not.join(" and "))?,
            (false, false) => {
                write!(f, "I understood \"{}\"; not {}. ", self.understood.join("; "), not.join(" and "))?
            }
            (_, true) => {}
        }
        if let Some(why) = &self.why {
            write!(f, "{why} ")?;
        }
        if let Some(asked) = &self.asked {
            write!(f, "{asked} ")?;
        }
        f.write_str("Nothing was done.")
    }
}

/// Reads a sentence. Nothing is looked up and nothing is done.
///
/// # Errors
/// When any of it that could matter is not understood.
pub fn understand(sentence: &str, today: &Today, abilities: &Abilities, turn: &Turn) -> Result<Plan, Misunderstood> {
    let not = |words: &str, why: &str| Misunderstood {
        understood: vec![],
        not: if words.is_empty() { vec![] } else { vec![words.to_owned()] },
        why: Some(why.to_owned()),
        asked: None,
    };
    if sentence.chars().count() > MAX_SENTENCE_CHARS {
        return Err(not("", &format!("A sentence may have {MAX_SENTENCE_CHARS} characters.")));
    }
    let tokens = tokens(sentence, today);
    if tokens.iter().all(|token| SEPARATORS.iter().any(|mark| token.is(mark))) {
        return Err(not("", "Say what shall be shown or done, such as: show me pending orders from last week."));
    }
    let (steps, set_aside) = match divided(&tokens, turn) {
        Some(steps) => (steps, vec![]),
        None => match without_unknown(&tokens, turn, abilities) {
            // A comma within a name is no word, and nobody needs to hear of it.
            Some((steps, words)) => {
                (steps, Some(words).filter(|words| words.contains(char::is_alphanumeric)).into_iter().collect())
            }
            None => return Err(diagnosis(&tokens, turn)),
        },
    };
    if steps.len() > MAX_STEPS {
        return Err(not("", &format!("A sentence may have {MAX_STEPS} requests.")));
    }
    let understood: Vec<String> = steps.iter().map(in_words).collect();
    let fitted: Result<Vec<Step>, String> = steps.into_iter().map(|step| abilities.fit(step)).collect();
    match fitted {
        Ok(steps) => Ok(Plan { steps, set_aside, ..Plan::default() }),
        Err(why) => Err(Misunderstood { understood, not: vec![], why: Some(why), asked: None }),
    }
}

/// Divides the tokens into requests, each as short as it can be.
fn divided(tokens: &[Token], turn: &Turn) -> Option<Vec<Step>> {
    let mut tries = 0;
    divide(tokens, turn, true, &mut tries)
}

fn divide(tokens: &[Token], turn: &Turn, whole: bool, tries: &mut usize) -> Option<Vec<Step>> {
    let separates = |token: &Token| SEPARATORS.iter().any(|mark| token.is(mark));
    let tokens = &tokens[tokens.iter().take_while(|token| separates(token)).count()..];
    if tokens.is_empty() {
        return Some(vec![]);
    }
    for end in 1..=tokens.len() {
        let at_end = end == tokens.len();
        let is_boundary = at_end || (separates(&tokens[end]) && !separates(&tokens[end - 1]));
        if !is_boundary {
            continue;
        }
        *tries += 1;
        if *tries > MAX_TRIES {
            return None;
        }
        // Whether it is asked or told matters.
        let asked = tokens.get(end).is_some_and(|token| token.is("?"));
        let request: Vec<Token> = tokens[..end + usize::from(asked)]
            .iter()
            .map(|token| Token { turn: turn.clone(), ..token.clone() })
            .collect();
        // A number alone belongs to the request before it, unless nothing else was said.
        let is_bare = is_bare(&request);
        if is_bare && !(whole && at_end) {
            continue;
        }
        let Some(mut steps) = requests::read(&request) else { continue };
        let mut turn = turn.clone();
        steps.iter().for_each(|step| turn.heard(step));
        if let Some(rest) = divide(&tokens[end..], &turn, false, tries) {
            steps.extend(rest);
            return Some(steps);
        }
    }
    None
}

/// Whether only orders are named.
fn is_bare(request: &[Token]) -> bool {
    let mut rest = request;
    grammar::orders(&mut rest).is_ok() && grammar::end(&mut rest).is_ok()
}

/// The plan without a run of words that nobody knows, if what is left only reads.
fn without_unknown(tokens: &[Token], turn: &Turn, abilities: &Abilities) -> Option<(Vec<Step>, String)> {
    let unknown = |token: &Token| {
        !token.quoted && !token.is_number() && token.dates.is_empty() && !vocabulary::is_known(&token.word)
    };
    for length in 1..=MAX_SET_ASIDE.min(tokens.len()) {
        for from in 0..=tokens.len() - length {
            let run = &tokens[from..from + length];
            // What a preposition leads to is a name that was not understood: without it the answer would be another one.
            let led = from > 0 && LEADING.iter().any(|word| tokens[from - 1].is(word));
            if led || !run.iter().all(unknown) {
                continue;
            }
            let left: Vec<Token> = [&tokens[..from], &tokens[from + length..]].concat();
            let steps = divided(&left, turn).filter(|_| !is_bare(&left)).filter(|steps| {
                !steps.is_empty() && steps.iter().all(|step| abilities.only_reads(step) && narrows(step))
            });
            if let Some(steps) = steps {
                return Some((steps, typed(run)));
            }
        }
    }
    None
}

/// Whether a search asks for less than everything. The words that were set aside may have been all that narrowed it.
fn narrows(step: &Step) -> bool {
    const SEARCHES: [&str; 3] = ["orders.search", "products.search", "customers.search"];
    !SEARCHES.contains(&step.tool.as_str())
        || step.arguments.keys().any(|name| !["sort", "limit"].contains(&name.as_str()))
}

/// What was understood, request by request, and what was not.
fn diagnosis(tokens: &[Token], turn: &Turn) -> Misunderstood {
    let mut found = Misunderstood { understood: vec![], not: vec![], why: None, asked: None };
    let mut turn = turn.clone();
    for request in
        tokens.split(|token| SEPARATORS.iter().any(|mark| token.is(mark))).filter(|request| !request.is_empty())
    {
        let has = |words: &[&str]| request.iter().any(|token| words.iter().any(|word| token.is(word)));
        if has(&NOTIFY) {
            found.why = Some("Say it as \"notify John when #1234 ships\".".to_owned());
        } else if has(&["tell", "let"]) && has(&["me", "us"]) && has(&["when", "whenever", "once"]) {
            found.why = Some("Name who shall be told: \"tell John when sales miss the forecast\".".to_owned());
        }
        let (steps, not) = understood_of(request, &turn);
        found.understood.extend(steps.iter().map(in_words));
        steps.iter().for_each(|step| turn.heard(step));
        found.not.extend(not);
    }
    let is_pronoun = |token: &Token| ["it", "that", "her", "his", "them"].iter().any(|word| token.is(word));
    if found.not.is_empty() {
        found.not.push(typed(tokens));
    }
    if found.why.is_none() && turn.order.is_none() && turn.customer.is_none() && tokens.iter().any(is_pronoun) {
        found.why = Some("Nothing was spoken of before that \"it\" or the like could stand for.".to_owned());
    }
    found
}

/// The request that is left when the fewest words are set aside, and those words.
fn understood_of(request: &[Token], turn: &Turn) -> (Vec<Step>, Option<String>) {
    for length in 0..request.len() {
        for from in 0..=request.len() - length {
            let left: Vec<Token> = [&request[..from], &request[from + length..]].concat();
            if let Some(steps) = divided(&left, turn).filter(|steps| !steps.is_empty()) {
                let not = typed(&request[from..from + length]);
                return (steps, Some(not).filter(|not| !not.is_empty()));
            }
        }
    }
    (vec![], Some(typed(request)))
}
