//! A program that comes to harm, or does strange things, while it is recorded:
//! the other half of `tests/violence`. The first argument says what it does.

mod die;
mod life;
mod racy;
mod work;

use std::path::Path;

use hbtrace_recorder::sync::Arc;
use hbtrace_tests::acks::Acks;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().unwrap_or_default();
    let (case, acks, number) = (next(), next(), next());
    let number = number.parse().unwrap_or(0);
    match case.strip_prefix("die:") {
        Some(how) => {
            let acks = Acks::open(Path::new(&acks)).expect("the counters can be mapped");
            die::run(how, number, &Arc::new(acks));
        }
        None => life::run(&case, number),
    }
}
