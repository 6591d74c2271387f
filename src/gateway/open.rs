//! Opening doors: each address gets its accept loop, and each connection the protocol of its door.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
};

use arc_swap::ArcSwap;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

use super::{
    core::{Core, Gauged, Peer, Place, Transport},
    start::StartError,
};
use crate::{
    config::{Config, DoorName, Doors},
    doors::{hybrid, net_tcp, oneway, wcf},
    io::{self, Accepted, Alpn, Certificate, ServeOptions, ServerTls, Stream, TlsError},
    management::{AdminContext, MetricsContext, admin, metrics},
};

/// A door whose address is taken and which nobody serves yet.
pub(super) struct Bound {
    pub(super) name: DoorName,
    pub(super) address: SocketAddr,
    listener: TcpListener,
}

/// Takes the address of every open door.
pub(super) fn bind(doors: &Doors) -> Result<Vec<Bound>, StartError> {
    let mut bound = Vec::new();
    for (name, address) in doors.open() {
        let failed = |error| StartError::Door { door: name, error };
        for listener in io::bind(&[address]).map_err(failed)? {
            let address = listener.local_addr().map_err(failed)?;
            bound.push(Bound { name, address, listener });
        }
    }
    Ok(bound)
}

/// The port of the first address of a door, if it is open.
pub(super) fn port(bound: &[Bound], name: DoorName) -> Option<u16> {
    bound.iter().find(|door| door.name == name).map(|door| door.address.port())
}

/// The TLS of each door that has some.
pub(super) type DoorTls = BTreeMap<DoorName, ServerTls>;

/// Reads the certificates of every door that is inside TLS.
pub(super) fn tls(config: &Config) -> Result<DoorTls, TlsError> {
    let doors: BTreeSet<DoorName> = config
        .doors
        .open()
        .filter(|(door, address)| Doors::shows_certificate(*door, *address))
        .map(|(door, _)| door)
        .collect();
    doors
        .into_iter()
        .map(|door| Ok((door, ServerTls::new(certificates(config, door)?, alpn(door))?)))
        .collect()
}

/// What web streams are given for the TLS inside them: that of a door whose clients are of the same kind.
pub(super) fn inner_tls(tls: &DoorTls) -> Option<ServerTls> {
    [DoorName::Https, DoorName::Rendezvous, DoorName::Amqps].iter().find_map(|door| tls.get(door)).cloned()
}

/// The certificates of a new configuration for every door, read and good.
pub(super) fn read_again<'a>(
    tls: &'a DoorTls,
    config: &Config,
) -> Result<Vec<(&'a ServerTls, Vec<Certificate>)>, TlsError> {
    tls.iter()
        .map(|(door, tls)| {
            // A set that no door could begin with is refused here, before anything has changed.
            ServerTls::new(certificates(config, *door)?, alpn(*door))?;
            Ok((tls, certificates(config, *door)?))
        })
        .collect()
}

fn certificates(config: &Config, door: DoorName) -> Result<Vec<Certificate>, TlsError> {
    config
        .tls
        .at(door)
        .map(|certificate| {
            let key = certificate.key.expose_secret().as_bytes();
            Certificate::from_pem(certificate.names.clone(), &certificate.chain, key)
        })
        .collect()
}

fn alpn(door: DoorName) -> Alpn {
    match door {
        DoorName::Https | DoorName::Http | DoorName::Admin | DoorName::Metrics => Alpn::Http11,
        DoorName::Amqps
        | DoorName::Oneway
        | DoorName::OnewayTls
        | DoorName::Rendezvous
        | DoorName::Probe
        | DoorName::NetTcp
        | DoorName::NetTcps => Alpn::None,
    }
}

pub(super) fn admin_context(core: &Arc<Core>, config: &Config) -> AdminContext {
    let state = Arc::clone(core);
    AdminContext {
        state,
        token: config.gateway.admin_token.clone(),
        names: vec![config.gateway.name.clone()],
    }
}

