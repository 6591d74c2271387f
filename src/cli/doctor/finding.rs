//! What a check found.

use super::doors::Door;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Nothing is in the way.
    Ok,
    /// Something works, but not for everybody or not for long.
    Warning,
    /// Something does not work.
    Failed,
    /// It could not be asked, because of what failed before.
    Skipped,
}

impl Status {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Name,
    Port,
    Certificate,
    WebSocket,
    Clock,
    Key,
}

impl Check {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Port => "port",
            Self::Certificate => "certificate",
            Self::WebSocket => "websocket",
            Self::Clock => "clock",
            Self::Key => "key",
        }
    }
}

/// Who has to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Who runs the gateway.
    Gateway,
    /// Who runs this machine.
    Here,
    /// Who runs what lies between.
    Network,
    /// Who handed out the connection string, or copied it.
    Connection,
}

impl Whose {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Here => "this machine",
            Self::Network => "network",
            Self::Connection => "connection string",
        }
    }
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Each fault that is told apart. Its name is what `--format json` shows and never changes; `docs/doctor.md` lists them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Fault { $($(#[$doc])* $name,)* }

        impl Fault {
            /// All of them.
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$name,)*];

            pub(super) const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

faults! {
    /// The name has no address.
    NameUnknown = "name_unknown",
    /// No name server answers.
    NameServerSilent = "name_server_silent",
    /// The name still leads to Azure.
    NameIsAzures = "name_is_azures",
    /// The name has no IPv4 address.
    NoIpv4 = "no_ipv4",
    /// A connection is refused.
    PortRefused = "port_refused",
    /// Packets go nowhere.
    PortDropped = "port_dropped",
    /// This machine does not let us out.
    PortForbidden = "port_forbidden",
    /// There is no way to the address.
    PortUnreachable = "port_unreachable",
    /// Some addresses of the name answer, others do not.
    PortPartly = "port_partly",
    /// The proxy does not let us through.
    ProxyRefused = "proxy_refused",
    /// The proxy itself cannot be reached.
    ProxyUnreachable = "proxy_unreachable",
    /// The connection is closed before anything is said.
    PortHangsUp = "port_hangs_up",
    /// The connection is taken and nothing is answered.
    PortSilent = "port_silent",
    /// Something else is behind the port.
    PortElse = "port_else",
    /// TLS is spoken, but not with us.
    TlsRefused = "tls_refused",
    /// The HTTP door answers `GET /` with something else than success.
    HttpNotOk = "http_not_ok",
    /// No WebSocket for WCF on 443.
    NoWebSocket = "no_websocket",
    /// No root that is trusted signed the certificate.
    CertificateIssuerUnknown = "certificate_issuer_unknown",
    /// The certificate of an authority between it and its root is not sent.
    CertificateChainIncomplete = "certificate_chain_incomplete",
    /// Another authority than the gateway's signed it, on the way through a proxy.
    CertificateIntercepted = "certificate_intercepted",
    /// A key or a signature of it is too weak.
    CertificateWeak = "certificate_weak",
    /// It signed itself.
    CertificateSelfSigned = "certificate_self_signed",
    /// Its time is over.
    CertificateExpired = "certificate_expired",
    /// Its time has not begun.
    CertificateNotYetValid = "certificate_not_yet_valid",
    /// Its time is nearly over.
    CertificateEndsSoon = "certificate_ends_soon",
    /// It is for other names.
    CertificateNameMismatch = "certificate_name_mismatch",
    /// It is not fit for a server.
    CertificateUnfit = "certificate_unfit",
    /// Not exactly one dNSName, on 9351.
    CertificateDnsNames = "certificate_dns_names",
    /// No iPAddress for WebSocket rendezvous of 2.x.
    CertificateNoAddress = "certificate_no_address",
    /// An RSA key, with which Windows before 2016 has no cipher suite in common.
    CertificateRsa = "certificate_rsa",
    /// Our clock is behind.
    ClockBehind = "clock_behind",
    /// Our clock is ahead.
    ClockAhead = "clock_ahead",
    /// There was nothing to compare it with.
    ClockUnknown = "clock_unknown",
    /// No policy of this name has this key.
    KeyWrong = "key_wrong",
    /// There is no key, and the relay wants one.
    KeyMissing = "key_missing",
    /// The policy lacks the right.
    KeyRight = "key_right",
    /// The token of the connection string has ended.
    TokenExpired = "token_expired",
    /// The token of the connection string is for something else.
    TokenAudience = "token_audience",
    /// The token of the connection string is none.
    TokenMalformed = "token_malformed",
    /// No such relay.
    RelayUnknown = "relay_unknown",
    /// The relay is switched off.
    RelayDisabled = "relay_disabled",
    /// The relay is in use in another way.
    RelayConflict = "relay_conflict",
    /// A quota is used up.
    QuotaExceeded = "quota_exceeded",
    /// The host name belongs to no namespace.
    HostUnknown = "host_unknown",
    /// Our address may not.
    AddressRefused = "address_refused",
    /// Too many failed attempts before.
    Throttled = "throttled",
    /// The gateway starts, stops or is overloaded.
    GatewayBusy = "gateway_busy",
    /// What answers is no relay.
    NoRelayThere = "no_relay_there",
    /// The question went unanswered.
    NoAnswer = "no_answer",
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) check: Check,
    /// Where; several when the same was found at each.
    pub(super) doors: Vec<Door>,
    pub(super) status: Status,
    /// What was seen. Lower case, without full stop.
    pub(super) seen: String,
    /// What is wrong, unless nothing is.
    pub(super) trouble: Option<Trouble>,
}

/// What is wrong, whose it is, what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) fault: Fault,
    pub(super) whose: Whose,
    pub(super) advice: String,
}

