//! Every function of a source file with its length, found in the syntax tree.

use proc_macro2::{TokenStream, TokenTree};
use syn::{
    Attribute, Block, ImplItemFn, ItemFn, ItemImpl, ItemMod, ItemTrait, Meta, Signature,
    TraitItemFn, Type,
    visit::{self, Visit},
};

/// A function outside test code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// Modules, type and enclosing functions, such as `tests::Puppet::step`.
    pub(crate) name: String,
    /// The line of `fn`, counted from 1.
    pub(crate) line: usize,
    /// From `fn` to the closing brace.
    pub(crate) lines: usize,
}

/// What a source file contains.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) functions: Vec<Function>,
    /// Modules in files of their own that exist in tests alone, such as `["tests"]`.
    pub(crate) test_modules: Vec<Vec<String>>,
}

/// Reads a source file. Functions inside macro calls are not seen: they are no syntax yet.
///
/// # Errors
/// Line and message when the text is no Rust.
pub(crate) fn read(text: &str) -> Result<Contents, (usize, String)> {
    let file = syn::parse_file(text).map_err(|e| (e.span().start().line, e.to_string()))?;
    let mut reader = Reader::default();
    reader.visit_file(&file);
    Ok(reader.contents)
}

#[derive(Default)]
struct Reader {
    contents: Contents,
    path: Vec<String>,
}

impl Reader {
    fn inside(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        self.path.push(name);
        visit(self);
        self.path.pop();
    }

    fn function(&mut self, attributes: &[Attribute], signature: &Signature, block: &Block) {
        if is_test(attributes) {
            return;
        }
        let name = signature.ident.to_string();
        let line = signature.fn_token.span.start().line;
        let last = block.brace_token.span.close().end().line;
        self.inside(name, |reader| {
            reader.contents.functions.push(Function {
                name: reader.path.join("::"),
                line,
                lines: last - line + 1,
            });
            visit::visit_block(reader, block);
        });
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        let name = module.ident.to_string();
        match (is_test(&module.attrs), &module.content) {
            (false, Some(_)) => {
                self.inside(name, |reader| visit::visit_item_mod(reader, module));
            }
            (true, None) => {
                let path = self.path.iter().cloned().chain([name]);
                self.contents.test_modules.push(path.collect());
            }
            (true, Some(_)) | (false, None) => {}
        }
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        if !is_test(&item.attrs) {
            let name = type_name(&item.self_ty);
            self.inside(name, |reader| visit::visit_item_impl(reader, item));
        }
    }

    fn visit_item_trait(&mut self, item: &'ast ItemTrait) {
        if !is_test(&item.attrs) {
            let name = item.ident.to_string();
            self.inside(name, |reader| visit::visit_item_trait(reader, item));
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.function(&item.attrs, &item.sig, &item.block);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.function(&item.attrs, &item.sig, &item.block);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.attrs, &item.sig, block);
        }
    }
}

/// The last name of a type's path.
fn type_name(of: &Type) -> String {
    match of {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        Type::Reference(reference) => Some(type_name(&reference.elem)),
        _ => None,
    }
    .unwrap_or_else(|| "_".to_owned())
}

/// Whether one of the attributes is a test's, or keeps the item out of every build but tests.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let path = attribute.path();
        if path.is_ident("cfg") {
            return match &attribute.meta {
                Meta::List(list) => needs_test(list.tokens.clone()),
                Meta::Path(_) | Meta::NameValue(_) => false,
            };
        }
        path.segments
            .last()
            .is_some_and(|last| last.ident == "test")
    })
}

/// Whether a condition can hold in tests only: `test`, alone or inside `all`.
fn needs_test(condition: TokenStream) -> bool {
    let mut operator = String::new();
    condition.into_iter().any(|token| match token {
        TokenTree::Ident(word) => {
            operator = word.to_string();
            operator == "test"
        }
        TokenTree::Group(group) => operator == "all" && needs_test(group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
//! A file.
pub const fn one() -> u8 { 1 }

/// Documented.
#[inline]
pub(crate) async fn two(
    a: u8,
) -> u8 {
    fn inner() {
        loop {}
    }
    a
}

mod deep {
    impl<T: Clone> super::Thing<T> {
        fn method(&self) {
        }
    }
    impl From<u8> for &'static Thing {
        fn from(_: u8) -> Self {
            todo!()
        }
    }
    #[cfg(test)]
    mod fixture;
}

trait Does {
    fn required();
    fn provided() {
        if true {
            fn hidden() {}
        }
    }
}

#[cfg(test)]
mod tests {
    fn helper() {}
}

#[cfg(all(unix, test))]
mod more;

#[cfg(any(test, feature = "x"))]
mod sometimes { fn counted() {} }

#[cfg(not(test))]
mod always { fn counted_too() {} }

#[test]
fn a_test() {}
"#;

    #[test]
    fn functions_of_all_kinds_are_found_and_tests_are_not() {
        let contents = read(SOURCE).unwrap();
        let found: Vec<_> = contents
            .functions
            .iter()
            .map(|f| (f.name.as_str(), f.line, f.lines))
            .collect();
        assert_eq!(
            found,
            [
                ("one", 3, 1),
                ("two", 7, 8),
                ("two::inner", 10, 3),
                ("deep::Thing::method", 18, 2),
                ("deep::Thing::from", 22, 3),
                ("Does::provided", 32, 5),
                ("Does::provided::hidden", 34, 1),
                ("sometimes::counted", 48, 1),
                ("always::counted_too", 51, 1),
            ]
        );
        assert_eq!(
            contents.test_modules,
            [vec!["deep", "fixture"], vec!["more"]]
        );
    }

    #[test]
    fn what_is_no_rust_is_refused_with_its_line() {
        let (line, _) = read("fn a() {}\nfn b( {}\n").unwrap_err();
        assert_eq!(line, 2);
    }
}
