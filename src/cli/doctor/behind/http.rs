//! A relay over HTTP: it signs its refusals with a tracking id.

use httpdate::parse_http_date;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

use super::said::{Behind, more};
use crate::entity::UnixTime;

/// An answer's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli::doctor) struct Http {
    /// 100 to 999.
    pub(in crate::cli::doctor) status: u16,
    /// The reason phrase.
    reason: String,
    /// `Server`.
    server: Option<String>,
    /// `Date`.
    pub(in crate::cli::doctor) date: Option<UnixTime>,
    /// A relay's mark: its handshakes and refusals carry a tracking id (hybrid page 1).
    pub(in crate::cli::doctor) tracked: bool,
}

/// Bytes of a head that are read.
const LONGEST_HEAD: usize = 64 << 10;

/// Header lines of a head that are read.
const MOST_HEADERS: usize = 200;

impl Http {
    /// `404 Not Found (Server: nginx)`.
    pub(in crate::cli::doctor) fn seen(&self) -> String {
        let reason: String = self.reason.chars().take(60).collect();
        let server = self.server.as_ref().map(|server| format!(" (Server: {server})")).unwrap_or_default();
        format!("{} {reason}{server}", self.status)
    }
}

/// Asks for `path` and reads the answer's head.
pub(in crate::cli::doctor) async fn ask<S>(mut stream: S, host: &str, path: &str) -> Result<Http, Behind>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let mut read = Vec::new();
    while read.len() < LONGEST_HEAD {
        more(&mut stream, &mut read).await?;
        if let Some(answer) = head(&read)? {
            return Ok(answer);
        }
    }
    Err(Behind::Else(read))
}

fn head(read: &[u8]) -> Result<Option<Http>, Behind> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    match response.parse(read) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(Behind::Else(read.to_vec())),
    }
    let value = |name: &str| {
        let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok().map(str::trim)
    };
    let reason = response.reason.unwrap_or_default();
    let date = value("Date").and_then(|text| parse_http_date(text).ok());
    let date = date.and_then(|date| date.duration_since(std::time::UNIX_EPOCH).ok()).map(UnixTime::from);
    Ok(Some(Http {
        status: response.code.unwrap_or_default(),
        reason: reason.to_owned(),
        server: value("Server").map(|server| server.chars().take(60).collect()),
        date,
        tracked: value("TrackingId").is_some() || reason.contains("TrackingId:"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_known_by_its_tracking_id_and_a_date_is_read() {
        let ours = "HTTP/1.1 400 This endpoint is only for web-socket requests. TrackingId:1_G0\r\n\
                    Date: Fri, 15 Jan 2027 08:00:00 GMT\r\n\r\n";
        let http = head(ours.as_bytes()).unwrap().unwrap();
        assert_eq!((http.status, http.tracked, http.date), (400, true, Some(UnixTime(1_800_000_000))));
        let other = "HTTP/1.1 404 Not Found\r\nServer: nginx\r\nDate: yesterday\r\n\r\n";
        let http = head(other.as_bytes()).unwrap().unwrap();
        assert_eq!((http.tracked, http.date), (false, None));
        assert_eq!(http.seen(), "404 Not Found (Server: nginx)");
    }

    #[test]
    fn a_head_that_is_not_whole_is_waited_for_and_what_is_none_is_shown() {
        assert_eq!(head(b"HTTP/1.1 200 OK\r\nDa"), Ok(None));
        assert_eq!(head(b"SSH-2.0-x\r\n"), Err(Behind::Else(b"SSH-2.0-x\r\n".to_vec())));
    }
}
