//! The slow and obvious twin: the definitions, applied to the lines of a fully
//! stamped trace, nanosecond by nanosecond, by looking at all lines again and
//! again. No slots, no spans, no replay.

use super::generate::Line;

/// What is so for a nanosecond.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) thread: String,
    pub(super) state: &'static str,
    pub(super) lock: Option<String>,
}

/// A wait: lines that begin and end it, and the line that ended it.
#[derive(Clone, Copy, Debug)]
struct Wait {
    from: u64,
    until: u64,
    end: usize,
    waker: Option<usize>,
    timed_out: bool,
    what: usize,
}

/// The critical path, by nanosecond.
pub(super) fn critical_path(lines: &[Line]) -> Vec<Moment> {
    let (first, last) = (lines[0].time, lines[lines.len() - 1].time);
    let mut path = Vec::new();
    let mut at = lines.len() - 1;
    let mut to = last;
    loop {
        let thread = lines[at].thread;
        let waits = waits(lines, thread);
        let woken = waits
            .iter()
            .copied()
            .rfind(|wait| wait.end <= at && wait.waker.is_some());
        let birth = lines
            .iter()
            .position(|line| line.op == "fork" && line.object == format!("t{thread}"));
        let from = woken.map_or(birth.map_or(first, |fork| lines[fork].time), |w| w.until);
        for time in (from..to).rev() {
            path.push(moment(lines, &waits, thread, time));
        }
        to = from;
        match (woken, birth) {
            (Some(wait), _) => {
                let waker = wait.waker.expect("only such waits were kept");
                for _ in lines[waker].time..to {
                    path.push(Moment {
                        thread: format!("t{thread}"),
                        state: "handoff",
                        lock: Some(target(lines, &wait)),
                    });
                }
                (at, to) = (waker, lines[waker].time);
            }
            (None, Some(fork)) => at = fork,
            (None, None) => break,
        }
    }
    path.reverse();
    path
}

fn target(lines: &[Line], wait: &Wait) -> String {
    let line = &lines[wait.what];
    match (line.op, lines[wait.end].op) {
        // The second half of a wait for a condition: the lock.
        ("wait", _) if wait.from > line.time => line.other.clone(),
        _ => line.object.clone(),
    }
}

fn moment(lines: &[Line], waits: &[Wait], thread: usize, time: u64) -> Moment {
    let wait = waits
        .iter()
        .find(|wait| wait.from <= time && time < wait.until);
    let outside = is_outside(lines, thread, time) || wait.is_some_and(|wait| wait.timed_out);
    let held = held(lines, thread, time).pop();
    Moment {
        thread: format!("t{thread}"),
        state: match (outside, &held) {
            (true, _) => "outside",
            (false, Some(_)) => "holding",
            (false, None) => "running",
        },
        lock: held.filter(|_| !outside),
    }
}

/// Lines of the thread up to and including `time`.
fn until(lines: &[Line], thread: usize, time: u64) -> impl Iterator<Item = &Line> {
    let its = lines.iter().filter(move |line| line.thread == thread);
    its.take_while(move |line| line.time <= time)
}

fn is_outside(lines: &[Line], thread: usize, time: u64) -> bool {
    let ops = until(lines, thread, time).filter(|line| line.op.ends_with("side"));
    ops.last().is_some_and(|line| line.op == "outside")
}

fn held(lines: &[Line], thread: usize, time: u64) -> Vec<String> {
    let mut held: Vec<String> = Vec::new();
    for line in until(lines, thread, time) {
        match line.op {
            "acq" | "racq" => held.push(line.object.clone()),
            "woken" => held.push(line.other.clone()),
            "rel" | "rrel" => held.retain(|lock| *lock != line.object),
            "wait" => held.retain(|lock| *lock != line.other),
            _ => {}
        }
    }
    held
}

/// All waits of a thread, in order.
fn waits(lines: &[Line], thread: usize) -> Vec<Wait> {
    let mut waits = Vec::new();
    let mut begun: Option<usize> = None;
    let mut relock: Option<usize> = None;
    for (at, line) in lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.thread == thread)
    {
        match (line.op, begun) {
            ("req", Some(wait)) if lines[wait].op == "wait" => relock = Some(at),
            ("req" | "wait", _) => begun = Some(at),
            (_, Some(begin)) if is_on(line, &lines[begin], thread) => {
                match relock.take() {
                    Some(relock) => {
                        waits.push(wait(lines, begin, begin, (relock, at)));
                        waits.push(wait(lines, relock, relock, (at, at)));
                    }
                    None => waits.extend(split(lines, begin, at)),
                }
                begun = None;
            }
            _ => {}
        }
    }
    waits.retain(|wait| wait.from < wait.until);
    waits
}

/// Whether a line is an event on what `begin` waits for.
fn is_on(line: &Line, begin: &Line, thread: usize) -> bool {
    match (line.op, begin.op) {
        ("woken", "wait") => true,
        (_, "wait") => false,
        ("park", _) => begin.object == format!("t{thread}"),
        _ => line.object == begin.object,
    }
}

