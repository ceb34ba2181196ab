//! Who asks: the key of a request, checked before anything else is read.

use axum::http::{HeaderMap, Uri, header};
use mynah_store::{KeyId, Store};
use mynah_wire::ApiError;

/// What stands before the key in the name of a subprotocol.
const BROWSER_KEY_PROTOCOL: &str = "openai-insecure-api-key.";

/// The key that a request carries, if it is one of ours and not revoked; for a temporary key, the
/// one that made it.
///
/// Keys travel as `Authorization: Bearer …`, the scheme in any case; from a browser's WebSocket,
/// which has no headers, as `?api_key=…` or as OpenAI's browser clients do, in the name of a
/// subprotocol.
pub(crate) async fn authenticate(
    store: &Store,
    headers: &HeaderMap,
    uri: &Uri,
) -> Result<KeyId, ApiError> {
    let secret = secret(headers, uri).ok_or_else(ApiError::no_api_key)?;
    match store.authenticate(secret).await {
        Ok(Some(key)) => Ok(key),
        Ok(None) => Err(ApiError::invalid_api_key()),
        Err(error) => {
            tracing::error!(%error, "keys cannot be read");
            Err(ApiError::internal())
        }
    }
}

/// What a request shows as its key.
pub(crate) fn secret<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    bearer(headers)
        .or_else(|| query_key(uri))
        .or_else(|| protocol_key(headers))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.trim().split_once(' ')?;
    let secret = secret.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !secret.is_empty()).then_some(secret)
}

fn query_key(uri: &Uri) -> Option<&str> {
    let pairs = uri
        .query()?
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(name, secret)| *name == "api_key" && !secret.is_empty())
        .map(|(_, s)| s)
        .next()
}

/// The subprotocols that a WebSocket client offers.
pub(crate) fn offered_protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lists = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
}

fn protocol_key(headers: &HeaderMap) -> Option<&str> {
    let key = offered_protocols(headers).find_map(|name| name.strip_prefix(BROWSER_KEY_PROTOCOL));
    key.filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn the_scheme_is_read_in_any_case() {
        for value in ["Bearer sk-1", "bearer sk-1", "BEARER  sk-1 "] {
            assert_eq!(bearer(&with(value)), Some("sk-1"), "{value}");
        }
        for value in ["sk-1", "Basic sk-1", "Bearer ", ""] {
            assert_eq!(bearer(&with(value)), None, "{value}");
        }
    }

    #[test]
    fn a_browser_may_put_the_key_into_a_subprotocol() {
        let offered = "realtime, openai-insecure-api-key.sk-1, openai-beta.realtime-v1";
        let name = header::SEC_WEBSOCKET_PROTOCOL;
        let headers = HeaderMap::from_iter([(name, offered.parse().unwrap())]);
        assert_eq!(protocol_key(&headers), Some("sk-1"));
        assert_eq!(protocol_key(&HeaderMap::new()), None);
    }

    #[test]
    fn a_browser_may_put_the_key_into_the_query() {
        let uri: Uri = "/api-ws/v1/inference/?a=b&api_key=sk-1".parse().unwrap();
        assert_eq!(query_key(&uri), Some("sk-1"));
        assert_eq!(query_key(&Uri::from_static("/?api_key=")), None);
    }
}
