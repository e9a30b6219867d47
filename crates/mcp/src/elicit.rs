//! Asks the user through the client, if the client can: the answer to a call that needs confirmation is the question
//! itself, and the client repeats the call with the user's answer (multi round-trip requests, since 2026-07-28). The
//! confirm token is the request's state, so the assistant never sees it.

use orderlog_domain::rejection::{Code, Confirmation, Rejection, Unfit};
use rmcp::{
    ErrorData, RoleServer,
    model::{
        CallToolRequestParams, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema,
        InputRequest, InputRequests, InputRequiredResult, ProtocolVersion,
    },
    service::RequestContext,
};
use serde_json::Value;

use orderlog_tools::CONFIRM_TOKEN;

/// Name of the single question, and of the single field of its form.
const CONFIRM: &str = "confirm";

/// The answer to an earlier question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// No question was asked yet, or the answer is not usable.
    Nothing,
    /// The user agrees to the act in the state.
    Yes,
    /// The user does not.
    No,
}

/// Takes the answer out of a repeated call; after a Yes, puts the state where the tool looks for its token.
///
/// # Errors
/// When an answer is sent to a tool that never asks.
pub(super) fn hear(request: &mut CallToolRequestParams, asks: bool) -> Result<Heard, ErrorData> {
    let (answers, state) = (request.input_responses.take(), request.request_state.take());
    if state.is_some() && !asks {
        return Err(foreign());
    }
    let answer = answers.and_then(|mut answers| answers.remove(CONFIRM));
    let Some(answer) = answer.and_then(|answer| serde_json::from_value::<ElicitResult>(answer).ok()) else {
        return Ok(Heard::Nothing);
    };
    let agrees = answer.content.as_ref().and_then(|content| content.get(CONFIRM)).and_then(Value::as_bool);
    Ok(match (answer.action, agrees, state) {
        (ElicitationAction::Accept, Some(true), Some(state)) => {
            request.arguments.get_or_insert_default().insert(CONFIRM_TOKEN.to_owned(), state.into());
            Heard::Yes
        }
        (ElicitationAction::Accept, Some(false), _) | (ElicitationAction::Decline | ElicitationAction::Cancel, ..) => {
            Heard::No
        }
        _ => Heard::Nothing,
    })
}

/// Whether this request's client shows forms to its user. A client that does not say which kind it shows shows forms.
pub(super) fn possible(context: &RequestContext<RoleServer>) -> bool {
    let modern =
        context.protocol_version().is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str());
    let elicitation = context.client_capabilities().and_then(|capabilities| capabilities.elicitation);
    modern && elicitation.is_some_and(|kinds| kinds.form.is_some() || kinds.url.is_none())
}

/// The question whether to carry out the act in the preview of `confirmation`.
///
/// # Errors
/// When the form cannot be described.
pub(super) fn question(confirmation: &Confirmation) -> Result<InputRequiredResult, ErrorData> {
    let form = ElicitationSchema::builder()
        .required_bool_with(CONFIRM, |field| field.title("Do it").description("Nothing is done without your yes."))
        .build()
        .map_err(|error| ErrorData::internal_error(error, None))?;
    let mut text: Vec<String> = confirmation.unfit.iter().map(Unfit::to_string).collect();
    text.extend(confirmation.preview["text"].as_str().map(str::to_owned));
    for more in ["changes", "warnings"] {
        let told = confirmation.preview[more].as_array().into_iter().flatten();
        text.extend(told.filter_map(Value::as_str).map(str::to_owned));
    }
    let params =
        ElicitRequestParams::FormElicitationParams { meta: None, message: text.join("\n"), requested_schema: form };
    let question = InputRequest::Elicitation(ElicitRequest::new(params));
    let questions = InputRequests::from([(CONFIRM.to_owned(), question)]);
    Ok(InputRequiredResult::new(Some(questions), Some(confirmation.confirm_token.clone())))
}

/// The answer to a call whose user said no.
pub(super) fn declined() -> Rejection {
    Rejection::new(Code::ConfirmationRequired, "The user did not agree: nothing was done.")
        .hint("Tell the user that everything is as it was. Ask again only if the user wants it.")
}

/// A state that no question of this very call ever carried.
pub(super) fn foreign() -> ErrorData {
    ErrorData::invalid_params("requestState does not belong to this call; nothing was done", None)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn heard(answer: Value, state: Option<&str>) -> (Heard, Option<Value>) {
        let mut request = CallToolRequestParams::new("orders.cancel");
        request.input_responses = serde_json::from_value(answer).unwrap();
        request.request_state = state.map(str::to_owned);
        let heard = hear(&mut request, true).unwrap();
        (heard, request.arguments.and_then(|mut arguments| arguments.remove(CONFIRM_TOKEN)))
    }

    #[test]
    fn only_a_plain_yes_is_a_yes() {
        let yes = json!({"confirm": {"action": "accept", "content": {"confirm": true}}});
        assert_eq!(heard(yes.clone(), Some("t")), (Heard::Yes, Some(json!("t"))));
        assert_eq!(heard(yes, None), (Heard::Nothing, None));
        for no in [
            json!({"action": "accept", "content": {"confirm": false}}),
            json!({"action": "decline"}),
            json!({"action": "cancel"}),
        ] {
            assert_eq!(heard(json!({ "confirm": no }), Some("t")), (Heard::No, None));
        }
        for nothing in [
            json!({}),
            json!({"other": {"action": "accept", "content": {"confirm": true}}}),
            json!({"confirm": {"action": "accept"}}),
            json!({"confirm": {"action": "accept", "content": {"confirm": "true"}}}),
            json!({"confirm": "yes"}),
        ] {
            assert_eq!(heard(nothing.clone(), Some("t")), (Heard::Nothing, None), "{nothing}");
        }
    }
}
