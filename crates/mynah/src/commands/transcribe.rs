//! `mynah transcribe`: files to text, without a server.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use indicatif::{MultiProgress, ProgressBar};
use mynah_audio::FileDecoder;
use mynah_models::Store;
use mynah_speech::{
    Effort, Engine, Pipeline, RecognizedSentence, SegmenterOptions, Stream, StreamEvent,
    StreamOptions,
};
use mynah_text::{Cue, to_srt, to_vtt};
use serde::Serialize;
use tokio::runtime::Runtime;

use crate::cli::{Common, Format, Transcribe};
use crate::config::Config;
use crate::engine;
use crate::progress::audio_bar;

/// Files worked on at the same time.
const FILES_AT_ONCE: usize = 4;

/// Writes down every file; a file that fails does not keep the others from being written.
pub(crate) fn run(options: &Common, arguments: &Transcribe) -> Result<ExitCode> {
    let languages = super::language(arguments.language.as_deref())?;
    // Before the models are loaded, which takes seconds.
    for file in &arguments.files {
        FileDecoder::open(file).with_context(|| file.display().to_string())?;
    }
    if let Some(folder) = &arguments.output_dir {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let config = Config::read(options)?;
    let models = config.models(options)?;
    let pipeline = pipeline(&models, arguments.model.as_deref())?;
    let engine = engine::start(&models, options, &config, 0, &[&pipeline])?;
    let job = Job {
        runtime: super::runtime()?,
        bars: MultiProgress::new(),
        engine,
        pipeline: Arc::new(pipeline),
        options: StreamOptions {
            languages,
            segmentation: SegmenterOptions {
                max_sentence_silence_ms: arguments.max_sentence_silence,
                ..SegmenterOptions::default()
            },
            ..StreamOptions::default()
        },
    };
    Ok(job.run(arguments))
}

/// The pipeline of files: one recogniser, the most accurate or the one asked for.
fn pipeline(models: &Store, model: Option<&str>) -> Result<Pipeline> {
    let mut pipeline = engine::default_pipeline(models)?;
    if let Some(model) = model {
        model.clone_into(&mut pipeline.recognizer);
    }
    let pipeline = Pipeline {
        effort: Effort::Accurate,
        partials: Vec::new(),
        detector: None,
        ..pipeline
    };
    engine::check(models, &pipeline)?;
    Ok(pipeline)
}

struct Job {
    runtime: Runtime,
    bars: MultiProgress,
    engine: Engine,
    pipeline: Arc<Pipeline>,
    options: StreamOptions,
}

impl Job {
    fn run(&self, arguments: &Transcribe) -> ExitCode {
        let mut failed = false;
        for batch in arguments.files.chunks(FILES_AT_ONCE) {
            let results = std::thread::scope(|scope| {
                let begin = |file| scope.spawn(move || self.transcribe(file));
                let threads: Vec<_> = batch.iter().map(PathBuf::as_path).map(begin).collect();
                threads
                    .into_iter()
                    .map(std::thread::ScopedJoinHandle::join)
                    .collect::<Vec<_>>()
            });
            for (file, result) in batch.iter().zip(results) {
                let result = result.unwrap_or_else(|_| bail!("the decoder panicked"));
                let written = result.and_then(|sentences| {
                    write(file, &sentences, arguments, arguments.files.len() > 1)
                });
                if let Err(error) = written {
                    eprintln!("mynah: {}: {error:#}", file.display());
                    failed = true;
                }
            }
        }
        if failed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }

    /// Recognises a file.
    fn transcribe(&self, file: &Path) -> Result<Vec<RecognizedSentence>> {
        let name = file
            .file_name()
            .unwrap_or(file.as_os_str())
            .to_string_lossy()
            .into_owned();
        let bar = self.bars.add(audio_bar(name));
        let stream = self
            .engine
            .open_file(self.pipeline.clone(), self.options.clone());
        let sentences = std::thread::scope(|scope| {
            let feeding = scope.spawn(|| self.feed(file, &stream, &bar));
            let sentences = self.collect(&stream, &bar);
            feeding
                .join()
                .unwrap_or_else(|_| bail!("the decoder panicked"))?;
            sentences
        });
        bar.finish_and_clear();
        sentences
    }

    /// Decodes a file into its stream, no faster than it is recognised.
    fn feed(&self, file: &Path, stream: &Stream, bar: &ProgressBar) -> Result<()> {
        let done = || -> Result<()> {
            let mut decoder = FileDecoder::open(file)?;
            while let Some(block) = decoder.next() {
                let block = block?;
                let mut rest = block.as_slice();
                while !rest.is_empty() {
                    self.runtime.block_on(stream.wait_for_room());
                    let (fits, later) = rest.split_at(rest.len().min(stream.room()));
                    stream.push(fits);
                    rest = later;
                }
                bar.set_position((decoder.progress() * 1000.0) as u64);
            }
            Ok(())
        };
        let result = done();
        // The reader of events waits for the end, whatever it is.
        stream.finish();
        result
    }

    fn collect(&self, stream: &Stream, bar: &ProgressBar) -> Result<Vec<RecognizedSentence>> {
        let mut sentences = Vec::new();
        loop {
            match self.runtime.block_on(stream.next()) {
                StreamEvent::Final { sentence, .. } => {
                    bar.set_prefix(sentence.text.chars().take(40).collect::<String>());
                    sentences.push(sentence);
                }
                StreamEvent::Finished { .. } => return Ok(sentences),
                StreamEvent::Failed(error) => return Err(error.into()),
                StreamEvent::Speech { .. }
                | StreamEvent::Partial(_)
                | StreamEvent::Nothing { .. } => {}
            }
        }
    }
}

/// Writes the sentences of a file as asked.
fn write(
    file: &Path,
    sentences: &[RecognizedSentence],
    arguments: &Transcribe,
    many: bool,
) -> Result<()> {
    let text = render(file, sentences, arguments.format)?;
    let Some(folder) = &arguments.output_dir else {
        if many && arguments.format == Format::Text {
            println!("# {}", file.display());
        }
        print!("{text}");
        return Ok(std::io::stdout().flush()?);
    };
    let path = output_path(folder, file, arguments.format);
    std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("{}", path.display());
    Ok(())
}

fn output_path(folder: &Path, file: &Path, format: Format) -> PathBuf {
    let extension = match format {
        Format::Text => "txt",
        Format::Json => "json",
        Format::Srt => "srt",
        Format::Vtt => "vtt",
    };
    folder.join(Path::new(file.file_name().unwrap_or_default()).with_extension(extension))
}

fn render(file: &Path, sentences: &[RecognizedSentence], format: Format) -> Result<String> {
    Ok(match format {
        Format::Text => sentences
            .iter()
            .flat_map(|s| [s.text.as_str(), "\n"])
            .collect(),
        Format::Json => {
            let transcript = Transcript {
                file: &file.to_string_lossy(),
                sentences: sentences.iter().map(JsonSentence::new).collect(),
            };
            serde_json::to_string_pretty(&transcript)? + "\n"
        }
        Format::Srt => to_srt(&all_cues(sentences)),
        Format::Vtt => to_vtt(&all_cues(sentences)),
    })
}

fn all_cues(sentences: &[RecognizedSentence]) -> Vec<Cue> {
    sentences
        .iter()
        .flat_map(RecognizedSentence::cues)
        .collect()
}

/// `--format json`. Times are milliseconds.
#[derive(Serialize)]
struct Transcript<'a> {
    file: &'a str,
    sentences: Vec<JsonSentence<'a>>,
}

#[derive(Serialize)]
struct JsonSentence<'a> {
    begin_time: u32,
    end_time: u32,
    text: &'a str,
    language: &'static str,
    words: Vec<JsonWord<'a>>,
}

#[derive(Serialize)]
struct JsonWord<'a> {
    begin_time: u32,
    end_time: u32,
    text: &'a str,
    punctuation: &'a str,
}

impl<'a> JsonSentence<'a> {
    fn new(sentence: &'a RecognizedSentence) -> Self {
        let word = |word: &'a mynah_speech::Word| JsonWord {
            begin_time: word.begin_ms,
            end_time: word.end_ms,
            text: &word.text,
            punctuation: &word.punctuation,
        };
        Self {
            begin_time: sentence.begin_ms,
            end_time: sentence.end_ms,
            text: &sentence.text,
            language: sentence.language.code(),
            words: sentence.words.iter().map(word).collect(),
        }
    }
}
