//! The admin door: health for everybody, the rest for who holds the admin token.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::answer::{Answer, error, json, not_found, read_only, unauthorized};
use super::health::{health, is_read};
use super::origin::{self, Foreign};
use super::state::State;

/// What the admin door answers from.
#[derive(Clone)]
pub struct AdminContext {
    /// The gateway.
    pub state: Arc<dyn State>,
    /// Without one, nothing but health is answered.
    pub token: Option<SecretString>,
    /// Names, without port, by which this door may be called; addresses and `localhost` always may.
    pub names: Vec<String>,
}

/// Answers one request at the admin door. The body of the request is not looked at.
///
/// What is unknown is told only to who holds the token: without it every path but health is 401.
pub async fn admin<B>(request: Request<B>, context: &AdminContext) -> Answer {
    match origin::check(request.uri(), request.headers(), &context.names) {
        Ok(()) => {}
        Err(Foreign::Host) => {
            return error(
                StatusCode::FORBIDDEN,
                "foreign_host",
                "this door does not go by the name in Host; call it by its address or as localhost",
            );
        }
        Err(Foreign::Origin) => {
            return error(
                StatusCode::FORBIDDEN,
                "foreign_origin",
                "pages of another origin may not call this door",
            );
        }
    }
    let path = request.uri().path();
    if let Some(answer) = health(request.method(), path, &*context.state) {
        return answer;
    }
    if let Err(why) = authorize(request.headers(), context.token.as_ref()) {
        return unauthorized(why);
    }
    match path {
        "/v1/state" if is_read(request.method()) => json(StatusCode::OK, &context.state.state()),
        "/v1/state" => read_only(),
        _ => not_found(),
    }
}

/// `Authorization: Bearer` with the admin token, compared in constant time.
fn authorize(headers: &HeaderMap, token: Option<&SecretString>) -> Result<(), &'static str> {
    let Some(token) = token else {
        return Err("this gateway has no admin token; set gateway.admin_token_file and reload");
    };
    let given = headers.get(AUTHORIZATION).ok_or("send the admin token as Authorization: Bearer")?;
    let given = given.as_bytes();
    let (scheme, given) = given.split_at_checked(7).unwrap_or((given, &[]));
    if !scheme.eq_ignore_ascii_case(b"bearer ") {
        return Err("send the admin token as Authorization: Bearer");
    }
    if given.trim_ascii().ct_eq(token.expose_secret().as_bytes()).into() {
        Ok(())
    } else {
        Err("this is not the admin token of this gateway")
    }
}

#[cfg(test)]
mod tests {
    use http::header::WWW_AUTHENTICATE;
    use http_body_util::BodyExt;
    use serde_json::Value;

    use super::*;
    use crate::management::state::tests::Fake;

    async fn ask(fake: Fake, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, Value) {
        let context = AdminContext { state: Arc::new(fake), token: Some("secret".into()), names: Vec::new() };
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = admin(request.body(()).unwrap(), &context).await;
        let status = response.status();
        assert_eq!(status == 401, response.headers().contains_key(WWW_AUTHENTICATE));
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status.as_u16(), serde_json::from_slice(&body).unwrap())
    }

    const LOCAL: (&str, &str) = ("host", "localhost:9090");
    const TOKEN: (&str, &str) = ("authorization", "Bearer secret");

    #[tokio::test]
    async fn health_needs_no_token() {
        assert_eq!(ask(Fake::ready(), "GET", "/healthz", &[LOCAL]).await.0, 200);
        assert_eq!(ask(Fake::ready(), "GET", "/readyz", &[LOCAL]).await.0, 200);
    }

    #[tokio::test]
    async fn not_ready_names_the_reasons() {
        let (status, body) = ask(Fake::not_ready("store is loading"), "GET", "/readyz", &[LOCAL]).await;
        assert_eq!((status, &body["reasons"][0]), (503, &Value::from("store is loading")));
    }

    #[tokio::test]
    async fn without_the_token_everything_else_is_refused() {
        for path in ["/", "/v1/state", "/metrics", "/v1/nothing"] {
            for headers in [&[LOCAL][..], &[LOCAL, ("authorization", "Bearer wrong")]] {
                let (status, body) = ask(Fake::ready(), "GET", path, headers).await;
                assert_eq!((status, &body["error"]["code"]), (401, &Value::from("unauthorized")), "{path}");
            }
        }
    }

    #[tokio::test]
    async fn other_schemes_and_parts_of_the_token_are_refused() {
        for value in ["Basic secret", "Bearer", "Bearer ", "Bearer secre", "Bearer secrets", "secret"] {
            let answer = ask(Fake::ready(), "GET", "/v1/state", &[LOCAL, ("authorization", value)]).await;
            assert_eq!(answer.0, 401, "{value}");
        }
    }

    #[tokio::test]
    async fn with_the_token_the_state_is_told() {
        let (status, body) = ask(Fake::ready(), "GET", "/v1/state", &[LOCAL, TOKEN]).await;
        assert_eq!(status, 200);
        assert_eq!(body["namespaces"][0]["relays"][0]["path"], "credit-check");
        assert_eq!(body["namespaces"][0]["relays"][0]["listeners"][0]["key_name"], "listen");
    }

    #[tokio::test]
    async fn what_is_not_there_is_404_and_what_cannot_be_written_405() {
        assert_eq!(ask(Fake::ready(), "GET", "/v2", &[LOCAL, TOKEN]).await.0, 404);
        assert_eq!(ask(Fake::ready(), "PUT", "/v1/state", &[LOCAL, TOKEN]).await.0, 405);
    }

    #[tokio::test]
    async fn foreign_host_and_origin_are_refused_even_with_the_token() {
        let (status, body) = ask(Fake::ready(), "GET", "/v1/state", &[("host", "evil.example"), TOKEN]).await;
        assert_eq!((status, &body["error"]["code"]), (403, &Value::from("foreign_host")));
        let origin = ("origin", "https://evil.example");
        let (status, body) = ask(Fake::ready(), "GET", "/healthz", &[LOCAL, TOKEN, origin]).await;
        assert_eq!((status, &body["error"]["code"]), (403, &Value::from("foreign_origin")));
    }

    #[tokio::test]
    async fn a_gateway_without_admin_token_answers_health_alone() {
        let context = AdminContext { state: Arc::new(Fake::ready()), token: None, names: Vec::new() };
        for value in ["Bearer ", "Bearer x"] {
            let request = Request::builder().uri("/v1/state").header("host", "127.0.0.1");
            let request = request.header("authorization", value).body(()).unwrap();
            assert_eq!(admin(request, &context).await.status(), 401);
        }
    }
}
