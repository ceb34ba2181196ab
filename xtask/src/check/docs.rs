//! The documentation names only what exists: commands of this crate, commands and options of the
//! program, files of the checkout, headings.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;

use super::sources::collect;
use crate::program::Program;
use crate::{Arguments, workspace};

/// Everything named in a Markdown file that does not exist, one line each.
pub(super) fn offences(program: &Program) -> Result<Vec<String>> {
    let mut files = Vec::new();
    collect(&workspace::root(), "md", &mut files)?;
    files.sort();
    let mut checker = Checker {
        program,
        helps: HashMap::new(),
    };
    let mut offences = Vec::new();
    for file in &files {
        let text =
            fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        let shown = file
            .strip_prefix(workspace::root())
            .unwrap_or(file)
            .display()
            .to_string();
        for (number, line) in text.lines().enumerate() {
            for fault in checker.faults(file, &text, line)? {
                offences.push(format!("{shown}:{}: {fault}", number + 1));
            }
        }
    }
    println!("{} Markdown files", files.len());
    Ok(offences)
}

struct Checker<'a> {
    program: &'a Program,
    /// Help texts of the program's commands; `None` for commands it does not have.
    helps: HashMap<String, Option<String>>,
}

impl Checker<'_> {
    fn faults(&mut self, file: &Path, text: &str, line: &str) -> Result<Vec<String>> {
        let mut faults: Vec<String> = links(line)
            .filter_map(|target| link_fault(file, text, target))
            .collect();
        for words in commands(line, "cargo xtask ") {
            faults.extend(xtask_fault(&words));
        }
        for words in commands(line, "mynah ") {
            faults.extend(self.program_fault(&words)?);
        }
        Ok(faults)
    }

    /// The first word is a command (or the option of none), later options are in its help.
    fn program_fault(&mut self, words: &[&str]) -> Result<Option<String>> {
        let Some((first, rest)) = words.split_first() else {
            return Ok(None);
        };
        if first.starts_with('-') {
            return Ok(None);
        }
        let mut path = (*first).to_owned();
        if let Some(second) = rest.first().filter(|word| is_plain(word)) {
            let longer = format!("{first} {second}");
            if self.help(&longer)?.is_some() {
                path = longer;
            }
        }
        let Some(help) = self.help(&path)? else {
            return Ok(Some(format!("there is no command: mynah {path}")));
        };
        let unknown = rest
            .iter()
            .map(|word| word.split('=').next().unwrap_or(word));
        let unknown = unknown
            .filter(|word| word.starts_with("--"))
            .find(|word| !help.contains(word));
        Ok(unknown.map(|option| format!("mynah {path} has no option {option}")))
    }

    fn help(&mut self, path: &str) -> Result<Option<&String>> {
        if !self.helps.contains_key(path) {
            let mut command = self.program.command()?;
            let output = command.args(path.split(' ')).arg("--help").output();
            let output = output.context("asking the program for help")?;
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            // `mynah transcribe file --help` shows the help of `mynah transcribe`.
            let usage = format!("Usage: mynah {path}");
            let known = output.status.success() && text.contains(&usage);
            self.helps.insert(path.to_owned(), known.then_some(text));
        }
        Ok(self.helps.get(path).and_then(Option::as_ref))
    }
}

fn xtask_fault(words: &[&str]) -> Option<String> {
    let mut command = Arguments::command();
    for (index, word) in words.iter().enumerate() {
        if let Some(option) = word.strip_prefix("--") {
            let name = option.split('=').next();
            let known = command
                .get_arguments()
                .any(|argument| argument.get_long() == name);
            if !known && name != Some("help") {
                return Some(format!(
                    "cargo xtask {} has no option {word}",
                    words[..index].join(" ")
                ));
            }
        } else if command.has_subcommands() {
            let Some(next) = command.find_subcommand(word) else {
                return Some(format!(
                    "there is no command: cargo xtask {}",
                    words[..=index].join(" ")
                ));
            };
            command = next.clone();
        }
    }
    None
}

/// The words behind each mention of a command: in code only, and up to the end of the code or the
/// shell command.
fn commands<'a>(line: &'a str, prefix: &'a str) -> impl Iterator<Item = Vec<&'a str>> {
    line.match_indices(prefix).filter_map(move |(at, _)| {
        let before = &line[..at];
        let in_code = before.matches('`').count() % 2 == 1 || is_shell(before);
        let end = |text: &'a str| {
            text.find(['`', '|', '#', ';', '&', '>'])
                .unwrap_or(text.len())
        };
        let rest = &line[at + prefix.len()..];
        in_code.then(|| rest[..end(rest)].split_whitespace().collect())
    })
}

/// Nothing before the command but a prompt or variables: a line of a code block.
fn is_shell(before: &str) -> bool {
    before
        .split_whitespace()
        .all(|word| word == "$" || word.contains('='))
        && !before.contains("cargo")
}

fn is_plain(word: &str) -> bool {
    word.chars()
        .all(|character| character.is_ascii_lowercase() || character == '-')
        && !word.starts_with('-')
}

/// The targets of `[text](target)`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
}

fn link_fault(file: &Path, text: &str, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let linked: PathBuf = if path.is_empty() {
        file.to_path_buf()
    } else {
        file.parent().unwrap_or(file).join(path)
    };
    if !linked.exists() {
        return Some(format!("there is no file {target}"));
    }
    let read = if path.is_empty() {
        text.to_owned()
    } else {
        fs::read_to_string(&linked).ok()?
    };
    let known = heading.is_empty()
        || read
            .lines()
            .any(|line| anchor(line).as_deref() == Some(heading));
    (!known).then(|| format!("there is no heading for {target}"))
}

/// The anchor that a heading gets.
fn anchor(line: &str) -> Option<String> {
    let heading = line
        .strip_prefix('#')?
        .trim_start_matches('#')
        .trim()
        .to_lowercase();
    let kept = heading
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == '-' || *c == ' ' || *c == '_');
    Some(kept.map(|c| if c == ' ' { '-' } else { c }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_in_code_only() {
        let found: Vec<_> =
            commands("run `mynah serve --listen X` or mynah by hand", "mynah ").collect();
        assert_eq!(found, [vec!["serve", "--listen", "X"]]);
        let found: Vec<_> = commands("    A=1 cargo xtask test  # all", "cargo xtask ").collect();
        assert_eq!(found, [vec!["test"]]);
    }

    #[test]
    fn commands_of_this_crate_are_known_with_their_options() {
        assert_eq!(xtask_fault(&["conformance", "--only", "raw"]), None);
        assert_eq!(xtask_fault(&["check", "lengths"]), None);
        assert!(xtask_fault(&["conformance", "--olny", "raw"]).is_some());
        assert!(xtask_fault(&["danec"]).is_some());
    }

    #[test]
    fn links_need_their_file_and_heading() {
        let file = workspace::root().join("README.md");
        let text = "# Quick start\n## What it `does`\n";
        assert_eq!(link_fault(&file, text, "#quick-start"), None);
        assert_eq!(link_fault(&file, text, "#what-it-does"), None);
        assert!(link_fault(&file, text, "#missing").is_some());
        assert_eq!(link_fault(&file, text, "Cargo.toml"), None);
        assert!(link_fault(&file, text, "docs/missing.md").is_some());
        assert_eq!(
            links("see [a](b.md) and [c](d.md#e)").collect::<Vec<_>>(),
            ["b.md", "d.md#e"]
        );
    }
}
