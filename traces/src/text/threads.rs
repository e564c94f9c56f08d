//! Settles which thread and which waited-for thing a name means, once all
//! lines are known.

use super::draft::Draft;
use crate::event::{NONE, SyncEvent};
use crate::kind::{Kind, Operands};

/// Numbers the threads that there are, and has all events speak of them.
pub(super) fn settle(draft: &mut Draft<'_>) {
    let (ids, keep) = merge(draft);
    let waited = resolve_waited(draft, &ids);
    let mut kept = keep.iter();
    draft.threads.retain(|_| *kept.next().unwrap_or(&true));
    let mut kept = keep.iter();
    draft
        .tables
        .threads
        .retain(|_| *kept.next().unwrap_or(&true));
    for event in draft.threads.iter_mut().flat_map(|thread| &mut thread.sync) {
        rename(event, &ids, &waited);
    }
    for (thread, _) in &mut draft.order {
        *thread = ids[*thread as usize];
    }
}

/// The id of each name, and which of them are threads of their own. A name
/// that has no line and is an integer, with or without one letter T before it,
/// stands for the thread that is called so without or with the letter.
fn merge(draft: &Draft<'_>) -> (Vec<u32>, Vec<bool>) {
    let twins: Vec<Option<u32>> = draft
        .threads
        .iter()
        .zip(&draft.tables.threads)
        .map(|(thread, name)| {
            let alone = thread.first_line == 0;
            alone.then(|| twin(draft, name)).flatten()
        })
        .collect();
    let mut next = 0;
    let mut ids = vec![0; twins.len()];
    for (id, twin) in ids.iter_mut().zip(&twins) {
        if twin.is_none() {
            *id = next;
            next += 1;
        }
    }
    for raw in 0..ids.len() {
        if let Some(twin) = twins[raw] {
            ids[raw] = ids[twin as usize];
        }
    }
    (ids, twins.iter().map(Option::is_none).collect())
}

fn twin(draft: &Draft<'_>, name: &str) -> Option<u32> {
    let (number, other) = match name.strip_prefix('T') {
        Some(number) => (number, number.to_owned()),
        None => (name, format!("T{name}")),
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let id = is_number
        .then(|| draft.tables.known_thread(&other))
        .flatten()?;
    (draft.threads[id as usize].first_line != 0).then_some(id)
}

/// What `req` waits for: object, or thread and 1.
fn resolve_waited(draft: &mut Draft<'_>, ids: &[u32]) -> Vec<(u32, u64)> {
    let names = std::mem::take(&mut draft.tables.waited);
    let resolve = |name: &String| {
        if let Some(object) = draft.tables.objects.waitable(name) {
            return (object, 0);
        }
        match draft
            .tables
            .known_thread(name)
            .or_else(|| twin(draft, name))
        {
            Some(thread) => (ids[thread as usize], 1),
            None => (draft.tables.objects.unknown(name), 0),
        }
    };
    names.iter().map(resolve).collect()
}

fn rename(event: &mut SyncEvent, ids: &[u32], waited: &[(u32, u64)]) {
    let new = |id: u32| if id == NONE { NONE } else { ids[id as usize] };
    match event.kind.operands() {
        Operands::Thread => event.object = new(event.object),
        Operands::ConditionThread => event.other = new(event.other),
        Operands::Lock if event.kind == Kind::Rel => event.other = new(event.other),
        Operands::Waitable if event.asks_shared() => {}
        Operands::Waitable => (event.object, event.extra) = waited[event.object as usize],
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::options::Options;

    /// Threads of a text.
    fn threads(text: &str) -> Vec<String> {
        let trace = super::super::parse(Path::new("t"), text.as_bytes(), Options::default());
        let threads = trace.expect("well formed").threads;
        threads.into_iter().map(|thread| thread.name).collect()
    }

    #[test]
    fn a_number_is_a_thread_with_and_without_its_letter() {
        assert_eq!(threads("T9|w(x)\nA|join(9)\n"), ["T9", "A"]);
        assert_eq!(threads("9|w(x)\nA|join(T9)\n"), ["9", "A"]);
    }

    #[test]
    fn a_second_letter_is_another_thread() {
        assert_eq!(threads("T9|w(x)\nA|join(TT9)\n"), ["T9", "A", "TT9"]);
        assert_eq!(threads("TT9|w(x)\nA|join(T9)\n"), ["TT9", "A", "T9"]);
    }
}
