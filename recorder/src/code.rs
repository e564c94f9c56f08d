//! Code that is known by its address: how a trace names it, so that it can be
//! looked up in the object files when nothing of the process is left.
#![allow(unsafe_code)] // What the loader tells of object files.

use std::ffi::{CStr, c_int, c_void};
use std::os::unix::ffi::OsStringExt;

use hbtrace_traces::format::table::Record;

use crate::primitive::{Mutex, lock};

/// Type of a note that holds a build id, and its owner (`man 5 elf`).
const NT_GNU_BUILD_ID: u32 = 3;
const GNU: &[u8] = b"GNU\0";

/// Object files that the trace tells of.
static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// An object file that is loaded, and an address in it.
struct Found {
    address: usize,
    /// Its path; empty for the program itself.
    path: Vec<u8>,
    /// The address as the file has it.
    offset: usize,
    build_id: Vec<u8>,
}

/// `path+0xoffset`: the object file that the code at `address` is from, and its
/// address in there; or the address alone, of code that is from no file.
/// `announce` writes the record of an object file that is met for the first
/// time.
///
/// Asks the loader, which may wait for a library that is just being loaded.
pub(crate) fn name(address: usize, announce: impl FnOnce(&Record)) -> String {
    let Some(found) = find(address) else {
        return format!("{address:#x}");
    };
    let path = path_of(found.path);
    let name = format!("{path}+{:#x}", found.offset);
    let mut told = lock(&TOLD);
    if !told.contains(&path) {
        let build_id = found.build_id.iter().map(|byte| format!("{byte:02x}"));
        announce(&Record::Module {
            path: path.clone(),
            build_id: build_id.collect(),
        });
        told.push(path);
    }
    name
}

/// The path of an object file; the loader has none for the program.
fn path_of(path: Vec<u8>) -> String {
    let path = match path.is_empty() {
        // Not the process's, whose first thread may be gone.
        true => std::fs::read_link("/proc/thread-self/exe").unwrap_or_default(),
        false => std::ffi::OsString::from_vec(path).into(),
    };
    path.to_string_lossy().into_owned()
}

fn find(address: usize) -> Option<Found> {
    let mut found = Found {
        address,
        path: Vec::new(),
        offset: 0,
        build_id: Vec::new(),
    };
    // SAFETY: `look` is given the pointer as it is here, within the call.
    let is_found = unsafe { libc::dl_iterate_phdr(Some(look), (&raw mut found).cast()) };
    (is_found == 1).then_some(found)
}

/// Whether the address is in this object file, and if so what is to be known
/// of it.
unsafe extern "C" fn look(
    info: *mut libc::dl_phdr_info,
    _: libc::size_t,
    found: *mut c_void,
) -> c_int {
    // SAFETY: the loader's description is there during the call, and `find`
    // passed its own `Found`, which nobody else has.
    let (info, found) = unsafe { (&*info, &mut *found.cast::<Found>()) };
    // SAFETY: the loader tells where its program headers are and how many.
    let headers =
        unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    let offset = found.address.wrapping_sub(info.dlpi_addr as usize);
    let is_here = headers.iter().any(|header| {
        header.p_type == libc::PT_LOAD
            && offset.wrapping_sub(header.p_vaddr as usize) < header.p_memsz as usize
    });
    if !is_here {
        return 0;
    }
    found.offset = offset;
    if !info.dlpi_name.is_null() {
        // SAFETY: a string that lives as long as the library is loaded.
        found.path = unsafe { CStr::from_ptr(info.dlpi_name) }
            .to_bytes()
            .to_vec();
    }
    for header in headers
        .iter()
        .filter(|header| header.p_type == libc::PT_NOTE)
    {
        let start = (info.dlpi_addr as usize).wrapping_add(header.p_vaddr as usize);
        let start = std::ptr::with_exposed_provenance::<u8>(start);
        // SAFETY: notes lie in a segment that is loaded with the file.
        let notes = unsafe { std::slice::from_raw_parts(start, header.p_memsz as usize) };
        if let Some(id) = build_id(notes) {
            found.build_id = id.to_vec();
        }
    }
    1
}

/// The build id among notes: each has three words (length of its owner, of its
/// value, and its type), and the two, padded to 4 bytes.
fn build_id(mut notes: &[u8]) -> Option<&[u8]> {
    let word = |notes: &[u8], index: usize| {
        let bytes = notes.get(4 * index..4 * index + 4)?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?))
    };
    loop {
        let (owner, value, kind) = (word(notes, 0)?, word(notes, 1)?, word(notes, 2)?);
        let value_at = 12 + (owner as usize).next_multiple_of(4);
        let value_end = value_at.checked_add(value as usize)?;
        if kind == NT_GNU_BUILD_ID && notes.get(12..12 + owner as usize) == Some(GNU) {
            return notes.get(value_at..value_end);
        }
        notes = notes.get(value_end.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn code_of_this_program_is_found_in_its_file() {
        let address = code_of_this_program_is_found_in_its_file as *const () as usize;
        let mut records = Vec::new();
        let told = name(address, |record| records.push(record.clone()));
        let program = std::env::current_exe().unwrap();
        let (path, offset) = told.rsplit_once("+0x").unwrap();
        assert_eq!(path, program.to_str().unwrap());
        assert!(usize::from_str_radix(offset, 16).unwrap() < address);
        assert!(records.len() <= 1);
    }

    #[test]
    fn code_of_no_file_is_told_by_its_address() {
        assert_eq!(name(0x10, |_| ()), "0x10");
    }

    #[test]
    fn build_ids_are_found_behind_other_notes() {
        let note = |kind: u32, value: &[u8]| {
            let words = [4, value.len() as u32, kind];
            let mut note: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
            note.extend(GNU);
            note.extend(value);
            note.resize(note.len().next_multiple_of(4), 0);
            note
        };
        let notes = [note(5, &[1, 2, 3]), note(3, &[7, 8, 9, 10])].concat();
        assert_eq!(build_id(&notes), Some(&[7, 8, 9, 10][..]));
        assert_eq!(build_id(&notes[..notes.len() - 1]), None);
        assert_eq!(build_id(&[]), None);
    }
}
