//! Errors in scenarios on a terminal: the place, a caret, the remedy.

use core::fmt::{self, Display};
use std::io::{self, IsTerminal as _};

use leek_report::escaped;
use miette::{
    Diagnostic, LabeledSpan, MietteHandler, MietteHandlerOpts, NamedSource, ReportHandler as _,
    SourceCode, SourceSpan,
};

/// Columns of a message that does not go to a terminal.
const COLUMNS: usize = 100;

/// The error as text, each line with its line end.
pub(crate) fn render(error: &dyn Diagnostic) -> String {
    let options = if io::stderr().is_terminal() {
        MietteHandlerOpts::new()
    } else {
        MietteHandlerOpts::new()
            .width(COLUMNS)
            .terminal_links(false)
            .color(false)
    };
    render_with(&options.build(), error)
}

fn render_with(handler: &MietteHandler, error: &dyn Diagnostic) -> String {
    format!(
        "{}\n",
        Rendered {
            handler,
            error: &Harmless::of(error)
        }
    )
}

struct Rendered<'a> {
    handler: &'a MietteHandler,
    error: &'a dyn Diagnostic,
}

impl Display for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handler.debug(self.error, f)
    }
}

/// An error whose words are a stranger's: a scenario may be somebody else's file, and nothing in
/// it may move the cursor or change colours.
#[derive(Debug)]
struct Harmless {
    message: String,
    help: Option<String>,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
}

impl Harmless {
    fn of(error: &dyn Diagnostic) -> Self {
        Self {
            message: escaped(&error.to_string()),
            help: error.help().map(|help| escaped(&help.to_string())),
            source: error.source_code().and_then(harmless_source),
            labels: error.labels().map(Iterator::collect).unwrap_or_default(),
        }
    }
}

impl Display for Harmless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for Harmless {}

impl Diagnostic for Harmless {
    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// The whole text with every treacherous character replaced by as many `?` as it has bytes, so
/// that spans still fit.
fn harmless_source(source: &dyn SourceCode) -> Option<NamedSource<String>> {
    let all = source
        .read_span(&SourceSpan::from(0..0), 0, usize::MAX)
        .ok()?;
    let text = String::from_utf8_lossy(all.data());
    let name = escaped(all.name().unwrap_or_default());
    Some(NamedSource::new(name, harmless(&text)))
}

fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' | '\n' | '\t' => out.push(c),
            '\r' => out.push(' '),
            _ if escaped(c.encode_utf8(&mut [0; 4])).starts_with('\\') => {
                out.extend(core::iter::repeat_n('?', c.len_utf8()));
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use leek_lab::scenario::ScenarioError;

    use super::*;

    fn rendered(text: &str, span: core::ops::Range<usize>, message: &str) -> String {
        let error = ScenarioError::at("a.toml", text, Some(span), message.to_owned());
        let options = MietteHandlerOpts::new()
            .width(COLUMNS)
            .unicode(true)
            .color(false);
        render_with(
            &options.terminal_links(false).build(),
            &error.help("mend it"),
        )
    }

    #[test]
    fn an_error_shows_its_place_and_the_remedy() {
        let text = rendered("a = 1\nb = 2\nc = 3\n", 10..11, "two is not a number");
        let expected = "  × two is not a number
   ╭─[a.toml:2:5]
 1 │ a = 1
 2 │ b = 2
   ·     ┬
   ·     ╰── here
 3 │ c = 3
   ╰────
  help: mend it

";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_strangers_text_cannot_move_the_cursor() {
        let source = "a = \"\x1b[2J\u{202e}\"\r\nb = \"東\u{9b}\"\n";
        let text = rendered(source, 4..13, "`\x1b]0;pwned\x07` is not known");
        assert!(
            !text.chars().any(|c| c.is_control() && c != '\n'),
            "{text:?}"
        );
        assert!(!text.contains('\u{202e}'), "{text:?}");
        assert!(text.contains("a = \"?[2J???\""), "{text}");
        assert!(text.contains("東"), "{text}");
        assert!(text.contains("`\\u{1b}]0;pwned\\u{7}`"), "{text}");
    }

    #[test]
    fn replacing_keeps_lengths() {
        let text = "\x00\x1b\r\n\u{9b}\u{202e}\u{e0001}äx\\";
        assert_eq!(harmless(text).len(), text.len());
        assert_eq!(harmless(text), "?? \n???????".to_owned() + "??äx\\");
    }
}
