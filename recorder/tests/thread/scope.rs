//! Scoped threads.

mirror_tests! {
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn threads_borrow_and_the_scope_waits_for_them() {
        let mut numbers = vec![1, 2, 3, 4];
        let sum = AtomicU32::new(0);
        let result = thread::scope(|scope| {
            for number in &mut numbers {
                let sum = &sum;
                scope.spawn(move || {
                    *number *= 2;
                    sum.fetch_add(*number, Ordering::Relaxed);
                });
            }
            "result"
        });
        assert_eq!(result, "result");
        assert_eq!(sum.into_inner(), 20);
        assert_eq!(numbers, [2, 4, 6, 8]);
    }

    #[test]
    fn threads_spawn_in_the_scope_they_are_in() {
        let count = AtomicU32::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                scope.spawn(|| count.fetch_add(1, Ordering::Relaxed));
                count.fetch_add(1, Ordering::Relaxed)
            });
        });
        assert_eq!(count.into_inner(), 2);
    }

    #[test]
    fn a_join_gives_the_value_or_the_panic() {
        thread::scope(|scope| {
            let value = scope.spawn(|| 5);
            assert_eq!(value.thread().name(), None);
            assert!(format!("{value:?}").starts_with("ScopedJoinHandle"));
            while !value.is_finished() {
                thread::yield_now();
            }
            assert_eq!(value.join().unwrap(), 5);
            let panic = scope.spawn(|| std::panic::resume_unwind(Box::new(6)));
            assert!(panic.join().is_err());
        });
    }

    #[test]
    fn a_panic_that_nobody_joined_is_the_scopes() {
        let scope = std::panic::catch_unwind(|| {
            thread::scope(|scope| {
                scope.spawn(|| std::panic::resume_unwind(Box::new(())));
            });
        });
        assert!(scope.is_err());
    }

    #[test]
    fn a_panic_of_the_closure_waits_for_the_threads() {
        let done = AtomicU32::new(0);
        let scope = std::panic::catch_unwind(|| {
            thread::scope(|scope| {
                scope.spawn(|| {
                    thread::yield_now();
                    done.store(1, Ordering::Relaxed);
                });
                std::panic::resume_unwind(Box::new(()));
            });
        });
        assert!(scope.is_err());
        assert_eq!(done.into_inner(), 1);
    }

    #[test]
    fn a_builder_spawns_in_a_scope() {
        let seen = thread::scope(|scope| {
            assert!(format!("{scope:?}").starts_with("Scope"));
            let builder = thread::Builder::new().name("scoped".into());
            let handle = builder
                .spawn_scoped(scope, || thread::current().name().map(str::to_owned))
                .unwrap();
            assert_eq!(handle.thread().name(), Some("scoped"));
            handle.join().unwrap()
        });
        assert_eq!(seen.as_deref(), Some("scoped"));
    }

    #[test]
    fn a_scope_without_threads_returns() {
        assert_eq!(thread::scope(|_| 9), 9);
    }
}
