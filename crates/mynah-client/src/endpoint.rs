//! Where the service is and how a connection to it is made: name, TCP, TLS, WebSocket upgrade.
//!
//! A refusal arrives here as an ordinary HTTP answer, with its whole body.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::error::{Error, Refusal, Wait};
use crate::limits::{CLOSE_TIMEOUT, MESSAGE_BYTES_MAX, REFUSAL_BODY_BYTES_MAX};

/// A connection after the upgrade.
pub(crate) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A checked address with the headers that open it.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    secure: bool,
    /// Name or address, without the brackets of an IPv6 address.
    host: String,
    port: u16,
    /// As it goes into the `Host` header.
    authority: HeaderValue,
    /// Path and query.
    target: Uri,
    /// Key and workspace; the key is marked so that `Debug` hides it.
    pub(crate) headers: HeaderMap,
    tls: Option<Arc<ClientConfig>>,
}

impl Endpoint {
    /// Checks `url` (`ws://` or `wss://`, with its whole path) and the values of the headers.
    pub(crate) fn new(url: &str, api_key: &str, workspace: Option<&str>) -> Result<Self, Error> {
        let invalid = |why: &str| Error::InvalidOption(format!("{url:?} is no usable url: {why}"));
        let uri: Uri = url.parse().map_err(|_| invalid("it does not parse"))?;
        let secure = match uri.scheme_str() {
            Some("wss") => true,
            Some("ws") => false,
            _ => return Err(invalid("it starts neither with wss:// nor with ws://")),
        };
        let authority = uri.authority().ok_or_else(|| invalid("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(invalid("it names a user"));
        }
        let target = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            secure,
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority
                .port_u16()
                .unwrap_or(if secure { 443 } else { 80 }),
            authority: header_value(authority.as_str(), "url")?,
            target: target
                .parse()
                .map_err(|_| invalid("its path does not parse"))?,
            headers: headers(api_key, workspace)?,
            tls: None,
        })
    }

    /// Uses `config` for `wss://` instead of the machine's certificate store.
    pub(crate) fn with_tls(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls = Some(config);
        self
    }

    /// Connects and upgrades, all within `patience`.
    pub(crate) async fn connect(&self, patience: Duration) -> Result<Socket, Error> {
        tokio::time::timeout(patience, self.open())
            .await
            .map_err(|_| Error::Timeout(Wait::Connect))?
    }

    async fn open(&self) -> Result<Socket, Error> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(Error::transport)?;
        // Audio comes in small frames at a steady pace: joining them would only delay them.
        tcp.set_nodelay(true).map_err(Error::transport)?;
        if !self.secure {
            return self.upgrade(tcp).await;
        }
        let name = ServerName::try_from(self.host.clone()).map_err(Error::transport)?;
        let config = self.tls.clone().unwrap_or_else(default_tls);
        let tls = TlsConnector::from(config)
            .connect(name, tcp)
            .await
            .map_err(Error::transport)?;
        self.upgrade(tls).await
    }

    async fn upgrade<S>(&self, stream: S) -> Result<Socket, Error>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(Error::transport)?;
        let key = generate_key();
        let request = self.request(&key)?;
        let exchange = async {
            let response = sender
                .send_request(request)
                .await
                .map_err(Error::transport)?;
            finish_upgrade(response, &key).await
        };
        let connection = async {
            // An error of the connection is also the error of the exchange on it.
            drop(connection.with_upgrades().await);
            std::future::pending().await
        };
        tokio::select! {
            outcome = exchange => outcome,
            never = connection => never,
        }
    }

    fn request(&self, key: &str) -> Result<Request<Empty<Bytes>>, Error> {
        let mut request = Request::get(self.target.clone())
            .header(header::HOST, self.authority.clone())
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_KEY, key)
            .body(Empty::new())
            .map_err(Error::transport)?;
        request.headers_mut().extend(self.headers.clone());
        Ok(request)
    }
}

fn headers(api_key: &str, workspace: Option<&str>) -> Result<HeaderMap, Error> {
    let agent = concat!("mynah-client/", env!("CARGO_PKG_VERSION"));
    let mut bearer = header_value(&format!("Bearer {api_key}"), "api_key")?;
    bearer.set_sensitive(true);
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, bearer);
    headers.insert(header::USER_AGENT, HeaderValue::from_static(agent));
    if let Some(workspace) = workspace {
        headers.insert(
            "x-dashscope-workspace",
            header_value(workspace, "workspace")?,
        );
    }
    Ok(headers)
}

