//! Starting: the handshake, its refusals, and when a start is tried again.

use std::sync::Arc;
use std::time::Duration;

use mynah_client::rustls::pki_types::PrivateKeyDer;
use mynah_client::rustls::{ClientConfig, RootCertStore, ServerConfig, crypto};
use mynah_client::{Error, RetryPolicy, Wait};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

use crate::mock::{Mock, Peer, refuse};

const BAD_KEY: &str =
    r#"{"code":"InvalidApiKey","message":"Invalid API-key provided.","request_id":"r-1"}"#;

/// Retries without a test having to wait for them.
fn quick() -> RetryPolicy {
    RetryPolicy {
        attempts: 3,
        base: Duration::from_millis(20),
        max: Duration::from_millis(50),
    }
}

#[tokio::test]
async fn the_handshake_carries_key_workspace_and_path() {
    let mock = Mock::start(1, |_, tcp| async move {
        #[expect(
            clippy::result_large_err,
            reason = "the signature that the callback has"
        )]
        let check = |request: &Request, response: Response| {
            assert_eq!(request.uri(), "/api-ws/v1/inference");
            let header = |name| request.headers()[name].to_str().unwrap();
            assert_eq!(header("authorization"), "Bearer sk-test");
            assert_eq!(header("x-dashscope-workspace"), "ws-1");
            assert!(header("user-agent").starts_with("mynah-client/"));
            assert!(header("host").starts_with("127.0.0.1:"));
            Ok(response)
        };
        let socket = tokio_tungstenite::accept_hdr_async(tcp, check)
            .await
            .unwrap();
        let mut peer = Peer {
            socket,
            task_id: String::new(),
        };
        peer.open().await;
        peer.closed().await;
    })
    .await;
    drop(
        mock.builder()
            .workspace("ws-1")
            .build()
            .unwrap()
            .start()
            .await
            .unwrap(),
    );
    mock.done().await;
}

#[tokio::test]
async fn a_refused_key_comes_with_its_whole_body_and_is_not_retried() {
    let mock = Mock::start(1, |_, tcp| refuse(tcp, "401 Unauthorized", "", BAD_KEY)).await;
    let error = mock.recognition().start().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidApiKey"));
    assert_eq!(
        error.to_string(),
        "connection refused with status 401, InvalidApiKey: Invalid API-key provided."
    );
    let Error::Handshake(refusal) = error else {
        panic!("{error}")
    };
    assert_eq!(refusal.body, BAD_KEY);
    assert_eq!(refusal.request_id.as_deref(), Some("r-1"));
    mock.done().await;
}

#[tokio::test]
async fn a_refusal_that_is_not_json_is_kept_as_text() {
    let mock = Mock::start(1, |_, tcp| refuse(tcp, "502 Bad Gateway", "", "<html>")).await;
    let error = mock.recognition().start().await.unwrap_err();
    let Error::Handshake(refusal) = error else {
        panic!("{error}")
    };
    assert_eq!((refusal.status, refusal.body.as_str()), (502, "<html>"));
    mock.done().await;
}

#[tokio::test]
async fn overload_is_asked_again_until_it_passes() {
    let mock = Mock::start(3, |number, tcp| async move {
        match number {
            0 => refuse(tcp, "429 Too Many Requests", "Retry-After: 0\r\n", "{}").await,
            1 => {
                let mut peer = Peer::accept(tcp).await;
                peer.run_task().await;
                peer.failed("Throttling.RateQuota", "Requests rate limit exceeded")
                    .await;
                peer.closed().await;
            }
            _ => {
                let mut peer = Peer::accept(tcp).await;
                peer.open().await;
                peer.audio().await;
                peer.finished().await;
                peer.closed().await;
            }
        }
    })
    .await;
    let recognition = mock.builder().retry(quick()).build().unwrap();
    recognition.start().await.unwrap().stop().await.unwrap();
    mock.done().await;
}

