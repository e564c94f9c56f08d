//! Where `libhbtrace_rt` is, the library that instrumented programs call.
//!
//! `HBTRACE_RT` names it, or the directory that it is in; else it is beside the
//! program `hbtrace`, or in `../lib` from there.

use std::env;
use std::path::{Path, PathBuf};

use crate::exit_codes;
use crate::failure::Failure;

/// Names the library.
const VARIABLE: &str = "HBTRACE_RT";

/// A form of the library.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// Becomes part of the program.
    Static,
    /// Is loaded with it.
    Shared,
}

impl Form {
    fn file(self) -> &'static str {
        match self {
            Form::Static => "libhbtrace_rt.a",
            Form::Shared => "libhbtrace_rt.so",
        }
    }

    fn of(path: &Path) -> Option<Form> {
        match path.extension()?.to_str()? {
            "a" => Some(Form::Static),
            "so" => Some(Form::Shared),
            _ => None,
        }
    }
}

/// The library, in the first of these forms that is there. A file that is named
/// by the environment is taken if its form is among them.
pub(crate) fn find(forms: &[Form]) -> Result<(PathBuf, Form), Failure> {
    let named = env::var_os(VARIABLE).filter(|value| !value.is_empty());
    let named = named.map(PathBuf::from);
    if let Some(file) = named.as_ref().filter(|path| path.is_file()) {
        let form = Form::of(file).filter(|form| forms.contains(form));
        let whole = || std::path::absolute(file).unwrap_or_else(|_| file.clone());
        if let Some(form) = form {
            return Ok((whole(), form));
        }
    }
    let places = match &named {
        Some(path) if path.is_file() => path.parent().map(Path::to_owned).into_iter().collect(),
        Some(path) => vec![path.clone()],
        None => beside(),
    };
    for form in forms {
        let mut files = places.iter().map(|place| place.join(form.file()));
        if let Some(file) = files.find(|file| file.is_file()) {
            let file = std::path::absolute(&file).unwrap_or(file);
            return Ok((file, *form));
        }
    }
    Err(missing(forms, &places))
}

/// Where it is installed.
fn beside() -> Vec<PathBuf> {
    let program = env::current_exe().and_then(|path| path.canonicalize());
    let directory = program
        .ok()
        .and_then(|path| path.parent().map(Path::to_owned));
    let places = |own: PathBuf| [own.join("../lib"), own].into_iter().rev().collect();
    directory.map(places).unwrap_or_default()
}

fn missing(forms: &[Form], places: &[PathBuf]) -> Failure {
    let names: Vec<_> = forms.iter().map(|form| form.file()).collect();
    let places: Vec<_> = places
        .iter()
        .map(|place| place.display().to_string())
        .collect();
    let message = format!(
        "{} is not in {}: build it with `cargo build --release -p hbtrace-rt`, and put it beside \
         hbtrace or name it in {VARIABLE}",
        names.join(" or "),
        places.join(" or ")
    );
    Failure::new(exit_codes::USAGE, message)
}