fn header_value(value: &str, option: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(value).map_err(|_| {
        Error::InvalidOption(format!(
            "{option} has characters that no http header can carry"
        ))
    })
}

/// Trusts what the machine trusts, and the public authorities on a machine without a store.
fn default_tls() -> Arc<ClientConfig> {
    static CONFIG: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    Arc::clone(CONFIG.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        #[expect(
            clippy::expect_used,
            reason = "ring supports both of rustls' default versions"
        )]
        let config =
            ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .expect("ring supports the default protocol versions");
        Arc::new(config.with_root_certificates(roots).with_no_client_auth())
    }))
}

async fn finish_upgrade(response: Response<Incoming>, key: &str) -> Result<Socket, Error> {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(Error::Handshake(refusal(response).await));
    }
    let accept = response.headers().get(header::SEC_WEBSOCKET_ACCEPT);
    if accept.map(HeaderValue::as_bytes) != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
        return Err(Error::Protocol(
            "the upgrade answers another handshake".to_owned(),
        ));
    }
    let upgraded = hyper::upgrade::on(response)
        .await
        .map_err(Error::transport)?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    let socket = TokioIo::new(upgraded);
    Ok(WebSocketStream::from_raw_socket(socket, Role::Client, Some(config)).await)
}

async fn refusal(response: Response<Incoming>) -> Refusal {
    let status = response.status().as_u16();
    let retry_after = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(Duration::from_secs);
    let body = body_text(response.into_body()).await;
    let json: Value = serde_json::from_str(&body).unwrap_or_default();
    let text = |key: &str| json.get(key).and_then(Value::as_str).map(str::to_owned);
    let (code, message, request_id) = (text("code"), text("message"), text("request_id"));
    Refusal {
        status,
        body,
        code,
        message,
        request_id,
        retry_after,
    }
}

/// The body as far as it came and fits: a refusal without its explanation is still a refusal.
async fn body_text(body: Incoming) -> String {
    let mut body = Limited::new(body, REFUSAL_BODY_BYTES_MAX);
    let mut bytes = Vec::new();
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            if let Some(data) = frame.data_ref() {
                bytes.extend_from_slice(data);
            }
        }
    };
    drop(tokio::time::timeout(CLOSE_TIMEOUT, reading).await);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(url: &str) -> Result<Endpoint, Error> {
        Endpoint::new(url, "sk-secret", None)
    }

    #[test]
    fn urls_are_taken_apart() {
        let cloud = endpoint("wss://dashscope.aliyuncs.com/api-ws/v1/inference").unwrap();
        assert_eq!(
            (cloud.host.as_str(), cloud.port, cloud.secure),
            ("dashscope.aliyuncs.com", 443, true)
        );
        assert_eq!(cloud.target, "/api-ws/v1/inference");

        let local = endpoint("ws://[::1]:8787/api-ws/v1/inference/?a=b").unwrap();
        assert_eq!(
            (local.host.as_str(), local.port, local.secure),
            ("::1", 8787, false)
        );
        assert_eq!(local.authority, "[::1]:8787");
        assert_eq!(local.target, "/api-ws/v1/inference/?a=b");

        assert_eq!(endpoint("ws://localhost").unwrap().target, "/");
    }

    #[test]
    fn unusable_urls_are_refused() {
        for url in [
            "",
            "localhost",
            "/api",
            "https://host/",
            "wss://",
            "ws://u:p@host/",
            "ws://a b/",
        ] {
            assert!(
                matches!(endpoint(url), Err(Error::InvalidOption(_))),
                "{url}"
            );
        }
    }

    #[test]
    fn the_key_is_not_printed() {
        let endpoint = endpoint("ws://localhost/").unwrap();
        assert!(!format!("{endpoint:?}").contains("sk-secret"));
    }

    #[test]
    fn a_key_with_a_line_break_is_refused() {
        let error = Endpoint::new("ws://localhost/", "sk\n", None).unwrap_err();
        assert!(error.to_string().starts_with("api_key has"), "{error}");
    }
}