/// A wait from line `begin` until the time of line `ended.0`; the thread's own
/// line that ended it all is `ended.1`.
fn wait(lines: &[Line], what: usize, begin: usize, ended: (usize, usize)) -> Wait {
    let (until, end) = ended;
    let (from, to) = (lines[begin].time, lines[until].time);
    let waker = (0..until).rev().find(|line| wakes(lines, *line, what, end));
    let other = |line: &usize| lines[*line].thread != lines[end].thread;
    let waker = waker.filter(|line| lines[*line].time > from).filter(other);
    let gave_up = matches!(lines[end].op, "unreq" | "park") || lines[what].op == "wait";
    Wait {
        from,
        until: to,
        end,
        waker,
        timed_out: waker.is_none() && gave_up,
        what,
    }
}

/// A wait for a condition is one for the notification and, if the lock was let
/// go of after that, one for the lock.
fn split(lines: &[Line], begin: usize, end: usize) -> Vec<Wait> {
    let first = wait(lines, begin, begin, (end, end));
    let (true, Some(notified)) = (lines[begin].op == "wait", first.waker) else {
        return vec![first];
    };
    let lock = &lines[begin].other;
    let released = (0..end)
        .rev()
        .find(|line| lets_go(&lines[*line], lock, true));
    let released = released
        .filter(|line| lines[*line].time > lines[notified].time)
        .filter(|line| lines[*line].thread != lines[end].thread);
    match released {
        None => vec![first],
        Some(released) => {
            let until = lines[notified].time;
            let second = Wait {
                from: until,
                waker: Some(released),
                ..first
            };
            vec![Wait { until, ..first }, second]
        }
    }
}

/// Whether a line lets go of the lock in a way that a waiter can get it.
fn lets_go(line: &Line, lock: &str, exclusive: bool) -> bool {
    match line.op {
        "rel" | "downgrade" => line.object == lock,
        "rrel" => exclusive && line.object == lock,
        "wait" => line.other == lock,
        _ => false,
    }
}

/// Whether line `at` can have ended the wait begun by `what` that line `end`
/// ends.
fn wakes(lines: &[Line], at: usize, what: usize, end: usize) -> bool {
    let (line, ended) = (&lines[at], &lines[end]);
    let number = |op: &str, before: usize| {
        let same = |line: &&Line| line.op == op && line.object == ended.object;
        lines[..before].iter().filter(same).count()
    };
    let same = line.object == ended.object;
    match ended.op {
        "acq" => lets_go(line, &ended.object, true),
        "racq" => lets_go(line, &ended.object, false),
        "woken" if lines[what].op == "req" => lets_go(line, &ended.other, true),
        "woken" => {
            let me = format!("t{}", ended.thread);
            let mine = line.other.is_empty() || line.other == me;
            line.op.starts_with("notify") && same && mine
        }
        "recv" => line.op == "send" && same && number("send", at) == number("recv", end),
        "sent" => {
            let its_last = |i: &usize| {
                let send = &lines[*i];
                send.op == "send" && send.thread == ended.thread && send.object == ended.object
            };
            let send = (0..end)
                .rev()
                .find(its_last)
                .expect("a sent follows a send");
            line.op == "recv" && same && number("recv", at) + 1 == number("send", send)
        }
        "join" => format!("t{}", line.thread) == ended.object,
        "park" => line.op == "unpark" && line.object == format!("t{}", ended.thread),
        "sem_wait" => line.op == "sem_post" && same,
        "depart" => {
            line.op == "arrive" && same && number("arrive", at) / 2 == generation(lines, end)
        }
        "once_get" => line.op == "once_done" && same,
        _ => false,
    }
}

/// Which generation of the barrier a departure belongs to.
fn generation(lines: &[Line], end: usize) -> usize {
    let arrivals = lines[..end].iter().filter(|line| line.op == "arrive");
    let its = arrivals
        .enumerate()
        .filter(|(_, line)| line.thread == lines[end].thread)
        .last();
    its.map_or(0, |(place, _)| place / 2)
}

/// Summed holds of a lock; one that is never let go of lasts to its thread's end.
pub(super) fn hold(lines: &[Line], lock: &str) -> u64 {
    let last = lines[lines.len() - 1].time;
    let threads = lines.iter().map(|line| line.thread).max().unwrap_or(0);
    let mut sum = 0;
    for thread in 0..=threads {
        let Some(end) = lines.iter().rfind(|line| line.thread == thread) else {
            continue;
        };
        // Who is blocked at the end goes on holding what it holds.
        let blocked = matches!(end.op, "req" | "wait" | "outside");
        let end = if blocked { last } else { end.time };
        for time in lines[0].time..end {
            sum += held(lines, thread, time)
                .iter()
                .filter(|held| *held == lock)
                .count() as u64;
        }
    }
    sum
}
