//! Live streams of every format, against the recording they were made from.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod common;

use common::{Seeded, alignment, bytes, decode, decode_in, s16, snr_db, source, wav};
use mynah_audio::{AudioError, Container, Fault, LiveDecoder, LiveFormat, limits};

/// A fixture and what must come out of it.
struct Case {
    name: &'static str,
    format: LiveFormat,
    rate_hz: u32,
    /// Least likeness to the recording: codecs at these bit rates keep no more of the waveform.
    likeness: f64,
    /// Samples by which it may be late: delays that the stream does not state.
    late: isize,
    /// Milliseconds by which it may be longer or shorter.
    tolerance_ms: f64,
}

const fn case(name: &'static str, format: LiveFormat, likeness: f64) -> Case {
    Case {
        name,
        format,
        rate_hz: 16_000,
        likeness,
        late: 2,
        tolerance_ms: 20.0,
    }
}

const CASES: [Case; 19] = [
    case("alaw8k.wav", LiveFormat::Wav, 0.86),
    case("mulaw8k.wav", LiveFormat::Pcm, 0.86),
    case("mono16k.mp3", LiveFormat::Mp3, 0.94),
    // Nothing says how much run-up the encoder added.
    Case {
        late: 576,
        tolerance_ms: 100.0,
        ..case("untagged16k.mp3", LiveFormat::Mp3, 0.94)
    },
    case("stereo44k.mp3", LiveFormat::Mp3, 0.96),
    case("mono.opus", LiveFormat::Opus, 0.9),
    case("mono60ms.opus", LiveFormat::Opus, 0.85),
    case("stereo.opus", LiveFormat::Opus, 0.95),
    case("narrow.spx", LiveFormat::Speex, 0.77),
    case("wide.spx", LiveFormat::Speex, 0.91),
    case("wide_vbr.spx", LiveFormat::Speex, 0.89),
    case("ultrawide.spx", LiveFormat::Speex, 0.88),
    Case {
        rate_hz: 8_000,
        ..case("narrow_bare.speex", LiveFormat::Speex, 0.77)
    },
    case("wide_bare.speex", LiveFormat::Speex, 0.91),
    // ADTS does not say how much of the last frame is padding.
    Case {
        tolerance_ms: 64.0,
        ..case("lc16k.aac", LiveFormat::Aac, 0.87)
    },
    Case {
        tolerance_ms: 64.0,
        ..case("lc44k_stereo.aac", LiveFormat::Aac, 0.86)
    },
    case("narrow.amr", LiveFormat::Amr, 0.78),
    case("wide.amr", LiveFormat::Amr, 0.86),
    case("mono.opus", LiveFormat::Speex, 0.9),
];

/// Streams that only Fraunhofer's decoder reads; its encoder's run-up is unknown, too.
#[cfg(feature = "aac-he")]
const HE_CASES: [Case; 2] = [
    Case {
        late: 1_024,
        tolerance_ms: 170.0,
        ..case("he1_32k.aac", LiveFormat::Aac, 0.79)
    },
    Case {
        late: 1_488,
        tolerance_ms: 170.0,
        ..case("he2_44k.aac", LiveFormat::Aac, 0.81)
    },
];
#[cfg(not(feature = "aac-he"))]
const HE_CASES: [Case; 0] = [];

#[test]
fn every_format_is_in_step_with_the_recording() {
    let source = source();
    for case in CASES.iter().chain(&HE_CASES) {
        let out = decode(case.format, case.rate_hz, &bytes(case.name)).expect(case.name);
        let longer_ms = (out.len() as f64 - source.len() as f64) / 16.0;
        assert!(
            longer_ms.abs() <= case.tolerance_ms,
            "{}: {longer_ms} ms longer",
            case.name
        );
        let (late, likeness) = alignment(&out, &source, case.late.max(400) + 100);
        assert!(
            (-2..=case.late).contains(&late),
            "{}: {late} samples late",
            case.name
        );
        assert!(
            likeness >= case.likeness,
            "{}: likeness {likeness}",
            case.name
        );
    }
}

#[test]
fn cut_of_the_input_does_not_show() {
    for case in CASES.iter().chain(&HE_CASES) {
        let input = bytes(case.name);
        let whole = decode(case.format, case.rate_hz, &input).expect(case.name);
        let mut random = Seeded(input.len() as u64);
        let few = std::iter::from_fn(|| Some(1 + random.below(7)));
        let cut = |pieces: &mut dyn Iterator<Item = usize>| {
            decode_in(case.format, case.rate_hz, &input, pieces).expect(case.name)
        };
        assert!(
            whole == cut(&mut std::iter::repeat(1)),
            "{}: single bytes",
            case.name
        );
        assert!(whole == cut(&mut { few }), "{}: a few bytes", case.name);
        assert!(
            whole == cut(&mut std::iter::repeat(3_200)),
            "{}: 3200 bytes",
            case.name
        );
    }
}

