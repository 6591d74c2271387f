//! The metrics door: `/metrics` and health. It is open to whoever reaches it, so it names no relay and no peer.

use std::sync::Arc;

use http::{Request, StatusCode};

use super::answer::{Answer, not_found, read_only, with};
use super::health::{health, is_read};
use super::state::State;
use crate::telemetry::{CONTENT_TYPE, Metrics};

/// What the metrics door answers from.
#[derive(Clone)]
pub struct MetricsContext {
    /// The gateway.
    pub state: Arc<dyn State>,
    /// What it counts.
    pub metrics: Arc<Metrics>,
}

/// Answers one request at the metrics door. The body of the request is not looked at.
pub async fn metrics<B>(request: Request<B>, context: &MetricsContext) -> Answer {
    let path = request.uri().path();
    if let Some(answer) = health(request.method(), path, &*context.state) {
        return answer;
    }
    match path {
        "/metrics" if is_read(request.method()) => {
            with(StatusCode::OK, CONTENT_TYPE, context.metrics.encode())
        }
        "/metrics" => read_only(),
        _ => not_found(),
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::management::state::tests::Fake;

    async fn get(method: &str, path: &str) -> (u16, String) {
        let context = MetricsContext { state: Arc::new(Fake::ready()), metrics: Arc::new(Metrics::new()) };
        let request = Request::builder().method(method).uri(path).body(()).unwrap();
        let response = metrics(request, &context).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn metrics_are_in_open_metrics_text() {
        let (status, body) = get("GET", "/metrics").await;
        assert_eq!(status, 200);
        assert!(body.contains("relay_active_listeners 0\n"), "{body}");
    }

    #[tokio::test]
    async fn health_is_there_and_nothing_else() {
        assert_eq!(get("GET", "/healthz").await.0, 200);
        assert_eq!(get("GET", "/readyz").await.0, 200);
        assert_eq!(get("GET", "/v1/state").await.0, 404);
        assert_eq!(get("POST", "/metrics").await.0, 405);
        assert_eq!(get("DELETE", "/healthz").await.0, 405);
    }
}
