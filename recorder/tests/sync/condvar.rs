mirror_tests! {
    use std::collections::VecDeque;
    use std::panic::{RefUnwindSafe, UnwindSafe};
    use std::thread;
    use std::time::Duration;

    use sync::{Arc, Condvar, Mutex};

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(1);

    static READY: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

    #[test]
    fn serves_in_a_static() {
        thread::scope(|scope| {
            scope.spawn(|| {
                *READY.0.lock().unwrap() = true;
                READY.1.notify_all();
            });
            let mut ready = READY.0.lock().unwrap();
            while !*ready {
                ready = READY.1.wait(ready).unwrap();
            }
        });
    }

    #[test]
    fn carries_a_queue() {
        let queue = (Mutex::new(VecDeque::new()), Condvar::new());
        let got = thread::scope(|scope| {
            let consumers: Vec<_> = (0..2)
                .map(|_| {
                    scope.spawn(|| {
                        let mut sum = 0_u64;
                        loop {
                            let items = queue.0.lock().unwrap();
                            let mut items =
                                queue.1.wait_while(items, |items| items.is_empty()).unwrap();
                            match items.pop_front().unwrap() {
                                Some(item) => sum += item,
                                None => return sum,
                            }
                        }
                    })
                })
                .collect();
            for item in (1..=500).map(Some).chain([None, None]) {
                queue.0.lock().unwrap().push_back(item);
                queue.1.notify_one();
            }
            consumers.into_iter().map(|consumer| consumer.join().unwrap()).sum::<u64>()
        });
        assert_eq!(got, 500 * 501 / 2);
    }

    #[test]
    fn a_wait_times_out() {
        let mutex = Mutex::new(1);
        let condvar = Condvar::default();
        let guard = mutex.lock().unwrap();
        let (guard, result) =
            condvar.wait_timeout_while(guard, SHORT, |value| *value == 1).unwrap();
        assert!(result.timed_out());
        let (guard, result) =
            condvar.wait_timeout_while(guard, LONG, |value| *value != 1).unwrap();
        assert!(!result.timed_out());
        assert_eq!(result, result.clone());
        assert_eq!(format!("{result:?}"), "WaitTimeoutResult(false)");
        let (guard, result) =
            condvar.wait_timeout_while(guard, Duration::ZERO, |_| true).unwrap();
        assert!(result.timed_out());
        let mut guard = guard;
        loop {
            // Spurious wake-ups are allowed: once more, then.
            let (again, result) = condvar.wait_timeout(guard, SHORT).unwrap();
            guard = again;
            if result.timed_out() {
                break;
            }
        }
        #[allow(deprecated, reason = "mirrored as it is")]
        let (guard, _) = condvar.wait_timeout_ms(guard, 1).unwrap();
        assert_eq!(*guard, 1);
    }

    #[test]
    fn a_timed_wait_is_woken() {
        let state = (Mutex::new(0), Condvar::new());
        thread::scope(|scope| {
            scope.spawn(|| {
                *state.0.lock().unwrap() = 1;
                state.1.notify_all();
            });
            let guard = state.0.lock().unwrap();
            let (guard, result) =
                state.1.wait_timeout_while(guard, LONG, |value| *value == 0).unwrap();
            assert!(!result.timed_out());
            assert_eq!(*guard, 1);
        });
    }

    #[test]
    fn a_wait_tells_poisoning() {
        let state = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&state);
        let guard = state.0.lock().unwrap();
        let panics = thread::spawn(move || {
            let mut guard = other.0.lock().unwrap();
            *guard = true;
            other.1.notify_one();
            panic!("poisons on purpose");
        });
        let result = state.1.wait_while(guard, |set| !*set);
        assert!(*result.unwrap_err().into_inner());
        assert!(panics.join().is_err());
        let guard = state.0.lock().unwrap_err().into_inner();
        let (guard, timeout) = state.1.wait_timeout(guard, SHORT).unwrap_err().into_inner();
        assert!(*guard);
        let _ = timeout;
    }

    #[test]
    fn has_the_same_bounds() {
        fn is_all<T: Send + Sync + UnwindSafe + RefUnwindSafe>() {}
        is_all::<Condvar>();
        assert_eq!(format!("{:?}", Condvar::new()), "Condvar { .. }");
    }
}
