//! What the place that output goes to can show.

use std::ffi::OsString;

use super::args::Color;
use crate::report::Options;

/// Columns where nothing says how many there are.
const WIDTH: usize = 100;

/// Reads a variable of the environment.
pub(super) type Environment<'e> = &'e dyn Fn(&str) -> Option<OsString>;

/// The options of rendering for output to a terminal (or not), from the command line and the environment.
///
/// `--color` decides; without it NO_COLOR turns colours off, FORCE_COLOR or CLICOLOR_FORCE turn them on (empty and `0`
/// say nothing), and else a terminal that is not dumb has them. Links are for terminals known to follow them.
pub(super) fn options(color: Color, terminal: bool, environment: Environment<'_>) -> Options {
    let set = |name: &str| environment(name).is_some_and(|value| !value.is_empty());
    let forced = |name: &str| environment(name).is_some_and(|value| !value.is_empty() && value != "0");
    let dumb = environment("TERM").is_some_and(|term| term == "dumb");
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR") => false,
        Color::Auto => forced("FORCE_COLOR") || forced("CLICOLOR_FORCE") || (terminal && !dumb),
    };
    let program = environment("TERM_PROGRAM").unwrap_or_default();
    let follows_links = ["iTerm.app", "WezTerm", "vscode", "ghostty"].iter().any(|name| program == *name)
        || ["VTE_VERSION", "WT_SESSION", "KITTY_WINDOW_ID", "DOMTERM"].iter().any(|name| set(name));
    let columns = environment("COLUMNS").and_then(|columns| columns.to_str()?.parse().ok());
    Options {
        color,
        hyperlinks: terminal && !dumb && follows_links,
        // Files and pipes are UTF-8; a terminal is what its locale says.
        unicode: !terminal || (!dumb && utf8(environment)),
        width: if terminal { columns.unwrap_or(WIDTH) } else { WIDTH },
        ..Options::default()
    }
}

/// Whether the locale is one of UTF-8: the first of the three variables that is set decides.
fn utf8(environment: Environment<'_>) -> bool {
    if cfg!(windows) {
        return true;
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().filter_map(|name| environment(name)).find(|v| !v.is_empty());
    locale.is_some_and(|locale| {
        let locale = locale.to_string_lossy().to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(color: Color, terminal: bool, variables: &[(&str, &str)]) -> Options {
        options(color, terminal, &|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn colours_follow_the_conventions() {
        for (color, terminal, variables, expected) in [
            (Color::Auto, false, &[][..], false),
            (Color::Auto, true, &[], true),
            (Color::Auto, true, &[("TERM", "dumb")], false),
            (Color::Auto, true, &[("NO_COLOR", "1")], false),
            (Color::Auto, true, &[("NO_COLOR", "")], true),
            (Color::Auto, false, &[("FORCE_COLOR", "1")], true),
            (Color::Auto, false, &[("CLICOLOR_FORCE", "1")], true),
            (Color::Auto, false, &[("CLICOLOR_FORCE", "0")], false),
            (Color::Auto, false, &[("NO_COLOR", "1"), ("FORCE_COLOR", "1")], false),
            (Color::Always, false, &[("NO_COLOR", "1")], true),
            (Color::Never, true, &[("FORCE_COLOR", "1")], false),
        ] {
            assert_eq!(with(color, terminal, variables).color, expected, "{color:?} {terminal} {variables:?}");
        }
    }

    #[test]
    fn a_pipe_gets_the_same_bytes_whatever_the_environment() {
        let plain = with(Color::Auto, false, &[]);
        let variables = [("LANG", "C"), ("COLUMNS", "40"), ("VTE_VERSION", "7000"), ("TERM", "xterm")];
        assert_eq!(with(Color::Auto, false, &variables), plain);
    }

    #[test]
    fn a_terminal_is_taken_at_its_word() {
        let options = with(Color::Auto, true, &[("LANG", "en_GB.UTF-8"), ("COLUMNS", "72"), ("VTE_VERSION", "7000")]);
        assert!(options.unicode && options.hyperlinks);
        assert_eq!(options.width, 72);
        assert!(!with(Color::Auto, true, &[("LANG", "C")]).unicode);
    }
}
