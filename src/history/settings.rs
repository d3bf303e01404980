//! Session settings that bound how long a statement may wait or run.

use crate::ir::{SettingDetails, Tri};

/// A timeout in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Timeout {
    /// Nothing in the source sets it: the server's default (no limit) holds.
    #[default]
    Unset,
    /// Set to a number of milliseconds; 0 switches the limit off.
    Milliseconds(u64),
    /// Set to a value that is not known.
    Set,
}

impl Timeout {
    /// The limit in milliseconds, where it is known and there is one.
    pub fn limit(self) -> Option<u64> {
        match self {
            Self::Milliseconds(value) if value > 0 => Some(value),
            _ => None,
        }
    }

    /// Whether a limit is in force.
    pub fn is_set(self) -> bool {
        matches!(self, Self::Set) || self.limit().is_some()
    }

    /// Reads a setting's value with its unit. A number without unit is milliseconds, and a fraction is allowed.
    /// Source: PostgreSQL documentation, "Setting Parameters", section "Parameter Names and Values".
    pub fn parse(value: &str) -> Self {
        let value = value.trim();
        let digits = value.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
        let unit = value.get(digits.len()..).unwrap_or_default().trim();
        let Ok(number) = digits.trim().parse::<f64>() else { return Self::Set };
        let factor = match unit {
            "" | "ms" => 1.0,
            "us" => 0.001,
            "s" => 1_000.0,
            "min" => 60_000.0,
            "h" => 3_600_000.0,
            "d" => 86_400_000.0,
            _ => return Self::Set,
        };
        let milliseconds = (number * factor).round();
        if !(0.0..=1e15).contains(&milliseconds) {
            return Self::Set;
        }
        // In range by the check above.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Self::Milliseconds(milliseconds as u64)
    }
}

/// The time zone of a session, as far as it is set in the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Zone {
    /// Nothing sets it: it is that of the server, of the database or of the role.
    #[default]
    Unset,
    /// One that is never off UTC.
    Utc,
    /// Another one.
    Other,
    /// Set to a value that is not known.
    Set,
}

/// Names of time zones that are never off UTC. Source: the `backward` and `etcetera` files of the IANA time zone database.
const UTC: &[&str] = &[
    "0",
    "utc",
    "gmt",
    "uct",
    "zulu",
    "universal",
    "greenwich",
    "gmt0",
    "gmt+0",
    "gmt-0",
    "utc0",
    "+0",
    "-0",
    "+00",
    "-00",
    "+00:00",
    "-00:00",
];

impl Zone {
    /// What a setting makes of it, where it is about the time zone.
    pub fn of(setting: &SettingDetails) -> Option<Self> {
        if setting.name == "all" && setting.value.is_none() {
            return Some(Self::Unset);
        }
        if setting.name != "timezone" {
            return None;
        }
        let Some(value) = &setting.value else { return Some(Self::Set) };
        let value = value.trim().to_lowercase();
        let own = value.strip_prefix("etc/").unwrap_or(&value);
        Some(match own {
            _ if UTC.contains(&own) => Self::Utc,
            // The server's own, an interval, a part that is not known.
            "local" | "default" => Self::Unset,
            _ if own.starts_with("interval") || own.starts_with(':') || own.contains(['{', '$']) => Self::Set,
            _ => Self::Other,
        })
    }

    /// Whether it is UTC.
    pub fn is_utc(self) -> Tri {
        match self {
            Self::Utc => Tri::Yes,
            Self::Other => Tri::No,
            Self::Unset | Self::Set => Tri::Unknown,
        }
    }

    /// This one, replaced where `local` sets it.
    #[must_use]
    pub fn overlaid(self, local: Self) -> Self {
        if local == Self::Unset { self } else { local }
    }
}

/// The timeouts that matter to migrations.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Timeouts {
    /// `lock_timeout`
    pub lock: Timeout,
    /// `statement_timeout`
    pub statement: Timeout,
    /// `idle_in_transaction_session_timeout`
    pub idle: Timeout,
}

impl Timeouts {
    /// Applies a setting; whether it was one of these.
    pub fn apply(&mut self, setting: &SettingDetails) -> bool {
        let slot = match setting.name.as_str() {
            "lock_timeout" => &mut self.lock,
            "statement_timeout" => &mut self.statement,
            "idle_in_transaction_session_timeout" => &mut self.idle,
            _ => return false,
        };
        *slot = match setting.value.as_deref() {
            Some(value) => Timeout::parse(value),
            None => Timeout::Set,
        };
        true
    }

    /// Takes back what `setting` sets: a SET after SET LOCAL counts for the rest of the transaction as well.
    pub fn forget(&mut self, setting: &SettingDetails) {
        match setting.name.as_str() {
            "lock_timeout" => self.lock = Timeout::Unset,
            "statement_timeout" => self.statement = Timeout::Unset,
            "idle_in_transaction_session_timeout" => self.idle = Timeout::Unset,
            _ => {}
        }
    }

    /// These, each replaced where `local` sets it.
    #[must_use]
    pub fn overlaid(self, local: Self) -> Self {
        fn pick(base: Timeout, over: Timeout) -> Timeout {
            if over == Timeout::Unset { base } else { over }
        }
        Self {
            lock: pick(self.lock, local.lock),
            statement: pick(self.statement, local.statement),
            idle: pick(self.idle, local.idle),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_with_their_units() {
        assert_eq!(Timeout::parse("5s"), Timeout::Milliseconds(5_000));
        assert_eq!(Timeout::parse("2 min"), Timeout::Milliseconds(120_000));
        assert_eq!(Timeout::parse("1.5s"), Timeout::Milliseconds(1_500));
        assert_eq!(Timeout::parse("300"), Timeout::Milliseconds(300));
        assert_eq!(Timeout::parse("{LOCK_TIMEOUT}"), Timeout::Set);
    }

    #[test]
    fn a_time_zone_without_an_offset_is_utc() {
        let zone = |value: Option<&str>| {
            let value = value.map(str::to_owned);
            Zone::of(&SettingDetails { name: "timezone".to_owned(), value, local: false }).map(Zone::is_utc)
        };
        for utc in ["UTC", "Etc/UTC", "GMT", "0", "+00:00"] {
            assert_eq!(zone(Some(utc)), Some(Tri::Yes), "{utc}");
        }
        assert_eq!(zone(Some("Europe/Berlin")), Some(Tri::No));
        for unknown in [Some("LOCAL"), Some("{ZONE}"), Some("INTERVAL '0' HOUR TO MINUTE"), None] {
            assert_eq!(zone(unknown), Some(Tri::Unknown), "{unknown:?}");
        }
    }

    #[test]
    fn zero_is_no_limit() {
        assert!(!Timeout::parse("0").is_set());
        assert!(Timeout::parse("{ms}ms").is_set());
    }
}
