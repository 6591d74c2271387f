//! One-way messages in a POST, as the library sends them where no TCP gets through. Relay page 3.5.

use crate::{Gateway, Program, curl_at};

/// SOAP 1.2 as WCF's `WSHttpBinding` writes it for a one-way contract, with the token, in base64, in a header.
pub fn posted_envelope(host: &str, path: &str, token: &str, text: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:a=\"http://www.w3.org/2005/08/addressing\"><s:Header>\
         <a:Action s:mustUnderstand=\"1\">http://tempuri.org/IOneWay/Do</a:Action>\
         <a:MessageID>urn:uuid:a2d52ad4-7a2a-4c1f-9c1b-1d6a5d6c3f1e</a:MessageID>\
         <a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>\
         <RelayAccessToken xmlns=\"http://schemas.microsoft.com/netservices/2009/05/servicebus/connect\">\
         <wsse:BinarySecurityToken wsu:Id=\"1\" ValueType=\"http://schemas.microsoft.com/netservices/2009/05/servicebus/sas\" \
         EncodingType=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary\" \
         xmlns:wsu=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\" \
         xmlns:wsse=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\">{token}</wsse:BinarySecurityToken>\
         </RelayAccessToken>\
         <a:To s:mustUnderstand=\"1\">sb://{host}/{path}</a:To></s:Header>\
         <s:Body><Do xmlns=\"http://tempuri.org/\"><text>{text}</text></Do></s:Body></s:Envelope>"
    )
}

/// curl, which posts such an envelope.
pub fn post_one_way(gateway: &Gateway, path: &str, envelope: &str) -> Program {
    curl_at(gateway, &format!("/{path}"))
        .args([
            "-H",
            "Content-Type: application/soap+xml; charset=utf-8; action=\"http://tempuri.org/IOneWay/Do\"",
        ])
        .args(["-d", envelope])
}
