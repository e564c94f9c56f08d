//! `hbtrace analyze`.

use hbtrace_analyzer::analysis::{ANALYSES, Options, analyze};
use hbtrace_analyzer::finding::{Findings, TraceFigures};
use hbtrace_analyzer::report::{self, RenderOptions};

use super::same_file;
use crate::arguments::{Analyze, NONE};
use crate::exit_codes;
use crate::failure::Failure;
use crate::output;
use crate::progress::Progress;
use crate::terminal::Terminal;

pub(super) fn run(arguments: &Analyze, terminal: &mut Terminal<'_>) -> Result<u8, Failure> {
    check(arguments)?;
    let findings = find(arguments, terminal)?;
    // A person who reads the text as it is written reads them there.
    let told = arguments.format == "text" && terminal.out_is_terminal;
    if !told {
        super::warn(&findings.warnings, terminal);
    }
    write(arguments, &findings, terminal)?;
    Ok(exit_code(arguments, &findings))
}

/// What the parser of the command line can't see.
fn check(arguments: &Analyze) -> Result<(), Failure> {
    let usage = |message: String| Err(Failure::new(exit_codes::USAGE, message));
    if arguments.fail_on.len() > 1 && arguments.fail_on.iter().any(|name| name == NONE) {
        return usage("--fail-on none can't be combined with other findings".to_owned());
    }
    for (at, output) in arguments.output.iter().enumerate() {
        if same_file(&output.path, &arguments.input.trace) {
            let path = output.path.display();
            return usage(format!("{path} is the trace itself: choose another output"));
        }
        let earlier = &arguments.output[..at];
        if earlier
            .iter()
            .any(|earlier| same_file(&earlier.path, &output.path))
        {
            let path = output.path.display();
            return usage(format!(
                "two reports would be written to {path}: choose another path"
            ));
        }
    }
    Ok(())
}

fn find(arguments: &Analyze, terminal: &mut Terminal<'_>) -> Result<Findings, Failure> {
    let parts = ANALYSES.len() as u64 + 1;
    let progress = Progress::new(parts, terminal.err_is_terminal);
    progress.step(0, "reading");
    let trace = super::open_filled(&arguments.input)?;
    let options = Options {
        jobs: arguments.jobs.map(usize::from),
        progress: Some(&|analysis, done| progress.step(done as u64 + 1, analysis.name)),
    };
    let findings = analyze(&trace, &options);
    trace.check_read()?;
    Ok(findings)
}

fn write(
    arguments: &Analyze,
    findings: &Findings,
    terminal: &mut Terminal<'_>,
) -> Result<(), Failure> {
    let plain = RenderOptions::default();
    for output in &arguments.output {
        output::to_file(&output.path, |out| {
            (output.report.render)(findings, out, &plain)
        })?;
        let (format, path) = (output.report.name, output.path.display());
        terminal.say(&format!("wrote {format} to {path}"));
    }
    let options = RenderOptions {
        color: terminal.colors(arguments.color),
        ..plain
    };
    match report::find(&arguments.format) {
        Some(report) => output::to_stdout(terminal, |out| (report.render)(findings, out, &options)),
        None => Ok(()),
    }
}

fn exit_code(arguments: &Analyze, findings: &Findings) -> u8 {
    let counts =
        |name: &str| arguments.fail_on.is_empty() || arguments.fail_on.iter().any(|n| n == name);
    let fails = ANALYSES.iter().any(|analysis| {
        let faults = analysis.faults.map_or(0, |faults| faults(findings));
        counts(analysis.name) && faults > 0
    });
    if arguments.strict && is_incomplete(&findings.trace) {
        exit_codes::INCOMPLETE
    } else if fails {
        exit_codes::FINDINGS
    } else {
        exit_codes::OK
    }
}

fn is_incomplete(trace: &TraceFigures) -> bool {
    !trace.complete || trace.truncated || trace.lost_events > 0
}
