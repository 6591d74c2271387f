//! Every word that `viaduct demo` says. The story is told here; `story.rs` makes it true.

use std::{fmt::Write as _, net::SocketAddr, path::Path};

/// The first lines: who wants what from whom, and why it is hard.
pub(super) const OPENING: [&str; 5] = [
    "  A lender's credit-check service runs in the lender's own building. It is a Windows (WCF) program from",
    "  2009, it speaks net.tcp, and the firewall lets nobody in. A web shop in the cloud needs its answers.",
    "  No port is opened for that: the building calls out to a gateway, and the gateway joins the two.",
    "",
    "  All of it runs now, on this machine alone, and is thrown away at the end.",
];

/// The heading of the whole.
pub(super) const TITLE: &str = "Viaduct demo: asking a service that nobody can reach";

/// The three places of the story, in order.
pub(super) const GATEWAY: &str = "The gateway, on a server that both sides can reach";
/// See [`GATEWAY`].
pub(super) const BUILDING: &str = "The lender's building: connections go out, none come in";
/// See [`GATEWAY`].
pub(super) const CALLERS: &str = "The callers, anywhere";

/// After keys and certificates were made.
pub(super) fn keys_made(folder: &Path) -> String {
    format!("certificate authority, server certificate and keys made for this run, in {}", folder.display())
}

/// After the gateway opened its doors.
pub(super) fn gateway_started(https: SocketAddr, net_tcp: SocketAddr) -> String {
    format!("gateway started: https on port {}, net.tcp on port {}", https.port(), net_tcp.port())
}

/// After the WCF service listens.
pub(super) fn service_started(address: &str) -> String {
    format!("credit-check service started, as it has always been: {address}")
}

/// After the connector in front of the WCF service is online.
pub(super) fn connector_online(relay: &str) -> String {
    format!("connector (\"viaduct listen\") called the gateway and now waits there as \"{relay}\"")
}

/// After the JSON front and its connector are online.
pub(super) fn face_online(relay: &str) -> String {
    format!("small web service for JSON put beside it; a second connector waits as \"{relay}\"")
}

/// Before the legacy client's answer.
pub(super) const LEGACY: &str =
    "branch office: the old WCF program; one line of its configuration names the gateway";
/// Before the HTTP client's answer.
pub(super) const SHOP: &str = "web shop: HTTP and JSON";
/// Before the WebSocket client's answers.
pub(super) const DASHBOARD: &str = "web shop's dashboard: a WebSocket, two questions on one connection";
/// Before the applicant that nobody knows.
pub(super) const UNKNOWN: &str =
    "applicant nobody knows: each caller gets the service's own refusal, in its own language";
/// Before the caller with a wrong key.
pub(super) const STRANGER: &str =
    "stranger with a wrong key: turned away at the gateway, the service was never asked";

/// What to do next, once everything works. `token_file` holds a header line with a real token.
pub(super) fn try_next(
    https: SocketAddr,
    relay: &str,
    ca: &Path,
    token_file: &Path,
    applicant: &str,
) -> String {
    let curl = format!("curl --cacert {} -H @{}", ca.display(), token_file.display());
    let url = format!("https://localhost:{}/{relay}", https.port());
    let mut text = String::new();
    let mut ask = |title: &str, operation: &str, body: &str| {
        let _ = writeln!(text, "  # {title}\n  {curl} --json '{body}' {url}/{operation}\n");
    };
    ask("What is this applicant's score?", "GetScore", &format!(r#"{{"applicantId":"{applicant}"}}"#));
    ask(
        "May this applicant borrow 12,000 euros?",
        "CheckCredit",
        &format!(
            r#"{{"request":{{"Amount":12000,"Applicant":{{"$type":"PersonApplicant","ApplicantId":"{applicant}"}},"Currency":"EUR"}}}}"#
        ),
    );
    ask("Somebody the service does not know", "GetScore", r#"{"applicantId":"P-404"}"#);
    let _ = writeln!(
        text,
        "  # The same without a token: the gateway says no\n  curl --cacert {} --json '{{}}' {url}/GetScore",
        ca.display()
    );
    text
}

/// Where the ready-made lines begin.
pub(super) const TRY_TITLE: &str = "Try it yourself, in another terminal";

/// What the files in the lines above are.
pub(super) fn about_files(token_file: &Path) -> String {
    format!(
        "  {} holds a token that may call this relay for one hour.\n  A gateway of your own: viaduct init, viaduct serve, viaduct listen. README.md has the five-minute start.",
        token_file.file_name().unwrap_or_default().display()
    )
}

/// Why the lines above are of no use after `--once`.
pub(super) const ONCE: &str =
    "  This run ends now. Without --once the demo stays up, and lines like these work.";

/// The last line while the demo stays up.
pub(super) const WAITING: &str = "The demo goes on until you press Ctrl-C.";

/// The last line of `--once`.
pub(super) fn all_worked(steps: usize) -> String {
    format!("All {steps} steps worked.")
}

/// Told to stop before the end.
pub(super) const INTERRUPTED: &str = "the demo was stopped before its end";

/// A step that did not work, in one line.
pub(super) fn step_failed(step: &str, why: &str) -> String {
    let step = step.split(':').next().unwrap_or(step);
    format!("the demo stopped at \"{step}\": {why}")
}
