//! Many routes in one process: state and reload.

use serde_json::Value;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use crate::{
    gateway::Gateway,
    program::Viaduct,
    services::{TcpService, receive, receive_to_end},
};

async fn state(port: u16) -> Value {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    connection.write_all(request.as_bytes()).await.unwrap();
    let answer = String::from_utf8(receive_to_end(&mut connection).await).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    serde_json::from_str(body).unwrap()
}

fn route<'a>(state: &'a Value, name: &str) -> &'a Value {
    let routes = state["routes"].as_array().unwrap();
    routes.iter().find(|route| route["name"] == name).unwrap_or_else(|| panic!("no route {name}: {state}"))
}

async fn until_online(port: u16, name: &str) {
    let online = async {
        while route(&state(port).await, name)["phase"] != "online" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(crate::program::PATIENCE, online).await.unwrap();
}

#[tokio::test]
async fn a_reload_changes_what_changed_and_cuts_nothing_else() {
    let gateway = Gateway::start().await;
    let service = TcpService::start().await;
    let file = gateway.file("connect.toml");
    let fixed = format!(
        "connection_string = \"{}\"\nca = {:?}\nstate = \"127.0.0.1:0\"\n\
         [[listen]]\npath = \"raw\"\nto = \"tcp://127.0.0.1:{}\"\n\
         [[forward]]\nname = \"door\"\nlocal = \"tcp://127.0.0.1:0\"\nto = \"raw\"\n",
        gateway.connection_string(),
        gateway.ca(),
        service.port()
    );
    std::fs::write(&file, format!("{fixed}[[listen]]\npath = \"web\"\nto = \"echo\"\n")).unwrap();
    let mut process = Viaduct::start(&["connect", "--config", file.to_str().unwrap()], &[]);
    let line = process.line("state ").await;
    let port = line.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    for name in ["raw", "web", "door"] {
        until_online(port, name).await;
    }
    process.says("local door open").await;
    let errors = process.errors();
    let opened = errors.lines().find(|line| line.contains("local door open")).unwrap();
    let door: u16 = opened.split("127.0.0.1:").nth(1).unwrap().split(']').next().unwrap().parse().unwrap();

    let mut client = TcpStream::connect(("127.0.0.1", door)).await.unwrap();
    let mut connection = service.accept().await;
    client.write_all(b"before").await.unwrap();
    assert_eq!(receive(&mut connection, 6).await, b"before");
    assert_eq!(route(&state(port).await, "door")["open"], 1);

    // `web` goes, `credit` comes; the other two stay as they are.
    std::fs::write(
        &file,
        format!("{fixed}[[listen]]\npath = \"credit\"\nto = \"net.tcp://127.0.0.1:9/x\"\n"),
    )
    .unwrap();
    process.signal("HUP");
    process.says("file read again").await;
    until_online(port, "credit").await;
    let now = state(port).await;
    assert!(now["routes"].as_array().unwrap().iter().all(|route| route["name"] != "web"), "{now}");
    assert_eq!(route(&now, "raw")["reconnects"], 0);
    client.write_all(b"after").await.unwrap();
    assert_eq!(receive(&mut connection, 5).await, b"after");

    // A file that is wrong changes nothing.
    std::fs::write(&file, "[[listen]]\npath = \"..\"\n").unwrap();
    process.signal("HUP");
    process.says("the routes go on as they were").await;
    client.write_all(b"still").await.unwrap();
    assert_eq!(receive(&mut connection, 5).await, b"still");

    drop(client);
    process.signal("TERM");
    assert_eq!(process.end().await, Some(0));
}

#[tokio::test]
async fn a_web_page_that_points_its_name_here_reads_nothing() {
    let gateway = Gateway::start().await;
    let file = gateway.file("connect.toml");
    let text = format!(
        "connection_string = \"{}\"\nca = {:?}\nstate = \"127.0.0.1:0\"\n[[listen]]\npath = \"web\"\nto = \"echo\"\n",
        gateway.connection_string(),
        gateway.ca()
    );
    std::fs::write(&file, text).unwrap();
    let mut process = Viaduct::start(&["connect", "--config", file.to_str().unwrap()], &[]);
    let line = process.line("state ").await;
    let port: u16 = line.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    let mut connection = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    connection.write_all(b"GET / HTTP/1.1\r\nHost: rebound.example\r\n\r\n").await.unwrap();
    let answer = String::from_utf8(receive_to_end(&mut connection).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403") && !answer.contains("web"), "{answer}");
}

#[tokio::test]
async fn a_file_that_is_wrong_ends_with_1_and_names_every_error() {
    let gateway = Gateway::start().await;
    let file = gateway.file("connect.toml");
    std::fs::write(&file, "state = \"0.0.0.0:1\"\n[[listen]]\npath = \"a\"\nto = \"ftp://h\"\n[[forward]]\nlocal = \"net.tcp://127.0.0.1:808\"\nto = \"a\"\n").unwrap();
    let mut process = Viaduct::start(&["connect", "--config", file.to_str().unwrap()], &[]);
    assert_eq!(process.end().await, Some(1));
    for text in ["loopback", "ftp", "Port Sharing", "connection_string"] {
        process.says(text).await;
    }
}
