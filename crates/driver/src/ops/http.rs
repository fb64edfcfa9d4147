use core::convert::Infallible;
use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use super::Readiness;

/// Connections at once: a scraper, a supervisor, a person, and some more. Others wait.
const CONNECTIONS_MAX: usize = 16;
/// Time a connection has for its one request and the answer.
const CONNECTION_TIME: Duration = Duration::from_secs(10);
/// Bytes of a request: hyper's smallest.
const REQUEST_BYTES_MAX: usize = 8_192;
/// How often samples are folded into buckets: between, each takes 8 bytes.
const UPKEEP: Duration = Duration::from_secs(5);
/// Pause after a failed accept, which usually means that there are no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Media type of the Prometheus text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
const TEXT_TYPE: &str = "text/plain; charset=utf-8";

type Readable = Arc<dyn Fn() -> Readiness + Send + Sync>;

/// Serves until dropped.
pub(super) async fn run(listener: TcpListener, recorder: PrometheusHandle, readiness: Readable) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut upkeep = interval(UPKEEP);
    upkeep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            // First: samples must not pile up while somebody keeps connecting.
            _ = upkeep.tick() => recorder.run_upkeep(),
            (place, accepted) = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, listener.accept().await)
            } => match accepted {
                Ok((stream, _)) => {
                    let page = Page {
                        recorder: recorder.clone(),
                        readiness: Arc::clone(&readiness),
                    };
                    tokio::spawn(async move {
                        page.serve(stream).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(kind = %error.kind(), "accept a connection for metrics");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

struct Page {
    recorder: PrometheusHandle,
    readiness: Readable,
}

impl Page {
    async fn serve(self, stream: TcpStream) {
        let service = service_fn(|request: http::Request<Incoming>| {
            let response = self.answer(request.method(), request.uri().path());
            async { Ok::<_, Infallible>(response) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(CONNECTION_TIME)
            .keep_alive(false)
            .max_buf_size(REQUEST_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service);
        // How a scraper's connection ends concerns the scraper only.
        let _ended = timeout(CONNECTION_TIME, connection).await;
    }

    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        if method != Method::GET && method != Method::HEAD {
            return text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n".to_owned());
        }
        match path {
            "/metrics" => {
                let page = self.recorder.render();
                response(StatusCode::OK, METRICS_TYPE, page)
            }
            "/healthz" => text(StatusCode::OK, "ok\n".to_owned()),
            "/readyz" => match (self.readiness)() {
                Readiness::Ready => text(StatusCode::OK, "ready\n".to_owned()),
                Readiness::NotReady(why) => text(
                    StatusCode::SERVICE_UNAVAILABLE,
                    format!("not ready: {why}\n"),
                ),
            },
            _ => text(
                StatusCode::NOT_FOUND,
                "/metrics, /healthz or /readyz\n".to_owned(),
            ),
        }
    }
}

fn text(status: StatusCode, body: String) -> Response<Full<Bytes>> {
    response(status, TEXT_TYPE, body)
}

fn response(status: StatusCode, media: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let media = header::HeaderValue::from_static(media);
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response
}
