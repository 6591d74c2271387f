//! The three requests of a web stream, told by their headers.

use super::error::WebStreamError;

/// The header of the request that makes a stream; its value is the role.
pub const CREATE_HEADER: &str = "X-WSCREATE";
/// The header of the requests that are its halves; its value is the role.
pub const CONNECT_HEADER: &str = "X-WSCONNECT";
/// The header that says who the request is for.
pub const PROCESS_AT: &str = "X-PROCESS-AT";
/// What it says in all requests of a web stream. Nothing hangs on it here.
pub const PROCESS_AT_RELAY: &str =
    "http://schemas.microsoft.com/netservices/2009/05/servicebus/connect/roles/relay";

/// Bytes that the body of a request that makes a stream may have: nothing, or the mark of UTF-8. It is not looked at.
pub const MAX_CREATE_BODY: usize = 1024;

/// What a stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamRole {
    /// Protocol C.
    Connection,
    /// Protocol B.
    Oneway,
}

impl StreamRole {
    /// Its name in headers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Oneway => "oneway",
        }
    }

    fn parse(name: &str) -> Result<Self, WebStreamError> {
        let all = [Self::Connection, Self::Oneway];
        let found = all.into_iter().find(|role| role.name().eq_ignore_ascii_case(name.trim()));
        found.ok_or(WebStreamError::UnknownRole)
    }
}

/// What a request is to a web stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamRequest {
    /// Make one for the address of the request; the answer is a 201.
    Create(StreamRole),
    /// The request's body is what the client sends. It gets no answer while that lasts.
    Up(StreamRole),
    /// The response's body is what the client receives. It begins at once.
    Down(StreamRole),
    /// A client behind a proxy that asks for credentials tries the way: 200, and nothing else.
    Try(StreamRole),
}

impl StreamRequest {
    /// Reads a request's method and its two headers; `Ok(None)`: it has nothing to do with web streams.
    ///
    /// # Errors
    /// [`WebStreamError::UnknownRole`], [`WebStreamError::BadRequest`].
    pub fn of(
        method: &str,
        create: Option<&str>,
        connect: Option<&str>,
    ) -> Result<Option<Self>, WebStreamError> {
        match (method, create, connect) {
            (_, None, None) => Ok(None),
            ("POST", Some(role), None) => Ok(Some(Self::Create(StreamRole::parse(role)?))),
            ("POST", None, Some(role)) => Ok(Some(Self::Up(StreamRole::parse(role)?))),
            ("GET", None, Some(role)) => Ok(Some(Self::Down(StreamRole::parse(role)?))),
            ("HEAD", None, Some(role)) => Ok(Some(Self::Try(StreamRole::parse(role)?))),
            _ => Err(WebStreamError::BadRequest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_told_by_method_and_header() {
        use StreamRequest::*;
        let (connection, oneway) = (StreamRole::Connection, StreamRole::Oneway);
        for (method, create, connect, request) in [
            ("POST", Some("connection"), None, Ok(Some(Create(connection)))),
            ("POST", Some(" Oneway "), None, Ok(Some(Create(oneway)))),
            ("POST", None, Some("connection"), Ok(Some(Up(connection)))),
            ("GET", None, Some("connection"), Ok(Some(Down(connection)))),
            ("HEAD", None, Some("oneway"), Ok(Some(Try(oneway)))),
            ("GET", None, None, Ok(None)),
            ("POST", None, None, Ok(None)),
            ("GET", Some("connection"), None, Err(WebStreamError::BadRequest)),
            ("POST", Some("connection"), Some("connection"), Err(WebStreamError::BadRequest)),
            ("PUT", None, Some("connection"), Err(WebStreamError::BadRequest)),
            ("POST", Some("messaging"), None, Err(WebStreamError::UnknownRole)),
            ("GET", None, Some(""), Err(WebStreamError::UnknownRole)),
        ] {
            assert_eq!(
                StreamRequest::of(method, create, connect),
                request,
                "{method} {create:?} {connect:?}"
            );
        }
    }
}
