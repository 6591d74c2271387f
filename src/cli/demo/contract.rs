//! The credit-check contract (`wsdl/credit-check`): the part of it that the demo speaks, as values, as XML and as JSON.
//!
//! Names, order and namespaces are those of the WSDL; JSON is the shape that its wrapper elements have, name for name.

use serde::{Deserialize, Serialize};

use super::{
    data::{Applicant, CreditReport, CreditRequest, FieldError},
    xml::Element,
};

/// The contract's own namespace: operations and their wrappers.
pub(super) const CONTRACT: &str = "http://contoso.example/creditcheck/2009/06";
/// The namespace of its data.
pub(super) const DATA: &str = "http://schemas.datacontract.org/2004/07/Contoso.CreditCheck";

/// A call of one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    GetScore { applicant_id: String },
    CheckCredit { request: CreditRequest },
}

/// What the operation answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Reply {
    #[serde(rename = "GetScoreResult")]
    Score(i32),
    #[serde(rename = "CheckCreditResult")]
    Report(CreditReport),
}

/// A fault that the contract declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DeclaredFault {
    ApplicantNotFound { applicant_id: String },
    Validation { errors: Vec<FieldError> },
}

/// Why a message does not fit the contract.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum ContractError {
    #[error("no operation has the action {0:?}")]
    UnknownAction(String),
    #[error("{element:?} of namespace {namespace:?} is missing")]
    Missing { namespace: &'static str, element: &'static str },
    #[error("{element:?} holds {value:?}")]
    BadValue { element: &'static str, value: String },
}

impl Call {
    /// The operation's name, which is also the name of its wrapper element.
    pub(super) fn operation(&self) -> &'static str {
        match self {
            Self::GetScore { .. } => "GetScore",
            Self::CheckCredit { .. } => "CheckCredit",
        }
    }

    /// `wsaw:Action` of the operation's input.
    pub(super) fn action(&self) -> String {
        action(self.operation())
    }

    /// The body's wrapper element.
    pub(super) fn to_xml(&self) -> Element {
        let wrapper = Element::new(CONTRACT, self.operation());
        match self {
            Self::GetScore { applicant_id } => wrapper.with_value("applicantId", applicant_id),
            Self::CheckCredit { request } => {
                let mut inner = Element::new(CONTRACT, "request");
                inner.children = vec![
                    Element::new(DATA, "Amount").with_text(request.amount.to_string()),
                    request.applicant.to_xml(),
                    Element::new(DATA, "Currency").with_text(&request.currency),
                ];
                wrapper.with(inner)
            }
        }
    }

    /// Reads the wrapper element of the operation that `action` names.
    pub(super) fn from_xml(action_found: &str, body: &Element) -> Result<Self, ContractError> {
        if action_found == action("GetScore") {
            let wrapper = wrapper(body, "GetScore")?;
            let applicant_id = text(wrapper, CONTRACT, "applicantId")?.to_owned();
            Ok(Self::GetScore { applicant_id })
        } else if action_found == action("CheckCredit") {
            let request = child(wrapper(body, "CheckCredit")?, CONTRACT, "request")?;
            let amount = text(request, DATA, "Amount")?;
            let request = CreditRequest {
                amount: amount.parse().map_err(|_| bad("Amount", amount))?,
                applicant: Applicant::from_xml(child(request, DATA, "Applicant")?)?,
                currency: text(request, DATA, "Currency")?.to_owned(),
            };
            Ok(Self::CheckCredit { request })
        } else {
            Err(ContractError::UnknownAction(action_found.to_owned()))
        }
    }
}

impl Reply {
    /// `wsaw:Action` of the operation's output.
    pub(super) fn action(&self) -> String {
        match self {
            Self::Score(_) => action("GetScoreResponse"),
            Self::Report(_) => action("CheckCreditResponse"),
        }
    }

    /// The body's wrapper element.
    pub(super) fn to_xml(&self) -> Element {
        match self {
            Self::Score(score) => {
                Element::new(CONTRACT, "GetScoreResponse").with_value("GetScoreResult", score.to_string())
            }
            Self::Report(report) => {
                let mut result = report.to_xml();
                (result.namespace, result.name) = (CONTRACT.into(), "CheckCreditResult".into());
                Element::new(CONTRACT, "CheckCreditResponse").with(result)
            }
        }
    }

    /// Reads the answer to `call`.
    pub(super) fn from_xml(call: &Call, body: &Element) -> Result<Self, ContractError> {
        match call {
            Call::GetScore { .. } => {
                let result = text(wrapper(body, "GetScoreResponse")?, CONTRACT, "GetScoreResult")?;
                Ok(Self::Score(result.trim().parse().map_err(|_| bad("GetScoreResult", result))?))
            }
            Call::CheckCredit { .. } => {
                let result = child(wrapper(body, "CheckCreditResponse")?, CONTRACT, "CheckCreditResult")?;
                Ok(Self::Report(CreditReport::from_xml(result)?))
            }
        }
    }
}

