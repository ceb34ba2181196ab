//! Whole files of every container, against the recording they were made from.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod common;

use std::io::Write as _;

use common::{Seeded, alignment, bytes, decode_file, path, source, wav};
use mynah_audio::{AudioError, Container, FileDecoder};

/// Name, what it is, least likeness, samples it may be late, milliseconds it may be longer.
const CASES: [(&str, Container, f64, isize, f64); 18] = [
    ("source.flac", Container::Flac, 1.0, 0, 0.0),
    ("alaw8k.wav", Container::Wav, 0.86, 2, 1.0),
    ("adpcm8k.wav", Container::Wav, 0.8, 2, 65.0),
    ("mono16k.mp3", Container::Mpeg, 0.94, 0, 0.0),
    ("stereo44k.mp3", Container::Mpeg, 0.96, 2, 1.0),
    ("lc.m4a", Container::Mp4, 0.87, 2, 64.0),
    ("fragmented.mp4", Container::Mp4, 0.87, 1_024, 100.0),
    ("video.mov", Container::Mp4, 0.87, 2, 64.0),
    ("video.mkv", Container::Matroska, 0.94, 1_105, 100.0),
    ("opus.webm", Container::Matroska, 0.88, 2, 20.0),
    ("vorbis.ogg", Container::Ogg, 0.93, 2, 1.0),
    ("mono.opus", Container::Ogg, 0.9, 2, 1.0),
    ("wide.spx", Container::Ogg, 0.91, 2, 1.0),
    ("narrow.amr", Container::Amr, 0.78, 2, 20.0),
    ("wide.amr", Container::Amr, 0.86, 2, 20.0),
    ("lc16k.aac", Container::Adts, 0.87, 2, 64.0),
    ("alac.m4a", Container::Mp4, 1.0, 0, f64::INFINITY),
    ("flac.ogg", Container::Ogg, 1.0, 0, f64::INFINITY),
];

#[test]
fn every_container_is_in_step_with_the_recording() {
    let source = source();
    for (name, container, least, late_max, longer_max_ms) in CASES {
        let decoder = FileDecoder::open(&path(name)).expect(name);
        assert_eq!(decoder.container(), container, "{name}");
        let out = decode_file(name).expect(name);
        let longer_ms = (out.len() as f64 - source.len() as f64) / 16.0;
        assert!(
            longer_ms.abs() <= longer_max_ms,
            "{name}: {longer_ms} ms longer"
        );
        let (late, likeness) = alignment(&out, &source, late_max + 400);
        assert!(
            (-2..=late_max).contains(&late),
            "{name}: {late} samples late"
        );
        assert!(likeness >= least - 1e-6, "{name}: likeness {likeness}");
    }
}

#[test]
#[cfg(feature = "aac-he")]
fn he_aac_in_mp4_keeps_its_upper_band() {
    let source = source();
    for name in ["he1.m4a", "he2.m4a"] {
        let out = decode_file(name).expect(name);
        let (_, likeness) = alignment(&out, &source, 3_000);
        assert!(likeness > 0.79, "{name}: likeness {likeness}");
        let seconds = out.len() as f64 / common::RATE;
        assert!((2.4..2.9).contains(&seconds), "{name}: {seconds} s");
    }
}

#[test]
#[cfg(not(feature = "aac-he"))]
fn he_aac_is_refused_rather_than_halved() {
    for name in ["he1.m4a", "he2.m4a"] {
        let error = decode_file(name).expect_err(name);
        assert!(
            matches!(error, AudioError::Unsupported(_)),
            "{name}: {error}"
        );
    }
}

#[test]
fn blocks_are_bounded_and_progress_is_made() {
    let mut decoder = FileDecoder::open(&path("source.flac")).expect("source.flac");
    let stated = decoder
        .duration()
        .expect("flac states its length")
        .as_secs_f64();
    assert!((stated - 2.535).abs() < 0.001, "{stated} s");
    let mut last = 0.0;
    while let Some(block) = decoder.next() {
        assert!(block.expect("flac").len() < 40_000);
        assert!(decoder.progress() >= last);
        last = decoder.progress();
    }
    assert!(last > 0.99, "{last}");
}

#[test]
fn what_cannot_be_decoded_is_named() {
    for (name, word) in [
        ("program.mpeg", "MPEG programme stream"),
        ("windows.wma", "ASF"),
    ] {
        let Err(error) = FileDecoder::open(&path(name)) else {
            panic!("{name} was opened")
        };
        assert!(matches!(error, AudioError::Unsupported(_)), "{error}");
        assert!(error.to_string().contains(word), "{error}");
    }
    let error = decode_bytes(b"plain text, no audio").expect_err("text");
    assert!(error.to_string().contains("70 6c 61 69"), "{error}");
    let silent = decode_bytes(&wav(1, 1, 16_000, 16, &[], 0)).expect_err("no samples");
    assert!(
        matches!(silent, AudioError::NothingDecodable { .. }),
        "{silent}"
    );
}

#[test]
fn tags_in_front_are_passed_over() {
    for name in ["lc16k.aac", "source.flac", "mono16k.mp3"] {
        let mut tagged = b"ID3\x04\0\0\0\0\x02\x00".to_vec();
        tagged.extend([0xFF; 256]);
        tagged.extend(bytes(name));
        let out = decode_bytes(&tagged).expect(name);
        assert!(out == decode_file(name).expect(name), "{name}");
    }
}

#[test]
fn damaged_files_end_in_samples_or_an_error() {
    for (name, ..) in CASES {
        let input = bytes(name);
        for seed in 0..40 {
            let mut random = Seeded(seed);
            let mut damaged = input.clone();
            for _ in 0..=random.below(8) {
                let at = random.below(damaged.len());
                damaged[at] = random.below(256) as u8;
            }
            damaged.truncate(damaged.len() - random.below(damaged.len() / 2));
            if let Err(AudioError::Decoder { codec, reason }) = decode_bytes(&damaged) {
                println!("{name}, seed {seed}: {codec}: {reason}");
            }
        }
    }
}

fn decode_bytes(bytes: &[u8]) -> Result<Vec<f32>, AudioError> {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("a temporary file");
    let blocks: Result<Vec<_>, _> = FileDecoder::open(file.path())?.collect();
    Ok(blocks?.concat())
}