#[test]
fn pauses_that_were_not_sent_keep_their_length() {
    let (source, pause) = (source(), 19_200);
    for (name, least) in [("narrow_dtx.amr", 0.45), ("wide_dtx.amr", 0.55)] {
        let out = decode(LiveFormat::Amr, 16_000, &bytes(name)).expect(name);
        let longer_ms = (out.len() as f64 - (source.len() + pause) as f64) / 16.0;
        assert!(longer_ms.abs() <= 20.0, "{name}: {longer_ms} ms longer");
        let (late, likeness) = alignment(&out[2 * pause..], &source[pause..], 200);
        assert!(
            late.abs() <= 2,
            "{name}: {late} samples late behind the pause"
        );
        assert!(
            likeness > least,
            "{name}: likeness {likeness} behind the pause"
        );
    }
}

#[test]
fn damaged_streams_end_in_samples_or_an_error() {
    for case in CASES.iter().chain(&HE_CASES) {
        let input = bytes(case.name);
        for seed in 0..200 {
            let mut damaged = damage(&input, seed);
            if seed % 2 == 0 {
                // Else a checksum would keep the damage from the codec.
                seal_ogg_pages(&mut damaged);
            }
            let mut random = Seeded(seed);
            let pieces = std::iter::from_fn(|| Some(1 + random.below(4_000)));
            if let Ok(out) = decode_in(case.format, case.rate_hz, &damaged, pieces) {
                assert!(
                    out.iter().all(|s| s.is_finite()),
                    "{} seed {seed}",
                    case.name
                );
            }
        }
    }
}

/// Truncates, flips bits, and deletes, duplicates or overwrites blocks.
fn damage(input: &[u8], seed: u64) -> Vec<u8> {
    let mut random = Seeded(seed ^ 0x9E37_79B9);
    let mut out = input.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(out.len());
        let end = (at + 1 + random.below(300)).min(out.len());
        match random.below(6) {
            0 => out.truncate(at.max(1)),
            1 => drop(out.drain(at..end)),
            2 => {
                let block = out[at..end].to_vec();
                out.splice(at..at, block);
            }
            3 => out[at..end]
                .iter_mut()
                .for_each(|byte| *byte = random.below(256) as u8),
            4 => out[random.below(64.min(input.len())).min(at)] = random.below(256) as u8,
            _ => out[at] ^= 1 << random.below(8),
        }
        if out.is_empty() {
            return vec![0];
        }
    }
    out
}

/// Makes the checksums of all Ogg pages right.
fn seal_ogg_pages(stream: &mut [u8]) {
    let mut start = 0;
    while let Some(header) = stream.get(start..start + 27) {
        let segments = usize::from(header[26]);
        let lacing = stream
            .get(start + 27..start + 27 + segments)
            .unwrap_or_default();
        let body: usize = lacing.iter().map(|&len| usize::from(len)).sum();
        match stream.get_mut(start..start + 27 + segments + body) {
            Some(page) if page.starts_with(b"OggS") => {
                page[22..26].fill(0);
                let sum = ogg_checksum(page);
                page[22..26].copy_from_slice(&sum.to_le_bytes());
                start += page.len();
            }
            _ => start += 1,
        }
    }
}

#[test]
fn speex_agrees_with_the_reference_decoder() {
    for (name, rate_hz, least_db) in [
        ("narrow", 8_000, 28.0),
        ("wide", 16_000, 60.0),
        ("ultrawide", 32_000, 28.0),
    ] {
        // 0.4 s from 0.5 s on, decoded by speexdec; resampled here where its rate is another.
        let excerpt = bytes(&format!("{name}.speexdec.s16"));
        let reference = decode(LiveFormat::Pcm, rate_hz, &excerpt).expect(name);
        let ours = decode(LiveFormat::Speex, 16_000, &bytes(&format!("{name}.spx"))).expect(name);
        // The edges of the resampled excerpt ring.
        let inner = 800..reference.len() - 800;
        let found = snr_db(&ours[8_000..][inner.clone()], &reference[inner]);
        assert!(found > least_db, "{name}: {found} dB");
    }
}

