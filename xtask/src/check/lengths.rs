//! Short functions, short files.

use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, ImplItemFn, ItemFn, ItemMod, Signature, TraitItemFn};

use super::sources::{Source, is_for_tests};

/// Nine of ten functions have at most so many lines.
const FUNCTION_LINES_P90: usize = 25;
/// No function outside of tests has more.
const FUNCTION_LINES_MAX: usize = 70;
/// A test may tell a longer story.
const TEST_FUNCTION_LINES_MAX: usize = 100;
/// Tests in the file count.
const FILE_LINES_MAX: usize = 500;

/// Everything that is too long, one line each.
pub(super) fn offences(sources: &[Source]) -> Vec<String> {
    let mut offences = Vec::new();
    let mut lengths = Vec::new();
    for source in sources {
        let path = source.path.display();
        if source.lines > FILE_LINES_MAX {
            offences.push(format!(
                "{path}: {} lines, at most {FILE_LINES_MAX}",
                source.lines
            ));
        }
        for function in functions(source) {
            let limit = if function.is_test {
                TEST_FUNCTION_LINES_MAX
            } else {
                FUNCTION_LINES_MAX
            };
            if function.lines > limit {
                let Function {
                    name, line, lines, ..
                } = &function;
                offences.push(format!(
                    "{path}:{line}: {name} has {lines} lines, at most {limit}"
                ));
            }
            if !function.is_test {
                lengths.push(function.lines);
            }
        }
    }
    let p90 = percentile_90(&mut lengths);
    println!(
        "{} files, {} functions, p90 {p90} lines",
        sources.len(),
        lengths.len()
    );
    if p90 > FUNCTION_LINES_P90 {
        offences.push(format!(
            "the p90 of all functions is over {FUNCTION_LINES_P90} lines"
        ));
    }
    offences
}

struct Function {
    name: String,
    line: usize,
    lines: usize,
    is_test: bool,
}

fn functions(source: &Source) -> Vec<Function> {
    let mut finder = Finder {
        found: Vec::new(),
        in_tests: source.is_test,
    };
    finder.visit_file(&source.syntax);
    finder.found
}

fn percentile_90(lengths: &mut [usize]) -> usize {
    lengths.sort_unstable();
    let index = (lengths.len() * 9).div_ceil(10).saturating_sub(1);
    lengths.get(index).copied().unwrap_or(0)
}

struct Finder {
    found: Vec<Function>,
    in_tests: bool,
}

impl Finder {
    /// From the line with `fn` to the line of the closing brace.
    fn add(&mut self, attributes: &[Attribute], signature: &Signature, block: &Block) {
        let line = signature.fn_token.span().start().line;
        let end: Span = block.brace_token.span.close();
        self.found.push(Function {
            name: signature.ident.to_string(),
            line,
            lines: end.end().line + 1 - line,
            is_test: self.in_tests || is_for_tests(attributes),
        });
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        let outer = self.in_tests;
        self.in_tests |= is_for_tests(&module.attrs);
        visit::visit_item_mod(self, module);
        self.in_tests = outer;
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.add(&function.attrs, &function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.add(&function.attrs, &function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(block) = &function.default {
            self.add(&function.attrs, &function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source {
            path: "example.rs".into(),
            lines: text.lines().count(),
            syntax: syn::parse_file(text).unwrap(),
            is_test: false,
        }
    }

    fn function_of(lines: usize, attribute: &str) -> String {
        format!(
            "{attribute}\nfn long() {{\n{}}}\n",
            "    work();\n".repeat(lines - 2)
        )
    }

    #[test]
    fn the_limit_of_a_function_is_exact() {
        assert_eq!(functions(&source(&function_of(70, "")))[0].lines, 70);
        let at_limit = offences(&[source(&function_of(70, ""))]);
        assert!(
            at_limit.iter().all(|offence| offence.contains("p90")),
            "{at_limit:?}"
        );
        let over = offences(&[source(&function_of(71, ""))]);
        assert_eq!(over[0], "example.rs:2: long has 71 lines, at most 70");
    }

    #[test]
    fn tests_may_be_longer_and_do_not_count_for_the_percentile() {
        for attribute in ["#[test]", "#[tokio::test]"] {
            assert!(offences(&[source(&function_of(100, attribute))]).is_empty());
        }
        let module = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function_of(100, ""));
        assert!(offences(&[source(&module)]).is_empty());
        assert_eq!(offences(&[source(&function_of(101, "#[test]"))]).len(), 1);
    }

    #[test]
    fn methods_and_nested_functions_are_seen() {
        let text = "impl A { fn a(&self) { fn b() {} } }\ntrait T { fn c() {} fn d(); }\n";
        let names: Vec<String> = functions(&source(text))
            .into_iter()
            .map(|f| f.name)
            .collect();
        assert_eq!(names, ["a", "b", "c"]);
    }

    #[test]
    fn a_long_file_is_an_offence() {
        assert!(offences(&[source(&"\n".repeat(500))]).is_empty());
        assert_eq!(offences(&[source(&"\n".repeat(501))]).len(), 1);
    }
}
