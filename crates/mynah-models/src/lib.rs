//! Catalogue of weights, their store on disk, pulling and verifying.
//!
//! Three things, each usable alone:
//! - [`Catalogue`] knows every entry: its files with size and SHA-256, its licence and published
//!   quality, and where the bytes can be had. It is `catalogue.toml`, compiled into the program.
//! - [`Store`] is a folder with one folder per installed entry: `<store>/<id>/<file>`.
//! - [`Puller`] fills the store from hubs, web sites, package registries or a local folder.
//!
//! Invariants:
//! - A file stands under its own name only after its SHA-256 matched and it was flushed to disk.
//!   Everything unfinished ends in `.partial`; a later pull resumes or replaces it.
//! - Nothing that a source sends is run, and no name inside an archive becomes a path on disk.
//! - Pulls of one entry exclude each other across processes by an advisory file lock.
//!
//! Everything here blocks the calling thread; asynchronous callers use a blocking task.

mod catalogue;
mod digest;
mod disk;
mod error;
mod limits;
mod progress;
mod pull;
mod store;

pub use catalogue::{
    Catalogue, Entry, FileName, FileSpec, Kind, ModelId, Package, Paths, Platform, Quality,
    Repository, Source, Website, WheelTags,
};
pub use digest::Digest;
pub use error::{Error, SourceError, SourceFailure};
pub use progress::{Phase, Progress, Silent, Step};
pub use pull::{Prefer, PullOptions, Pulled, Puller};
pub use store::{FileReport, FileState, Status, Store};
