//! What is typed on a page, in which terminal, and what it shows.
//!
//! Between the markers of a transcript, a fence `console` is the first terminal and a fence
//! `console second` the second. A line with `$ ` in front is typed; the lines behind it, up to the
//! next one or the end of the fence, are what the terminal then shows. A fence that does not begin
//! with `$ ` shows more of the program that still runs in its terminal. The line `^C` is that key.

use core::ops::Range;

/// What stands in front of a command.
const PROMPT: &str = "$ ";

/// How the fences of the terminals begin.
const FENCES: [&str; 2] = ["console", "console second"];

/// How many terminals there are.
pub(super) const TERMINALS: usize = FENCES.len();

/// The transcript on a page.
pub(super) struct Script {
    page: String,
    pub(super) blocks: Vec<Block>,
}

/// One fence.
pub(super) struct Block {
    pub(super) terminal: usize,
    pub(super) steps: Vec<Step>,
    /// Where its lines stand on the page.
    place: Range<usize>,
}

/// Something happens in a terminal.
pub(super) struct Step {
    /// What is typed; `None` when the program that was typed before goes on.
    pub(super) command: Option<String>,
    /// What is shown.
    pub(super) shown: Vec<String>,
    /// Whether the program still runs afterwards.
    pub(super) runs_on: bool,
}

impl Script {
    /// The transcript called `name`.
    ///
    /// # Panics
    /// When the page does not have it, or it makes no sense.
    pub(super) fn of(page: &str, name: &str) -> Self {
        let [begin, end] = ["", "/"].map(|slash| format!("<!-- {slash}transcript:{name} -->"));
        let [from, to] = [begin, end].map(|marker| {
            page.find(&marker)
                .unwrap_or_else(|| panic!("no {marker} on the page"))
        });
        let mut blocks = Vec::new();
        let mut open: Option<(usize, usize)> = None;
        let mut at = from;
        for line in page[from..to].split_inclusive('\n') {
            let next = at + line.len();
            match (open, line.trim_end().strip_prefix("```")) {
                (Some((terminal, begins)), Some("")) => {
                    blocks.push(Block {
                        terminal,
                        steps: steps(&page[begins..at]),
                        place: begins..at,
                    });
                    open = None;
                }
                (None, Some(fence)) => {
                    let terminal = FENCES.iter().position(|known| *known == fence);
                    let terminal = terminal.unwrap_or_else(|| panic!("a fence {fence:?}"));
                    open = Some((terminal, next));
                }
                _ => {}
            }
            at = next;
        }
        assert!(open.is_none(), "a fence without an end");
        let mut script = Self {
            page: page.to_owned(),
            blocks,
        };
        script.note_what_runs_on();
        script
    }

    fn note_what_runs_on(&mut self) {
        for at in 0..self.blocks.len() {
            let terminal = self.blocks[at].terminal;
            let mut later = self.blocks[at + 1..].iter();
            let next = later.find(|block| block.terminal == terminal);
            let runs_on = next.is_some_and(|block| block.steps[0].command.is_none());
            let last = self.blocks[at].steps.last_mut();
            last.expect("a block has a step").runs_on = runs_on;
        }
    }

    /// All lines, in their order.
    pub(super) fn lines(&self) -> Vec<String> {
        let blocks = self.blocks.iter().map(|block| block.lines(&self.page));
        blocks.collect::<Vec<_>>().concat()
    }

    /// The page with these lines in the place of each block's.
    pub(super) fn with(&self, blocks: &[Vec<String>]) -> String {
        assert_eq!(blocks.len(), self.blocks.len());
        let mut page = String::new();
        let mut at = 0;
        for (block, lines) in self.blocks.iter().zip(blocks) {
            page.push_str(&self.page[at..block.place.start]);
            for line in lines {
                page.push_str(line);
                page.push('\n');
            }
            at = block.place.end;
        }
        page + &self.page[at..]
    }
}

impl Block {
    fn lines(&self, page: &str) -> Vec<String> {
        page[self.place.clone()]
            .lines()
            .map(str::to_owned)
            .collect()
    }
}

impl Step {
    /// The line that shows what is typed.
    pub(super) fn typed(command: &str) -> String {
        format!("{PROMPT}{command}")
    }
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in text.lines() {
        let command = line.strip_prefix(PROMPT).map(str::to_owned);
        if command.is_some() || steps.is_empty() {
            steps.push(Step {
                command: command.clone(),
                shown: Vec::new(),
                runs_on: false,
            });
        }
        if command.is_none() {
            let step = steps.last_mut().expect("a step was begun");
            step.shown.push(line.to_owned());
        }
    }
    assert!(!steps.is_empty(), "a terminal that shows nothing");
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
a
<!-- transcript:x -->
```console
$ one
1
$ two
```
then
```console second
$ three
```
```console
2
^C
```
<!-- /transcript:x -->
z
";

    #[test]
    fn a_page_is_read_and_written() {
        let script = Script::of(PAGE, "x");
        let steps = script.blocks.iter().flat_map(|block| {
            let step = |step: &Step| (block.terminal, step.command.clone(), step.runs_on);
            block.steps.iter().map(step).collect::<Vec<_>>()
        });
        let command = |text: &str| Some(text.to_owned());
        assert_eq!(
            steps.collect::<Vec<_>>(),
            [
                (0, command("one"), false),
                (0, command("two"), true),
                (1, command("three"), false),
                (0, None, false)
            ]
        );
        assert_eq!(
            script.lines(),
            ["$ one", "1", "$ two", "$ three", "2", "^C"]
        );
        let same: Vec<Vec<String>> = script
            .blocks
            .iter()
            .map(|block| block.lines(PAGE))
            .collect();
        assert_eq!(script.with(&same), PAGE);
        let other = script.with(&[vec!["$ 1".to_owned()], vec![], vec!["^D".to_owned()]]);
        assert!(other.contains("```console\n$ 1\n```\nthen"), "{other}");
        assert!(other.ends_with("```console\n^D\n```\n<!-- /transcript:x -->\nz\n"));
    }
}
