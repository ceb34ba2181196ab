//! All Rust sources of the workspace, parsed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::workspace;

/// A parsed file.
pub(super) struct Source {
    /// Relative to the checkout.
    pub(super) path: PathBuf,
    pub(super) lines: usize,
    pub(super) syntax: syn::File,
    /// Lies in a folder of tests, benches or examples.
    pub(super) is_test: bool,
}

impl Source {
    /// Reads every `.rs` file of the crates and of this crate.
    pub(super) fn all() -> Result<Vec<Self>> {
        let mut paths = Vec::new();
        for dir in ["crates", "xtask"] {
            collect(&workspace::root().join(dir), "rs", &mut paths)?;
        }
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn read(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let syntax =
            syn::parse_file(&text).with_context(|| format!("parsing {}", path.display()))?;
        let path = path
            .strip_prefix(workspace::root())
            .unwrap_or(path)
            .to_path_buf();
        let test_dirs = ["tests", "benches", "examples"];
        let is_test = path
            .iter()
            .any(|part| test_dirs.iter().any(|dir| part == *dir))
            || path.ends_with("tests.rs");
        Ok(Self {
            lines: text.lines().count(),
            path,
            syntax,
            is_test,
        })
    }
}

/// All files below a folder with this ending; build outputs and hidden folders are left out.
pub(super) fn collect(dir: &Path, ending: &str, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(dir).with_context(|| format!("listing {}", dir.display()))?;
    for entry in entries {
        let path = entry
            .with_context(|| format!("listing {}", dir.display()))?
            .path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name == "target" || name == "node_modules" {
            continue;
        }
        if path.is_dir() {
            collect(&path, ending, found)?;
        } else if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
    Ok(())
}

/// Whether an item exists in test builds only, or is a test itself.
pub(super) fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        let named_test = path
            .segments
            .last()
            .is_some_and(|segment| segment.ident == "test");
        let cfg_test = path.is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|argument| argument.is_ident("test"));
        named_test || cfg_test
    })
}
