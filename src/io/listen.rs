//! Listening on addresses, and the loop that accepts until it is told to drain.

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::stream::tune;

/// Connections that the operating system keeps for us while we are busy; it may have a lower limit of its own.
const BACKLOG: i32 = 4096;

/// How long to wait after a failed accept: such failures (no descriptors left) do not go away by asking again at once.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Opens a listening socket on every address, or none at all. Port 0 gives a free one; ask the socket for it.
pub fn bind(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    addresses.iter().map(|address| bind_one(*address)).collect()
}

fn bind_one(address: SocketAddr) -> io::Result<TcpListener> {
    let open = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // A restart must not wait for the old process's connections to leave TIME-WAIT. On Windows the option means something else.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        TcpListener::from_std(socket.into())
    };
    open().map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))
}

/// How a door serves.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Open connections at a time, over all of the door's sockets; 0 = no limit. Further ones wait: one for each socket here, the rest in the
    /// operating system's queue.
    pub connections: usize,
    /// When it is cancelled, nothing more is accepted and the sockets are closed.
    pub shutdown: CancellationToken,
    /// Where connections are counted. Spawn what outlives a connection's first task here as well, so that draining waits for it.
    pub tasks: TaskTracker,
}

/// A connection just accepted, already tuned (`TCP_NODELAY`, keep-alive).
#[derive(Debug)]
pub struct Accepted {
    /// The connection.
    pub tcp: TcpStream,
    /// Who opened it.
    pub peer: SocketAddr,
    /// Its place under the door's limit; keep it as long as the connection lives, wherever that moves to.
    pub permit: Option<OwnedSemaphorePermit>,
}

/// Accepts on all `listeners`, a task of `options.tasks` for each connection, until `options.shutdown`.
///
/// Returns when nothing more is accepted; connections may still run: close `options.tasks` and wait for it, as long as the grace lasts.
pub async fn serve<H, F>(listeners: Vec<TcpListener>, options: ServeOptions, handle: H)
where
    H: Fn(Accepted) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let permits = (options.connections > 0)
        .then(|| Arc::new(Semaphore::new(options.connections.min(Semaphore::MAX_PERMITS))));
    let loops = TaskTracker::new();
    for listener in listeners {
        loops.spawn(accept_until_shutdown(listener, options.clone(), permits.clone(), handle.clone()));
    }
    loops.close();
    loops.wait().await;
}

async fn accept_until_shutdown<H, F>(
    listener: TcpListener,
    options: ServeOptions,
    permits: Option<Arc<Semaphore>>,
    handle: H,
) where
    H: Fn(Accepted) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let accept = async {
        loop {
            match listener.accept().await {
                Ok((tcp, peer)) => {
                    let permit = match &permits {
                        // The semaphore is never closed.
                        Some(permits) => permits.clone().acquire_owned().await.ok(),
                        None => None,
                    };
                    // It fails only on a connection that is gone already; the handler will see that.
                    let _ = tune(&tcp);
                    options.tasks.spawn(handle(Accepted { tcp, peer, permit }));
                }
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    tokio::time::sleep(AFTER_FAILURE).await;
                }
            }
        }
    };
    tokio::select! {
        () = options.shutdown.cancelled() => {}
        () = accept => {}
    }
}

#[cfg(test)]
mod tests {
    use tokio::{io::AsyncReadExt, sync::mpsc};

    use super::*;

    fn options(connections: usize) -> ServeOptions {
        ServeOptions { connections, shutdown: CancellationToken::new(), tasks: TaskTracker::new() }
    }

    #[tokio::test]
    async fn serves_up_to_its_limit_and_the_next_when_one_ends() {
        let listeners = bind(&["127.0.0.1:0".parse().unwrap()]).unwrap();
        let address = listeners[0].local_addr().unwrap();
        let (sender, mut accepted) = mpsc::unbounded_channel();
        let options = options(1);
        let serving = tokio::spawn(serve(listeners, options.clone(), move |one: Accepted| {
            let sender = sender.clone();
            async move {
                sender.send(one).unwrap();
            }
        }));
        let _first = TcpStream::connect(address).await.unwrap();
        let _second = TcpStream::connect(address).await.unwrap();
        let one = accepted.recv().await.unwrap();
        assert!(one.tcp.nodelay().unwrap());
        tokio::task::yield_now().await;
        assert!(accepted.try_recv().is_err(), "the second waits while the first holds the only permit");
        drop(one);
        accepted.recv().await.unwrap();
        options.shutdown.cancel();
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn stops_accepting_at_shutdown_while_connections_go_on() {
        let listeners = bind(&["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()]).unwrap();
        let addresses: Vec<_> = listeners.iter().map(|l| l.local_addr().unwrap()).collect();
        let options = options(0);
        let (sender, mut accepted) = mpsc::unbounded_channel();
        let serving = tokio::spawn(serve(listeners, options.clone(), move |mut one: Accepted| {
            sender.send(()).unwrap();
            async move {
                let _ = one.tcp.read(&mut [0]).await;
            }
        }));
        let first = TcpStream::connect(addresses[0]).await.unwrap();
        let second = TcpStream::connect(addresses[1]).await.unwrap();
        accepted.recv().await.unwrap();
        accepted.recv().await.unwrap();
        options.shutdown.cancel();
        serving.await.unwrap();
        assert_eq!(options.tasks.len(), 2);
        assert!(TcpStream::connect(addresses[0]).await.is_err());
        options.tasks.close();
        drop((first, second));
        options.tasks.wait().await;
    }
}
