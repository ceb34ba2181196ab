//! The worker threads and the order in which they take work.
//!
//! One worker per core, each with engines of its own: engines are never shared, so nothing locks
//! while a network runs. A worker takes the ready task with the earliest deadline; live tasks have
//! deadlines of tens of milliseconds, file tasks of seconds, and while a live stream is open one
//! worker is kept free of file tasks, so that files never starve live streams.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::SpeechError;
use crate::engines::Engines;

/// Which kind of user waits for a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Somebody is speaking.
    Live,
    /// A file is being worked through.
    File,
}

/// A piece of work, small enough that a core can be kept busy with it without a look at the clock.
pub(crate) trait Task: Send + Sync {
    /// Does one piece. Whatever comes next is scheduled by the task itself.
    fn run(self: Arc<Self>, engines: &mut Engines, scheduler: &Scheduler);

    /// The engines failed or panicked; the task's owner must hear of it.
    fn fail(&self, error: SpeechError);
}

/// Hands tasks to workers. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Scheduler {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Queue>,
    ready: Condvar,
    workers: usize,
}

#[derive(Default)]
struct Queue {
    live: BinaryHeap<Entry>,
    file: BinaryHeap<Entry>,
    sequence: u64,
    live_streams: usize,
    files_running: usize,
    stopping: bool,
}

struct Entry {
    deadline: Instant,
    sequence: u64,
    task: Arc<dyn Task>,
}

impl Scheduler {
    /// A scheduler for `workers` workers, which [`Scheduler::spawn`] starts.
    pub(crate) fn new(workers: usize) -> Self {
        let shared = Shared {
            queue: Mutex::default(),
            ready: Condvar::new(),
            workers: workers.max(1),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Starts a worker thread with the engines it owns.
    pub(crate) fn spawn(
        &self,
        index: usize,
        mut engines: Engines,
    ) -> std::io::Result<JoinHandle<()>> {
        let scheduler = self.clone();
        std::thread::Builder::new()
            .name(format!("speech-{index}"))
            .spawn(move || scheduler.work(&mut engines))
    }

    /// Queues a task to be run within `within`.
    pub(crate) fn schedule(&self, class: Class, within: Duration, task: Arc<dyn Task>) {
        let mut queue = self.queue();
        queue.sequence += 1;
        let entry = Entry {
            deadline: Instant::now() + within,
            sequence: queue.sequence,
            task,
        };
        match class {
            Class::Live => queue.live.push(entry),
            Class::File => queue.file.push(entry),
        }
        drop(queue);
        self.shared.ready.notify_one();
    }

    /// How long the most urgent live task is overdue.
    pub(crate) fn overdue(&self) -> Duration {
        let queue = self.queue();
        let urgent = queue.live.peek().map(|entry| entry.deadline);
        urgent.map_or(Duration::ZERO, |deadline| {
            Instant::now().saturating_duration_since(deadline)
        })
    }

    /// Tells how many live streams are open now.
    pub(crate) fn set_live_streams(&self, count: usize) {
        self.queue().live_streams = count;
        self.shared.ready.notify_all();
    }

    /// Lets the workers end after the task they are at; what is queued is dropped.
    pub(crate) fn stop(&self) {
        self.queue().stopping = true;
        self.shared.ready.notify_all();
    }

    fn work(&self, engines: &mut Engines) {
        while let Some((class, task)) = self.next() {
            let outcome = catch_unwind(AssertUnwindSafe(|| task.clone().run(engines, self)));
            if outcome.is_err() {
                task.fail(SpeechError::Unsupported("an engine panicked".to_owned()));
            }
            if class == Class::File {
                self.queue().files_running -= 1;
                self.shared.ready.notify_all();
            }
        }
    }

    fn next(&self) -> Option<(Class, Arc<dyn Task>)> {
        let mut queue = self.queue();
        loop {
            if queue.stopping {
                return None;
            }
            if let Some(entry) = queue.live.pop() {
                return Some((Class::Live, entry.task));
            }
            if queue.files_running < self.files_allowed(&queue)
                && let Some(entry) = queue.file.pop()
            {
                queue.files_running += 1;
                return Some((Class::File, entry.task));
            }
            queue = self
                .shared
                .ready
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Workers that files may hold: all but one while somebody speaks, but never none.
    fn files_allowed(&self, queue: &Queue) -> usize {
        if queue.live_streams == 0 {
            self.shared.workers
        } else {
            (self.shared.workers - 1).max(1)
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        lock(&self.shared.queue)
    }
}

/// Locks a mutex whose data stays valid when a holder panics.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    /// The heap's greatest is the earliest deadline, and the first queued among equals.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.deadline, other.sequence).cmp(&(self.deadline, self.sequence))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    struct Note(u32, Mutex<mpsc::Sender<u32>>);

    impl Task for Note {
        fn run(self: Arc<Self>, _: &mut Engines, _: &Scheduler) {
            assert!(self.0 != 13, "unlucky");
            lock(&self.1).send(self.0).unwrap();
        }

        fn fail(&self, _: SpeechError) {
            lock(&self.1).send(1300).unwrap();
        }
    }

    #[test]
    fn the_earliest_deadline_runs_first_live_before_files_and_a_panic_is_reported() {
        let scheduler = Scheduler::new(1);
        let (sender, receiver) = mpsc::channel();
        let queue = |class, within_ms, number| {
            let task = Arc::new(Note(number, Mutex::new(sender.clone())));
            scheduler.schedule(class, Duration::from_millis(within_ms), task);
        };
        queue(Class::File, 0, 4);
        queue(Class::Live, 3000, 3);
        queue(Class::Live, 1000, 1);
        queue(Class::Live, 1500, 13);
        queue(Class::Live, 2000, 2);
        let worker = scheduler.spawn(0, Engines::none()).unwrap();
        let order: Vec<u32> = receiver.iter().take(5).collect();
        assert_eq!(order, [1, 1300, 2, 3, 4]);
        scheduler.stop();
        worker.join().unwrap();
    }
}
