//! What a C or C++ compiler is told, so that the program records.
//!
//! The compiler proper gets `-fsanitize=thread`, which inserts a call at every
//! access; the linker does not get it, as it would bring ThreadSanitizer's own
//! library. One command may do both: there the flag is kept from the driver, by
//! `-Xclang` or by gcc's specs.
//!
//! A program links the library statically, and shows its functions to the
//! libraries that it loads. These link nothing: a process has one recorder.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::library::Form;

/// What makes a compiler instrument.
pub(crate) const INSTRUMENT: &str = "-fsanitize=thread";

/// What a command line asks of the compiler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    /// Nothing that has to do with code.
    Information,
    /// To compile, or less.
    Compile,
    /// To link a program, and to compile its sources if there are any.
    Program {
        /// There are.
        compiles: bool,
    },
    /// Likewise a shared library, or an object of objects.
    Library {
        /// It has sources.
        compiles: bool,
    },
    /// To link a program that loads no library.
    StaticProgram,
}

/// Options whose value is an argument of its own.
const WITH_VALUE: &[&str] = &[
    "-o",
    "-x",
    "-I",
    "-D",
    "-U",
    "-L",
    "-l",
    "-include",
    "-imacros",
    "-isystem",
    "-iquote",
    "-idirafter",
    "-iprefix",
    "-iwithprefix",
    "-isysroot",
    "-MF",
    "-MT",
    "-MQ",
    "-Xlinker",
    "-Xassembler",
    "-Xpreprocessor",
    "-Xclang",
    "-mllvm",
    "-T",
    "-u",
    "-z",
    "-e",
    "-target",
    "--param",
    "-arch",
    "-aux-info",
    "-B",
    "-wrapper",
    "-G",
    "-A",
    "--sysroot",
    "-rpath",
];

/// Options that end before the linker.
const BEFORE_LINK: &[&str] = &[
    "-c",
    "-S",
    "-E",
    "-M",
    "-MM",
    "-fsyntax-only",
    "--precompile",
];

/// Endings of what only the linker reads.
const LINKED: &[&str] = &["o", "a", "so", "lo", "obj", "ld", "lds", "map"];

/// Endings of headers, which are compiled on their own.
const HEADERS: &[&str] = &["h", "hh", "hpp", "hxx", "h++"];

/// What `arguments` ask. Files of arguments (`@file`) are read by `read`.
pub(crate) fn asked(arguments: &[OsString], read: &dyn Fn(&Path) -> Option<String>) -> Asked {
    let arguments = expanded(arguments, read);
    let mut arguments = arguments.iter().map(|argument| argument.as_str());
    let (mut inputs, mut sources, mut headers) = (0, 0, 0);
    let (mut before_link, mut library, mut fixed) = (false, false, false);
    while let Some(argument) = arguments.next() {
        match argument {
            "-shared" | "-r" | "--shared" => library = true,
            "-static" | "--static" | "-static-pie" => fixed = true,
            _ if BEFORE_LINK.contains(&argument) => before_link = true,
            "-l" => {
                inputs += 1;
                let _ = arguments.next();
            }
            _ if WITH_VALUE.contains(&argument) => {
                let _ = arguments.next();
            }
            _ if argument.starts_with("-l") => inputs += 1,
            _ if argument.starts_with('-') && argument != "-" => (),
            _ => {
                inputs += 1;
                let ending = Path::new(argument).extension().and_then(OsStr::to_str);
                let ending = ending.unwrap_or_default();
                headers += usize::from(HEADERS.contains(&ending));
                sources += usize::from(!is_linked(argument, ending));
            }
        }
    }
    let compiles = sources > 0;
    match (inputs, before_link, library, fixed) {
        (0, ..) => Asked::Information,
        (_, true, ..) => Asked::Compile,
        _ if headers > 0 && headers == inputs => Asked::Compile,
        (_, _, true, _) => Asked::Library { compiles },
        (_, _, _, true) => Asked::StaticProgram,
        _ => Asked::Program { compiles },
    }
}

/// Whether the linker reads this, libraries with versions (`x.so.1`) included.
fn is_linked(name: &str, ending: &str) -> bool {
    LINKED.contains(&ending) || name.contains(".so.")
}

/// The arguments with those in files put in their places. (A file of a file is
/// left out: whether to link is never told so deep.)
fn expanded(arguments: &[OsString], read: &dyn Fn(&Path) -> Option<String>) -> Vec<String> {
    let mut expanded = Vec::new();
    for argument in arguments {
        let argument = argument.to_string_lossy();
        let file = argument.strip_prefix('@');
        match file.and_then(|file| read(Path::new(file))) {
            Some(text) => {
                let words = text.split_whitespace();
                expanded.extend(words.map(|word| word.trim_matches(['"', '\'']).to_owned()));
            }
            None => expanded.push(argument.into_owned()),
        }
    }
    expanded
}

/// How a driver is told what only the compiler proper is to know.
pub(crate) enum Kept<'a> {
    /// clang's option.
    Xclang,
    /// gcc's, with a file of [`SPECS`].
    Specs(&'a Path),
}

