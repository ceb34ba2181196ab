//! How each dialect says what happens in a session.

use mynah_text::Language;
use mynah_wire::realtime::{
    FailureDetail, Item as WireItem, ServerEvent, Session as SessionObject, Usage, kind,
};
use mynah_wire::{ApiError, ItemId, SessionId};
use serde_json::{Map, Value};

use super::growing::Growing;
use super::settings::{Fault, Settings};
use super::{openai, qwen};

/// The models of speech recognition among those that share `/api-ws/v1/realtime`.
const QWEN_MODELS: &str = "qwen3-asr-flash-realtime";
/// The service has no way to turn this off, and the engines have no model for it.
const EMOTION: &str = "neutral";

/// Which protocol a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `/api-ws/v1/realtime`.
    Qwen,
    /// OpenAI's `/v1/realtime`.
    OpenAi,
    /// The same in its beta form.
    OpenAiBeta,
}

/// An utterance that is being recognised.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) id: ItemId,
    /// Where its speech begins and has come to, in milliseconds of the session's audio.
    pub(crate) begin_ms: u64,
    pub(crate) end_ms: u64,
    growing: Growing,
    language: Option<Language>,
    /// Bytes of its text that went out as deltas.
    sent: usize,
}

impl Item {
    pub(crate) fn new(begin_ms: u64) -> Self {
        Self {
            id: ItemId::random(),
            begin_ms,
            end_ms: begin_ms,
            growing: Growing::default(),
            language: None,
            sent: 0,
        }
    }

    /// Takes a result for the open sentence.
    pub(crate) fn guess(&mut self, text: &str, language: Language) {
        self.language = Some(language);
        self.growing.guess(text, language.is_spaceless());
    }

    /// Takes the final text of the open sentence.
    pub(crate) fn end_sentence(&mut self, text: &str, language: Language) {
        self.language = Some(language);
        self.growing.end_sentence(text, language.is_spaceless());
    }
}

impl Dialect {
    pub(crate) fn defaults(self, model: Option<String>) -> Settings {
        match self {
            Self::Qwen => qwen::defaults(model.unwrap_or_default()),
            Self::OpenAi | Self::OpenAiBeta => openai::defaults(model),
        }
    }

    /// Whether a model id is one of this protocol's; the same path serves other products.
    pub(crate) fn has_model(self, model: &str) -> bool {
        self != Self::Qwen || model.starts_with(QWEN_MODELS)
    }

    pub(crate) fn update(
        self,
        now: &Settings,
        session: &Map<String, Value>,
    ) -> Result<Settings, Fault> {
        match self {
            Self::Qwen => qwen::update(now, session),
            Self::OpenAi => openai::update(now, session),
            Self::OpenAiBeta => openai::update_beta(now, session),
        }
    }

