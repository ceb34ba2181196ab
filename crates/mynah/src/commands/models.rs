//! `mynah models`

use std::process::ExitCode;

use anyhow::{Result, bail};
use mynah_models::{Entry, FileState, Kind, PullOptions, Pulled, Puller, Silent, Status, Store};
use mynah_speech::{Runtime, needs_preparation, whisper};

use crate::cli::{Common, Models};
use crate::config::Config;
use crate::engine;
use crate::progress::PullProgress;

/// Lists, pulls, removes or checks models.
pub(crate) fn run(options: &Common, command: &Models) -> Result<ExitCode> {
    let config = Config::read(options)?;
    let store = config.models(options)?;
    match command {
        Models::List => {
            list(&store, &config);
            Ok(ExitCode::SUCCESS)
        }
        Models::Pull { names, from_dir } => {
            let options = PullOptions {
                from_dir: from_dir.clone(),
                ..PullOptions::from_env()?
            };
            pull(&store, names, options)
        }
        Models::Rm { names } => remove(&store, names),
        Models::Check { names } => check(&store, names),
    }
}

fn list(store: &Store, config: &Config) {
    println!("Models in {}", store.dir().display());
    println!();
    println!(
        "{:<20} {:<11} {:>9}  {:<12} TITLE",
        "MODEL", "STATE", "SIZE", "LICENCE"
    );
    for entry in store.catalogue().entries() {
        let state = match store.status(entry.id.as_str()) {
            Ok(Status::Complete) => "installed",
            Ok(Status::Incomplete) => "incomplete",
            Ok(Status::Damaged) => "damaged",
            Ok(Status::Missing) => "-",
            Err(_) => "unsupported",
        };
        let megabytes = entry.size_bytes(store.platform()) as f64 / 1e6;
        println!(
            "{:<20} {state:<11} {megabytes:>6.1} MB  {:<12} {}",
            entry.id.as_str(),
            entry.licence,
            entry.title
        );
        for quality in &entry.quality {
            println!(
                "{:>34}{} {} on {} ({})",
                "", quality.metric, quality.value, quality.dataset, quality.measured_by
            );
        }
    }
    println!();
    println!("{:<28} RECOGNISED BY", "API ID");
    let serving = engine::serving(store, config);
    let configured = config.serve.keys().map(String::as_str);
    let ids = engine::LIVE_IDS.into_iter().chain(engine::FILE_IDS);
    for id in ids.chain(configured) {
        let by = match serving.pipeline(id) {
            Ok(pipeline) => format!(
                "{} (partial text: {})",
                pipeline.recognizer,
                if pipeline.partials.is_empty() {
                    "the same".to_owned()
                } else {
                    pipeline.partials.join(", ")
                }
            ),
            Err(error) => error.message,
        };
        println!("{:<28} {by}", format!("{id}*"));
    }
}

fn pull(store: &Store, names: &[String], options: PullOptions) -> Result<ExitCode> {
    let entries = resolve(store, names)?;
    let mut puller = Puller::new(store, options);
    let mut progress = PullProgress::new();
    for entry in &entries {
        let id = entry.id.as_str();
        match puller.pull(id, &mut progress)? {
            Pulled::AlreadyComplete => progress.line(&format!("{id}: already there")),
            Pulled::Fetched => progress.line(&format!("{id}: installed")),
        }
    }
    prepare(store, &entries, &mut progress)?;
    Ok(ExitCode::SUCCESS)
}

/// Rewrites the graphs of the models that run much faster for it.
fn prepare(store: &Store, entries: &[&Entry], progress: &mut PullProgress) -> Result<()> {
    let mut runtime = None;
    for entry in entries
        .iter()
        .filter(|entry| entry.kind == Kind::Recognizer)
    {
        let id = entry.id.as_str();
        let folder = store.folder(id)?;
        if !needs_preparation(id, &folder) {
            continue;
        }
        if !store.installed("onnxruntime")? {
            bail!("{id} is prepared with ONNX Runtime: run `mynah models pull onnxruntime {id}`");
        }
        let runtime = match &runtime {
            Some(runtime) => runtime,
            None => runtime.insert(Runtime::load(&engine::runtime_library(store)?)?),
        };
        whisper::prepare(&folder, runtime, &mut |share| {
            progress.share(&format!("preparing {id}"), share);
        })?;
        progress.line(&format!("{id}: prepared for this machine"));
    }
    Ok(())
}

fn remove(store: &Store, names: &[String]) -> Result<ExitCode> {
    for entry in resolve(store, names)? {
        let freed = store.remove(entry.id.as_str())?;
        println!(
            "{}: removed, {:.1} MB freed",
            entry.id.as_str(),
            freed as f64 / 1e6
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn check(store: &Store, names: &[String]) -> Result<ExitCode> {
    let entries = if names.is_empty() {
        let present = |entry: &&Entry| {
            !matches!(
                store.status(entry.id.as_str()),
                Ok(Status::Missing) | Err(_)
            )
        };
        store.catalogue().entries().iter().filter(present).collect()
    } else {
        resolve(store, names)?
    };
    let mut sound = true;
    for entry in entries {
        for report in store.check(entry.id.as_str(), &mut Silent)? {
            let state = match report.state {
                FileState::Complete => "ok".to_owned(),
                FileState::Missing => "missing".to_owned(),
                FileState::WrongHash { got } => format!("damaged: its SHA-256 is {got}"),
                FileState::WrongSize { got_bytes } => format!("damaged: it has {got_bytes} bytes"),
            };
            sound &= report.state == FileState::Complete;
            println!("{}/{}: {state}", entry.id.as_str(), report.name.as_str());
        }
    }
    if !sound {
        eprintln!("mynah: `mynah models pull MODEL` mends what is damaged or missing");
    }
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The entries that ids and names of sets stand for, each once.
fn resolve<'s>(store: &'s Store, names: &[String]) -> Result<Vec<&'s Entry>> {
    let mut entries: Vec<&Entry> = Vec::new();
    for name in names {
        for entry in store.catalogue().resolve(name)? {
            if !entries.iter().any(|known| known.id == entry.id) {
                entries.push(entry);
            }
        }
    }
    Ok(entries)
}
