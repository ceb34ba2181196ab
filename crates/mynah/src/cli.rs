//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A self-hosted speech server that speaks the API of Alibaba Cloud Model Studio (DashScope), with
/// open-weight models on this machine.
#[derive(Debug, Parser)]
#[command(name = "mynah", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Say more about what is going on, on stderr.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "Examples:
  mynah models pull starter          fetch the models for Chinese, English and Japanese
  mynah serve                        serve them on ws://127.0.0.1:8787/api-ws/v1/inference
  mynah transcribe talk.mp3          write down a recording, without a server
  mynah transcribe --format srt --output-dir subs *.m4a
  mynah listen --language en         live captions of the microphone

A client of the cloud becomes a client of this machine by its base URL:
  export DASHSCOPE_WEBSOCKET_BASE_URL=ws://127.0.0.1:8787/api-ws/v1/inference
  export DASHSCOPE_HTTP_BASE_URL=http://127.0.0.1:8787/api/v1
  export DASHSCOPE_API_KEY=sk-...    (printed once at the first start, or: mynah keys create)";

/// Options of every command. What the command line leaves open is taken from the environment,
/// then from the configuration file.
#[derive(Args, Clone, Debug)]
pub(crate) struct Common {
    /// Configuration file [default: mynah.toml in the current folder, if there is one].
    #[arg(long, global = true, env = "MYNAH_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Folder of the server's state: keys and hot-word lists [default: the user's data folder].
    #[arg(long, global = true, env = "MYNAH_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Folder of the installed models [default: the user's cache folder].
    #[arg(long, global = true, env = "MYNAH_MODELS_DIR", value_name = "DIR")]
    pub(crate) models: Option<PathBuf>,
    /// Threads that recognise speech, each with engines of its own [default: one per core].
    #[arg(long, global = true, env = "MYNAH_WORKERS", value_name = "N")]
    pub(crate) workers: Option<usize>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API until Ctrl-C, which lets open tasks finish.
    Serve(Serve),
    /// Write down audio files, without a server.
    Transcribe(Transcribe),
    /// Show live captions of the microphone.
    Listen(Listen),
    /// List, install, check and remove models.
    Models {
        #[command(subcommand)]
        command: Models,
    },
    /// Make, list and revoke the API keys that clients need.
    Keys {
        #[command(subcommand)]
        command: Keys,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    /// Address to listen on. Only this machine can reach the default; with another address, put
    /// TLS in front [default: 127.0.0.1:8787].
    #[arg(long, env = "MYNAH_LISTEN", value_name = "HOST:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Live streams that may be open at once; further ones are refused [default: 4 per worker].
    #[arg(long, env = "MYNAH_SLOTS", value_name = "N")]
    pub(crate) slots: Option<usize>,
    /// Let clients name URLs in this machine's own network. Without it, files are fetched from the
    /// public internet only.
    #[arg(long, env = "MYNAH_ALLOW_PRIVATE_URLS")]
    pub(crate) allow_private_urls: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Transcribe {
    /// Audio files: wav, mp3, flac, m4a, aac, ogg, opus, amr, webm, mkv, mp4 and more.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// What to write.
    #[arg(long, short, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    /// The spoken language, `zh` or `en` for instance [default: detected, sentence by sentence].
    #[arg(long, short, value_name = "CODE")]
    pub(crate) language: Option<String>,
    /// The recogniser's model id [default: the most accurate one installed].
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// Write FILE.txt, .json, .srt or .vtt into this folder instead of to stdout.
    #[arg(long, value_name = "DIR")]
    pub(crate) output_dir: Option<PathBuf>,
    /// The pause that ends a sentence, in milliseconds.
    #[arg(long, default_value_t = 700, value_name = "MS", value_parser = clap::value_parser!(u32).range(200..=6000))]
    pub(crate) max_sentence_silence: u32,
}

/// What `transcribe` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One sentence a line.
    Text,
    /// Sentences and words with their times in milliseconds.
    Json,
    /// SubRip subtitles.
    Srt,
    /// WebVTT subtitles.
    Vtt,
}

#[derive(Args, Debug)]
pub(crate) struct Listen {
    /// The spoken language, `zh` or `en` for instance [default: detected].
    #[arg(long, short, value_name = "CODE")]
    pub(crate) language: Option<String>,
    /// Read audio from stdin instead of the microphone: 16-bit little-endian mono at 16 kHz.
    #[arg(long)]
    pub(crate) stdin: bool,
    /// The pause that ends a sentence, in milliseconds.
    #[arg(long, default_value_t = 800, value_name = "MS", value_parser = clap::value_parser!(u32).range(200..=6000))]
    pub(crate) max_sentence_silence: u32,
    /// Recognise on this server instead of here: `ws://127.0.0.1:8787/api-ws/v1/inference`, say.
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// The server's API key.
    #[arg(
        long,
        env = "DASHSCOPE_API_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub(crate) api_key: Option<String>,
    /// The server's model.
    #[arg(long, default_value = "fun-asr-realtime", value_name = "MODEL")]
    pub(crate) model: String,
    /// A hot-word list on the server.
    #[arg(long, value_name = "ID", requires = "server")]
    pub(crate) vocabulary: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Models {
    /// Show what is installed, what it serves, how large, how good and under which licence.
    List,
    /// Fetch models, or all of a set such as `starter`, and prepare them for use.
    Pull {
        /// Model ids or sets.
        #[arg(required = true, value_name = "MODEL")]
        names: Vec<String>,
        /// Take the files from this folder instead of the network. They are verified all the same.
        #[arg(long, value_name = "DIR")]
        from_dir: Option<PathBuf>,
    },
    /// Remove models from the disk.
    Rm {
        /// Model ids or sets.
        #[arg(required = true, value_name = "MODEL")]
        names: Vec<String>,
    },
    /// Read installed models and compare them with the catalogue.
    Check {
        /// Model ids or sets [default: all that are installed].
        #[arg(value_name = "MODEL")]
        names: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make a key and print it; it is shown this once only. What a key makes, hot-word lists for
    /// instance, belongs to it.
    Create {
        /// What the key is for.
        #[arg(default_value = "")]
        name: String,
    },
    /// List all keys.
    List,
    /// Revoke a key and the temporary keys it made: connections that are open stay open.
    Revoke {
        /// The id that `list` shows.
        id: String,
    },
}
