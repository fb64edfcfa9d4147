//! Commands and their options as Markdown, made from what `--help` says.

use core::fmt::Write as _;

use crate::support::World;

/// Columns before the name of a command, an argument or an option in a help text.
const INDENT: usize = 2;

/// A command that does something.
pub(crate) struct Command {
    /// As it is typed: `net up`.
    pub(crate) name: String,
    /// What it does, in a sentence.
    pub(crate) about: String,
    usage: String,
    entries: Vec<Entry>,
}

/// An argument or an option.
#[derive(Debug, Default, PartialEq, Eq)]
struct Entry {
    spec: String,
    meaning: String,
    default: Option<String>,
    pub(crate) variable: Option<String>,
}

/// All commands, in the order of the help texts.
pub(crate) fn commands(world: &World) -> Vec<Command> {
    let mut found = Vec::new();
    walk(world, &mut Vec::new(), &mut found);
    found
}

fn walk(world: &World, path: &mut Vec<String>, found: &mut Vec<Command>) {
    let args: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
    let ended = world.leek(&args);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let help = &ended.stdout;
    let below = section(help, "Commands:");
    if below.is_empty() {
        found.push(Command::of(path.join(" "), help));
        return;
    }
    for line in below {
        let Some(name) = at_indent(line).and_then(|text| text.split(' ').next()) else {
            continue;
        };
        if name != "help" {
            path.push(name.to_owned());
            walk(world, path, found);
            path.pop();
        }
    }
}

impl Command {
    fn of(name: String, help: &str) -> Self {
        let about = help.lines().next().unwrap_or_default();
        let usage = help.lines().find_map(|line| line.strip_prefix("Usage: "));
        Self {
            name,
            about: about.trim_end_matches('.').to_owned(),
            usage: usage.expect("a usage").to_owned(),
            entries: entries(help),
        }
    }

    /// The environment variables that it reads instead of options.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|it| it.variable.as_deref())
    }

    /// Its usage and its options.
    pub(crate) fn markdown(&self) -> String {
        let mut out = format!("```text\n{}\n```\n\n", self.usage);
        out.push_str("| Option | Meaning | Default |\n|---|---|---|\n");
        for entry in &self.entries {
            let Entry { spec, meaning, .. } = entry;
            let default = entry.default.as_deref().unwrap_or_default();
            let variable = entry.variable.as_ref();
            let variable = variable.map_or_else(String::new, |name| format!(" (or `{name}`)"));
            let _ = writeln!(
                out,
                "| `{}`{variable} | {} | {} |",
                cell(spec),
                cell(meaning),
                cell(default)
            );
        }
        out
    }
}

/// What stands in a table's cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// The lines below a heading, up to the next one.
fn section<'a>(help: &'a str, heading: &str) -> Vec<&'a str> {
    let mut lines = help.lines().skip_while(|line| *line != heading);
    lines.next();
    lines.take_while(|line| !is_heading(line)).collect()
}

fn is_heading(line: &str) -> bool {
    line.ends_with(':') && !line.starts_with(' ')
}

fn at_indent(line: &str) -> Option<&str> {
    let text = line.trim_start();
    (!text.is_empty() && line.len() - text.len() == INDENT).then_some(text)
}

/// The arguments and options of a help text. Each begins with `<` or `-`, at two or six blanks;
/// what it means stands behind two blanks, or below it and further in.
fn entries(help: &str) -> Vec<Entry> {
    let mut raw: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    for line in help.lines() {
        if is_heading(line) {
            inside = line != "Examples:";
        }
        let text = line.trim_start();
        let indent = line.len() - text.len();
        let begins = text.starts_with(['<', '-']) && (indent == INDENT || indent == INDENT + 4);
        if !inside {
            continue;
        }
        if begins {
            let (spec, meaning) = text.split_once("  ").unwrap_or((text, ""));
            raw.push((spec.to_owned(), meaning.trim().to_owned()));
        } else if let Some((_, meaning)) = raw.last_mut()
            && indent > INDENT
        {
            let item = text.strip_prefix("- ");
            let join = if item.is_some() { "; " } else { " " };
            meaning.push_str(join);
            meaning.push_str(item.unwrap_or(text).trim());
        }
    }
    raw.retain(|(spec, _)| !spec.contains("--help"));
    raw.into_iter()
        .map(|(spec, meaning)| entry(spec, meaning))
        .collect()
}

fn entry(spec: String, meaning: String) -> Entry {
    let (meaning, default) = without_note(meaning, "default: ");
    let (meaning, variable) = without_note(meaning, "env: ");
    let (meaning, values) = without_note(meaning, "possible values: ");
    let words: Vec<&str> = meaning.split_whitespace().collect();
    let mut meaning = words.join(" ").replace(" Possible values:; ", ": ");
    if let Some(values) = values {
        let _ = write!(meaning, ": {values}");
    }
    Entry {
        spec,
        meaning,
        default: default.map(|text| match text.contains(' ') {
            true => text,
            false => format!("`{text}`"),
        }),
        variable: variable.map(|text| text.trim_end_matches('=').to_owned()),
    }
}

/// A text without its `[note…]`, and what that says.
fn without_note(text: String, note: &str) -> (String, Option<String>) {
    let Some((before, rest)) = text.split_once(&format!("[{note}")) else {
        return (text, None);
    };
    let (said, after) = rest.split_once(']').expect("a note ends");
    (format!("{before}{after}"), Some(said.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_help_are_read() {
        let short = "\
Do it

Usage: leek it [OPTIONS] <WHAT>

Arguments:
  <WHAT>  What to do

Options:
      --dir <DIR>  Where [default: a new
                   one] [env: LEEK_DIR=]
  -h, --help       Print help
";
        let long = "\
Do it.

Usage: leek it [OPTIONS] <WHAT>

Arguments:
  <WHAT>
          What to do

Options:
      --dir <DIR>
          Where

          [env: LEEK_DIR=]
          [default: a new one]

  -h, --help
          Print help (see a summary with '-h')

Examples:
  -- nothing
";
        let [short, long] = [short, long].map(|help| Command::of("it".to_owned(), help));
        assert_eq!(short.entries, long.entries);
        assert_eq!(
            short.markdown(),
            "```text\nleek it [OPTIONS] <WHAT>\n```\n\n\
             | Option | Meaning | Default |\n|---|---|---|\n\
             | `<WHAT>` | What to do |  |\n\
             | `--dir <DIR>` (or `LEEK_DIR`) | Where | a new one |\n"
        );
    }
}
