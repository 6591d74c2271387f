//! Service and old client meet over loopback, without a relay between them.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    contract::{Call, DeclaredFault, Reply},
    data::{Applicant, CreditRequest, Decision},
    envelope::FaultCode,
    ledger::UNKNOWN_APPLICANT,
    service::CreditService,
    wcf_client::{CallError, WcfClient},
};

async fn open(service: &CreditService) -> WcfClient {
    WcfClient::open(service.address(), &service.endpoint(), &service.endpoint()).await.unwrap()
}

fn get_score(applicant_id: &str) -> Call {
    Call::GetScore { applicant_id: applicant_id.into() }
}

#[tokio::test]
async fn a_session_carries_many_calls_and_ends_in_order() {
    let service = CreditService::start().await.unwrap();
    let mut client = open(&service).await;
    assert_eq!(client.call(&get_score("P-1001-NOVAK")).await.unwrap(), Reply::Score(747));
    let applicant = Applicant {
        kind: Some("PersonApplicant".into()),
        applicant_id: "P-1001-NOVAK".into(),
        display_name: Some("Ada <Novak> & co".into()),
    };
    let request = CreditRequest {
        amount: "12000".parse().unwrap(),
        applicant: applicant.clone(),
        currency: "EUR".into(),
    };
    let Reply::Report(report) = client.call(&Call::CheckCredit { request }).await.unwrap() else {
        panic!("no report")
    };
    assert_eq!((report.applicant, report.decision, report.score), (applicant, Decision::Approved, 747));
    assert_eq!(service.calls(), 2);
    client.close().await.unwrap();
}

#[tokio::test]
async fn declared_faults_keep_the_session() {
    let service = CreditService::start().await.unwrap();
    let mut client = open(&service).await;
    let error = client.call(&get_score(UNKNOWN_APPLICANT)).await.unwrap_err();
    let expected = DeclaredFault::ApplicantNotFound { applicant_id: UNKNOWN_APPLICANT.into() };
    assert!(matches!(error, CallError::Declared(fault) if fault == expected));
    assert_eq!(client.call(&get_score("A")).await.unwrap(), Reply::Score(65));
    client.close().await.unwrap();
}

#[tokio::test]
async fn another_path_or_host_is_judged_as_wcf_judges_it() {
    let service = CreditService::start().await.unwrap();
    let (socket, endpoint) = (service.address(), service.endpoint());
    // [MC-NMF]: the path of the Via decides, its host and port do not.
    let error = WcfClient::open(socket, "net.tcp://localhost/Other", &endpoint).await.unwrap_err();
    assert!(matches!(error, CallError::Refused(name) if name == "EndpointNotFound"));
    let mut client =
        WcfClient::open(socket, "net.tcp://gateway.example/creditcheck", &endpoint).await.unwrap();
    client.call(&get_score("A")).await.unwrap();
    // AddressFilterMode.Exact: port and path of the To are compared.
    let mut client = WcfClient::open(socket, &endpoint, "net.tcp://localhost:1/CreditCheck").await.unwrap();
    let error = client.call(&get_score("A")).await.unwrap_err();
    assert!(matches!(error, CallError::Fault(fault) if fault.code == FaultCode::DestinationUnreachable));
}

/// Sends raw bytes and returns all that comes back.
async fn exchange(service: &CreditService, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(service.address()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    // A connection that is reset has no more to say.
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

fn preamble(mode: u8, encoding: u8, end: &[u8]) -> Vec<u8> {
    let via = b"net.tcp://h/CreditCheck";
    let mut bytes = vec![0, 1, 0, 1, mode, 2, via.len() as u8];
    bytes.extend_from_slice(via);
    bytes.extend_from_slice(&[3, encoding]);
    bytes.extend_from_slice(end);
    bytes
}

#[tokio::test]
async fn modes_encodings_and_upgrades_it_does_not_serve_get_their_fault() {
    let service = CreditService::start().await.unwrap();
    for (bytes, fault) in [
        (preamble(1, 3, &[0x0c]), "UnsupportedMode"),
        (preamble(2, 8, &[0x0c]), "ContentTypeInvalid"),
        (preamble(2, 3, &[0x09, 1, b'x']), "UpgradeInvalid"),
        (preamble(2, 3, &[0x0c, 0x06, 0xff, 0xff, 0xff, 0xff, 0x07]), "MaxMessageSizeExceededFault"),
    ] {
        let answer = exchange(&service, &bytes).await;
        assert!(String::from_utf8_lossy(&answer).ends_with(fault), "{fault}: {answer:02x?}");
    }
}

#[tokio::test]
async fn a_second_session_follows_on_the_same_connection() {
    let service = CreditService::start().await.unwrap();
    let mut bytes = preamble(2, 3, &[0x0c, 0x07]);
    bytes.extend(bytes.clone());
    assert_eq!(exchange(&service, &bytes).await, [0x0b, 0x07, 0x0b, 0x07]);
}

#[tokio::test]
async fn bytes_that_are_no_envelope_close_the_session() {
    let service = CreditService::start().await.unwrap();
    assert_eq!(exchange(&service, &preamble(2, 3, &[0x0c, 0x06, 2, b'<', b'a'])).await, [0x0b]);
    assert_eq!(service.calls(), 0);
}
