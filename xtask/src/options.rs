//! Reads the options of a command: `--name`, or `--name VALUE`.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};

/// What is left of the arguments.
pub(crate) struct Reading<'a> {
    args: std::slice::Iter<'a, String>,
    name: &'a str,
    usage: &'static str,
}

impl<'a> Reading<'a> {
    pub(crate) fn of(args: &'a [String], usage: &'static str) -> Self {
        Self {
            args: args.iter(),
            name: "",
            usage,
        }
    }

    /// The next option.
    pub(crate) fn next(&mut self) -> Option<&'a str> {
        self.name = self.args.next()?;
        Some(self.name)
    }

    /// The value of the option that came last.
    pub(crate) fn value(&mut self) -> Result<&'a str> {
        let value = self.args.next();
        let value = value.with_context(|| format!("`{}` needs a value", self.name))?;
        Ok(value)
    }

    /// The value of the option that came last, a whole number.
    pub(crate) fn number(&mut self) -> Result<u64> {
        let (name, value) = (self.name, self.value()?);
        let number = value.parse();
        number.with_context(|| format!("`{name}` takes a whole number, not `{value}`"))
    }

    /// The value of the option that came last, a whole number above zero.
    pub(crate) fn count(&mut self) -> Result<usize> {
        let (name, value) = (self.name, self.value()?);
        match value.parse() {
            Ok(0) | Err(_) => {
                bail!("`{name}` takes a whole number above zero, not `{value}`")
            }
            Ok(count) => Ok(count),
        }
    }

    /// Says that there is no such option as the one that came last.
    pub(crate) fn refuse<T>(&self) -> Result<T> {
        bail!("there is no option `{}`\n\n{}", self.name, self.usage)
    }
}

/// A seed that is another one each time.
pub(crate) fn time_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_named() {
        for (line, named) in [
            ("--kills", "`--kills` needs a value"),
            ("--kills 0", "not `0`"),
            ("--kills many", "not `many`"),
        ] {
            let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            let mut reading = Reading::of(&args, "usage");
            reading.next().unwrap();
            let error = reading.count().unwrap_err().to_string();
            assert!(error.contains(named), "{line}: {error}");
        }
    }
}
