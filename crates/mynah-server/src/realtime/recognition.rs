//! A session's request, translated for the engines.

use mynah_session::{HotWordSources, RealtimeRequest};
use mynah_speech::{StreamOptions, TextOptions};
use mynah_wire::ApiError;

use crate::App;
use crate::feed::{Order, segmenter_options};

/// What a stretch of audio is to the engines.
pub(crate) fn order(request: &RealtimeRequest, app: &App) -> Result<Order, ApiError> {
    Ok(Order {
        pipeline: app.serving.pipeline(&request.model)?,
        model: request.model.clone(),
        hot_words: HotWordSources::default(),
        options: StreamOptions {
            languages: request.languages.clone(),
            segmentation: segmenter_options(request.segmentation),
            text: TextOptions::default(),
            partials: true,
            context: request.context.as_deref().unwrap_or_default().into(),
            ..StreamOptions::default()
        },
        format: request.format,
        sample_rate_hz: request.sample_rate_hz,
        renewable: true,
    })
}
