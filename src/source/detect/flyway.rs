//! Flyway's configuration: how files are named, and what is filled in.

use regex::Regex;

/// What `flyway.conf`, `flyway.toml` or Spring's `application.properties` say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::source) struct Flyway {
    versioned: String,
    undo: String,
    repeatable: String,
    baseline: String,
    separator: String,
    suffixes: Vec<String>,
    /// What stands before and after the name of a placeholder; `None` where none is replaced.
    pub(in crate::source) placeholder: Option<(String, String)>,
    /// All that is pending is applied in one transaction.
    pub(in crate::source) group: bool,
    /// Statements that refuse a transaction may stand beside others; the file then runs without one.
    pub(in crate::source) mixed: bool,
}

impl Default for Flyway {
    fn default() -> Self {
        Self {
            versioned: "V".to_owned(),
            undo: "U".to_owned(),
            repeatable: "R".to_owned(),
            baseline: "B".to_owned(),
            separator: "__".to_owned(),
            suffixes: vec![".sql".to_owned()],
            placeholder: Some(("${".to_owned(), "}".to_owned())),
            group: false,
            mixed: false,
        }
    }
}

/// What a name is to Flyway.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::source) enum Named {
    /// A migration with its version.
    Versioned(String),
    /// The way back from a version.
    Undo(String),
    /// Applied again whenever it changes.
    Repeatable,
    /// All up to a version in one.
    Baseline,
}

impl Flyway {
    /// Lines `flyway.key=value`, as in `flyway.conf`; Spring writes `spring.flyway.some-key`. `None` where there is none.
    pub(super) fn of_properties(text: &str) -> Option<Self> {
        let mut this = Self::default();
        let mut any = false;
        for line in text.lines() {
            let line = line.trim();
            let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with(['#', '!'])) else { continue };
            let key = key.trim();
            if let Some(key) = key.strip_prefix("spring.").unwrap_or(key).strip_prefix("flyway.") {
                this.set(key, value.trim());
                any = true;
            }
        }
        any.then_some(this)
    }

    /// The table `flyway` of `flyway.toml`. `None` where it cannot be read.
    pub(super) fn of_toml(text: &str) -> Option<Self> {
        let table: toml::Table = toml::from_str(text).ok()?;
        let mut this = Self::default();
        for (key, value) in table.get("flyway").and_then(toml::Value::as_table).into_iter().flatten() {
            let value = match value {
                toml::Value::String(word) => word.clone(),
                toml::Value::Boolean(on) => on.to_string(),
                toml::Value::Array(words) => words.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(","),
                _ => continue,
            };
            this.set(key, &value);
        }
        Some(this)
    }

    fn set(&mut self, key: &str, value: &str) {
        let key = key.replace('-', "").to_ascii_lowercase();
        let word = value.to_owned();
        let (before, after) = self.placeholder.clone().unwrap_or_else(|| ("${".to_owned(), "}".to_owned()));
        match key.as_str() {
            "sqlmigrationprefix" => self.versioned = word,
            "undosqlmigrationprefix" => self.undo = word,
            "repeatablesqlmigrationprefix" => self.repeatable = word,
            "baselinemigrationprefix" => self.baseline = word,
            "sqlmigrationseparator" => self.separator = word,
            "sqlmigrationsuffixes" => self.suffixes = value.split(',').map(|s| s.trim().to_owned()).collect(),
            "placeholderprefix" if !value.is_empty() => self.placeholder = Some((word, after)),
            "placeholdersuffix" if !value.is_empty() => self.placeholder = Some((before, word)),
            "placeholderreplacement" if value == "false" => self.placeholder = None,
            "group" => self.group = value == "true",
            "mixed" => self.mixed = value == "true",
            _ => {}
        }
    }

    /// What a file of this name is. Source: Flyway documentation, "Migrations", "Naming".
    pub(in crate::source) fn named(&self, name: &str) -> Option<Named> {
        let stem = self.suffixes.iter().find_map(|suffix| name.strip_suffix(suffix.as_str()))?;
        let (head, _) = stem.split_once(self.separator.as_str()).unwrap_or((stem, ""));
        let version = |prefix: &str| {
            let version = head.strip_prefix(prefix)?;
            let digits = version.starts_with(|c: char| c.is_ascii_digit());
            (digits && version.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '_'))).then_some(version)
        };
        if head == self.repeatable && head != stem {
            return Some(Named::Repeatable);
        }
        if head == stem {
            // `V1.sql` has no description, which Flyway takes; any other program's file may be named so.
            return None;
        }
        if let Some(version) = version(&self.versioned) {
            return Some(Named::Versioned(version.to_owned()));
        }
        if let Some(version) = version(&self.undo) {
            return Some(Named::Undo(version.to_owned()));
        }
        version(&self.baseline).map(|_| Named::Baseline)
    }

    /// Whether a file of this name is run at some event: `beforeMigrate.sql`, `afterEachMigrate__vacuum.sql`.
    pub(in crate::source) fn callback(&self, name: &str) -> bool {
        static EVENT: std::sync::LazyLock<Regex> = std::sync::LazyLock::new(|| {
            // A literal; a mistake in it shows at the first test.
            Regex::new(
                r"^(before|after)((Each)?(Migrate|Undo|Repeatables|Versioned|Clean|Info|Validate|Baseline|Repair)(Statement)?(Applied|Error|OperationFinish)?|Connect)$|^createSchema$",
            )
            .expect("a pattern of this file compiles")
        });
        let stem = self.suffixes.iter().find_map(|suffix| name.strip_suffix(suffix.as_str()));
        stem.is_some_and(|stem| EVENT.is_match(stem.split(self.separator.as_str()).next().unwrap_or_default()))
    }
}