/// Specs that tell gcc's compilers proper to instrument.
pub(crate) const SPECS: &str = "*cc1_options:\n+ -fsanitize=thread\n\n";

/// Arguments that come before the caller's, which may overrule them.
pub(crate) fn before(asked: Asked, kept: &Kept<'_>) -> Vec<OsString> {
    match (asked, kept) {
        (Asked::Compile, _) => vec!["-g".into(), INSTRUMENT.into()],
        (Asked::Program { compiles: true } | Asked::Library { compiles: true }, kept) => {
            let mut before: Vec<OsString> = vec!["-g".into()];
            match kept {
                Kept::Xclang => before.extend(["-Xclang".into(), INSTRUMENT.into()]),
                Kept::Specs(path) => {
                    let mut specs = OsString::from("-specs=");
                    specs.push(path);
                    before.push(specs);
                }
            }
            before
        }
        _ => Vec::new(),
    }
}

/// The caller's arguments; those that link are told nothing of ThreadSanitizer.
pub(crate) fn own(asked: Asked, arguments: &[OsString]) -> Vec<OsString> {
    if matches!(asked, Asked::Information | Asked::Compile) {
        return arguments.to_vec();
    }
    let own = arguments.iter().filter_map(|argument| {
        let names = argument
            .to_str()
            .and_then(|text| text.strip_prefix("-fsanitize="));
        let Some(names) = names else {
            return Some(argument.clone());
        };
        let others: Vec<_> = names.split(',').filter(|name| *name != "thread").collect();
        let others = (!others.is_empty()).then(|| others.join(","));
        others.map(|others| format!("-fsanitize={others}").into())
    });
    own.collect()
}

/// Arguments that come behind the caller's: what a program links.
pub(crate) fn behind(asked: Asked, library: Option<(&Path, Form)>) -> Vec<OsString> {
    let words = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
    match (asked, library) {
        (Asked::Program { .. }, Some((path, Form::Static))) => {
            let mut behind = vec![path.into()];
            behind.extend(words(&[
                "-Wl,--export-dynamic-symbol=__tsan_*",
                "-Wl,--export-dynamic-symbol=pthread_*",
                "-pthread",
                "-lm",
                "-ldl",
            ]));
            behind
        }
        (Asked::Program { .. }, Some((path, Form::Shared))) => {
            let mut rpath = OsString::from("-Wl,-rpath,");
            rpath.push(path.parent().unwrap_or(path));
            let mut behind = words(&["-Wl,--no-as-needed"]);
            behind.extend([path.into(), rpath, "-pthread".into()]);
            behind
        }
        // The program has the library.
        (Asked::Library { .. }, _) => words(&["-Wl,-z,undefs"]),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Asked {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        asked(&words, &|path| {
            (path == Path::new("objects")).then(|| "\"a.o\" -shared".to_owned())
        })
    }

    #[test]
    fn what_is_asked_is_read_from_the_arguments() {
        for line in [
            "--version",
            "-v",
            "-dumpmachine",
            "-print-search-dirs",
            "-o a",
            "",
        ] {
            assert_eq!(of(line), Asked::Information, "{line}");
        }
        for line in [
            "-c a.c",
            "-E -",
            "-S a.c -o b",
            "-MM a.c",
            "a.h",
            "-x c++ -c a",
        ] {
            assert_eq!(of(line), Asked::Compile, "{line}");
        }
        let program = |compiles| Asked::Program { compiles };
        for line in [
            "a.c",
            "-O2 a.c b.o -o x -lm",
            "-v a.cc",
            "-MD -MF a.d a.c -o a",
        ] {
            assert_eq!(of(line), program(true), "{line}");
        }
        for line in [
            "a.o -o a.c",
            "b.o liba.a -L x",
            "a.o libc.so.6",
            "-lfoo -o a",
        ] {
            assert_eq!(of(line), program(false), "{line}");
        }
        assert_eq!(of("-shared a.o"), Asked::Library { compiles: false });
        assert_eq!(of("@objects -o x.so"), Asked::Library { compiles: false });
        assert_eq!(of("@nothing.c"), program(true));
        assert_eq!(of("-shared -fPIC a.c"), Asked::Library { compiles: true });
        assert_eq!(of("-static a.o"), Asked::StaticProgram);
        assert_eq!(of("-static -c a.c"), Asked::Compile);
    }

    #[test]
    fn linking_hears_nothing_of_the_sanitizer() {
        let arguments = ["-fsanitize=thread", "-fsanitize=thread,undefined", "a.o"];
        let arguments = arguments.map(OsString::from);
        let own = |asked| own(asked, &arguments);
        assert_eq!(own(Asked::Compile), arguments);
        let linked = own(Asked::Program { compiles: false });
        assert_eq!(linked, ["-fsanitize=undefined", "a.o"]);
    }

    #[test]
    fn libraries_link_nothing() {
        let library = Path::new("/x/libhbtrace_rt.a");
        let behind = |asked| behind(asked, Some((library, Form::Static)));
        assert!(behind(Asked::Program { compiles: false }).contains(&library.into()));
        assert!(!behind(Asked::Library { compiles: false }).contains(&library.into()));
        assert!(behind(Asked::Compile).is_empty());
    }
}
