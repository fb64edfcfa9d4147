//! Strings of strangers on a terminal: nothing they hold may move the cursor, change colours or
//! turn the reading direction.

use std::path::Path;

/// `text` with control, bidirectional and invisible characters spelled out as `\u{..}`.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_treacherous(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// [`escaped`], cut to at most `columns` with a `…` where something is missing, and without
/// trailing blanks.
pub(crate) fn fitted(text: &str, columns: usize) -> String {
    // Every character takes a column at least, so the rest of a huge string need not be looked at.
    let text = escaped(beginning(text, columns + 1));
    if width(&text) <= columns {
        return text.trim_end().to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let fits = |c: &char| {
        let fits = width_of(*c) <= left;
        left = left.saturating_sub(width_of(*c));
        fits
    };
    let mut out: String = text.chars().take_while(fits).collect();
    out.push('…');
    out
}

/// [`escaped`], broken into lines of at most `columns`, between words where possible; at most
/// `lines_max` of them, the last one then ending in `…`.
pub(crate) fn wrapped(text: &str, columns: usize, lines_max: usize) -> Vec<String> {
    // Enough for one line too many, with a blank lost at the end of each.
    let shown = beginning(text, (columns + 1) * (lines_max + 1));
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in escaped(shown).split(' ') {
        let mut word = word;
        loop {
            let gap = usize::from(!line.is_empty());
            if width(&line) + gap + width(word) <= columns {
                line.extend((gap == 1).then_some(' '));
                line.push_str(word);
                break;
            }
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                continue;
            }
            let (head, tail) = split_at_width(word, columns);
            lines.push(head.to_owned());
            word = tail;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    if lines.len() > lines_max || shown.len() < text.len() {
        lines.truncate(lines_max);
        if let Some(last) = lines.last_mut() {
            *last = fitted(&format!("{last} …"), columns);
        }
    }
    lines
}

/// A path as one word of a POSIX shell command.
pub(crate) fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%=~".contains(c);
    if !text.is_empty() && !text.starts_with('~') && text.chars().all(plain) {
        return text;
    }
    if !text.chars().any(is_treacherous) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    // bash and zsh: $'...' takes escapes.
    let mut out = String::from("$'");
    for c in text.chars() {
        if is_treacherous(c) {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                out.push_str(&format!("\\x{byte:02x}"));
            }
        } else {
            out.extend(matches!(c, '\'' | '\\').then_some('\\'));
            out.push(c);
        }
    }
    out.push('\'');
    out
}

/// Columns a string takes, or more: see [`width_of`].
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

/// An upper bound of a character's columns. East Asian wide characters begin at U+1100; the
/// narrow ones above it that this crate prints itself are told apart.
fn width_of(c: char) -> usize {
    match c {
        '\u{2000}'..='\u{25ff}' | '\0'..='\u{10ff}' => 1,
        _ => 2,
    }
}

/// Controls (C0, C1, DEL), line and paragraph separators, and everything that changes direction
/// or cannot be seen (Unicode 16, categories Zl, Zp and the usual Cf; UAX 9; UTS 39 section 3).
fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// The first `chars` characters.
fn beginning(text: &str, chars: usize) -> &str {
    let end = text
        .char_indices()
        .nth(chars)
        .map_or(text.len(), |(at, _)| at);
    text.split_at(end).0
}

fn split_at_width(text: &str, columns: usize) -> (&str, &str) {
    let mut taken = 0;
    let at = text
        .char_indices()
        // The first character always goes, or a narrow column would loop for ever.
        .find(|&(i, c)| {
            taken += width_of(c);
            i > 0 && taken > columns
        })
        .map_or(text.len(), |(i, _)| i);
    text.split_at(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn treacherous_characters_are_spelled_out() {
        assert_eq!(
            escaped("a\x1b[31mb\u{202e}c\n"),
            "a\\u{1b}[31mb\\u{202e}c\\u{a}"
        );
        assert_eq!(escaped("Zürich 東京"), "Zürich 東京");
    }

    #[test]
    fn cut_text_says_so() {
        assert_eq!(fitted("abcdef", 6), "abcdef");
        assert_eq!(fitted("abcdefg", 6), "abcde…");
        assert_eq!(fitted("東京東京", 6), "東京…");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("one two three", 7, 9), ["one two", "three"]);
        assert_eq!(wrapped("abcdefghij k", 4, 9), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrapped("one two three four", 5, 2), ["one", "two …"]);
        assert_eq!(wrapped(&"x".repeat(10_000_000), 3, 2), ["xxx", "xx…"]);
        assert!(wrapped("", 5, 2).is_empty());
    }

    #[test]
    fn paths_are_one_shell_word() {
        let word = |path: &str| shell_word(Path::new(path));
        assert_eq!(word("runs/first-light_seed7"), "runs/first-light_seed7");
        assert_eq!(word("my runs/it's"), r"'my runs/it'\''s'");
        assert_eq!(word("a\nb'"), r"$'a\x0ab\''");
        assert_eq!(word("$(reboot)"), "'$(reboot)'");
        assert_eq!(word(""), "''");
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_asked(text in any::<String>(), columns in 2_usize..40) {
            prop_assert!(width(&fitted(&text, columns)) <= columns);
            for line in wrapped(&text, columns, 5) {
                prop_assert!(width(&line) <= columns, "{line:?}");
                prop_assert!(!line.chars().any(is_treacherous));
            }
        }
    }
}
