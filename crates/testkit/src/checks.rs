//! Checks of one test that continue after a failure, so that the test reports every failed check and not only the
//! first.

use anyhow::{Result, bail};

/// The failures that [`check!`](crate::check) found so far. If a test ends before it reports them, they are printed.
#[derive(Debug, Default)]
#[must_use = "ask in the end whether all hold"]
pub struct Checks {
    wrong: Vec<String>,
}

impl Checks {
    /// Notes a failure; [`check!`](crate::check) calls this.
    pub fn note(&mut self, file: &str, line: u32, wrong: &str) {
        self.wrong.push(format!("{file}:{line}: {wrong}"));
    }

    /// The end of the test.
    ///
    /// # Errors
    /// Lists all failed checks.
    pub fn all_hold(mut self) -> Result<()> {
        let wrong = std::mem::take(&mut self.wrong);
        if !wrong.is_empty() {
            bail!("{} statements do not hold:\n{}", wrong.len(), wrong.join("\n"));
        }
        Ok(())
    }
}

impl Drop for Checks {
    fn drop(&mut self) {
        for wrong in &self.wrong {
            eprintln!("{wrong}");
        }
    }
}

/// Checks a statement, and continues in any case: `check!(checks, order["status"] == "shipped", "{order}")`.
#[macro_export]
macro_rules! check {
    ($checks:expr, $holds:expr $(,)?) => {
        if !$holds {
            $checks.note(file!(), line!(), stringify!($holds));
        }
    };
    ($checks:expr, $holds:expr, $($wrong:tt)+) => {
        if !$holds {
            $checks.note(file!(), line!(), &format!($($wrong)+));
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_that_is_wrong_is_reported() {
        let mut checks = Checks::default();
        let (one, two) = (1, 2);
        check!(checks, one == 1, "right");
        check!(checks, two == 3, "two is {two}");
        check!(checks, one > two);
        let report = checks.all_hold().expect_err("two are wrong").to_string();
        assert!(report.starts_with("2 statements do not hold:\n"), "{report}");
        assert!(report.contains(": two is 2\n") && report.ends_with(": one > two"), "{report}");
        assert!(Checks::default().all_hold().is_ok());
    }
}
