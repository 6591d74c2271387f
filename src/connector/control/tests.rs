use secrecy::SecretString;
use tokio::io::{DuplexStream, duplex};

use super::*;
use crate::entity::UnixTime;

const TIMING: ChannelTiming =
    ChannelTiming { ping_every: Duration::from_secs(30), silence: Duration::from_secs(90) };

async fn gateway(stream: DuplexStream) -> WebSocketStream<DuplexStream> {
    WebSocketStream::from_raw_socket(stream, Role::Server, None).await
}

/// A channel that runs beside `gateway`; gives how it ended and what it was invited to.
async fn run_against<G: Future>(
    renew_at: Option<Instant>,
    gateway_side: impl FnOnce(WebSocketStream<DuplexStream>, mpsc::Sender<Reply>, CancellationToken) -> G,
) -> (ChannelEnd, Vec<String>) {
    let (ours, theirs) = duplex(1 << 20);
    let (replies, mut receiver) = mpsc::channel(4);
    let stop = CancellationToken::new();
    let mut invited = Vec::new();
    let next_token =
        || Some((Token { text: SecretString::from("second"), renew_at: Some(UnixTime(0)) }, None));
    let context = ChannelContext {
        replies: &mut receiver,
        on_invitation: |invitation: Invitation| {
            invited.push(match invitation {
                Invitation::Stream(accept) => format!("stream {}", accept.id),
                Invitation::Exchange(request, body) => {
                    format!("exchange {} {}", request.id.unwrap_or_default(), String::from_utf8_lossy(&body))
                }
                Invitation::ExchangeAt(address) => format!("at {address}"),
            })
        },
        next_token: &next_token,
        renew_at,
        stop: &stop,
        timing: TIMING,
    };
    let gateway = gateway(theirs).await;
    let (end, _) = tokio::join!(
        async { run(channel(ours, &[]).await, context).await },
        gateway_side(gateway, replies, stop.clone())
    );
    (end, invited)
}

#[tokio::test]
async fn hands_on_invitations_and_skips_what_it_does_not_know() {
    let (end, invited) = run_against(None, |mut gateway, _replies, _| async move {
        for text in [
            r#"{"accept":{"address":"wss://h/x","id":"a1","connectHeaders":{},"remoteEndpoint":{}}}"#,
            r#"{"news":1}"#,
            r#"{"request":{"address":"wss://h/x","id":"r1","method":"GET","requestTarget":"/a","body":false}}"#,
            r#"{"request":{"address":"wss://h/y"}}"#,
            r#"{"request":{"address":"wss://h/x","id":"r2","method":"PUT","requestTarget":"/a","body":true}}"#,
        ] {
            gateway.feed(Message::text(text)).await.unwrap();
        }
        gateway.feed(Message::Ping(Bytes::new())).await.unwrap();
        gateway.feed(Message::Binary(Bytes::from_static(b"body"))).await.unwrap();
        gateway.feed(Message::Binary(Bytes::from_static(b"stray"))).await.unwrap();
        let close = CloseFrame { code: CloseCode::Away, reason: "draining".into() };
        gateway.send(Message::Close(Some(close))).await.unwrap();
        while let Some(Ok(_)) = gateway.next().await {}
    })
    .await;
    assert_eq!(end, ChannelEnd::Closed { code: 1001, reason: "draining".to_owned() });
    assert_eq!(invited, ["stream a1", "exchange r1 ", "at wss://h/y", "exchange r2 body"]);
}

#[tokio::test]
async fn a_response_and_its_body_leave_back_to_back() {
    let (end, _) = run_against(None, |mut gateway, replies, stop| async move {
        for id in ["1", "2"] {
            let head = Response {
                request_id: id.to_owned(),
                status_code: 200,
                status_description: None,
                response_headers: Vec::new(),
                body: true,
            };
            replies.send(Reply { head, body: Bytes::from(format!("body {id}")) }).await.unwrap();
        }
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(gateway.next().await.unwrap().unwrap());
        }
        assert!(matches!(&seen[..], [Message::Text(_), Message::Binary(one), Message::Text(_), Message::Binary(two)]
            if one == "body 1" && two == "body 2"), "{seen:?}");
        stop.cancel();
        let Some(Ok(Message::Close(Some(close)))) = gateway.next().await else { panic!("no close") };
        assert_eq!(close.code, CloseCode::Normal);
        while let Some(Ok(_)) = gateway.next().await {}
    })
    .await;
    assert_eq!(end, ChannelEnd::Stopped);
}

#[tokio::test]
async fn what_was_answered_before_the_stop_leaves_before_the_close() {
    // The order of what is ready at once is drawn by lot.
    for _ in 0..32 {
        run_against(None, |mut gateway, replies, stop| async move {
            let (head, body) = super::super::http_request::own_answer("1", http::StatusCode::OK, "x");
            replies.send(Reply { head, body }).await.unwrap();
            stop.cancel();
            let first = gateway.next().await;
            assert!(matches!(first, Some(Ok(Message::Text(_)))), "{first:?}");
            while let Some(Ok(_)) = gateway.next().await {}
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_gateway_is_pinged_and_then_given_up() {
    let (end, _) = run_against(None, |gateway, _replies, _| async move {
        // Neither reads nor writes, as a machine that lost its network.
        tokio::time::sleep(Duration::from_secs(200)).await;
        drop(gateway);
    })
    .await;
    assert_eq!(end, ChannelEnd::Silent(Duration::from_secs(90)));
}

#[tokio::test]
async fn renews_its_token_when_it_is_due() {
    let (_, _) = run_against(Some(Instant::now()), |mut gateway, _replies, stop| async move {
        let Some(Ok(Message::Text(text))) = gateway.next().await else { panic!("no text") };
        assert_eq!(text, r#"{"renewToken":{"token":"second"}}"#);
        stop.cancel();
        while let Some(Ok(_)) = gateway.next().await {}
    })
    .await;
}

#[tokio::test]
async fn a_lost_connection_is_noticed_at_once() {
    let (end, _) = run_against(None, |gateway, _replies, _| async move { drop(gateway) }).await;
    assert!(matches!(end, ChannelEnd::Lost(_)), "{end:?}");
}
