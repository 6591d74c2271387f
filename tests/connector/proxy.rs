//! `HTTPS_PROXY`.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use crate::gateway::Gateway;

/// A proxy that tunnels everybody who knows the password, and tells what it was asked for.
async fn start() -> (u16, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, asked) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let sender = sender.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await?);
                }
                let head = String::from_utf8(head).unwrap();
                let to = head.split(' ').nth(1).unwrap().to_owned();
                let _ = sender.send(head.lines().next().unwrap().to_owned());
                // name:word
                if !head.contains("Proxy-Authorization: Basic bmFtZTp3b3Jk\r\n") {
                    return client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
                }
                let mut server = TcpStream::connect(&to).await?;
                client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
                tokio::io::copy_bidirectional(&mut client, &mut server).await?;
                Ok(())
            });
        }
    });
    (port, asked)
}

#[tokio::test]
async fn everything_to_the_gateway_goes_through_the_proxy() {
    let gateway = Gateway::start().await;
    let (port, mut asked) = start().await;
    let url = format!("http://name:word@127.0.0.1:{port}");
    let variables = [("HTTPS_PROXY", url.as_str())];
    let mut listener = gateway.run(&["listen", "web", "--to", "echo"], &variables);
    listener.line("listening").await;
    let tunnel = format!("CONNECT localhost:{} HTTP/1.1", gateway.port());
    assert_eq!(asked.recv().await.unwrap(), tunnel);
    let mut door = gateway.run(&["forward", "tcp://127.0.0.1:0", "--to", "web"], &variables);
    let line = door.line("open ").await;
    let local: u16 = line.split(' ').nth(1).unwrap().rsplit(':').next().unwrap().parse().unwrap();
    let mut client = TcpStream::connect(("127.0.0.1", local)).await.unwrap();
    client.write_all(b"hello").await.unwrap();
    assert_eq!(crate::services::receive(&mut client, 5).await, b"hello");
    // The sender's WebSocket and the listener's rendezvous.
    assert_eq!((asked.recv().await.unwrap(), asked.recv().await.unwrap()), (tunnel.clone(), tunnel));
}

#[tokio::test]
async fn no_proxy_names_what_does_not_go_through_it() {
    let gateway = Gateway::start().await;
    let (port, mut asked) = start().await;
    let url = format!("http://127.0.0.1:{port}");
    let variables = [("https_proxy", url.as_str()), ("no_proxy", "other,localhost")];
    let mut listener = gateway.run(&["listen", "web", "--to", "echo"], &variables);
    listener.line("listening").await;
    assert!(asked.try_recv().is_err());
}

#[tokio::test]
async fn a_proxy_that_wants_a_password_is_said_without_showing_one() {
    let gateway = Gateway::start().await;
    let (port, _asked) = start().await;
    let url = format!("http://name:wrong-password@127.0.0.1:{port}");
    let listener = gateway.run(&["listen", "web", "--to", "echo"], &[("HTTPS_PROXY", &url)]);
    listener.says("it wants a name and a password").await;
    assert!(!listener.errors().contains("wrong-password"), "{}", listener.errors());
}
