//! The steps, in order, each made true before it is told.

use std::{
    io::Write,
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    building::Building,
    contract::{Call, DeclaredFault, Reply},
    ledger::{UNKNOWN_APPLICANT, score},
    modern::{Answer, Gateway as Caller},
    screen::Screen,
    stage::{FACE_RELAY, HOST, SERVICE_RELAY, Stage},
    text,
    wcf_client::{CallError, WcfClient},
};
use crate::{config::DoorName, gateway::Gateway, io::ClientTls, wire::framing::with_token};

/// The applicant of the story.
pub(super) const APPLICANT: &str = "P-1001-NOVAK";
/// Another one, for the dashboard's second question.
const OTHER_APPLICANT: &str = "P-1002-HORVAT";
/// What the applicant asks for.
const AMOUNT: u32 = 12_000;

/// A step that did not work.
#[derive(Debug)]
pub(super) struct StepFailed {
    /// The step's line.
    pub(super) step: String,
    /// What was wrong.
    pub(super) why: String,
}

/// The cast, still on stage after the story was told.
pub(super) struct Cast {
    stage: Stage,
    gateway: Gateway,
    building: Building,
    https: SocketAddr,
}

/// Tells the story from the beginning.
pub(super) async fn tell<W: Write>(screen: &mut Screen<W>) -> Result<Cast, StepFailed> {
    screen.title(text::TITLE);
    screen.line(text::OPENING);

    screen.heading(text::GATEWAY);
    let stage = Stage::build().map_err(failed("certificates and keys"))?;
    screen.step(&text::keys_made(stage.folder()));
    let tls = ClientTls::new(&[stage.ca_pem().as_bytes()]).map_err(failed("certificates and keys"))?;
    let gateway = Gateway::start(stage.gateway_config()).await.map_err(failed("gateway"))?;
    let door = |name| gateway.doors().iter().find(|(door, _)| *door == name).map(|(_, address)| *address);
    let https = door(DoorName::Https).ok_or_else(|| missing("gateway", "its https door is closed"))?;
    let net_tcp = door(DoorName::NetTcp).ok_or_else(|| missing("gateway", "its net_tcp door is closed"))?;
    screen.step(&text::gateway_started(https, net_tcp));

    screen.heading(text::BUILDING);
    let building = Building::open(tls.clone(), https.port()).await;
    let mut building = building.map_err(failed("credit-check service"))?;
    screen.step(&text::service_started(&building.service.endpoint()));
    building.connect_service(&stage).await.map_err(failed("connector"))?;
    screen.step(&text::connector_online(SERVICE_RELAY));
    building.connect_face(&stage).await.map_err(failed("small web service for JSON"))?;
    screen.step(&text::face_online(FACE_RELAY));

    screen.heading(text::CALLERS);
    let callers = Callers {
        stage: &stage,
        building: &building,
        net_tcp,
        caller: Caller { address: https, host: HOST.into(), tls },
    };
    callers.branch_office(screen).await?;
    callers.web_shop(screen).await?;
    callers.dashboard(screen).await?;
    callers.unknown_applicant(screen).await?;
    callers.stranger(screen).await?;
    Ok(Cast { stage, gateway, building, https })
}

struct Callers<'a> {
    stage: &'a Stage,
    building: &'a Building,
    net_tcp: SocketAddr,
    caller: Caller,
}

