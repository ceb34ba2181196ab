//! Numbers, as they are said and as they are written.

mod chinese;
mod itn;
mod lexicon;
mod spoken_en;
mod spoken_zh;
mod written;

pub use itn::itn_zh;
pub use spoken_en::spoken_en;
pub use spoken_zh::spoken_zh;
