//! The command line. Formats and analyses come from the analyzer's lists.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, ColorChoice, Parser, Subcommand, ValueEnum};

use hbtrace_analyzer::analysis::ANALYSES;
use hbtrace_analyzer::report::{self, REPORTS, Report};
use hbtrace_traces::format::settings::{self, Setting};

/// Records what the threads of a program do, and explains it: races,
/// deadlocks, contention.
#[derive(Parser)]
#[command(name = "hbtrace", version, max_term_width = 100, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "\
Examples:
  hbtrace record -o run.trace -- ./service --port 8080
  hbtrace analyze run.trace
  hbtrace analyze run.trace -o json=run.json -o svg=contention.svg
  hbtrace help cc          (`hbtrace cc --help` is the compiler's; c++ and cargo likewise)";

const ANALYZE: &str = "\
Examples:
  hbtrace analyze run.trace
  hbtrace analyze run.trace --format json
  hbtrace analyze run.trace -o json=run.json -o svg=contention.svg
  hbtrace analyze run.trace --fail-on deadlocks --strict

Exit codes:
  0  no finding that --fail-on names
  1  findings
  2  wrong usage, or output that can't be written
  3  not there, not a trace, cut within its header, or impossible
  4  the trace holds no event, with --strict too
  5  the trace is incomplete, and --strict was given";

const RECORD: &str = "\
Examples:
  hbtrace record -- ./service --port 8080
  hbtrace record -o run.trace --time all -- ./service
  hbtrace record -o run.trace --preload -- xz -T4 big.tar
  hbtrace record -o run.trace --flight 64M --snapshot-signal USR2 -- ./service

Settings that have no option here are told by the environment (HBTRACE_FULL, \
HBTRACE_SNAPSHOTS, HBTRACE_CRASHES, HBTRACE_QUIET).

Exits as the program does; 128 + N if signal N ended it; 2 for wrong usage, \
HBTRACE_* in the environment included; 125 if recording could not start; 126 if \
the program can't be executed; 127 if it is not there.";

const CC: &str = "\
Examples:
  hbtrace cc -O2 -g a.c -o a -pthread && HBTRACE_OUT=run.trace ./a
  CC='hbtrace cc' CXX='hbtrace c++' ./configure && make

HBTRACE_CC and HBTRACE_CXX name other compilers, HBTRACE_RT the library. Exits as \
the compiler does.";

const CARGO: &str = "\
Examples:
  hbtrace cargo build --release
  HBTRACE_OUT=run.trace hbtrace cargo run --release

HBTRACE_CARGO names another cargo, HBTRACE_RT the library. Exits as cargo does.";

const INFO: &str = "\
Example:
  hbtrace info run.trace";

const DUMP: &str = "\
Examples:
  hbtrace dump run.trace | head
  hbtrace dump run.trace > run.std";

const CONVERT: &str = "\
Examples:
  hbtrace convert run.trace run.std
  hbtrace convert run.std run.trace";

const SYMBOLIZE: &str = "\
Examples:
  hbtrace symbolize run.trace -o named.trace
  hbtrace pack named.trace

Every command looks functions and lines up when it opens a trace; in the output \
they are kept, so that it can be read where the program is not, or is another build.";

const PACK: &str = "\
Examples:
  hbtrace pack run.trace
  hbtrace pack run.trace -o archive/run.packed.trace
  hbtrace analyze run.packed.trace

Every command reads packed traces as they are. A trace whose process was \
killed, or that is damaged, can be packed too: every byte is kept.";

const UNPACK: &str = "\
Examples:
  hbtrace unpack run.packed.trace
  hbtrace unpack run.packed.trace -o run.trace

The output is the file that was packed, byte for byte.";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Find races, deadlocks and contention in a trace.
    #[command(after_help = ANALYZE)]
    Analyze(Analyze),
    /// Compile or link C as `cc` does, so that the program records.
    #[command(after_help = CC, disable_help_flag = true)]
    Cc(Tool),
    /// Compile or link C++ as `c++` does, so that the program records.
    #[command(name = "c++", after_help = CC, disable_help_flag = true)]
    Cxx(Tool),
    /// Build Rust as `cargo` does, so that the program records.
    #[command(after_help = CARGO, disable_help_flag = true)]
    Cargo(Tool),
    /// Run a program with recording switched on.
    #[command(after_help = RECORD)]
    Record(Record),
    /// Tell what a trace holds, and how whole it is.
    #[command(after_help = INFO)]
    Info(Input),
    /// Print a trace as text, one event a line.
    #[command(after_help = DUMP)]
    Dump(Input),
    /// Turn a trace into text, or text into a trace.
    #[command(after_help = CONVERT)]
    Convert(Convert),
    /// Write a trace whose code has names and lines, to be read without the program.
    #[command(after_help = SYMBOLIZE)]
    Symbolize(Symbolize),
    /// Compress a recorded trace, to be kept; it needs no unpacking to be read.
    #[command(after_help = PACK)]
    Pack(Pack),
    /// Restore a packed trace to the file that was recorded.
    #[command(after_help = UNPACK)]
    Unpack(Unpack),
}

/// Arguments that are another program's.
#[derive(Args)]
pub(crate) struct Tool {
    /// Its arguments, as they are; --help is its own.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<std::ffi::OsString>,
}

/// A trace to read.
#[derive(Args)]
pub(crate) struct Input {
    /// A recorded trace, or a text trace.
    pub(crate) trace: PathBuf,
    /// Go on after events that can't be, and say how many they were.
    #[arg(long)]
    pub(crate) lenient: bool,
}

