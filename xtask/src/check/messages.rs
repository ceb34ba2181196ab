//! Error messages of our own: lower case at the start, no full stop at the end, so that they can be
//! put together with a colon. Texts that the served API documents live in constants and are not
//! looked at.

use syn::parse::Parser as _;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ExprLit, ExprMethodCall, ItemMod, Lit, LitStr, Macro, Token};

use super::sources::{Source, is_for_tests};

/// Macros whose first argument is an error message.
const MACROS: [&str; 3] = ["anyhow", "bail", "ensure"];
/// Methods whose argument is one.
const METHODS: [&str; 2] = ["context", "with_context"];

/// Every message in another style, one line each.
pub(super) fn offences(sources: &[Source]) -> Vec<String> {
    let mut offences = Vec::new();
    for source in sources.iter().filter(|source| !source.is_test) {
        let mut finder = Finder::default();
        finder.visit_file(&source.syntax);
        for message in finder.messages {
            if let Some(fault) = fault(&message.value()) {
                let line = message.span().start().line;
                let text = message.value();
                offences.push(format!(
                    "{}:{line}: {fault}: {text:?}",
                    source.path.display()
                ));
            }
        }
    }
    offences
}

fn fault(message: &str) -> Option<&'static str> {
    let mut start = message.chars();
    let (first, second) = (start.next()?, start.next().unwrap_or(' '));
    // "RIFF header missing" and "Ctrl-C" are names, not sentences.
    let sentence = first.is_uppercase() && second.is_lowercase() && !is_name(message);
    if sentence {
        return Some("message starts with a capital");
    }
    let full_stop = message.ends_with('.') && !message.ends_with("..");
    full_stop.then_some("message ends with a full stop")
}

/// Proper names that may begin a message.
fn is_name(message: &str) -> bool {
    const NAMES: [&str; 8] = [
        "Autobahn",
        "Ctrl-C",
        "Maven",
        "Moonshine",
        "Node",
        "Ogg",
        "Python",
        "Whisper",
    ];
    NAMES.iter().any(|name| message.starts_with(name))
}

#[derive(Default)]
struct Finder {
    messages: Vec<LitStr>,
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if attribute.path().is_ident("error")
            && let syn::Meta::List(list) = &attribute.meta
        {
            self.messages.extend(first_literal(list.tokens.clone()));
        }
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        if MACROS.iter().any(|name| call.path.is_ident(name)) {
            self.messages.extend(first_literal(call.tokens.clone()));
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if METHODS.iter().any(|name| call.method == name)
            && let Some(Expr::Lit(ExprLit {
                lit: Lit::Str(message),
                ..
            })) = call.args.first()
        {
            self.messages.push(message.clone());
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// The first string among comma-separated expressions: `ensure!` has a condition before it.
fn first_literal(tokens: proc_macro2::TokenStream) -> Option<LitStr> {
    let arguments = Punctuated::<Expr, Token![,]>::parse_terminated
        .parse2(tokens)
        .ok()?;
    arguments.into_iter().find_map(|argument| match argument {
        Expr::Lit(ExprLit {
            lit: Lit::Str(message),
            ..
        }) => Some(message),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_faults_and_names_are_not() {
        assert!(fault("The file is missing").is_some());
        assert!(fault("the file is missing.").is_some());
        for good in [
            "the file is missing",
            "RIFF header missing",
            "Python 3 is missing",
            "and so on ...",
        ] {
            assert!(fault(good).is_none(), "{good}");
        }
    }

    #[test]
    fn messages_are_found_where_they_are_written() {
        let text = r#"
            #[derive(Error)] enum E { #[error("One: {0}", x)] A(u8), #[error(transparent)] B }
            fn f() -> Result<()> { g().context("Two")?; ensure!(a > b, "Three"); bail!("Four {x}") }
            #[cfg(test)] mod tests { fn f() { bail!("Five") } }
        "#;
        let mut finder = Finder::default();
        finder.visit_file(&syn::parse_file(text).unwrap());
        let found: Vec<String> = finder.messages.iter().map(LitStr::value).collect();
        assert_eq!(found, ["One: {0}", "Two", "Three", "Four {x}"]);
    }
}
