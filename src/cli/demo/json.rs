//! The contract in JSON: what the face takes and gives, and how a fault becomes a problem (RFC 9457).

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    contract::{Call, DATA, Reply},
    data::CreditRequest,
    envelope::FaultCode,
    wcf_client::CallError,
};

/// The operations that the face offers.
pub(super) const OPERATIONS: [&str; 2] = ["GetScore", "CheckCredit"];

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem {
    /// An HTTP status, also where no HTTP is spoken.
    pub(super) status: u16,
    kind: String,
    title: &'static str,
    detail: String,
    /// Members beyond those of every problem.
    more: Option<Box<(&'static str, Value)>>,
}

impl Problem {
    fn new(status: u16, kind: &str, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind: kind.to_owned(), title, detail: detail.into(), more: None }
    }

    /// The request is not what the operation takes.
    pub(super) fn invalid_body(detail: impl Into<String>) -> Self {
        Self::new(400, "urn:viaduct:bridge:invalid-body", "the request does not fit the operation", detail)
    }

    /// No operation of this name, which counts upper and lower case.
    pub(super) fn unknown_operation(name: &str) -> Self {
        let problem =
            Self::new(404, "about:blank", "no such operation", format!("there is no operation {name:?}"));
        Self { more: Some(Box::new(("operations", json!(OPERATIONS)))), ..problem }
    }

    /// Operations are called by POST.
    pub(super) fn method(found: &str) -> Self {
        Self::new(
            405,
            "about:blank",
            "method not allowed",
            format!("operations are called by POST, not {found}"),
        )
    }

    /// The request is larger than the service takes.
    pub(super) fn too_large(max: usize) -> Self {
        let detail = format!("at most {max} bytes are taken");
        Self::new(413, "urn:viaduct:bridge:too-large", "request too large", detail)
    }

    /// What is sent as `application/problem+json`.
    pub(super) fn to_json(&self) -> Value {
        let mut value =
            json!({ "type": self.kind, "title": self.title, "status": self.status, "detail": self.detail });
        if let Some((name, more)) = self.more.as_deref() {
            value[*name] = more.clone();
        }
        value
    }
}

impl From<CallError> for Problem {
    /// A declared fault is 422: the service understood and said no. What broke on the way is 502 or 504.
    fn from(error: CallError) -> Self {
        let detail = error.to_string();
        match error {
            CallError::Declared(fault) => {
                let kind = format!("{DATA}#{}", fault.name());
                let data = json!({ "code": "Sender", "data": fault.to_json() });
                Self {
                    more: Some(Box::new(("fault", data))),
                    ..Self::new(422, &kind, fault.name(), fault.reason())
                }
            }
            CallError::Fault(fault) => {
                let (status, kind) = match fault.code {
                    FaultCode::Sender => (400, "sender"),
                    FaultCode::DeserializationFailed => (400, "deserialization"),
                    FaultCode::Receiver => (500, "receiver"),
                    FaultCode::ActionNotSupported
                    | FaultCode::DestinationUnreachable
                    | FaultCode::MustUnderstand => (502, "contract-mismatch"),
                };
                Self::new(
                    status,
                    &format!("urn:viaduct:fault:{kind}"),
                    "the service answered with a fault",
                    fault.reason,
                )
            }
            CallError::Connection(super::records::RecordsError::Silent(_)) => {
                Self::new(504, "urn:viaduct:bridge:no-answer", "the service did not answer", detail)
            }
            CallError::Refused(_)
            | CallError::Unreachable { .. }
            | CallError::Connection(_)
            | CallError::Envelope(_)
            | CallError::Contract(_) => {
                Self::new(502, "urn:viaduct:bridge:no-service", "the service cannot be asked", detail)
            }
            CallError::Random(_) => Self::new(500, "about:blank", "internal error", detail),
        }
    }
}

/// A call from the members of the operation's input wrapper. Unknown members are refused: a misspelt one that a service
/// drops in silence changes what is asked.
pub(super) fn call(operation: &str, body: Value) -> Result<Call, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct GetScore {
        #[serde(rename = "applicantId")]
        applicant_id: String,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct CheckCredit {
        request: CreditRequest,
    }
    fn read<T: DeserializeOwned>(body: Value) -> Result<T, Problem> {
        // An array would do for serde: members in their order. Here it will not.
        if !body.is_object() {
            return Err(Problem::invalid_body("an object is expected"));
        }
        serde_json::from_value(body).map_err(|error| Problem::invalid_body(error.to_string()))
    }
    match operation {
        "GetScore" => read::<GetScore>(body).map(|body| Call::GetScore { applicant_id: body.applicant_id }),
        "CheckCredit" => read::<CheckCredit>(body).map(|body| Call::CheckCredit { request: body.request }),
        other => Err(Problem::unknown_operation(other)),
    }
}

/// The members of the operation's output wrapper.
pub(super) fn reply(reply: &Reply) -> Value {
    // A reply holds strings, numbers and enumerations by name: nothing in it can fail to be JSON.
    serde_json::to_value(reply).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_strictly() {
        let call = |operation: &str, body: &str| call(operation, serde_json::from_str(body).unwrap());
        assert_eq!(
            call("GetScore", r#"{"applicantId":"A"}"#),
            Ok(Call::GetScore { applicant_id: "A".into() })
        );
        for (operation, body, status) in [
            ("GetScore", "{}", 400),
            ("GetScore", r#"{"applicantId":"A","more":1}"#, 400),
            ("GetScore", r#"["A"]"#, 400),
            ("getScore", r#"{"applicantId":"A"}"#, 404),
            (
                "CheckCredit",
                r#"{"request":{"Amount":"x","Applicant":{"ApplicantId":"A"},"Currency":"EUR"}}"#,
                400,
            ),
        ] {
            assert_eq!(call(operation, body).unwrap_err().status, status, "{operation} {body}");
        }
    }

    #[test]
    fn replies_have_the_names_of_the_wrapper() {
        assert_eq!(reply(&Reply::Score(747)), json!({ "GetScoreResult": 747 }));
    }

    #[test]
    fn a_declared_fault_is_422_with_its_data() {
        let fault = super::super::contract::DeclaredFault::ApplicantNotFound { applicant_id: "P-404".into() };
        let problem = Problem::from(CallError::Declared(fault)).to_json();
        assert_eq!(problem["status"], 422);
        assert_eq!(problem["type"], format!("{DATA}#ApplicantNotFoundFault"));
        assert_eq!(problem["fault"]["data"], json!({ "ApplicantId": "P-404" }));
    }
}
