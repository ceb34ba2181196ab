//! `POST /api/v1/tokens`: temporary keys.
//!
//! Follows "Obtain a temporary authentication token". The answer has no envelope.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use mynah_store::NoTemporaryKey;
use mynah_wire::{ApiError, RequestId};
use serde::{Deserialize, Serialize};

use crate::App;
use crate::auth::secret;
use crate::http::{HttpError, read_query, store_failed, with_request_id};

/// The life of a temporary key where the client gives none, in seconds.
const LIFE_S: u64 = 60;
/// The documented range of `expire_in_seconds`.
const LIFE_RANGE_S: std::ops::RangeInclusive<u64> = 1..=1800;

#[derive(Deserialize)]
struct Query {
    expire_in_seconds: Option<u64>,
}

/// A temporary key.
#[derive(Serialize)]
struct Token {
    /// What clients send in place of a key.
    token: String,
    /// When it stops working, in seconds since 1970 UTC.
    expires_at: i64,
}

/// Makes a temporary key for whoever shows a key.
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, HttpError> {
    let secret = secret(&headers, &uri).ok_or_else(ApiError::no_api_key)?;
    // A stranger learns nothing of what else is wrong.
    if app
        .store
        .authenticate(secret)
        .await
        .map_err(store_failed)?
        .is_none()
    {
        return Err(ApiError::invalid_api_key().into());
    }
    let life = Duration::from_secs(life_s(&uri)?);
    let made = app.store.create_temporary_key(secret, life).await;
    let key = made
        .map_err(store_failed)?
        .map_err(|refusal| match refusal {
            NoTemporaryKey::Unknown => ApiError::invalid_api_key(),
            NoTemporaryKey::TooMany => ApiError::rate_quota(),
        })?;
    let token = Token {
        token: key.secret,
        expires_at: key.expires_at,
    };
    Ok(with_request_id(
        Json(token).into_response(),
        &RequestId::random(),
    ))
}

fn life_s(uri: &Uri) -> Result<u64, ApiError> {
    let query: Query = read_query(uri)?;
    let life = query.expire_in_seconds.unwrap_or(LIFE_S);
    if LIFE_RANGE_S.contains(&life) {
        return Ok(life);
    }
    Err(ApiError::parameter_out_of_range(
        "expire_in_seconds should be 1 to 1800",
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn life(query: &str) -> Result<u64, ApiError> {
        life_s(&format!("/api/v1/tokens{query}").parse().unwrap())
    }

    #[test]
    fn a_life_is_a_minute_unless_asked_for_otherwise() {
        assert_eq!(life("").unwrap(), 60);
        assert_eq!(life("?expire_in_seconds=1800&other=1").unwrap(), 1800);
        for bad in ["0", "1801", "-1", "soon", "", "1.5"] {
            let error = life(&format!("?expire_in_seconds={bad}")).unwrap_err();
            assert_eq!(error.code, "InvalidParameter");
            assert!(error.message.contains("expire_in_seconds"), "{error}");
        }
    }

    #[test]
    fn the_answer_is_the_documented_one() {
        let token = Token {
            token: "st-0123456789abcdef".to_owned(),
            expires_at: 1_767_296_045,
        };
        assert_eq!(
            serde_json::to_value(&token).unwrap(),
            json!({"token": "st-0123456789abcdef", "expires_at": 1_767_296_045})
        );
    }
}
