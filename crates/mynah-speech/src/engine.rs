//! The engine room as its users see it: streams in slots, files beside them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::channel::{Channel, StreamEvent};
use crate::engines::{EngineFactory, Engines};
use crate::file::FileTask;
use crate::live::LiveTask;
use crate::pipeline::{Pipeline, StreamOptions};
use crate::scheduler::{Scheduler, lock};
use crate::{Runtime, SpeechError};

/// How an engine room is set up.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// The ONNX Runtime library.
    pub runtime: PathBuf,
    /// The folder of installed models, one subfolder a model id.
    pub models: PathBuf,
    /// Worker threads, each with engines of its own; one per core is best.
    pub workers: usize,
    /// Live streams that may be open at once.
    pub slots: usize,
    /// Recognisers that every worker opens at the start.
    pub preload: Vec<String>,
}

/// The workers and the slots. Dropping it ends the workers.
pub struct Engine {
    scheduler: Scheduler,
    slots: Arc<Slots>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

/// All slots are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("all {slots} live slots are taken")]
pub struct NoFreeSlot {
    /// How many there are.
    pub slots: usize,
}

/// How busy an engine room is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineLoad {
    /// Live streams that may be open at once.
    pub slots: usize,
    /// Live streams that are open.
    pub slots_used: usize,
    /// How late the most urgent live task is.
    pub overdue: Duration,
}

struct Slots {
    total: usize,
    used: AtomicUsize,
    scheduler: Scheduler,
}

/// A place among the live streams, given back when dropped.
struct Slot(Arc<Slots>);

/// An open stream: audio in, events out. Dropping it gives the stream up and frees its slot.
pub struct Stream {
    channel: Arc<Channel>,
    work: Work,
    scheduler: Scheduler,
}

enum Work {
    Live {
        task: Arc<LiveTask>,
        slot: Arc<Slot>,
    },
    File(Arc<FileTask>),
}

impl Engine {
    /// Loads the runtime and the models and starts the workers.
    ///
    /// Takes seconds: every worker opens every recogniser of [`EngineConfig::preload`].
    pub fn start(config: &EngineConfig) -> Result<Self, SpeechError> {
        let runtime = Runtime::load(&config.runtime)?;
        let factory = EngineFactory::new(runtime, &config.models);
        let scheduler = Scheduler::new(config.workers);
        let engines = open_engines(&factory, config)?;
        let mut workers = Vec::new();
        for (index, engines) in engines.into_iter().enumerate() {
            let worker = scheduler
                .spawn(index, engines)
                .map_err(|error| SpeechError::Unsupported(format!("worker thread: {error}")))?;
            workers.push(worker);
        }
        let slots = Arc::new(Slots {
            total: config.slots,
            used: AtomicUsize::new(0),
            scheduler: scheduler.clone(),
        });
        Ok(Self {
            scheduler,
            slots,
            workers: Mutex::new(workers),
        })
    }

    /// Opens a live stream, if a slot is free.
    pub fn open_live(
        &self,
        pipeline: Arc<Pipeline>,
        options: StreamOptions,
    ) -> Result<Stream, NoFreeSlot> {
        let slot = Arc::new(self.slots.take()?);
        Ok(Stream::live(
            pipeline,
            options,
            slot,
            self.scheduler.clone(),
        ))
    }

    /// Opens a file's stream. Files need no slot: they wait for live streams.
    pub fn open_file(&self, pipeline: Arc<Pipeline>, options: StreamOptions) -> Stream {
        Stream::file(pipeline, options, self.scheduler.clone())
    }

    /// How busy the engine room is.
    pub fn load(&self) -> EngineLoad {
        EngineLoad {
            slots: self.slots.total,
            slots_used: self.slots.used.load(Ordering::Relaxed),
            overdue: self.scheduler.overdue(),
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.scheduler.stop();
        for worker in lock(&self.workers).drain(..) {
            // A worker that panicked has nothing left to wait for.
            let _ = worker.join();
        }
    }
}

impl Stream {
    /// A new stream in the place of this one: in the same slot, which stays taken until both are
    /// dropped. For a speaker whose utterances are recognised one by one.
    #[must_use]
    pub fn renew(&self, pipeline: Arc<Pipeline>, options: StreamOptions) -> Self {
        let scheduler = self.scheduler.clone();
        match &self.work {
            Work::Live { slot, .. } => Self::live(pipeline, options, slot.clone(), scheduler),
            Work::File(_) => Self::file(pipeline, options, scheduler),
        }
    }

