//! A strict reader of JSON: it refuses what two readers could understand differently.

pub mod exact;
pub mod strict;

/// Why an argument that is sent as JSON in a text must not be read: the same faults for which a request is refused.
pub(crate) fn fault_of_text(json: &str, argument: &str) -> Option<String> {
    let read = strict::read(json.as_bytes()).ok()?;
    let doubled = read.doubled.map(|doubled| doubled.within(argument).to_string());
    doubled.or_else(|| if read.fraction { exact::fault(json, argument) } else { None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_sent_as_its_json_has_the_faults_of_a_request() {
        for (json, told) in [
            (
                r#"[{"quantity":1,"quantity":1000}]"#,
                Some("the key `quantity` stands twice in lines[0]: nothing was done"),
            ),
            (r#"{"a":{"b":1,"b":2}}"#, Some("the key `b` stands twice in lines.a: nothing was done")),
            (r#"[1.00000000000000001]"#, Some("the number 1.00000000000000001 in lines has more than 15 digits")),
            (r#"[{"quantity":1},{"quantity":1.5}]"#, None),
            ("no JSON", None),
        ] {
            let fault = fault_of_text(json, "lines");
            assert_eq!(fault.is_some(), told.is_some(), "{json}: {fault:?}");
            assert!(fault.unwrap_or_default().starts_with(told.unwrap_or_default()), "{json}");
        }
    }
}
