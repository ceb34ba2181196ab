//! Hears a stream: voice activity window by window, and the audio that its sentences need.

use crate::segmenter::{Segment, Segmenter, SegmenterOptions, WINDOW_SAMPLES};
use crate::silero::{Silero, SileroState};
use crate::{SAMPLE_RATE_HZ, SpeechError, ms_to_samples};

/// Audio before a sentence's speech that its recogniser is given too, in milliseconds, so that a
/// soft onset is not cut off.
const LEAD_IN_MS: u32 = 320;
/// Audio after a sentence's speech that its recogniser is given too, in milliseconds.
const LEAD_OUT_MS: u32 = 256;
/// Audio kept beyond what is needed before the front of the history is cut off, in milliseconds:
/// moving the rest down costs time, so it is done once a second.
const HISTORY_SLACK_MS: u32 = 1000;

/// Where a sentence lies in the stream, in samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Where the audio for its recogniser begins.
    pub(crate) from: u64,
    /// Where its speech begins.
    pub(crate) begin: u64,
    /// Where its speech ends, or has come to.
    pub(crate) end: u64,
}

/// What a window of audio brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Nothing that changes the sentence.
    Window,
    /// A sentence began.
    Begin,
    /// The open sentence ended. The next one may be open already.
    End(Span),
}

/// One stream's ears. Positions are samples from the start of the stream.
pub(crate) struct Listener {
    segmenter: Segmenter,
    voice: SileroState,
    /// Audio received; what lies before `unheard` has been heard.
    waiting: Vec<f32>,
    unheard: usize,
    /// Audio heard, from `history_start` on.
    history: Vec<f32>,
    history_start: u64,
    /// End of the previous sentence: the next one's audio does not reach further back.
    floor: u64,
    received: u64,
}

impl Listener {
    /// Ears at the start of a stream.
    pub(crate) fn new(options: SegmenterOptions) -> Self {
        Self {
            segmenter: Segmenter::new(options),
            voice: SileroState::default(),
            waiting: Vec::new(),
            unheard: 0,
            history: Vec::new(),
            history_start: 0,
            floor: 0,
            received: 0,
        }
    }

    /// Adds audio to be heard.
    pub(crate) fn add(&mut self, samples: &[f32]) {
        self.waiting.drain(..self.unheard);
        self.unheard = 0;
        self.waiting.extend_from_slice(samples);
        self.received += samples.len() as u64;
    }

    /// Hears the next window, or returns `None` when less than a window waits.
    pub(crate) fn hear(&mut self, silero: &mut Silero) -> Result<Option<Heard>, SpeechError> {
        let Some(window) = self.waiting[self.unheard..].first_chunk::<WINDOW_SAMPLES>() else {
            return Ok(None);
        };
        let probability = silero.probability(&mut self.voice, window)?;
        self.history.extend_from_slice(window);
        self.unheard += WINDOW_SAMPLES;
        let before = self.sentence();
        Ok(Some(match self.segmenter.push(probability) {
            Segment::Unchanged => Heard::Window,
            Segment::Begin(_) => Heard::Begin,
            Segment::End(end) => self.ended(before, end),
        }))
    }

    /// Hears what is left, padded with silence, and ends the open sentence. To be called until it
    /// returns `None`.
    pub(crate) fn finish(&mut self, silero: &mut Silero) -> Result<Option<Span>, SpeechError> {
        let rest = self.waiting.len() - self.unheard;
        if rest > 0 {
            self.waiting
                .resize(self.unheard + rest.next_multiple_of(WINDOW_SAMPLES), 0.0);
        }
        while let Some(heard) = self.hear(silero)? {
            if let Heard::End(span) = heard {
                return Ok(Some(span));
            }
        }
        let before = self.sentence();
        Ok(match self.segmenter.finish() {
            Segment::End(end) => match self.ended(before, end) {
                Heard::End(span) => Some(span),
                _ => None,
            },
            _ => None,
        })
    }

    /// Ends the open sentence at `position`, and returns it. Speech after it is a new sentence.
    pub(crate) fn cut_at(&mut self, position: u64) -> Option<Span> {
        let span = self.sentence()?;
        self.segmenter.cut_at(position);
        self.floor = position;
        Some(Span {
            end: position.min(span.end),
            ..span
        })
    }

    /// The open sentence, up to its newest speech.
    pub(crate) fn sentence(&self) -> Option<Span> {
        let (begin, end) = self.segmenter.sentence()?;
        let lead_in = begin.saturating_sub(ms_to_samples(LEAD_IN_MS) as u64);
        Some(Span {
            from: lead_in.max(self.floor).max(self.history_start),
            begin,
            end,
        })
    }

    /// Length of the pause that the open sentence is in, in milliseconds.
    pub(crate) fn pause_ms(&self) -> u32 {
        self.segmenter.pause_ms()
    }

    /// Samples heard so far, the last window's padding included.
    pub(crate) fn position(&self) -> u64 {
        self.segmenter.position()
    }

    /// Samples received and not heard yet.
    pub(crate) fn unheard(&self) -> usize {
        self.waiting.len() - self.unheard
    }

    /// Audio received so far, in milliseconds.
    pub(crate) fn received_ms(&self) -> u64 {
        self.received * 1000 / SAMPLE_RATE_HZ as u64
    }

    /// The audio that a recogniser should be given for speech that ends at `end`.
    pub(crate) fn audio(&self, from: u64, end: u64) -> &[f32] {
        let to = (end + ms_to_samples(LEAD_OUT_MS) as u64).min(self.position());
        let index = |position: u64| {
            (position.saturating_sub(self.history_start) as usize).min(self.history.len())
        };
        let from = index(from);
        &self.history[from..index(to).max(from)]
    }

    /// Forgets audio that no sentence needs any more; what lies after `keep_from` is kept.
    pub(crate) fn forget_before(&mut self, keep_from: Option<u64>) {
        let idle = self
            .position()
            .saturating_sub(ms_to_samples(2 * LEAD_IN_MS) as u64);
        let open = self.sentence().map(|span| span.from);
        let keep = keep_from.into_iter().chain(open).fold(idle, u64::min);
        let excess = keep.saturating_sub(self.history_start) as usize;
        if excess >= ms_to_samples(HISTORY_SLACK_MS) {
            self.history.drain(..excess);
            self.history_start = keep;
        }
    }

    fn ended(&mut self, before: Option<Span>, end: u64) -> Heard {
        self.floor = end;
        // A sentence that ends was open in the window before: opening and ending take several.
        before.map_or(Heard::Window, |span| Heard::End(Span { end, ..span }))
    }
}

/// Milliseconds from the start of the stream to a position.
pub(crate) fn position_ms(position: u64) -> u32 {
    (position * 1000 / SAMPLE_RATE_HZ as u64) as u32
}