#[test]
fn wav_samples_of_every_kind_are_the_same() {
    let source = &source()[..8_000];
    let ints = |bytes: usize| -> Vec<u8> {
        let scaled = source
            .iter()
            .map(|s| (f64::from(*s) * 2f64.powi(31)) as i32);
        scaled
            .flat_map(|s| s.to_le_bytes()[4 - bytes..].to_vec())
            .collect()
    };
    let unsigned: Vec<u8> = source.iter().map(|s| (s * 128.0 + 128.5) as u8).collect();
    let floats: Vec<u8> = source.iter().flat_map(|s| s.to_le_bytes()).collect();
    let kinds = [
        (1, 8, unsigned, 10.0),
        (1, 16, ints(2), 60.0),
        (1, 24, ints(3), 60.0),
        (1, 32, ints(4), 60.0),
        (3, 32, floats, 60.0),
    ];
    for (tag, bits, data, least_db) in kinds {
        let file = wav(tag, 1, 16_000, bits, &data, data.len() as u32);
        let out = decode(LiveFormat::Wav, 8_000, &file).expect("wav");
        assert_eq!(out.len(), source.len(), "tag {tag}, {bits} bits");
        assert!(snr_db(&out, source) > least_db, "tag {tag}, {bits} bits");
    }
}

#[test]
fn sizes_in_a_wav_header_are_hints() {
    let data = s16(&source()[..8_000]);
    let expected = decode(LiveFormat::Pcm, 16_000, &data).expect("pcm");
    for size in [0, u32::MAX, 100, data.len() as u32] {
        let file = wav(1, 1, 16_000, 16, &data, size);
        for format in [LiveFormat::Wav, LiveFormat::Pcm] {
            assert!(
                decode(format, 8_000, &file).expect("wav") == expected,
                "{format}, {size}"
            );
        }
    }
}

#[test]
fn chunks_around_wav_samples_are_no_sound() {
    let data = s16(&source()[..8_000]);
    let expected = decode(LiveFormat::Pcm, 16_000, &data).expect("pcm");
    let mut file = wav(1, 1, 16_000, 16, &data, data.len() as u32);
    file.splice(12..12, *b"LIST\x05\0\0\0INFOx\0");
    file.extend(b"LIST\x04\0\0\0INFO");
    file.extend(wav(1, 1, 16_000, 16, &data, 0));
    let out = decode(LiveFormat::Wav, 8_000, &file).expect("wav");
    assert!(
        out == [&expected[..], &expected[..]].concat(),
        "two files, one behind the other"
    );
}

#[test]
fn channels_are_averaged() {
    let left = source();
    let stereo: Vec<f32> = left[..8_000].iter().flat_map(|&s| [s, -0.5 * s]).collect();
    let data = s16(&stereo);
    let out = decode(LiveFormat::Wav, 8_000, &wav(1, 2, 16_000, 16, &data, 0)).expect("wav");
    let expected: Vec<f32> = left[..8_000].iter().map(|s| 0.25 * s).collect();
    assert_eq!(out.len(), expected.len());
    assert!(snr_db(&out, &expected) > 45.0);
}

#[test]
fn samples_without_a_header_are_accepted_as_wav() {
    let data = s16(&source());
    let as_pcm = decode(LiveFormat::Pcm, 8_000, &data).expect("pcm");
    assert_eq!(
        as_pcm.len(),
        data.len(),
        "twice as many samples as were sent at 8 kHz"
    );
    assert!(decode(LiveFormat::Wav, 8_000, &data).expect("wav") == as_pcm);
}

#[test]
fn another_format_than_declared_is_named() {
    let named = [
        ("mono16k.mp3", LiveFormat::Opus, Container::Mpeg),
        ("lc16k.aac", LiveFormat::Amr, Container::Adts),
        ("mono.opus", LiveFormat::Pcm, Container::Ogg),
        ("source.flac", LiveFormat::Wav, Container::Flac),
        ("narrow.amr", LiveFormat::Mp3, Container::Amr),
        ("alaw8k.wav", LiveFormat::Aac, Container::Wav),
        ("lc.m4a", LiveFormat::Aac, Container::Mp4),
        ("wide.amr", LiveFormat::Speex, Container::Amr),
    ];
    for (name, format, container) in named {
        let error = decode(format, 16_000, &bytes(name)).expect_err(name);
        assert_eq!(error.fault(), Fault::Client);
        let AudioError::NothingDecodable { expected, found } = error else {
            panic!("{name}: {error}");
        };
        assert_eq!(
            (expected, found),
            (format.as_str(), Some(container)),
            "{name}"
        );
    }
}

