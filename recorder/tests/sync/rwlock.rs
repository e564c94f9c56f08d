mirror_tests! {
    use std::panic::{RefUnwindSafe, UnwindSafe};
    use std::sync::mpsc::channel;
    use std::thread;

    use sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};

    static TABLE: RwLock<Vec<u8>> = RwLock::new(Vec::new());

    fn poison<T: Send + Sync + 'static>(lock: &Arc<RwLock<T>>) {
        let lock = Arc::clone(lock);
        let result = thread::spawn(move || {
            let _guard = lock.write().unwrap();
            panic!("poisons on purpose");
        })
        .join();
        assert!(result.is_err());
    }

    #[test]
    fn serves_in_a_static() {
        TABLE.write().unwrap().push(7);
        assert_eq!(*TABLE.read().unwrap(), [7]);
    }

    #[test]
    fn writers_exclude_others() {
        let pair = RwLock::new((0_u64, 0_u64));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        let mut pair = pair.write().unwrap();
                        pair.0 += 1;
                        pair.1 += 1;
                    }
                });
                scope.spawn(|| {
                    for _ in 0..1000 {
                        let pair = pair.read().unwrap();
                        assert_eq!(pair.0, pair.1);
                    }
                });
            }
        });
        assert_eq!(pair.into_inner().unwrap(), (2000, 2000));
    }

    #[test]
    fn trying_does_not_block() {
        let lock = RwLock::new(1);
        let first = lock.try_read().unwrap();
        let second = lock.read().unwrap();
        assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock)));
        drop((first, second));
        let mut write = lock.try_write().unwrap();
        *write = 2;
        assert!(matches!(lock.try_read(), Err(TryLockError::WouldBlock)));
        assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock)));
        drop(write);
        assert_eq!(*lock.try_read().unwrap(), 2);
    }

    #[test]
    fn downgrades_without_a_gap() {
        let lock = RwLock::new(0);
        let mut write = lock.write().unwrap();
        let (tell, told) = channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                tell.send(()).unwrap();
                *lock.write().unwrap() = 2;
            });
            told.recv().unwrap();
            *write = 1;
            let read = RwLockWriteGuard::downgrade(write);
            assert_eq!(*read, 1);
            assert!(lock.try_write().is_err());
        });
        assert_eq!(*lock.read().unwrap(), 2);
    }

    #[test]
    fn is_poisoned_by_a_writers_panic_only() {
        let lock = Arc::new(RwLock::new(3));
        let other = Arc::clone(&lock);
        let result = thread::spawn(move || {
            let _guard = other.read().unwrap();
            panic!("on purpose, while reading");
        })
        .join();
        assert!(result.is_err());
        assert!(!lock.is_poisoned());

        poison(&lock);
        assert!(lock.is_poisoned());
        assert_eq!(*lock.read().unwrap_err().into_inner(), 3);
        assert_eq!(*lock.write().unwrap_err().into_inner(), 3);
        assert!(matches!(lock.try_read(), Err(TryLockError::Poisoned(_))));
        assert!(matches!(lock.try_write(), Err(TryLockError::Poisoned(_))));
        assert_eq!(format!("{lock:?}"), "RwLock { data: 3, poisoned: true, .. }");
        lock.clear_poison();
        assert_eq!(*lock.read().unwrap(), 3);

        poison(&lock);
        let mut lock = Arc::into_inner(lock).unwrap();
        assert_eq!(**lock.get_mut().unwrap_err().get_ref(), 3);
        assert_eq!(lock.into_inner().unwrap_err().into_inner(), 3);
    }

    #[test]
    fn gives_its_value() {
        let mut lock = RwLock::from(String::from("a"));
        lock.get_mut().unwrap().push('b');
        assert_eq!(lock.into_inner().unwrap(), "ab");
        assert_eq!(RwLock::<u8>::default().into_inner().unwrap(), 0);
    }

    #[test]
    fn is_shown() {
        let lock = RwLock::new(4);
        let read = lock.read().unwrap();
        assert_eq!(format!("{lock:?}"), "RwLock { data: 4, poisoned: false, .. }");
        assert_eq!(format!("{read:?} {read}"), "4 4");
        drop(read);
        let write = lock.write().unwrap();
        assert_eq!(format!("{lock:?}"), "RwLock { data: <locked>, poisoned: false, .. }");
        assert_eq!(format!("{write:?} {write}"), "4 4");
    }

    #[test]
    fn holds_what_is_unsized() {
        let lock: &RwLock<[i32]> = &RwLock::new([1, 2, 3]);
        lock.write().unwrap()[0] = 9;
        assert_eq!(lock.read().unwrap().iter().sum::<i32>(), 14);
    }

    #[test]
    fn has_the_same_bounds() {
        fn is_send<T: Send>() {}
        fn is_sync<T: Sync>() {}
        fn is_unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}
        is_send::<RwLock<std::cell::Cell<u8>>>();
        is_sync::<RwLock<u8>>();
        is_sync::<RwLockReadGuard<'static, u8>>();
        is_sync::<RwLockWriteGuard<'static, u8>>();
        is_unwind_safe::<RwLock<&'static mut u8>>();
        is_unwind_safe::<RwLockReadGuard<'static, u8>>();
    }
}
