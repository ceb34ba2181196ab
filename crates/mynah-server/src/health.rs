//! `GET /health`: is the server up, and how busy is it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::App;

/// The answer.
#[derive(Serialize)]
pub(crate) struct Health {
    /// `ok`, or `draining` once the server takes no new tasks.
    status: &'static str,
    /// Live streams that may be open at once.
    slots: usize,
    /// Live streams that are open.
    slots_used: usize,
    /// How late the most urgent live work is, in milliseconds.
    overdue_ms: u64,
}

pub(crate) async fn health(State(app): State<Arc<App>>) -> Json<Health> {
    let load = app.engine.load();
    Json(Health {
        status: if app.shutdown.is_cancelled() {
            "draining"
        } else {
            "ok"
        },
        slots: load.slots,
        slots_used: load.slots_used,
        overdue_ms: load.overdue.as_millis() as u64,
    })
}