    /// Adds audio: mono samples at 16 kHz. At most [`Stream::room`] samples should be given; more
    /// are kept too, but then the caller does not hold to the stream's bound.
    pub fn push(&self, samples: &[f32]) {
        if self.channel.push(samples) {
            self.wake();
        }
    }

    /// Ends the audio. [`StreamEvent::Finished`] follows the last result.
    pub fn finish(&self) {
        if self.channel.finish() {
            self.wake();
        }
    }

    /// Samples that may be pushed now.
    pub fn room(&self) -> usize {
        self.channel.room()
    }

    /// Waits until [`Stream::room`] is not zero. Cancel-safe.
    pub async fn wait_for_room(&self) {
        self.channel.wait_for_room().await;
    }

    /// The next event. After [`StreamEvent::Finished`] or [`StreamEvent::Failed`] none comes.
    /// Cancel-safe.
    pub async fn next(&self) -> StreamEvent {
        let (event, was_full) = self.channel.next().await;
        if was_full && self.channel.resume() {
            self.wake();
        }
        event
    }

    fn live(
        pipeline: Arc<Pipeline>,
        options: StreamOptions,
        slot: Arc<Slot>,
        scheduler: Scheduler,
    ) -> Self {
        let task = Arc::new(LiveTask::new(pipeline, options));
        Self {
            channel: task.channel.clone(),
            work: Work::Live { task, slot },
            scheduler,
        }
    }

    fn file(pipeline: Arc<Pipeline>, options: StreamOptions, scheduler: Scheduler) -> Self {
        let task = Arc::new(FileTask::new(pipeline, options));
        Self {
            channel: task.channel.clone(),
            work: Work::File(task),
            scheduler,
        }
    }

    fn wake(&self) {
        match &self.work {
            Work::Live { task, .. } => task.wake(&self.scheduler),
            Work::File(task) => task.wake(&self.scheduler),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.channel.abandon();
    }
}

impl Slots {
    fn take(self: &Arc<Self>) -> Result<Slot, NoFreeSlot> {
        let taken = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
                (used < self.total).then_some(used + 1)
            })
            .map_err(|_| NoFreeSlot { slots: self.total })?;
        self.scheduler.set_live_streams(taken + 1);
        Ok(Slot(self.clone()))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let left = self.0.used.fetch_sub(1, Ordering::Relaxed) - 1;
        self.0.scheduler.set_live_streams(left);
    }
}

/// Opens every worker's engines at the same time: each takes seconds of one core.
fn open_engines(
    factory: &EngineFactory,
    config: &EngineConfig,
) -> Result<Vec<Engines>, SpeechError> {
    let open = || {
        let mut engines = Engines::open(factory.clone())?;
        for id in &config.preload {
            engines.preload(id)?;
        }
        Ok(engines)
    };
    std::thread::scope(|scope| {
        let opening: Vec<_> = (0..config.workers.max(1))
            .map(|_| scope.spawn(open))
            .collect();
        opening
            .into_iter()
            .map(|thread| {
                thread.join().unwrap_or_else(|_| {
                    Err(SpeechError::Unsupported(
                        "an engine panicked while opening".to_owned(),
                    ))
                })
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_free_again_as_soon_as_it_is_dropped() {
        let scheduler = Scheduler::new(1);
        let slots = Arc::new(Slots {
            total: 2,
            used: AtomicUsize::new(0),
            scheduler,
        });
        let first = slots.take().ok();
        let second = slots.take().ok();
        assert!(first.is_some() && second.is_some());
        assert_eq!(slots.take().err(), Some(NoFreeSlot { slots: 2 }));
        drop(first);
        assert!(slots.take().is_ok());
    }
}
