mirror_tests! {
    use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;
    use std::thread;

    use sync::{Once, OnceState};

    static START: Once = Once::new();

    fn panics(f: impl FnOnce()) -> bool {
        catch_unwind(AssertUnwindSafe(f)).is_err()
    }

    #[test]
    fn serves_in_a_static() {
        let mut ran = 0;
        START.call_once(|| ran += 1);
        START.call_once(|| ran += 1);
        assert_eq!(ran, 1);
    }

    #[test]
    fn runs_once_and_all_wait_for_it() {
        let once = Once::new();
        let ran = AtomicUsize::new(0);
        thread::scope(|scope| {
            for turn in 0..8 {
                let (once, ran) = (&once, &ran);
                scope.spawn(move || {
                    let initialise = || {
                        thread::yield_now();
                        ran.fetch_add(1, Ordering::Relaxed);
                    };
                    match turn % 4 {
                        0 => once.wait(),
                        1 => once.wait_force(),
                        2 => once.call_once(initialise),
                        _ => once.call_once_force(|state| {
                            assert!(!state.is_poisoned());
                            initialise();
                        }),
                    }
                    assert!(once.is_completed());
                    assert_eq!(ran.load(Ordering::Relaxed), 1);
                });
            }
        });
    }

    #[test]
    fn is_not_complete_while_it_runs() {
        let once = Once::new();
        assert!(!once.is_completed());
        let (tell, told) = channel();
        let (go, gone) = channel::<()>();
        thread::scope(|scope| {
            let once = &once;
            scope.spawn(move || {
                once.call_once(|| {
                    tell.send(()).unwrap();
                    gone.recv().unwrap();
                });
            });
            told.recv().unwrap();
            assert!(!once.is_completed());
            let waits = scope.spawn(|| once.call_once(|| unreachable!("it runs already")));
            go.send(()).unwrap();
            waits.join().unwrap();
            assert!(once.is_completed());
        });
    }

    #[test]
    fn a_panic_poisons_it() {
        let once = Once::new();
        assert!(panics(|| once.call_once(|| panic!("on purpose"))));
        assert!(!once.is_completed());
        assert!(panics(|| once.call_once(|| unreachable!("it is poisoned"))));
        assert!(panics(|| once.wait()));
        assert!(panics(|| once.call_once_force(|_| panic!("on purpose, again"))));
        thread::scope(|scope| {
            let waits = scope.spawn(|| once.wait_force());
            once.call_once_force(|state| {
                assert!(state.is_poisoned());
                assert_eq!(shown(state), "OnceState { poisoned: true }");
            });
            waits.join().unwrap();
        });
        once.call_once(|| unreachable!("it has been initialised"));
        once.wait();
        assert!(once.is_completed());
    }

    fn shown(state: &OnceState) -> String {
        format!("{state:?}")
    }

    #[test]
    fn has_the_same_bounds() {
        fn is_all<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
        is_all::<Once>();
        #[allow(deprecated, reason = "mirrored as it is")]
        let once = sync::ONCE_INIT;
        assert!(!once.is_completed());
        assert_eq!(format!("{:?}", Once::new()), "Once { .. }");
    }
}
