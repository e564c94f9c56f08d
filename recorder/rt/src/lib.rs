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
//! | `mutex`, `rwlock`, `spin`, `cond`, `barrier`, `once`, `semaphore`, `thread`, `c11` | what libc has under these names |
//! | `guard` | guards of static locals |
//! | `holds`, `record` | how locks are numbered, and all of those told |
//! | `threads`, `live` | which thread is which, and how many there are |
//! | `versions`, `width` | what atomics are made of |
//! | `lives`, `stack` | lives of blocks, and of stacks |
//! | `objects`, `inside`, `real`, `call`, `pages`, `errno`, `own`, `tell`, `times`, `tls` | what the others are made of |
#![allow(unsafe_code)] // Functions of a C ABI, called by compilers and programs.

mod access;
mod annotations;
mod atomic;
mod atomic_names;
mod barrier;
mod c11;
mod call;
mod cond;
mod errno;
mod frames;
mod guard;
mod heap;
mod holds;
mod inside;
mod live;
mod lives;
mod mutex;
mod objects;
mod once;
mod own;
mod pages;
mod ranges;
mod real;
mod record;
mod rwlock;
mod semaphore;
mod spin;
mod stack;
mod tell;
mod thread;
mod threads;
mod times;
mod tls;
mod versions;
mod width;
