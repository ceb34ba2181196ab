//! Pulls sets or entries into a folder and says how long each took.
//!
//! ```text
//! cargo run -p mynah-models --example pull -- FOLDER starter
//! ```
//!
//! The variables of `PullOptions::from_env` are honoured.

use std::error::Error;
use std::time::Instant;

use mynah_models::{Phase, Progress, PullOptions, Puller, Step, Store};

/// Prints messages, and every change of what is being done.
#[derive(Default)]
struct Lines {
    last: Option<(String, Phase)>,
}

impl Progress for Lines {
    fn step(&mut self, step: &Step<'_>) {
        let state = (step.file.to_owned(), step.phase);
        if self.last.as_ref() != Some(&state) {
            println!(
                "  {}: {:?} {} ({} bytes)",
                step.model, step.phase, step.file, step.total_bytes
            );
            self.last = Some(state);
        }
    }

    fn message(&mut self, model: &str, text: &str) {
        println!("  {model}: {text}");
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: pull FOLDER NAME…")?;
    let store = Store::open(folder);
    let mut puller = Puller::new(&store, PullOptions::from_env()?);
    let begin = Instant::now();
    for name in arguments {
        for entry in store.catalogue().resolve(&name)? {
            let start = Instant::now();
            let id = entry.id.as_str();
            let outcome = puller.pull(id, &mut Lines::default())?;
            let megabytes = store.disk_usage_bytes(id)? as f64 / 1e6;
            let seconds = start.elapsed().as_secs_f64();
            println!("{id}: {outcome:?}, {megabytes:.1} MB on disk, {seconds:.1} s");
        }
    }
    println!("all: {:.1} s", begin.elapsed().as_secs_f64());
    Ok(())
}
