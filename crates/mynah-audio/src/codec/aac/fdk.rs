//! The calls into Fraunhofer's AAC decoder. All of this crate's `unsafe` code is in this file.
//!
//! The library is told to downmix to two channels at most, to leave out its limiter (which delays
//! by 15 ms) and to hide damage by noise instead of by interpolation (which delays by a frame).

#![expect(unsafe_code, reason = "the decoder is a C library")]

use std::ptr::NonNull;

use fdk_aac_sys as sys;

use crate::AudioError;
use crate::sink::Spec;

/// Most channels that are asked for.
const CHANNELS_MAX: i32 = 2;
/// Longest frame the library makes, in sampling instants (USAC).
const FRAME_SAMPLES_MAX: i32 = 4_096;
/// Samples of its output buffer: the library checks the buffer before it mixes down from eight.
const PCM_SAMPLES: i32 = FRAME_SAMPLES_MAX * 8;
/// Noise substitution, which needs no look ahead.
const CONCEAL_WITH_NOISE: i32 = 1;

/// How access units reach the decoder.
#[derive(Clone, Copy)]
pub(super) enum Transport<'a> {
    /// With their ADTS headers.
    Adts,
    /// Bare, described by this `AudioSpecificConfig`.
    Raw(&'a [u8]),
}

/// What came of an attempt to decode.
pub(super) enum Decoded<'a> {
    Damaged,
    /// Interleaved samples, and the decoder's delay in sampling instants.
    Frame {
        pcm: &'a [i16],
        spec: Spec,
        delay: usize,
    },
    NeedsMore,
}

/// An open decoder.
pub(super) struct Decoder {
    handle: NonNull<sys::AAC_DECODER_INSTANCE>,
    pcm: Vec<i16>,
}

// SAFETY: the library keeps all state of a decoder behind its handle and has no thread affinity;
// the handle is owned by this value alone and used through `&mut` only.
unsafe impl Send for Decoder {}

impl Decoder {
    /// Opens a decoder.
    pub(super) fn open(transport: Transport<'_>) -> Result<Self, AudioError> {
        let kind = match transport {
            Transport::Adts => sys::TRANSPORT_TYPE_TT_MP4_ADTS,
            Transport::Raw(_) => sys::TRANSPORT_TYPE_TT_MP4_RAW,
        };
        // SAFETY: plain values; the library returns null where it cannot allocate.
        let handle = unsafe { sys::aacDecoder_Open(kind, 1) };
        let handle = NonNull::new(handle).ok_or_else(|| failed("out of memory"))?;
        let mut decoder = Self {
            handle,
            pcm: vec![0; PCM_SAMPLES as usize],
        };
        decoder.set(sys::AACDEC_PARAM_AAC_PCM_MAX_OUTPUT_CHANNELS, CHANNELS_MAX)?;
        decoder.set(sys::AACDEC_PARAM_AAC_PCM_LIMITER_ENABLE, 0)?;
        decoder.set(sys::AACDEC_PARAM_AAC_CONCEAL_METHOD, CONCEAL_WITH_NOISE)?;
        if let Transport::Raw(config) = transport {
            decoder.configure(config)?;
        }
        Ok(decoder)
    }

    /// Copies bytes into the decoder; returns how many it took.
    pub(super) fn fill(&mut self, bytes: &[u8]) -> usize {
        let Ok(len) = u32::try_from(bytes.len()) else {
            return 0;
        };
        let mut data = bytes.as_ptr().cast_mut();
        let mut left = len;
        // SAFETY: `data` points to `len` readable bytes, which the library copies and does not
        // write to; all pointers are live for the duration of the call.
        let code = unsafe {
            sys::aacDecoder_Fill(
                self.handle.as_ptr(),
                &raw mut data,
                &raw const len,
                &raw mut left,
            )
        };
        if code == sys::AAC_DECODER_ERROR_AAC_DEC_OK {
            (len - left.min(len)) as usize
        } else {
            0
        }
    }

    /// Decodes one frame of what was filled in.
    pub(super) fn decode(&mut self) -> Decoded<'_> {
        self.run(0)
    }

    /// Makes one more frame from the decoder's memory alone.
    pub(super) fn flush(&mut self) -> Decoded<'_> {
        self.run(sys::AACDEC_FLUSH)
    }

    fn run(&mut self, flags: u32) -> Decoded<'_> {
        // SAFETY: `pcm` is writable for the number of samples that is passed with it.
        let code = unsafe {
            sys::aacDecoder_DecodeFrame(
                self.handle.as_ptr(),
                self.pcm.as_mut_ptr(),
                PCM_SAMPLES,
                flags,
            )
        };
        match code {
            sys::AAC_DECODER_ERROR_AAC_DEC_OK => self.frame().unwrap_or(Decoded::Damaged),
            sys::AAC_DECODER_ERROR_AAC_DEC_NOT_ENOUGH_BITS
            | sys::AAC_DECODER_ERROR_AAC_DEC_TRANSPORT_SYNC_ERROR => Decoded::NeedsMore,
            _ => Decoded::Damaged,
        }
    }

    /// Describes the samples that the last call wrote; none where the description is no good.
    fn frame(&self) -> Option<Decoded<'_>> {
        // SAFETY: the handle is open; the library returns null or a pointer into its own state,
        // which nothing changes while `self` is borrowed.
        let info = unsafe { sys::aacDecoder_GetStreamInfo(self.handle.as_ptr()).as_ref() }?;
        let rate_hz = u32::try_from(info.sampleRate).ok()?;
        let channels = u16::try_from(info.numChannels)
            .ok()
            .filter(|&channels| channels > 0)?;
        let samples = usize::try_from(info.frameSize).ok()? * usize::from(channels);
        let pcm = self.pcm.get(..samples).filter(|pcm| !pcm.is_empty())?;
        let delay = info.outputDelay as usize;
        Some(Decoded::Frame {
            pcm,
            spec: Spec { rate_hz, channels },
            delay,
        })
    }

    fn configure(&mut self, config: &[u8]) -> Result<(), AudioError> {
        let len =
            u32::try_from(config.len()).map_err(|_| failed("its configuration is too long"))?;
        let mut data = config.as_ptr().cast_mut();
        // SAFETY: `data` points to `len` readable bytes, which the library does not write to.
        let code = unsafe {
            sys::aacDecoder_ConfigRaw(self.handle.as_ptr(), &raw mut data, &raw const len)
        };
        if code == sys::AAC_DECODER_ERROR_AAC_DEC_OK {
            return Ok(());
        }
        Err(AudioError::Unsupported(format!(
            "this kind of AAC (code {code:#06x})"
        )))
    }

    fn set(&mut self, parameter: sys::AACDEC_PARAM, value: i32) -> Result<(), AudioError> {
        // SAFETY: the handle is open; the other arguments are plain values.
        match unsafe { sys::aacDecoder_SetParam(self.handle.as_ptr(), parameter, value) } {
            sys::AAC_DECODER_ERROR_AAC_DEC_OK => Ok(()),
            code => Err(failed(&format!(
                "parameter {parameter} refused with code {code:#06x}"
            ))),
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: the handle came from `aacDecoder_Open` and is not used again.
        unsafe { sys::aacDecoder_Close(self.handle.as_ptr()) }
    }
}

fn failed(reason: &str) -> AudioError {
    AudioError::Decoder {
        codec: "AAC",
        reason: reason.to_owned(),
    }
}
