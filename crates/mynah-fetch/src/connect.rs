//! From a URL to an open connection: resolve, look at every address, connect to one of them.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use url::Host;

use crate::FetchError;
use crate::address::is_public;
use crate::limits::ADDRESSES_MAX;
use crate::target::{Reach, Target};

/// An open connection, in clear or with TLS.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

/// How servers prove who they are.
pub(crate) fn tls() -> Result<Arc<ClientConfig>, FetchError> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(|error| FetchError::Tls(error.to_string()))?;
    Ok(Arc::new(config.with_no_client_auth()))
}

/// Connects to a target's host, to an address that passed.
pub(crate) async fn connect(
    target: &Target,
    reach: Reach,
    tls: &Arc<ClientConfig>,
) -> Result<Box<dyn Connection>, FetchError> {
    let addresses = resolve(target, reach).await?;
    let mut failure = FetchError::Connection("no address".to_owned());
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return secured(stream, target, tls).await,
            Err(error) => failure = FetchError::Connection(error.to_string()),
        }
    }
    Err(failure)
}

/// The addresses of a target's host; none of them may be forbidden. One forbidden address among
/// others is what a name looks like whose owner tries to get behind the guard.
async fn resolve(target: &Target, reach: Reach) -> Result<Vec<SocketAddr>, FetchError> {
    let port = target.port();
    let addresses: Vec<SocketAddr> = match target.url.host() {
        Some(Host::Ipv4(address)) => vec![(address, port).into()],
        Some(Host::Ipv6(address)) => vec![(address, port).into()],
        Some(Host::Domain(name)) => lookup_host((name, port))
            .await
            .map_err(|error| FetchError::Connection(error.to_string()))?
            .collect(),
        None => Vec::new(),
    };
    let refused = addresses
        .iter()
        .find(|address| reach == Reach::Public && !is_public(address.ip()));
    if let Some(address) = refused {
        let what = format!("{} ({address})", target.authority());
        return Err(FetchError::Forbidden(what));
    }
    Ok(addresses.into_iter().take(ADDRESSES_MAX).collect())
}

async fn secured(
    stream: TcpStream,
    target: &Target,
    tls: &Arc<ClientConfig>,
) -> Result<Box<dyn Connection>, FetchError> {
    if !target.is_secure() {
        return Ok(Box::new(stream));
    }
    let name = match target.url.host() {
        Some(Host::Domain(name)) => ServerName::try_from(name.to_owned())
            .map_err(|error| FetchError::InvalidUrl(error.to_string()))?,
        Some(Host::Ipv4(address)) => ServerName::IpAddress(std::net::IpAddr::from(address).into()),
        Some(Host::Ipv6(address)) => ServerName::IpAddress(std::net::IpAddr::from(address).into()),
        None => return Err(FetchError::InvalidUrl("no host".to_owned())),
    };
    let connector = TlsConnector::from(tls.clone());
    match connector.connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(FetchError::Connection(error.to_string())),
    }
}
