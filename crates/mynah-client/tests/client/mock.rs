//! A scripted server.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use mynah_client::{AudioFormat, Recognition, RecognitionBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// No test waits longer than this for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Mock {
    url: String,
    server: JoinHandle<()>,
}

impl Mock {
    /// Takes `connections` connections and gives each, with its number from 0, to `script`.
    pub(crate) async fn start<F, S>(connections: usize, script: F) -> Self
    where
        F: Fn(usize, TcpStream) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "ws://{}/api-ws/v1/inference",
            listener.local_addr().unwrap()
        );
        let server = tokio::spawn(async move {
            let mut scripts = JoinSet::new();
            for number in 0..connections {
                let (tcp, _) = listener.accept().await.unwrap();
                scripts.spawn(script(number, tcp));
            }
            scripts.join_all().await;
        });
        Self { url, server }
    }

    /// A server that takes one connection, upgrades it and plays `script`.
    pub(crate) async fn with<F, S>(script: F) -> Self
    where
        F: Fn(Peer) -> S + Send + Sync + Clone + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        Self::start(1, move |_, tcp| {
            let script = script.clone();
            async move { script(Peer::accept(tcp).await).await }
        })
        .await
    }

    /// Options that lead to this server.
    pub(crate) fn builder(&self) -> RecognitionBuilder {
        Recognition::builder()
            .url(&self.url)
            .api_key("sk-test")
            .model("fun-asr-realtime")
            .format(AudioFormat::Pcm)
            .sample_rate(16_000)
    }

    pub(crate) fn recognition(&self) -> Recognition {
        self.builder().build().unwrap()
    }

    /// Waits until all connections have been played to their end, and fails if one went wrong.
    pub(crate) async fn done(self) {
        tokio::time::timeout(PATIENCE, self.server)
            .await
            .expect("script ends")
            .unwrap();
    }
}

/// What a script receives.
#[derive(Debug)]
pub(crate) enum Received {
    Audio(Vec<u8>),
    /// The close frame, or the end without one.
    Closed,
    Pong(Vec<u8>),
    Text(Value),
}

/// An upgraded connection, from the server's side.
pub(crate) struct Peer {
    pub(crate) socket: WebSocketStream<TcpStream>,
    pub(crate) task_id: String,
}

impl Peer {
    pub(crate) async fn accept(tcp: TcpStream) -> Self {
        let socket = tokio_tungstenite::accept_async(tcp).await.unwrap();
        Self {
            socket,
            task_id: String::new(),
        }
    }

    pub(crate) async fn receive(&mut self) -> Received {
        let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
        match message.expect("client says something") {
            None | Some(Err(_) | Ok(Message::Close(_))) => Received::Closed,
            Some(Ok(Message::Binary(audio))) => Received::Audio(audio.to_vec()),
            Some(Ok(Message::Pong(payload))) => Received::Pong(payload.to_vec()),
            Some(Ok(Message::Text(text))) => Received::Text(serde_json::from_str(&text).unwrap()),
            Some(Ok(other)) => panic!("unexpected {other:?}"),
        }
    }

    /// Receives `run-task`, remembers its id and gives its payload.
    pub(crate) async fn run_task(&mut self) -> Value {
        let Received::Text(message) = self.receive().await else {
            panic!("no run-task")
        };
        assert_eq!(message["header"]["action"], "run-task");
        assert_eq!(message["header"]["streaming"], "duplex");
        self.task_id = message["header"]["task_id"].as_str().unwrap().to_owned();
        message["payload"].clone()
    }

    /// Receives `run-task` and answers `task-started`.
    pub(crate) async fn open(&mut self) -> Value {
        let payload = self.run_task().await;
        self.event("task-started", json!({})).await;
        payload
    }

    /// Receives audio until `finish-task`, and gives the messages' bytes.
    pub(crate) async fn audio(&mut self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        loop {
            match self.receive().await {
                Received::Audio(frame) => frames.push(frame),
                Received::Pong(_) => {}
                Received::Text(message) => {
                    assert_eq!(message["header"]["action"], "finish-task");
                    assert_eq!(message["header"]["task_id"], self.task_id.as_str());
                    assert_eq!(message["payload"], json!({"input": {}}));
                    return frames;
                }
                Received::Closed => panic!("closed before finish-task"),
            }
        }
    }

    /// Receives one message of audio.
    pub(crate) async fn frame(&mut self) -> Vec<u8> {
        let Received::Audio(frame) = self.receive().await else {
            panic!("no audio")
        };
        frame
    }

    /// Receives until the client has closed, and answers its close.
    pub(crate) async fn closed(&mut self) {
        while !matches!(self.receive().await, Received::Closed) {}
        while self
            .socket
            .next()
            .await
            .is_some_and(|message| message.is_ok())
        {}
    }

    pub(crate) async fn send(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    pub(crate) async fn event(&mut self, event: &str, payload: Value) {
        let header = json!({"task_id": self.task_id, "event": event, "attributes": {}});
        self.send(Message::text(
            json!({"header": header, "payload": payload}).to_string(),
        ))
        .await;
    }

    pub(crate) async fn partial(&mut self, text: &str) {
        self.sentence(
            json!({"sentence_id": 1, "begin_time": 100, "end_time": null, "text": text,
            "sentence_end": false, "words": []}),
            Value::Null,
        )
        .await;
    }

    pub(crate) async fn last(&mut self, text: &str) {
        self.sentence(
            json!({"sentence_id": 1, "begin_time": 100, "end_time": 900, "text": text,
            "sentence_end": true, "words": []}),
            json!({"duration": 1}),
        )
        .await;
    }

    pub(crate) async fn sentence(&mut self, sentence: Value, usage: Value) {
        let payload = json!({"output": {"sentence": sentence}, "usage": usage});
        self.event("result-generated", payload).await;
    }

    pub(crate) async fn finished(&mut self) {
        self.event("task-finished", json!({"output": {}, "usage": null}))
            .await;
    }

    /// `task-failed`, then the close, as the service does.
    pub(crate) async fn failed(&mut self, code: &str, message: &str) {
        let header = json!({"task_id": self.task_id, "event": "task-failed", "error_code": code,
            "error_message": message, "attributes": {}});
        self.send(Message::text(
            json!({"header": header, "payload": {}}).to_string(),
        ))
        .await;
        drop(self.socket.close(None).await);
    }
}

/// Answers the handshake with an ordinary HTTP response, the body in a segment of its own.
pub(crate) async fn refuse(mut tcp: TcpStream, status: &str, headers: &str, body: &str) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(tcp.read_u8().await.unwrap());
    }
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n");
    tcp.write_all(head.as_bytes()).await.unwrap();
    tcp.flush().await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    tcp.write_all(body.as_bytes()).await.unwrap();
}
