//! Races that another race may explain.
//!
//! Let a finding's example be (`e1`, `e2`), and another's (`w`, `r`), where
//! `w` writes, `r` reads and `w` comes first in replay order. If `e1` is `w`
//! or happens before it, and `r` is `e2` or happens before it, then `r` may
//! have seen what `w` wrote, and what it saw may be why `e2` was reached: had
//! the pair (`w`, `r`) been ordered, (`e1`, `e2`) would be too. The finding is
//! then marked as a possible consequence. The relation has no cycles, so some
//! finding is always left unmarked.
//!
//! Limit: examples only are compared, so a mark may be missing.

use hbtrace_traces::event::AccessKind;
use rayon::prelude::*;

use super::found::Example;
use super::scene::Scenes;

/// For each example, whether another one may explain it.
pub(super) fn marks(examples: &[Example], scenes: &Scenes) -> Vec<bool> {
    let scened: Vec<_> = examples
        .iter()
        .map(|example| Some((scenes.of(&example.earlier)?, scenes.of(&example.later)?)))
        .collect();
    (0..examples.len())
        .into_par_iter()
        .map(|this| {
            (0..examples.len()).any(|other| {
                let (Some((e1, e2)), Some((w, r))) = (&scened[this], &scened[other]) else {
                    return false;
                };
                other != this
                    && may_inform(&examples[other])
                    && e1.is_or_precedes(w)
                    && r.is_or_precedes(e2)
            })
        })
        .collect()
}

/// Whether the later access may have seen what the earlier one wrote.
fn may_inform(example: &Example) -> bool {
    let writes = matches!(
        example.earlier.kind,
        AccessKind::Write | AccessKind::AtomicWrite
    );
    let reads = matches!(
        example.later.kind,
        AccessKind::Read | AccessKind::AtomicRead
    );
    writes && reads
}
