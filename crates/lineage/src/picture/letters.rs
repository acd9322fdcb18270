//! Which letters a terminal can show.

/// The letters that lines are drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letters {
    /// Lines and circles.
    Unicode,
    /// What every terminal has.
    Ascii,
}

impl Letters {
    /// What the environment says of the terminal.
    pub fn from_environment() -> Self {
        let value = |name| std::env::var(name).ok();
        Self::from_locale(["LC_ALL", "LC_CTYPE", "LANG"].map(value))
    }

    /// By the values of `LC_ALL`, `LC_CTYPE` and `LANG`: the first that is set to anything decides,
    /// as in setlocale(3). None at all means the C locale, and ASCII.
    pub fn from_locale(values: [Option<String>; 3]) -> Self {
        let locale = values.into_iter().flatten().find(|value| !value.is_empty());
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") {
            Self::Unicode
        } else {
            Self::Ascii
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Letters;

    fn letters(values: [&str; 3]) -> Letters {
        Letters::from_locale(values.map(|value| Some(value.to_owned())))
    }

    #[test]
    fn the_first_that_is_set_decides() {
        assert_eq!(letters(["", "", "de_DE.UTF-8"]), Letters::Unicode);
        assert_eq!(letters(["C.utf8", "C", "C"]), Letters::Unicode);
        assert_eq!(letters(["C", "en_US.UTF-8", "en_US.UTF-8"]), Letters::Ascii);
        assert_eq!(letters(["", "POSIX", "en_US.UTF-8"]), Letters::Ascii);
        assert_eq!(letters(["", "", "de_DE@euro"]), Letters::Ascii);
        assert_eq!(Letters::from_locale([None, None, None]), Letters::Ascii);
    }
}
