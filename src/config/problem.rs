//! What is wrong in a configuration file: every error, each with its path and line.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::Path;

/// One error in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where in the tree: `namespaces[0].relays[2].wcf_type`; empty for the file as a whole.
    pub path: String,
    /// The line of the file, counted from 1, when the key stands in it.
    pub line: Option<usize>,
    /// What is wrong and what is expected.
    pub text: String,
}

/// A configuration that cannot be used, with everything that is wrong with it.
///
/// `Display` gives one line for each problem: `viaduct.toml:12: doors.htps: unknown key …`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The file as the person named it.
    pub file: String,
    /// Never empty; in the order of the file.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.problems.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            f.write_str(&self.file)?;
            if let Some(line) = problem.line {
                write!(f, ":{line}")?;
            }
            f.write_str(": ")?;
            if !problem.path.is_empty() {
                write!(f, "{}: ", problem.path)?;
            }
            f.write_str(&problem.text)?;
        }
        Ok(())
    }
}

impl ConfigError {
    /// The file cannot be read at all.
    pub(super) fn unreadable(path: &Path, error: &io::Error) -> Self {
        let text = match error.kind() {
            io::ErrorKind::NotFound => {
                "no such file; `viaduct init` writes one, --config names one".to_owned()
            }
            _ => error.to_string(),
        };
        let problem = Problem { path: String::new(), line: None, text };
        Self { file: path.display().to_string(), problems: vec![problem] }
    }
}

/// The problems found so far in one file, and what is needed to say where they are.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    list: Vec<Problem>,
    /// The line of each path that stands in the file.
    pub(super) lines: HashMap<String, usize>,
    /// For lists from which broken entries were taken out: the original index of each entry that is left.
    pub(super) origins: HashMap<String, Vec<usize>>,
}

impl Problems {
    /// Notes a problem at a path of the checked tree; the path is translated to that of the file.
    pub(crate) fn add(&mut self, path: &str, text: impl Into<String>) {
        let path = self.original(path);
        self.add_original(path, text);
    }

    /// Notes a problem at a path of the file.
    pub(super) fn add_original(&mut self, path: String, text: impl Into<String>) {
        let line = self.line(&path);
        self.list.push(Problem { path, line, text: text.into() });
    }

    /// Notes a problem on a line, where there is no path yet: the file is not TOML.
    pub(super) fn add_line(&mut self, line: Option<usize>, text: impl Into<String>) {
        self.list.push(Problem { path: String::new(), line, text: text.into() });
    }

    /// Whether something at or below `path` was found wrong already, so that what follows from it is not said twice.
    pub(crate) fn under(&self, path: &str) -> bool {
        let path = self.original(path);
        self.list.iter().any(|problem| {
            problem
                .path
                .strip_prefix(&path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }

    /// The error of `file`, or nothing when no problem was found.
    pub(crate) fn finish(mut self, file: &str) -> Result<(), ConfigError> {
        if self.list.is_empty() {
            return Ok(());
        }
        // Stable, so that problems of one line stay in the order in which they were found.
        self.list.sort_by_key(|problem| problem.line.unwrap_or(usize::MAX));
        Err(ConfigError { file: file.to_owned(), problems: self.list })
    }

    /// The line of a path, or of the nearest thing around it that stands in the file.
    fn line(&self, path: &str) -> Option<usize> {
        let mut path = path;
        loop {
            if let Some(line) = self.lines.get(path) {
                return Some(*line);
            }
            let cut = path.rfind(['.', '['])?;
            path = &path[..cut];
        }
    }

    /// The path in the file of a path in the tree from which broken list entries were taken out.
    fn original(&self, path: &str) -> String {
        let mut original = String::with_capacity(path.len());
        let mut rest = path;
        while let Some(open) = rest.find('[') {
            original.push_str(&rest[..open]);
            let Some(close) = rest[open..].find(']').map(|at| open + at) else { break };
            let index = rest[open + 1..close].parse::<usize>().ok();
            let index = index.map(|index| {
                self.origins.get(&original).and_then(|left| left.get(index)).copied().unwrap_or(index)
            });
            match index {
                Some(index) => original.push_str(&format!("[{index}]")),
                None => original.push_str(&rest[open..=close]),
            }
            rest = &rest[close + 1..];
        }
        original.push_str(rest);
        original
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn index_of_a_list_is_translated_to_that_of_the_file() {
        let mut problems = Problems::default();
        problems.origins.insert("namespaces".into(), vec![1, 2]);
        problems.origins.insert("namespaces[2].relays".into(), vec![0, 3]);
        problems.add("namespaces[1].relays[1].path", "is bad");
        let error = problems.finish("f").unwrap_err();
        assert_eq!(error.problems[0].path, "namespaces[2].relays[3].path");
    }

    #[test]
    fn line_is_that_of_the_nearest_thing_in_the_file() {
        let mut problems = Problems::default();
        problems.lines.insert("tls".into(), 4);
        problems.add("tls.key", "is missing");
        assert_eq!(problems.finish("v.toml").unwrap_err().to_string(), "v.toml:4: tls.key: is missing");
    }

    #[test]
    fn something_wrong_below_is_known() {
        let mut problems = Problems::default();
        problems.add("tls.certificate", "is bad");
        assert!(problems.under("tls"));
        assert!(problems.under("tls.certificate"));
        assert!(!problems.under("tls.cert"));
        assert!(!problems.under("doors"));
    }
}
