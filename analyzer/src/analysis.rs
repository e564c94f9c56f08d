//! The list of analyses, and [`analyze`], which runs them.
//!
//! To add an analysis: write it in a module of its own, as a function from a
//! replayed [`Trace`] to plain data; give [`Findings`] a field for that data;
//! and add a row to [`ANALYSES`]. The program derives its help, its progress
//! and the values of `--fail-on` from the list.

use hbtrace_traces::trace::Trace;

use crate::finding::Findings;
use crate::{contention, deadlock, figures, race};

/// How to analyse.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// Threads to work with; `None` for as many as there are CPUs. The
    /// findings are the same for any number.
    pub jobs: Option<usize>,
    /// Is told the row that is about to run, and how many ran before it.
    pub progress: Option<&'a (dyn Fn(&'static Analysis, usize) + Sync)>,
}

/// An analysis: a row of [`ANALYSES`].
pub struct Analysis {
    /// Name in `--fail-on` and in progress messages.
    pub name: &'static str,
    /// What it looks for, for `--help`.
    pub description: &'static str,
    /// Fills its part of the findings.
    pub run: fn(&Trace, &mut Findings),
    /// How many of the findings speak against the program; `None` for an
    /// analysis that only describes.
    pub faults: Option<fn(&Findings) -> usize>,
}

/// Every analysis, in the order in which they run.
pub static ANALYSES: &[Analysis] = &[
    Analysis {
        name: "races",
        description: "pairs of conflicting accesses that nothing orders",
        run: |trace, findings| findings.races = race::analyze(trace),
        faults: Some(|findings| findings.races.len()),
    },
    Analysis {
        name: "deadlocks",
        description: "cycles of threads that each hold what the next one wants",
        run: |trace, findings| {
            let verdict = deadlock::analyze(trace);
            findings.deadlocks = verdict.deadlocks;
            findings.waits_at_end = verdict.waits_at_end;
            findings.warnings.extend(verdict.warnings);
        },
        faults: Some(|findings| findings.deadlocks.len()),
    },
    Analysis {
        name: "contention",
        description: "who waited for whom, and what held the run up",
        run: |trace, findings| findings.contention = contention::analyze(trace),
        faults: None,
    },
];

/// Runs every analysis over a replayed trace.
#[must_use]
pub fn analyze(trace: &Trace, options: &Options<'_>) -> Findings {
    let pool = options.jobs.and_then(|jobs| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(jobs)
            .build()
            .ok()
    });
    match pool {
        Some(pool) => pool.install(|| run_all(trace, options)),
        // Where the system refuses the threads, those that there are do it.
        None => run_all(trace, options),
    }
}

fn run_all(trace: &Trace, options: &Options<'_>) -> Findings {
    let mut findings = Findings {
        trace: figures::figures(trace),
        warnings: trace.info.warnings.clone(),
        ..Findings::default()
    };
    for (done, analysis) in ANALYSES.iter().enumerate() {
        if let Some(progress) = options.progress {
            progress(analysis, done);
        }
        (analysis.run)(trace, &mut findings);
    }
    findings
}
