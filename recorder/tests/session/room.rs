//! Room in the file: little of it, none, none for a while, and the helper that
//! makes it ready.

use std::io::Read;
use std::process::{Command, Stdio};

use hbtrace_traces::format::layout::{flags, header};
use hbtrace_traces::kind::Kind;

use super::{Run, cases, count, succeeded};

/// A field of the header.
fn field(run: &Run, at: usize) -> u64 {
    let file = std::fs::read(run.path()).unwrap();
    u64::from_le_bytes(file[at..at + 8].try_into().unwrap())
}

/// Runs with files that may not grow for a while.
fn room_later(full: &str) {
    let run = Run::new("later.trace");
    let mut command = run.command("room later");
    command.env("HBTRACE_OUT", run.path());
    succeeded(&command.env("HBTRACE_FULL", full).output().unwrap());
    let trace = run.trace();
    let recorded: u64 = trace.streams.iter().map(|it| it.accesses.count()).sum();
    assert_eq!(recorded + trace.info.lost_events, 2_300_000);
    assert!(recorded > 800_000, "{recorded}");
    let waited = field(&run, header::WAITED_MS) as u32;
    // On a busy machine the room may come before it is missed.
    let whole = trace.info.lost_events == 0;
    assert!(whole || (waited > 0) == (full == "wait"), "{waited} ms");
    assert_eq!(trace.info.lost_sync_events, 0);
}

#[test]
fn without_room_it_counts_and_what_is_there_is_whole() {
    let run = Run::new("full.trace");
    succeeded(&run.builds("full"));
    assert!(run.path().metadata().unwrap().len() <= 1 << 19);
    let trace = run.trace();
    assert!(trace.info.complete);
    let recorded = count(&trace, Kind::Rel);
    assert!((1000..60_000).contains(&recorded), "{recorded}");
    assert!(trace.info.lost_sync_events > 10_000);
    assert_eq!(trace.info.lost_events - trace.info.lost_sync_events, 7);
}

#[test]
fn accesses_are_dropped_before_sync_events_are() {
    let run = Run::new("accesses.trace");
    succeeded(&run.builds("accesses full"));
    let trace = run.trace();
    assert_eq!(trace.info.lost_sync_events, 0);
    assert!((500_000..1_000_000).contains(&trace.info.lost_events));
    assert_eq!(count(&trace, Kind::Rel), 100);
}

#[test]
fn a_disk_that_has_room_again_is_used_again() {
    room_later("drop");
}

#[test]
fn threads_wait_for_room_where_that_was_chosen() {
    room_later("wait");
}

#[test]
fn a_flight_recording_keeps_to_its_pool() {
    let run = Run::new("flight.trace");
    let mut command = run.command("flight");
    command.env("HBTRACE_OUT", run.path());
    succeeded(&command.env("HBTRACE_FLIGHT", "2M").output().unwrap());
    let size = run.path().metadata().unwrap().len();
    assert!(((2 << 20)..3 << 20).contains(&size), "{size} bytes");
    assert_eq!(field(&run, header::LOST_ACCESSES), 0);
    assert_eq!(field(&run, header::LOST_SYNC), 0);
    assert!(field(&run, header::EVICTED_UNTIL) > 0);
    assert_eq!(field(&run, header::FLAGS) as u32, flags::FLIGHT);
}

#[test]
fn a_flight_recording_that_is_killed_is_whole() {
    for moment in 0..8 {
        let run = Run::new("killed.trace");
        let mut child = run
            .command("long flight")
            .env("HBTRACE_OUT", run.path())
            .env("HBTRACE_FLIGHT", "1M")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = [0; 1];
        child
            .stdout
            .as_mut()
            .unwrap()
            .read_exact(&mut said)
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(100 + 37 * moment));
        child.kill().unwrap();
        child.wait().unwrap();
        let trace = run.trace();
        assert!(!trace.info.complete);
        assert!(!trace.info.truncated, "{:?}", trace.info.warnings);
        assert_eq!(trace.info.lost_events, 0);
    }
}

#[test]
fn without_a_helper_threads_do_its_work() {
    let run = Run::new("alone.trace");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(run.directory.path(), open).unwrap();
    succeeded(&run.recorded("no helper"));
    let trace = run.trace();
    assert_eq!(trace.info.helper_ns, 0);
    assert!(trace.info.chunks_behind > 20);
    assert_eq!(count(&trace, Kind::Rel), 1000);
    let accesses: u64 = trace.streams.iter().map(|it| it.accesses.count()).sum();
    assert_eq!(accesses, 1_000_000);
}

#[test]
fn threads_that_end_hand_on_what_they_did_not_use() {
    let run = Run::new("many.trace");
    succeeded(&run.recorded("many threads"));
    assert_eq!(run.trace().threads.len(), 501);
    let size = run.path().metadata().unwrap().len();
    assert!(size < 1 << 18, "{size} bytes");
}

