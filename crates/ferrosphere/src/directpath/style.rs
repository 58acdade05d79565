//! Colours and width of the output: what a terminal shows, and nothing of it elsewhere.

use std::env;
use std::io::{IsTerminal, stdout};

/// How to print.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Whether tones are shown by colours.
    pub colour: bool,
    /// Columns that a line may have; none where there is no terminal.
    pub width: Option<usize>,
}

/// What a text means.
#[derive(Clone, Copy, Debug)]
pub enum Tone {
    /// As it is.
    Plain,
    /// A heading.
    Head,
    /// What is good.
    Good,
    /// What is not.
    Bad,
    /// What matters less.
    Dim,
}

impl Style {
    /// That of standard output. The variable NO_COLOR is respected.
    pub fn of_stdout() -> Style {
        let terminal = stdout().is_terminal();
        let plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || env::var_os("TERM").is_some_and(|term| term == "dumb");
        let width = terminal_size::terminal_size_of(stdout()).map(|(width, _)| usize::from(width.0));
        Style { colour: terminal && !plain, width: width.filter(|width| terminal && *width >= 40) }
    }

    /// The text in its tone.
    pub fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Head => "1",
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Dim => "2",
            Tone::Plain => "",
        };
        if !self.colour || code.is_empty() || text.is_empty() {
            return text.to_owned();
        }
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// A name from a server without the characters by which it could write elsewhere on the terminal.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// The text in lines of at most so many characters, broken at spaces where there are some.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, |line| line.chars().count());
        let space = usize::from(line > 0);
        if line > 0 && line + space + word.chars().count() > width {
            lines.push(word.to_owned());
        } else if let Some(line) = lines.last_mut() {
            line.push_str(&" ".repeat(space));
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_spaces() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("unbreakable", 4), ["unbreakable"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("äöü äöü", 7).len(), 1);
    }

    #[test]
    fn a_name_cannot_write_elsewhere_on_the_terminal() {
        assert_eq!(clean("web\x1b[2J\n1"), "web?[2J?1");
    }

    #[test]
    fn colours_are_for_terminals_only() {
        assert_eq!(Style::default().paint(Tone::Bad, "x"), "x");
        let colour = Style { colour: true, width: None };
        assert_eq!(colour.paint(Tone::Bad, "x"), "\x1b[31mx\x1b[0m");
        assert_eq!(colour.paint(Tone::Plain, "x"), "x");
    }
}