impl Finding {
    pub(super) fn ok(check: Check, seen: impl Into<String>) -> Self {
        Self { check, doors: Vec::new(), status: Status::Ok, seen: seen.into(), trouble: None }
    }

    pub(super) fn skipped(check: Check, why: impl Into<String>) -> Self {
        Self { status: Status::Skipped, ..Self::ok(check, why) }
    }

    pub(super) fn failed(
        check: Check,
        fault: Fault,
        seen: impl Into<String>,
        whose: Whose,
        advice: impl Into<String>,
    ) -> Self {
        let trouble = Some(Trouble { fault, whose, advice: advice.into() });
        Self { status: Status::Failed, trouble, ..Self::ok(check, seen) }
    }

    pub(super) fn warning(
        check: Check,
        fault: Fault,
        seen: impl Into<String>,
        whose: Whose,
        advice: impl Into<String>,
    ) -> Self {
        Self { status: Status::Warning, ..Self::failed(check, fault, seen, whose, advice) }
    }

    #[must_use]
    pub(super) fn at(mut self, door: Door) -> Self {
        self.doors.push(door);
        self
    }

    /// Whether something does not work.
    pub(super) fn is_failure(&self) -> bool {
        self.status == Status::Failed
    }

    #[cfg(test)]
    pub(super) fn fault(&self) -> Option<Fault> {
        self.trouble.as_ref().map(|trouble| trouble.fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_in_the_book_and_made_to_happen_and_has_a_name_of_its_own() {
        let book = include_str!("../../../docs/doctor.md");
        let played = [
            include_str!("../../../interop-tests/tests/doctor/certificates.rs"),
            include_str!("../../../interop-tests/tests/doctor/clocks_and_keys.rs"),
            include_str!("../../../interop-tests/tests/doctor/names_and_ports.rs"),
            include_str!("../../../interop-tests/tests/doctor/proxies.rs"),
        ]
        .concat();
        for (index, fault) in Fault::ALL.iter().enumerate() {
            let name = fault.as_str();
            assert!(
                played.contains(&format!("\"{name}\"")),
                "no test of interop-tests/tests/doctor makes {name} happen"
            );
            assert!(book.contains(&format!("`{name}`")), "docs/doctor.md does not name {name}");
            assert!(Fault::ALL[..index].iter().all(|other| other.as_str() != name), "{name} twice");
        }
    }
}
