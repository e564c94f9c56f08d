//! Parking.

mirror_tests! {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn an_unpark_before_the_park_is_not_lost() {
        thread::spawn(|| {
            thread::current().unpark();
            thread::park();
            thread::current().unpark();
            thread::current().unpark();
            thread::park_timeout(LONG);
        })
        .join()
        .unwrap();
    }

    #[test]
    fn several_unparks_are_one_token() {
        thread::spawn(|| {
            thread::current().unpark();
            thread::current().unpark();
            thread::park();
            let start = Instant::now();
            thread::park_timeout(Duration::from_millis(20));
            // Spurious returns are allowed, but neither does it.
            assert!(start.elapsed() >= Duration::from_millis(20));
        })
        .join()
        .unwrap();
    }

    #[test]
    fn a_timed_out_park_returns() {
        thread::spawn(|| {
            let start = Instant::now();
            thread::park_timeout(Duration::from_millis(10));
            assert!(start.elapsed() >= Duration::from_millis(10));
            thread::park_timeout(Duration::ZERO);
        })
        .join()
        .unwrap();
    }

    #[test]
    fn another_thread_wakes_it() {
        let ready = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ready);
        let sleeper = thread::spawn(move || {
            while !seen.load(Ordering::Acquire) {
                thread::park();
            }
        });
        thread::yield_now();
        ready.store(true, Ordering::Release);
        sleeper.thread().unpark();
        sleeper.join().unwrap();
    }

    #[test]
    fn a_thread_wakes_the_one_that_made_it() {
        let parent = thread::current();
        let ready = Arc::new(AtomicBool::new(false));
        let given = Arc::clone(&ready);
        let waker = thread::spawn(move || {
            given.store(true, Ordering::Release);
            parent.unpark();
        });
        while !ready.load(Ordering::Acquire) {
            thread::park_timeout(LONG);
        }
        waker.join().unwrap();
    }

    #[test]
    fn stds_own_handle_wakes_it() {
        let parent = std::thread::current();
        let ready = Arc::new(AtomicBool::new(false));
        let given = Arc::clone(&ready);
        let waker = thread::spawn(move || {
            given.store(true, Ordering::Release);
            parent.unpark();
        });
        while !ready.load(Ordering::Acquire) {
            thread::park();
        }
        waker.join().unwrap();
    }

    #[test]
    fn a_ball_goes_to_and_fro() {
        let turn = Arc::new(AtomicBool::new(false));
        let theirs = Arc::clone(&turn);
        let parent = thread::current();
        let player = thread::spawn(move || {
            for _ in 0..200 {
                while !theirs.load(Ordering::Acquire) {
                    thread::park();
                }
                theirs.store(false, Ordering::Release);
                parent.unpark();
            }
        });
        for _ in 0..200 {
            turn.store(true, Ordering::Release);
            player.thread().unpark();
            while turn.load(Ordering::Acquire) {
                thread::park();
            }
        }
        player.join().unwrap();
    }
}
