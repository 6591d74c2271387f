//! Asks one door: TCP, TLS where it belongs there, the first words of its protocol.

use std::net::{IpAddr, SocketAddr};

use rustls::pki_types::CertificateDer;
use tokio::net::TcpStream;

use super::args::Wcf;
use super::behind::{self, Behind};
use super::clock::Reading;
use super::doors::Door;
use super::finding::{Check, Finding};
use super::key::now;
use super::port::{self, reach};
use crate::connector::{Authority, Dialer};
use crate::io::{ClientTls, Looked, Sni};

/// What is asked, and from where.
pub(super) struct Patient {
    pub(super) host: String,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) dialer: Dialer,
    pub(super) wcf: Option<Wcf>,
    /// Each door that is looked at, with its port.
    pub(super) doors: Vec<(Door, u16)>,
}

/// What a door showed.
pub(super) struct Examined {
    pub(super) door: Door,
    pub(super) findings: Vec<Finding>,
    /// The certificates, the server's own first; empty where none was shown.
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) clocks: Option<Reading>,
}

/// A path of no relay, on which requests without upgrade are told so in a relay's words.
const BELOW_HC: &str = "/$hc/viaduct-doctor";

impl Patient {
    /// Where the gateway's `https` door is.
    pub(super) fn authority(&self) -> Option<Authority> {
        let (_, port) = self.doors.iter().find(|(door, _)| *door == Door::Https)?;
        Authority::new(&self.host, *port).ok()
    }

    /// The proxy that it is reached through.
    pub(super) fn proxy(&self) -> Option<String> {
        self.dialer.proxy(&self.authority()?).map(Authority::to_string)
    }

    /// Asks all doors at once.
    pub(super) async fn examine(&self) -> Vec<Examined> {
        futures_util::future::join_all(self.doors.iter().map(|(door, port)| self.door(*door, *port))).await
    }

    async fn door(&self, door: Door, port: u16) -> Examined {
        let mut examined = Examined { door, findings: Vec::new(), chain: Vec::new(), clocks: None };
        let proxy = self.proxy().filter(|_| door == Door::Https);
        let (tcp, place, address) = match (proxy, self.authority()) {
            (Some(proxy), Some(authority)) => match self.dialer.beneath(&authority).await {
                Ok(tcp) => (tcp, format!("{authority} (through the proxy {proxy})"), None),
                Err(error) => {
                    examined.findings.push(port::through_proxy(&error));
                    return examined;
                }
            },
            _ if self.addresses.is_empty() => {
                let why = "the name has no address";
                examined.findings.push(Finding::skipped(Check::Port, why).at(door));
                return examined;
            }
            _ => {
                let (tcp, tried) = reach(&self.addresses, port).await;
                examined.findings.extend(port::reached(door, &tried, self.wcf));
                let Some((tcp, address)) = tcp else { return examined };
                (tcp, address.to_string(), Some(address))
            }
        };
        let spoken = Behind::within(self.speak(door, port, tcp, &mut examined)).await;
        let seen = match (spoken, address) {
            (Ok(seen), _) => seen,
            (Err(Behind::Else(said)), Some(address)) if said.is_empty() => {
                Behind::Else(behind::identify(address).await)
            }
            (Err(other), _) => other,
        };
        examined.findings.push(port::behind(door, &place, &seen));
        examined
    }

    /// Says what belongs there.
    async fn speak(
        &self,
        door: Door,
        port: u16,
        tcp: TcpStream,
        examined: &mut Examined,
    ) -> Result<Behind, Behind> {
        let tls = self.dialer.tls();
        let via = format!("net.tcp://{}/", host_port(&self.host, port));
        let right = match door {
            Door::Https => {
                let looked = look(tls, &self.host, tcp, Sni::Named, examined).await?;
                return self.over_tls(port, looked, examined).await;
            }
            Door::Http => return self.in_clear(port, tcp).await,
            Door::Amqps => {
                let looked = look(&tls.without_alpn(), &self.host, tcp, Sni::Named, examined).await?;
                let seen = behind::amqp(looked.stream).await?;
                format!("speaks {}; {seen}", looked.agreed)
            }
            Door::Oneway | Door::NetTcp => behind::framing(tcp, &via).await?,
            Door::NetTcps => {
                let looked = look(&tls.without_alpn(), &self.host, tcp, Sni::Named, examined).await?;
                let seen = behind::framing(looked.stream, &via).await?;
                format!("speaks {}; {seen}", looked.agreed)
            }
            Door::OnewayTls => {
                let mut tcp = tcp;
                behind::framing_upgrade(&mut tcp, &via).await?;
                let looked = look(&tls.without_alpn(), &self.host, tcp, Sni::Nameless, examined).await?;
                let seen = behind::ask_after_upgrade(looked.stream).await?;
                format!("{seen}, inside it {}", looked.agreed)
            }
            Door::Rendezvous => {
                let mut tcp = tcp;
                behind::rendezvous_tls(&mut tcp, &format!("sb://{}/viaduct-doctor", self.host)).await?;
                let looked = look(&tls.without_alpn(), &self.host, tcp, Sni::Named, examined).await?;
                format!("takes relayed connections, inside it {}", looked.agreed)
            }
            Door::Probe => behind::probe(tcp).await?,
        };
        Ok(Behind::Right(right))
    }

    async fn over_tls(&self, port: u16, looked: Looked, examined: &mut Examined) -> Result<Behind, Behind> {
        let before = now();
        let host = host_header(&self.host, port, 443);
        let http = behind::http(looked.stream, &host, BELOW_HC).await?;
        let middle = crate::entity::UnixTime(before.0 + (now().0 - before.0) / 2);
        examined.clocks = http.date.map(|gateway| Reading { gateway, ours: middle });
        if !http.tracked {
            return Ok(Behind::OtherHttp(http.seen()));
        }
        Ok(Behind::Right(format!("speaks {}; a relay is behind it", looked.agreed)))
    }

    async fn in_clear(&self, port: u16, tcp: TcpStream) -> Result<Behind, Behind> {
        let again = tcp.peer_addr()?;
        let host = host_header(&self.host, port, 80);
        let http = behind::http(tcp, &host, BELOW_HC).await?;
        if !http.tracked {
            return Ok(Behind::OtherHttp(http.seen()));
        }
        // Relay page 1.2: what one-way senders ask before they use HTTP.
        let root = behind::http(TcpStream::connect(again).await?, &host, "/").await?;
        Ok(match root.status {
            200..=299 => Behind::Right("speaks HTTP; a relay is behind it".to_owned()),
            status => Behind::NotOk(status),
        })
    }
}

/// A handshake whose certificates are kept.
async fn look(
    tls: &ClientTls,
    host: &str,
    tcp: TcpStream,
    sni: Sni,
    examined: &mut Examined,
) -> Result<Looked, Behind> {
    let looked = tls.look(host, tcp, sni).await?;
    examined.chain.clone_from(&looked.chain);
    Ok(looked)
}

fn host_port(host: &str, port: u16) -> String {
    match Authority::new(host, port) {
        Ok(authority) => authority.to_string(),
        Err(_) => SocketAddr::from(([0, 0, 0, 0], port)).to_string(),
    }
}

fn host_header(host: &str, port: u16, default: u16) -> String {
    Authority::new(host, port).map(|authority| authority.host_header(default)).unwrap_or_default()
}