#[test]
fn short_lives_share_chunks() {
    let run = Run::new("short.trace");
    succeeded(&run.recorded("short lives"));
    let trace = run.trace();
    assert_eq!(trace.threads.len(), cases::SHORT_LIVES + 1);
    assert_eq!(count(&trace, Kind::Rel), cases::SHORT_LIVES);
    let accesses = trace.streams.iter().map(|it| it.accesses.count());
    assert_eq!(accesses.sum::<u64>(), 5 * cases::SHORT_LIVES as u64);
    assert!(!trace.info.truncated);
    let size = run.path().metadata().unwrap().len();
    assert!(size < 512 * cases::SHORT_LIVES as u64, "{size} bytes");
}

#[test]
fn each_of_many_live_threads_takes_little() {
    let run = Run::new("crowd.trace");
    succeeded(&run.recorded("crowd"));
    let trace = run.trace();
    assert_eq!(trace.threads.len(), cases::CROWD + 1);
    assert_eq!(count(&trace, Kind::Rel), cases::CROWD);
    let size = run.path().metadata().unwrap().len();
    assert!(
        size < cases::CROWD as u64 * 8192 + (1 << 20),
        "{size} bytes"
    );
}

#[test]
fn a_limit_on_file_sizes_does_not_kill() {
    let run = Run::new("limited.trace");
    let program = std::env::current_exe().unwrap();
    let limited = format!("ulimit -f 1024; exec '{}' child --exact", program.display());
    let output = Command::new("sh")
        .args(["-c", &limited])
        .env("HBTRACE_CASE", "hold long")
        .env("HBTRACE_OUT", run.path())
        .output()
        .unwrap();
    succeeded(&output);
    let trace = run.trace();
    assert!(trace.info.complete);
    assert!(run.path().metadata().unwrap().len() <= 1024 * 1024);
    assert!(trace.info.lost_sync_events > 0);
}

#[test]
fn the_helper_sleeps_and_ends_with_the_session() {
    let run = Run::new("helper.trace");
    succeeded(&run.builds("helper"));
    let trace = run.trace();
    assert!(trace.info.helper_ns > 0 && trace.info.complete);
    assert_eq!(trace.threads.len(), 1, "it is not in the trace");
}

/// Runs a case under a limit of the shell's, in a directory of its own.
fn under_limit(run: &Run, limit: &str, case: &str, flight: &str) -> std::process::Output {
    let program = std::env::current_exe().unwrap();
    let script = format!(
        "{limit}; exec '{}' child --exact --nocapture",
        program.display()
    );
    Command::new("sh")
        .args(["-c", &script])
        .env("HBTRACE_CASE", case)
        .env("HBTRACE_OUT", run.path())
        .env("HBTRACE_FLIGHT", flight)
        .output()
        .unwrap()
}

fn said(output: &std::process::Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines = text.lines().filter(|line| line.starts_with("hbtrace: "));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_pool_that_is_smaller_than_asked_for_is_told() {
    let run = Run::new("short.trace");
    let output = under_limit(&run, "ulimit -f 8192", "flight", "64M");
    succeeded(&output);
    let said = said(&output);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains(" of 67108864 bytes"), "{said:?}");
    let info = run.trace().info;
    // Shells disagree about what the number is of.
    let got = if info.file_len > 5 << 20 { 6 } else { 3 };
    let told = format!(
        "asked for 64 MiB, got {got} MiB, because files of the process might not be larger \
         (ulimit -f)"
    );
    assert_eq!(info.short_pool.unwrap().to_string(), told);
    assert!(info.warnings.iter().any(|it| it.contains(&told)));
    let run = Run::new("whole.trace");
    succeeded(&under_limit(&run, "true", "flight", "2M"));
    assert_eq!(run.trace().info.short_pool, None);
}

#[test]
fn a_pool_that_finds_no_more_room_is_told() {
    let run = Run::new("shrunk.trace");
    let mut command = run.command("shrunk flight");
    command.env("HBTRACE_OUT", run.path());
    succeeded(&command.env("HBTRACE_FLIGHT", "64M").output().unwrap());
    let pool = run.trace().info.short_pool.unwrap();
    assert!((1 << 20..33 << 20).contains(&pool.got), "{pool}");
    assert_eq!(run.trace().info.lost_events, 0);
}

#[test]
fn no_room_at_the_start_says_what_to_do_and_leaves_nothing() {
    let run = Run::new("none.trace");
    let output = under_limit(&run, "ulimit -f 100", "hold", "");
    succeeded(&output);
    let said = said(&output);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("raise the limit (ulimit -f)"), "{said:?}");
    assert!(!run.path().exists());
    succeeded(&run.builds("no room"));
    assert!(!run.path().exists());
}

#[test]
fn that_there_is_no_more_room_is_said_once_while_it_runs() {
    for case in ["full", "accesses full"] {
        let run = Run::new("full.trace");
        let output = run.builds(case);
        succeeded(&output);
        let said = said(&output);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("no room for more in"), "{said:?}");
        assert!(said[0].contains("Builder::limit allows "));
        let mut command = run.command(case);
        command.env("HBTRACE_CASE_OUT", run.path());
        let output = command.env("HBTRACE_QUIET", "1").output().unwrap();
        assert!(self::said(&output).is_empty());
    }
}
