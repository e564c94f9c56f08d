#![allow(clippy::print_stdout, missing_docs)]
use std::hint::black_box;
use std::time::Instant;
const N: u32 = 20_000;
fn med(mut f: impl FnMut()) -> f64 {
    let mut r: Vec<u128> = (0..201).map(|_| { let s = Instant::now(); f(); s.elapsed().as_nanos() }).collect();
    r.sort_unstable();
    r[40] as f64 / f64::from(N)
}
macro_rules! ops { ($m:ident, $p:path) => { mod $m {
    use super::*; use $p as at; use at::Ordering::*; use at::*;
    #[inline(never)]
    fn l32(a: &AtomicU32) { for _ in 0..N { black_box(a.load(Acquire)); } }
    #[inline(never)]
    fn s32(a: &AtomicU32) { for i in 0..N { a.store(i, Release); } }
    #[inline(never)]
    fn a32(a: &AtomicU32) { for _ in 0..N { black_box(a.fetch_add(1, AcqRel)); } }
    #[inline(never)]
    fn l64(a: &AtomicU64) { for _ in 0..N { black_box(a.load(Acquire)); } }
    #[inline(never)]
    fn s64(a: &AtomicU64) { for i in 0..N { a.store(u64::from(i), Release); } }
    #[inline(never)]
    fn a64(a: &AtomicU64) { for _ in 0..N { black_box(a.fetch_add(1, AcqRel)); } }
    pub(super) fn all() -> Vec<(&'static str, f64)> {
        let (a, b) = (AtomicU32::new(0), AtomicU64::new(0));
        let b = black_box(&b); let a = black_box(&a);
        let only = std::env::var("ONLY").ok();
        let run = |name, f: &mut dyn FnMut()| if only.as_deref().is_none_or(|o| o == name) { (name, med(f)) } else { (name, 0.0) };
        vec![run("l32", &mut || l32(a)), run("s32", &mut || s32(a)), run("a32", &mut || a32(a)),
             run("l64", &mut || l64(b)), run("s64", &mut || s64(b)), run("a64", &mut || a64(b))]
    }
} } }
ops!(native, std::sync::atomic);
ops!(mirror, hbtrace_recorder::sync::atomic);
fn main() {
    let n = native::all();
    let m = mirror::all();
    for ((name, n), (_, m)) in n.into_iter().zip(m) { println!("{name} native {n:.2} mirror {m:.2}"); }
}