#[derive(Args)]
pub(crate) struct Analyze {
    #[command(flatten)]
    pub(crate) input: Input,
    /// What to print to standard output.
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = formats())]
    pub(crate) format: String,
    /// Also write a report to a file; may be given several times.
    #[arg(short, long, value_name = "FORMAT=PATH", value_parser = output)]
    pub(crate) output: Vec<Output>,
    /// Threads to work with; the result does not depend on it. [default: one for each CPU]
    #[arg(short, long, value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Findings that make the exit code 1, separated by commas. [default: all]
    #[arg(long, value_name = "FINDINGS", value_delimiter = ',', value_parser = faults())]
    pub(crate) fail_on: Vec<String>,
    /// Exit with 5 if the trace is incomplete or lost events.
    #[arg(long)]
    pub(crate) strict: bool,
    /// When to colour the text.
    #[arg(long, value_name = "WHEN", default_value_t = ColorChoice::Auto)]
    pub(crate) color: ColorChoice,
}

/// A report to write to a file.
#[derive(Clone)]
pub(crate) struct Output {
    pub(crate) report: &'static Report,
    pub(crate) path: PathBuf,
}

#[derive(Args)]
pub(crate) struct Record {
    /// The trace to write. [default: the program's name with .trace]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Which events get a time. [default: what HBTRACE_TIME says; else waits, and
    /// all with --preload, where few events would share a long time]
    #[arg(long, value_enum)]
    pub(crate) time: Option<Time>,
    /// Record the last moments only: events go to one pool of this size, such as
    /// 64M or 64MiB (2^26 bytes) or 64MB (64,000,000 bytes), in the file, the
    /// oldest making room for new ones.
    #[arg(long, value_name = "SIZE", value_parser = understood(&settings::FLIGHT))]
    pub(crate) flight: Option<String>,
    /// Write a copy of the recording beside it whenever the program gets this
    /// signal, such as USR2, while it goes on: run.snapshot-1.trace and so on for run.trace.
    #[arg(long, value_name = "SIGNAL", value_parser = understood(&settings::SIGNAL))]
    pub(crate) snapshot_signal: Option<String>,
    /// Write such a copy each time half of the pool was written anew, and keep
    /// the last N: run.000001.trace and so on for run.trace. Needs --flight.
    #[arg(long, value_name = "N", requires = "flight")]
    pub(crate) rotate: Option<std::num::NonZeroU32>,
    /// Write such a copy when a thread of the program panics.
    #[arg(long)]
    pub(crate) snapshot_on_panic: bool,
    /// Record a program that was not built for it: its threads, locks and waits,
    /// as far as they are libc's. It has to be linked dynamically.
    #[arg(long)]
    pub(crate) preload: bool,
    /// The program and its arguments.
    #[arg(
        required = true,
        trailing_var_arg = true,
        value_name = "PROGRAM",
        allow_hyphen_values = true
    )]
    pub(crate) program: Vec<std::ffi::OsString>,
}

/// Which events get a time.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Time {
    /// Those where threads may wait: cheap, others lie between them.
    Waits,
    /// Every synchronisation: exact, and slower.
    All,
}

#[derive(Args)]
pub(crate) struct Convert {
    #[command(flatten)]
    pub(crate) input: Input,
    /// Where to write it: a .trace file, or text if it ends in .std or .txt.
    pub(crate) output: PathBuf,
}

#[derive(Args)]
pub(crate) struct Symbolize {
    #[command(flatten)]
    pub(crate) input: Input,
    /// The trace to write.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(Args)]
pub(crate) struct Pack {
    /// A recorded trace.
    pub(crate) trace: PathBuf,
    /// Where to write it. [default: the trace's name, ending in .packed.trace]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long)]
    pub(crate) force: bool,
    /// Threads to work with; the output does not depend on it. [default: one for each CPU]
    #[arg(short, long, value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
}

#[derive(Args)]
pub(crate) struct Unpack {
    /// A packed trace.
    pub(crate) trace: PathBuf,
    /// Where to write it. [default: the trace's name, ending in .trace]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long)]
    pub(crate) force: bool,
}

/// Takes what the recorder understands.
fn understood(
    setting: &'static Setting,
) -> impl Fn(&str) -> Result<String, String> + Clone + Send + Sync {
    move |value| match setting.takes(value) {
        true => Ok(value.to_owned()),
        false => Err(format!("expected {}", setting.expected)),
    }
}

fn formats() -> PossibleValuesParser {
    let value = |report: &Report| PossibleValue::new(report.name).help(report.description);
    PossibleValuesParser::new(REPORTS.iter().map(value))
}

/// No finding makes the exit code 1.
pub(crate) const NONE: &str = "none";

fn faults() -> PossibleValuesParser {
    let faults = ANALYSES
        .iter()
        .filter(|analysis| analysis.faults.is_some())
        .map(|analysis| PossibleValue::new(analysis.name).help(analysis.description));
    let none = PossibleValue::new(NONE).help("findings do not count");
    PossibleValuesParser::new(faults.chain([none]))
}

fn output(text: &str) -> Result<Output, String> {
    let (format, path) = text
        .split_once('=')
        .ok_or("expected FORMAT=PATH, for example json=run.json")?;
    let report = report::find(format).ok_or_else(|| {
        let names: Vec<_> = REPORTS.iter().map(|report| report.name).collect();
        format!("`{format}` is no format; there are {}", names.join(", "))
    })?;
    match path {
        "" => Err("the path after = is missing".to_owned()),
        "-" => Err(format!(
            "`-` is no file; for standard output use --format {format}"
        )),
        path => Ok(Output {
            report,
            path: path.into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
