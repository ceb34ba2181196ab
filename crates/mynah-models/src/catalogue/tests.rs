use super::*;

const HASH: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn entry(extra: &str) -> String {
    format!(
        r#"
        [[model]]
        id = "a"
        kind = "recognizer"
        title = "A"
        licence = "MIT"
        provenance = "made here"
        [[model.file]]
        name = "weights.onnx"
        sha256 = "{HASH}"
        size_bytes = 3
        {extra}
        "#
    )
}

const SOURCE: &str = r#"
    [[model.source]]
    from = "huggingface"
    repository = "o/r"
    revision = "main"
    paths = { "weights.onnx" = "onnx/weights.onnx" }
"#;

fn problem(text: &str) -> String {
    Catalogue::parse(text).unwrap_err().to_string()
}

#[test]
fn the_embedded_catalogue_has_the_starter_set() {
    let catalogue = Catalogue::embedded();
    let starter = catalogue.resolve("starter").unwrap();
    let ids: Vec<_> = starter.iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "onnxruntime",
            "silero-vad",
            "whisper-base",
            "whisper-small",
            "muggle-speech",
            "moonshine-tiny-en"
        ]
    );
}

#[test]
fn every_embedded_file_can_come_from_a_registry() {
    // Hubs are out of reach in some networks; the registries are what tests and demos rely on.
    for entry in Catalogue::embedded().entries() {
        for file in &entry.files {
            let offered = entry
                .sources
                .iter()
                .any(|s| s.is_registry() && s.offers(file));
            assert!(offered, "{}/{}", entry.id, file.name);
        }
    }
}

#[test]
fn every_embedded_figure_says_who_measured_it() {
    for entry in Catalogue::embedded().entries() {
        for quality in &entry.quality {
            assert!(!quality.measured_by.is_empty(), "{}", entry.id);
        }
    }
}

#[test]
fn the_runtime_library_has_one_file_per_platform() {
    let entry = Catalogue::embedded().entry("onnxruntime").unwrap();
    for platform in ["linux-x86_64", "linux-aarch64", "macos-aarch64"] {
        let platform = Platform::try_from(platform.to_owned()).unwrap();
        assert_eq!(entry.files_on(&platform).count(), 1, "{platform}");
        assert_eq!(entry.sources_on(&platform).count(), 1, "{platform}");
    }
}

#[test]
fn a_name_is_a_set_or_an_entry_or_unknown() {
    let catalogue = Catalogue::embedded();
    assert_eq!(catalogue.resolve("whisper-base").unwrap().len(), 1);
    let error = catalogue.resolve("whisper-enormous").unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"whisper-enormous\" is not in the catalogue"
    );
}

#[test]
fn a_whole_entry_parses() {
    let catalogue = Catalogue::parse(&entry(SOURCE)).unwrap();
    assert_eq!(
        catalogue
            .entry("a")
            .unwrap()
            .size_bytes(&Platform::current()),
        3
    );
}

#[test]
fn mistakes_are_named() {
    let text = entry(SOURCE);
    let cases = [
        (entry(""), "source"),
        (text.replace("[[model.source]]", "[[model.sauce]]"), "sauce"),
        (text.replace("revision", "revison"), "revison"),
        (
            text.replace(r#"from = "huggingface""#, r#"from = "elsewhere""#),
            "elsewhere",
        ),
        (
            text.replace(r#"{ "weights.onnx" ="#, r#"{ "other.onnx" ="#),
            "no source has weights.onnx",
        ),
        (text.replace(r#"id = "a""#, r#"id = "../a""#), "no entry id"),
        (
            text.replace("size_bytes = 3", "size_bytes = 0"),
            "no sensible size",
        ),
        (text.replace(HASH, "abc"), "not a SHA-256"),
        (format!("{text}{text}"), "a is there twice"),
        (format!("sets = {{ all = [\"b\"] }}\n{text}"), "no entry"),
    ];
    for (text, expected) in cases {
        let problem = problem(&text);
        assert!(
            problem.contains(expected),
            "{expected:?} is not in {problem:?}"
        );
    }
}