impl Callers<'_> {
    /// The old client keeps the service's address and goes by another way: the gateway's, with a token in it.
    async fn open_old_client(&self) -> Result<WcfClient, CallError> {
        let via = format!("net.tcp://{HOST}:{}/{SERVICE_RELAY}", self.net_tcp.port());
        let via = with_token(&via, &self.stage.sender_token(SERVICE_RELAY));
        WcfClient::open(self.net_tcp, &via, &self.building.service.endpoint()).await
    }

    async fn branch_office<W: Write>(&self, screen: &mut Screen<W>) -> Result<(), StepFailed> {
        let began = Instant::now();
        let call = Call::GetScore { applicant_id: APPLICANT.into() };
        let reply = async {
            let mut client = self.open_old_client().await?;
            let reply = client.call(&call).await?;
            client.close().await?;
            Ok::<_, CallError>(reply)
        };
        let reply = reply.await.map_err(failed(text::LEGACY))?;
        expect(text::LEGACY, &reply, &Reply::Score(score(APPLICANT)))?;
        screen.step(text::LEGACY);
        screen.asked(&format!("GetScore(\"{APPLICANT}\")"), &score(APPLICANT).to_string(), began.elapsed());
        Ok(())
    }

    async fn web_shop<W: Write>(&self, screen: &mut Screen<W>) -> Result<(), StepFailed> {
        let applicant = json!({ "$type": "PersonApplicant", "ApplicantId": APPLICANT });
        let body = json!({ "request": { "Amount": AMOUNT, "Applicant": applicant, "Currency": "EUR" } });
        let (answer, took) = self.post("CheckCredit", &body, text::SHOP).await?;
        expect(text::SHOP, &answer.status, &200)?;
        let report = parsed(&answer, text::SHOP)?["CheckCreditResult"].take();
        expect(text::SHOP, &report["Decision"], &json!("Approved"))?;
        expect(text::SHOP, &report["Score"], &json!(score(APPLICANT)))?;
        screen.step(text::SHOP);
        screen.asked(
            &format!("POST /{FACE_RELAY}/CheckCredit  {AMOUNT} EUR for {APPLICANT}"),
            &format!("{} {} (score {}, limit {} EUR)", answer.status, "Approved", report["Score"], report["Limit"]),
            took,
        );
        Ok(())
    }

    async fn dashboard<W: Write>(&self, screen: &mut Screen<W>) -> Result<(), StepFailed> {
        let token = self.stage.sender_token(FACE_RELAY);
        let began = Instant::now();
        let mut dashboard = self.caller.dashboard(FACE_RELAY, &token).await.map_err(failed(text::DASHBOARD))?;
        let mut began = Some(began);
        let mut told = Vec::new();
        for applicant in [APPLICANT, OTHER_APPLICANT] {
            // The first question pays for the connection.
            let asked_at = began.take().unwrap_or_else(Instant::now);
            let answer = dashboard.ask("GetScore", json!({ "applicantId": applicant })).await;
            let answer = answer.map_err(failed(text::DASHBOARD))?;
            expect(text::DASHBOARD, &answer, &json!({ "GetScoreResult": score(applicant) }))?;
            told.push((applicant, answer, asked_at.elapsed()));
        }
        dashboard.close().await.map_err(failed(text::DASHBOARD))?;
        screen.step(text::DASHBOARD);
        for (applicant, answer, took) in told {
            screen.asked(&format!("GetScore {applicant}"), &answer.to_string(), took);
        }
        Ok(())
    }

    async fn unknown_applicant<W: Write>(&self, screen: &mut Screen<W>) -> Result<(), StepFailed> {
        let began = Instant::now();
        let call = Call::GetScore { applicant_id: UNKNOWN_APPLICANT.into() };
        let mut client = self.open_old_client().await.map_err(failed(text::UNKNOWN))?;
        let fault = match client.call(&call).await {
            Err(CallError::Declared(fault @ DeclaredFault::ApplicantNotFound { .. })) => fault,
            Err(error) => return Err(failed(text::UNKNOWN)(error)),
            Ok(reply) => return Err(missing(text::UNKNOWN, &format!("a fault was due, {reply:?} came"))),
        };
        client.close().await.map_err(failed(text::UNKNOWN))?;
        let old_took = began.elapsed();

        let body = json!({ "applicantId": UNKNOWN_APPLICANT });
        let (answer, took) = self.post("GetScore", &body, text::UNKNOWN).await?;
        expect(text::UNKNOWN, &answer.status, &422)?;
        let problem = parsed(&answer, text::UNKNOWN)?;
        expect(text::UNKNOWN, &problem["title"], &json!(fault.name()))?;
        screen.step(text::UNKNOWN);
        let question = format!("GetScore(\"{UNKNOWN_APPLICANT}\")");
        screen.asked(&question, &format!("SOAP fault {}: {}", fault.name(), fault.reason()), old_took);
        let detail = problem["detail"].as_str().unwrap_or_default();
        screen.asked(&format!("POST /{FACE_RELAY}/GetScore"), &format!("{} {detail}", answer.status), took);
        Ok(())
    }

    async fn stranger<W: Write>(&self, screen: &mut Screen<W>) -> Result<(), StepFailed> {
        let before = self.building.service.calls();
        let token = self.stage.forged_token(FACE_RELAY).map_err(failed(text::STRANGER))?;
        let path = format!("/{FACE_RELAY}/GetScore");
        let began = Instant::now();
        let answer = self.caller.post(&path, &token, &json!({ "applicantId": APPLICANT })).await;
        let answer = answer.map_err(failed(text::STRANGER))?;
        let took = began.elapsed();
        expect(text::STRANGER, &answer.status, &401)?;
        expect(text::STRANGER, &self.building.service.calls(), &before)?;
        screen.step(text::STRANGER);
        // The rest of the sentence is for whoever reads logs.
        let why = answer.reason.split(". TrackingId").next().unwrap_or_default();
        screen.asked(&format!("POST {path}"), &format!("{} {why}", answer.status), took);
        Ok(())
    }

    async fn post(
        &self,
        operation: &str,
        body: &Value,
        step: &str,
    ) -> Result<(Answer, Duration), StepFailed> {
        let began = Instant::now();
        let token = self.stage.sender_token(FACE_RELAY);
        let answer = self.caller.post(&format!("/{FACE_RELAY}/{operation}"), &token, body).await;
        Ok((answer.map_err(failed(step))?, began.elapsed()))
    }
}

impl Cast {
    /// Says what to try next.
    pub(super) fn invite<W: Write>(&self, screen: &mut Screen<W>) -> Result<(), StepFailed> {
        let token_file: PathBuf = self.stage.write_token_file(FACE_RELAY).map_err(failed("token for you"))?;
        screen.heading(text::TRY_TITLE);
        screen.line("");
        screen.line(text::try_next(self.https, FACE_RELAY, &self.stage.ca_file(), &token_file, APPLICANT));
        screen.line(text::about_files(&token_file));
        Ok(())
    }

    /// Ends everything in order: connectors, gateway, folder.
    pub(super) async fn leave(self) {
        self.building.close().await;
        self.gateway.drain().await;
        drop(self.stage);
    }
}

fn failed<E: std::error::Error>(step: &str) -> impl FnOnce(E) -> StepFailed {
    move |error| StepFailed { step: step.to_owned(), why: super::super::failure::chain(&error) }
}

fn missing(step: &str, why: &str) -> StepFailed {
    StepFailed { step: step.to_owned(), why: why.to_owned() }
}

fn expect<T: PartialEq + std::fmt::Debug>(step: &str, found: &T, expected: &T) -> Result<(), StepFailed> {
    if found == expected {
        return Ok(());
    }
    Err(missing(step, &format!("{expected:?} was expected, {found:?} came")))
}

fn parsed(answer: &Answer, step: &str) -> Result<Value, StepFailed> {
    serde_json::from_slice(&answer.body).map_err(failed(step))
}
