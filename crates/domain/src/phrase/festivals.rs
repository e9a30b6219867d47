//! Days that are called by a name, of which no calendar is kept: they are recognised, so that the user is asked for them.

/// In small letters. The days of most change from year to year, or differ from place to place.
const FESTIVALS: [&str; 38] = [
    "diwali",
    "deepavali",
    "dhanteras",
    "bhai dooj",
    "karva chauth",
    "holi",
    "navratri",
    "navaratri",
    "dussehra",
    "dasara",
    "durga puja",
    "ganesh chaturthi",
    "janmashtami",
    "raksha bandhan",
    "rakhi",
    "pongal",
    "makar sankranti",
    "onam",
    "baisakhi",
    "eid",
    "ramadan",
    "ramzan",
    "muharram",
    "hanukkah",
    "passover",
    "christmas",
    "xmas",
    "good friday",
    "easter",
    "thanksgiving",
    "black friday",
    "cyber monday",
    "cyber week",
    "singles day",
    "chinese new year",
    "lunar new year",
    "mothers day",
    "fathers day",
];

/// The festival that a phrase names.
pub(super) fn named(phrase: &str) -> Option<&'static str> {
    let plain = phrase.to_lowercase().replace(['\'', '’'], "");
    let words: Vec<&str> = plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let is_said = |name: &&str| {
        let name: Vec<&str> = name.split(' ').collect();
        words.windows(name.len()).any(|said| said == name)
    };
    FESTIVALS.into_iter().find(is_said)
}
