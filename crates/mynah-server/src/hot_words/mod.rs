//! Hot words: two generations of lists that clients keep here, and the one search that finds the
//! words of a call.
//!
//! A list belongs to the key that made it; to other keys it does not exist. An id in a call may be
//! of either generation, whatever field it came in.

mod customization;
mod fine_tunes;
mod lookup;
mod rules;

pub(crate) use customization::customize;
pub(crate) use fine_tunes::{compile, delete_output, list_outputs, query_output};
pub(crate) use lookup::find;

/// A time as the API writes it: `YYYY-MM-DD HH:MM:SS`, UTC.
fn gmt(unix_seconds: i64) -> String {
    written(unix_seconds, "%Y-%m-%d %H:%M:%S")
}

fn written(unix_seconds: i64, form: &str) -> String {
    let time = jiff::Timestamp::from_second(unix_seconds).unwrap_or_default();
    time.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use axum::response::Response;
    use mynah_store::{KeyId, Store};
    use serde_json::{Value, json};

    use super::*;

    /// A store with two keys.
    pub(super) async fn keys() -> (tempfile::TempDir, Store, [KeyId; 2]) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let [a, b] = [store.create_key("").await, store.create_key("").await];
        (folder, store, [a.unwrap().id, b.unwrap().id])
    }

    /// An answer as its client reads it, with every time and random id the same.
    pub(super) async fn golden(response: Response) -> Value {
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let mut body: Value = serde_json::from_slice(&bytes).unwrap();
        body["request_id"] = json!("REQUEST");
        level(&mut body);
        json!({"status": status, "body": body})
    }

    fn level(value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(level),
            Value::Object(items) => items.values_mut().for_each(level),
            Value::String(text)
                if jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", &*text).is_ok() =>
            {
                *text = "TIME".to_owned();
            }
            Value::String(text) => {
                if let Some(at) = random_end(text) {
                    text.replace_range(at.., "RANDOM");
                }
            }
            _ => {}
        }
    }

    /// Where the random end of an id begins: 32 digits, or the time and 8 digits of a job.
    fn random_end(text: &str) -> Option<usize> {
        [32, 12 + 1 + 8].into_iter().find_map(|length| {
            let at = text.len().checked_sub(length)?;
            let (head, tail) = text.split_at_checked(at)?;
            let digits = |byte: u8| byte == b'-' || byte.is_ascii_hexdigit();
            (head.ends_with('-') && tail.bytes().all(digits)).then_some(at)
        })
    }

    #[test]
    fn times_are_written_as_documented() {
        assert_eq!(gmt(1_767_323_045), "2026-01-02 03:04:05");
        assert_eq!(gmt(i64::MAX), "1970-01-01 00:00:00");
    }
}
