//! Places in the source for sites that name code, as `path+0xaddress`.
//!
//! Done when a trace is opened, before anything is named after its sites, so
//! that findings are grouped and called by places in the source: addresses
//! change with every build. The object file must be the one that was recorded,
//! by its build id; a site that can't be resolved stays as it is, and why is
//! told once for each object file.
//!
//! A place in a standard library's header or source says little (each access of
//! every vector is the same line): the site is then the innermost place outside,
//! and the functions within are among its frames.

mod image;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use hbtrace_traces::trace::{Frame, Module, Site};

use image::{Code, Image};

/// A longer name of a function is cut.
const MAX_NAME: usize = 240;

/// What is in the paths of standard libraries' sources.
const STANDARD: [&str; 4] = [
    "/rustc/",
    "/lib/rustlib/src/rust/",
    "/include/c++/",
    "/include/x86_64-linux-gnu/c++/",
];

/// Gives the sites that name code of `modules` their places; what it returns is
/// to be told: why some have none.
pub(crate) fn resolve(modules: &[Module], sites: Vec<&mut Site>) -> Vec<String> {
    let mut by_module: BTreeMap<usize, Vec<(u64, &mut Site)>> = BTreeMap::new();
    for site in sites {
        let Some((path, address)) = code(&site.text) else {
            continue;
        };
        if let Some(at) = modules.iter().position(|module| module.path == path) {
            by_module.entry(at).or_default().push((address, site));
        }
    }
    let here = std::env::current_dir().unwrap_or_default();
    let mut warnings = Vec::new();
    for (at, sites) in by_module {
        warnings.extend(resolve_module(&modules[at], sites, &here));
    }
    warnings
}

/// The object file and the address of a site that names code.
fn code(text: &str) -> Option<(&str, u64)> {
    let (path, digits) = text.rsplit_once("+0x")?;
    Some((path, u64::from_str_radix(digits, 16).ok()?))
}

/// Resolves the sites of one object file; gives what is to be told of it.
fn resolve_module(module: &Module, sites: Vec<(u64, &mut Site)>, here: &Path) -> Option<String> {
    let count = places(sites.len());
    let image = match Image::open(module) {
        Ok(image) => image,
        Err(why) => return Some(format!("{why}; {count} told by address")),
    };
    let mut unknown = 0;
    for (address, site) in sites {
        match image.find(address) {
            Code::Source(frames) => place(site, frames, here),
            Code::Symbol(function, offset) => {
                unknown += 1;
                let function = cut(function);
                site.text = format!("{}({function}+{offset:#x})", module.path);
                site.frames = vec![Frame {
                    function,
                    place: site.text.clone(),
                }];
            }
            Code::Unknown => unknown += 1,
        }
    }
    told(&module.path, &image, unknown)
}

/// What is to be told of an object file in which so many places are unknown.
fn told(path: &str, image: &Image, unknown: usize) -> Option<String> {
    if unknown == 0 {
        return (!image.is_checked()).then(|| {
            format!(
                "{path} has no build id, so it is not known whether it is what was recorded: link \
                 it with -Wl,--build-id"
            )
        });
    }
    let what = match image.has_debug_info() {
        true => "has no debug information for some of its code",
        false => "has no debug information",
    };
    Some(format!(
        "{path} {what}: {} told by function or address; compile it with -g (Rust: \
         -Cdebuginfo=line-tables-only) and don't strip it",
        places(unknown)
    ))
}

fn places(count: usize) -> String {
    match count {
        1 => "1 place in it is".to_owned(),
        count => format!("{count} places in it are"),
    }
}

/// A function and a place in it, as debug information tells them.
struct Found {
    function: String,
    file: String,
    line: u32,
    column: Option<u32>,
}

