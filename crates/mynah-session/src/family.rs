//! The model families of live recognition: which ids belong to one, and what it allows.

/// A family of models with the same parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// `fun-asr-realtime` and its snapshots.
    FunAsr,
    /// `fun-asr-flash-8k-realtime` and its snapshots: telephone audio.
    FunAsr8k,
    /// `paraformer-realtime-v1`.
    ParaformerV1,
    /// `paraformer-realtime-v2`.
    ParaformerV2,
    /// `paraformer-realtime-8k-v1`: telephone audio.
    Paraformer8kV1,
    /// `paraformer-realtime-8k-v2`: telephone audio.
    Paraformer8kV2,
    /// `qwen-audio-*-asr-*-streaming`.
    QwenStreaming,
    /// `qwen-audio-*-asr-*-message`.
    QwenMessage,
}

/// Sample rates in Hz that a stream may have where the documentation says "any".
const ANY_RATE_HZ: std::ops::RangeInclusive<u32> = 8_000..=192_000;

impl Family {
    /// Finds the family of a model id. A snapshot, which is an id with a date behind it, belongs
    /// to the family of the id.
    ///
    /// ```
    /// use mynah_session::Family;
    /// assert_eq!(Family::of("fun-asr-realtime-2025-11-07"), Some(Family::FunAsr));
    /// assert_eq!(Family::of("paraformer-realtime-8k-v2"), Some(Family::Paraformer8kV2));
    /// assert_eq!(Family::of("qwen-audio-3.1-asr-flash-streaming"), Some(Family::QwenStreaming));
    /// assert_eq!(Family::of("cosyvoice-v3-flash"), None);
    /// ```
    pub fn of(model: &str) -> Option<Self> {
        const BY_PREFIX: [(&str, Family); 6] = [
            ("fun-asr-realtime", Family::FunAsr),
            ("fun-asr-flash-8k-realtime", Family::FunAsr8k),
            ("paraformer-realtime-v1", Family::ParaformerV1),
            ("paraformer-realtime-v2", Family::ParaformerV2),
            ("paraformer-realtime-8k-v1", Family::Paraformer8kV1),
            ("paraformer-realtime-8k-v2", Family::Paraformer8kV2),
        ];
        let is_snapshot = |prefix: &str| {
            model
                .strip_prefix(prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        if let Some((_, family)) = BY_PREFIX.iter().find(|(prefix, _)| is_snapshot(prefix)) {
            return Some(*family);
        }
        let (_, variant) = model.strip_prefix("qwen-audio-")?.split_once("-asr-")?;
        let has = |name: &str| variant.split('-').any(|part| part == name);
        if has("streaming") {
            Some(Self::QwenStreaming)
        } else {
            has("message").then_some(Self::QwenMessage)
        }
    }

    /// Whether audio of this sample rate is welcome.
    pub fn allows_rate(self, sample_rate_hz: u32) -> bool {
        match self {
            Self::FunAsr8k | Self::Paraformer8kV1 | Self::Paraformer8kV2 => sample_rate_hz == 8_000,
            Self::ParaformerV1 | Self::QwenMessage => sample_rate_hz == 16_000,
            Self::FunAsr | Self::ParaformerV2 | Self::QwenStreaming => {
                ANY_RATE_HZ.contains(&sample_rate_hz)
            }
        }
    }

    /// The allowed sample rates, for an error message.
    pub fn rates(self) -> &'static str {
        match self {
            Self::FunAsr8k | Self::Paraformer8kV1 | Self::Paraformer8kV2 => "8000",
            Self::ParaformerV1 | Self::QwenMessage => "16000",
            Self::FunAsr | Self::ParaformerV2 | Self::QwenStreaming => "8000 to 192000",
        }
    }

    /// Whether the language is given by hints; the others of these families hear Mandarin only.
    pub(crate) fn reads_language_hints(self) -> usize {
        match self {
            Self::FunAsr | Self::FunAsr8k => 1,
            Self::ParaformerV2 => usize::MAX,
            Self::QwenStreaming => 4,
            _ => 0,
        }
    }

    /// Whether the family's models know Chinese alone, whatever is asked for.
    pub(crate) fn is_chinese_only(self) -> bool {
        matches!(
            self,
            Self::FunAsr8k | Self::ParaformerV1 | Self::Paraformer8kV1 | Self::Paraformer8kV2
        )
    }

    /// Whether punctuation and inverse text normalisation can be turned off.
    pub(crate) fn text_is_adjustable(self) -> bool {
        matches!(self, Self::ParaformerV2 | Self::Paraformer8kV2)
    }

    /// Whether a sentence may be cut by meaning, and the pause that ends one may be set.
    pub(crate) fn segmentation_is_adjustable(self) -> bool {
        !matches!(self, Self::ParaformerV1 | Self::Paraformer8kV1)
    }

    /// Whether `speech_noise_threshold` acts.
    pub(crate) fn reads_noise_threshold(self) -> bool {
        matches!(
            self,
            Self::FunAsr | Self::FunAsr8k | Self::QwenStreaming | Self::QwenMessage
        )
    }

    /// Whether hot words may come with the call itself, as `vocabulary`.
    pub(crate) fn reads_inline_vocabulary(self) -> bool {
        matches!(self, Self::QwenStreaming | Self::QwenMessage)
    }

    /// Whether `heartbeat` acts.
    pub(crate) fn reads_heartbeat(self) -> bool {
        self.segmentation_is_adjustable()
    }

    /// Whether growing sentences are reported without being asked for.
    pub(crate) fn reports_partials(self) -> bool {
        self != Self::QwenMessage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_other_apis_and_half_words_belong_to_no_family() {
        for id in [
            "fun-asr",
            "fun-asr-realtimes",
            "paraformer-v2",
            "qwen3-asr-flash-realtime",
            "gummy-realtime-v1",
            "qwen-audio-turbo",
            "",
        ] {
            assert_eq!(Family::of(id), None, "{id}");
        }
    }

    #[test]
    fn telephone_families_take_telephone_audio_only() {
        let family = Family::of("fun-asr-flash-8k-realtime-2026-01-28").unwrap();
        assert!(family.allows_rate(8_000) && !family.allows_rate(16_000));
        assert!(Family::FunAsr.allows_rate(48_000));
    }
}