/// Serves every bound door until the gateway drains.
pub(super) fn serve(core: &Arc<Core>, bound: Vec<Bound>, tls: &DoorTls, admin: &Arc<ArcSwap<AdminContext>>) {
    for door in bound {
        let limit = core.settings.load().limits.connections_per_door as usize;
        // A drain waits for what its callers began, not for operators who watch it.
        let tasks = if is_for_operators(door.name) { TaskTracker::new() } else { core.tasks.clone() };
        // Doors stay open while the gateway drains: an exchange that runs may need its rendezvous, and whoever asks for more is
        // told so in the words of its protocol.
        let options = ServeOptions { connections: limit, shutdown: core.closing.clone(), tasks };
        let tls =
            Doors::shows_certificate(door.name, door.address).then(|| tls.get(&door.name).cloned()).flatten();
        let name = door.name;
        let core = Arc::clone(core);
        let admin = Arc::clone(admin);
        let handle =
            move |accepted| connection(Arc::clone(&core), name, accepted, tls.clone(), Arc::clone(&admin));
        tokio::spawn(io::serve(vec![door.listener], options, handle));
    }
}

fn is_for_operators(door: DoorName) -> bool {
    matches!(door, DoorName::Admin | DoorName::Metrics)
}

async fn connection(
    core: Arc<Core>,
    door: DoorName,
    accepted: Accepted,
    tls: Option<ServerTls>,
    admin: Arc<ArcSwap<AdminContext>>,
) {
    let counted = Gauged::new(core.metrics.door_connections.of(door).clone());
    let handshake = core.settings.load().timeouts.handshake;
    let (stream, server_name, transport) = match tls.as_ref().filter(|_| !Doors::upgrades(door)) {
        None => (Stream::from(accepted.tcp), None, Transport::Clear),
        Some(tls) => match tokio::time::timeout(handshake, Box::pin(tls.accept(accepted.tcp))).await {
            Ok(Ok(stream)) => {
                let name = stream.server_name().map(str::to_owned);
                (Stream::from(stream), name, Transport::Tls)
            }
            failed => {
                core.metrics.handshake_failures.of(door).inc();
                if let Ok(Err(error)) = failed {
                    tracing::debug!(peer = %accepted.peer, %door, %error, "no TLS handshake");
                }
                return;
            }
        },
    };
    let peer = Peer {
        door,
        address: accepted.peer,
        local: stream.local_addr(),
        server_name,
        transport,
        _place: Arc::new(Place { _counted: counted, _permit: accepted.permit }),
    };
    match door {
        // A net.tcp session stays in this task, so the others do not make it larger.
        DoorName::NetTcp | DoorName::NetTcps => net_tcp::serve(core, stream, peer).await,
        DoorName::Rendezvous => wcf::serve_rendezvous(core, stream, peer, tls).await,
        DoorName::Oneway | DoorName::OnewayTls => Box::pin(oneway::serve(core, stream, peer, tls)).await,
        DoorName::Probe => Box::pin(wcf::serve_probe(core, stream, peer)).await,
        DoorName::Amqps => Box::pin(wcf::serve_link(core, stream, Arc::new(peer))).await,
        DoorName::Https | DoorName::Http => Box::pin(hybrid::serve(core, stream, peer)).await,
        DoorName::Admin | DoorName::Metrics => Box::pin(operators(core, door, stream, &admin)).await,
    }
}

/// The admin door and the metrics door.
async fn operators(core: Arc<Core>, door: DoorName, stream: Stream, context: &ArcSwap<AdminContext>) {
    let settings = core.settings.load_full();
    let service = service_fn(|request| {
        let core = Arc::clone(&core);
        async move {
            Ok::<_, std::convert::Infallible>(match door {
                DoorName::Admin => admin(request, &context.load_full()).await,
                _ => {
                    let context = MetricsContext { metrics: Arc::clone(&core.metrics), state: core };
                    metrics(request, &context).await
                }
            })
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.timeouts.handshake)
        .max_header_size(settings.limits.request_head)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        ended = connection => if let Err(error) = ended {
            tracing::debug!(%door, %error, "connection ended");
        },
        () = core.closing.cancelled() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The size of what a function returns, without calling it.
    fn size_returned<A, B, C, D, E, F>(_: impl FnOnce(A, B, C, D, E) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn the_task_of_a_connection_is_small_enough_for_an_idle_session() {
        let size = size_returned(connection);
        assert!(size <= 2048, "{size} bytes");
    }
}