/// Makes these frames, the innermost first, the site's.
fn place(site: &mut Site, frames: Vec<Found>, here: &Path) {
    let is_own = |frame: &Found| !STANDARD.iter().any(|part| frame.file.contains(part));
    let own = frames.iter().position(is_own).unwrap_or(0);
    let mut told = Vec::new();
    for (at, frame) in frames.into_iter().enumerate() {
        let file = shorter(&frame.file, here);
        let column = frame.column.map(|column| format!(":{column}"));
        let text = format!("{file}:{}{}", frame.line, column.unwrap_or_default());
        told.push(Frame {
            function: cut(frame.function),
            place: text.clone(),
        });
        if at == own {
            site.text = text;
            site.file = Some(file);
            site.line = Some(frame.line);
            site.column = frame.column;
        }
    }
    told.retain(|frame| !frame.function.is_empty());
    site.frames = told;
}

/// The path without detours, and relative if it lies below `here`, so that it
/// does not tell where a project was checked out.
fn shorter(path: &str, here: &Path) -> String {
    let mut plain = PathBuf::new();
    for part in Path::new(path).components() {
        match part {
            Component::CurDir => (),
            Component::ParentDir
                if matches!(plain.components().next_back(), Some(Component::Normal(_))) =>
            {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    let shorter = match here.as_os_str().is_empty() || here == Path::new("/") {
        true => &plain,
        false => plain.strip_prefix(here).unwrap_or(&plain),
    };
    shorter.to_string_lossy().into_owned()
}

/// Of a long name, its beginning.
fn cut(mut name: String) -> String {
    if let Some((end, _)) = name.char_indices().nth(MAX_NAME) {
        name.truncate(end);
        name.push_str("...");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_told_by_path_and_address() {
        assert_eq!(code("/usr/bin/a+0x1f"), Some(("/usr/bin/a", 0x1f)));
        assert_eq!(code("/a+0xb+0x1f"), Some(("/a+0xb", 0x1f)));
        assert_eq!(code("src/a.rs:3:4"), None);
        assert_eq!(code("0x1f"), None);
        assert_eq!(code("/a+0x"), None);
        assert_eq!(code("/a+0xfffffffffffffffff"), None);
    }

    #[test]
    fn paths_have_no_detours_and_are_relative_to_here() {
        let here = Path::new("/home/me/project");
        assert_eq!(
            shorter("/home/me/project/build/../src/a.c", here),
            "src/a.c"
        );
        assert_eq!(shorter("/usr/src/./b.c", here), "/usr/src/b.c");
        assert_eq!(shorter("./src/a.c", here), "src/a.c");
        assert_eq!(shorter("../a.c", here), "../a.c");
        assert_eq!(shorter("/../a.c", Path::new("/")), "/../a.c");
    }

    #[test]
    fn the_place_is_the_innermost_one_outside_the_standard_library() {
        let found = |function: &str, file: &str, line| Found {
            function: function.to_owned(),
            file: file.to_owned(),
            line,
            column: Some(2),
        };
        let mut site = Site::default();
        let frames = vec![
            found("std::vector<int>::at", "/usr/include/c++/12/vector", 9),
            found("count", "/p/a.cc", 3),
            found("main", "/p/a.cc", 7),
        ];
        place(&mut site, frames, Path::new("/p"));
        assert_eq!(site.text, "a.cc:3:2");
        assert_eq!((site.line, site.column), (Some(3), Some(2)));
        let functions: Vec<_> = site.frames.iter().map(|frame| &*frame.function).collect();
        assert_eq!(functions, ["std::vector<int>::at", "count", "main"]);
    }

    #[test]
    fn object_files_that_are_gone_are_told_once() {
        let module = Module {
            path: "/nowhere/a.out".to_owned(),
            build_id: String::new(),
        };
        let site = |address: u64| Site {
            text: format!("/nowhere/a.out+{address:#x}"),
            ..Site::default()
        };
        let (mut one, mut two) = (site(16), site(32));
        let warnings = resolve(&[module], vec![&mut one, &mut two]);
        assert_eq!(one.text, "/nowhere/a.out+0x10");
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("2 places"), "{warnings:?}");
    }
}
