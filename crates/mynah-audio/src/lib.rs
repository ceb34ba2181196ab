//! The audio room: bytes of any documented format become mono f32 at 16 kHz.
//!
//! [`LiveDecoder`] takes a live stream in pieces of any size; [`FileDecoder`] takes a whole file.
//! Both hold a bounded amount of memory whatever they are given ([`limits`]), never panic on bad
//! bytes, and say whose fault an error is ([`AudioError::fault`]).

mod codec;
mod error;
mod file;
mod framing;
mod guard;
pub mod limits;
mod live;
mod resample;
mod sink;
mod sniff;

pub use error::{AudioError, Fault};
pub use file::FileDecoder;
pub use live::{LiveDecoder, LiveFormat};
pub use sniff::Container;
