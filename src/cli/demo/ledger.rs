//! What the lender's service knows and decides: the behaviour that `wsdl/credit-check/README.md` promises.

use uuid::Uuid;

use super::{
    amount::Amount,
    contract::{Call, DeclaredFault, Reply},
    data::{CreditReport, CreditRequest, Decision, FieldError},
};

/// The applicant that nobody knows.
pub(super) const UNKNOWN_APPLICANT: &str = "P-404";

/// What a report needs from outside: a fresh id, and the time as `xsd:dateTime` has it.
#[derive(Clone, Debug)]
pub(super) struct Stamp {
    pub(super) report_id: Uuid,
    pub(super) issued_at: String,
}

/// Answers one call.
pub(super) fn answer(call: &Call, stamp: Stamp) -> Result<Reply, DeclaredFault> {
    match call {
        Call::GetScore { applicant_id } => known(applicant_id).map(|()| Reply::Score(score(applicant_id))),
        Call::CheckCredit { request } => check(request, stamp).map(Reply::Report),
    }
}

/// The sum of the UTF-16 code units of the id, modulo 850.
pub(super) fn score(applicant_id: &str) -> i32 {
    let sum = applicant_id.encode_utf16().fold(0u32, |sum, unit| (sum + u32::from(unit)) % 850);
    i32::try_from(sum).expect("below 850")
}

fn check(request: &CreditRequest, stamp: Stamp) -> Result<CreditReport, DeclaredFault> {
    known(&request.applicant.applicant_id)?;
    if !request.amount.is_positive() {
        let error = FieldError { field: "Amount".into(), message: "the amount must be more than 0".into() };
        return Err(DeclaredFault::Validation { errors: vec![error] });
    }
    let score = score(&request.applicant.applicant_id);
    let limit = Amount::hundredths(i64::from(score) * 20 * 100);
    let (decision, reason) = match score {
        600.. if request.amount <= limit => (Decision::Approved, "score and limit suffice"),
        400.. if request.amount <= limit => (Decision::Referred, "score needs a second look"),
        400.. => (Decision::Referred, "amount is beyond the limit"),
        _ => (Decision::Declined, "score is too low"),
    };
    Ok(CreditReport {
        applicant: request.applicant.clone(),
        decision,
        issued_at: stamp.issued_at,
        limit,
        reasons: vec![reason.to_owned()],
        report_id: stamp.report_id.to_string(),
        score,
    })
}

fn known(applicant_id: &str) -> Result<(), DeclaredFault> {
    if applicant_id == UNKNOWN_APPLICANT {
        return Err(DeclaredFault::ApplicantNotFound { applicant_id: applicant_id.to_owned() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::data::Applicant, *};

    fn check(applicant_id: &str, amount: &str) -> Result<Reply, DeclaredFault> {
        let applicant = Applicant { kind: None, applicant_id: applicant_id.into(), display_name: None };
        let request = CreditRequest { amount: amount.parse().unwrap(), applicant, currency: "EUR".into() };
        answer(&Call::CheckCredit { request }, Stamp { report_id: Uuid::nil(), issued_at: String::new() })
    }

    fn decision(applicant_id: &str, amount: &str) -> Decision {
        let Ok(Reply::Report(report)) = check(applicant_id, amount) else { panic!("no report") };
        report.decision
    }

    #[test]
    fn a_score_is_the_sum_of_the_code_units() {
        assert_eq!(score("AB"), 131);
        assert_eq!(score("P-1001-NOVAK"), 747);
        assert_eq!(score("\u{ffff}"), 65_535 % 850);
    }

    #[test]
    fn the_decision_follows_score_and_limit() {
        assert_eq!(decision("P-1001-NOVAK", "14940"), Decision::Approved);
        assert_eq!(decision("P-1001-NOVAK", "14940.01"), Decision::Referred);
        assert_eq!(decision("P-100234", "1"), Decision::Referred);
        assert_eq!(decision("P-1", "1"), Decision::Declined);
    }

    #[test]
    fn unknown_applicants_and_empty_amounts_have_their_faults() {
        assert!(matches!(check("P-404", "1"), Err(DeclaredFault::ApplicantNotFound { .. })));
        assert!(matches!(check("P-1", "0"), Err(DeclaredFault::Validation { errors }) if errors.len() == 1));
    }
}
