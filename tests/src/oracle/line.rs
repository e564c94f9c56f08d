//! Lines of a text trace, as far as the oracle needs them.

/// `thread|op(args)|site`.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) thread: String,
    pub(super) op: String,
    pub(super) args: Vec<String>,
    pub(super) site: String,
}

impl Line {
    /// The argument at `at`, or nothing.
    pub(super) fn arg(&self, at: usize) -> &str {
        self.args.get(at).map_or("", String::as_str)
    }
}

/// The lines of a well-formed trace.
pub(super) fn read(text: &str) -> Vec<Line> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let mut fields = line.split('|');
            let thread = fields.next().unwrap_or_default();
            let op = fields.next().unwrap_or_default();
            let site = fields.next().filter(|site| !site.is_empty());
            let (op, args) = op.split_once('(').unwrap_or((op, ""));
            let args = args.trim_end_matches(')').split(',');
            Line {
                thread: thread.to_owned(),
                op: op.to_owned(),
                args: args
                    .filter(|arg| !arg.is_empty())
                    .map(str::to_owned)
                    .collect(),
                site: site.unwrap_or("?").to_owned(),
            }
        })
        .collect()
}
