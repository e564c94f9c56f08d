//! Makes names unique within a namespace.

use rustc_hash::{FxHashMap, FxHashSet};

/// The names of one namespace: threads, locations, or all other objects.
#[derive(Default)]
pub(super) struct Names {
    taken: FxHashSet<String>,
    /// Highest number given out behind a name.
    numbers: FxHashMap<String, u32>,
}

impl Names {
    /// `name` itself if it is free, else `name#2`, `name#3` and so on.
    pub(super) fn unique(&mut self, name: &str) -> String {
        if self.taken.insert(name.to_owned()) {
            return name.to_owned();
        }
        let number = self.numbers.entry(name.to_owned()).or_insert(1);
        *number = (*number).max(1);
        self.numbered(name)
    }

    /// `name#1`, or the next number that is free: for what has no name of its
    /// own and is called by its creation site.
    pub(super) fn numbered(&mut self, name: &str) -> String {
        let number = self.numbers.entry(name.to_owned()).or_insert(0);
        loop {
            *number += 1;
            let candidate = format!("{name}#{number}");
            if self.taken.insert(candidate.clone()) {
                return candidate;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_where_they_are_free_and_numbered_where_not() {
        let mut names = Names::default();
        assert_eq!(names.unique("worker"), "worker");
        assert_eq!(names.unique("worker"), "worker#2");
        assert_eq!(names.unique("worker#3"), "worker#3");
        assert_eq!(names.unique("worker"), "worker#4");
        assert_eq!(names.numbered("main.rs:1:2"), "main.rs:1:2#1");
        assert_eq!(names.numbered("main.rs:1:2"), "main.rs:1:2#2");
    }
}
