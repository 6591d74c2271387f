//! HTTP senders: their requests as they were recorded or as a script writes them. Relay page 7.1.

use crate::{Answer, Wire};

use super::substitute::find;

/// One request or one answer as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recorded {
    /// The first line.
    pub(super) line: String,
    /// Names as spelled, in order.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Recorded {
    /// All of a recorded direction, `100 Continue` left out. A body without a length goes to the end.
    pub(super) fn all(mut bytes: &[u8]) -> Vec<Self> {
        let mut all = Vec::new();
        while !bytes.is_empty() {
            let end = find(bytes, b"\r\n\r\n").expect("a head");
            let mut one = Self::head(std::str::from_utf8(&bytes[..end]).expect("a head is text"));
            bytes = &bytes[end + 4..];
            let is_request = !one.line.starts_with("HTTP/");
            let length = one.header("Content-Length").map(|length| length.parse().expect("a length"));
            let is_empty = is_request || one.line.contains(" 100 ") || one.line.contains(" 204 ");
            let length = length.unwrap_or(if is_empty { 0 } else { bytes.len() });
            let (body, rest) = bytes.split_at(length);
            one.body = body.to_vec();
            bytes = rest;
            if !one.line.contains(" 100 ") {
                all.push(one);
            }
        }
        all
    }

    /// A request as a script writes it: the lines of its head, and a body whose length is added.
    pub(super) fn written(head: &str, body: &[u8]) -> Self {
        let mut request = Self::head(head.trim_end());
        if !body.is_empty() {
            request.headers.push(("Content-Length".to_owned(), body.len().to_string()));
            request.body = body.to_vec();
        }
        request
    }

    fn head(text: &str) -> Self {
        let mut lines = text.lines();
        let line = lines.next().expect("a first line").to_owned();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("header line {line:?}"));
            (name.to_owned(), value.trim().to_owned())
        });
        Self { line, headers: headers.collect(), body: Vec::new() }
    }

    /// The first value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(spelled, _)| spelled.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The status of an answer.
    pub(super) fn status(&self) -> u16 {
        let status = self.line.split(' ').nth(1).expect("a status line");
        status.parse().expect("a status")
    }

    /// The method of a request.
    pub(super) fn method(&self) -> &str {
        self.line.split(' ').next().unwrap_or_default()
    }

    /// Shows `token`, if the request shows none.
    pub(super) fn show(&mut self, token: String) {
        const HEADER: &str = "ServiceBusAuthorization";
        if self.header(HEADER).is_none() {
            self.headers.push((HEADER.to_owned(), token));
        }
    }

    /// Sends it. One that wants to be told to go on waits for that before its body.
    pub(super) fn send(&self, wire: &mut Wire) {
        let mut head = format!("{}\r\n", self.line);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        if self.header("Expect").is_some() {
            wire.send(head.as_bytes());
            let told = Answer::try_read_head(wire).expect("the gateway says whether to go on");
            assert_eq!(told.status, 100, "{told:?}");
            wire.send(&self.body);
        } else {
            wire.send(&[head.as_bytes(), &self.body].concat());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay_play::Recording;

    #[test]
    fn reads_the_two_calls_of_a_recorded_client() {
        let recording = Recording::open("v2.7.5/http-client-basic");

        let requests = Recorded::all(&recording.sent("001-443"));
        let lengths: Vec<usize> = requests.iter().map(|request| request.body.len()).collect();
        assert_eq!(lengths, [197, 191]);
        let statuses: Vec<u16> =
            Recorded::all(&recording.received("001-443")).iter().map(Recorded::status).collect();
        assert_eq!(statuses, [200, 200]);
    }
}
