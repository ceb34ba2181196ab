//! Streams of events in the answer to a request, in both layouts: the service's own, without blanks
//! behind the colons, because the Python SDK misses errors with one, and OpenAI's.

use std::convert::Infallible;
use std::fmt::Write as _;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream::unfold;
use mynah_wire::{ApiError, RequestId};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::App;
use crate::http::with_request_id;
use crate::limits::{SEND_TIME_MAX, STREAM_EVENTS_WAITING_MAX, STREAM_SILENCE_MAX};

/// Makes the events of one answer, one after the other.
pub(crate) trait Events: Send + 'static {
    /// The next event as it is sent; none at the end. Cancel-safe.
    fn next(&mut self) -> impl Future<Output = Option<String>> + Send;
}

/// Whether a request to a route of the service wants a stream: by the header that the SDKs send, or
/// by what it accepts.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    let is = |name: &str, wanted: &[u8]| {
        let value = headers.get(name).map(HeaderValue::as_bytes);
        value.is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    };
    is("x-dashscope-sse", b"enable") || is("accept", b"text/event-stream")
}

/// An answer that consists of events. A client that goes away, or does not read, ends their making.
pub(crate) fn answer(app: &App, mut events: impl Events, request_id: &RequestId) -> Response {
    let (sender, receiver) = mpsc::channel(STREAM_EVENTS_WAITING_MAX);
    app.connections.spawn(async move {
        loop {
            let next = tokio::select! {
                next = timeout(STREAM_SILENCE_MAX, events.next()) => next,
                () = sender.closed() => return,
            };
            let text = match next {
                Ok(Some(text)) => text,
                Ok(None) => return,
                Err(_) => ":keepalive\n\n".to_owned(),
            };
            if sender.send_timeout(text, SEND_TIME_MAX).await.is_err() {
                return;
            }
        }
    });
    let events = unfold(receiver, |mut receiver: mpsc::Receiver<String>| async {
        let text = receiver.recv().await?;
        Some((Ok::<_, Infallible>(Bytes::from(text)), receiver))
    });
    let mut response = Response::new(Body::from_stream(events));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/event-stream;charset=UTF-8");
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    with_request_id(response, request_id)
}

/// Numbers the events of a stream in the service's layout.
#[derive(Debug, Default)]
pub(crate) struct Numbered(u32);

impl Numbered {
    /// An event with a result.
    pub(crate) fn result(&mut self, data: &impl Serialize) -> String {
        self.event("result", 200, data)
    }

    /// The event of an error, which is the last one.
    pub(crate) fn error(&mut self, error: &ApiError, request_id: &RequestId) -> String {
        self.event("error", error.status, &error.body(request_id.clone()))
    }

    fn event(&mut self, kind: &str, status: u16, data: &impl Serialize) -> String {
        self.0 += 1;
        let mut text = format!("id:{}\nevent:{kind}\n:HTTP_STATUS/{status}\n", self.0);
        if status != 200 {
            // The Python SDK reads the status of an error nowhere else. Writing to a string cannot
            // fail.
            let _ = writeln!(text, "status:{status}");
        }
        text + &line("data:", data)
    }
}

/// An event in OpenAI's layout.
pub(crate) fn openai(data: &impl Serialize) -> String {
    line("data: ", data)
}

fn line(label: &str, data: &impl Serialize) -> String {
    // Our own types have no maps with keys that are no strings.
    let json = serde_json::to_string(data).unwrap_or_default();
    format!("{label}{json}\n\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_numbered_and_have_no_blank_behind_their_colons() {
        let mut numbered = Numbered::default();
        assert_eq!(
            numbered.result(&json!({"a": 1})),
            "id:1\nevent:result\n:HTTP_STATUS/200\ndata:{\"a\":1}\n\n"
        );
        let id = RequestId::random();
        assert_eq!(
            numbered.error(&ApiError::rate_quota(), &id),
            format!(
                "id:2\nevent:error\n:HTTP_STATUS/429\nstatus:429\n\
                 data:{{\"code\":\"Throttling.RateQuota\",\"message\":\"Requests rate limit \
                 exceeded, please try again later.\",\"request_id\":\"{id}\"}}\n\n"
            )
        );
        assert_eq!(openai(&json!({"a": 1})), "data: {\"a\":1}\n\n");
    }

    #[test]
    fn a_stream_is_asked_for_in_two_ways() {
        let wanted = |name: &'static str, value: &'static str| {
            is_wanted(&HeaderMap::from_iter([(
                name.parse().unwrap(),
                HeaderValue::from_static(value),
            )]))
        };
        assert!(wanted("x-dashscope-sse", "enable") && wanted("accept", "text/event-stream"));
        assert!(!wanted("x-dashscope-sse", "disable") && !wanted("accept", "*/*"));
    }
}
