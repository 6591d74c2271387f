//! What no recording holds: messages of Hybrid Connections, headers that matter, faults, programs for the writer.

use crate::seeds::Seeds;

/// Adds them.
pub(crate) fn add(seeds: &mut Seeds) {
    hybrid(seeds);
    entities(seeds);
    vias(seeds);
    soap(seeds);
    values(seeds);
    writer(seeds);
    followers(seeds);
    captures(seeds);
    relayed(seeds);
}

fn hybrid(seeds: &mut Seeds) {
    for query in [
        "sb-hc-action=listen&sb-hc-id=a-b_c.1&sb-hc-token=SharedAccessSignature+sr%3Dx%26sig%3Dy",
        "a=1&sb-hc-action=accept&sb-hc-id=1&sb-hc-rendezvous=s&b",
        "sb-hc-statusCode=404&sb-hc-statusDescription=not+here%21&SB-HC-action=request",
        "%73b-hc-action=connect&sb-hc-viaduct-shapes=tcp,http&sb-hc-",
    ] {
        seeds.add("hybrid_messages", &[0, 0], query.as_bytes());
    }
    for json in [
        r#"{"accept":{"address":"wss://h/$hc/p?sb-hc-action=accept&sb-hc-id=1","id":"1","connectHeaders":{"Host":"h","A":"b, c"},"remoteEndpoint":{"address":"203.0.113.9","port":51324}}}"#,
        r#"{"request":{"address":"wss://h/$hc/p","id":"1","requestTarget":"/a?b","method":"GET","remoteEndpoint":{},"requestHeaders":{"Host":"h"},"body":false}}"#,
        r#"{"request":{"address":"wss://h/$hc/p"}}"#,
        r#"{"response":{"requestId":"1","statusCode":"201","statusDescription":"Created","responseHeaders":{"A":"b","C":["d","e"],"F":1,"G":true,"H":null},"body":true}}"#,
        r#"{"response":{"requestId":"1","statusCode":200,"responseHeaders":null}}"#,
        r#"{"renewToken":{"token":"SharedAccessSignature sr=x&sig=y&se=1&skn=z"}}"#,
    ] {
        seeds.add("hybrid_messages", &[1, 0], json.as_bytes());
    }
    for (kind, headers) in [
        (
            2,
            "Host: h\nConnection: keep-alive, X\nX: 1\nVia: 1.1 a\nCookie: a=1\nCookie: b=2\nAuthorization: t\nMicrosoft-Relay-A: 1\nServiceBusAuthorization: t\nExpect: 100-continue\nContent-Length: 3\nAccept: a\naccept: b",
        ),
        (
            3,
            "Set-Cookie: a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT, b=2\nContent-Length: 3\nTransfer-Encoding: chunked\nConnection: Y\nY: 1\nVia: 1.0 b\nBad Name: x\nTab: a\tb",
        ),
    ] {
        seeds.add("hybrid_messages", &[kind, 41], headers.as_bytes());
    }
    for text in ["a=1, b=2,c = 3, d", "id-1.2_3\nsome/path", "no listener\n/plant7/press?x"] {
        seeds.add("hybrid_messages", &[4, 30], text.as_bytes());
    }
}

fn entities(seeds: &mut Seeds) {
    for text in [
        "Endpoint=sb://relay.example.net/;SharedAccessKeyName=listen;SharedAccessKey=c2VjcmV0LXRlc3Qta2V5;EntityPath=plant7/press",
        "Endpoint=sb://relay.example.net:9443/;SharedAccessSignature=SharedAccessSignature sr=x&sig=y&se=1&skn=z;OperationTimeout=00:01:30",
        "endpoint=sb://[::1]/ ; EntityPath=a",
    ] {
        seeds.add("sas_token", &[1, 0], text.as_bytes());
    }
    for text in [
        "/plant7/press/a%20b/%3Fx",
        "plant7//press/",
        "/%2e%2e/a",
        "/a/..;x/b",
        "/%252e%252e/",
        "/$hc/plant7",
        "/%24HC/a",
        "/\u{e4}/%C3%A4",
    ] {
        seeds.add("sas_token", &[2, 0], text.as_bytes());
    }
    for text in [
        "relay.example.net",
        "relay.example.net:443",
        "[::1]:80",
        "10.0.0.1",
        "Plant7/Press",
        "RootManageSharedAccessKey",
        "contoso",
    ] {
        seeds.add("sas_token", &[3, 0], text.as_bytes());
    }
}

fn vias(seeds: &mut Seeds) {
    for text in [
        "net.tcp://relay.example.net/plant7/press",
        "sb://user@relay.example.net:9350/a/b?q#f",
        "net.tcp://[::1]:808/a/$sas/U2hhcmVkQWNjZXNzU2lnbmF0dXJlIHNyPXgmc2lnPXkmc2U9MSZza249eg",
        "net.tcp://h/%24sas/YQ?x",
        "net.tcp://h/a\\$sas/YQ",
        "net.tcp://h\u{e4}:/%2f$SAS/",
    ] {
        for limits in [0x80, 0x82] {
            seeds.add("framing_records", &[limits], text.as_bytes());
        }
    }
}