impl DeclaredFault {
    /// The local name of the detail element.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::ApplicantNotFound { .. } => "ApplicantNotFoundFault",
            Self::Validation { .. } => "ValidationFault",
        }
    }

    /// The text for people.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::ApplicantNotFound { .. } => "no such applicant",
            Self::Validation { .. } => "the request is not valid",
        }
    }

    /// `wsaw:Action` of this fault of `operation`.
    pub(super) fn action(&self, operation: &str) -> String {
        action(&format!("{operation}{}Fault", self.name()))
    }

    /// The fault's detail.
    pub(super) fn to_xml(&self) -> Element {
        let detail = Element::new(DATA, self.name());
        match self {
            Self::ApplicantNotFound { applicant_id } => detail.with_value("ApplicantId", applicant_id),
            Self::Validation { errors } => {
                let mut list = Element::new(DATA, "Errors");
                list.children = errors
                    .iter()
                    .map(|error| {
                        Element::new(DATA, "FieldError")
                            .with_value("Field", &error.field)
                            .with_value("Message", &error.message)
                    })
                    .collect();
                detail.with(list)
            }
        }
    }

    /// Reads a detail; `None` if it is none that the contract declares.
    pub(super) fn from_xml(detail: &Element) -> Option<Self> {
        if detail.is(DATA, "ApplicantNotFoundFault") {
            Some(Self::ApplicantNotFound { applicant_id: detail.own("ApplicantId")?.text.clone() })
        } else if detail.is(DATA, "ValidationFault") {
            let error = |e: &Element| {
                Some(FieldError {
                    field: e.own("Field")?.text.clone(),
                    message: e.own("Message")?.text.clone(),
                })
            };
            Some(Self::Validation {
                errors: detail.own("Errors")?.children.iter().filter_map(error).collect(),
            })
        } else {
            None
        }
    }

    /// The detail in JSON.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::ApplicantNotFound { applicant_id } => serde_json::json!({ "ApplicantId": applicant_id }),
            Self::Validation { errors } => serde_json::json!({ "Errors": errors }),
        }
    }
}

fn action(name: &str) -> String {
    format!("{CONTRACT}/ICreditCheck/{name}")
}

fn wrapper<'a>(body: &'a Element, name: &'static str) -> Result<&'a Element, ContractError> {
    if body.is(CONTRACT, name) {
        Ok(body)
    } else {
        Err(ContractError::Missing { namespace: CONTRACT, element: name })
    }
}

pub(super) fn child<'a>(
    parent: &'a Element,
    namespace: &'static str,
    element: &'static str,
) -> Result<&'a Element, ContractError> {
    parent.child(namespace, element).ok_or(ContractError::Missing { namespace, element })
}

pub(super) fn text<'a>(
    parent: &'a Element,
    namespace: &'static str,
    element: &'static str,
) -> Result<&'a str, ContractError> {
    child(parent, namespace, element).map(|child| child.text.as_str())
}

pub(super) fn bad(element: &'static str, value: &str) -> ContractError {
    ContractError::BadValue { element, value: value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> CreditRequest {
        let json = r#"{"Amount":12000.5,"Applicant":{"$type":"PersonApplicant","ApplicantId":"P <1>"},"Currency":"EUR"}"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn calls_survive_the_way_through_xml() {
        for call in [Call::GetScore { applicant_id: "a&b".into() }, Call::CheckCredit { request: request() }]
        {
            let mut xml = String::new();
            call.to_xml().write("", &mut xml);
            assert_eq!(Call::from_xml(&call.action(), &Element::parse(&xml).unwrap()), Ok(call));
        }
    }

    #[test]
    fn data_members_stand_in_the_data_namespace_and_in_schema_order() {
        let xml = Call::CheckCredit { request: request() }.to_xml();
        let request = xml.child(CONTRACT, "request").unwrap();
        let names: Vec<_> =
            request.children.iter().map(|c| (c.namespace.as_str(), c.name.as_str())).collect();
        assert_eq!(names, [(DATA, "Amount"), (DATA, "Applicant"), (DATA, "Currency")]);
    }

    #[test]
    fn the_wsdl_knows_every_action_and_element_used_here() {
        let wsdl = include_str!("../../../wsdl/credit-check/credit-check.wsdl");
        for operation in ["GetScore", "CheckCredit"] {
            assert!(wsdl.contains(&format!("\"{}\"", action(operation))));
            assert!(wsdl.contains(&format!("\"{}\"", action(&format!("{operation}Response")))));
            let fault = DeclaredFault::ApplicantNotFound { applicant_id: String::new() };
            assert!(wsdl.contains(&format!("wsaw:Action=\"{}\"", fault.action(operation))), "{operation}");
        }
        let validation = DeclaredFault::Validation { errors: Vec::new() };
        assert!(wsdl.contains(&format!("wsaw:Action=\"{}\"", validation.action("CheckCredit"))));
    }

    #[test]
    fn a_misspelt_json_member_is_refused_and_not_dropped() {
        let json = r#"{"amount":1,"Amount":1,"Applicant":{"ApplicantId":"P"},"Currency":"EUR"}"#;
        assert!(serde_json::from_str::<CreditRequest>(json).is_err());
    }
}
