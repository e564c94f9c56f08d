//! An object file: whether it is the one that was recorded, and what the code
//! at an address belongs to.
//!
//! Debug information is taken from the file, or from where distributions
//! install it (`/usr/lib/debug/.build-id`). Object files are not trusted: one
//! that can't be read is as good as none.

use std::borrow::Cow;
use std::fs::File;
use std::path::{Path, PathBuf};

use addr2line::{Loader, demangle_auto};
use object::read::ReadCache;
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};

use hbtrace_traces::trace::Module;

use super::Found;

/// Where debug information is installed, by build id.
const INSTALLED: &str = "/usr/lib/debug/.build-id";

/// What the code at an address belongs to.
pub(super) enum Code {
    /// These functions, the innermost first, at places in the source.
    Source(Vec<Found>),
    /// A function, so far behind its beginning.
    Symbol(String, u64),
    Unknown,
}

/// An object file.
pub(super) struct Image {
    loader: Loader,
    /// Its functions, as the symbol tables tell them, by address.
    functions: Vec<Function>,
    is_checked: bool,
    has_debug_info: bool,
}

/// What is looked at before anything is looked up.
struct Head {
    build_id: String,
    has_debug_info: bool,
    functions: Vec<Function>,
}

/// A function of a symbol table. One that says no size ends where the next one
/// begins.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Function {
    start: u64,
    size: u64,
    name: String,
}

impl Image {
    /// Opens the object file of a module, or says why that is of no use.
    pub(super) fn open(module: &Module) -> Result<Image, String> {
        let path = Path::new(&module.path);
        let head = Head::read(path).map_err(|why| {
            format!(
                "{} can't be read ({why}): to see its functions and lines, put the file that was \
                 recorded there, or run `hbtrace symbolize` where it is",
                module.path
            )
        })?;
        if head.build_id != module.build_id {
            return Err(format!(
                "{} is not what was recorded (its build id is {}, recorded was {}): put that \
                 build there, or record again",
                module.path,
                or_none(&head.build_id),
                or_none(&module.build_id)
            ));
        }
        let installed = (!head.has_debug_info).then(|| installed(&head.build_id));
        let installed = installed.flatten().and_then(|path| {
            let is_same = Head::read(&path).is_ok_and(|found| found.build_id == head.build_id);
            Loader::new(is_same.then_some(path)?).ok()
        });
        let has_debug_info = head.has_debug_info || installed.is_some();
        let loader = match installed {
            Some(loader) => loader,
            None => Loader::new(path).map_err(|why| {
                format!(
                    "the debug information of {} is damaged ({why})",
                    module.path
                )
            })?,
        };
        Ok(Image {
            loader,
            functions: head.functions,
            is_checked: !head.build_id.is_empty(),
            has_debug_info,
        })
    }

    /// Whether it is known to be what was recorded.
    pub(super) fn is_checked(&self) -> bool {
        self.is_checked
    }

    pub(super) fn has_debug_info(&self) -> bool {
        self.has_debug_info
    }

    /// What the code at `address` belongs to.
    pub(super) fn find(&self, address: u64) -> Code {
        let frames = self.frames(address);
        if !frames.is_empty() {
            return Code::Source(frames);
        }
        match self.symbol(address) {
            Some((name, start)) => Code::Symbol(name, address - start),
            None => Code::Unknown,
        }
    }

    /// The functions at `address` that have a place in the source.
    fn frames(&self, address: u64) -> Vec<Found> {
        let mut found = Vec::new();
        let Ok(mut frames) = self.loader.find_frames(address) else {
            return found;
        };
        while let Ok(Some(frame)) = frames.next() {
            let Some(location) = frame.location else {
                continue;
            };
            // Line 0: code that belongs to no line.
            let line = location.line.filter(|line| *line != 0);
            let (Some(file), Some(line)) = (location.file, line) else {
                continue;
            };
            let name = frame.function.as_ref();
            let name = name.and_then(|name| name.demangle().ok().map(Cow::into_owned));
            let name = name.or_else(|| Some(self.symbol(address)?.0));
            found.push(Found {
                function: name.unwrap_or_default(),
                file: file.to_owned(),
                line,
                column: location.column.filter(|column| *column != 0),
            });
        }
        found
    }

    /// The function at `address` by the symbol tables, and where it begins.
    fn symbol(&self, address: u64) -> Option<(String, u64)> {
        let functions = &self.functions;
        let behind = functions.partition_point(|function| function.start <= address);
        let function = functions.get(behind.checked_sub(1)?)?;
        // What the tables do not tell of is not the function before it.
        let is_in = function.size == 0 || address - function.start < function.size;
        let name = demangle_auto(function.name.as_str().into(), None);
        is_in.then(|| (name.into_owned(), function.start))
    }
}

impl Head {
    fn read(path: &Path) -> Result<Head, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
            return Err("it is no file".to_owned());
        }
        let cache = ReadCache::new(file);
        let object = object::File::parse(&cache).map_err(|error| error.to_string())?;
        let build_id = object.build_id().ok().flatten().unwrap_or_default();
        let symbols = object.symbols().chain(object.dynamic_symbols());
        let mut functions: Vec<_> = symbols
            .filter(|symbol| symbol.is_definition() && symbol.kind() == SymbolKind::Text)
            .filter_map(|symbol| {
                Some(Function {
                    start: symbol.address(),
                    size: symbol.size(),
                    name: symbol.name().ok()?.to_owned(),
                })
            })
            .collect();
        functions.sort_unstable();
        Ok(Head {
            build_id: build_id.iter().map(|byte| format!("{byte:02x}")).collect(),
            has_debug_info: object
                .section_by_name(".debug_info")
                .is_some_and(|section| section.size() > 0),
            functions,
        })
    }
}

/// Where the debug information of this build is installed, if it is.
fn installed(build_id: &str) -> Option<PathBuf> {
    let (first, rest) = build_id.split_at_checked(2)?;
    let path = Path::new(INSTALLED)
        .join(first)
        .join(format!("{rest}.debug"));
    path.is_file().then_some(path)
}

fn or_none(build_id: &str) -> &str {
    match build_id {
        "" => "none",
        build_id => build_id,
    }
}
