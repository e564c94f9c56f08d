mirror_tests! {
    use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use sync::{LazyLock, OnceLock};

    static CELL: OnceLock<String> = OnceLock::new();
    static LAZY: LazyLock<Vec<u8>> = LazyLock::new(|| vec![1, 2, 3]);

    fn panics<R>(f: impl FnOnce() -> R) -> bool {
        catch_unwind(AssertUnwindSafe(f)).is_err()
    }

    #[test]
    fn serves_in_a_static() {
        assert_eq!(CELL.get(), None);
        assert_eq!(CELL.get_or_init(|| "a".into()), "a");
        assert_eq!(CELL.get().unwrap(), "a");
        assert_eq!(LAZY.len(), 3);
        assert_eq!(LAZY[0], 1);
    }

    #[test]
    fn is_filled_once() {
        let cell = OnceLock::new();
        let ran = AtomicUsize::new(0);
        thread::scope(|scope| {
            for turn in 0..8 {
                let (cell, ran) = (&cell, &ran);
                scope.spawn(move || {
                    let value = if turn % 2 == 0 {
                        *cell.wait()
                    } else {
                        *cell.get_or_init(|| {
                            ran.fetch_add(1, Ordering::Relaxed);
                            turn
                        })
                    };
                    assert_eq!(cell.get(), Some(&value));
                    assert_eq!(ran.load(Ordering::Relaxed), 1);
                });
            }
        });
    }

    #[test]
    fn is_set_once() {
        let mut cell = OnceLock::new();
        assert_eq!(cell.set(1), Ok(()));
        assert_eq!(cell.set(2), Err(2));
        *cell.get_mut().unwrap() += 10;
        assert_eq!(*cell.wait(), 11);
        assert_eq!(cell.take(), Some(11));
        assert_eq!(cell.take(), None);
        assert_eq!(cell.get(), None);
        assert_eq!(cell.get_mut(), None);
        assert_eq!(*cell.get_or_init(|| 3), 3);
        assert_eq!(cell.into_inner(), Some(3));
        assert_eq!(OnceLock::<u8>::default().into_inner(), None);
    }

    #[test]
    fn a_panic_leaves_it_empty() {
        let cell = OnceLock::new();
        assert!(panics(|| *cell.get_or_init(|| panic!("on purpose"))));
        assert_eq!(cell.get(), None);
        assert_eq!(*cell.get_or_init(|| 5), 5);
    }

    #[test]
    fn is_compared_cloned_and_shown() {
        let empty = OnceLock::<u8>::new();
        let full = OnceLock::from(5_u8);
        assert_eq!(full, full.clone());
        assert_eq!(empty, empty.clone());
        assert_ne!(full, empty);
        assert_eq!(format!("{empty:?} {full:?}"), "OnceLock(<uninit>) OnceLock(5)");
    }

    #[test]
    fn is_made_at_its_first_use() {
        let ran = AtomicUsize::new(0);
        let lazy = LazyLock::new(|| {
            ran.fetch_add(1, Ordering::Relaxed);
            7
        });
        assert_eq!(LazyLock::get(&lazy), None);
        assert_eq!(format!("{lazy:?}"), "LazyLock(<uninit>)");
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(*lazy, 7));
            }
        });
        assert_eq!(ran.load(Ordering::Relaxed), 1);
        assert_eq!(LazyLock::force(&lazy), &7);
        assert_eq!(LazyLock::get(&lazy), Some(&7));
        assert_eq!(format!("{lazy:?}"), "LazyLock(7)");
        assert_eq!(*LazyLock::<u8>::default(), 0);
    }

    #[test]
    fn is_changed_through_a_unique_reference() {
        let mut lazy = LazyLock::new(|| vec![1]);
        assert_eq!(LazyLock::get_mut(&mut lazy), None);
        lazy.push(2);
        LazyLock::force_mut(&mut lazy).push(3);
        LazyLock::get_mut(&mut lazy).unwrap().push(4);
        assert_eq!(*lazy, [1, 2, 3, 4]);
    }

    #[test]
    fn a_panic_poisons_a_lazy_lock() {
        let mut lazy: LazyLock<u8> = LazyLock::new(|| panic!("on purpose"));
        assert!(panics(|| *lazy));
        assert!(panics(|| *lazy));
        assert_eq!(LazyLock::get(&lazy), None);
        assert_eq!(LazyLock::get_mut(&mut lazy), None);
        assert!(panics(|| *LazyLock::force_mut(&mut lazy)));
    }

    #[test]
    fn has_the_same_bounds() {
        fn is_all<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
        fn is_sync<T: Sync>() {}
        is_all::<OnceLock<u8>>();
        is_all::<LazyLock<u8>>();
        is_sync::<LazyLock<u8, Box<dyn FnOnce() -> u8 + Send>>>();
    }
}
