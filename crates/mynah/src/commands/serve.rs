//! `mynah serve`

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use mynah_server::{App, Files, TaskRates};
use mynah_store::Store;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cli::{Common, Serve};
use crate::config::Config;
use crate::engine;

/// Where the server listens unless told otherwise: reachable from this machine only.
const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8787);
/// Live streams per worker unless told otherwise: with Whisper small, each takes about 0.3 of a
/// core. `cargo xtask bench live` shows what a machine carries.
const SLOTS_PER_WORKER: usize = 3;

/// Serves until told to stop.
pub(crate) fn run(options: &Common, arguments: &Serve) -> Result<ExitCode> {
    super::runtime()?.block_on(serve(options, arguments))
}

async fn serve(options: &Common, arguments: &Serve) -> Result<ExitCode> {
    let config = Config::read(options)?;
    let models = config.models(options)?;
    let pipeline = engine::default_pipeline(&models)?;
    let address = arguments.listen.or(config.listen).unwrap_or(DEFAULT_LISTEN);
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))?;
    let data = config.data(options)?;
    let store = Store::open(&data).await?;
    announce_first_key(&store).await?;

    let workers = config.workers(options);
    let slots = arguments
        .slots
        .or(config.slots)
        .unwrap_or(workers * SLOTS_PER_WORKER);
    let configured = config
        .serve
        .values()
        .filter(|p| engine::check(&models, p).is_ok());
    let pipelines: Vec<_> = std::iter::once(&pipeline).chain(configured).collect();
    let started = Instant::now();
    eprintln!("loading {} on {workers} workers ...", pipeline.recognizer);
    let app = Arc::new(App {
        store,
        quotas: config.quotas,
        task_rates: TaskRates::new(config.quotas.tasks_per_second),
        engine: engine::start(&models, options, &config, slots, &pipelines)?,
        serving: engine::serving(&models, &config),
        files: Files::open(&data, config.reach(arguments))?,
        connections: TaskTracker::new(),
        shutdown: CancellationToken::new(),
    });
    let address = listener.local_addr()?;
    eprintln!(
        "ready after {:.1} s, {slots} live slots",
        started.elapsed().as_secs_f32()
    );
    eprintln!("listening on ws://{address}/api-ws/v1/inference");
    stop_on_signal(app.shutdown.clone());
    mynah_server::serve(listener, app).await?;
    eprintln!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Makes a key when there is none yet, and prints it: the only time it is seen.
async fn announce_first_key(store: &Store) -> Result<()> {
    if !store.keys().await?.is_empty() {
        return Ok(());
    }
    let key = store.create_key("first").await?;
    println!("API key: {}", key.secret);
    println!("It is shown this once only; `mynah keys create` makes more.");
    Ok(())
}

/// The first signal lets open tasks finish, the second does not.
fn stop_on_signal(shutdown: CancellationToken) {
    tokio::spawn(async move {
        signal().await;
        eprintln!("stopping: open tasks may finish; press Ctrl-C again to cut them off");
        shutdown.cancel();
        signal().await;
        std::process::exit(130);
    });
}

/// Waits for Ctrl-C or a request to terminate.
async fn signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        if let Ok(mut terminate) = terminate {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // Without a way to hear signals there is nothing to wait for.
    if interrupt.await.is_err() {
        std::future::pending::<()>().await;
    }
}
