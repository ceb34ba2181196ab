//! Which product of the path a model id belongs to.

/// The families of models that recognise speech on this path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// `qwen3-asr-flash`: the transcript is a chat model's answer.
    Qwen,
    /// `qwen-audio-3.*-asr-flash` and `fun-asr-flash-*`: text and sentences.
    Sentences,
}

impl Family {
    /// The family of a model id and its snapshots; none for the ids of other paths, some of which
    /// begin like these.
    pub(crate) fn of(model: &str) -> Option<Self> {
        const OTHER_PATHS: [&str; 4] = ["filetrans", "message", "realtime", "streaming"];
        if model.split('-').any(|part| OTHER_PATHS.contains(&part)) {
            return None;
        }
        let is_snapshot = |id: &str| {
            let rest = model.strip_prefix(id);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        if is_snapshot("qwen3-asr-flash") {
            return Some(Self::Qwen);
        }
        let audio = model.strip_prefix("qwen-audio-3.");
        let has_sentences = audio.is_some_and(|rest| rest.contains("-asr-flash"));
        (has_sentences || is_snapshot("fun-asr-flash")).then_some(Self::Sentences)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_only_begin_alike_belong_to_other_paths() {
        for id in [
            "qwen3-asr-flash",
            "qwen3-asr-flash-us",
            "qwen3-asr-flash-2026-02-10",
        ] {
            assert_eq!(Family::of(id), Some(Family::Qwen), "{id}");
        }
        for id in ["qwen-audio-3.1-asr-flash", "fun-asr-flash-2026-06-15"] {
            assert_eq!(Family::of(id), Some(Family::Sentences), "{id}");
        }
        for id in [
            "qwen3-asr-flash-realtime",
            "qwen3-asr-flash-filetrans-2025-11-17",
            "qwen3-asr-flashy",
            "qwen-audio-3.1-asr-flash-streaming",
            "qwen-audio-3.0-asr-flash-filetrans",
            "qwen-audio-3.0-tts-flash",
            "fun-asr-flash-8k-realtime",
            "fun-asr",
        ] {
            assert_eq!(Family::of(id), None, "{id}");
        }
    }
}
