//! The data contracts of the credit check: what stands inside the wrapper elements.

use serde::{Deserialize, Serialize};

use super::{
    amount::Amount,
    contract::{ContractError, DATA, bad, child, text},
    xml::{Element, XSI},
};

/// Where `ArrayOfstring` comes from.
const ARRAYS: &str = "http://schemas.microsoft.com/2003/10/Serialization/Arrays";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreditRequest {
    pub(super) amount: Amount,
    pub(super) applicant: Applicant,
    pub(super) currency: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Applicant {
    /// The run-time type: `PersonApplicant` or `CompanyApplicant`.
    #[serde(rename = "$type", default, skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<String>,
    pub(super) applicant_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) display_name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreditReport {
    pub(super) applicant: Applicant,
    pub(super) decision: Decision,
    /// As on the wire: `xsd:dateTime`.
    pub(super) issued_at: String,
    pub(super) limit: Amount,
    pub(super) reasons: Vec<String>,
    pub(super) report_id: String,
    pub(super) score: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Decision {
    Approved,
    Referred,
    Declined,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FieldError {
    pub(super) field: String,
    pub(super) message: String,
}

impl Applicant {
    pub(super) fn to_xml(&self) -> Element {
        let mut element = Element::new(DATA, "Applicant").with_value("ApplicantId", &self.applicant_id);
        if let Some(name) = &self.display_name {
            element = element.with_value("DisplayName", name);
        }
        match &self.kind {
            Some(kind) => element.with_type(kind),
            None => element,
        }
    }

    pub(super) fn from_xml(element: &Element) -> Result<Self, ContractError> {
        // WCF writes a prefix before the type's name; the types here are all of one namespace.
        let kind =
            element.attribute(XSI, "type").map(|name| name.rsplit(':').next().unwrap_or(name).to_owned());
        Ok(Self {
            kind,
            applicant_id: text(element, DATA, "ApplicantId")?.to_owned(),
            display_name: element.own("DisplayName").map(|e| e.text.clone()),
        })
    }
}

impl CreditReport {
    pub(super) fn to_xml(&self) -> Element {
        let mut reasons = Element::new(DATA, "Reasons");
        reasons.children = self.reasons.iter().map(|r| Element::new(ARRAYS, "string").with_text(r)).collect();
        let mut report = Element::new(DATA, "CreditReport");
        let value = |name, text: String| Element::new(DATA, name).with_text(text);
        report.children = vec![
            self.applicant.to_xml(),
            value("Decision", self.decision.name().to_owned()),
            value("IssuedAt", self.issued_at.clone()),
            value("Limit", self.limit.to_string()),
            reasons,
            value("ReportId", self.report_id.clone()),
            value("Score", self.score.to_string()),
        ];
        report
    }

    pub(super) fn from_xml(report: &Element) -> Result<Self, ContractError> {
        let decision = text(report, DATA, "Decision")?;
        let limit = text(report, DATA, "Limit")?;
        let score = text(report, DATA, "Score")?;
        Ok(Self {
            applicant: Applicant::from_xml(child(report, DATA, "Applicant")?)?,
            decision: Decision::from_name(decision).ok_or_else(|| bad("Decision", decision))?,
            issued_at: text(report, DATA, "IssuedAt")?.to_owned(),
            limit: limit.parse().map_err(|_| bad("Limit", limit))?,
            reasons: child(report, DATA, "Reasons")?.children.iter().map(|r| r.text.clone()).collect(),
            report_id: text(report, DATA, "ReportId")?.to_owned(),
            score: score.trim().parse().map_err(|_| bad("Score", score))?,
        })
    }
}

impl Decision {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Approved => "Approved",
            Self::Referred => "Referred",
            Self::Declined => "Declined",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Approved, Self::Referred, Self::Declined].into_iter().find(|decision| decision.name() == name)
    }
}