#[tokio::test]
async fn overload_that_stays_is_reported_after_the_last_attempt() {
    let mock = Mock::start(3, |_, tcp| refuse(tcp, "503 Service Unavailable", "", "")).await;
    let error = mock
        .builder()
        .retry(quick())
        .build()
        .unwrap()
        .start()
        .await
        .err()
        .unwrap();
    let Error::Handshake(refusal) = error else {
        panic!("{error}")
    };
    assert_eq!(refusal.status, 503);
    // All three connections were taken, and the listener is gone: a fourth attempt would have
    // failed with a transport error instead.
    mock.done().await;
}

#[tokio::test]
async fn a_task_that_fails_before_it_starts_is_the_starts_error() {
    let mock = Mock::with(|mut peer| async move {
        peer.run_task().await;
        peer.failed("ModelNotFound", "Model can not be found.")
            .await;
        peer.closed().await;
    })
    .await;
    let error = mock.recognition().start().await.unwrap_err();
    assert_eq!(error.code(), Some("ModelNotFound"));
    mock.done().await;
}

/// Overload in the middle of a stream is the caller's to judge: audio has been heard.
#[tokio::test]
async fn a_started_task_is_never_repeated() {
    let mock = Mock::with(|mut peer| async move {
        peer.open().await;
        peer.failed("Throttling.RateQuota", "too late").await;
        peer.closed().await;
    })
    .await;
    let session = mock
        .builder()
        .retry(quick())
        .build()
        .unwrap()
        .start()
        .await
        .unwrap();
    assert_eq!(
        session.stop().await.unwrap_err().code(),
        Some("Throttling.RateQuota")
    );
    mock.done().await;
}

#[tokio::test]
async fn results_before_task_started_break_the_protocol() {
    let mock = Mock::with(|mut peer| async move {
        peer.run_task().await;
        peer.partial("early").await;
        peer.closed().await;
    })
    .await;
    let error = mock.recognition().start().await.unwrap_err();
    assert!(matches!(error, Error::Protocol(_)), "{error}");
    mock.done().await;
}

#[tokio::test]
async fn a_silent_server_times_out_in_each_phase() {
    let patience = Duration::from_millis(700);
    let mock = Mock::start(1, |_, mut tcp| async move {
        // Takes the handshake and never answers, until the client hangs up.
        tcp.read_to_end(&mut Vec::new()).await.unwrap();
    })
    .await;
    let recognition = mock.builder().start_timeout(patience).build().unwrap();
    let error = recognition.start().await.unwrap_err();
    assert!(matches!(error, Error::Timeout(Wait::Connect)), "{error}");
    mock.done().await;

    let mock = Mock::with(|mut peer| async move {
        peer.run_task().await;
        peer.closed().await;
    })
    .await;
    let recognition = mock.builder().start_timeout(patience).build().unwrap();
    let error = recognition.start().await.unwrap_err();
    assert!(matches!(error, Error::Timeout(Wait::Start)), "{error}");
    mock.done().await;
}

#[tokio::test]
async fn no_server_is_a_transport_error() {
    let mock = Mock::start(0, |_, _| async {}).await;
    let recognition = mock.recognition();
    mock.done().await;
    let error = recognition.start().await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error}");
}

#[tokio::test]
async fn wss_needs_a_trusted_certificate() {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = certified.cert.der().clone();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("wss://localhost:{}/", listener.local_addr().unwrap().port());
    let server = tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let (tcp, _) = listener.accept().await.unwrap();
        acceptor
            .accept(tcp)
            .await
            .expect_err("the stranger's handshake fails");
        let (tcp, _) = listener.accept().await.unwrap();
        let tls = acceptor.accept(tcp).await.unwrap();
        drop(tokio_tungstenite::accept_async(tls).await.unwrap());
    });

    let mock = Mock::start(0, |_, _| async {}).await;
    let stranger = mock.builder().url(&url).build().unwrap();
    let error = stranger.connect().await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error}");

    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let trusting = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let friend = mock
        .builder()
        .url(&url)
        .tls(Arc::new(trusting))
        .build()
        .unwrap();
    drop(friend.connect().await.unwrap());
    server.await.unwrap();
}
