//! An environment of `samconfig.toml`: its stack, its region, and the parameters that it begins with.

use std::fs;

use super::{Error, Parameters};
use crate::tools::Tools;

/// The environments that are deployed by the chores.
const ENVIRONMENTS: [&str; 2] = ["staging", "production"];

#[derive(Debug)]
pub struct Environment {
    /// `staging` or `production`.
    pub name: String,
    pub stack: String,
    pub region: String,
    /// Where its releases are kept in the bucket of SAM.
    pub prefix: String,
    overrides: String,
    tags: String,
}

impl Environment {
    /// Reads an environment.
    pub fn find(tools: &Tools, name: &str) -> Result<Self, Error> {
        Self::read(&fs::read_to_string(tools.root.join("samconfig.toml"))?, name)
    }

    fn read(settings: &str, name: &str) -> Result<Self, Error> {
        if !ENVIRONMENTS.contains(&name) {
            return Err(format!("no environment {name:?}: use {}", ENVIRONMENTS.join(" or ")).into());
        }
        let setting = |section: &str, setting: &str| setting_of(settings, name, section, setting);
        Ok(Self {
            name: name.to_owned(),
            stack: setting("global", "stack_name")?,
            region: setting("global", "region")?,
            prefix: setting("deploy", "s3_prefix")?,
            overrides: setting("global", "parameter_overrides")?,
            tags: setting("deploy", "tags")?,
        })
    }

    /// The initial parameters.
    pub fn parameters(&self) -> Result<Parameters, Error> {
        pairs(self.overrides.split(' ').filter(|word| !word.is_empty()))
    }

    /// The tags of its stack, as AWS takes them.
    pub fn tags(&self) -> Result<Vec<String>, Error> {
        let tags = pairs(self.tags.split(' '))?;
        Ok(tags.iter().map(|(name, value)| format!("Key={name},Value={value}")).collect())
    }
}

/// `NAME=VALUE`, several times.
pub fn pairs<'a>(words: impl Iterator<Item = &'a str>) -> Result<Parameters, Error> {
    words
        .map(|word| {
            let (name, value) = word.split_once('=').ok_or_else(|| format!("{word:?} is no NAME=VALUE"))?;
            Ok((name.to_owned(), value.to_owned()))
        })
        .collect()
}

fn setting_of(settings: &str, environment: &str, section: &str, name: &str) -> Result<String, Error> {
    let (_, section) = settings
        .split_once(&format!("[{environment}.{section}.parameters]"))
        .ok_or("samconfig.toml does not know the environment")?;
    let start = format!("{name} = ");
    let mut lines = section.lines().take_while(|line| !line.starts_with('['));
    let value = lines.find_map(|line| line.strip_prefix(&start));
    Ok(value.ok_or_else(|| format!("samconfig.toml sets no {name}"))?.trim_matches('"').to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn both_environments_are_read() {
        for (name, stack) in [("staging", "sesame-staging"), ("production", "sesame")] {
            let environment = Environment::read(include_str!("../../../samconfig.toml"), name).unwrap();
            assert_eq!((environment.stack.as_str(), environment.prefix.as_str()), (stack, stack));
            assert!(environment.parameters().unwrap().contains_key("MailDomain"));
        }
        assert!(Environment::read("", "other").is_err());
    }

    #[test]
    fn a_pair_is_a_name_and_a_value() {
        assert_eq!(pairs(["A=b=c", "D="].into_iter()).unwrap()["A"], "b=c");
        assert!(pairs(["A"].into_iter()).is_err());
    }
}