/// What the configuration of one script says of its transaction. Source: Flyway documentation, "Script configuration".
pub(in crate::source) fn execute_in_transaction(text: &str) -> Option<bool> {
    let mut said = text.lines().filter_map(|line| line.split_once('=')).filter(|(key, _)| {
        let key = key.trim();
        key.strip_prefix("flyway.").unwrap_or(key) == "executeInTransaction"
    });
    let (_, value) = said.next_back()?;
    value.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_a_prefix_a_version_and_a_description() {
        let flyway = Flyway::default();
        assert_eq!(flyway.named("V1_2__add note.sql"), Some(Named::Versioned("1_2".to_owned())));
        assert_eq!(flyway.named("U1.2__add.sql"), Some(Named::Undo("1.2".to_owned())));
        assert_eq!(flyway.named("R__views.sql"), Some(Named::Repeatable));
        assert_eq!(flyway.named("B10__all.sql"), Some(Named::Baseline));
        for other in ["V1__a.txt", "V__a.sql", "Video__a.sql", "v1__a.sql", "V1_a.sql"] {
            assert_eq!(flyway.named(other), None, "{other}");
        }
        assert!(flyway.callback("beforeMigrate.sql") && flyway.callback("afterEachMigrate__log.sql"));
        assert!(!flyway.callback("before.sql") && !flyway.callback("afterwards.sql"));
    }

    #[test]
    fn a_script_can_have_a_configuration_of_its_own() {
        let said =
            ["executeInTransaction=false\r\n", "# a\nexecuteInTransaction = true", "#executeInTransaction=true", ""];
        assert_eq!(said.map(execute_in_transaction), [Some(false), Some(true), None, None]);
    }

    #[test]
    fn the_configuration_changes_them() {
        let conf = "# flyway.mixed=false\nflyway.sqlMigrationPrefix = M\nflyway.placeholderPrefix=#[\nflyway.placeholderSuffix=]\nflyway.mixed=true\n";
        let flyway = Flyway::of_properties(conf).expect("it is one");
        assert_eq!(flyway.named("M1__a.sql"), Some(Named::Versioned("1".to_owned())));
        assert_eq!(flyway.placeholder, Some(("#[".to_owned(), "]".to_owned())));
        assert!(flyway.mixed && !flyway.group);
        let spring = Flyway::of_properties("spring.flyway.sql-migration-separator=-\nspring.flyway.group=true");
        assert!(spring.is_some_and(|flyway| flyway.group && flyway.named("V1-a.sql").is_some()));
        let toml = Flyway::of_toml("[flyway]\nplaceholderReplacement = false\nsqlMigrationSuffixes = [\".pg.sql\"]\n");
        assert!(toml.is_some_and(|flyway| flyway.placeholder.is_none() && flyway.named("V1__a.pg.sql").is_some()));
        assert_eq!(Flyway::of_properties("server.port=80"), None);
    }
}