    /// The client events of the dialect; others are errors, which list these.
    pub(crate) fn client_events(self) -> &'static [&'static str] {
        match self {
            Self::Qwen => &[
                kind::SESSION_UPDATE,
                kind::APPEND,
                kind::COMMIT,
                kind::CLEAR,
                kind::FINISH,
            ],
            Self::OpenAi => &[
                kind::SESSION_UPDATE,
                kind::APPEND,
                kind::COMMIT,
                kind::CLEAR,
            ],
            Self::OpenAiBeta => &[
                kind::TRANSCRIPTION_SESSION_UPDATE,
                kind::SESSION_UPDATE,
                kind::APPEND,
                kind::COMMIT,
                kind::CLEAR,
            ],
        }
    }

    pub(crate) fn created(self, id: &SessionId, settings: &Settings, expires: u64) -> ServerEvent {
        let session = self.session(id, settings, expires);
        match self {
            Self::Qwen | Self::OpenAi => ServerEvent::SessionCreated { session },
            Self::OpenAiBeta => ServerEvent::TranscriptionSessionCreated { session },
        }
    }

    pub(crate) fn updated(self, id: &SessionId, settings: &Settings, expires: u64) -> ServerEvent {
        let session = self.session(id, settings, expires);
        match self {
            Self::Qwen | Self::OpenAi => ServerEvent::SessionUpdated { session },
            Self::OpenAiBeta => ServerEvent::TranscriptionSessionUpdated { session },
        }
    }

    /// OpenAI counts the padding and the silence as part of the utterance.
    pub(crate) fn speech_started(self, item: &Item, settings: &Settings) -> ServerEvent {
        let padding_ms = match (self, &settings.turns) {
            (Self::Qwen, _) | (_, None) => 0,
            (_, Some(turns)) => u64::from(turns.padding_ms.unwrap_or(0)),
        };
        ServerEvent::SpeechStarted {
            audio_start_ms: item.begin_ms.saturating_sub(padding_ms),
            item_id: item.id.clone(),
        }
    }

    /// See [`Dialect::speech_started`]. `heard_ms` is where the audio heard so far ends.
    pub(crate) fn speech_stopped(
        self,
        item: &Item,
        settings: &Settings,
        heard_ms: u64,
    ) -> ServerEvent {
        let silence_ms = match (self, &settings.turns) {
            (Self::Qwen, _) | (_, None) => 0,
            (_, Some(turns)) => u64::from(turns.silence_ms),
        };
        let end_ms = (item.end_ms + silence_ms).min(heard_ms.max(item.end_ms));
        ServerEvent::SpeechStopped {
            audio_end_ms: end_ms,
            item_id: item.id.clone(),
        }
    }

    /// The audio of an item is complete.
    pub(crate) fn committed(self, id: &ItemId, previous: Option<&ItemId>) -> Vec<ServerEvent> {
        let previous = || match (self, previous) {
            (_, Some(previous)) => Some(previous.as_str().to_owned()),
            (Self::Qwen, None) => Some(String::new()),
            (_, None) => None,
        };
        let item = || WireItem::utterance(id.clone());
        let mut events = vec![ServerEvent::Committed {
            previous_item_id: previous(),
            item_id: id.clone(),
        }];
        match self {
            Self::Qwen | Self::OpenAiBeta => events.push(ServerEvent::ItemCreated {
                previous_item_id: previous(),
                item: item(),
            }),
            Self::OpenAi => events.extend([
                ServerEvent::ItemAdded {
                    previous_item_id: previous(),
                    item: item(),
                },
                ServerEvent::ItemDone {
                    previous_item_id: previous(),
                    item: item(),
                },
            ]),
        }
        events
    }

    /// What an item sounds like so far, if there is anything new to say.
    pub(crate) fn text(self, item: &mut Item, settings: &Settings) -> Option<ServerEvent> {
        let text = item.growing.confirmed();
        if self == Self::Qwen {
            let (text, stash) = (text.to_owned(), item.growing.stash());
            return (!text.is_empty() || !stash.is_empty()).then(|| ServerEvent::Text {
                item_id: item.id.clone(),
                content_index: 0,
                language: language(item, settings),
                emotion: EMOTION,
                text,
                stash,
            });
        }
        let delta = text[item.sent..].to_owned();
        item.sent = text.len();
        (!delta.is_empty()).then(|| ServerEvent::Delta {
            item_id: item.id.clone(),
            content_index: 0,
            delta,
        })
    }

    /// The text of an item, all of whose sentences have ended.
    pub(crate) fn completed(
        self,
        mut item: Item,
        settings: &Settings,
        usage: Usage,
    ) -> Vec<ServerEvent> {
        if self == Self::Qwen {
            return vec![ServerEvent::Completed {
                content_index: 0,
                language: Some(language(&item, settings)),
                emotion: Some(EMOTION),
                transcript: item.growing.ended().to_owned(),
                item_id: item.id,
                usage,
            }];
        }
        let mut events: Vec<_> = self.text(&mut item, settings).into_iter().collect();
        events.push(ServerEvent::Completed {
            content_index: 0,
            language: None,
            emotion: None,
            transcript: item.growing.confirmed().to_owned(),
            item_id: item.id,
            usage,
        });
        events
    }

    /// An item that could not be recognised.
    pub(crate) fn failed(item: Item, error: &ApiError) -> ServerEvent {
        ServerEvent::Failed {
            item_id: item.id,
            content_index: 0,
            error: FailureDetail::from(error),
        }
    }

    fn session(self, id: &SessionId, settings: &Settings, expires: u64) -> SessionObject {
        match self {
            Self::Qwen => SessionObject::Qwen(qwen::session(id, settings)),
            Self::OpenAi => SessionObject::OpenAi(openai::session(id, settings, expires)),
            Self::OpenAiBeta => {
                SessionObject::OpenAiBeta(openai::beta_session(id, settings, expires))
            }
        }
    }
}

/// The language given, or else the one detected; Chinese where nothing was heard.
fn language(item: &Item, settings: &Settings) -> String {
    let given = settings.speech.language.clone();
    let found = item.language.unwrap_or(Language::CHINESE);
    given.unwrap_or_else(|| found.code().to_owned())
}
