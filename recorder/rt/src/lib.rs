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
//! | `access`, `ranges` | plain reads and writes |
//! | `atomic`, `atomic_names` | atomic operations and fences |
//! | `annotations` | what programs tell of themselves |
//! | `frames` | begin and end of the program and of its functions |
//! | `heap` | malloc and its kin |
//! | `mutex`, `thread` | what libc has under these names |
//! | `versions`, `width` | what atomics are made of |
//! | `lives`, `stack` | lives of blocks, and of stacks |
//! | `objects`, `inside`, `real`, `call`, `pages`, `errno`, `own`, `tls` | what the others are made of |
#![allow(unsafe_code)] // Functions of a C ABI, called by compilers and programs.

mod access;
mod annotations;
mod atomic;
mod atomic_names;
mod call;
mod errno;
mod frames;
mod heap;
mod inside;
mod lives;
mod mutex;
mod objects;
mod own;
mod pages;
mod ranges;
mod real;
mod stack;
mod tell;
mod thread;
mod tls;
mod versions;
mod width;
