//! The door of WCF listeners: AMQP 1.0 behind SASL (relay page 2.1, steps 1 and 2).

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::said::{Behind, more};
use crate::wire::amqp::{AmqpLimits, Body, Frame, Item, ProtocolHeader, ProtocolId, SaslFrame, decode};

/// The only mechanism that the library knows.
const MECHANISM: &str = "EXTERNAL";

/// Says the SASL header and waits for the same and for the mechanisms. The stream is inside TLS already.
pub(in crate::cli::doctor) async fn ask<S>(mut stream: S) -> Result<String, Behind>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(&ProtocolHeader::SASL.to_bytes()).await?;
    stream.flush().await?;
    let mut read = Vec::new();
    loop {
        more(&mut stream, &mut read).await?;
        if let Some(seen) = answer(&read)? {
            return Ok(seen);
        }
    }
}

/// `None`: not whole yet.
fn answer(read: &[u8]) -> Result<Option<String>, Behind> {
    let limits = AmqpLimits::default();
    let stranger = || Behind::Else(read.to_vec());
    let Some((header, used)) = decode(read, &limits).map_err(|_| stranger())? else { return Ok(None) };
    if !matches!(header, Item::Header(ProtocolHeader { id: ProtocolId::Sasl })) {
        return Err(stranger());
    }
    let Some((frame, _)) = decode(&read[used..], &limits).map_err(|_| stranger())? else { return Ok(None) };
    let Item::Frame(Frame { body: Body::Sasl(SaslFrame::Mechanisms(offered)), .. }) = frame else {
        return Err(stranger());
    };
    let names: Vec<&str> = offered.sasl_server_mechanisms.iter().map(|name| name.as_str()).collect();
    if !names.contains(&MECHANISM) {
        // Another broker: RabbitMQ, ActiveMQ, Qpid.
        return Err(Behind::Else(format!("AMQP 1.0 with SASL {}", names.join(", ")).into_bytes()));
    }
    Ok(Some("speaks AMQP 1.0 with SASL EXTERNAL".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::amqp::encode_sasl;
    use crate::wire::amqp::types::sasl::SaslMechanisms;

    fn server(mechanism: &str) -> Vec<u8> {
        let mut bytes = ProtocolHeader::SASL.to_bytes().to_vec();
        let offered = SaslMechanisms { sasl_server_mechanisms: vec![mechanism.into()].into() };
        encode_sasl(&mut bytes, &SaslFrame::Mechanisms(offered));
        bytes
    }

    #[test]
    fn a_relay_offers_external_and_other_brokers_do_not() {
        let ours = server("EXTERNAL");
        for cut in 1..ours.len() {
            assert_eq!(answer(&ours[..cut]), Ok(None), "{cut}");
        }
        assert_eq!(answer(&ours), Ok(Some("speaks AMQP 1.0 with SASL EXTERNAL".to_owned())));
        assert!(matches!(answer(&server("PLAIN")), Err(Behind::Else(_))));
        assert!(matches!(answer(b"HTTP/1.1 400 Bad Request\r\n"), Err(Behind::Else(_))));
        assert!(matches!(answer(b"AMQP\0\x01\0\0"), Err(Behind::Else(_))));
    }
}
