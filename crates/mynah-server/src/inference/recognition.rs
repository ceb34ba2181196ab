//! A task's request, translated for the engines.

use mynah_session::RecognitionRequest;
use mynah_speech::{StreamOptions, TextOptions};
use mynah_wire::ApiError;

use crate::App;
use crate::feed::{Order, segmenter_options};

/// What a task is to the engines.
pub(crate) fn order(request: &RecognitionRequest, app: &App) -> Result<Order, ApiError> {
    Ok(Order {
        pipeline: app.serving.pipeline(&request.model)?,
        model: request.model.clone(),
        hot_words: request.hot_words.clone(),
        options: stream_options(request),
        format: request.format,
        sample_rate_hz: request.sample_rate_hz,
        renewable: false,
    })
}

fn stream_options(request: &RecognitionRequest) -> StreamOptions {
    StreamOptions {
        languages: request.languages.clone(),
        segmentation: segmenter_options(request.segmentation),
        text: TextOptions {
            punctuation: request.text.punctuation,
            inverse_text_normalization: request.text.inverse_text_normalization,
            disfluency_removal: request.text.disfluency_removal,
        },
        partials: request.partials,
        ..StreamOptions::default()
    }
}
