//! A bar on a terminal, for what takes more than a second.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// What takes less than this shows no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar that a thread of its own draws. It goes away when dropped.
pub(crate) struct Progress {
    bar: Option<(Sender<Step>, JoinHandle<()>)>,
}

/// So many parts are done, and what is under way.
type Step = (u64, &'static str);

impl Progress {
    /// A bar of `parts` parts; none where nobody would see it.
    pub(crate) fn new(parts: u64, is_terminal: bool) -> Progress {
        let bar = is_terminal.then(|| {
            let (sender, receiver) = channel();
            let drawing = std::thread::spawn(move || draw(parts, &receiver));
            (sender, drawing)
        });
        Progress { bar }
    }

    /// `done` parts are done, and `name` is under way.
    pub(crate) fn step(&self, done: u64, name: &'static str) {
        if let Some((sender, _)) = &self.bar {
            // The drawing thread lives as long as the sender.
            let _ = sender.send((done, name));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((sender, drawing)) = self.bar.take() {
            drop(sender);
            let _ = drawing.join();
        }
    }
}

fn draw(parts: u64, steps: &Receiver<Step>) {
    let begun = std::time::Instant::now();
    let mut last = (0, "");
    loop {
        let patience = PATIENCE.saturating_sub(begun.elapsed());
        match steps.recv_timeout(patience) {
            Ok(step) => last = step,
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
    let bar = ProgressBar::new(parts).with_elapsed(begun.elapsed());
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    let mut show = |(done, name)| {
        bar.set_position(done);
        bar.set_message(name);
    };
    show(last);
    steps.iter().for_each(&mut show);
    bar.finish_and_clear();
}
