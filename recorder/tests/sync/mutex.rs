mirror_tests! {
    use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
    use std::thread;

    use sync::{Arc, Mutex, MutexGuard, TryLockError};

    static COUNT: Mutex<u64> = Mutex::new(5);

    fn poison<T: Send + Sync + 'static>(mutex: &Arc<Mutex<T>>) {
        let mutex = Arc::clone(mutex);
        let result = thread::spawn(move || {
            let _guard = mutex.lock().unwrap();
            panic!("poisons on purpose");
        })
        .join();
        assert!(result.is_err());
    }

    #[test]
    fn serves_in_a_static() {
        *COUNT.lock().unwrap() += 1;
        assert_eq!(*COUNT.lock().unwrap(), 6);
    }

    #[test]
    fn excludes_others() {
        let count = Arc::new(Mutex::new(0_u64));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        *count.lock().unwrap() += 1;
                    }
                });
            }
        });
        assert_eq!(*count.lock().unwrap(), 4000);
    }

    #[test]
    fn trying_does_not_block() {
        let mutex = Mutex::new(1);
        let guard = mutex.try_lock().unwrap();
        assert!(matches!(mutex.try_lock(), Err(TryLockError::WouldBlock)));
        thread::scope(|scope| {
            scope.spawn(|| assert!(mutex.try_lock().is_err()));
        });
        drop(guard);
        *mutex.try_lock().unwrap() = 2;
        assert_eq!(*mutex.lock().unwrap(), 2);
    }

    #[test]
    fn is_poisoned_by_a_panic() {
        let mutex = Arc::new(Mutex::new(3));
        assert!(!mutex.is_poisoned());
        poison(&mutex);
        assert!(mutex.is_poisoned());
        assert_eq!(*mutex.lock().unwrap_err().into_inner(), 3);
        match mutex.try_lock() {
            Err(TryLockError::Poisoned(poisoned)) => assert_eq!(**poisoned.get_ref(), 3),
            _ => panic!("it is poisoned"),
        }
        assert_eq!(format!("{mutex:?}"), "Mutex { data: 3, poisoned: true, .. }");
        mutex.clear_poison();
        assert_eq!(*mutex.lock().unwrap(), 3);

        poison(&mutex);
        let mut mutex = Arc::into_inner(mutex).unwrap();
        assert_eq!(**mutex.get_mut().unwrap_err().get_ref(), 3);
        assert_eq!(mutex.into_inner().unwrap_err().into_inner(), 3);
    }

    #[test]
    fn a_panic_before_the_lock_poisons_nothing() {
        struct Locks<'a>(&'a Mutex<i32>);
        impl Drop for Locks<'_> {
            fn drop(&mut self) {
                *self.0.lock().unwrap() += 1;
            }
        }
        let mutex = Mutex::new(0);
        let result = catch_unwind(AssertUnwindSafe(|| {
            let _locks = Locks(&mutex);
            panic!("on purpose");
        }));
        assert!(result.is_err());
        assert!(!mutex.is_poisoned());
        assert_eq!(mutex.into_inner().unwrap(), 1);
    }

    #[test]
    fn gives_its_value() {
        let mut mutex = Mutex::from(String::from("a"));
        mutex.get_mut().unwrap().push('b');
        assert_eq!(mutex.into_inner().unwrap(), "ab");
        assert_eq!(Mutex::<u8>::default().into_inner().unwrap(), 0);
    }

    #[test]
    fn is_shown() {
        let mutex = Mutex::new(4);
        assert_eq!(format!("{mutex:?}"), "Mutex { data: 4, poisoned: false, .. }");
        let guard = mutex.lock().unwrap();
        assert_eq!(format!("{mutex:?}"), "Mutex { data: \"<locked>\", poisoned: false, .. }");
        assert_eq!(format!("{guard:?} {guard}"), "4 4");
    }

    #[test]
    fn holds_what_is_unsized() {
        let mutex: &Mutex<[i32]> = &Mutex::new([1, 2, 3]);
        mutex.lock().unwrap()[0] = 9;
        assert_eq!(mutex.lock().unwrap().iter().sum::<i32>(), 14);
        let shared: Arc<Mutex<dyn Fn() -> i32 + Send>> = Arc::new(Mutex::new(|| 7));
        assert_eq!((shared.lock().unwrap())(), 7);
    }

    #[test]
    fn has_the_same_bounds() {
        fn is_send<T: Send>() {}
        fn is_sync<T: Sync>() {}
        fn is_unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}
        is_send::<Mutex<std::cell::Cell<u8>>>();
        is_sync::<Mutex<std::cell::Cell<u8>>>();
        is_sync::<MutexGuard<'static, u8>>();
        is_unwind_safe::<Mutex<&'static mut u8>>();
        is_unwind_safe::<MutexGuard<'static, u8>>();
    }
}