#[test]
fn an_empty_stream_holds_nothing() {
    for format in LiveFormat::ALL {
        let error = decode(format, 16_000, &[]).expect_err("nothing was sent");
        assert!(
            matches!(error, AudioError::NothingDecodable { found: None, .. }),
            "{error}"
        );
    }
}

#[test]
fn endless_junk_is_given_up() {
    let mut random = Seeded(1);
    let junk: Vec<u8> = (0..3 << 20).map(|_| (random.below(255)) as u8).collect();
    for format in [
        LiveFormat::Mp3,
        LiveFormat::Aac,
        LiveFormat::Opus,
        LiveFormat::Amr,
    ] {
        let error = decode(format, 16_000, &junk).expect_err("junk is not audio");
        assert!(
            matches!(error, AudioError::NothingDecodable { .. }),
            "{format}: {error}"
        );
    }
}

#[test]
fn words_of_the_api_are_known() {
    for format in LiveFormat::ALL {
        assert_eq!(
            format
                .as_str()
                .parse::<LiveFormat>()
                .expect("a word of the API"),
            format
        );
    }
    assert_eq!(
        "flac".parse::<LiveFormat>().expect_err("not live").fault(),
        Fault::Client
    );
    assert!(matches!(
        LiveDecoder::new(LiveFormat::Pcm, 0),
        Err(AudioError::SampleRate(0))
    ));
}

#[test]
fn a_huge_push_gives_out_a_bounded_piece() {
    // Pages of 255 packets of one byte: 15 seconds of silence from 537 bytes.
    let head = bytes("mono.opus");
    let page_end = |start: usize| {
        let lacing = &head[start + 27..][..usize::from(head[start + 26])];
        start + 27 + lacing.len() + lacing.iter().map(|&len| usize::from(len)).sum::<usize>()
    };
    let mut stream = head[..page_end(page_end(0))].to_vec();
    let serial = &head[14..18];
    for sequence in 2..200u32 {
        let mut page = b"OggS\0\0\0\0\0\0\0\0\0\0".to_vec();
        page.extend(serial);
        page.extend(sequence.to_le_bytes());
        page.extend([0; 4]);
        page.push(255);
        page.extend([1; 255]);
        page.extend([0x18; 255]);
        let sum = ogg_checksum(&page);
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        stream.extend(page);
    }
    let mut decoder = LiveDecoder::new(LiveFormat::Opus, 16_000).expect("opus");
    let (mut rest, mut total) = (&stream[..], 0);
    while !rest.is_empty() {
        let mut out = Vec::new();
        rest = decoder.push(rest, &mut out).expect("silence");
        assert!(
            out.len() <= limits::PUSH_SAMPLES_MAX + 31 * 16_000,
            "{} at once",
            out.len()
        );
        total += out.len();
    }
    assert_eq!(total, 198 * 255 * 960 - 104);
}

fn ogg_checksum(page: &[u8]) -> u32 {
    page.iter().fold(0u32, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte) << 24, |sum, _| {
            if sum & 0x8000_0000 == 0 {
                sum << 1
            } else {
                (sum << 1) ^ 0x04C1_1DB7
            }
        })
    })
}

#[test]
fn a_ten_megabyte_push_works() {
    for format in LiveFormat::ALL {
        let mut decoder = LiveDecoder::new(format, 16_000).expect("decoder");
        let message = vec![0u8; 10 << 20];
        let mut rest = &message[..];
        let mut out = Vec::new();
        // Zeros are a day of silence to some formats: a few rounds tell enough.
        for _ in 0..5 {
            out.clear();
            match decoder.push(rest, &mut out) {
                Ok(left) => rest = left,
                Err(AudioError::NothingDecodable { .. }) => break,
                Err(error) => panic!("{format}: {error}"),
            }
        }
    }
}

/// Prints how many seconds of audio are decoded per second.
#[test]
#[ignore = "a measurement, not a check"]
fn speed() {
    for case in CASES.iter().chain(&HE_CASES) {
        let input = bytes(case.name);
        let start = std::time::Instant::now();
        let mut samples = 0;
        while start.elapsed().as_secs_f64() < 0.5 {
            samples += decode(case.format, case.rate_hz, &input)
                .expect(case.name)
                .len();
        }
        let seconds = samples as f64 / common::RATE;
        println!(
            "{:20} {:6.0} x real time",
            case.name,
            seconds / start.elapsed().as_secs_f64()
        );
    }
}
