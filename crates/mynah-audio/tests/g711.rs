//! G.711 without a header, as OpenAI's real-time clients send it.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use mynah_audio::LiveFormat;

const HEADER_BYTES: usize = 58;

#[test]
fn it_is_heard_like_a_file_of_it() {
    for (name, format) in [
        ("alaw8k.wav", LiveFormat::ALaw),
        ("mulaw8k.wav", LiveFormat::MuLaw),
    ] {
        let file = common::bytes(name);
        let bare = common::decode(format, 8_000, &file[HEADER_BYTES..]).expect(name);
        let wav = common::decode(LiveFormat::Wav, 8_000, &file).expect(name);
        assert_eq!(bare, wav, "{name}");
    }
}
