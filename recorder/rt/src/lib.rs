//! Records programs that were not written for it: the functions that compilers
//! call where `-fsanitize=thread` asks for them, and those of libc that
//! synchronise threads, each of which writes into a trace what happens.
//!
//! Compile with `-fsanitize=thread`, link without it and with this library:
//! `hbtrace cc` and `hbtrace c++` do. Nothing of ThreadSanitizer itself is
//! linked: there is no shadow memory, and no verdict before `hbtrace analyze`.
//!
//! | file | what it stands for |
//! | --- | --- |
//! | `access` | plain reads and writes |
//! | `frames` | begin and end of the program and of its functions |
//! | `mutex`, `thread` | what libc has under these names |
//! | `objects`, `inside`, `real`, `call` | what those are made of |
#![allow(unsafe_code)] // Functions of a C ABI, called by compilers and programs.

mod access;
mod call;
mod frames;
mod inside;
mod mutex;
mod objects;
mod real;
mod tell;
mod thread;