fn soap(seeds: &mut Seeds) {
    let security = r##"<o:Security xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><d:Signature xmlns:d="http://www.w3.org/2000/09/xmldsig#"><d:SignedInfo><d:Reference URI="#to"/><d:Reference/></d:SignedInfo></d:Signature></o:Security>"##;
    let to = r#"<a:To u:Id="to" xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" s:mustUnderstand="1">net.tcp://x/probe/1?q</a:To>"#;
    let head = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>"#;
    let others = r#"<a:RelatesTo RelationshipType="http://www.w3.org/2005/08/addressing/reply">urn:1</a:RelatesTo><a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo><x s:role="http://x/next"/><y s:mustUnderstand="true" Id="y"/>"#;
    for document in [
        format!("{head}{to}{security}{others}</s:Header><s:Body/></s:Envelope>"),
        format!("{head}{to}</s:Header><s:Body><b>1</b></s:Body></s:Envelope>"),
        format!("{head}<a:To s:role=\"x\">y</a:To><a:To><![CDATA[net.tcp://x/probe]]><!-- --></a:To></s:Header><s:Body/></s:Envelope>"),
        r#"<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><e:Fault><faultcode xmlns:q="urn:q">q:x</faultcode><faultstring xml:lang="en">why</faultstring><faultactor> a </faultactor><detail><d xmlns="urn:d" e:x="1">&#13;&amp;</d></detail></e:Fault></e:Body></e:Envelope>"#.to_owned(),
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:c="urn:c">c:one</s:Value><s:Subcode><s:Value>two</s:Value></s:Subcode></s:Subcode></s:Code><s:Reason><s:Text xml:lang="de">warum</s:Text><s:Text xml:lang="en-US">why</s:Text></s:Reason><s:Role>r</s:Role><s:Detail a="b"><!--c--><d/>x</s:Detail></s:Fault></s:Body></s:Envelope>"#.to_owned(),
    ] {
        seeds.add("soap_envelope", &[0, 0, 9, 80], document.as_bytes());
        seeds.add("xml_text", &[0, 0, 9, 80], document.as_bytes());
        for route in [0, 4, 16] {
            seeds.add("soap_rewrite", &[0, route, 0, 9, 80], document.as_bytes());
        }
    }
    for (charset, document) in [
        (
            0,
            "<?xml version=\"1.0\" encoding=\"utf-8\" standalone='yes'?>\r\n<a b=\"&#x9;&lt;\r\n\" xmlns:p='u'>x\r<![CDATA[]]]]><![CDATA[>]]>&apos;<p:c/></a ><!-- - -->",
        ),
        (0, "<!DOCTYPE a><a/>"),
        (0, "<a xml:space=\"preserve\">&#1;</a>"),
    ] {
        seeds.add("xml_text", &[charset, 0, 3, 11], document.as_bytes());
        let wide: Vec<u8> =
            "\u{feff}".encode_utf16().chain(document.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        seeds.add("xml_text", &[1, 6, 3, 11], &wide);
        seeds.add("xml_reencode", &[2, 0, 3, 11], &wide);
    }
}

fn values(seeds: &mut Seeds) {
    for text in [
        "0",
        "-1",
        "18446744073709551615",
        "true",
        "1.5E+10",
        "-INF",
        "NaN",
        "0.1",
        "79228162514264337593543950335",
        "2026-11-25T01:02:03.1234567Z",
        "2026-11-25T01:02:03+14:00",
        "2026-11-25",
        "P1Y2M3DT4H5M6.7S",
        "-P106751991167300DT15H30M7.4551616S",
        "00112233-4455-6677-8899-aabbccddeeff",
        "{00112233-4455-6677-8899-aabbccddeeff}",
        "YWJj ZA==",
        "24:00:00",
        "9999-12-31T24:00:00",
    ] {
        seeds.add("xml_values", &[0x80, 3], text.as_bytes());
    }
    for kind in 0..9 {
        for bits in [
            0u128,
            1,
            u128::MAX,
            0x3f80_0000,
            0x4048_f5c3,
            0x0085_ffff_ffff_ffff,
            3_155_378_975_999_999_999,
            1 << 63,
            28 << 96 | 12345,
        ] {
            seeds.add("xml_values", &[kind, 0], &bits.to_le_bytes());
        }
    }
}

/// Calls are named in `properties/binxml_writer.rs`.
fn writer(seeds: &mut Seeds) {
    let programs: [&[u8]; 7] = [
        &[0, 1, 1, 2, 14, 14, 2, b'h', b'i', 2],
        &[0, 0xff, 0x90, 0xa0, 6, 1, 2, 4, 2, 1, 0, 15, 1, 5, 5, 9, 0xf0, 3, b'a', b'b', b'c', 2],
        &[0, 0, 1, 0, 8, 1, b'x', 8, 3, b'a', b'b', b'c', 7, 1, 8, 4, 1, 2, 3, 4, 2],
        &[0, 0, 1, 0, 12, 0xc0, 1, 2, 1, 3, 1, 1, 2, 1, 2, 1, 3, 2],
        &[0, 1, 0x62, 0x63, 0, 1, 0x62, 0x63, 14, 15, 0x61, 2, 13, 2],
        &[0, 0, 1, 0, 11, 3, 4, 1, 9, 14, 0, 16, 0x90, 10, 2, 1, 1, 2],
        &[0, 0, 1, 0, 14, 6, 2, 1, 1, 14, 9, 8, 1, 1, 1, 1, 1, 1, 1, 1, 14, 8, 3, 1, 1, 1, 2],
    ];
    for program in programs {
        for kind in 0..8 {
            seeds.add("binxml_writer", &[kind, 0], program);
        }
        seeds.add("binxml_writer", &[4, 1], program);
    }
}

/// Handshakes of a negotiated layer, and data behind them.
fn followers(seeds: &mut Seeds) {
    let streams: [&[u8]; 5] = [
        &[0x16, 1, 0, 0, 2, 9, 9, 0x14, 1, 0, 0, 1, 9, 6, 0, 0, 0, 1, 2, 3, 4, 5, 6],
        &[0x16, 1, 0, 0, 1, 9, 0x14, 1, 0, 0, 0, 0x0c, 6, 1, 0xaa, 7],
        &[0x0a, 0x16, 1, 0, 0, 0, 0x14, 1, 0, 0, 0, 0x0b, 6, 1, 9, 7],
        &[0x0a, 0x16, 3, 3, 0, 2, 1, 2, 0x17, 3, 3, 0, 1, 0],
        &[0x15, 1, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1, 0x16, 1, 0, 0, 0],
    ];
    for stream in streams {
        for kind in 2..6 {
            for service in [0, 4, 5, 0x11] {
                seeds.add("framing_followers", &[kind, service, 5, 9], stream);
            }
        }
    }
}

/// A capture of one connection: SYN, a preamble in two segments of which the second comes twice, FIN.
fn captures(seeds: &mut Seeds) {
    let preamble = b"\x00\x01\x00\x01\x02\x02\x0dnet.tcp://h/e\x03\x08\x0c";
    let segments: [(u32, u8, &[u8]); 5] = [
        (100, 0x02, b""),
        (101, 0x18, &preamble[..10]),
        (111, 0x18, &preamble[10..]),
        (111, 0x18, &preamble[10..]),
        (101 + preamble.len() as u32, 0x11, b""),
    ];
    let mut packets = Vec::new();
    for (number, (sequence, flags, payload)) in segments.into_iter().enumerate() {
        let packet = packet(sequence, flags, payload);
        let len = (packet.len() as u32).to_le_bytes();
        let seconds = (number as u32).to_le_bytes();
        packets.extend([&seconds[..], &[0; 4], &len, &len, &packet].concat());
    }
    for ports in [0, 1] {
        seeds.add("inspect_capture", &[1, ports], &packets);
    }
    // pcapng: a section, an interface, a packet in each kind of block.
    let block = |kind: u32, body: &[u8]| {
        let padded = [body, &vec![0; body.len().wrapping_neg() % 4][..]].concat();
        let size = (12 + padded.len() as u32).to_le_bytes();
        [&kind.to_le_bytes()[..], &size, &padded, &size].concat()
    };
    let section = block(
        0x0a0d_0d0a,
        &[0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    );
    let interface = block(1, &[1, 0, 0, 0, 0xff, 0xff, 0, 0]);
    let data = packet(100, 0x18, preamble);
    let len = (data.len() as u32).to_le_bytes();
    let enhanced = block(6, &[&[0; 12][..], &len, &len, &data].concat());
    let simple = block(3, &[&len[..], &data].concat());
    seeds.add("inspect_capture", &[0, 0], &[section, interface, enhanced, simple].concat());
}

/// Ethernet, IPv4 and TCP from port 50000 to 808.
fn packet(sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let ethernet = [&[2; 12][..], &[8, 0]].concat();
    let total = (40 + payload.len() as u16).to_be_bytes();
    let ip = [&[0x45, 0, total[0], total[1], 0, 0, 0x40, 0, 64, 6, 0, 0][..], &[127, 0, 0, 1, 127, 0, 0, 2]]
        .concat();
    let ports = [&50_000u16.to_be_bytes()[..], &808u16.to_be_bytes()].concat();
    let rest = [0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0];
    [&ethernet[..], &ip, &ports, &sequence.to_be_bytes(), &rest, payload].concat()
}

/// Preambles of protocol C, and halves of a web stream.
fn relayed(seeds: &mut Seeds) {
    seeds.add("relayed_messages", &[0, 0, 0], b"\x07\0\0\0connect\x08\0\0\0sb://h/p\x01");
    seeds.add("relayed_messages", &[0, 0, 0], b"\x05\0\0\0probe\x01\0\0\0");
    seeds.add("relayed_messages", &[6, 1, 3], b"\x03\0abc\0\0\x01\0d");
    for message in [
        &b"\x00\x53\x70\x45\x00\x53\x75\xa0\x03abc"[..],
        b"\x00\x53\x75\xb0\0\0\0\x01x",
        b"\x00\x53\x77\xa1\x01x",
    ] {
        seeds.add("amqp_frames", &[0x80], message);
    }
}
